import numpy as np
import pytest

from helpers.backend import keras
from helpers.models.mnist_cnn import build_mnist_cnn, build_table_2_cnn

# Layer, output shape and parameters as Table II of alexnet-mnist prints them, row by row.
PRINTED = [
    ("InputLayer", (224, 224, 3), 0),
    ("Conv2D", (224, 224, 32), 896),
    ("MaxPooling2D", (112, 112, 32), 0),
    ("Conv2D", (112, 112, 64), 18_496),
    ("MaxPooling2D", (56, 56, 64), 0),
    ("Flatten", (200_704,), 0),
    ("Dense", (128,), 25_689_600),
    ("Dense", (10,), 1_290),
]
WRONG, RIGHT = 25_689_600, 25_690_240


def count_trained(model):
    return sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)


def find_kinds(model):
    return [type(layer).__name__ for layer in model.layers]


def test_table_2_is_right_but_for_its_largest_number():
    model = build_table_2_cnn()
    built = [
        (type(layer).__name__, layer.output.shape[1:], layer.count_params())
        for layer in model.layers
        if type(layer).__name__ != "Activation"
    ]
    differing = [(row, cell) for row, cell in zip(PRINTED, built, strict=True) if row != cell]
    assert differing == [(("Dense", (128,), WRONG), ("Dense", (128,), RIGHT))]
    assert 200_704 * 128 + 128 == RIGHT == WRONG + 5 * 128
    assert model.count_params() == 25_710_922


@pytest.mark.parametrize(
    ("part", "more", "trained", "kind"),
    [
        ({"normalised": True}, 4 * (32 + 64), 2 * (32 + 64), "BatchNormalization"),
        ({"residual": True}, 3 * 32 + 32 * 64, 3 * 32 + 32 * 64, "Add"),
        ({"dropout": 0.5}, 0, 0, "Dropout"),
    ],
)
def test_what_the_text_claims_is_added_to_table_2(part, more, trained, kind):
    plain, extended = build_table_2_cnn((8, 8, 3)), build_table_2_cnn((8, 8, 3), **part)
    assert extended.count_params() == plain.count_params() + more
    assert count_trained(extended) == count_trained(plain) + trained
    assert kind in find_kinds(extended) and kind not in find_kinds(plain)
    assert extended.output_shape == plain.output_shape == (None, 10)


def test_the_mnist_cnn_has_the_parameters_counted_by_hand():
    """Two kernels of 3 x 3 and four numbers a channel of each normalisation; then 16 places to 10 classes."""
    pairs = [(1, 32), (32, 64), (64, 80)]
    stages = sum(9 * width * (inputs + width) + 2 * 4 * width for inputs, width in pairs)
    model = build_mnist_cnn()
    assert model.count_params() == stages + 16 * 80 * 10 + 10 == 182_698 < 200_000
    assert count_trained(model) == 182_698 - 2 * 2 * (32 + 64 + 80)
    assert model.output_shape == (None, 10)


@pytest.mark.parametrize(
    ("part", "parameters", "kind"),
    [
        ({"residual": False}, 182_698, "Add"),
        # without normalisation, each convolution has an offset a channel
        ({"normalised": False}, 182_698 - 8 * (32 + 64 + 80) + 2 * (32 + 64 + 80), "BatchNormalization"),
        ({"dropout": 0.0}, 182_698, "Dropout"),
    ],
)
def test_each_part_can_be_left_out(part, parameters, kind):
    without = build_mnist_cnn(**part)
    assert without.count_params() == parameters
    kinds = {"Add", "BatchNormalization", "Dropout"}
    assert kinds & set(find_kinds(without)) == kinds - {kind}
    assert kinds <= set(find_kinds(build_mnist_cnn()))


@pytest.mark.parametrize(
    ("image_shape", "widths", "shapes"),
    [
        ((28, 28, 1), (32, 64, 80), [(14, 14, 32), (7, 7, 64), (4, 4, 80)]),
        ((32, 32, 3), (32, 64, 128), [(16, 16, 32), (8, 8, 64), (4, 4, 128)]),
    ],
)
def test_stages_halve_the_image(image_shape, widths, shapes):
    model = build_mnist_cnn(image_shape, widths=widths)
    pooled = [layer.output.shape[1:] for layer in model.layers if type(layer).__name__ == "MaxPooling2D"]
    assert pooled == shapes


@pytest.mark.parametrize("residual", [True, False])
def test_the_shortcut_passes_on_what_the_last_convolution_gets(residual):
    """With the kernel of that convolution at zero, nothing else reaches the dense layer."""
    model = build_mnist_cnn(residual=residual, normalised=False)
    last = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)][-1]
    last.set_weights([np.zeros_like(weight) for weight in last.get_weights()])
    images = np.random.default_rng(0).random((2, 28, 28, 1), np.float32)
    got, passed = keras.Model(model.input, [last.input, model.layers[-1].input])(images)
    got = np.asarray(got).reshape(2, -1)
    assert got.any()
    assert np.array_equal(passed, got if residual else np.zeros_like(got))


def test_a_low_precision_stops_before_the_outputs():
    model = build_mnist_cnn(precision="mixed_bfloat16")
    assert {layer.compute_dtype for layer in model.layers[1:-1]} == {"bfloat16"}
    assert model.output.dtype == "float32"
    assert {variable.dtype for variable in model.trainable_variables} == {"float32"}
