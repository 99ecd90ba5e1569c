"""AlexNet against the counts of its paper's layers, and its features against NumPy and the original weights.

`alexnet-features.npz` holds what NumPy computes, in double precision, from the original single-precision
weights and one bundled photo; where the set `alexnet` has been fetched, it is computed anew and compared.
"""

import io
from pathlib import Path

import numpy as np
import pytest

from helpers.data.catalog import find_set, read_verified
from helpers.data.photos import read_photos
from helpers.data.weights import LAYERS, ArrayUnpickler, load_alexnet_convolutions
from helpers.images.transforms import standardise
from helpers.models.alexnet import (
    IMAGENET_DEVIATION,
    IMAGENET_MEAN,
    build_alexnet,
    build_alexnet_features,
    build_small_alexnet,
)

STORED = Path(__file__).with_name("alexnet-features.npz")


@pytest.fixture(scope="module")
def photo():
    """Return the first bundled test photo, (128, 128, 3) uint8."""
    return read_photos("photos-sample", "test")[0]


def convolve(maps, kernel, bias, stride, border):
    """Convolve (C, H, W) and cut at zero, as sums over the pixels under the kernel."""
    maps = np.pad(maps, ((0, 0), (border, border), (border, border)))
    windows = np.lib.stride_tricks.sliding_window_view(maps, kernel.shape[:2], axis=(1, 2))
    sums = np.einsum("cyxij,ijco->oyx", windows[:, ::stride, ::stride], kernel, optimize=True)
    return np.maximum(sums + bias[:, np.newaxis, np.newaxis], 0)


def pool(maps):
    windows = np.lib.stride_tricks.sliding_window_view(maps, (3, 3), axis=(1, 2))
    return windows[:, ::2, ::2].max(axis=(3, 4))


def extract_by_hand(photo, weights):
    """Return the features (h, w, 256) of a photo, in double precision and without Keras."""
    maps = ((photo / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]).transpose(2, 0, 1)
    for layer, stride, border, pooled in zip(
        LAYERS, (4, 1, 1, 1, 1), (2, 2, 1, 1, 1), (True, True, False, False, True), strict=True
    ):
        kernel, bias = (weights[f"{layer}_{part}"].astype(float) for part in ("kernel", "bias"))
        maps = convolve(maps, kernel, bias, stride, border)
        maps = pool(maps) if pooled else maps
    return maps.transpose(1, 2, 0)


def read_original():
    """Return the weights in single precision, as `load_alexnet_convolutions` names them."""
    (file,) = find_set("alexnet").files
    network = ArrayUnpickler(io.BytesIO(read_verified(file))).load()["AlexNet_0"]
    return {
        f"{layer}_{part}": network[f"Conv_{number}"][part]
        for number, layer in enumerate(LAYERS)
        for part in ("kernel", "bias")
    }


@pytest.fixture(scope="module")
def stored():
    with np.load(STORED, allow_pickle=False) as arrays:
        return arrays["features"]


@pytest.fixture(scope="module")
def pretrained():
    return build_alexnet_features(128)


def measure_distance(features, reference):
    """Return the length of the difference as a share of the length of the reference."""
    return np.linalg.norm(features - reference) / np.linalg.norm(reference)


def look(model, photo):
    return np.asarray(model(standardise(photo[np.newaxis], IMAGENET_MEAN, IMAGENET_DEVIATION)))[0]


def test_the_features_are_those_that_numpy_computes(pretrained, photo):
    by_hand = extract_by_hand(photo, load_alexnet_convolutions())
    assert measure_distance(look(pretrained, photo), by_hand) < 1e-5


def test_the_features_are_those_of_the_original_weights_up_to_half_precision(pretrained, photo, stored):
    features = look(pretrained, photo)
    assert measure_distance(features, stored) < 1e-3
    assert np.abs(features - stored).max() < 0.02 < stored.max() / 500


def test_the_stored_features_are_those_of_the_original_weights(photo, stored):
    if not find_set("alexnet").files[0].path.exists():
        pytest.skip("alexnet has not been fetched; run: course data fetch alexnet")
    assert measure_distance(extract_by_hand(photo, read_original()), stored) < 1e-6


