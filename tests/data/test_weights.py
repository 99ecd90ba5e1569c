import io
import pickle

import numpy as np
import pytest

from helpers import paths
from helpers.data import ChecksumError
from helpers.data.catalog import find_set
from helpers.data.weights import ArrayUnpickler, convert_alexnet, load_alexnet_convolutions, write_npz


class Trap:
    """On being unpickled, calls what it is told to."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def test_the_convolutions_are_those_of_torchvision():
    weights = load_alexnet_convolutions()
    kernels = [weights[f"conv{number}_kernel"] for number in range(1, 6)]
    assert [kernel.shape for kernel in kernels] == [
        (11, 11, 3, 64), (5, 5, 64, 192), (3, 3, 192, 384), (3, 3, 384, 256), (3, 3, 256, 256)
    ]  # fmt: skip
    assert all(weights[f"conv{n}_bias"].shape == kernel.shape[3:] for n, kernel in enumerate(kernels, 1))
    assert sum(array.size for array in weights.values()) == 2_469_696
    assert {array.dtype for array in weights.values()} == {np.dtype(np.float32)}
    assert np.allclose(kernels[0][0, :3, 0, 0], [0.11864, 0.09407, 0.09544], atol=6e-5)


def test_a_wrong_byte_in_the_weights_is_refused(tmp_path, monkeypatch):
    (file,) = find_set("alexnet-conv").files
    content = bytearray(file.path.read_bytes())
    content[2_000_000] ^= 1
    (tmp_path / file.name).write_bytes(content)
    monkeypatch.setattr(paths, "SAMPLES", tmp_path)
    with pytest.raises(ChecksumError, match=file.name):
        load_alexnet_convolutions()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_malicious_pickle_is_refused_before_it_runs(tmp_path, protocol):
    victim = tmp_path / "touched"
    content = pickle.dumps({"AlexNet_0": Trap(open, str(victim), "w")}, protocol)
    with pytest.raises(pickle.UnpicklingError, match=r"asks for .*open; only arrays are read"):
        convert_alexnet(content)
    assert not victim.exists()


@pytest.mark.parametrize("name", [b"cnumpy\nload\n.", b"cbuiltins\neval\n.", b"cnumpy\nndarray.tofile\n."])
def test_only_the_three_names_of_arrays_are_known(name):
    with pytest.raises(pickle.UnpicklingError, match="asks for"):
        ArrayUnpickler(io.BytesIO(name)).load()


def test_arrays_pass():
    network = {
        f"Conv_{number}": {part: np.full(2, number + 0.5, np.float32) for part in ("kernel", "bias")}
        for number in range(5)
    }
    old_name = pickle.dumps({"AlexNet_0": network}, 3).replace(b"numpy._core", b"numpy.core")
    arrays = convert_alexnet(old_name)
    assert arrays["conv3_bias"].tolist() == [2.5, 2.5]
    assert arrays["conv3_bias"].dtype == np.float16


def test_an_npz_has_the_same_bytes_whenever_it_is_written():
    content = write_npz({"one": np.arange(3, dtype=np.float16)})
    assert content == write_npz({"one": np.arange(3, dtype=np.float16)})
    assert b"one.npy" in content and bytes([0, 0, 33, 0]) in content[:14]  # 1 January 1980, midnight
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        assert arrays["one"].tolist() == [0, 1, 2]
