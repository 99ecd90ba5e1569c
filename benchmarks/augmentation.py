"""Images augmented a second: vectorised NumPy, Keras' ImageDataGenerator and Keras' layers, one run.

The same work for all three, but for a shear of 0.15 degrees that the layers do not have: the amounts of
`cifar10-report` section 2.2, on the 5,000 bundled CIFAR-10 images in batches of 64.
"""

import statistics
import time
from collections.abc import Callable

import numpy as np

from benchmarks._report import BATCH, augment, make_generator
from helpers.backend import keras
from helpers.data import load

ROUNDS = 5


def augment_with_numpy(images: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    for start in range(0, len(images), BATCH):
        augment(images[start : start + BATCH], rng)


def augment_with_generator(images: np.ndarray) -> None:
    flow = make_generator().flow(images, batch_size=BATCH, seed=0)
    for _ in range(len(flow)):
        next(flow)


def augment_with_layers(images: np.ndarray) -> None:
    import tensorflow as tf

    layers = keras.Sequential(
        [
            keras.layers.RandomFlip("horizontal"),
            keras.layers.RandomRotation(20 / 360),
            keras.layers.RandomTranslation(0.2, 0.2),
            keras.layers.RandomZoom(0.2),
        ]
    )
    batches = tf.data.Dataset.from_tensor_slices(images).batch(BATCH)
    for _ in batches.map(lambda batch: layers(batch, training=True), num_parallel_calls=tf.data.AUTOTUNE):
        pass


def measure(contender: Callable[[np.ndarray], None], images: np.ndarray) -> float:
    """Return the median of `ROUNDS` measured rates, in images a second, after one warm-up."""
    contender(images)
    rates = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        contender(images)
        rates.append(len(images) / (time.perf_counter() - start))
    return statistics.median(rates)


if __name__ == "__main__":
    images = load("cifar10-sample", validation=0).train.images
    rates = {
        "NumPy, helpers.images.transforms": measure(augment_with_numpy, images),
        "Keras layers in tf.data": measure(augment_with_layers, images.astype(np.float32)),
        "Keras ImageDataGenerator": measure(augment_with_generator, images.astype(np.float32)),
    }
    slowest = min(rates.values())
    print(f"augmentation of 32x32 colour images, median of {ROUNDS} rounds")
    for name, rate in rates.items():
        print(f"  {name:26} {rate:9,.0f} images/s   {rate / slowest:4.1f} times the slowest")
