"""Measure what a model costs: parameters, operations, bytes and the time for one image."""

import math
import threading
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest import mock

import numpy as np
import pandas as pd

from helpers.models.registry import ARCHITECTURES, find_architecture

if TYPE_CHECKING:
    import keras

_PATCHING = threading.Lock()


class Cost(NamedTuple):
    """Hold what a model costs; `pd.DataFrame` makes a table of several.

    Attributes:
        parameters: all weights, trained or not, as `Model.count_params` counts them.
        multiply_adds: for one image, as `count_multiply_adds` counts them.
        bytes: size of the weights in their precision, 4 bytes each in float32. A `.keras` file is some ten
            thousand bytes larger; for a compiled model it also holds the state of the optimiser.
        seconds: for one image, median over repeated calls.
    """

    parameters: int
    multiply_adds: int
    bytes: int
    seconds: float


def count_multiply_adds(model: "keras.Model", image_shape: tuple[int, int, int]) -> int:
    """Return the number of multiply-adds (a multiplication and its addition) for one image.

    It counts Conv2D, DepthwiseConv2D and Dense, also in nested models and at each call of a shared layer: the
    weights of the kernel times the positions of the output. This is H' W' k k C_in C_out / groups for a
    convolution, H' W' k k C_in multiplier for a depthwise one, and C_in C_out for a dense layer. Biases,
    normalisation, activations and pooling are not counted, as is usual in papers. Some papers call twice this
    number FLOPs. Introduced in lesson 12.

    Args:
        model: any Keras model of images with channels last.
        image_shape: (H, W, C) of one image.

    Raises:
        ValueError: a layer of another kind has a matrix of weights; the message names the weights.
    """
    from helpers.backend import keras

    counted = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.Dense)
    total, kernels, counting_thread = 0, set(), threading.get_ident()

    def count(layer: "keras.Layer", *arguments: Any, **options: Any) -> Any:
        nonlocal total
        outputs = call(layer, *arguments, **options)
        if isinstance(layer, counted) and threading.get_ident() == counting_thread:
            total += math.prod(layer.kernel.shape) * math.prod(outputs.shape[1:-1])
            kernels.add(id(layer.kernel))
        return outputs

    # Keras has no hook on layer calls, and its graph lacks the shapes of a model of free image size. So the
    # class is patched while one image goes through the model. Calls from other threads are not counted. The
    # lock prevents that of two counting threads one restores the patched method of the other.
    with _PATCHING:
        call = keras.layers.Layer.__call__
        with mock.patch.object(keras.layers.Layer, "__call__", count):
            model(np.zeros((1, *image_shape), np.float32), training=False)
    missed = [weight.path for weight in model.weights if len(weight.shape) > 1 and id(weight) not in kernels]
    if missed:
        raise ValueError(f"cannot count what {missed[0]} does; Conv2D, DepthwiseConv2D and Dense are counted")
    return total


def measure_cost(model: "keras.Model", image_shape: tuple[int, int, int], repeats: int = 50) -> Cost:
    """Measure the cost of a model: its counts, and the time of a prediction for one image.

    The time is that of `Model.predict_on_batch`: the compiled call, without the data pipeline that makes
    `Model.predict` slow for a single image. Other programs on the machine lengthen it.

    Args:
        model: any Keras model that `count_multiply_adds` can count.
        image_shape: (H, W, C) of one image.
        repeats: number of timed calls; two calls before them are not timed.
    """
    from helpers.backend import keras

    image = np.zeros((1, *image_shape), np.float32)
    seconds = []
    for _ in range(repeats + 2):
        began = time.perf_counter()
        model.predict_on_batch(image)
        seconds.append(time.perf_counter() - began)
    return Cost(
        parameters=model.count_params(),
        multiply_adds=count_multiply_adds(model, image_shape),
        bytes=sum(keras.ops.convert_to_numpy(weight).nbytes for weight in model.weights),
        seconds=float(np.median(seconds[2:])),
    )


def list_models(names: Iterable[str] | None = None) -> pd.DataFrame:
    """Build networks of the registry and count their cost; the four for ImageNet take seconds.

    Args:
        names: of the registry; all by default.

    Returns:
        One row each, indexed by name: year (Int64, missing for ours), source, image_shape, parameters
        (trained or not) and multiply_adds for one image, as `count_multiply_adds` counts them.

    Raises:
        ValueError: an unknown name, as in `find_architecture`.
    """
    rows = []
    for one in [find_architecture(name) for name in (ARCHITECTURES if names is None else names)]:
        model = one.build()
        rows.append(
            {
                "name": one.name,
                "year": one.year,
                "source": one.source,
                "image_shape": one.image_shape,
                "parameters": model.count_params(),
                "multiply_adds": count_multiply_adds(model, one.image_shape),
            }
        )
    return pd.DataFrame(rows).astype({"year": "Int64"}).set_index("name")
