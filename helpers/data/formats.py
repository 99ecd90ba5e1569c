"""The official file formats of MNIST, CIFAR-10 and MedMNIST, packed or not, read into arrays."""

import gzip
import io
import lzma
import zipfile
from collections.abc import Mapping

import numpy as np

DIGITS = tuple("0123456789")
CIFAR10_CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"
)  # fmt: skip
PNEUMONIA_CLASSES = ("normal", "pneumonia")
CIFAR10_RECORD = 1 + 3 * 32 * 32

# Differences of neighbouring bytes first: smooth images then pack a quarter smaller.
XZ_FILTERS = (
    {"id": lzma.FILTER_DELTA, "dist": 1},
    {"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "lc": 4, "lp": 0, "pb": 0},
)


def pack(content: bytes) -> bytes:
    """Return the content as an .xz file, which `unpack` and every xz program read."""
    return lzma.compress(content, format=lzma.FORMAT_XZ, filters=list(XZ_FILTERS))


def unpack(content: bytes) -> bytes:
    """Return the bytes inside a gzip or xz file; anything else comes back as it is."""
    if content.startswith(b"\x1f\x8b"):
        return gzip.decompress(content)
    if content.startswith(b"\xfd7zXZ\x00"):
        return lzma.decompress(content)
    return content


def parse_idx(content: bytes) -> np.ndarray:
    """Read an idx file of bytes (the MNIST format, http://yann.lecun.com/exdb/mnist).

    Returns:
        uint8 array; the header says its shape: (N,) for labels, (N, 28, 28) for images.

    Raises:
        ValueError: the header is not that of an idx file of bytes, or the length does not fit it.
    """
    if len(content) < 4 or content[:3] != b"\0\0\x08":
        raise ValueError(f"no idx file of bytes: it starts with {content[:4].hex()}, not 000008..")
    start = 4 + 4 * content[3]
    shape = tuple(int(size) for size in np.frombuffer(content[4:start], dtype=">u4"))
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)


def format_idx(array: np.ndarray) -> bytes:
    """Write a uint8 array as an idx file: the inverse of `parse_idx`."""
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, dtype=">u4").tobytes() + array.tobytes()


def parse_cifar10(content: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Read records of one label byte and 3,072 pixel bytes, red plane first (CIFAR-10, binary version).

    Returns:
        images uint8 (N, 32, 32, 3) and labels uint8 (N,).

    Raises:
        ValueError: the length is no whole number of records.
    """
    records = np.frombuffer(content, dtype=np.uint8).reshape(-1, CIFAR10_RECORD)
    images = records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), records[:, 0]


def parse_medmnist(content: bytes, role: str) -> tuple[np.ndarray, np.ndarray]:
    """Read the images of one role from a `.npz` file of MedMNIST, which holds arrays and no objects.

    Its own validation images count as training images, after these: every set here is divided by `load`.

    Args:
        content: of the file.
        role: `train` or `test`.

    Returns:
        images uint8 (N, 28, 28) and labels uint8 (N,).

    Raises:
        ValueError: no such file, one that needs unpickling, or one with other arrays; the message says which.
    """
    if not zipfile.is_zipfile(io.BytesIO(content)):
        raise ValueError(f"no whole npz file: it starts with {content[:4].hex()} and lacks a zip file's end")
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        parts = [_read_part(file, part) for part in (("train", "val") if role == "train" else ("test",))]
    images, labels = (np.concatenate(pieces) for pieces in zip(*parts, strict=True))
    return images, labels


def _read_part(file: Mapping[str, np.ndarray], part: str) -> tuple[np.ndarray, np.ndarray]:
    names = (f"{part}_images", f"{part}_labels")
    if missing := [name for name in names if name not in file]:
        raise ValueError(f"no file of MedMNIST: it lacks {', '.join(missing)}; it has {', '.join(file)}")
    images, labels = (file[name] for name in names)
    found = (images.dtype, images.shape[1:], labels.dtype, labels.shape)
    if found != (np.uint8, (28, 28), np.uint8, (len(images), 1)):
        raise ValueError(
            f"{names[0]} are {images.dtype} {images.shape} and {names[1]} {labels.dtype} {labels.shape}; "
            "need uint8 (N, 28, 28) and uint8 (N, 1)"
        )
    return images, labels[:, 0]
