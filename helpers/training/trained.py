"""Keep trained models in `reports/models/`, where the full runs of lessons write them for later lessons.

A model is one `.npz` file: its layers as Keras describes them, its weights in half precision, and the mean
and standard deviation of its training pixels. Its card is the `.json` file beside it. Loading executes no
code from the files; it only builds layers of Keras and of this package.
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
    """Hold a trained model, the preparation of its images, and its card.

    Attributes:
        model: takes the output of `prepare`; not compiled; in float32.
        prepare: turns uint8 images (N, H, W, C) into the inputs of the model; give both to
            `helpers.judging.predictions.predict`.
        card: data, recipe, seed, metrics, limits, bytes and sha256.
    """

    model: "keras.Model"
    prepare: Callable[[np.ndarray], np.ndarray]
    card: dict[str, Any]


def keep_trained(
    name: str, model: "keras.Model", *, mean: ArrayLike, deviation: ArrayLike, card: Mapping[str, Any]
) -> Trained:
    """Write a trained model and its card; return it as loaded from the file: measure this copy.

    Args:
        name: such as `fast_cifar10`.
        model: of any precision; its weights are rounded to half precision.
        mean: (C,), subtracted from pixels in 0..1.
        deviation: (C,), standard deviation; the pixels are divided by it after that.
        card: with the keys of `CARD`: the training data, the recipe in one sentence, the seed, metrics by
            name, and what the model must not be used for.

    Raises:
        ValueError: a key is missing, a weight is too large for half precision, or the file exceeds 5 MB.
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
    # Two files cannot be replaced in one step. The new card first holds the old one, too: if a kill comes
    # between the writes, `_read_card` picks the card whose hash fits the weights.
    path = paths.MODELS / f"{name}.json"
    before = _read_card(path) if path.exists() else None
    _write_card(path, card if before is None else card | {"before": before})
    paths.write_atomically(path.with_suffix(".npz"), content.getvalue())
    _write_card(path, card)
    return load_trained(name)


def _read_card(path: Path) -> dict[str, Any]:
    """Return the card whose hash fits the weights file, old or new; the new card if neither does."""
    card = json.loads(path.read_text(encoding="utf-8"))
    before = card.pop("before", None)
    weights = path.with_suffix(".npz")
    if before and weights.exists() and hashlib.sha256(weights.read_bytes()).hexdigest() == before["sha256"]:
        return before
    return card


def _write_card(path: Path, card: Mapping[str, Any]) -> None:
    paths.write_atomically(path, json.dumps(card, indent=2, ensure_ascii=False) + "\n")


def load_trained(name: str) -> Trained:
    """Load a model that a full run wrote.

    Raises:
        ValueError: there is no model of this name.
        ChecksumError: the SHA-256 of the weights file differs from that on the card.
    """
    from helpers.backend import keras
    from helpers.models import branched_cnn, fast_cnn  # noqa: F401 (registers their layers)

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
