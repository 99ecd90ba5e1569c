"""The convolutions of AlexNet as trained on ImageNet: bundled as half-precision numbers, converted once."""

import io
import pickle
import zipfile

import numpy as np

from helpers.data.catalog import find_set, read_verified

LAYERS = ("conv1", "conv2", "conv3", "conv4", "conv5")
# The function that rebuilds an array has moved within NumPy; an array itself knows where it is.
_ALLOWED = {
    ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}


class ArrayUnpickler(pickle.Unpickler):
    """Reads a pickle of NumPy arrays; every other name in it is refused before anything is called."""

    def find_class(self, module: str, name: str):
        """Return one of the three names that arrays are rebuilt with.

        Raises:
            pickle.UnpicklingError: any other name.
        """
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"the file asks for {module}.{name}; only arrays are read from it")
        return _ALLOWED[module, name]


def convert_alexnet(content: bytes) -> dict[str, np.ndarray]:
    """Take the five convolutions out of the checkpoint that the set `alexnet` holds.

    Args:
        content: the checkpoint, a pickle of nested dictionaries of arrays.

    Returns:
        As `load_alexnet_convolutions`, in float16.

    Raises:
        pickle.UnpicklingError: it holds anything but arrays.
    """
    network = ArrayUnpickler(io.BytesIO(content)).load()["AlexNet_0"]
    return {
        f"{layer}_{part}": network[f"Conv_{number}"][part].astype(np.float16)
        for number, layer in enumerate(LAYERS)
        for part in ("kernel", "bias")
    }


def write_npz(arrays: dict[str, np.ndarray]) -> bytes:
    """Return an .npz file that has the same bytes on every system: no time, no compression."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as package:
        for name, array in arrays.items():
            member = zipfile.ZipInfo(f"{name}.npy")
            member.create_system = 3
            content = io.BytesIO()
            np.save(content, array, allow_pickle=False)
            package.writestr(member, content.getvalue())
    return target.getvalue()


def load_alexnet_convolutions() -> dict[str, np.ndarray]:
    """Return AlexNet's five convolutions as trained on ImageNet, every byte of their file checked.

    The network of Krizhevsky, One weird trick for parallelizing convolutional neural networks, 2014, with the
    weights of torchvision: 64 kernels of 11 x 11 with stride 4 and padding 2, pool 3/2, 192 of 5 x 5,
    pool 3/2, 384, 256 and 256 of 3 x 3, pool 3/2, ReLU after each. Its three dense layers are not included.

    Returns:
        float32 arrays by name: `conv1_kernel` (height, width, input channels, output channels), `conv1_bias`
        (output channels,) and so on to `conv5_bias`; 2,469,696 numbers, 1,152 of them biases. They were
        rounded to half precision, which moves a number by at most one part in 2,048 (tiny ones by 3e-8).

    Raises:
        ChecksumError: a byte is wrong.
    """
    (file,) = find_set("alexnet-conv").files
    with np.load(io.BytesIO(read_verified(file)), allow_pickle=False) as arrays:
        return {name: arrays[name].astype(np.float32) for name in arrays.files}
