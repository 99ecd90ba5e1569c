import pickle
from functools import partial

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score

from helpers.backend import keras
from helpers.data import Split, load
from helpers.images.transforms import scale
from helpers.training.estimator import ImageClassifier
from helpers.training.loop import fit

NAMES = np.array(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])


def build_linear(activation=None):
    """A new softmax regression on the pixels."""
    layers = [keras.Input((28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(10, activation)]
    return keras.Sequential(layers)


@pytest.fixture(scope="module")
def digits():
    """The first 200 bundled digits, with names as classes."""
    train = load("mnist-sample", validation=0).train
    return train.images[:200], NAMES[train.labels[:200]]


@pytest.fixture
def classifier():
    return ImageClassifier(build_linear, epochs=8, batch_size=32, learning_rate=0.01)


def test_it_learns_and_gives_back_the_classes_it_was_given(classifier, digits):
    images, names = digits
    assert classifier.fit(images, names) is classifier
    assert list(classifier.classes_) == sorted(NAMES)
    probabilities = classifier.predict_proba(images)
    assert probabilities.shape == (200, 10)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert set(classifier.predict(images)) <= set(NAMES)
    assert classifier.score(images, names) > 0.9


def test_logits_and_softmax_give_the_same_probabilities(classifier, digits):
    ends_in_softmax = clone(classifier).set_params(build=partial(build_linear, "softmax"))
    first, second = (one.fit(*digits).predict_proba(digits[0]) for one in (classifier, ends_in_softmax))
    np.testing.assert_allclose(first, second, atol=1e-4)


def test_a_seed_repeats_a_fit_and_another_does_not(classifier, digits):
    first, same, other = (
        clone(classifier).set_params(seed=seed).fit(*digits).predict_proba(digits[0]) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, same)
    assert np.abs(first - other).max() > 0.01


def test_every_setting_reaches_the_training(digits):
    images, names = digits
    settings = {"epochs": 2, "batch_size": 50, "prepare": lambda images: 1 - scale(images), "seed": 3}
    classifier = ImageClassifier(build_linear, learning_rate=0.02, **settings).fit(images, names)
    classes, labels = np.unique(names, return_inverse=True)
    keras.utils.set_random_seed(3)
    split = Split(images, labels, tuple(classes), "train", "digits")
    training = fit(build_linear(), split, optimiser=keras.optimizers.Adam(0.02), **settings)
    logits = training.model(1 - scale(images))
    np.testing.assert_allclose(classifier.predict_proba(images), keras.ops.softmax(logits), atol=1e-6)


def test_every_fold_begins_with_a_fresh_model(classifier, digits):
    images, names = digits
    folds = StratifiedKFold(2)
    scores = cross_val_score(classifier.fit(images, names), images, names, cv=folds)
    for score, (train, test) in zip(scores, folds.split(images, names), strict=True):
        fresh = clone(classifier).fit(images[train], names[train])
        assert score == fresh.score(images[test], names[test])
        assert 0.3 < score < classifier.score(images[test], names[test])


def test_a_grid_search_finds_the_rate_that_learns(classifier, digits):
    grid = {"learning_rate": [0.0, 0.01], "epochs": [4]}
    search = GridSearchCV(classifier, grid, cv=2).fit(*digits)
    assert search.best_params_ == {"learning_rate": 0.01, "epochs": 4}
    assert search.score(*digits) > 0.7


def test_soft_voting_takes_the_mean_of_the_members(classifier, digits):
    members = [(f"seed {seed}", clone(classifier).set_params(seed=seed)) for seed in (0, 1)]
    vote = VotingClassifier(members, voting="soft").fit(*digits)
    expected = np.mean([clone(one).fit(*digits).predict_proba(digits[0]) for _, one in members], axis=0)
    np.testing.assert_allclose(vote.predict_proba(digits[0]), expected)
    assert vote.score(*digits) > 0.9


def test_calibration_lowers_the_loss_of_a_model_that_is_too_sure(classifier, digits):
    images, names = digits
    sure = classifier.set_params(learning_rate=0.1)
    calibrated = CalibratedClassifierCV(sure, method="temperature", ensemble=False, cv=2)
    before, after = (
        log_loss(names[100:], one.fit(images[:100], names[:100]).predict_proba(images[100:]))
        for one in (sure, calibrated)
    )
    assert after < 0.8 * before


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of Keras
def test_it_can_be_kept(classifier, digits):
    classifier.fit(*digits)
    kept = pickle.loads(pickle.dumps(classifier))
    np.testing.assert_array_equal(kept.predict_proba(digits[0]), classifier.predict_proba(digits[0]))


def test_bad_input_is_refused(classifier, digits):
    images, names = digits
    with pytest.raises(NotFittedError):
        classifier.predict(images)
    with pytest.raises(ValueError, match="images are float32"):
        classifier.fit(images.astype(np.float32), names)
    with pytest.raises(ValueError, match=r"10 outputs, but y holds 9 classes: .*StratifiedKFold"):
        classifier.fit(images[names != "six"], names[names != "six"])
    with pytest.raises(ValueError, match="200 images have labels of shape"):
        classifier.fit(images, names[:9])
