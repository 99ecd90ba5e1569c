import numpy as np
import pytest

from helpers.backend import copy_in_precision, keras
from helpers.data import Split
from helpers.images.transforms import scale
from helpers.training.fast_recipe import MOMENTUM, RATE, augment, fit_fast, make_optimiser
from helpers.training.loop import hold_constant


def test_the_rate_follows_the_batch_and_an_epoch_decays_alike():
    whole, half = make_optimiser(1024), make_optimiser(512)
    assert float(whole.learning_rate) == pytest.approx(RATE)
    assert float(half.learning_rate) == pytest.approx(RATE / 2)
    # half as much in a step, of which an epoch has twice as many
    decayed = [float(one.learning_rate) * one.weight_decay for one in (whole, half)]
    assert decayed[1] == pytest.approx(decayed[0] / 2)
    assert float(make_optimiser(512, 0.4).learning_rate) == pytest.approx(0.2)
    assert half.momentum == MOMENTUM
    assert half.nesterov


def test_without_mirror_images_are_only_shifted():
    """A ramp from left to right stays one: no step back but where the border is reflected."""
    ramp = np.broadcast_to(np.arange(0, 80, 10, dtype=np.uint8)[:, np.newaxis], (40, 8, 8, 1))
    inner = np.diff(augment(ramp, np.random.default_rng(0), 0, mirror=False)[:, 4, 2:6, 0].astype(int))
    assert (inner > 0).all()
    inner = np.diff(augment(ramp, np.random.default_rng(0), 0)[:, 4, 2:6, 0].astype(int))
    assert 0 < np.mean(inner[:, 0] < 0) < 1


def test_fit_fast_learns_and_takes_another_schedule():
    rng = np.random.default_rng(0)
    labels = np.arange(64) % 2
    images = rng.integers(0, 60, (64, 8, 8, 1)) + 150 * labels[:, np.newaxis, np.newaxis, np.newaxis]
    train = Split(images.astype(np.uint8), labels, ("dark", "bright"), "train", "made-up")

    def build():
        keras.utils.set_random_seed(0)
        return keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(2)])

    size = {"epochs": 30, "batch_size": 16, "prepare": scale}
    history = fit_fast(build(), train, **size).history
    assert history["accuracy"].iloc[-1] == 1
    assert history["rate"].nunique() > 1
    assert fit_fast(build(), train, **size, schedule=hold_constant).history["rate"].nunique() == 1


def test_a_copy_in_half_precision_still_ends_in_whole_probabilities():
    model = keras.Sequential(
        [keras.Input((8,)), keras.layers.Dense(16, activation="relu"), keras.layers.Dense(10, "softmax")]
    )
    copy = copy_in_precision(model, "mixed_bfloat16")
    assert [layer.compute_dtype for layer in copy.layers] == ["bfloat16", "float32"]
    odds = keras.ops.convert_to_numpy(copy(np.ones((3, 8), np.float32)))
    np.testing.assert_allclose(odds.sum(axis=1), 1, atol=1e-6)
