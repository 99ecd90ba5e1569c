"""MNIST-M, digits blended with photos: Ganin et al., Domain-adversarial training of neural networks, 2016."""

import hashlib
from collections.abc import Sequence

import numpy as np

from helpers.data.catalog import ChecksumError
from helpers.data.splits import Split

SIZE = 32
# SHA-256 of the images that `helpers.data.load` gives. They are blended at places that NumPy draws, and NumPy
# does not promise that another version draws the same.
BUILT = {
    ("mnist-m-sample", "train"): "9ca56141659acdd98b1c836ed8fe19743b3135eae4a09591c80a3cb3d68c091b",
    ("mnist-m-sample", "test"): "297ebe788318d17848936a1b150252e156f0b34253506948f7d4983ec675770f",
    ("mnist-m", "train"): "8f83c97d735d69103166f8c771a73e79c8fabfadd32e52191e6b49b1ce0143a1",
    ("mnist-m", "test"): "9ba6829b8986840cba8c705714b4e994f0ce0d083c68a79766391765483a9f77",
}


def build_mnist_m(digits: Split, photos: Sequence[np.ndarray], *, seed: int = 0) -> Split:
    """Blend every digit with its own random crop of a random photo, as the released set was made.

    Any ink counts as full: a digit's pixel is 0 or 255. The 28 pixels lie in the middle of 32, and each
    channel is the absolute difference of digit and crop, so the crop shows inverted where there is ink.
    Blending the grey digit instead looks alike and is another data set.

    Args:
        digits: images uint8 (N, 28, 28, 1).
        photos: uint8 arrays (height, width, 3), each at least 32 high and wide. Test digits need other
            photos than train digits.
        seed: of the photos and places of the crops.

    Returns:
        Images uint8 (N, 32, 32, 3) with the labels and the role of the digits.

    Raises:
        ValueError: no photo, or a photo or digits of another shape.
    """
    if not photos:
        raise ValueError("no photos to blend with; give at least one")
    edge = (SIZE - 28) // 2
    if digits.images.shape[1:] != (28, 28, 1):
        raise ValueError(f"digits are {digits.images.shape[1:]}; need (28, 28, 1)")
    random = np.random.default_rng(seed)
    images = np.empty((len(digits), SIZE, SIZE, 3), np.uint8)
    owner = random.integers(len(photos), size=len(digits))
    for number, photo in enumerate(photos):
        mine = np.flatnonzero(owner == number)
        images[mine] = _cut_random(photo, len(mine), random)
    middle = images[:, edge:-edge, edge:-edge]
    # Inverting every bit of a byte is 255 minus it: the absolute difference to full ink.
    np.bitwise_xor(middle, np.where(digits.images > 0, np.uint8(255), np.uint8(0)), out=middle)
    name = digits.name.replace("mnist", "mnist-m")
    return Split(images, digits.labels, digits.class_names, digits.role, name)


def check_built(split: Split) -> Split:
    """Return a split of MNIST-M as it was built, if it is the one that the course has measured.

    Raises:
        ChecksumError: other images.
    """
    found = hashlib.sha256(np.ascontiguousarray(split.images).data).hexdigest()
    if found != (expected := BUILT[split.name, split.role]):
        raise ChecksumError(
            f"{split.name} {split.role} was built into other images than were measured: expected SHA-256 "
            f"{expected}, found {found}; NumPy {np.__version__} may draw otherwise: run make setup"
        )
    return split


def _cut_random(photo: np.ndarray, count: int, random: np.random.Generator) -> np.ndarray:
    """Return crops uint8 (count, 32, 32, 3) at random places."""
    if photo.ndim != 3 or photo.shape[2] != 3 or min(photo.shape[:2]) < SIZE or photo.dtype != np.uint8:
        raise ValueError(f"a photo is {photo.dtype} {photo.shape}; need uint8 (32 or more, 32 or more, 3)")
    tops = random.integers(photo.shape[0] - SIZE + 1, size=count)
    lefts = random.integers(photo.shape[1] - SIZE + 1, size=count)
    windows = np.lib.stride_tricks.sliding_window_view(photo, (SIZE, SIZE), axis=(0, 1))
    return windows[tops, lefts].transpose(0, 2, 3, 1)
