"""Fit a Keras model on a split: schedules, augmentation, averaging, early stopping, resuming after a kill.

A plain loop of steps over arrays. `Model.fit` on a data pipeline takes seconds more on a CPU; it can neither
average weights nor resume an interrupted run. Introduced in lesson 12, at full speed in lesson 14.
"""

import json
import math
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from helpers.content import describe, describe_architecture, hash_array
from helpers.data import Split
from helpers.images.transforms import scale
from helpers.judging.predictions import AT_ONCE, ends_in_softmax
from helpers.naming import refuse_other
from helpers.paths import write_atomically

if TYPE_CHECKING:
    import keras

Schedule = Callable[[float], float]
Augment = Callable[[np.ndarray, np.random.Generator, int], np.ndarray]
Probe = Callable[["keras.Model"], Mapping[str, float]]


class DivergedError(ArithmeticError):
    """The loss is no longer a finite number."""


def hold_constant(progress: float) -> float:
    """Return 1 for every step: a schedule that keeps the learning rate constant."""
    return 1.0


def decay_in_steps(factor: float = 0.1, parts: int = 3) -> Schedule:
    """Return a schedule of `parts` equally long parts; after each part the rate is multiplied by `factor`."""
    return lambda progress: factor ** min(int(progress * parts), parts - 1)


def decay_as_cosine(progress: float) -> float:
    """Return a factor that falls as half a cosine from 1 to 0. Source: Loshchilov and Hutter, ICLR 2017."""
    return (1 + math.cos(math.pi * progress)) / 2


def rise_and_fall(start: float = 0.2, peak: float = 0.23, end: float = 0.07) -> Schedule:
    """Return a triangular schedule: from `start` up to 1 at progress `peak` (0..1), then down to `end`."""
    return lambda progress: float(np.interp(progress, [0, peak, 1], [start, 1, end]))


class ReduceOnPlateau:
    """Multiply the rate by `factor` after `patience` epochs without a lower validation loss: a schedule."""

    def __init__(self, factor: float = 0.1, patience: int = 3) -> None:
        self._factor, self._patience = factor, patience
        self._scale, self._lowest, self._waited = 1.0, math.inf, 0

    def __call__(self, progress: float) -> float:
        return self._scale

    def observe(self, loss: float) -> None:
        """Count the validation loss of one epoch; lower the rate if `patience` is used up."""
        self._waited = 0 if loss < self._lowest else self._waited + 1
        self._lowest = min(self._lowest, loss)
        if self._waited >= self._patience:
            self._scale, self._waited = self._scale * self._factor, 0


@dataclass(frozen=True)
class Averaging:
    """Every `every` steps update a moving average of the weights, and set the weights to this average.

    With k = `decay ** every` * progress ** 3, the new average is k * average + (1 - k) * weights: it follows
    the weights closely at first and changes little at the end. Source: Zhang et al., Lookahead Optimizer,
    NeurIPS 2019, with the schedule of KellerJordan/cifar10-airbench. Introduced in lesson 14.
    """

    every: int = 5
    decay: float = 0.95


@dataclass(frozen=True)
class Training:
    """Hold what `fit` returns.

    Attributes:
        model: with the weights of the last epoch, or of the best one if `keep_best`.
        history: one row for each epoch, from 1: loss, accuracy, rate, seconds; val_loss and val_accuracy if
            there are validation images; and the numbers of the probe.
        best_epoch: the epoch whose weights the model has.
        seconds: of steps and augmentation, without validation; the sum of all parts of an interrupted run.
        images: how many were shown to the model, counted with repeats.
        best_weights: the weights of the epoch with the highest validation accuracy, for `write_weights`;
            empty without validation images.
    """

    model: "keras.Model"
    history: pd.DataFrame
    best_epoch: int
    seconds: float
    images: int
    best_weights: list[np.ndarray]

    @property
    def images_per_second(self) -> float:
        return self.images / self.seconds


