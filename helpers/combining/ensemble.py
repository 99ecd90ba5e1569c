"""Combine members by their probabilities, by votes or by their weights; measure how alike they err.

`pictureperfect` prints the mean (section 4.1, Equation 2). Members are handed over as probabilities by name,
each (N, classes), rows summing to one, as `helpers.judging.predictions.predict` returns them: a file of such
numbers, or the outcome of a task of `helpers.tasks.parallel.run_tasks`, is a member that need not be trained
again. Introduced in lesson 32.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from helpers.data import Split
from helpers.images.transforms import scale
from helpers.paths import write_atomically

if TYPE_CHECKING:
    import keras

Members = Mapping[str, ArrayLike]
SMALLEST = 1e-12  # of a probability before its logarithm is taken


def _stack(members: Members, images: int | None = None) -> np.ndarray:
    """Return checked probabilities, (members, N, classes) float64, rows scaled to sum to one."""
    if not members:
        raise ValueError("an ensemble without members; give at least one")
    arrays = {name: np.asarray(member, dtype=np.float64) for name, member in members.items()}
    shape = next(iter(arrays.values())).shape
    for name, array in arrays.items():
        if array.ndim != 2 or array.shape != shape or images not in (None, len(array)):
            wanted = f"({shape[0] if images is None else images}, classes)"
            raise ValueError(f"member {name!r} has shape {array.shape}; all must have {wanted}, and be alike")
        if not ((array >= 0).all() and np.allclose(array.sum(axis=1), 1, atol=1e-3)):
            raise ValueError(f"member {name!r} holds no probabilities; turn logits into them with a softmax")
    stacked = np.stack(list(arrays.values()))
    return stacked / stacked.sum(axis=2, keepdims=True)


def average(members: Members, counts: Mapping[str, int] | None = None) -> np.ndarray:
    """Return the mean of the members' probabilities: Equation 2 of `pictureperfect`.

    It sums to one and lies between the members. Means of classes, or of accuracies, are other things.

    Args:
        members: (N, classes) by name.
        counts: how often each counts, as `select` returns it, 0 where it is not named; all once by default.

    Returns:
        (N, classes) float64.

    Raises:
        ValueError: no members, shapes that differ, no probabilities, or counts of other members or none.
    """
    if counts is None:
        return _stack(members).mean(axis=0)
    if unknown := set(counts) - set(members):
        raise ValueError(f"counts of {min(unknown)!r}, which is no member; there are {', '.join(members)}")
    if sum(counts.values()) <= 0:
        raise ValueError(f"counts {dict(counts)} leave no member; one must be above 0")
    return np.average(_stack(members), axis=0, weights=[counts.get(name, 0) for name in members])


def vote(members: Members) -> np.ndarray:
    """Return the class that most members find most probable, (N,) integers.

    Of classes with equally many votes the one with the highest mean probability wins, then the first.

    Raises:
        ValueError: as `average`.
    """
    stacked = _stack(members)
    votes = np.eye(stacked.shape[2])[stacked.argmax(axis=2)].sum(axis=0)
    # A mean lies in 0..1, so that half of it never outweighs a vote.
    return (votes + stacked.mean(axis=0) / 2).argmax(axis=1)


def score_likelihood(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Return minus the log loss in nats: at most 0, higher is better."""
    return -float(log_loss(labels, probabilities, labels=range(probabilities.shape[1])))


def select(
    members: Members,
    on: Split,
    *,
    rounds: int = 20,
    score: Callable[[np.ndarray, np.ndarray], float] = score_likelihood,
) -> Counter[str]:
    """Choose members greedily, with replacement, by the score of their average on validation images.

    Each round adds the member that raises the score most, or lowers it least; of equals the first. The best
    of the ensembles on the way is returned, of equals the smallest. Source: R. Caruana et al., Ensemble
    Selection from Libraries of Models, ICML 2004, section 2.

    Args:
        members: (N, classes) by name, of the images of `on`.
        on: the validation split.
        rounds: how many are added in all, repeats counted.
        score: takes labels (N,) and probabilities (N, classes), higher is better.

    Returns:
        How often each chosen member counts; for `average`.

    Raises:
        JobError: `on` is not a validation split.
        ValueError: as `average`, or members of other images, or fewer than one round.
    """
    on.require("choose")
    if rounds < 1:
        raise ValueError(f"rounds={rounds} must be 1 or more")
    stacked, names = _stack(members, len(on)), list(members)
    total, chosen, scores = np.zeros(stacked.shape[1:]), [], []
    for size in range(1, rounds + 1):
        tried = [score(on.labels, (total + member) / size) for member in stacked]
        best = int(np.argmax(tried))
        total += stacked[best]
        chosen.append(names[best])
        scores.append(tried[best])
    return Counter(chosen[: 1 + int(np.argmax(scores))])


