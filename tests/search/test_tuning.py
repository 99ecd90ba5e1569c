import importlib
import json
import math
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from helpers.data import Split, load_part
from helpers.search.tuning import name_trial, search
from helpers.training.loop import fit

FIXED = {"epochs": 2, "seed": 0}
# A search with an oracle that learns, and neither Keras nor Keras Tuner: a process has it in a second or two.
CLIMB = """
import sys
from pathlib import Path
from types import SimpleNamespace
import numpy as np

tuner = SimpleNamespace(BaseTuner=lambda oracle, directory: None)
sys.modules |= {"keras_tuner": SimpleNamespace(), "keras_tuner.engine": SimpleNamespace()}
sys.modules["keras_tuner.engine.base_tuner"] = tuner
from helpers.search.tuning import search

class Climber:
    objective = SimpleNamespace(name="accuracy")

    def __init__(self, seed):
        self.rng, self.place, self.height = np.random.default_rng(seed), 0.0, 0.0

    def create_trial(self, asker):
        values = {"place": self.place + self.rng.normal()}
        return SimpleNamespace(
            trial_id=0, status="RUNNING", hyperparameters=SimpleNamespace(values=values), values=values
        )

    def update_trial(self, trial_id, metrics, step):
        self.told = metrics["accuracy"]

    def end_trial(self, trial):
        if self.told > self.height:
            self.place, self.height = trial.values["place"], self.told

def climb(folder, place, epochs, seed):
    with open(Path(folder) / "started", "a") as file:
        file.write(f"{place}\\n")
    started = (Path(folder) / "started").read_text().count("\\n")
    if started == 8 and "stop" in sys.argv:
        print("in trial 8", flush=True)
        sys.stdin.read()  # until the end, by a kill
    return {"history": [0.5 / (1 + (place - 3) ** 2), 1 / (1 + (place - 3) ** 2)], "started": started}

for folder in sys.argv[1].split():
    fixed = {"folder": folder, "epochs": 2, "seed": 0}
    table = search(
        Climber(11), climb, fixed=fixed, budget=18, journal=Path(folder) / "journal", experiment={"a": 1}
    )
    table.drop(columns=["key", "folder", "started"]).to_json(Path(folder) / "table.json")
assert not {"keras", "tensorflow"} & set(sys.modules)
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


def start_climb(*arguments: str) -> subprocess.Popen:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    return subprocess.Popen(
        [sys.executable, "-c", CLIMB, *arguments],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        **pipes,
    )


def test_a_killed_search_ends_like_one_never_interrupted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    killed, whole = Path("killed"), Path("whole")
    killed.mkdir()
    whole.mkdir()
    process = start_climb("killed", "stop")
    assert process.stdout.readline() == "in trial 8\n"
    process.kill()
    process.communicate()
    finished = [json.loads(line)["key"] for line in (killed / "journal").read_text().splitlines()[1:]]
    assert len(finished) == 7
    again = start_climb("killed whole")
    assert again.communicate()[0] == ""
    assert again.returncode == 0
    assert (killed / "table.json").read_text() == (whole / "table.json").read_text()
    scores = pd.read_json(whole / "table.json")["score"]
    assert len(scores) == 9
    assert scores.max() > 0.5, "the oracle learned nothing"
    starts = Counter((killed / "started").read_text().split())
    assert len(starts) == 9
    assert starts.total() == 10, "only the trial that the kill interrupted is trained twice"
    journal = [json.loads(line)["key"] for line in (killed / "journal").read_text().splitlines()[1:]]
    assert journal[:7] == finished
    assert len(set(journal)) == 9


def train_tiny(folder: str, units: int, rate: float, epochs: int, seed: int) -> dict:
    from helpers.backend import keras

    with open(Path(folder) / "started", "a") as file:
        file.write(f"{units} {rate}\n")
    rng = np.random.default_rng(0)
    images, labels = rng.integers(256, size=(64, 4, 4, 1), dtype=np.uint8), np.arange(64) % 2
    part = Split(images, labels, ("a", "b"), "train", "noise")
    keras.utils.set_random_seed(seed)
    layers = [keras.layers.Flatten(), keras.layers.Dense(units, "relu"), keras.layers.Dense(2)]
    model = keras.Sequential([keras.Input((4, 4, 1)), *layers])
    training = fit(model, part, epochs=epochs, batch_size=16, optimiser=keras.optimizers.SGD(rate), seed=seed)
    return {"history": training.history["accuracy"].tolist(), "loss": training.history["loss"].tolist()}


def test_a_search_with_the_journal_of_an_interrupted_one_asks_and_trains_the_same(tuner, tmp_path):
    """The journal is that of a whole search, cut after seven trials: past the random beginning."""

    def run_search(folder: Path) -> pd.DataFrame:
        space = tuner.HyperParameters()
        space.Int("units", 1, 64)
        space.Float("rate", 0.001, 1.0, sampling="log")
        oracle = tuner.oracles.BayesianOptimizationOracle(
            objective=tuner.Objective("accuracy", "max"),
            max_trials=9,
            num_initial_points=4,
            hyperparameters=space,
            seed=7,
        )
        kept = {"journal": folder / "journal", "experiment": {"a": 1}}
        return search(oracle, train_tiny, fixed=FIXED | {"folder": str(tmp_path)}, budget=18, **kept)

    whole = run_search(tmp_path)
    (cut := tmp_path / "cut").mkdir()
    lines = (tmp_path / "journal").read_text().splitlines(keepends=True)
    (cut / "journal").write_text("".join(lines[:8]))
    resumed = run_search(cut)
    pd.testing.assert_frame_equal(resumed, whole)
    assert not math.isnan(whole["score"].max())
    starts = (tmp_path / "started").read_text().splitlines()
    assert len(set(starts)) == 9
    assert starts[9:] == starts[7:9], "of the trials in the journal none is trained again"
    assert (cut / "journal").read_text() == "".join(lines)
