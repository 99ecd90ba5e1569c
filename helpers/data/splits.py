"""Labelled images with a role: fit models on train, choose between them on validation, report on test."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

JOBS = {"train": ("fit", "report"), "validation": ("choose", "report"), "test": ("report",)}
DOER = {"fit": "train", "choose": "validation", "report": "test"}


class JobError(Exception):
    """A split was used against its role, such as test images for a choice or validation images for a fit."""


@dataclass(frozen=True, eq=False)
class Split:
    """Images of one role; the arrays cannot be written to.

    Attributes:
        images: uint8 (N, height, width, channels), 0..255.
        labels: int64 (N,), 0..len(class_names) - 1.
        class_names: one name for each label.
        role: `train`, `validation` or `test`.
        name: the set, such as `cifar10-sample`.
    """

    images: np.ndarray
    labels: np.ndarray
    class_names: tuple[str, ...]
    role: str
    name: str

    def __post_init__(self) -> None:
        if self.role not in JOBS:
            raise ValueError(f"role {self.role!r} is unknown; use one of {', '.join(JOBS)}")
        if self.images.ndim != 4:
            raise ValueError(f"images have shape {self.images.shape}; need (N, height, width, channels)")
        if self.images.dtype != np.uint8:
            reach = f" in {self.images.min():.3g}..{self.images.max():.3g}" if self.images.size else ""
            raise ValueError(
                f"images are {self.images.dtype}{reach}; need uint8 pixels in 0..255, such as "
                "np.rint(255 * images).astype(np.uint8) makes of floats in 0..1"
            )
        if self.labels.shape != self.images.shape[:1]:
            raise ValueError(f"{len(self.images)} images have labels of shape {self.labels.shape}")
        labels = self.labels.astype(np.int64)
        if labels.size and not 0 <= labels.min() <= labels.max() < len(self.class_names):
            raise ValueError(
                f"labels run from {labels.min()} to {labels.max()}; need 0..{len(self.class_names) - 1}"
            )
        images = self.images.view()
        images.flags.writeable = labels.flags.writeable = False
        object.__setattr__(self, "images", images)
        object.__setattr__(self, "labels", labels)
        object.__setattr__(self, "class_names", tuple(self.class_names))

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return f"Split({self.name}, {self.role}, images {self.images.shape})"

    def require(self, job: str) -> None:
        """Do nothing where this split may `fit`, `choose` or `report`.

        Raises:
            JobError: its role does not do that job.
            ValueError: unknown job.
        """
        if job not in DOER:
            raise ValueError(f"job {job!r} is unknown; use one of {', '.join(DOER)}")
        if job not in JOBS[self.role]:
            raise JobError(f"cannot {job} on the {self.role} split of {self.name}; use {DOER[job]}")

    def take(self, indices: np.ndarray, role: str = "") -> "Split":
        """Return the images at these indices as a split of the same role, or of `role`.

        Args:
            indices: integers (n,) into this split.
            role: empty, or `validation` for a part of a train split that will choose.

        Raises:
            JobError: another change of role, which would let test images fit or choose.
        """
        if role not in ("", self.role) and (self.role, role) != ("train", "validation"):
            raise JobError(f"{self.role} of {self.name} cannot become {role}; only train can be divided")
        images, labels = self.images[indices], self.labels[indices]
        return Split(images, labels, self.class_names, role or self.role, self.name)


@dataclass(frozen=True, eq=False)
class Dataset:
    """The three splits of one set; `validation` is a part of the official training images."""

    name: str
    train: Split
    _validation: Split | None
    test: Split

    @property
    def validation(self) -> Split:
        """The images to choose on.

        Raises:
            JobError: the set was loaded without any.
        """
        if self._validation is None:
            raise JobError(f"{self.name} was loaded without a validation split; load it with validation=0.1")
        return self._validation


def stratified_split(labels: np.ndarray, fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Divide indices at random so that every class has the same share on both sides.

    Args:
        labels: integers (N,).
        fraction: share of the second part, between 0 and 1.
        seed: any integer from 0; the same seed gives the same parts.

    Returns:
        Ascending indices of the rest and of the part: int64, disjoint, together all of 0..N-1.

    Raises:
        ValueError: the fraction is not between 0 and 1, or leaves a class without an image on one side.
    """
    if not 0 < fraction < 1:
        raise ValueError(f"fraction {fraction} is not between 0 and 1, such as 0.1")
    # Here, because importing scikit-learn takes a second and most callers of this module do not split.
    from sklearn.model_selection import train_test_split

    indices = np.arange(len(labels))
    rest, part = train_test_split(indices, test_size=fraction, stratify=labels, random_state=seed)
    return np.sort(rest), np.sort(part)


def choose(scores: Mapping[str, float], on: Split) -> str:
    """Return the name with the highest score measured on a split; of equals, the first.

    Args:
        scores: score by name, higher is better.
        on: the split that they were measured on.

    Raises:
        JobError: `on` is not a validation split. Choosing on test images makes their score worthless.
        ValueError: no scores, or one that is not a number.
    """
    on.require("choose")
    if not scores:
        raise ValueError("no scores to choose from; give at least one")
    for name, score in scores.items():
        if math.isnan(score):
            raise ValueError(f"score of {name} is not a number; find out why before choosing")
    return max(scores, key=lambda name: scores[name])
