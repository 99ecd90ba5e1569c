"""Combine members by their probabilities, by votes or by their weights; measure how similar their errors are.

`pictureperfect` uses the mean (section 4.1, Equation 2). `Members` are probabilities by name, each array
(N, classes) with rows that sum to one, as `helpers.judging.predictions.predict` returns them. They may come
from a file (`helpers.training.members`) or from `helpers.tasks.parallel.run_tasks`, so that no member must be
trained again. Introduced in lesson 32.
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
SMALLEST = 1e-12  # lower probabilities are raised to this before taking the logarithm


def _stack(members: Members, images: int | None = None) -> np.ndarray:
    """Check members; return their probabilities, (members, N, classes) float64, rows scaled to sum to one."""
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

    Each row of the mean sums to one, and each value lies between those of the members.

    Args:
        members: (N, classes) by name.
        counts: weight of each member by name, as `select` returns it; 0 if not named. By default all weigh 1.

    Returns:
        (N, classes) float64.

    Raises:
        ValueError: no members, unequal shapes, no probabilities, or `counts` of unknown members or all 0.
    """
    if counts is None:
        return _stack(members).mean(axis=0)
    if unknown := set(counts) - set(members):
        raise ValueError(f"counts of {min(unknown)!r}, which is no member; there are {', '.join(members)}")
    if sum(counts.values()) <= 0:
        raise ValueError(f"counts {dict(counts)} leave no member; one must be above 0")
    return np.average(_stack(members), axis=0, weights=[counts.get(name, 0) for name in members])


def vote(members: Members) -> np.ndarray:
    """Return for each image the class that most members predict, (N,) integers.

    Of classes with equally many votes, that with the higher mean probability is taken, then the first.

    Raises:
        ValueError: as `average`.
    """
    stacked = _stack(members)
    votes = np.eye(stacked.shape[2])[stacked.argmax(axis=2)].sum(axis=0)
    # Half of a mean is at most 0.5, less than one vote: it only decides between equal votes.
    return (votes + stacked.mean(axis=0) / 2).argmax(axis=1)


