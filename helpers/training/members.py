"""Keep the members of an ensemble as their probabilities: trained once, reused by every later run.

To combine members one needs their probabilities, not their weights. For 12,000 images of ten classes these
take a tenth of the bytes of a network with a million weights. Introduced in lesson 32.
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
    """Hold the probabilities of a trained network, and how it was trained.

    Attributes:
        recipe: all that determined its training: set, images, architecture or search, epochs, rate, seed.
        card: facts about it: names of the `classes`, seconds of training, multiply-adds, the architecture
            found; `reuse` adds the commit, and whether the files differed from it.
        odds: probabilities (N, classes) float16 by name, such as `validation` and `test`.
        labels: true classes (N,) uint8 by split: `train`, `validation` or `test`; not all need be present.
    """

    recipe: Mapping[str, Any]
    card: Mapping[str, Any]
    odds: Mapping[str, np.ndarray]
    labels: Mapping[str, np.ndarray]

    def split(self, role: str) -> Split:
        """Return `train`, `validation` or `test` as a split with the true labels and empty 1x1 images.

        Enough for functions that use the labels alone, such as `helpers.combining.ensemble.select`.
        """
        labels = self.labels[role]
        pixels = np.zeros((len(labels), 1, 1, 1), np.uint8)
        return Split(pixels, labels, self.card["classes"], role, self.recipe["set"])


def reuse(path: Path, recipe: Mapping[str, Any], train: Callable[[], Member]) -> Member:
    """Load the member from a file; if there is no file, train the member and write it.

    Args:
        path: of the `.npz` file; one for each member.
        recipe: JSON; a file with another recipe is refused, so that members cannot be confused.
        train: called if there is no file; returns the member, with this recipe.

    Raises:
        ValueError: the file has another recipe, or the rows of the new member do not sum to one.
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
    """Read a member from a file; a file of `reports/members` is noted as an input of this run.

    Raises:
        FileNotFoundError: there is no such file.
    """
    content = path.read_bytes()
    if path.is_relative_to(paths.MEMBERS):  # other files are temporary
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
    """Return all members in a folder, by file name without `.npz`, sorted by name."""
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
