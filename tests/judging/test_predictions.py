"""`helpers.judging.predictions`: what comes out is probabilities, whatever the model and the views."""

import numpy as np
import pytest

from helpers.backend import keras
from helpers.judging.predictions import look_mirrored_and_shifted, predict


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (1003, 4, 5, 3), dtype=np.uint8)


def build(*last):
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((4, 5, 3)), keras.layers.Flatten(), *last])


def test_logits_and_softmax_give_the_same_probabilities(images):
    logits = build(keras.layers.Dense(3))
    dense, layer = (
        build(keras.layers.Dense(3, "softmax")),
        build(keras.layers.Dense(3), keras.layers.Softmax()),
    )
    for other in (dense, layer):
        other.set_weights(logits.get_weights())
    first, second, third = (predict(model, images) for model in (logits, dense, layer))
    assert first.shape == (1003, 3)
    assert np.allclose(first.sum(axis=1), 1)
    assert np.allclose(first, second, atol=1e-6)
    assert np.allclose(first, third, atol=1e-6)


def test_views_weigh_one_and_are_where_they_should_be():
    image = np.arange(12, dtype=np.uint8).reshape(1, 3, 4, 1)
    weights, views = zip(*look_mirrored_and_shifted(image), strict=True)
    assert sum(weights) == 1
    assert np.array_equal(views[0], image)
    assert np.array_equal(views[1], image[:, :, ::-1])
    assert views[2][0, 0, 0, 0] == image[0, 1, 1, 0], "shifted down and right, the border mirrored"
    assert views[4][0, 0, 0, 0] == image[0, 1, 1, 0]
    assert views[4][0, -1, -1, 0] == image[0, 1, 2, 0]


def test_outputs_of_views_are_averaged_with_their_weights(images):
    model = build(keras.layers.Dense(3))
    darker = predict(model, images // 2)
    mixed = predict(model, images, views=lambda batch: iter([(0.25, batch), (0.75, batch // 2)]))
    logits = 0.25 * np.log(predict(model, images)) + 0.75 * np.log(darker)
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert np.allclose(mixed, expected, atol=1e-5)


def test_no_images_give_no_rows(images):
    assert predict(build(keras.layers.Dense(3)), images[:0]).shape == (0, 3)