def predict_out_of_fold(
    member: Callable[[Split, np.ndarray], np.ndarray], train: Split, *, folds: int = 5, seed: int = 0
) -> np.ndarray:
    """Return a member's probabilities for its own training images, none of which it was trained on.

    The images are cut into stratified folds, and the member is trained anew for each, without it.

    Args:
        member: takes a train split to learn and uint8 images to judge, returns probabilities (n, classes).
        train: all training images.
        folds: how many, at least 2.
        seed: of the cut: the same for all members of an ensemble.

    Returns:
        (N, classes) float64, in the order of `train`.

    Raises:
        JobError: not a train split.
    """
    train.require("fit")
    judged = np.empty((len(train), len(train.class_names)))
    cut = StratifiedKFold(folds, shuffle=True, random_state=seed)
    for learn, held_out in cut.split(train.labels, train.labels):
        judged[held_out] = member(train.take(learn), train.images[held_out])
    return judged


def fit_stack(members: Members, on: Split) -> Callable[[Members], np.ndarray]:
    """Learn how to combine members: logistic regression on the logarithms of their probabilities.

    They are standardised first: members that are very sure would else slow its fit down.

    Predictions of members for images they were trained on must not be used: they are far too good, and the
    stack would trust the member that memorised best. Source: D. Wolpert, Neural Networks 5 (1992) 241;
    probabilities: K. Ting and I. Witten, JAIR 10 (1999) 271.

    Args:
        members: (N, classes) by name: for a train split from `predict_out_of_fold`; for a validation split
            from members that were trained without it.
        on: the split of these images.

    Returns:
        A function of members of the same names, for any images, that returns probabilities (N, classes).

    Raises:
        JobError: `on` is a test split.
        ValueError: as `average`, members of other images, or a class without any; the function: other names.
    """
    if on.role != "validation":
        on.require("fit")
    names = list(members)

    def describe(stacked: np.ndarray) -> np.ndarray:
        return np.log(np.maximum(stacked, SMALLEST)).transpose(1, 0, 2).reshape(stacked.shape[1], -1)

    features = describe(_stack(members, len(on)))
    if missing := set(range(len(on.class_names))) - set(on.labels.tolist()):
        raise ValueError(
            f"no image of class {on.class_names[min(missing)]!r} to learn from; take more images"
        )
    regression = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(features, on.labels)

    def combine(members: Members) -> np.ndarray:
        if set(members) != set(names):
            raise ValueError(f"members {', '.join(members)}; the stack has learned {', '.join(names)}")
        return regression.predict_proba(describe(_stack({name: members[name] for name in names})))

    return combine


def temper(probabilities: ArrayLike, temperature: float) -> np.ndarray:
    """Return probabilities to the power 1 / temperature, scaled to sum to one: above 1 less sure, below more.

    The most probable class stays the same. (N, classes) float64.

    Raises:
        ValueError: a temperature that is not above 0, or no probabilities.
    """
    if not 0 < temperature < math.inf:
        raise ValueError(f"temperature {temperature} must be a number above 0; 1 changes nothing")
    [stacked] = _stack({"probabilities": probabilities})
    logits = np.log(np.maximum(stacked, SMALLEST)) / temperature
    return np.exp(logits - logsumexp(logits, axis=1, keepdims=True))


def fit_temperature(probabilities: ArrayLike, on: Split) -> float:
    """Return the temperature, 0.05 to 20, with the lowest log loss on validation images; for `temper`.

    Members are averaged first: an average is less sure than they are, so that their own temperatures would
    not fit it. Sources: C. Guo et al., ICML 2017, section 4.2; after averaging: R. Rahaman and A. Thiery,
    NeurIPS 2021.

    Args:
        probabilities: (N, classes) of the images of `on`.
        on: the validation split.

    Raises:
        JobError: `on` is not a validation split.
        ValueError: no probabilities, or of other images.
    """
    on.require("choose")
    [stacked] = _stack({"probabilities": probabilities}, len(on))
    found = minimize_scalar(
        lambda exponent: -score_likelihood(on.labels, temper(stacked, math.exp(exponent))),
        bounds=(math.log(0.05), math.log(20)),
        method="bounded",
    )
    return math.exp(found.x)


def repeat_cosine(cycles: int) -> Callable[[float], float]:
    """Return a schedule for `fit`: half a cosine from the full rate to zero, `cycles` times.

    Source: G. Huang et al., Snapshot Ensembles, ICLR 2017, Equation 2.
    """
    if cycles < 1:
        raise ValueError(f"cycles={cycles} must be 1 or more")
    # Rounded, because 3 x (1 / 3) may fall short of the next cycle's start.
    return lambda progress: (1 + math.cos(math.pi * (round(progress * cycles, 9) % 1))) / 2