def score_likelihood(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Return minus the log loss, in nats: at most 0; higher is better."""
    return -float(log_loss(labels, probabilities, labels=range(probabilities.shape[1])))


def select(
    members: Members,
    on: Split,
    *,
    rounds: int = 20,
    score: Callable[[np.ndarray, np.ndarray], float] = score_likelihood,
) -> Counter[str]:
    """Choose members greedily, with replacement, by the score of their average on validation images.

    Each round adds the member that gives the highest score; of equal ones the first. Of the ensembles after
    each round the one with the highest score is returned; of equal ones the smallest. Source:
    R. Caruana et al., Ensemble Selection from Libraries of Models, ICML 2004, section 2.

    Args:
        members: (N, classes) by name, of the images of `on`.
        on: the validation split.
        rounds: number of members to add, repeats counted, at least 1.
        score: function of labels (N,) and probabilities (N, classes); higher is better.

    Returns:
        How often each chosen member was added; the `counts` of `average`.

    Raises:
        JobError: `on` is not a validation split.
        ValueError: as `average`, members of another number of images, or `rounds` below 1.
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
    """Return probabilities for all training images, each from a model that was not trained on that image.

    The images are split into stratified folds. For each fold a new model is trained on all other folds.

    Args:
        member: function that trains on a train split (first argument) and returns the probabilities
            (n, classes) of n uint8 images (second argument).
        train: all training images.
        folds: number of folds, at least 2.
        seed: of the split into folds; use the same for all members of an ensemble.

    Returns:
        (N, classes) float64, in the order of `train`.

    Raises:
        JobError: `train` is not a train split.
    """
    train.require("fit")
    judged = np.empty((len(train), len(train.class_names)))
    cut = StratifiedKFold(folds, shuffle=True, random_state=seed)
    for learn, held_out in cut.split(train.labels, train.labels):
        judged[held_out] = member(train.take(learn), train.images[held_out])
    return judged


def fit_stack(members: Members, on: Split) -> Callable[[Members], np.ndarray]:
    """Learn how to combine members: logistic regression on the logarithms of their probabilities.

    The logarithms are standardised first; otherwise very confident members would make the fit slow.

    Do not give probabilities of members for images that they were trained on: these are far too good, and the
    regression would give the most weight to the member that overfits most. Source: D. Wolpert, Neural
    Networks 5 (1992) 241; probabilities: K. Ting and I. Witten, JAIR 10 (1999) 271.

    Args:
        members: (N, classes) by name: for a train split from `predict_out_of_fold`; for a validation split
            from members that were trained without it.
        on: the train or validation split of these images.

    Returns:
        A function that takes members of the same names, for any images, and returns probabilities
        (N, classes). It raises ValueError for other names.

    Raises:
        JobError: `on` is a test split.
        ValueError: as `average`, members of another number of images, or a class without images.
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
    """Return probabilities to the power 1 / temperature, scaled to sum to one, (N, classes) float64.

    A temperature above 1 makes them less confident, one below 1 more. The most probable class stays the same.

    Raises:
        ValueError: a temperature that is not above 0, or values that are no probabilities.
    """
    if not 0 < temperature < math.inf:
        raise ValueError(f"temperature {temperature} must be a number above 0; 1 changes nothing")
    [stacked] = _stack({"probabilities": probabilities})
    logits = np.log(np.maximum(stacked, SMALLEST)) / temperature
    return np.exp(logits - logsumexp(logits, axis=1, keepdims=True))


def fit_temperature(probabilities: ArrayLike, on: Split) -> float:
    """Return the temperature, 0.05 to 20, with the lowest log loss on validation images; for `temper`.

    Give it the average of the members: the average is less confident than they are, so that temperatures
    fitted to single members would not suit it. Sources: C. Guo et al., ICML 2017, section 4.2;
    after averaging: R. Rahaman and A. Thiery, NeurIPS 2021.

    Args:
        probabilities: (N, classes) of the images of `on`.
        on: the validation split.

    Raises:
        JobError: `on` is not a validation split.
        ValueError: values that are no probabilities, or another number of images.
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
    """Return a schedule for `fit` that repeats half a cosine, from the full rate to zero, `cycles` times.

    Source: G. Huang et al., Snapshot Ensembles, ICLR 2017, Equation 2.
    """
    if cycles < 1:
        raise ValueError(f"cycles={cycles} must be 1 or more")
    # Rounded, because 3 x (1 / 3) may be slightly below 1, where the next cycle starts.
    return lambda progress: (1 + math.cos(math.pi * (round(progress * cycles, 9) % 1))) / 2


class SnapshotKeeper:
    """Save the weights at the end of each cycle to a file: a probe for `helpers.training.loop.fit`.

    It works also in a run that is resumed from a checkpoint.

    Args:
        folder: where `1.npz`, `2.npz`, ... are written; existing files are replaced.
        steps: steps in one cycle: batches in an epoch times epochs in a cycle, both whole numbers.
    """

    def __init__(self, folder: Path, steps: int) -> None:
        self.folder, self.steps = folder, steps

    def __call__(self, model: "keras.Model") -> dict[str, float]:
        cycle, rest = divmod(int(model.optimizer.iterations), self.steps)
        if rest == 0:
            weights = model.get_weights()
            write_atomically(self.folder / f"{cycle}.npz", lambda file: np.savez(file, *weights))
            for number, path in self._list_files():
                if number > cycle:  # written by an earlier, longer run
                    path.unlink()
        return {}

    def _list_files(self) -> list[tuple[int, Path]]:
        return sorted((int(path.stem), path) for path in self.folder.glob("*.npz"))

    def load(self) -> list[list[np.ndarray]]:
        """Return the weights of all snapshots in order, each for `model.set_weights`."""
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
    """Set a model to the mean of the members' weights, and compute its batch normalisation statistics anew.

    Predicting then costs as much as with one member. It works for members of one training run, such as
    snapshots. Networks of different seeds have their channels in different order, so that their mean weights
    are useless. Source: P. Izmailov et al., Averaging Weights Leads to Wider Optima, UAI 2018, Algorithm 1;
    seeds: M. Wortsman et al., Model Soups, ICML 2022.

    Args:
        model: is changed; if it has dropout, dropout is on while the statistics are computed, as in training.
        weights: of members of this architecture, as `model.get_weights()` returns them.
        train: the means and variances of batch normalisation are computed on all of these images.
        prepare: function that turns uint8 images into the inputs of the model, as in training.
        batch_size: images in one batch; the statistics of all batches have equal weight.

    Raises:
        JobError: `train` is not a train split.
        ValueError: no weights, or weights of another architecture.
    """
    from helpers.backend import keras

    train.require("fit")
    shapes = [value.shape for value in model.get_weights()]
    if not weights or any([value.shape for value in member] != shapes for member in weights):
        raise ValueError(f"each of {len(weights)} members must have the {len(shapes)} arrays of {model.name}")
    model.set_weights([np.mean(values, axis=0) for values in zip(*weights, strict=True)])
    # Also those of nested models, which `model.layers` does not list.
    layers = [one for one in model._flatten_layers() if isinstance(one, keras.layers.BatchNormalization)]
    momenta = [layer.momentum for layer in layers]
    for number, start in enumerate(range(0, len(train), batch_size)):
        for layer in layers:
            layer.momentum = number / (number + 1)  # makes the moving average a mean of all batches so far
        model(prepare(train.images[start : start + batch_size]), training=True)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum


def compare_errors(members: Members, labels: ArrayLike) -> pd.DataFrame:
    """Measure for each pair of members how different their errors are.

    Of the images, a share a is correct by both, b by the first only, c by the second only, and d by neither:

        disagreement = b + c                       0..1; 0 if they err on the same images
        q_statistic  = (ad - bc) / (ad + bc)       -1..1; 0 if their errors are independent
        correlation  = (ad - bc) / sqrt((a + b)(c + d)(a + c)(b + d))     -1..1, likewise

    Source: L. Kuncheva and C. Whitaker, Measures of Diversity in Classifier Ensembles, Machine Learning 51
    (2003) 181, section 3.

    Args:
        members: (N, classes) by name, at least two.
        labels: (N,) integers, the true classes.

    Returns:
        One row for each pair, indexed by the names `first` and `second`; a value of 0/0 is NaN.

    Raises:
        ValueError: as `average`, fewer than two members, or another number of labels than of images.
    """
    labels = np.asarray(labels)
    right = dict(zip(members, _stack(members, len(labels)).argmax(axis=2) == labels, strict=True))
    if len(members) < 2:
        raise ValueError(f"one member, {next(iter(members))!r}, has no other to compare; give two or more")
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
