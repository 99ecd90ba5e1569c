"""LeNet-5, VGG16, ResNet50 and MobileNetV2 as built for digits."""

import numpy as np
import pytest

from helpers.models.lenet import build_lenet5
from helpers.models.small_images import build_small_mobilenet_v2, build_small_resnet50, build_small_vgg16

BUILDERS = [build_lenet5, build_small_vgg16, build_small_resnet50, build_small_mobilenet_v2]


def count_trained(model):
    return sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)


def find_layers(model, kind):
    return [layer for layer in model.layers if type(layer).__name__ == kind]


def test_lenet_has_the_layers_of_its_paper_and_our_departures_from_its_60000():
    model = build_lenet5()
    built = [(layer.output.shape[1:], layer.count_params()) for layer in model.layers[2:]]
    assert built == [
        ((28, 28, 6), 156), ((14, 14, 6), 0), ((10, 10, 16), 2_416), ((5, 5, 16), 0), ((400,), 0),
        ((120,), 48_120), ((84,), 10_164), ((10,), 850),
    ]  # fmt: skip
    of_the_paper = {"C1": 156, "S2": 2 * 6, "C3": 1_516, "S4": 2 * 16, "C5": 48_120, "F6": 10_164}
    assert sum(of_the_paper.values()) == 60_000
    assert model.count_params() == 60_000 + (2_416 - 1_516) - 2 * (6 + 16) + 850 == 61_706


def test_vgg16_has_thirteen_convolutions_and_the_parameters_of_the_public_network():
    model = build_small_vgg16()
    convolutions = find_layers(model, "Conv2D")
    widths = [64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512]
    inputs = [3, *widths[:-1]]
    assert [layer.count_params() for layer in convolutions] == [
        9 * before * after + after for before, after in zip(inputs, widths, strict=True)
    ]
    pooled = [layer.output.shape[1:] for layer in find_layers(model, "MaxPooling2D")]
    assert pooled == [(16, 16, 64), (8, 8, 128), (4, 4, 256), (2, 2, 512), (1, 1, 512)]
    assert count_trained(model) == 14_728_266
    assert model.count_params() == 14_728_266 + 2 * sum(widths)


@pytest.mark.parametrize(
    ("build", "parameters", "trained", "first"),
    [
        # the first convolution sees two channels fewer: 7*7*2*64 and 3*3*2*32 numbers
        (build_small_resnet50, 23_608_202, 23_555_082, 6_272),
        (build_small_mobilenet_v2, 2_270_794, 2_236_682, 576),
    ],
)
def test_networks_of_keras_are_adapted(build, parameters, trained, first):
    colour, grey = build(), build((28, 28, 1))
    assert (colour.count_params(), count_trained(colour)) == (parameters, trained)
    assert grey.count_params() == parameters - first
    assert colour.input_shape == (None, 32, 32, 3) and grey.input_shape == (None, 28, 28, 1)
    assert colour.output_shape == grey.output_shape == (None, 10)
    assert {layer.momentum for layer in find_layers(colour, "BatchNormalization")} == {0.9}


def test_residual_networks_have_the_blocks_of_their_papers():
    assert len(find_layers(build_small_resnet50(), "Add")) == 3 + 4 + 6 + 3
    assert len(find_layers(build_small_mobilenet_v2(), "DepthwiseConv2D")) == 17


@pytest.mark.parametrize("build", [build_lenet5, build_small_vgg16])
def test_digits_of_28_pixels_get_a_border_of_zeros(build):
    images = np.random.default_rng(0).random((2, 28, 28, 1), np.float32)
    small, large = build((28, 28, 1)), build((32, 32, 1))
    large.set_weights(small.get_weights())
    bordered = np.pad(images, ((0, 0), (2, 2), (2, 2), (0, 0)))
    assert np.asarray(large(bordered)) == pytest.approx(np.asarray(small(images)), abs=1e-5)


@pytest.mark.parametrize("build", BUILDERS)
def test_other_sizes_are_refused(build):
    with pytest.raises(ValueError, match="30x28; the network takes 28x28 or 32x32"):
        build((30, 28, 1))
