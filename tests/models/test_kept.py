"""Each model in `reports/models/`, freshly loaded, gives the accuracy that its full run recorded."""

import numpy as np
import pytest

from helpers import paths
from helpers.data import load
from helpers.judging.measures import count_correct, wilson_interval
from helpers.judging.predictions import look_mirrored_and_shifted, look_once, predict
from helpers.results import load_result
from helpers.training.trained import LARGEST, load_trained

KEPT = {
    "alexnet_cifar10": ("alexnet_transfer", "cifar10", look_once),
    "fast_cifar10": ("fast_training", "cifar10", look_mirrored_and_shifted),
    "mnist_cnn": ("mnist_cnn", "mnist", look_once),
    "mnist_m_cnn": ("mnist_m", "mnist-m", look_once),
}


# Six views of each image take long; 300 of them still tell the model from one with the colours in another
# order, with its images turned or not standardised.
ENOUGH = {"fast_cifar10": 300}


def judge(name, data, views, images=None):
    kept, test = load_trained(name), load(data, validation=0).test
    test = test.take(np.arange(len(test))[:images])
    odds = predict(kept.model, test.images, prepare=kept.prepare, views=views)
    return count_correct(test.labels, odds.argmax(axis=1))


def test_every_kept_model_is_known_here_and_small():
    sizes = {path.stem: path.stat().st_size for path in paths.MODELS.glob("*.npz")}
    assert sizes.keys() == KEPT.keys()
    assert max(sizes.values()) <= LARGEST


@pytest.mark.parametrize("name", KEPT)
def test_on_the_bundled_test_images_the_recorded_accuracy_is_within_chance(name):
    lesson, data, views = KEPT[name]
    low, high = wilson_interval(*judge(name, f"{data}-sample", views, ENOUGH.get(name)), confidence=0.9999)
    assert low <= load_result(lesson).value("kept_accuracy") <= high


@pytest.mark.parametrize("name", KEPT)
def test_on_all_test_images_the_accuracy_is_the_recorded_one(name):
    lesson, data, views = KEPT[name]
    try:
        right, count = judge(name, data, views)
    except FileNotFoundError as error:
        pytest.skip(str(error))
    assert right / count == pytest.approx(load_result(lesson).value("kept_accuracy"), abs=3 / count)
