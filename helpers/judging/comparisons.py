"""Test whether a difference between models can be due to chance: paired tests. Introduced in lesson 22."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from helpers.judging.measures import count_correct


class McNemar(NamedTuple):
    """Hold the result of McNemar's test of two models on the same images.

    Attributes:
        only_first: number of images that only the first model classifies correctly.
        only_second: number of images that only the second model classifies correctly.
        p_value: two-sided, exact.
        statistic: chi-squared with continuity correction, one degree of freedom.
        p_corrected: two-sided p-value of `statistic`; accurate from about 25 images in disagreement.
    """

    only_first: int
    only_second: int
    p_value: float
    statistic: float
    p_corrected: float


def mcnemar(labels: ArrayLike, first: ArrayLike, second: ArrayLike) -> McNemar:
    """Test whether two models err equally often on the same images, with McNemar's test.

    Let b images be correct by the first model alone, and c by the second alone; no other image counts. The
    exact p-value is that of b heads in b + c tosses of a fair coin; the corrected statistic is
    (|b - c| - 1)^2 / (b + c), or 0 where b equals c. The test does not cover training again with another
    seed. Sources: Q. McNemar, Psychometrika 12 (1947) 153; correction: A. Edwards, Psychometrika 13 (1948)
    185. Introduced in lesson 22.

    Args:
        labels: (N,) integers, the true classes.
        first: (N,) integers, predicted by one model.
        second: (N,) integers, predicted by the other.

    Raises:
        ValueError: shapes differ, or there is nothing to compare.
    """
    count_correct(labels, first)
    count_correct(labels, second)
    first_right, second_right = (np.asarray(labels) == np.asarray(guessed) for guessed in (first, second))
    only_first = int((first_right & ~second_right).sum())
    only_second = int((second_right & ~first_right).sum())
    disagreed = only_first + only_second
    if disagreed == 0:
        return McNemar(0, 0, 1.0, 0.0, 1.0)
    statistic = max(abs(only_first - only_second) - 1, 0) ** 2 / disagreed
    return McNemar(
        only_first,
        only_second,
        float(stats.binomtest(only_first, disagreed).pvalue),
        statistic,
        float(stats.chi2.sf(statistic, 1)),
    )


class TTest(NamedTuple):
    """Hold a t statistic and its two-sided p-value."""

    statistic: float
    p_value: float


def _test_t(difference: float, error: float, freedom: int) -> TTest:
    if not error > 0:  # also true of NaN, from differences that are not finite
        raise ValueError(
            f"a difference of {difference} with a standard error of {error} cannot be tested; "
            "the differences must be finite and not all alike"
        )
    statistic = difference / error
    return TTest(float(statistic), float(2 * stats.t.sf(abs(statistic), freedom)))


def paired_t_5x2cv(differences: ArrayLike) -> TTest:
    """Test two learning methods with five repetitions of two-fold cross-validation.

    t = d_11 / sqrt(mean of s_i^2) with five degrees of freedom, where s_i^2 is the sum of the squared
    deviations of the two differences of repetition i from their mean. Source: T. Dietterich, Neural
    Computation 10 (1998) 1895. Introduced in lesson 22.

    Args:
        differences: (5, 2) accuracy of one method minus that of the other, one row for each repetition.

    Raises:
        ValueError: another shape, a value that is not finite, or no variation at all.
    """
    differences = np.asarray(differences, dtype=float)
    if differences.shape != (5, 2):
        raise ValueError(f"differences {differences.shape} must be (5, 2): five repetitions of two folds")
    variances = differences.var(axis=1) * 2
    return _test_t(differences[0, 0], np.sqrt(variances.mean()), 5)


def _find_fold_error(scores: ArrayLike, train_size: int, test_size: int) -> tuple[float, float, int]:
    """Return the mean of the scores, its standard error as in `corrected_t`, and the degrees of freedom."""
    scores = np.asarray(scores, dtype=float)
    if scores.ndim != 1 or len(scores) < 2:
        raise ValueError(f"scores {scores.shape} must be (folds,), at least two")
    if train_size < 1 or test_size < 1:
        raise ValueError(f"train_size={train_size} and test_size={test_size} must be above 0")
    variance = (1 / len(scores) + test_size / train_size) * scores.var(ddof=1)
    return float(scores.mean()), float(np.sqrt(variance)), len(scores) - 1


def corrected_t(differences: ArrayLike, train_size: int, test_size: int) -> TTest:
    """Test two learning methods over the same k folds, with a variance corrected for their overlap.

    The training images of folds overlap, so that the usual factor 1/k can underestimate the variance of the
    mean (in lesson 21 for repeated splits, not for one split into five folds). It is replaced by
    1/k + test_size/train_size, with k - 1 degrees of freedom. For repeated k-fold, k counts all folds of all
    repetitions. Source: C. Nadeau and Y. Bengio, Machine Learning 52 (2003) 239. Introduced in lesson 21.

    Args:
        differences: (folds,) accuracy of one method minus that of the other.
        train_size: images that each fold trains on.
        test_size: images that each fold is judged on.

    Raises:
        ValueError: fewer than two folds, sizes below 1, a value that is not finite, or no variation at all.
    """
    return _test_t(*_find_fold_error(differences, train_size, test_size))


def fold_interval(
    scores: ArrayLike, train_size: int, test_size: int, confidence: float = 0.95
) -> tuple[float, float]:
    """Return the confidence interval of a mean score over folds, with the correction of `corrected_t`.

    Args:
        scores: (folds,) such as accuracies; the interval may reach outside 0..1.
        train_size: images that each fold trains on.
        test_size: images that each fold is judged on.
        confidence: in 0..1.

    Raises:
        ValueError: fewer than two folds, or sizes below 1.
    """
    mean, error, freedom = _find_fold_error(scores, train_size, test_size)
    half = float(stats.t.ppf((1 + confidence) / 2, freedom)) * error
    return mean - half, mean + half


def holm(p_values: ArrayLike) -> np.ndarray:
    """Adjust the p-values of several tests, so that the chance of any false positive is at most the level.

    The smallest is multiplied by their number m, the next by m - 1, and so on. Each is at least the one
    before, and at most 1. Source: S. Holm, Scandinavian Journal of Statistics 6 (1979) 65. Introduced in
    lesson 22.

    Args:
        p_values: (m,) in 0..1.

    Returns:
        (m,) adjusted p-values, in the order of the input.

    Raises:
        ValueError: not one-dimensional, or outside 0..1.
    """
    p_values = np.asarray(p_values, dtype=float)
    if p_values.ndim != 1 or not ((p_values >= 0) & (p_values <= 1)).all():
        raise ValueError(f"{p_values} are no p-values; give (m,) numbers in 0..1")
    order = np.argsort(p_values)
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.maximum.accumulate(p_values[order] * np.arange(p_values.size, 0, -1))
    return adjusted.clip(max=1)


def wilcoxon_over_seeds(scores: pd.DataFrame, against: str) -> pd.DataFrame:
    """Compare one method with each other one over the same seeds: Wilcoxon's signed-rank test and `holm`.

    With n seeds no p-value can be below 2 / 2^n: five seeds never reach 0.05, six reach 0.031 if all agree.
    Exact up to 50 seeds, or up to 13 if differences are equal or zero. Source: F. Wilcoxon, Biometrics
    Bulletin 1 (1945) 80. Introduced in lesson 22.

    Args:
        scores: such as test accuracies; one row for each seed, one column for each method.
        against: name of the column that each other column is compared with.

    Returns:
        One row for each other method: `difference` (mean of its score minus that of `against`), `statistic`,
        two-sided `p_value`, and `p_holm`, adjusted for the number of methods.

    Raises:
        ValueError: `against` is no column or the only one, or a score is not finite.
    """
    if against not in scores.columns or scores.shape[1] < 2:
        raise ValueError(f"{against!r} must be one of several methods; there are {list(scores.columns)}")
    if scores.empty or not np.isfinite(scores.to_numpy(dtype=float)).all():
        raise ValueError("every method needs a finite score for every seed; drop seeds that lack one")
    # Rounded: 0.3 - 0.2 and 0.2 - 0.1 differ in the last bit, but must count as equal.
    gaps = scores.drop(columns=against).sub(scores[against], axis=0).round(12)
    tested = [stats.wilcoxon(gap) if gap.any() else (0.0, 1.0) for _, gap in gaps.items()]
    table = pd.DataFrame(tested, index=gaps.columns, columns=["statistic", "p_value"])
    table.insert(0, "difference", gaps.mean())
    return table.assign(p_holm=holm(table["p_value"]))