def fit(
    model: "keras.Model",
    train: Split,
    *,
    epochs: float,
    batch_size: int,
    optimiser: "keras.Optimizer | None" = None,
    validation: Split | None = None,
    prepare: Callable[[np.ndarray], np.ndarray] = scale,
    augment: Augment | None = None,
    schedule: Schedule = hold_constant,
    label_smoothing: float = 0.0,
    averaging: Averaging | None = None,
    patience: int | None = None,
    keep_best: bool = False,
    seed: int = 0,
    probe: Probe | None = None,
    checkpoint: Path | None = None,
    tell: Callable[[str], None] | None = None,
) -> Training:
    """Fit a model and return it with its history and cost.

    Args:
        model: an uncompiled model is compiled with `optimiser` and cross-entropy; its outputs are taken as
            logits unless it ends in softmax. `seed` does not set its initial weights: call
            `keras.utils.set_random_seed` before building it.
        train: the training split.
        epochs: passes over the images; 9.9 stops after nine tenths of the tenth pass.
        batch_size: images in one step; the last step of an epoch may have fewer.
        optimiser: for an uncompiled model only. `schedule` multiplies its learning rate.
        validation: split whose loss and accuracy are measured after each epoch.
        prepare: function that turns a batch of uint8 images into the inputs of the model.
        augment: called once an epoch with all images, a generator and the epoch from 0; returns new images.
        schedule: function of progress in 0..1 that returns the factor of the rate, or a `ReduceOnPlateau`.
        label_smoothing: share (0..1) of each label spread over all classes; for an uncompiled model only.
        averaging: of the weights; none by default.
        patience: stop after this many epochs without a higher validation accuracy.
        keep_best: return the weights of the epoch with the highest validation accuracy, not of the last.
        seed: of the order and the augmentation; each epoch draws from its own generator.
        probe: called with the model after each epoch; its numbers are added to that row of the history.
        checkpoint: file in which the state is saved after each epoch. If it exists, the run resumes from it
            and gives the same result as an uninterrupted run; a finished run returns at once. A checkpoint of
            other images, labels, initial weights, functions or settings is refused.
        tell: called after each epoch with one line of text: measures, seconds, and the time left.

    Raises:
        JobError: `train` is not a train split, or `validation` not a validation split.
        TypeError: a checkpoint with a function that cannot be described by its content, such as a generator.
        ValueError: no images, classes that do not match the model, settings that contradict each other, or a
            checkpoint of another run.
        DivergedError: the loss is not finite; the message says in which step, and what to try.
    """
    _check(model, train, validation, prepare, epochs, batch_size, optimiser, label_smoothing)
    if validation is None and (patience is not None or keep_best):
        raise ValueError("patience and keep_best choose an epoch; give the validation split to choose on")
    if not model.compiled:
        _compile(model, optimiser, label_smoothing)
    settings = {"epochs": epochs, "batch_size": batch_size, "seed": seed}
    loop = _Loop(model, (train, validation), settings, (prepare, augment, schedule, probe), averaging)
    if checkpoint:
        loop.recipe = loop.settings | loop._describe_recipe()
        if checkpoint.exists():
            loop.restore(checkpoint)
    while loop.step < loop.total and not loop.is_out_of_patience(patience):
        loop.run_epoch()
        if checkpoint:
            loop.save(checkpoint)
        if tell:
            tell(loop.describe())
    return loop.conclude(keep_best)


def _check(
    model: "keras.Model",
    train: Split,
    validation: Split | None,
    prepare: Callable[[np.ndarray], np.ndarray],
    epochs: float,
    batch_size: int,
    optimiser: "keras.Optimizer | None",
    label_smoothing: float,
) -> None:
    train.require("fit")
    if validation is not None:
        validation.require("choose")
    for split in (train, validation):
        if split is not None and len(split) == 0:
            raise ValueError(f"the {split.role} split of {split.name} is empty; load more images")
    if epochs <= 0 or batch_size < 1:
        raise ValueError(f"epochs={epochs} and batch_size={batch_size} must be above 0")
    if model.compiled == (optimiser is not None):
        state = "compiled and needs no optimiser" if model.compiled else "not compiled and needs an optimiser"
        raise ValueError(f"the model is {state}")
    rate = (optimiser or model.optimizer).get_config().get("learning_rate")
    if not isinstance(rate, float):
        raise ValueError(
            f"the optimiser has the schedule {rate['class_name']} as its rate; give it a number, and the "
            "schedule to fit"
        )
    if model.compiled and label_smoothing:
        raise ValueError("label_smoothing is for a model that is not compiled; put it into the loss instead")
    if model.compiled and "accuracy" not in (measured := _list_measures(model, train, prepare)):
        raise ValueError(
            f"the model is compiled with {', '.join(measured)} alone; compile it with metrics=['accuracy']"
        )
    outputs, classes = model.output_shape[-1], len(train.class_names)
    if outputs != classes:
        raise ValueError(f"the model has {outputs} outputs, but {train.name} has {classes} classes")


def _list_measures(model: "keras.Model", train: Split, prepare: Callable[..., np.ndarray]) -> list[str]:
    """Return the names of a compiled model's measures; Keras knows them only after one evaluated image."""
    images, labels = prepare(train.images[:1]), _encode(model, train.labels[:1], len(train.class_names))
    measured = model.test_on_batch(images, labels, return_dict=True)
    model.reset_metrics()
    return list(measured)


