"""Fit a Keras model on a split: schedules, augmentation, averaging, early stopping, going on after a kill.

A plain loop of steps over arrays: `Model.fit` on a data pipeline returns seconds late on a CPU, and knows
neither weight averaging nor how to go on inside a run. Introduced in lesson 12, at full speed in lesson 14.
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
    """The loss stopped being a number."""


def hold_constant(progress: float) -> float:
    """Schedule: the full rate from the first step to the last."""
    return 1.0


def decay_in_steps(factor: float = 0.1, parts: int = 3) -> Schedule:
    """Return a schedule that multiplies the rate by `factor` between each two of `parts` equal parts."""
    return lambda progress: factor ** min(int(progress * parts), parts - 1)


def decay_as_cosine(progress: float) -> float:
    """Schedule: half a cosine from the full rate to zero. Source: Loshchilov and Hutter, ICLR 2017."""
    return (1 + math.cos(math.pi * progress)) / 2


def rise_and_fall(start: float = 0.2, peak: float = 0.23, end: float = 0.07) -> Schedule:
    """Return a triangular one-cycle schedule: from `start` to 1 at `peak` of the way, then down to `end`."""
    return lambda progress: float(np.interp(progress, [0, peak, 1], [start, 1, end]))


class ReduceOnPlateau:
    """Schedule: multiply the rate by `factor` when no validation loss of `patience` epochs was lower."""

    def __init__(self, factor: float = 0.1, patience: int = 3) -> None:
        self._factor, self._patience = factor, patience
        self._scale, self._lowest, self._waited = 1.0, math.inf, 0

    def __call__(self, progress: float) -> float:
        return self._scale

    def observe(self, loss: float) -> None:
        """Take note of the validation loss of an epoch."""
        self._waited = 0 if loss < self._lowest else self._waited + 1
        self._lowest = min(self._lowest, loss)
        if self._waited >= self._patience:
            self._scale, self._waited = self._scale * self._factor, 0


@dataclass(frozen=True)
class Averaging:
    """Every `every` steps pull an average of the weights towards them, and set them back to it.

    The average keeps `decay ** every`, times the cube of progress, of itself: it follows the weights at first
    and hardly moves at last. Source: Zhang et al., Lookahead Optimizer, NeurIPS 2019, on the schedule of
    KellerJordan/cifar10-airbench. Introduced in lesson 14.
    """

    every: int = 5
    decay: float = 0.95


@dataclass(frozen=True)
class Training:
    """What `fit` gives back.

    Attributes:
        model: with the weights of the last epoch, or of the best one where that was asked for.
        history: one row an epoch, from 1: loss, accuracy, rate, seconds, with validation images val_loss and
            val_accuracy, and what a probe returned.
        best_epoch: the epoch whose weights the model has.
        seconds: spent on steps and augmentation, over all parts of an interrupted run, without validation.
        images: shown to the model, counted with repeats.
        best_weights: those of the epoch with the highest validation accuracy, for `write_weights`; none
            without validation images.
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
        model: compiled; or not, then it gets `optimiser` and cross-entropy, on logits unless it ends in
            softmax. Its initial weights are its own matter: call `keras.utils.set_random_seed` before
            building it.
        train: what to fit.
        epochs: passes over the images; 9.9 ends within the tenth.
        batch_size: images a step; the last step of an epoch may have fewer.
        optimiser: of an uncompiled model. Its rate is what `schedule` multiplies.
        validation: judged after each epoch.
        prepare: turns a batch of uint8 images into what the model takes.
        augment: called once an epoch with all images, a generator and the epoch from 0; returns them changed.
        schedule: progress in 0..1 -> factor of the rate, or a `ReduceOnPlateau`.
        label_smoothing: share of each label given to all classes, for an uncompiled model.
        averaging: of the weights; none by default.
        patience: stop after so many epochs without a higher validation accuracy.
        keep_best: end with the weights of the epoch with the highest validation accuracy, not of the last.
        seed: of order and augmentation; each epoch draws from its own generator.
        probe: called with the model after each epoch; the numbers it returns join that row of the history.
        checkpoint: where the state is kept after each epoch. A run that finds it there goes on from it, to
            the same result as one never interrupted, and at once where that had come to its end. It belongs
            to these images, labels, initial weights, functions and settings, and serves no others.
        tell: called after each epoch with one line on how it goes and how long it will take.

    Raises:
        JobError: fitting on other than train images, or choosing on other than validation images.
        TypeError: a checkpoint of a run whose functions do not show what they do, such as a generator.
        ValueError: no images, classes that do not fit the model, or settings that do not fit each other.
        DivergedError: the loss is not a number; the message says where, and what to try.
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
    """Return the names of what a compiled model measures; Keras tells only once it has judged an image."""
    images, labels = prepare(train.images[:1]), _encode(model, train.labels[:1], len(train.class_names))
    measured = model.test_on_batch(images, labels, return_dict=True)
    model.reset_metrics()
    return list(measured)


