"""Five folds of a network on two worker processes, one of which is killed while it trains: lesson 21."""

import os
import signal
from collections import Counter
from pathlib import Path

import numpy as np
from sklearn.model_selection import StratifiedKFold

from helpers.data import load, stratified_split
from helpers.models.report_cnn import build_report_cnn
from helpers.parallel import run_tasks
from helpers.predict import predict
from helpers.train import fit

EXPERIMENT = {"images": 200, "epochs": 2}


def train_fold(fold: int, folder: Path, mortal: bool) -> dict:
    """Train a small network on four folds and judge it on the fifth; fold 2 dies once, half-way."""
    from helpers.backend import keras

    train = load("cifar10-sample", validation=0).train
    share = EXPERIMENT["images"] / len(train)
    train = train.take(stratified_split(train.labels, share, seed=0)[1])
    splitter = StratifiedKFold(5, shuffle=True, random_state=0)
    learn, judged = list(splitter.split(train.images, train.labels))[fold]
    with open(folder / "started", "a") as file:
        file.write(f"{fold}\n")

    def tell(line: str) -> None:
        starts = Counter((folder / "started").read_text().split())
        if mortal and fold == 2 and starts["2"] == 1 and line.startswith("epoch 1,"):
            os.kill(os.getpid(), signal.SIGKILL)

    keras.utils.set_random_seed(fold)
    fit(
        model := build_report_cnn((8,), units=16),
        train.take(learn),
        epochs=EXPERIMENT["epochs"],
        batch_size=16,
        optimiser=keras.optimizers.Adam(0.003),
        seed=fold,
        tell=tell,
    )
    probabilities = predict(model, train.images[judged])
    of_true_class = probabilities[np.arange(len(judged)), train.labels[judged]]
    return {"judged": judged.tolist(), "probabilities": of_true_class.tolist()}


def test_a_worker_killed_while_it_trains_costs_one_retry_and_all_five_folds_arrive(client, tmp_path):
    (alone := tmp_path / "alone").mkdir()
    tasks = {str(fold): {"fold": fold, "folder": tmp_path, "mortal": True} for fold in range(5)}
    outcomes = run_tasks(
        train_fold, tasks, client=client, journal=tmp_path / "folds.jsonl", experiment=EXPERIMENT
    )
    assert [outcome.error for outcome in outcomes.values()] == [""] * 5
    starts = Counter((tmp_path / "started").read_text().split())
    assert starts == Counter({"0": 1, "1": 1, "2": 2, "3": 1, "4": 1})
    judged = np.concatenate([outcome.value["judged"] for outcome in outcomes.values()])
    assert sorted(judged) == list(range(EXPERIMENT["images"]))
    # The killed fold began anew: it ends where one that was never killed ends.
    undisturbed = {"2": {"fold": 2, "folder": alone, "mortal": False}}
    assert outcomes["2"] == run_tasks(train_fold, undisturbed, client=client)["2"]
