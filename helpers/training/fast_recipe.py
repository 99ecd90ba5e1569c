"""Train networks by the recipe of lesson 14 in one call, with its too small weight decay corrected."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from helpers.data import Split
from helpers.images.transforms import flip_alternately, shift
from helpers.training.loop import Schedule, Training, fit, rise_and_fall

if TYPE_CHECKING:
    import keras

RATE = 1.5  # of `fast_cnn`, for batches of 1024; `make_optimiser` scales it to the batch
MOMENTUM = 0.85
TRIANGLE = rise_and_fall()


def make_optimiser(batch_size: int, rate: float = RATE) -> "keras.optimizers.SGD":
    """Return SGD with Nesterov momentum; `rate` is for batches of 1024 and is scaled to `batch_size`.

    The weight decay is not scaled (lesson 14 scales it, too, and so decays too little): a step multiplies a
    weight by 1 - rate x decay, and smaller batches take more steps, so that an epoch decays it as much.
    """
    from helpers.backend import keras

    scaled = rate * batch_size / 1024
    return keras.optimizers.SGD(scaled, momentum=MOMENTUM, nesterov=True, weight_decay=0.0102)


def augment(
    images: np.ndarray, rng: np.random.Generator, epoch: int, *, seed: int = 0, mirror: bool = True
) -> np.ndarray:
    """Return images shifted by up to 2 pixels and, if `mirror`, mirrored as in `flip_alternately`."""
    return shift(flip_alternately(images, epoch, seed) if mirror else images, rng, pixels=2)


def fit_fast(
    model: "keras.Model",
    train: Split,
    *,
    epochs: float,
    batch_size: int,
    prepare: Callable[[np.ndarray], np.ndarray],
    optimiser: "keras.optimizers.SGD | None" = None,
    mirror: bool = True,
    schedule: Schedule = TRIANGLE,
    seed: int = 0,
    **options: Any,
) -> Training:
    """Fit a model as lesson 14 does: SGD, triangular schedule, smoothed labels, shifted and mirrored images.

    Args:
        model: not compiled.
        train: the training split.
        epochs: passes over the images; may be fractional.
        batch_size: images in one step.
        prepare: function that turns uint8 images into the inputs of the model.
        optimiser: `make_optimiser(batch_size)` by default.
        mirror: whether to mirror images; False where a mirrored image may belong to another class.
        schedule: of the learning rate: progress in 0..1 -> factor.
        seed: of the order and the augmentation.
        options: further arguments of `helpers.training.loop.fit`, such as `averaging` and `checkpoint`.
    """
    return fit(
        model,
        train,
        epochs=epochs,
        batch_size=batch_size,
        optimiser=optimiser or make_optimiser(batch_size),
        prepare=prepare,
        augment=partial(augment, seed=seed, mirror=mirror),
        schedule=schedule,
        label_smoothing=0.2,
        seed=seed,
        **options,
    )
