"""Trained models that the full runs of lessons keep in `reports/models/`, for later lessons to build on.

A model is one `.npz`: its layers as Keras describes them, its weights in half precision, and mean and
deviation of the pixels it was trained on. Its card is the `.json` beside it. Nothing in either is executed
on loading but layers of Keras and of this package.
"""

import hashlib
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from helpers import paths
from helpers.data import ChecksumError
from helpers.images.transforms import standardise
from helpers.naming import suggest
from helpers.provenance import note_input

if TYPE_CHECKING:
    import keras

LARGEST = 5_000_000  # bytes; models live in the repository
CARD = ("data", "recipe", "seed", "metrics", "limits")


@dataclass(frozen=True)
class Trained:
    """A trained model with what it needs.

    Attributes:
        model: takes what `prepare` gives; not compiled; in float32.
        prepare: turns uint8 images (N, H, W, C) into its inputs; `helpers.judging.predictions.predict` takes
            both.
        card: data, recipe, seed, metrics, limits, bytes and sha256.
    """

    model: "keras.Model"
    prepare: Callable[[np.ndarray], np.ndarray]
    card: dict[str, Any]


def keep_trained(
    name: str, model: "keras.Model", *, mean: ArrayLike, deviation: ArrayLike, card: Mapping[str, Any]
) -> Trained:
    """Write a trained model and its card, and return it as `load_trained` gives it: judge that one.

    Args:
        name: such as `fast_cifar10`.
        model: of any precision.
        mean: (C,), subtracted from pixels in 0..1.
        deviation: (C,), what they are divided by then.
        card: with the keys of `CARD`: the data it was trained on, the recipe in a sentence, the seed, metrics
            by name, and what it must not be used for.

    Raises:
        ValueError: a card that lacks a key, weights that half precision cannot hold, or more than 5 MB.
    """
    from helpers.backend import copy_in_precision

    if missing := set(CARD) - card.keys():
        raise ValueError(f"the card of {name} lacks {', '.join(sorted(missing))}")
    plain = copy_in_precision(model, "float32")
    with np.errstate(over="ignore"):
        weights = [weight.astype(np.float16) for weight in model.get_weights()]
    if not all(np.isfinite(weight).all() for weight in weights):
        raise ValueError(f"{name} has weights that are not finite, or too large for half precision")
    content = io.BytesIO()
    numbered = {f"weight-{n}": weight for n, weight in enumerate(weights)}
    pixels = {"mean": np.asarray(mean, np.float64), "deviation": np.asarray(deviation, np.float64)}
    np.savez_compressed(content, layers=plain.to_json(), **pixels, **numbered)
    if content.tell() > LARGEST:
        raise ValueError(f"{name} takes {content.tell():,} bytes; at most {LARGEST:,} may be kept")
    sha256 = hashlib.sha256(content.getvalue()).hexdigest()
    card = dict(card) | {"bytes": content.tell(), "sha256": sha256}
    # Two files cannot be replaced at once. The new card first brings the old one with it, so that whichever
    # weights a kill leaves there are described.
    path = paths.MODELS / f"{name}.json"
    before = _read_card(path) if path.exists() else None
    _write_card(path, card if before is None else card | {"before": before})
    paths.write_atomically(path.with_suffix(".npz"), content.getvalue())
    _write_card(path, card)
    return load_trained(name)


def _read_card(path: Path) -> dict[str, Any]:
    """Return the card that describes the weights beside it, or the newest where none does."""
    card = json.loads(path.read_text(encoding="utf-8"))
    before = card.pop("before", None)
    weights = path.with_suffix(".npz")
    if before and weights.exists() and hashlib.sha256(weights.read_bytes()).hexdigest() == before["sha256"]:
        return before
    return card


def _write_card(path: Path, card: Mapping[str, Any]) -> None:
    paths.write_atomically(path, json.dumps(card, indent=2, ensure_ascii=False) + "\n")


def load_trained(name: str) -> Trained:
    """Read a model that a full run has kept.

    Raises:
        ValueError: no such model.
        ChecksumError: the file is not the one that its card describes.
    """
    from helpers.backend import keras
    from helpers.models import branched_cnn, fast_cnn  # noqa: F401 (their layers must be known)

    known = sorted(path.stem for path in paths.MODELS.glob("*.json") if path.with_suffix(".npz").exists())
    if name not in known:
        raise ValueError(f"no trained model {name!r}{suggest(name, known, 'there are')}")
    card = _read_card(paths.MODELS / f"{name}.json")
    path = paths.MODELS / f"{name}.npz"
    content = path.read_bytes()
    if (found := hashlib.sha256(content).hexdigest()) != card["sha256"]:
        raise ChecksumError(
            f"{path.name} has SHA-256 {found}, its card says {card['sha256']}; restore it with git"
        )
    note_input(path, found)
    with np.load(io.BytesIO(content)) as file:
        model = keras.models.model_from_json(str(file["layers"]))
        model.set_weights([file[f"weight-{n}"].astype(np.float32) for n in range(len(model.weights))])
        prepare = partial(standardise, mean=file["mean"], deviation=file["deviation"])
    return Trained(model, prepare, card)
