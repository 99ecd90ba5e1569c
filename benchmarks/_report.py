"""The recipe of `cifar10-report` sections 2.2, 4.3 and 5, for the benchmarks to measure against."""

from typing import TYPE_CHECKING

import numpy as np

from helpers.backend import keras
from helpers.images.transforms import draw_affine, flip, warp
from helpers.models.report_cnn import build_report_cnn

if TYPE_CHECKING:
    from tensorflow.keras.preprocessing.image import ImageDataGenerator

BATCH, EPOCHS = 64, 20


def build_compiled() -> "keras.Model":
    """Return the tuned network of section 4.3, compiled as printed."""
    keras.utils.set_random_seed(0)
    model = build_report_cnn()
    model.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def make_generator() -> "ImageDataGenerator":
    """Return the generator of section 2.2."""
    from tensorflow.keras.preprocessing.image import ImageDataGenerator

    return ImageDataGenerator(
        rotation_range=20,
        width_shift_range=0.2,
        height_shift_range=0.2,
        horizontal_flip=True,
        zoom_range=0.2,
        shear_range=0.15,
    )


def augment(images: np.ndarray, rng: np.random.Generator, epoch: int = 0) -> np.ndarray:
    """Change (N, 32, 32, 3) images by the same amounts, with `helpers.images.transforms`."""
    return warp(
        flip(images, rng), draw_affine(len(images), rng, rotation=20, zoom=0.2, shear=0.15, shift=0.2)
    )
