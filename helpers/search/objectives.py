"""Scores of several objectives: the weighted sum of de-nas, the Pareto front and its hypervolume.

Losses are (n, objectives), the lower the better, such as error and parameters; a row that is not finite is a
candidate that failed. A score is (n,), the lower the better, and inf where it failed. It may depend on the
other rows, so that only scores of one call can be compared. Introduced in lesson 30.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike

Score = Callable[[np.ndarray], np.ndarray]


def take_first(losses: np.ndarray) -> np.ndarray:
    """Score: the first objective alone."""
    return np.where(np.isfinite(losses).all(axis=1), losses[:, 0], np.inf)


def scale_min_max(losses: ArrayLike, bounds: Sequence[tuple[float, float]] | None = None) -> np.ndarray:
    """Map each objective to 0..1: (x - min) / (max - min). Source: de-nas, section 3, its symbols swapped.

    Args:
        losses: (n, objectives).
        bounds: min and max of each objective. By default those of the finite rows, as in the paper: then a
            single large network shrinks the differences between all others to nothing. With bounds, values
            outside 0..1 are possible.

    Returns:
        (n, objectives); 0 where all rows are alike.
    """
    losses = np.asarray(losses, dtype=float)
    if bounds is None:
        finite = losses[np.isfinite(losses).all(axis=1)]
        if not len(finite):
            return np.full_like(losses, np.inf)
        bounds = np.stack([finite.min(axis=0), finite.max(axis=0)], axis=1)
    low, high = np.asarray(bounds, dtype=float).T
    return (losses - low) / np.where(high > low, high - low, 1)


def weigh(*weights: float, bounds: Sequence[tuple[float, float]] | None = None) -> Score:
    """Return the score that sums objectives with these weights, scaled by `scale_min_max`.

    `weigh(0.7, 0.3)` on error and parameters is that of de-nas. Its Table 1 has no scaling, which would drown
    an error below one in millions of parameters; section 3 has.
    """

    def score(losses: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            sums = scale_min_max(losses, bounds) @ np.array(weights)
        return np.where(np.isfinite(losses).all(axis=1), sums, np.inf)

    return score


def find_front(losses: ArrayLike) -> np.ndarray:
    """Say of each candidate whether no other is at least as good in all objectives and better in one.

    Args:
        losses: (n, objectives).

    Returns:
        bool (n,); of equal rows all or none; False where one failed.
    """
    losses = np.asarray(losses, dtype=float)
    as_good = (losses[:, None] <= losses[None]).all(axis=2)
    better = (losses[:, None] < losses[None]).any(axis=2)
    return ~(as_good & better).any(axis=0) & np.isfinite(losses).all(axis=1)


def rank_fronts(losses: np.ndarray) -> np.ndarray:
    """Score: the number of the front, from 0, each found without those before, and within one the crowding.

    A candidate whose neighbours in the front are far away comes first; the ends of a front have none.
    Source: Deb et al., A fast and elitist multiobjective genetic algorithm: NSGA-II, IEEE Transactions on
    Evolutionary Computation 6 (2002) 182.
    """
    scores = np.full(len(losses), np.inf)
    left = np.flatnonzero(np.isfinite(losses).all(axis=1))
    for front in range(len(left)):
        if not len(left):
            break
        found = find_front(losses[left])
        distance = _measure_crowding(losses[left[found]])
        scores[left[found]] = front + 1 / (2 + distance)
        left = left[~found]
    return scores


def _measure_crowding(front: np.ndarray) -> np.ndarray:
    distance = np.zeros(len(front))
    for column in scale_min_max(front).T:
        order = np.argsort(column, kind="stable")
        gaps = np.concatenate([[np.inf], column[order][2:] - column[order][:-2], [np.inf]])[: len(front)]
        distance[order] += gaps
    return distance


def hypervolume(losses: ArrayLike, reference: tuple[float, float]) -> float:
    """Return the area that the front of two objectives dominates, up to a reference point.

    Source: Zitzler and Thiele, PPSN 1998.

    Args:
        losses: (n, 2); rows that failed, or that are no better than the reference, add nothing.
        reference: a loss of each objective that all should beat, such as the error of guessing, and the most
            parameters allowed. Areas can be compared only for one reference.

    Raises:
        ValueError: other than two objectives.
    """
    losses = np.asarray(losses, dtype=float)
    if losses.ndim != 2 or losses.shape[1] != 2:
        raise ValueError(f"losses {losses.shape} must be (n, 2): this area has two sides")
    area, height = 0.0, reference[1]
    for first, second in sorted(map(tuple, losses[np.isfinite(losses).all(axis=1)])):
        if first < reference[0] and second < height:
            area += (reference[0] - first) * (height - second)
            height = second
    return float(area)
