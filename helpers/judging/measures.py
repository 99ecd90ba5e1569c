"""Compute measures and intervals from labels and predictions; no models and no figures here."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats
from sklearn import metrics

MEASURES = ("precision", "recall", "f1", "specificity", "g_mean")


def count_correct(labels: ArrayLike, predicted: ArrayLike) -> tuple[int, int]:
    """Return how many predicted classes equal the true ones, and the number of predictions.

    Args:
        labels: (N,) integers, the true classes.
        predicted: (N,) integers.

    Raises:
        ValueError: the arrays differ in shape, are not one-dimensional, or are empty.
    """
    labels, predicted = np.asarray(labels), np.asarray(predicted)
    if labels.shape != predicted.shape or labels.ndim != 1:
        raise ValueError(
            f"labels {labels.shape} and predictions {predicted.shape} must both be (N,); "
            "turn probabilities into classes with argmax(axis=1)"
        )
    if labels.size == 0:
        raise ValueError("no predictions to judge; the split is empty")
    return int(np.sum(labels == predicted)), labels.size


def wilson_interval(correct: int, total: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the Wilson score interval of a proportion, such as an accuracy.

    Unlike the textbook interval p +- 1.96 sqrt(p (1 - p) / n) it stays inside 0..1, and its coverage is close
    to `confidence` also near 0 and 1. Source: E. B. Wilson, JASA 22 (1927) 209. Introduced in lesson 03.

    Args:
        correct: number of correct predictions, 0..total.
        total: number of predictions, at least 1.
        confidence: in 0..1.

    Returns:
        The lower and the upper end, in 0..1.
    """
    interval = stats.binomtest(correct, total).proportion_ci(confidence_level=confidence, method="wilson")
    return float(interval.low), float(interval.high)