def _encode(model: "keras.Model", labels: np.ndarray, classes: int) -> np.ndarray:
    """Return labels in the form the model's loss expects: class numbers (N,) or one-hot (N, classes)."""
    hot = getattr(model.loss, "name", model.loss) == "categorical_crossentropy"
    return np.eye(classes, dtype=np.float32)[labels] if hot else labels


def _compile(model: "keras.Model", optimiser: "keras.Optimizer", smoothing: float) -> None:
    from helpers.backend import keras

    logits = not ends_in_softmax(model)
    if smoothing:
        loss = keras.losses.CategoricalCrossentropy(logits, label_smoothing=smoothing)
    else:
        loss = keras.losses.SparseCategoricalCrossentropy(logits)
    # jit_compile="auto" would choose XLA, which makes these networks slower on a CPU.
    model.compile(optimiser, loss, metrics=["accuracy"], jit_compile=False)


def read_weights(variables: Sequence["keras.Variable"]) -> list[np.ndarray]:
    """Return copies of the values of Keras variables."""
    from helpers.backend import keras

    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]


def write_weights(variables: Sequence["keras.Variable"], values: Sequence[np.ndarray]) -> None:
    """Set Keras variables to values of the same shapes."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


class _Loop:
    """Hold the state of a run, and advance it by one epoch at a time."""

    def __init__(
        self,
        model: "keras.Model",
        splits: tuple[Split, Split | None],
        settings: dict[str, Any],
        functions: tuple[Callable, Augment | None, Schedule, Probe | None],
        averaging: Averaging | None,
    ) -> None:
        self.model, self.averaging = model, averaging
        self.train, self.validation = splits
        self.prepare, self.augment, self.schedule, self.probe = functions
        self.settings, self.recipe = settings, {}
        self.rate = float(model.optimizer.learning_rate)
        self.total = math.ceil(settings["epochs"] * math.ceil(len(self.train) / settings["batch_size"]))
        self.step = self.images = 0
        self.seconds = 0.0
        self.rows: list[dict[str, float]] = []
        self.best: list[np.ndarray] = []
        self.average = read_weights(model.weights) if averaging else []
        model.optimizer.build(model.trainable_variables)

    def _describe_recipe(self) -> dict[str, Any]:
        """Return all that determines the result, as JSON: a checkpoint may be resumed only if it is the same.

        Raises:
            TypeError: a function or schedule that cannot be described by its content; the message names it.
        """
        model, recipe = self.model, {}
        parts = {
            "train": [self.train.images, self.train.labels],
            "validation": self.validation and [self.validation.images, self.validation.labels],
            # Without the name: Keras numbers the optimisers of a process, so that it differs from run to run.
            "optimiser": {"class": type(model.optimizer)} | model.optimizer.get_config() | {"name": ""},
            "loss": model.loss,
            "averaging": self.averaging,
            "prepare": self.prepare,
            "augment": self.augment,
            "schedule": self.schedule,
        }
        for name, part in parts.items():
            try:
                recipe[name] = describe(part)
            except TypeError as error:
                raise TypeError(f"a run with a checkpoint must know its {name}: {error}") from None
        recipe["model"] = describe_architecture(model)
        start = [*model.variables, *model.optimizer.variables]
        recipe["start"] = [hash_array(value) for value in read_weights(start)]
        return json.loads(json.dumps(recipe))

    def run_epoch(self) -> None:
        """Train on every image once (fewer in a partial last epoch), then measure on validation images."""
        epoch, began = len(self.rows), time.perf_counter()
        # A generator for each epoch: a resumed run draws the same numbers, and its state need not be saved.
        rng = np.random.default_rng([self.settings["seed"], epoch])
        images = self.augment(self.train.images, rng, epoch) if self.augment else self.train.images
        order = rng.permutation(len(images))
        sums, shown = np.zeros(2), self.images
        for start in range(0, len(order), self.settings["batch_size"]):
            if self.step == self.total:
                break
            chosen = order[start : start + self.settings["batch_size"]]
            sums += len(chosen) * self._take_step(images[chosen], self.train.labels[chosen])
        row = dict(zip(("loss", "accuracy"), (sums / (self.images - shown)).tolist(), strict=True))
        row |= {"rate": float(self.model.optimizer.learning_rate), "seconds": time.perf_counter() - began}
        self.seconds += row["seconds"]
        probed = dict(self.probe(self.model)) if self.probe else {}
        self.rows.append(row | self._judge() | {key: float(value) for key, value in probed.items()})
        if self.validation and self.best_epoch == len(self.rows):
            self.best = read_weights(self.model.weights)

    def _take_step(self, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Take one training step; return the loss and accuracy of its images, (2,)."""
        self.model.optimizer.learning_rate = self.rate * self.schedule(self.step / self.total)
        measured = self._measure(self.model.train_on_batch, images, labels)
        self.step, self.images = self.step + 1, self.images + len(images)
        if not math.isfinite(measured[0]):
            raise DivergedError(
                f"the loss is {measured[0]} in epoch {len(self.rows) + 1}, step {self.step} of "
                f"{self.total}; lower the learning rate, or look for pixels that are not finite after prepare"
            )
        if self.averaging and (self.step % self.averaging.every == 0 or self.step == self.total):
            self._pull_average()
        return measured

    def _measure(self, act: Callable[..., dict], images: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Call `act` (train or test) on one batch; return the loss and accuracy of this batch alone, (2,)."""
        labels = _encode(self.model, labels, len(self.train.class_names))
        self.model.reset_metrics()
        measured = act(self.prepare(images), labels, return_dict=True)
        return np.array([measured["loss"], measured["accuracy"]], dtype=np.float64)

    def _pull_average(self) -> None:
        kept = self.averaging.decay**self.averaging.every * (self.step / self.total) ** 3
        kept = 1.0 if self.step == self.total else kept  # the last step sets the weights to the average
        now = read_weights(self.model.weights)
        self.average = [
            kept * then + (1 - kept) * value for then, value in zip(self.average, now, strict=True)
        ]
        write_weights(self.model.weights, self.average)

    def _judge(self) -> dict[str, float]:
        """Return loss and accuracy on the validation images; pass the loss to a `ReduceOnPlateau`."""
        if self.validation is None:
            return {}
        sums = np.zeros(2)
        for start in range(0, len(self.validation), AT_ONCE):
            images = self.validation.images[start : start + AT_ONCE]
            labels = self.validation.labels[start : start + AT_ONCE]
            sums += len(images) * self._measure(self.model.test_on_batch, images, labels)
        loss, accuracy = (sums / len(self.validation)).tolist()
        if isinstance(self.schedule, ReduceOnPlateau):
            self.schedule.observe(loss)
        return {"val_loss": loss, "val_accuracy": accuracy}

    @property
    def best_epoch(self) -> int:
        """Return the first epoch with the highest validation accuracy; without validation the last epoch."""
        if self.validation is None:
            return len(self.rows)
        return 1 + int(np.argmax([row["val_accuracy"] for row in self.rows]))

    def is_out_of_patience(self, patience: int | None) -> bool:
        return patience is not None and bool(self.rows) and len(self.rows) - self.best_epoch >= patience

    def describe(self) -> str:
        """Return one line with the measures of the last epoch and the time left."""
        row = self.rows[-1]
        shown = [f"epoch {len(self.rows)}"] + [
            f"{name} {row[name]:.4f}" for name in ("loss", "accuracy", "val_accuracy") if name in row
        ]
        left = self.seconds * (self.total - self.step) / self.step
        return ", ".join([*shown, f"{row['seconds']:.0f} s", f"about {left / 60:.1f} minutes left"])

    def save(self, path: Path) -> None:
        """Save all that the rest of the run depends on; a kill leaves either the old file or the new one."""
        state = {"recipe": self.recipe, "step": self.step, "images": self.images, "rows": self.rows}
        groups = {"model": read_weights(self.model.variables), "best": self.best, "average": self.average}
        groups["optimiser"] = read_weights(self.model.optimizer.variables)
        arrays = {f"{group}-{n}": array for group, values in groups.items() for n, array in enumerate(values)}
        write_atomically(path, lambda file: np.savez(file, state=json.dumps(state), **arrays))

    def restore(self, path: Path) -> None:
        """Load the state that `save` wrote.

        Raises:
            ValueError: the file belongs to another run.
        """
        with np.load(path) as file:
            state = json.loads(str(file["state"]))
            refuse_other(
                state.get("recipe", {}),
                self.recipe,
                f"{path.name} is of another run",
                "remove it, or name another",
            )
            counts = Counter(name.rpartition("-")[0] for name in file.files)
            groups = {
                group: [file[f"{group}-{n}"] for n in range(counts[group])]
                for group in ("model", "optimiser", "best", "average")
            }
        write_weights(self.model.variables, groups["model"])
        write_weights(self.model.optimizer.variables, groups["optimiser"])
        self.best, self.average = groups["best"], groups["average"]
        self.step, self.images, self.rows = state["step"], state["images"], state["rows"]
        self.seconds = sum(row["seconds"] for row in self.rows)
        if isinstance(self.schedule, ReduceOnPlateau):
            for row in self.rows:
                self.schedule.observe(row["val_loss"])

    def conclude(self, keep_best: bool) -> Training:
        if keep_best:
            write_weights(self.model.weights, self.best)
        history = pd.DataFrame(self.rows, index=pd.RangeIndex(1, len(self.rows) + 1, name="epoch"))
        best = self.best_epoch if keep_best else len(self.rows)
        return Training(self.model, history, best, self.seconds, self.images, self.best)
