"""Compute the probabilities of a fitted model, batch by batch; with several views: test-time augmentation."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import softmax

from helpers.images.transforms import scale

if TYPE_CHECKING:
    import keras

AT_ONCE = 1000  # images in one batch

Views = Callable[[np.ndarray], Iterator[tuple[float, np.ndarray]]]


def look_once(images: np.ndarray) -> Iterator[tuple[float, np.ndarray]]:
    """Yield the unchanged images with weight 1: one view, so no test-time augmentation."""
    yield 1.0, images


def look_mirrored_and_shifted(images: np.ndarray, pixels: int = 1) -> Iterator[tuple[float, np.ndarray]]:
    """Yield six views for test-time augmentation, each with its weight; the weights sum to one.

    The views are the images, the images shifted up-left and down-right by `pixels`, and these three mirrored.
    The two without a shift weigh 1/4 each, the other four 1/8 each. Source: test-time augmentation of
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
        prepare: function that turns a batch of images into the inputs of the model, as in training.
        views: yields (weight, images) pairs for a batch, weights summing to one; the outputs (logits,
            unless the model ends in softmax) are averaged with these weights.

    Returns:
        (N, classes) float64, rows sum to one.
    """
    from helpers.backend import keras

    def compute(batch: np.ndarray) -> np.ndarray:
        # Not compiled: that pays off only after many calls, and for many models TensorFlow prints warnings.
        return keras.ops.convert_to_numpy(model(prepare(batch), training=False)).astype(np.float64)

    starts = range(0, len(images), AT_ONCE)
    batches = (images[start : start + AT_ONCE] for start in starts)
    outputs = [sum(weight * compute(view) for weight, view in views(batch)) for batch in batches]
    if not outputs:
        return np.empty((0, model.output_shape[-1]))
    outputs = np.concatenate(outputs)
    return outputs if ends_in_softmax(model) else softmax(outputs, axis=1)


def ends_in_softmax(model: "keras.Model") -> bool:
    """Return whether a model ends in softmax; if not, its outputs are taken as logits."""
    from helpers.backend import keras

    last = model.layers[-1]
    return isinstance(last, keras.layers.Softmax) or (
        getattr(last, "activation", None) is keras.activations.softmax
    )