def _encode(model: "keras.Model", labels: np.ndarray, classes: int) -> np.ndarray:
    """Return labels as the loss of a model takes them: as numbers, or as rows of zeros and a one."""
    hot = getattr(model.loss, "name", model.loss) == "categorical_crossentropy"
    return np.eye(classes, dtype=np.float32)[labels] if hot else labels


def _compile(model: "keras.Model", optimiser: "keras.Optimizer", smoothing: float) -> None:
    from helpers.backend import keras

    logits = not ends_in_softmax(model)
    if smoothing:
        loss = keras.losses.CategoricalCrossentropy(logits, label_smoothing=smoothing)
    else:
        loss = keras.losses.SparseCategoricalCrossentropy(logits)
    # XLA, which "auto" would choose, makes these networks slower on a CPU.
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
    """The state of a run, and what one epoch does to it."""

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
        """Return what tells this run from others: a checkpoint serves no other run.

        Raises:
            TypeError: a function or schedule that does not show what it does; the message names it.
        """
        model, recipe = self.model, {}
        parts = {
            "train": [self.train.images, self.train.labels],
            "validation": self.validation and [self.validation.images, self.validation.labels],
            # Its name Keras counts up from one optimiser to the next.
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
        """Show the model every image once, or what is left of the last epoch, then judge it."""
        epoch, began = len(self.rows), time.perf_counter()
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
        """Take one step; return loss and accuracy of its images."""
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
        """Let the model train or judge one batch; return the loss and accuracy of this batch alone."""
        labels = _encode(self.model, labels, len(self.train.class_names))
        self.model.reset_metrics()
        measured = act(self.prepare(images), labels, return_dict=True)
        return np.array([measured["loss"], measured["accuracy"]], dtype=np.float64)

    def _pull_average(self) -> None:
        kept = self.averaging.decay**self.averaging.every * (self.step / self.total) ** 3
        kept = 1.0 if self.step == self.total else kept
        now = read_weights(self.model.weights)
        self.average = [
            kept * then + (1 - kept) * value for then, value in zip(self.average, now, strict=True)
        ]
        write_weights(self.model.weights, self.average)

    def _judge(self) -> dict[str, float]:
        """Return loss and accuracy on the validation images; the schedule hears of the loss."""
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
        """The first epoch with the highest validation accuracy; without validation the last."""
        if self.validation is None:
            return len(self.rows)
        return 1 + int(np.argmax([row["val_accuracy"] for row in self.rows]))

    def is_out_of_patience(self, patience: int | None) -> bool:
        return patience is not None and bool(self.rows) and len(self.rows) - self.best_epoch >= patience

    def describe(self) -> str:
        """Return one line on the last epoch and the time that is left."""
        row = self.rows[-1]
        shown = [f"epoch {len(self.rows)}"] + [
            f"{name} {row[name]:.4f}" for name in ("loss", "accuracy", "val_accuracy") if name in row
        ]
        left = self.seconds * (self.total - self.step) / self.step
        return ", ".join([*shown, f"{row['seconds']:.0f} s", f"about {left / 60:.1f} minutes left"])

    def save(self, path: Path) -> None:
        """Keep all that the rest of the run depends on, in one file that is replaced at once."""
        state = {"recipe": self.recipe, "step": self.step, "images": self.images, "rows": self.rows}
        groups = {"model": read_weights(self.model.variables), "best": self.best, "average": self.average}
        groups["optimiser"] = read_weights(self.model.optimizer.variables)
        arrays = {f"{group}-{n}": array for group, values in groups.items() for n, array in enumerate(values)}
        write_atomically(path, lambda file: np.savez(file, state=json.dumps(state), **arrays))

    def restore(self, path: Path) -> None:
        """Go on where `save` left off.

        Raises:
            ValueError: the file is of another run.
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
