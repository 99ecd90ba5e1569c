"""Folds (lesson 21) and members (lesson 32) as tasks on two worker processes, one of which is killed."""

import os
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import StratifiedKFold

from helpers.combining.ensemble import average, compare_errors, select
from helpers.data import Split, load, stratified_split
from helpers.tasks.parallel import run_tasks

EXPERIMENT = {"images": 200, "epochs": 2}


@cache
def load_photos() -> Split:
    """Read the photos once in each process, and not once a fold."""
    return load("cifar10-sample", validation=0).train


def train_fold(fold: int, folder: Path, mortal: bool) -> dict:
    """Train a linear model on four folds and judge it on the fifth; fold 2 dies once, half-way."""
    train = load_photos()
    share = EXPERIMENT["images"] / len(train)
    train = train.take(stratified_split(train.labels, share, seed=0)[1])
    splitter = StratifiedKFold(5, shuffle=True, random_state=0)
    learn, judged = list(splitter.split(train.images, train.labels))[fold]
    with open(folder / "started", "a") as file:
        file.write(f"{fold}\n")
    pixels = train.images.reshape(len(train), -1) / 255
    model = SGDClassifier(loss="log_loss", random_state=fold)
    for epoch in range(EXPERIMENT["epochs"]):
        starts = Counter((folder / "started").read_text().split())
        if mortal and fold == 2 and starts["2"] == 1 and epoch == 1:
            os.kill(os.getpid(), 9)
        model.partial_fit(pixels[learn], train.labels[learn], classes=range(10))
    probabilities = model.predict_proba(pixels[judged])
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


# Members as tasks


def train_member(seed: int, folder: Path) -> list:
    data = load("mnist-sample", validation=0.1)
    with open(folder / "started", "a") as file:
        file.write(f"{seed}\n")
    learn = np.random.default_rng(seed).permutation(len(data.train))[:200]
    pixels = [
        part.reshape(len(part), -1) / 255 for part in (data.train.images[learn], data.test.images[:300])
    ]
    model = LogisticRegression().fit(pixels[0], data.train.labels[learn])
    np.save(folder / f"{seed}.npy", model.predict_proba(pixels[1]))
    validation = data.validation.images[:100].reshape(100, -1) / 255
    return model.predict_proba(validation).round(6).tolist()


def test_members_train_on_two_workers_are_kept_and_train_no_second_time(client, tmp_path):
    tasks = {f"seed {seed}": {"seed": seed, "folder": tmp_path} for seed in range(3)}
    kept = {"journal": tmp_path / "members.jsonl", "experiment": {"epochs": 2}}
    first = run_tasks(train_member, tasks, client=client, **kept)
    again = run_tasks(train_member, tasks, **kept)
    assert again == first
    assert Counter((tmp_path / "started").read_text().split()) == Counter("012")
    data = load("mnist-sample", validation=0.1)
    on, labels = data.validation.take(np.arange(100)), data.test.labels[:300]
    validated = {name: outcome.value for name, outcome in first.items()}
    tested = {f"seed {seed}": np.load(tmp_path / f"{seed}.npy") for seed in range(3)}
    chosen = select(validated, on, rounds=5)
    assert set(chosen) <= set(tasks)
    assert (average(tested, chosen).argmax(axis=1) == labels).mean() > 0.5
    assert (compare_errors(tested, labels)["correlation"] < 1).all()
