import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from helpers.judging.measures import (
    average_classes,
    bin_confidences,
    bootstrap_interval,
    count_confusions,
    count_correct,
    judge,
    judge_classes,
    trace_roc,
    wilson_interval,
)

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning", "error::UserWarning")

# Rows: 5 images of a, 6 of b, 5 of c.
CONFUSIONS = pd.DataFrame([[4, 1, 0], [2, 3, 1], [0, 0, 5]], index=list("abc"), columns=list("abc"))
# The four scores of class 1 have three of four pairs in the right order.
TWO_CLASSES = [0, 0, 1, 1], [[0.9, 0.1], [0.6, 0.4], [0.65, 0.35], [0.2, 0.8]]


def test_count_correct():
    assert count_correct([0, 1, 2, 2], [0, 1, 1, 2]) == (3, 4)


@pytest.mark.parametrize(
    ("labels", "predicted", "message"),
    [([0, 1], [0], "must both be"), ([[0.1, 0.9]], [[0.2, 0.8]], "argmax"), ([], [], "empty")],
)
def test_count_correct_refuses(labels, predicted, message):
    with pytest.raises(ValueError, match=message):
        count_correct(labels, predicted)


def test_wilson_interval_agrees_with_the_formula():
    z, n, p = 1.959964, 10, 0.9
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * (p * (1 - p) / n + z**2 / (4 * n**2)) ** 0.5
    assert wilson_interval(9, 10) == pytest.approx((centre - half, centre + half))


def test_wilson_interval_stays_inside_at_the_ends():
    low, high = wilson_interval(20, 20)
    assert 0.8 < low < 0.9
    assert high == 1


