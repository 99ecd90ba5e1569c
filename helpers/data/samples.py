"""The bundled samples, made from the fetched sets by rules that need no random generator."""

import hashlib
import lzma
from collections.abc import Iterator

import numpy as np

from helpers import paths
from helpers.data.catalog import find_set, read_verified
from helpers.data.formats import CIFAR10_RECORD, format_idx, pack, parse_idx, parse_medmnist, unpack
from helpers.data.photos import cut_two, read_photos
from helpers.data.weights import convert_alexnet, write_npz

CROP = 128


def draw(records: list[bytes], labels: np.ndarray, count: int) -> np.ndarray:
    """Choose records, every class in proportion, by the smallest SHA-256 of their bytes.

    A hash is as good as a random number here, and no version of any library can change it.

    Args:
        records: N byte strings.
        labels: integers (N,).
        count: how many to choose; classes get whole shares by largest remainder.

    Returns:
        Ascending indices, int64 (count,).
    """
    classes, sizes = np.unique(labels, return_counts=True)
    shares = sizes * count / len(labels)
    wanted = np.floor(shares).astype(int)
    wanted[np.argsort(wanted - shares, kind="stable")[: count - wanted.sum()]] += 1
    digests = [hashlib.sha256(record).digest() for record in records]
    chosen: list[int] = []
    for one, number in zip(classes, wanted, strict=True):
        chosen += sorted(np.flatnonzero(labels == one).tolist(), key=digests.__getitem__)[:number]
    return np.sort(np.array(chosen))


def _make_mnist(role: str, count: int) -> dict[str, bytes]:
    files = find_set("mnist").select(role)
    images, labels = (parse_idx(unpack(read_verified(file))) for file in files)
    return _pack_idx(f"mnist-{role}", images, labels, count)


def _make_pneumonia(role: str, count: int) -> dict[str, bytes]:
    (file,) = find_set("pneumonia").files
    return _pack_idx(f"pneumonia-{role}", *parse_medmnist(read_verified(file), role), count)


def _pack_idx(name: str, images: np.ndarray, labels: np.ndarray, count: int) -> dict[str, bytes]:
    chosen = draw([image.tobytes() for image in images], labels, count)
    return {
        f"{name}-images-idx3-ubyte.xz": pack(format_idx(images[chosen])),
        f"{name}-labels-idx1-ubyte.xz": pack(format_idx(labels[chosen])),
    }


def _make_cifar10(role: str, count: int) -> dict[str, bytes]:
    content = b"".join(read_verified(file) for file in find_set("cifar10").select(role))
    records = np.frombuffer(content, dtype=np.uint8).reshape(-1, CIFAR10_RECORD)
    chosen = draw([record.tobytes() for record in records], records[:, 0], count)
    return {f"cifar10-{role}.bin.xz": pack(records[chosen].tobytes())}


def _make_photos(role: str) -> dict[str, bytes]:
    crops = [crop for photo in read_photos("photos", role) for crop in cut_two(photo, CROP)]
    planes = np.stack(crops).transpose(0, 3, 1, 2)
    return {f"photos-{role}-idx4-ubyte.xz": pack(format_idx(planes))}


def _make_alexnet() -> dict[str, bytes]:
    (file,) = find_set("alexnet").files
    return {"alexnet-convolutions.npz": write_npz(convert_alexnet(read_verified(file)))}


def make_samples() -> dict[str, bytes]:
    """Return the content of every file of `data/samples` by name, made anew from the fetched sets."""
    return {
        **_make_mnist("train", 10_000),
        **_make_mnist("test", 2_000),
        **_make_cifar10("train", 5_000),
        **_make_cifar10("test", 1_000),
        **_make_pneumonia("train", 1_200),
        **_make_pneumonia("test", 300),
        **_make_photos("train"),
        **_make_photos("test"),
        **_make_alexnet(),
    }


def _same_inside(packed: bytes, other: bytes) -> bool:
    try:
        return unpack(packed) == unpack(other)
    except (lzma.LZMAError, EOFError):
        return False


def compare_samples() -> Iterator[tuple[str, bytes, str]]:
    """Make every bundled file anew and say how it compares with the one in the repository.

    Yields:
        Its name, its new content, and `identical`, `repacked` (the same images, which another version of the
        xz library packs into other bytes) or `differs`.
    """
    for name, content in make_samples().items():
        old = paths.SAMPLES / name
        there = old.read_bytes() if old.exists() else b""
        if there == content:
            yield name, content, "identical"
        else:
            yield name, content, "repacked" if _same_inside(there, content) else "differs"
