"""The recipe of lesson 14, its weight decay put right, in one call for lessons that train many networks."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from helpers.data import Split
from helpers.images.transforms import flip_alternately, shift
from helpers.training.loop import Schedule, Training, fit, rise_and_fall

if TYPE_CHECKING:
    import keras

RATE = 1.5  # of `fast_cnn`, for batches of 1024; in proportion for others
MOMENTUM = 0.85
TRIANGLE = rise_and_fall()


def make_optimiser(batch_size: int, rate: float = RATE) -> "keras.optimizers.SGD":
    """Return the optimiser, with a rate for batches of 1024, scaled to the batch.

    The decay is not scaled: it takes rate x decay of the weights in a step, so that an epoch of smaller
    batches, with more steps at lower rates, decays them as much.
    """
    from helpers.backend import keras

    scaled = rate * batch_size / 1024
    return keras.optimizers.SGD(scaled, momentum=MOMENTUM, nesterov=True, weight_decay=0.0102)


def augment(
    images: np.ndarray, rng: np.random.Generator, epoch: int, *, seed: int = 0, mirror: bool = True
) -> np.ndarray:
    """Return images shifted by up to 2 pixels, and mirrored in turns unless a mirror changes their class."""
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
    """Fit a model as lesson 14 does: SGD, one triangle of rates, smoothed labels, shifted and mirrored.

    Args:
        model: not compiled.
        train: what to fit.
        epochs: passes over the images.
        batch_size: images a step.
        prepare: turns uint8 images into what the model takes.
        optimiser: `make_optimiser(batch_size)` by default.
        mirror: whether mirrored images keep their class.
        schedule: of the rate.
        seed: of order and augmentation.
        options: of `helpers.training.loop.fit`, such as `averaging`, `checkpoint` and `tell`.
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
