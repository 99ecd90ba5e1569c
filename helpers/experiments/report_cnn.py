"""The report's CNN over seeds, trained as printed.

What is asked: the report prints one training of its tuned network, and its last epoch. How far does that
epoch differ from seed to seed, and from the epoch that the validation images choose? Is the untuned example
of section 4.1 behind the tuned network? What do standardised images, and all 50,000 of them, change?

Fixed before the runs: five seeds; 20 epochs of 64 images a step; Keras' RMSprop for the tuned network and
Adam for the example, at their default rates. The validation images are the last tenth of the training images,
as Keras' `validation_split` takes them. The number that is compared with a printed one is that of the last
epoch. The number of the epoch with the highest validation accuracy stands beside it. The test images choose
nothing.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from helpers.data import Split, load
from helpers.images.transforms import measure_channels, scale, standardise
from helpers.judging.measures import average_classes, count_confusions, judge_classes
from helpers.judging.predictions import predict
from helpers.paths import state
from helpers.results import record_table
from helpers.tasks.parallel import run_tasks, take_values
from helpers.training.loop import Training, fit, write_weights

EPOCHS, BATCH_SIZE = 20, 64
WATCHED = 5000  # training images that are judged with dropout off after each epoch


def run(
    network: str = "tuned",
    images: int = 45_000,
    scaling: str = "by 255",
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4),
) -> None:
    """Train a network of the report once a seed, and record each training.

    Args:
        network: `tuned`, of section 4.3, or `example`, of section 4.1.
        images: of the 50,000 training images the first so many; the rest is for validation.
        scaling: `by 255`, or `standardised` by mean and standard deviation of each colour.
        seeds: of the weights, the order of the images, and dropout.
    """
    settings = {"network": network, "images": images, "scaling": scaling}
    tasks = {f"seed {seed}": settings | {"seed": seed} for seed in seeds}
    fixed = settings | {"epochs": EPOCHS, "batch_size": BATCH_SIZE}
    outcomes = run_tasks(train, tasks, journal=state() / "seeds.jsonl", experiment=fixed, tell=print)
    trained = take_values(outcomes)
    record_table("runs", pd.DataFrame([one["run"] for one in trained.values()]))
    record_table("histories", pd.DataFrame([row for one in trained.values() for row in one["history"]]))
    record_table("classes", pd.DataFrame([row for one in trained.values() for row in one["classes"]]))


def train(network: str, images: int, scaling: str, seed: int) -> dict[str, Any]:
    """Train once, and judge the last epoch and the one chosen on validation on the test images."""
    from helpers.backend import keras
    from helpers.models.report_cnn import build_example_cnn, build_report_cnn

    photos = load("cifar10", validation=0)
    learn, rest = photos.train.take(np.arange(images)), np.arange(images, len(photos.train))
    held_out = photos.train.take(rest, "validation") if len(rest) else None
    prepare = choose_scaling(scaling, learn)
    watched = learn.take(np.random.default_rng(0).permutation(images)[:WATCHED])

    def watch(model: "keras.Model") -> dict[str, float]:
        guesses = predict(model, watched.images, prepare=prepare).argmax(axis=1)
        return {"accuracy_without_dropout": float(np.mean(guesses == watched.labels))}

    keras.utils.set_random_seed(seed)
    model, optimiser = {
        "tuned": (build_report_cnn, keras.optimizers.RMSprop),
        "example": (build_example_cnn, keras.optimizers.Adam),
    }[network]
    training = fit(
        model(),
        learn,
        epochs=EPOCHS,
        batch_size=BATCH_SIZE,
        optimiser=optimiser(),
        validation=held_out,
        prepare=prepare,
        seed=seed,
        probe=watch,
        checkpoint=state() / f"seed-{seed}.npz",
    )
    return describe(training, photos.test, prepare, seed)


def choose_scaling(name: str, learn: Split) -> Callable[[np.ndarray], np.ndarray]:
    """Return what turns images into the inputs of a network."""
    if name == "by 255":
        return scale
    if name == "standardised":
        mean, deviation = measure_channels(learn.images)
        return partial(standardise, mean=mean, deviation=deviation)
    raise ValueError(f"unknown scaling {name!r}; use by 255 or standardised")


def describe(
    training: Training, test: Split, prepare: Callable[[np.ndarray], np.ndarray], seed: int
) -> dict[str, Any]:
    """Return a training as rows: `run`, and for each epoch and each class one of `history` and `classes`."""
    model, history = training.model, training.history.drop(columns="rate")
    guesses = predict(model, test.images, prepare=prepare).argmax(axis=1)
    by_class = judge_classes(count_confusions(test.labels, guesses, test.class_names))
    averages = average_classes(by_class)
    one = {"seed": seed, "seconds": training.seconds, "test_accuracy": averages["accuracy"]}
    one |= {name: averages[name] for name in ("precision_macro", "f1_macro")}
    if "val_accuracy" in history:
        validation = history["val_accuracy"]
        write_weights(model.weights, training.best_weights)
        chosen = predict(model, test.images, prepare=prepare).argmax(axis=1)
        one |= {
            "last_val_accuracy": validation.iloc[-1],
            "best_val_accuracy": validation.max(),
            "best_epoch": int(validation.idxmax()),
            "test_accuracy_of_best_epoch": np.mean(chosen == test.labels),
        }
    epochs = history.rename_axis("epoch").reset_index().assign(seed=seed).astype(float)
    counts = by_class[["predicted", "correct"]].rename_axis("class").reset_index().assign(seed=seed)
    return {
        "run": {name: float(value) for name, value in one.items()},
        "history": epochs.to_dict("records"),
        "classes": counts.to_dict("records"),
    }
