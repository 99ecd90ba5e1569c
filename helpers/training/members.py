"""Members of an ensemble, kept as what they say of the images: trained once, reused by every later run.

Combining needs a member's probabilities, not its weights: for 12,000 images of ten classes a tenth of the
bytes of a network of a million weights. Introduced in lesson 32.
"""

import hashlib
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from helpers import paths
from helpers.data import Split
from helpers.naming import refuse_other
from helpers.provenance import note_input, read_commit


@dataclass(frozen=True)
class Member:
    """What is kept of a trained network.

    Attributes:
        recipe: all that moved its training: set, images, architecture or search, epochs, rate, seed.
        card: what is known of it: names of the `classes`, seconds of training, multiply-adds, the
            architecture found; `reuse` adds the commit, and whether the files differed from it.
        odds: probabilities (N, classes) float16 by name, such as `validation` and `test`.
        labels: the true classes (N,) uint8 of `train`, `validation` and `test`, as far as they are kept.
    """

    recipe: Mapping[str, Any]
    card: Mapping[str, Any]
    odds: Mapping[str, np.ndarray]
    labels: Mapping[str, np.ndarray]

    def split(self, role: str) -> Split:
        """Return the images of `train`, `validation` or `test` as a split whose pixels are not there.

        Enough for whatever chooses or learns by labels, such as `helpers.combining.ensemble.select`.
        """
        labels = self.labels[role]
        pixels = np.zeros((len(labels), 1, 1, 1), np.uint8)
        return Split(pixels, labels, self.card["classes"], role, self.recipe["set"])


def reuse(path: Path, recipe: Mapping[str, Any], train: Callable[[], Member]) -> Member:
    """Return the member kept in a file, or train it and keep it there.

    Args:
        path: of the `.npz` file; one for each member.
        recipe: JSON; a file of another recipe is refused, so that no member passes for another.
        train: returns the member, whose recipe is this one; called where there is no file.

    Raises:
        ValueError: the file belongs to another recipe, or what was trained gives no probabilities.
    """
    if not path.exists():
        _keep(path, train())
    member = load_member(path)
    refuse_other(
        member.recipe,
        recipe,
        f"{path.name} was trained by another recipe",
        "delete it to train anew, or go back to its recipe",
    )
    return member


def load_member(path: Path) -> Member:
    """Read a member; one of `reports/members` is noted as an input of this run.

    Raises:
        FileNotFoundError: nobody has kept it.
    """
    content = path.read_bytes()
    if path.is_relative_to(paths.MEMBERS):  # others do not outlive the run
        note_input(path, hashlib.sha256(content).hexdigest())
    with np.load(io.BytesIO(content)) as file:
        about = json.loads(str(file["about"]))
        parts = {"odds": {}, "labels": {}}
        for name in file.files:
            kind, _, part = name.partition("-")
            if part:
                parts[kind][part] = file[name]
    return Member(**about, **parts)


def load_members(folder: Path) -> dict[str, Member]:
    """Return all members kept in a folder, by the stem of their files, in the order of the names."""
    return {path.stem: load_member(path) for path in sorted(folder.glob("*.npz"))}


def _keep(path: Path, member: Member) -> None:
    for name, values in member.odds.items():
        if values.ndim != 2 or not np.allclose(values.sum(axis=1), 1, atol=1e-3):
            raise ValueError(f"{name} of {path.stem} holds no probabilities: rows must sum to one")
    commit, dirty = read_commit()
    card = {**member.card, "commit": commit, "dirty": dirty}
    about = json.dumps({"recipe": member.recipe, "card": card}, ensure_ascii=False)
    content = io.BytesIO()
    arrays = {f"odds-{name}": values.astype(np.float16) for name, values in member.odds.items()}
    arrays |= {f"labels-{name}": values.astype(np.uint8) for name, values in member.labels.items()}
    np.savez_compressed(content, about=about, **arrays)
    paths.write_atomically(path, content.getvalue())
