import importlib
import json
import math
import subprocess
import sys
import time
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from helpers.data import load_part
from helpers.search.tuning import name_trial, search

FIXED = {"epochs": 2, "seed": 0}
LEARN = """
import sys
from pathlib import Path
import keras_tuner
import numpy as np
from helpers.backend import keras
from helpers.data import Split
from helpers.training.loop import fit
from helpers.search.tuning import search

def train_tiny(folder, units, rate, epochs, seed):
    with open(Path(folder) / "started", "a") as file:
        file.write(f"{units} {rate}\\n")
    rng = np.random.default_rng(0)
    images, labels = rng.integers(256, size=(64, 4, 4, 1), dtype=np.uint8), np.arange(64) % 2
    part = Split(images, labels, ("a", "b"), "train", "noise")
    keras.utils.set_random_seed(seed)
    layers = [keras.layers.Flatten(), keras.layers.Dense(units, "relu"), keras.layers.Dense(2)]
    model = keras.Sequential([keras.Input((4, 4, 1)), *layers])
    training = fit(model, part, epochs=epochs, batch_size=16, optimiser=keras.optimizers.SGD(rate), seed=seed)
    return {"history": training.history["accuracy"].tolist(), "loss": training.history["loss"].tolist()}

def run_search(folder, journal):
    space = keras_tuner.HyperParameters()
    space.Int("units", 1, 64)
    space.Float("rate", 0.001, 1.0, sampling="log")
    oracle = keras_tuner.oracles.BayesianOptimizationOracle(
        objective=keras_tuner.Objective("accuracy", "max"), max_trials=9, num_initial_points=4,
        hyperparameters=space, seed=7,
    )
    fixed = {"folder": str(folder), "epochs": 2, "seed": 0}
    return search(oracle, train_tiny, fixed=fixed, budget=18, journal=Path(journal), experiment={"a": 1})

if __name__ == "__main__":
    run_search(sys.argv[1], sys.argv[2])
"""


@pytest.fixture(scope="module")
def tuner():
    importlib.import_module("helpers.backend")  # first, since it keeps TensorFlow quiet
    return importlib.import_module("keras_tuner")


@pytest.fixture
def make_oracle(tuner):
    def make(kind: str = "RandomSearch", **settings: object):
        space = tuner.HyperParameters()
        space.Int("width", 1, 80)
        with space.conditional_scope("width", list(range(41, 81))):
            space.Int("more", 0, 3)
        settings = {"objective": tuner.Objective("val_accuracy", "max"), "seed": 3} | settings
        return getattr(tuner.oracles, f"{kind}Oracle")(hyperparameters=space, **settings)

    return make


def rise_to(width: int, epochs: int, seed: int, more: int = 0) -> dict:
    return {"history": [width / 100 * (epoch + 1) / epochs for epoch in range(epochs)], "images": 10 * epochs}


def test_a_search_asks_until_the_budget_is_spent(make_oracle, capsys):
    table = search(make_oracle(max_trials=99), rise_to, fixed=FIXED, budget=9)
    assert list(table["spent"]) == [2, 4, 6, 8]
    assert list(table["images"]) == [20] * 4
    assert capsys.readouterr().out == ""


def test_a_search_ends_when_the_oracle_has_no_more_to_ask(make_oracle):
    assert len(search(make_oracle(max_trials=3), rise_to, fixed=FIXED, budget=99, at_once=2)) == 3


def test_asking_for_several_at_once_changes_nothing_where_nothing_is_learned(make_oracle):
    one = search(make_oracle(max_trials=7), rise_to, fixed=FIXED, budget=99)
    many = search(make_oracle(max_trials=7), rise_to, fixed=FIXED, budget=99, at_once=5)
    pd.testing.assert_frame_equal(one, many)


def test_failing_trials_are_kept_and_told_and_the_search_goes_on(make_oracle):
    def fail(width: int, more: int = 0, **settings: int) -> dict:
        if width % 10:
            raise ValueError(f"width {width}")
        return {"history": [0.3, 0.9, 0.5]}

    oracle = make_oracle(max_trials=12)
    table = search(oracle, fail, fixed=FIXED, budget=99)
    failed = table["error"] != ""
    assert len(table) == 12
    assert failed.sum() > 4  # Keras Tuner's own limit is three in a row
    assert list(table["score"].isna()) == list(failed)
    assert set(table.loc[~failed, "score"]) == {0.9}
    statuses = Counter(trial.status for trial in oracle.trials.values())
    assert statuses == {"FAILED": failed.sum(), "COMPLETED": (~failed).sum()}


def test_hyperband_promotes_the_best_and_pays_for_all_their_epochs(make_oracle):
    oracle = make_oracle("Hyperband", max_epochs=3, factor=3, hyperband_iterations=9)
    table = search(oracle, rise_to, fixed={"epochs": 3, "seed": 0}, budget=13)
    assert list(table["epochs"]) == [1, 1, 1, 3, 3, 3, 1]
    assert table["spent"].iloc[-1] == 13
    assert table["width"][3] == table.loc[table["score"][:3].idxmax(), "width"]
    assert "tuner/epochs" not in table


def test_the_key_of_a_trial_does_not_hang_on_the_order_of_its_settings():
    assert name_trial({"a": 1, "b": 2}) == name_trial({"b": 2, "a": 1}) != name_trial({"a": 1, "b": 3})


def test_a_part_has_every_class_alike_and_is_read_once():
    train, held_out = load_part("mnist-sample", 500, 0.2)
    assert len(train) == 500
    assert (len(held_out), held_out.role) == (2000, "validation")
    whole, _ = load_part("mnist-sample", 10**9, 0.2)
    assert len(whole) == 8000
    shares = np.bincount(train.labels) / 500 - np.bincount(whole.labels) / 8000
    assert abs(shares).max() <= 1 / 500
    assert load_part("mnist-sample", 500, 0.2)[0] is train


def test_a_killed_search_ends_like_one_never_interrupted(tmp_path, monkeypatch):
    (tmp_path / "tiny_search.py").write_text(LEARN)
    monkeypatch.syspath_prepend(tmp_path)
    from tiny_search import run_search

    for name in ("killed", "whole"):
        (tmp_path / name).mkdir()
    journal = tmp_path / "killed" / "journal"
    command = [sys.executable, str(tmp_path / "tiny_search.py"), str(tmp_path / "killed"), str(journal)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while not journal.exists() or journal.read_bytes().count(b"\n") < 7:  # past the random beginning
        assert process.poll() is None, "the search ended before it could be killed"
        time.sleep(0.005)
    process.kill()
    process.wait()
    finished = len(journal.read_bytes().splitlines()) - 1
    assert 6 <= finished < 9
    whole = run_search(tmp_path / "whole", tmp_path / "whole" / "journal")
    resumed = run_search(tmp_path / "killed", journal)
    here = ["key", "folder"]
    pd.testing.assert_frame_equal(resumed.drop(columns=here), whole.drop(columns=here))
    assert not math.isnan(whole["score"].max())
    starts = (tmp_path / "killed" / "started").read_text().splitlines()
    assert len(starts) - len(set(starts)) <= 1  # at most the one that the kill interrupted
    assert len({json.loads(line)["key"] for line in journal.read_text().splitlines()[1:]}) == len(set(starts))
