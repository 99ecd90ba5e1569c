"""Turn labels and predictions into numbers. Knows no model and draws nothing."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import binomtest


def count_correct(labels: ArrayLike, predicted: ArrayLike) -> tuple[int, int]:
    """Return how many predicted classes equal the true ones, and of how many.

    Args:
        labels: (N,) integers, the true classes.
        predicted: (N,) integers.

    Raises:
        ValueError: shapes differ, are not one-dimensional, or hold nothing.
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

    Unlike the textbook interval p +- 1.96 sqrt(p (1 - p) / n) it stays inside 0..1 and keeps its promised
    coverage near both ends. Source: E. B. Wilson, JASA 22 (1927) 209. Introduced in lesson 03.

    Args:
        correct: how many were right, 0..total.
        total: how many were judged, at least 1.
        confidence: in 0..1.

    Returns:
        The lower and the upper end, in 0..1.
    """
    interval = binomtest(correct, total).proportion_ci(confidence_level=confidence, method="wilson")
    return float(interval.low), float(interval.high)