class SnapshotKeeper:
    """Probe for `helpers.training.loop.fit`: keep the weights at the end of each cycle, as files.

    A run that goes on after a kill goes on keeping.

    Args:
        folder: where `1.npz`, `2.npz`, ... are written, and replaced if they are there.
        steps: of one cycle: batches in an epoch times epochs in a cycle, a whole number of both.
    """

    def __init__(self, folder: Path, steps: int) -> None:
        self.folder, self.steps = folder, steps

    def __call__(self, model: "keras.Model") -> dict[str, float]:
        cycle, rest = divmod(int(model.optimizer.iterations), self.steps)
        if rest == 0:
            weights = model.get_weights()
            write_atomically(self.folder / f"{cycle}.npz", lambda file: np.savez(file, *weights))
            for number, path in self._list_files():
                if number > cycle:  # this run has not come so far: an earlier, longer one left it
                    path.unlink()
        return {}

    def _list_files(self) -> list[tuple[int, Path]]:
        return sorted((int(path.stem), path) for path in self.folder.glob("*.npz"))

    def load(self) -> list[list[np.ndarray]]:
        """Return the weights of all snapshots, in order; for `model.set_weights`."""
        snapshots = []
        for _, path in self._list_files():
            with np.load(path) as file:
                snapshots.append([file[name] for name in file.files])
        return snapshots


def average_weights(
    model: "keras.Model",
    weights: Sequence[Sequence[np.ndarray]],
    train: Split,
    *,
    prepare: Callable[[np.ndarray], np.ndarray] = scale,
    batch_size: int = 500,
) -> None:
    """Give a model the mean of several weights, and the batch normalisation that goes with it.

    One model then costs what one member costs. It works for members of one path, such as snapshots: from
    different seeds the channels stand in different places, and their mean is no network. Source: P. Izmailov
    et al., Averaging Weights Leads to Wider Optima, UAI 2018, Algorithm 1; seeds: M. Wortsman et al., Model
    Soups, ICML 2022.

    Args:
        model: gets the mean; with dropout its normalisation is measured with dropout on, as in training.
        weights: of members of this architecture, as `model.get_weights()` gives them.
        train: normalisation measures its means and variances anew on all of these images.
        prepare: turns uint8 images into what the model takes, as in training.
        batch_size: images at once; statistics of all batches count alike.

    Raises:
        JobError: not a train split.
        ValueError: no weights, or of another architecture.
    """
    from helpers.backend import keras

    train.require("fit")
    shapes = [value.shape for value in model.get_weights()]
    if not weights or any([value.shape for value in member] != shapes for member in weights):
        raise ValueError(f"each of {len(weights)} members must have the {len(shapes)} arrays of {model.name}")
    model.set_weights([np.mean(values, axis=0) for values in zip(*weights, strict=True)])
    # Also those inside of models that are layers of this one, which `model.layers` does not list.
    layers = [one for one in model._flatten_layers() if isinstance(one, keras.layers.BatchNormalization)]
    momenta = [layer.momentum for layer in layers]
    for number, start in enumerate(range(0, len(train), batch_size)):
        for layer in layers:
            layer.momentum = number / (number + 1)  # of the mean of all batches so far
        model(prepare(train.images[start : start + batch_size]), training=True)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum


def compare_errors(members: Members, labels: ArrayLike) -> pd.DataFrame:
    """Measure how differently each two members err.

    With the shares of images that both have right (a), only the first (b), only the second (c), neither (d):

        disagreement = b + c                       0..1; 0 where they err on the same images
        q_statistic  = (ad - bc) / (ad + bc)       -1..1; 0 where their errors are independent
        correlation  = (ad - bc) / sqrt((a + b)(c + d)(a + c)(b + d))     -1..1, likewise

    Source: L. Kuncheva and C. Whitaker, Measures of Diversity in Classifier Ensembles, Machine Learning 51
    (2003) 181, section 3.

    Args:
        members: (N, classes) by name, at least two.
        labels: (N,) integers, the true classes.

    Returns:
        One row for each pair, indexed by the names `first` and `second`; what would be 0/0 is NaN.

    Raises:
        ValueError: as `average`, fewer than two members, or labels that do not go with them.
    """
    labels = np.asarray(labels)
    right = dict(zip(members, _stack(members, len(labels)).argmax(axis=2) == labels, strict=True))
    if len(members) < 2:
        raise ValueError(f"one member, {next(iter(members))!r}, differs from none; give two or more")
    rows = {}
    for first, second in combinations(members, 2):
        a, b, c, d = (
            float(np.mean((right[first] == ours) & (right[second] == theirs)))
            for ours, theirs in ((True, True), (True, False), (False, True), (False, False))
        )
        gap, both = a * d - b * c, a * d + b * c
        spread = math.sqrt((a + b) * (c + d) * (a + c) * (b + d))
        rows[first, second] = {
            "disagreement": b + c,
            "q_statistic": gap / both if both else math.nan,
            "correlation": gap / spread if spread else math.nan,
        }
    index = pd.MultiIndex.from_tuples(rows, names=["first", "second"])
    return pd.DataFrame(list(rows.values()), index=index)