def test_colours_in_another_order_give_other_features(pretrained, photo, stored):
    assert measure_distance(look(pretrained, photo[..., ::-1]), stored) > 0.1


def test_the_first_kernel_is_the_published_one(pretrained):
    kernel = np.asarray(pretrained.get_layer("conv1").kernel)
    assert kernel[0, :3, 0, 0] == pytest.approx([0.11864, 0.09407, 0.09544], abs=6e-5)


@pytest.mark.parametrize(
    ("size", "shapes"),
    [
        (224, {"conv1": 55, "pool1": 27, "conv2": 27, "pool2": 13, "conv3": 13, "conv5": 13, "pool5": 6}),
        (128, {"conv1": 31, "pool1": 15, "conv2": 15, "pool2": 7, "conv3": 7, "conv5": 7, "pool5": 3}),
        (64, {"conv1": 15, "pool1": 7, "conv2": 7, "pool2": 3, "conv3": 3, "conv5": 3, "pool5": 1}),
        (32, {"conv1": 7, "pool1": 3, "conv2": 3, "pool2": 1, "conv3": 1, "conv5": 1}),
    ],
)
def test_maps_shrink_as_the_strides_say(size, shapes):
    model = build_alexnet_features(size, pretrained=False)
    widths = {layer.name: layer.output.shape[1] for layer in model.layers if layer.name in shapes}
    assert widths == shapes
    assert model.output_shape == (None, *[list(shapes.values())[-1]] * 2, 256)
    assert ("pool5" in {layer.name for layer in model.layers}) == (size >= 63)
    assert model.count_params() == 2_469_696


def test_every_layer_can_be_looked_into(pretrained, photo):
    from helpers.backend import keras

    names = ("conv1", "conv2", "conv3", "conv4", "conv5")
    layers = keras.Model(pretrained.input, [pretrained.get_layer(name).output for name in names])
    activations = layers(standardise(photo[np.newaxis], IMAGENET_MEAN, IMAGENET_DEVIATION))
    assert [maps.shape[-1] for maps in activations] == [64, 192, 384, 256, 256]
    assert all(np.asarray(maps).min() == 0 < np.asarray(maps).max() for maps in activations)


def test_images_of_30_pixels_are_too_small():
    with pytest.raises(ValueError, match="30 pixels; give at least 31"):
        build_alexnet_features(30)
    assert build_alexnet_features(31, pretrained=False).output_shape == (None, 1, 1, 256)


def test_alexnet_has_the_parameters_of_its_eight_layers():
    model = build_alexnet()
    counts = [layer.count_params() for layer in model.layers if layer.count_params()]
    assert counts == [
        11 * 11 * 3 * 64 + 64,
        5 * 5 * 64 * 192 + 192,
        3 * 3 * 192 * 384 + 384,
        3 * 3 * 384 * 256 + 256,
        3 * 3 * 256 * 256 + 256,
        6 * 6 * 256 * 4096 + 4096,
        4096 * 4096 + 4096,
        4096 * 1000 + 1000,
    ]
    assert model.count_params() == sum(counts) == 61_100_840
    assert model.output_shape == (None, 1000)


def test_small_alexnet_has_the_strides_it_declares():
    model = build_small_alexnet()
    shapes = {layer.name: layer.output.shape[1:] for layer in model.layers}
    assert [shapes[name] for name in ("conv1", "conv2", "conv3", "conv5", "pool5")] == [
        (16, 16, 64), (7, 7, 192), (3, 3, 384), (3, 3, 256), (1, 1, 256)
    ]  # fmt: skip
    assert model.count_params() == 2_469_696 - (11 * 11 - 5 * 5) * 3 * 64 + 256 * 10 + 10 == 2_453_834
    assert model.output_shape == (None, 10)


@pytest.mark.parametrize(
    ("build", "output"), [(build_small_alexnet, "float32"), (build_alexnet_features, "bfloat16")]
)
def test_precision_is_that_of_the_layers(build, output):
    options = {"pretrained": False, "size": 32} if build is build_alexnet_features else {}
    model = build(precision="mixed_bfloat16", **options)
    assert model.get_layer("conv3").compute_dtype == "bfloat16"
    assert model.get_layer("conv3").kernel.dtype == "float32"
    assert model.output.dtype == output
