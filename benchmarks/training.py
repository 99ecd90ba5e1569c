"""Images trained on a second: `helpers.train.fit`, plain `Model.fit`, and the report's ImageDataGenerator.

The same network for all, the tuned one of `cifar10-report` section 4.3, RMSprop, batches of 64, float32, on
the 5,000 bundled CIFAR-10 images. The first epoch of each, which compiles, is not counted; what a call takes
before and after its steps is.
"""

import time
from collections.abc import Callable

import numpy as np

from helpers.backend import keras
from helpers.data import Split, load
from helpers.images import draw_affine, flip, scale, warp
from helpers.train import fit

BATCH, EPOCHS = 64, 3


def build() -> "keras.Model":
    keras.utils.set_random_seed(0)
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            *(layers.Conv2D(64, 3, activation="relu"), layers.MaxPooling2D(), layers.Dropout(0.25)),
            *(layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(), layers.Dropout(0.25)),
            *(layers.Flatten(), layers.Dense(128, activation="relu"), layers.Dropout(0.5)),
            layers.Dense(10, activation="softmax"),
        ]
    )


def compile_as_printed(model: "keras.Model") -> "keras.Model":
    model.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def augment(images: np.ndarray, rng: np.random.Generator, epoch: int) -> np.ndarray:
    maps = draw_affine(len(images), rng, rotation=20, zoom=0.2, shift=0.2)
    return warp(flip(images, rng), maps)


def train_with_helpers(train: Split, augmented: bool) -> Callable[[int], None]:
    model = build()
    model.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
    change = augment if augmented else None
    return lambda epochs: fit(model, train, epochs=epochs, batch_size=BATCH, augment=change)


def train_with_keras(train: Split) -> Callable[[int], None]:
    model, images = compile_as_printed(build()), scale(train.images)
    return lambda epochs: model.fit(images, train.labels, batch_size=BATCH, epochs=epochs, verbose=0)


def train_with_generator(train: Split) -> Callable[[int], None]:
    from tensorflow.keras.preprocessing.image import ImageDataGenerator

    amounts = {"rotation_range": 20, "width_shift_range": 0.2, "height_shift_range": 0.2, "zoom_range": 0.2}
    generator = ImageDataGenerator(horizontal_flip=True, **amounts)
    model, images = compile_as_printed(build()), scale(train.images)
    flow = generator.flow(images, train.labels, batch_size=BATCH, seed=0)
    return lambda epochs: model.fit(flow, epochs=epochs, verbose=0)


def measure(train: Callable[[int], None], images: int) -> float:
    """Return images a second over one call of `EPOCHS` epochs, after one that warms up."""
    train(1)
    start = time.perf_counter()
    train(EPOCHS)
    return EPOCHS * images / (time.perf_counter() - start)


if __name__ == "__main__":
    train = load("cifar10-sample", validation=0).train
    contenders = {
        "helpers.train.fit": train_with_helpers(train, augmented=False),
        "Model.fit on arrays": train_with_keras(train),
        "helpers.train.fit, augmented": train_with_helpers(train, augmented=True),
        "Model.fit, ImageDataGenerator": train_with_generator(train),
    }
    rates = {name: measure(contender, len(train)) for name, contender in contenders.items()}
    print(f"training the report's network, one call of {EPOCHS} epochs")
    for name, rate in rates.items():
        print(f"  {name:30} {rate:7,.0f} images/s   {rate / rates['Model.fit on arrays']:4.2f} of Model.fit")
