"""Milliseconds of a wide network with gates, of what a search leaves of it, and of VGG16: one image, a batch.

The search is that of lesson 31 on some of the bundled photographs, so that the sparse network is a found one;
weights move no time. The three take turns, so that what else the machine does hits all alike.
"""

import math
import statistics
import time
from functools import partial

import numpy as np

from helpers.backend import keras
from helpers.combining.sparsity import find_open, find_strength, penalise_gates, read_gates, rebuild
from helpers.data import load
from helpers.images.transforms import measure_channels, standardise
from helpers.judging.cost import count_multiply_adds
from helpers.models.branched_cnn import build_branched_cnn
from helpers.models.fast_cnn import measure_whitening
from helpers.models.registry import find_architecture
from helpers.training.fast_recipe import TRIANGLE, fit_fast, make_optimiser

SHAPE = (32, 32, 3)
EARLY = {"1": 8, "3": 16, "5": 8, "7": 8, "pool": 8}
LATE = {"1": 12, "3": 24, "5": 12, "7": 12, "pool": 12}
REACH, EPOCHS, BATCH = 0.6, 3, 64
ROUNDS = {1: 50, 100: 10}


def search() -> tuple["keras.Model", "keras.Model"]:
    """Return a wide network after a search of a few epochs, and the rebuilt one."""
    train = load("cifar10-sample", validation=0).train
    train = train.take(np.arange(1000))
    mean, deviation = measure_channels(train.images)
    prepare = partial(standardise, mean=mean, deviation=deviation)
    whitening = measure_whitening(prepare(train.images))
    wide = build_branched_cnn(whitening, [EARLY] * 2 + [LATE] * 4)
    optimiser = make_optimiser(BATCH)
    strength = find_strength(REACH, optimiser, TRIANGLE, EPOCHS * math.ceil(len(train) / BATCH))
    penalise_gates(wide, optimiser, strength, by_cost=1)
    fit_fast(wide, train, epochs=EPOCHS, batch_size=BATCH, prepare=prepare, optimiser=optimiser)
    return wide, rebuild(wide, find_open(read_gates(wide)))


def measure(models: dict[str, "keras.Model"], images: int) -> dict[str, float]:
    """Return the median milliseconds of a call with so many images, of each model."""
    batch = np.zeros((images, *SHAPE), np.float32)
    taken = {name: [] for name in models}
    for model in models.values():
        model.predict_on_batch(batch)  # compiles
    for _ in range(ROUNDS[images]):
        for name, model in models.items():
            began = time.perf_counter()
            model.predict_on_batch(batch)
            taken[name].append(1000 * (time.perf_counter() - began))
    return {name: statistics.median(times) for name, times in taken.items()}


if __name__ == "__main__":
    keras.utils.set_random_seed(0)
    wide, sparse = search()
    models = {"wide": wide, "sparse": sparse, "VGG16": find_architecture("small_vgg16").build()}
    print("one call in float32, milliseconds and share of VGG16's")
    for images in ROUNDS:
        times = measure(models, images)
        for name, model in models.items():
            work, share = count_multiply_adds(model, SHAPE) / 1e6, times[name] / times["VGG16"]
            print(
                f"  {images:3} images, {name:6} {work:6.1f} M multiply-adds {times[name]:8.2f}   {share:4.2f}"
            )
