"""Probabilities from a fitted model, batch by batch, of one view of each image or of several."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import softmax

from helpers.images.transforms import scale

if TYPE_CHECKING:
    import keras

AT_ONCE = 1000

Views = Callable[[np.ndarray], Iterator[tuple[float, np.ndarray]]]


def look_once(images: np.ndarray) -> Iterator[tuple[float, np.ndarray]]:
    """Views: the images as they are."""
    yield 1.0, images


def look_mirrored_and_shifted(images: np.ndarray, pixels: int = 1) -> Iterator[tuple[float, np.ndarray]]:
    """Views: the images, and shifted up-left and down-right by `pixels`, each also mirrored; six in all.

    The two in place count a quarter each, the other four an eighth. Source: test-time augmentation of
    KellerJordan/cifar10-airbench. Introduced in lesson 14.
    """
    height, width = images.shape[1:3]
    padded = np.pad(images, ((0, 0), (pixels, pixels), (pixels, pixels), (0, 0)), mode="reflect")
    for weight, start in ((1 / 4, pixels), (1 / 8, 0), (1 / 8, 2 * pixels)):
        view = padded[:, start : start + height, start : start + width]
        yield weight, view
        yield weight, view[:, :, ::-1]


def predict(
    model: "keras.Model",
    images: np.ndarray,
    *,
    prepare: Callable[[np.ndarray], np.ndarray] = scale,
    views: Views = look_once,
) -> np.ndarray:
    """Return the probability of each class for each image.

    Args:
        model: compiled or not; its outputs are logits unless it ends in softmax.
        images: uint8 (N, H, W, C).
        prepare: turns a batch of them into what the model takes, as in training.
        views: gives versions of a batch with their weights, which sum to one; the outputs are averaged.

    Returns:
        (N, classes) float64, rows sum to one.
    """
    from helpers.backend import keras

    def compute(batch: np.ndarray) -> np.ndarray:
        # Compiled prediction pays off after many calls only, and on many models TensorFlow warns of it.
        return keras.ops.convert_to_numpy(model(prepare(batch), training=False)).astype(np.float64)

    starts = range(0, len(images), AT_ONCE)
    batches = (images[start : start + AT_ONCE] for start in starts)
    outputs = [sum(weight * compute(view) for weight, view in views(batch)) for batch in batches]
    if not outputs:
        return np.empty((0, model.output_shape[-1]))
    outputs = np.concatenate(outputs)
    return outputs if ends_in_softmax(model) else softmax(outputs, axis=1)


def ends_in_softmax(model: "keras.Model") -> bool:
    """Say whether the outputs of a model are probabilities; otherwise they are taken as logits."""
    from helpers.backend import keras

    last = model.layers[-1]
    return isinstance(last, keras.layers.Softmax) or (
        getattr(last, "activation", None) is keras.activations.softmax
    )
