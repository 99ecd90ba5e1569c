"""A kept model gives back what the trained one gave, says what it is, and is refused when spoiled."""

import json

import numpy as np
import pytest

from helpers import paths
from helpers.backend import keras
from helpers.data import ChecksumError
from helpers.images.transforms import standardise
from helpers.judging.predictions import predict
from helpers.models.fast_cnn import build_fast_cnn, measure_whitening
from helpers.training.trained import CARD, keep_trained, load_trained

MEAN, DEVIATION = [0.5, 0.4, 0.3], [0.2, 0.3, 0.4]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "MODELS", tmp_path / "models")
    return tmp_path / "models"


@pytest.fixture
def card():
    return {key: f"the {key}" for key in CARD} | {"metrics": {"test_accuracy": 0.5}}


def build(precision="float32"):
    keras.utils.set_random_seed(1)
    images = np.random.default_rng(0).normal(size=(50, 32, 32, 3)).astype(np.float32)
    return build_fast_cnn(measure_whitening(images), widths=(8, 8, 8), precision=precision)


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_a_kept_model_predicts_as_the_trained_one(folder, card, precision):
    images = np.random.default_rng(0).integers(0, 256, (20, 32, 32, 3), dtype=np.uint8)
    model = build(precision)
    keep_trained("tiny", model, mean=MEAN, deviation=DEVIATION, card=card)
    kept = load_trained("tiny")
    expected = predict(model, images, prepare=lambda part: standardise(part, MEAN, DEVIATION))
    tolerance = 2e-3 if precision == "float32" else 2e-2
    assert np.allclose(predict(kept.model, images, prepare=kept.prepare), expected, atol=tolerance)
    assert {layer.compute_dtype for layer in kept.model.layers} == {"float32"}
    assert kept.card["metrics"] == {"test_accuracy": 0.5}
    assert kept.card["bytes"] == (folder / "tiny.npz").stat().st_size


def test_a_spoiled_file_is_refused(folder, card):
    keep_trained("tiny", build(), mean=MEAN, deviation=DEVIATION, card=card)
    content = bytearray((folder / "tiny.npz").read_bytes())
    content[200] ^= 1
    (folder / "tiny.npz").write_bytes(content)
    with pytest.raises(ChecksumError, match=r"tiny\.npz has SHA-256"):
        load_trained("tiny")


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("written", [0, 1, 2])
def test_a_kill_while_keeping_leaves_a_model_with_its_own_card(folder, card, monkeypatch, first, written):
    """`written` of the three files are in place when the kill comes."""
    old, new = build(), build()
    new.set_weights([weight + 1 for weight in new.get_weights()])
    keep = {"mean": MEAN, "deviation": DEVIATION}
    if not first:
        keep_trained("tiny", old, **keep, card=card | {"seed": "old"})
    write, count = paths.write_atomically, iter(range(3))

    def die(path, content):
        if next(count) == written:
            raise KeyboardInterrupt
        write(path, content)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(paths, "write_atomically", die)
        keep_trained("tiny", new, **keep, card=card | {"seed": "new"})
    if first and written < 2:
        with pytest.raises(ValueError, match="no trained model 'tiny'"):
            load_trained("tiny")
    else:
        kept, expected = load_trained("tiny"), "new" if written == 2 else "old"
        assert kept.card["seed"] == expected
        weights = (new if expected == "new" else old).get_weights()
        assert np.allclose(kept.model.get_weights()[1], weights[1], atol=1e-2)
    kept = keep_trained("tiny", new, **keep, card=card | {"seed": "newest"})
    assert kept.card["seed"] == "newest"
    assert "before" not in json.loads((folder / "tiny.json").read_text())


def test_an_unknown_name_is_answered_with_the_nearest(folder, card):
    with pytest.raises(ValueError, match="no trained model 'tiny'; there are: none"):
        load_trained("tiny")
    keep_trained("tiny", build(), mean=MEAN, deviation=DEVIATION, card=card)
    with pytest.raises(ValueError, match="no trained model 'tinny'; did you mean tiny"):
        load_trained("tinny")


def test_what_cannot_be_kept_is_refused_and_nothing_is_written(folder, card):
    options = {"mean": MEAN, "deviation": DEVIATION}
    with pytest.raises(ValueError, match="the card of tiny lacks limits"):
        keep_trained("tiny", build(), **options, card={key: "" for key in CARD if key != "limits"})
    model = build()
    model.set_weights([weight + 1e6 for weight in model.get_weights()])
    with pytest.raises(ValueError, match="too large for half precision"):
        keep_trained("tiny", model, **options, card=card)
    large = keras.Sequential([keras.Input((2000,)), keras.layers.Dense(2000)])
    with pytest.raises(ValueError, match="at most 5,000,000 may be kept"):
        keep_trained("large", large, **options, card=card)
    assert not folder.exists()


def test_every_kept_model_has_a_whole_card():
    for path in paths.MODELS.glob("*.npz"):
        card = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        assert set(CARD) <= card.keys()
        assert path.stat().st_size == card["bytes"] < 5_000_000
