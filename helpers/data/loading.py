"""`load` reads a set by name, checks every byte, and splits it into training, validation and test images."""

from functools import cache

import numpy as np

from helpers.data.catalog import DataFile, check_name, find_set, read_verified
from helpers.data.formats import (
    CIFAR10_CLASSES,
    DIGITS,
    PNEUMONIA_CLASSES,
    parse_cifar10,
    parse_idx,
    parse_medmnist,
    unpack,
)
from helpers.data.mnist_m import build_mnist_m, check_built
from helpers.data.photos import read_photos
from helpers.data.splits import Dataset, Split, stratified_split

NAMES = tuple(
    f"{name}{part}" for name in ("mnist", "cifar10", "mnist-m", "pneumonia") for part in ("", "-sample")
)


def _read_idx(files: tuple[DataFile, ...]) -> tuple[np.ndarray, np.ndarray]:
    images, labels = (parse_idx(unpack(read_verified(file))) for file in files)
    return images[..., np.newaxis], labels


def _read_cifar10(files: tuple[DataFile, ...]) -> tuple[np.ndarray, np.ndarray]:
    return parse_cifar10(b"".join(unpack(read_verified(file)) for file in files))


def _read_split(name: str, role: str) -> Split:
    if name.startswith("mnist-m"):
        digits = _read_split(name.replace("mnist-m", "mnist"), role)
        return check_built(build_mnist_m(digits, read_photos(name.replace("mnist-m", "photos"), role)))
    if name == "pneumonia":
        (file,) = find_set(name).files  # one for both roles
        images, labels = parse_medmnist(read_verified(file), role)
        return Split(images[..., np.newaxis], labels, PNEUMONIA_CLASSES, role, name)
    files = find_set(name).select(role)
    if not name.startswith("cifar10"):
        return Split(*_read_idx(files), DIGITS if "mnist" in name else PNEUMONIA_CLASSES, role, name)
    return Split(*_read_cifar10(files), CIFAR10_CLASSES, role, name)


def load(name: str, *, validation: float = 0.1, seed: int = 0) -> Dataset:
    """Return the training, validation and test images of a set, after checking every byte of their files.

    Args:
        name: one of `NAMES`. Those with `-sample` are bundled; the others must have been fetched. `mnist-m`
            is built from `mnist` and `photos`, always the same way.
        validation: share of the training images that becomes the validation split, the same share of every
            class; 0 for none.
        seed: of that division.

    Raises:
        ValueError: unknown name or a share outside 0..1.
        FileNotFoundError: the set has not been fetched; the message ends with the command.
        ChecksumError: a file holds a wrong byte, or MNIST-M came out otherwise; the message says so.
    """
    check_name(name, NAMES)
    train, test = _read_split(name, "train"), _read_split(name, "test")
    held_out = None
    if validation:
        rest, part = stratified_split(train.labels, validation, seed)
        train, held_out = train.take(rest), train.take(part, "validation")
    return Dataset(name, train, held_out, test)


@cache
def load_part(name: str, images: int, validation: float) -> tuple[Split, Split]:
    """Return some of the train images, every class with its share, and the validation images of a set.

    Always the same ones, and read once in each process: a trial is given a name and not arrays.

    Args:
        name: as `load` takes it.
        images: how many to train on; all that there are, if there are fewer.
        validation: share of the set's training images that is held out to choose on.
    """
    data = load(name, validation=validation)
    if images >= len(data.train):
        return data.train, data.validation
    _, part = stratified_split(data.train.labels, images / len(data.train), seed=0)
    return data.train.take(part), data.validation
