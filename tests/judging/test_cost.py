import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from helpers.backend import keras
from helpers.judging.cost import count_multiply_adds, measure_cost

layers = keras.layers


def build_small_cnn(height: int | None = 8, dtype: str | None = None) -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((height, height, 3)),
            layers.Conv2D(4, 3, dtype=dtype),  # 6 x 6 places, 3 x 3 x 3 x 4 numbers
            layers.BatchNormalization(dtype=dtype),
            layers.ReLU(dtype=dtype),
            layers.DepthwiseConv2D(3, strides=2, padding="same", depth_multiplier=2, dtype=dtype),
            layers.GlobalMaxPooling2D(dtype=dtype),  # before: 3 x 3 places, 3 x 3 x 4 x 2 numbers
            layers.Dense(5, dtype=dtype),  # 8 x 5 numbers
        ]
    )


BY_HAND = 36 * 108 + 9 * 72 + 40


@pytest.mark.parametrize("height", [8, None])
def test_multiply_adds_of_a_small_cnn_by_hand(height):
    assert count_multiply_adds(build_small_cnn(height), (8, 8, 3)) == BY_HAND


def test_multiply_adds_of_vgg16_at_32_pixels():
    base = keras.applications.VGG16(include_top=False, weights=None, input_shape=(32, 32, 3), pooling="avg")
    model = keras.Sequential([base, layers.Dense(10)])
    convolutions = {
        32: [3, 64, 64],
        16: [64, 128, 128],
        8: [128, *[256] * 3],
        4: [256, *[512] * 3],
        2: [512] * 4,
    }
    by_hand = 512 * 10 + sum(
        side * side * 9 * before * after
        for side, widths in convolutions.items()
        for before, after in pairwise(widths)
    )
    assert by_hand == 313_201_664
    assert count_multiply_adds(model, (32, 32, 3)) == by_hand


def test_groups_divide_and_a_shared_layer_counts_at_each_call():
    inputs = keras.Input((4, 4, 8))
    shared = layers.Conv2D(8, 3, padding="same", groups=4)
    model = keras.Model(inputs, shared(shared(inputs)))
    assert count_multiply_adds(model, (4, 4, 8)) == 2 * 16 * (9 * 8 * 8 // 4)


def test_a_dense_layer_counts_at_every_place():
    model = keras.Sequential([keras.Input((4, 4, 8)), layers.Dense(3)])
    assert count_multiply_adds(model, (4, 4, 8)) == 16 * 24


def test_threads_count_each_its_own_model():
    """Two count, and a third calls a model meanwhile."""
    counts, call, done = {8: BY_HAND, 12: 100 * 108 + 25 * 72 + 40}, layers.Layer.__call__, threading.Event()
    busy, image = build_small_cnn(), np.zeros((1, 8, 8, 3), np.float32)

    def keep_calling() -> None:
        while not done.is_set():
            busy(image, training=False)

    def count_often(size: int) -> set[int]:
        model = build_small_cnn(None)
        return {count_multiply_adds(model, (size, size, 3)) for _ in range(20)}

    with ThreadPoolExecutor(3) as pool:
        calling = pool.submit(keep_calling)
        try:
            assert list(pool.map(count_often, counts)) == [{count} for count in counts.values()]
        finally:
            done.set()
        calling.result()
    assert layers.Layer.__call__ is call


def test_a_layer_that_cannot_be_counted_is_named():
    model = keras.Sequential([keras.Input((4, 4, 3)), layers.Conv2DTranspose(2, 3, name="grow")])
    call = layers.Layer.__call__
    with pytest.raises(ValueError, match="grow/kernel"):
        count_multiply_adds(model, (4, 4, 3))
    assert layers.Layer.__call__ is call


def test_cost_holds_counts_and_the_median_time(monkeypatch):
    durations = [9, 9, 1, 4, 2]  # the first two calls also compile
    ticks = iter(
        [tick for start, length in enumerate(durations) for tick in (100 * start, 100 * start + length)]
    )
    monkeypatch.setattr("helpers.judging.cost.time", SimpleNamespace(perf_counter=lambda: next(ticks)))
    cost = measure_cost(build_small_cnn(), (8, 8, 3), repeats=3)
    parameters = 108 + 4 + 4 * 4 + 72 + 8 + 40 + 5
    assert cost == (parameters, BY_HAND, 4 * parameters, 2)
    assert pd.DataFrame([cost], index=["small"]).loc["small", "multiply_adds"] == BY_HAND


def test_bytes_follow_the_precision_of_the_weights():
    cost = measure_cost(build_small_cnn(dtype="float16"), (8, 8, 3), repeats=1)
    assert cost.bytes == 2 * cost.parameters
    assert cost.seconds > 0
