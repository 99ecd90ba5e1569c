"""Photos that serve as backgrounds of MNIST-M."""

import io

import numpy as np

from helpers.data.catalog import find_set, read_verified
from helpers.data.formats import parse_idx, unpack

LONG_SIDE = 640


def shrink(photo: np.ndarray, long_side: int = LONG_SIDE) -> np.ndarray:
    """Average whole blocks of pixels until no side is longer than `long_side`.

    Integer arithmetic, so that every machine gets the same bytes.

    Args:
        photo: uint8 (height, width, 3).

    Returns:
        uint8 (height // k, width // k, 3) with the smallest whole k that suffices; the remainder is cut off.
    """
    k = -(-max(photo.shape[:2]) // long_side)
    height, width = photo.shape[0] // k, photo.shape[1] // k
    blocks = photo[: height * k, : width * k].reshape(height, k, width, k, 3)
    return ((blocks.sum(axis=(1, 3), dtype=np.int64) + k * k // 2) // (k * k)).astype(np.uint8)


def _decode(content: bytes) -> np.ndarray:
    from PIL import Image

    with Image.open(io.BytesIO(content)) as photo:
        return shrink(np.asarray(photo.convert("RGB")))


def read_photos(name: str, role: str) -> list[np.ndarray]:
    """Return the photos of one role, every byte of their files checked.

    Args:
        name: `photos`, or the bundled crops `photos-sample`.
        role: `train` or `test`; no scene is in both.

    Returns:
        uint8 arrays (height, width, 3) of several sizes, none shorter than 128 pixels.
    """
    files = find_set(name).select(role)
    if name == "photos":
        return [_decode(read_verified(file)) for file in files]
    planes = [parse_idx(unpack(read_verified(file))) for file in files]
    return list(np.concatenate(planes).transpose(0, 2, 3, 1))


def cut_two(photo: np.ndarray, size: int) -> list[np.ndarray]:
    """Cut one square from the middle of each half of a photo, halved across its longer side.

    Args:
        photo: uint8 (height, width, 3), at least `size` high and wide.
        size: pixels of a side.

    Returns:
        Two arrays uint8 (size, size, 3).
    """
    halves = np.array_split(photo, 2, axis=int(photo.shape[1] > photo.shape[0]))
    tops = [(half.shape[0] - size) // 2 for half in halves]
    lefts = [(half.shape[1] - size) // 2 for half in halves]
    return [
        half[top : top + size, left : left + size]
        for half, top, left in zip(halves, tops, lefts, strict=True)
    ]
