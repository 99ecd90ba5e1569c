import numpy as np
import pytest

from helpers.models.fast_cnn import Offset, PartialIdentity, build_fast_cnn, measure_whitening


@pytest.fixture(scope="module")
def whitening():
    images = np.random.default_rng(0).normal(size=(40, 32, 32, 3)).astype(np.float32)
    images[:, 1:] = 0.8 * images[:, :-1] + 0.6 * images[:, 1:]
    return measure_whitening(images), images


def test_whitened_patches_are_uncorrelated_and_of_equal_spread(whitening):
    kernel, images = whitening
    windows = np.lib.stride_tricks.sliding_window_view(images, (2, 2), axis=(1, 2))
    patches = windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, 12)
    white = patches @ kernel.reshape(12, 24)[:, :12]
    assert white.T @ white / len(white) == pytest.approx(np.eye(12), abs=0.01)
    assert np.array_equal(kernel[..., 12:], -kernel[..., :12])


@pytest.mark.parametrize(("widths", "trainable"), [((64, 256, 256), 1_971_352), ((64, 128, 128), 568_728)])
def test_the_fast_network_has_the_parameters_counted_by_hand(whitening, widths, trainable):
    """Offsets 24; two 3x3 convolutions and two rows of offsets a block; a dense layer without offsets."""
    pairs = zip((24, *widths[:-1]), widths, strict=True)
    blocks = sum(9 * width * (inputs + width) + 2 * width for inputs, width in pairs)
    assert trainable == 24 + blocks + 10 * widths[-1]
    model = build_fast_cnn(whitening[0], widths=widths)
    assert sum(int(np.prod(variable.shape)) for variable in model.trainable_variables) == trainable
    assert not model.layers[1].trainable
    assert model.output_shape == (None, 10)
    assert model(np.zeros((2, 32, 32, 3), np.float32)).dtype == "float32"


def test_the_first_channels_pass_their_input_on():
    kernel = np.asarray(PartialIdentity()((3, 3, 2, 5)))
    assert np.array_equal(kernel[1, 1, :, :2], np.eye(2))
    assert np.count_nonzero(kernel[..., :2]) == 2
    bound = 1 / np.sqrt(3 * 3 * 2)
    assert 0 < np.abs(kernel[..., 2:]).max() <= bound


def test_a_stored_offset_counts_by_its_scale():
    layer = Offset(8.0)
    layer.build((None, 3))
    layer.offset.assign([1.0, 0.0, -1.0])
    assert np.asarray(layer(np.zeros((1, 3), np.float32))).tolist() == [[8, 0, -8]]


def test_the_network_is_saved_and_loaded_whole(whitening, tmp_path):
    from helpers.backend import keras

    model = build_fast_cnn(whitening[0], widths=(8, 8, 8))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True, compile=False)
    images = whitening[1][:4]
    assert np.asarray(loaded(images)) == pytest.approx(np.asarray(model(images)), abs=1e-6)