def bootstrap_interval(
    measure: Callable[..., float],
    *arrays: ArrayLike,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """Return the bootstrap percentile interval of a measure that is computed from N images.

    Images are drawn with replacement, the same ones from every array, so that a measure may compare two
    models on them. The interval covers the choice of the images, not the seed of the training.
    Source: B. Efron and R. Tibshirani, An Introduction to the Bootstrap (1993), chapter 13. Introduced in
    lesson 22.

    Args:
        measure: function of the arrays, each reduced to the images drawn, that returns a number.
        arrays: each (N, ...), such as labels and predictions.
        confidence: in 0..1.
        resamples: number of draws; at least 1000 for a 95 % interval.
        seed: of the draws.

    Raises:
        ValueError: no arrays, or they differ in length or hold fewer than two images.
    """
    columns = [np.asarray(array) for array in arrays]
    lengths = {len(column) for column in columns}
    if len(lengths) != 1 or min(lengths) < 2:
        raise ValueError(f"arrays of lengths {sorted(lengths)} must be of one length, at least 2")
    drawn = stats.bootstrap(
        (np.arange(lengths.pop()),),
        # As float: for an integer measure SciPy would also round the share of draws to leave out.
        lambda chosen: float(measure(*(column[chosen] for column in columns))),
        vectorized=False,
        method="percentile",
        confidence_level=confidence,
        n_resamples=resamples,
        rng=seed,
    )
    return float(drawn.confidence_interval.low), float(drawn.confidence_interval.high)


def _check_classes(classes: ArrayLike, count: int, what: str) -> np.ndarray:
    classes = np.asarray(classes)
    if classes.dtype.kind not in "iu":
        raise ValueError(f"{what} are {classes.dtype}; classes must be integers in 0..{count - 1}")
    wrong = np.flatnonzero((classes < 0) | (classes >= count))
    if wrong.size:
        raise ValueError(
            f"{what} hold class {classes[wrong[0]]} at place {wrong[0]}; classes must lie in 0..{count - 1}"
        )
    return classes


def _check_probabilities(labels: ArrayLike, probabilities: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return labels (N,) and probabilities (N, K) as float64, rows scaled to sum to one."""
    labels, probabilities = np.asarray(labels), np.asarray(probabilities, dtype=np.float64)
    if labels.ndim != 1 or probabilities.ndim != 2 or len(labels) != len(probabilities):
        raise ValueError(
            f"labels {labels.shape} and probabilities {probabilities.shape} must be (N,) and (N, classes)"
        )
    if labels.size == 0:
        raise ValueError("no predictions to judge; the split is empty")
    labels = _check_classes(labels, probabilities.shape[1], "labels")
    sums = probabilities.sum(axis=1)
    wrong = np.flatnonzero(~np.isfinite(sums))
    if wrong.size:
        raise ValueError(f"the probabilities of image {wrong[0]} are not finite: {probabilities[wrong[0]]}")
    # Numbers kept in float16 are off by less than 1e-3; a softmax computed in bfloat16 is often off by more.
    wrong = np.flatnonzero((probabilities < 0).any(axis=1) | (np.abs(sums - 1) > 1e-3))
    if wrong.size:
        raise ValueError(
            f"the probabilities of image {wrong[0]} start at {probabilities[wrong[0]].min():.3g} and sum to "
            f"{sums[wrong[0]]:.3g}, not 1; turn logits into probabilities with a float32 softmax"
        )
    return labels, probabilities / sums[:, None]


def count_confusions(labels: ArrayLike, predicted: ArrayLike, names: Sequence[str]) -> pd.DataFrame:
    """Return the confusion matrix: counts of images by true class and predicted class.

    Introduced in lesson 12.

    Args:
        labels: (N,) integers in 0..K-1, the true classes.
        predicted: (N,) integers in 0..K-1.
        names: of the K classes.

    Returns:
        (K, K) counts, the true classes in rows, the predicted ones in columns.

    Raises:
        ValueError: shapes differ, the arrays are empty, or a class lies outside 0..K-1.
    """
    count_correct(labels, predicted)
    pair = [
        _check_classes(labels, len(names), "labels"),
        _check_classes(predicted, len(names), "predictions"),
    ]
    counts = metrics.confusion_matrix(*pair, labels=np.arange(len(names)))
    return pd.DataFrame(counts, index=list(names), columns=list(names))


def _divide(above: ArrayLike, below: ArrayLike, otherwise: float = np.nan) -> np.ndarray:
    above, below = np.broadcast_arrays(np.asarray(above, dtype=float), below)
    return np.divide(above, below, out=np.full(above.shape, otherwise), where=below != 0)


def judge_classes(confusions: pd.DataFrame) -> pd.DataFrame:
    """Compute recall, precision and other measures of each class against all others.

    TP, FP, FN and TN are the counts of one class against the rest:

        recall, or sensitivity = TP / (TP + FN)      precision = TP / (TP + FP)
        specificity            = TN / (TN + FP)      F1        = 2 TP / (2 TP + FP + FN)
        one-vs-rest accuracy   = (TP + TN) / all     G-mean    = sqrt(recall x specificity)

    The G-measure of some papers is a different one: sqrt(precision x recall). Sources: M. Sokolova and G.
    Lapalme, Information Processing and Management 45 (2009) 427; G-mean: M. Kubat and S. Matwin, ICML 1997.
    Introduced in lesson 12.

    Args:
        confusions: (K, K) counts, true classes in rows, as `count_confusions` returns them.

    Returns:
        One row for each class: the counts `images` (TP + FN), `predicted` (TP + FP) and `correct` (TP); the
        fractions `recall`, `recall_low` and `recall_high` (its 95 % Wilson interval), `precision`, `f1`,
        `specificity`, `g_mean` and `one_vs_rest_accuracy`. A value of 0/0, such as the recall of a class
        without images, is NaN. An exception is the precision of a class that is never predicted: it is 0, as
        in scikit-learn, since an average without it would reward a model for ignoring a class.

    Raises:
        ValueError: the matrix is not square, or does not hold counts.
    """
    counts = confusions.to_numpy()
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
        raise ValueError(f"a confusion matrix of shape {counts.shape} is not square; use count_confusions")
    if counts.dtype.kind not in "iu" or (counts < 0).any():
        raise ValueError("a confusion matrix holds counts, integers from 0; undo its normalisation")
    images, predicted, correct, total = counts.sum(1), counts.sum(0), counts.diagonal(), counts.sum()
    true_negative = total - images - predicted + correct
    recall, specificity = _divide(correct, images), _divide(true_negative, total - images)
    intervals = [
        wilson_interval(*pair) if pair[1] else (np.nan, np.nan) for pair in zip(correct, images, strict=True)
    ]
    return pd.DataFrame(
        {
            "images": images,
            "predicted": predicted,
            "correct": correct,
            "recall": recall,
            "recall_low": [low for low, _ in intervals],
            "recall_high": [high for _, high in intervals],
            "precision": _divide(correct, predicted, otherwise=0.0),
            "f1": _divide(2 * correct, images + predicted),
            "specificity": specificity,
            "g_mean": np.sqrt(recall * specificity),
            "one_vs_rest_accuracy": _divide(correct + true_negative, total),
        },
        index=confusions.index,
    )


def average_classes(table: pd.DataFrame) -> pd.Series:
    """Average the measures of `judge_classes`: macro weights all classes equally, weighted all images.

    Weighted recall always equals accuracy; macro recall does if all classes have equally many images.
    Introduced in lesson 12.

    Args:
        table: one row for each class, as `judge_classes` returns it.

    Returns:
        `accuracy`, and for precision, recall, f1, specificity and g_mean `..._macro` and `..._weighted`.

    Raises:
        ValueError: a class without images, which has no recall to average.
    """
    empty = list(table.index[table["images"] == 0])
    if empty:
        raise ValueError(f"no image of class {empty[0]!r} to judge; take a split that holds every class")
    averages = {"accuracy": table["correct"].sum() / table["images"].sum()}
    for measure in MEASURES:
        averages[f"{measure}_macro"] = table[measure].mean()
        averages[f"{measure}_weighted"] = np.average(table[measure], weights=table["images"])
    return pd.Series(averages, dtype=float)


class Roc(NamedTuple):
    """Hold the ROC curve of each class against all others, and the area under it.

    Attributes:
        curves: true-positive rates, one column for each class; the index holds the false-positive rates 0,
            0.001, ... 1. The mean over the columns is the macro curve.
        areas: under the curve of each class (AUC, one-vs-rest): the chance that an image of the class gets a
            higher probability for it than an image of another class; guessing gives 0.5.
    """

    curves: pd.DataFrame
    areas: pd.Series


def trace_roc(labels: ArrayLike, probabilities: ArrayLike, names: Sequence[str]) -> Roc:
    """Return the ROC curve of each class against all others, and the area under it.

    Source: J. Hanley and B. McNeil, Radiology 143 (1982) 29. Introduced in lesson 22.

    Args:
        labels: (N,) integers in 0..K-1.
        probabilities: (N, K), rows sum to 1.
        names: of the K classes.

    Returns:
        Curves and areas in 0..1; NaN for a class to which no image, or every image, belongs.

    Raises:
        ValueError: wrong shapes, labels out of range, or rows that are no probabilities.
    """
    labels, probabilities = _check_probabilities(labels, probabilities)
    if len(names) != probabilities.shape[1]:
        raise ValueError(f"{len(names)} names for probabilities of {probabilities.shape[1]} classes")
    rates = pd.Index(np.linspace(0, 1, 1001), name="false-positive rate")
    curves, areas = {}, {}
    for place, name in enumerate(names):
        ours = labels == place
        curves[name], areas[name] = np.full(len(rates), np.nan), np.nan
        if ours.any() and not ours.all():
            false, true, _ = metrics.roc_curve(ours, probabilities[:, place])
            curves[name], areas[name] = np.interp(rates, false, true), metrics.auc(false, true)
    return Roc(pd.DataFrame(curves, index=rates), pd.Series(areas, name="auc"))


def bin_confidences(labels: ArrayLike, probabilities: ArrayLike, bins: int = 15) -> pd.DataFrame:
    """Compare confidence (the highest probability of an image) with accuracy in bins of equal width.

    Bin m of M holds confidences above (m - 1)/M and up to m/M. Source: C. Guo et al., ICML 2017, who take 15
    bins. Introduced in lesson 22.

    Args:
        labels: (N,) integers in 0..K-1.
        probabilities: (N, K), rows sum to 1.
        bins: how many, at least 1.

    Returns:
        One row for each bin that holds images, indexed by its upper end: the count `images`, the mean
        `confidence`, and the `accuracy` with the ends `low` and `high` of its 95 % Wilson interval.

    Raises:
        ValueError: wrong shapes, labels out of range, or rows that are no probabilities.
    """
    labels, probabilities = _check_probabilities(labels, probabilities)
    ends = np.linspace(0, 1, bins + 1)[1:]
    confidence = probabilities.max(axis=1)
    images = pd.DataFrame(
        {"confidence": confidence, "correct": probabilities.argmax(axis=1) == labels},
        index=pd.Index(ends[np.searchsorted(ends, confidence)], name="up to"),
    ).groupby(level=0)
    table = images.agg(
        images=("correct", "size"), confidence=("confidence", "mean"), accuracy=("correct", "mean")
    )
    intervals = [wilson_interval(int(part["correct"].sum()), len(part)) for _, part in images]
    return table.assign(low=[low for low, _ in intervals], high=[high for _, high in intervals])


def judge(labels: ArrayLike, probabilities: ArrayLike) -> pd.Series:
    """Return all measures of one model on one split; the predicted class is the most probable one.

    Sources of the last three measures: I. Good, J. R. Statist. Soc. B 14 (1952) 107; G. Brier, Monthly
    Weather Review 78 (1950) 1; M. Naeini et al., AAAI 2015. Introduced in lesson 22.

    Args:
        labels: (N,) integers in 0..K-1; every class must occur.
        probabilities: (N, K), rows sum to 1.

    Returns:
        What `average_classes` returns, and
        `auc_macro`, `auc_weighted`: mean of the one-vs-rest areas, over classes or by images;
        `log_loss`: mean of -ln(probability of the true class), in nats; 0 counts as 2.2e-16;
        `brier`: mean of the squared distance to the one-hot label, summed over classes, 0..2;
        `calibration_error`: mean over images of |accuracy - confidence| of their bin, 15 bins (ECE), 0..1.

    Raises:
        ValueError: wrong shapes, labels out of range, a class without images, or no probabilities.
    """
    labels, probabilities = _check_probabilities(labels, probabilities)
    classes = np.arange(probabilities.shape[1])
    table = judge_classes(count_confusions(labels, probabilities.argmax(axis=1), classes))
    averages = average_classes(table)
    areas = trace_roc(labels, probabilities, classes).areas
    bins = bin_confidences(labels, probabilities)
    gaps = (bins["accuracy"] - bins["confidence"]).abs()
    return pd.Series(
        {
            **averages,
            "auc_macro": areas.mean(),
            "auc_weighted": np.average(areas, weights=table["images"]),
            "log_loss": metrics.log_loss(labels, probabilities, labels=classes),
            "brier": metrics.brier_score_loss(labels, probabilities, labels=classes, scale_by_half=False),
            "calibration_error": np.average(gaps, weights=bins["images"]),
        }
    )