def draw_predictions(images: int = 300, classes: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Return labels of unequal classes and probabilities that are right more often than not."""
    rng = np.random.default_rng(0)
    labels = rng.choice(classes, images, p=[0.1, 0.2, 0.3, 0.4])
    scores = np.exp(rng.normal(size=(images, classes)) + 1.5 * np.eye(classes)[labels])
    return labels, scores / scores.sum(axis=1, keepdims=True)


def test_bootstrap_interval_of_an_accuracy_is_close_to_the_normal_one():
    right = np.repeat([1, 0], [320, 80])
    half = 1.96 * (0.8 * 0.2 / 400) ** 0.5
    low, high = bootstrap_interval(np.mean, right)
    assert (low, high) == pytest.approx((0.8 - half, 0.8 + half), abs=0.006)
    assert (low, high) == bootstrap_interval(np.mean, right)
    assert (low, high) != bootstrap_interval(np.mean, right, seed=1)
    narrow = bootstrap_interval(np.mean, right, confidence=0.5)
    assert low < narrow[0] < 0.8 < narrow[1] < high


def test_bootstrap_interval_holds_what_was_drawn():
    assert bootstrap_interval(np.max, np.arange(100))[1] == 99  # a reflected interval would go beyond


def test_bootstrap_draws_the_same_images_from_every_array():
    column, rows, drawn = np.arange(50), np.repeat(np.arange(50), 3).reshape(50, 3), []

    def compare(ours: np.ndarray, theirs: np.ndarray) -> bool:
        drawn.append(ours)
        return np.array_equal(ours, theirs[:, 2])

    assert bootstrap_interval(compare, column, rows, resamples=20) == (1, 1)
    assert 20 <= len(drawn) <= 21
    assert len({tuple(chosen) for chosen in drawn}) >= 20


@pytest.mark.parametrize("arrays", [[], [[1, 2], [1, 2, 3]], [[1], [1]]])
def test_bootstrap_refuses_arrays_of_other_lengths(arrays):
    with pytest.raises(ValueError, match="one length"):
        bootstrap_interval(np.mean, *arrays)


def test_confusions_count_true_classes_in_rows():
    counts = count_confusions([0, 0, 1, 2], [0, 1, 1, 1], ["a", "b", "c", "d"])
    assert counts.loc["a", "b"] == 1
    assert counts.to_numpy().tolist() == [[1, 1, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]]
    assert list(counts.index) == list(counts.columns) == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("labels", "predicted", "message"),
    [
        ([0, 2], [0, 1], "labels hold class 2 at place 1"),
        ([0, 1], [-1, 1], "predictions hold class -1 at place 0"),
        ([0.0, 1.0], [0, 1], "labels are float64"),
        ([0, 1], [[0.1, 0.9], [0.2, 0.8]], "argmax"),
    ],
)
def test_confusions_refuse(labels, predicted, message):
    with pytest.raises(ValueError, match=message):
        count_confusions(labels, predicted, ["a", "b"])


def test_classes_are_judged_as_by_hand():
    table = judge_classes(CONFUSIONS)
    assert table.loc["a", ["images", "predicted", "correct"]].tolist() == [5, 6, 4]
    # Class a: TP 4, FN 1, FP 2, TN 9.
    by_hand = {
        "recall": 4 / 5,
        "precision": 4 / 6,
        "f1": 8 / 11,
        "specificity": 9 / 11,
        "g_mean": (4 / 5 * 9 / 11) ** 0.5,
        "one_vs_rest_accuracy": 13 / 16,
    }
    assert table.loc["a", list(by_hand)].tolist() == pytest.approx(list(by_hand.values()))
    assert (table.loc["b", "recall_low"], table.loc["b", "recall_high"]) == wilson_interval(3, 6)


def test_the_deer_of_the_cifar10_report():
    # Printed: 513 of 1,000 found, 792 predicted, and as accuracy of deer 65.76 %, that of all ten classes.
    deer = judge_classes(pd.DataFrame([[513, 487], [279, 8721]], index=["deer", "rest"])).loc["deer"]
    assert round(deer["precision"], 4) == 0.6477
    assert round(deer["f1"], 4) == 0.5725
    assert round(deer["one_vs_rest_accuracy"], 4) == 0.9234


def test_averages_count_classes_or_images_alike():
    averages = average_classes(judge_classes(CONFUSIONS))
    assert averages["accuracy"] == pytest.approx(12 / 16)
    assert averages["recall_macro"] == pytest.approx((4 / 5 + 3 / 6 + 1) / 3)
    assert averages["recall_weighted"] == pytest.approx(12 / 16)
    assert averages["specificity_macro"] == pytest.approx((9 / 11 + 9 / 10 + 10 / 11) / 3)
    assert averages["specificity_weighted"] == pytest.approx((5 * 9 / 11 + 6 * 9 / 10 + 5 * 10 / 11) / 16)


def test_averages_agree_with_scikit_learn():
    labels, probabilities = draw_predictions()
    found, predicted = judge(labels, probabilities), probabilities.argmax(axis=1)
    for average in ("macro", "weighted"):
        expected = metrics.precision_recall_fscore_support(labels, predicted, average=average)[:3]
        names = [f"{measure}_{average}" for measure in ("precision", "recall", "f1")]
        assert found[names].tolist() == pytest.approx(expected)
        areas = metrics.roc_auc_score(labels, probabilities, multi_class="ovr", average=average)
        assert found[f"auc_{average}"] == pytest.approx(areas)
    assert found["recall_macro"] != pytest.approx(found["recall_weighted"], abs=0.01)


def test_a_class_never_predicted_has_precision_0_and_one_without_images_no_recall():
    table = judge_classes(pd.DataFrame([[3, 0, 1], [2, 0, 0], [0, 0, 0]], index=list("abc")))
    assert table["precision"].tolist() == [3 / 5, 0, 0]
    assert table["recall"].tolist()[:2] == [3 / 4, 0]
    assert table.loc["c", ["recall", "recall_low", "recall_high", "g_mean"]].isna().all()
    assert table.loc["c", "specificity"] == 5 / 6
    with pytest.raises(ValueError, match="no image of class 'c'"):
        average_classes(table)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [([[1, 2]], "not square"), ([[0.5, 0.5], [0, 1]], "normalisation"), ([[1, -1], [0, 1]], "counts")],
)
def test_a_matrix_that_holds_no_counts_is_refused(matrix, message):
    with pytest.raises(ValueError, match=message):
        judge_classes(pd.DataFrame(matrix))


def test_roc_goes_through_the_points_found_by_hand():
    curves, areas = trace_roc(*TWO_CLASSES, ["no", "yes"])
    assert areas["yes"] == pytest.approx(3 / 4)
    # From (0, 0) up to 1/2, right to 1/2, up to 1, right to 1.
    assert curves["yes"].loc[[0, 0.25, 0.5, 1]].tolist() == [0.5, 0.5, 1, 1]


def test_roc_of_a_class_without_images_or_with_nothing_else_is_not_a_number():
    assert trace_roc([0, 0], [[0.8, 0.2], [0.3, 0.7]], ["only", "none"]).areas.isna().all()
    labels, probabilities = [0, 1, 1], [[0.8, 0.1, 0.1], [0.3, 0.6, 0.1], [0.5, 0.3, 0.2]]
    curves, areas = trace_roc(labels, probabilities, list("abc"))
    assert areas.isna().tolist() == [False, False, True]
    assert curves["c"].isna().all()
    assert not curves["a"].isna().any()
    with pytest.raises(ValueError, match="2 names for probabilities of 3 classes"):
        trace_roc(labels, probabilities, list("ab"))


def test_log_loss_and_brier_score_by_hand():
    found = judge([0, 1, 2], [[0.9, 0.1, 0], [0.2, 0.7, 0.1], [0.25, 0.25, 0.5]])
    assert found["log_loss"] == pytest.approx(-np.log([0.9, 0.7, 0.5]).mean())
    # 0.01 + 0.01, then 0.04 + 0.09 + 0.01, then 0.0625 + 0.0625 + 0.25
    assert found["brier"] == pytest.approx((0.02 + 0.14 + 0.375) / 3)


def test_confidences_fall_into_bins_closed_above():
    sure, edge, unsure = [0.9, 0.1], [0.75, 0.25], [0.65, 0.35]
    bins = bin_confidences([0, 0, 0, 1, 0, 0, 1, 0], [sure] * 4 + [edge] * 2 + [unsure] * 2, bins=4)
    assert bins.index.tolist() == [0.75, 1]
    assert bins["images"].tolist() == [4, 4]
    assert bins["confidence"].tolist() == pytest.approx([0.7, 0.9])
    assert bins["accuracy"].tolist() == [0.75, 0.75]
    assert (bins["low"].iloc[0], bins["high"].iloc[0]) == wilson_interval(3, 4)
    assert bin_confidences([0], [sure]).index.tolist() == pytest.approx([14 / 15])


def test_calibration_error_by_hand():
    # Confidence 0.9, three of four right: off by 0.15. Confidence 0.6, two of two right: off by 0.4.
    labels = [0, 0, 1, 0, 1, 1]
    probabilities = [[0.9, 0.1], [0.9, 0.1], [0.1, 0.9], [0.1, 0.9], [0.4, 0.6], [0.4, 0.6]]
    assert judge(labels, probabilities)["calibration_error"] == pytest.approx((4 * 0.15 + 2 * 0.4) / 6)


def test_probabilities_kept_in_float16_pass():
    labels, probabilities = draw_predictions()
    coarse = judge(labels, probabilities.astype(np.float16))
    assert coarse["log_loss"] == pytest.approx(judge(labels, probabilities)["log_loss"], abs=1e-3)


@pytest.mark.parametrize(
    ("labels", "probabilities", "message"),
    [
        ([0, 1], [[0.5, 0.5]], r"\(2,\) and probabilities \(1, 2\)"),
        ([0, 1], [0.5, 0.5], "must be"),
        ([], np.empty((0, 2)), "empty"),
        ([0, 2], [[0.5, 0.5], [0.5, 0.5]], "class 2 at place 1"),
        ([0, 1], [[0.5, 0.5], [np.nan, 1]], "image 1 are not finite"),
        ([0, 1], [[2.0, -1.0], [0.5, 0.5]], "image 0 start at -1 .* softmax"),
        ([0, 1], [[0.5, 0.5], [0.9, 0.2]], "image 1 start at 0.2 and sum to 1.1"),
        ([0, 0], [[0.5, 0.5], [0.9, 0.1]], "no image of class 1"),
    ],
)
def test_judge_refuses(labels, probabilities, message):
    with pytest.raises(ValueError, match=message):
        judge(labels, probabilities)
