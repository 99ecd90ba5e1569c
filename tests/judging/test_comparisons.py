import numpy as np
import pandas as pd
import pytest

from helpers.judging.comparisons import (
    corrected_t,
    fold_interval,
    holm,
    mcnemar,
    paired_t_5x2cv,
    wilcoxon_over_seeds,
)

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning", "error::UserWarning")


def test_mcnemar_by_hand():
    # 5 images both have right, 8 only the first, 2 only the second, 1 neither.
    labels = np.zeros(16, int)
    first, second = np.repeat([0, 0, 1, 1], [5, 8, 2, 1]), np.repeat([0, 1, 0, 1], [5, 8, 2, 1])
    found = mcnemar(labels, first, second)
    assert (found.only_first, found.only_second) == (8, 2)
    assert found.p_value == pytest.approx(2 * (1 + 10 + 45) / 2**10)
    assert found.statistic == pytest.approx((8 - 2 - 1) ** 2 / 10)
    assert found.p_corrected == pytest.approx(0.1138, abs=1e-4)  # chi-squared of 2.5
    assert mcnemar(labels, second, first).p_value == found.p_value


def test_models_that_disagree_evenly_or_never_do_not_differ():
    labels, first, second = [0, 0, 0], [0, 1, 0], [1, 0, 0]
    assert mcnemar(labels, first, second) == (1, 1, 1, 0, 1)
    assert mcnemar(labels, first, first) == (0, 0, 1, 0, 1)


@pytest.mark.parametrize("vectors", [([0, 1], [0], [0, 1]), ([0, 1], [0, 1], [0])])
def test_mcnemar_refuses_vectors_of_other_lengths(vectors):
    with pytest.raises(ValueError, match="must both be"):
        mcnemar(*vectors)


def test_5x2cv_by_hand():
    # Squared deviations 2, 0, 8, 2, 0: their mean is 2.4.
    found = paired_t_5x2cv([[3, 1], [2, 2], [4, 0], [1, 3], [2, 2]])
    assert found.statistic == pytest.approx(3 / 2.4**0.5)
    # Tables give 2.5706 as the two-sided 5 % point at five degrees of freedom.
    first = 2.5706 * 1.6**0.5
    assert paired_t_5x2cv([[first, first], *[[1, -1]] * 4]).p_value == pytest.approx(0.05, abs=1e-5)


@pytest.mark.parametrize(
    ("differences", "message"),
    [
        (np.ones((2, 5)), "five repetitions"),
        (np.ones((5, 2)), "not all alike"),
        ([[np.nan, 1]] * 5, "must be finite"),
    ],
)
def test_5x2cv_refuses(differences, message):
    with pytest.raises(ValueError, match=message):
        paired_t_5x2cv(differences)


def test_folds_by_hand():
    # Mean 3, variance 2.5, of which 1/5 + 20/80 counts; 2.7764 is the 5 % point at four degrees of freedom.
    differences, error = [1, 2, 3, 4, 5], (0.45 * 2.5) ** 0.5
    assert corrected_t(differences, 80, 20).statistic == pytest.approx(3 / error)
    half = 2.7764 * error
    assert fold_interval(differences, 80, 20) == pytest.approx((3 - half, 3 + half), abs=1e-4)
    edge = [value - 3 + half for value in differences]
    assert corrected_t(edge, 80, 20).p_value == pytest.approx(0.05, abs=1e-5)
    assert corrected_t(-np.array(edge), 80, 20).p_value == pytest.approx(0.05, abs=1e-5)


@pytest.mark.parametrize(
    ("scores", "sizes", "message"),
    [([1], (80, 20), "at least two"), ([1, 2], (0, 20), "train_size=0"), ([1, 1], (80, 20), "not all alike")],
)
def test_folds_refuse(scores, sizes, message):
    with pytest.raises(ValueError, match=message):
        corrected_t(scores, *sizes)


def test_holm_by_hand():
    # 3 x 0.01, 2 x 0.03, and 1 x 0.04, which may not fall below the one before.
    assert holm([0.04, 0.01, 0.03]).tolist() == pytest.approx([0.06, 0.03, 0.06])
    assert holm([0.6, 0.7]).tolist() == [1, 1]
    with pytest.raises(ValueError, match="no p-values"):
        holm([0.5, np.nan])


def test_wilcoxon_over_seeds_by_hand():
    base = np.array([0.1, 0.2, 0.3, 0.2, 0.1, 0.3])
    scores = pd.DataFrame(
        {
            "base": base,
            "better": base + 0.1,  # all six up: 2 of the 64 choices of signs
            "mixed": base + np.array([0.1, 0.1, 0.2, -0.1, 0.3, 0.0]),  # ranks 2 2 4 -2 5: 8 of 32
            "same": base,
        }
    )
    found = wilcoxon_over_seeds(scores, "base")
    assert found["difference"].tolist() == pytest.approx([0.1, 0.1, 0])
    assert found["statistic"].tolist() == [0, 2, 0]
    assert found["p_value"].tolist() == pytest.approx([2 / 64, 8 / 32, 1])
    assert found["p_holm"].tolist() == pytest.approx([6 / 64, 16 / 32, 1])


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ({"other": [1, 2], "new": [2, 3]}, "'base' must be one of several"),
        ({"base": [1, 2]}, "several"),
        ({"base": [1, 2], "new": [1, np.nan]}, "every seed"),
        ({"base": [], "new": []}, "every seed"),
    ],
)
def test_wilcoxon_over_seeds_refuses(scores, message):
    with pytest.raises(ValueError, match=message):
        wilcoxon_over_seeds(pd.DataFrame(scores), "base")
