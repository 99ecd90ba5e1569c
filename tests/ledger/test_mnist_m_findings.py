"""The findings about `mnist-m`, by cases worked out by hand and by counting in confusion matrices."""

import numpy as np
import pandas as pd
import pytest

from helpers.judging.measures import average_classes, judge_classes
from helpers.ledger import mnist_m
from helpers.ledger.claims import list_claims
from helpers.ledger.findings import WaitsForRun, find
from helpers.ledger.rules import Decision
from helpers.paths import ROOT

PAPER = ROOT.parent / "shared" / "papers" / "mnist-m.txt"


def read_rows():
    return {claim.id: claim for claim in list_claims() if claim.paper == "mnist-m"}


CLAIMS = read_rows()


def make_confusions(sizes, errors, rng, *, wrong=range(10), called=range(10)):
    """Return a confusion matrix with so many errors, on images of some digits, called some digits."""
    counts = np.diag(sizes)
    for _ in range(errors):
        true = rng.choice(wrong)
        guess = rng.choice([digit for digit in called if digit != true])
        counts[true, true] -= 1
        counts[true, guess] += 1
    return pd.DataFrame(counts)


def list_patterns(errors):
    rng = np.random.default_rng(0)
    yield make_confusions(mnist_m.TEST_DIGITS, errors, rng)
    for digit in range(10):
        yield make_confusions(mnist_m.TEST_DIGITS, errors, rng, wrong=[digit])
        others = [other for other in range(10) if other != digit]
        yield make_confusions(mnist_m.TEST_DIGITS, errors, rng, wrong=others, called=[digit])


def test_no_pattern_of_errors_leaves_the_bounds():
    low, high = mnist_m.bound_specificity("98.50 %")
    least, most = mnist_m.bound_recall("98.50 %")
    for confusions in list_patterns(150):
        found = 100 * average_classes(judge_classes(confusions))
        assert found["accuracy"] == pytest.approx(98.5)
        for average in ("macro", "weighted"):
            assert low - 1e-9 <= found[f"specificity_{average}"] <= high + 1e-9
        assert least - 1e-9 <= found["recall_macro"] <= most + 1e-9


def test_the_bounds_are_reached():
    rng = np.random.default_rng(0)
    sevens_to_ones = make_confusions(mnist_m.TEST_DIGITS, 75, rng, wrong=[7], called=[1])
    found = 100 * average_classes(judge_classes(sevens_to_ones))
    assert found["specificity_weighted"] == pytest.approx(mnist_m.bound_specificity("99.25 %")[0])


@pytest.mark.parametrize("kind", ["macro", "weighted"])
def test_averages_of_precision_and_recall_bound_f1_and_g(kind):
    for confusions in list_patterns(150):
        classes = judge_classes(confusions)
        found = 100 * average_classes(classes)
        averages = f"{found[f'precision_{kind}']:.2f} %", f"{found[f'recall_{kind}']:.2f} %"
        weights = None if kind == "macro" else classes["images"]
        roots = 100 * np.average(np.sqrt(classes["precision"] * classes["recall"]), weights=weights)
        low, high = mnist_m.bound_f1(*averages)
        assert low <= found[f"f1_{kind}"] <= high
        low, high = mnist_m.bound_g(*averages)
        assert low <= roots <= high


def test_errors_of_a_printed_accuracy():
    assert mnist_m.count_errors("99.25 %", 10_000) == (75, 75)
    assert mnist_m.count_errors("98.90 %", 9_001) == (99, 99)
    fewest, most = mnist_m.count_errors("98.75 %", 9_001)  # 112.06 to 112.96 errors: no whole number
    assert fewest > most


def test_the_first_step_has_what_the_others_leave():
    least, most = mnist_m.bound_first_step("12", "38", "313")
    assert (least, most) == pytest.approx((11.5 - 312 * 0.0385, 12.5 - 312 * 0.0375))


@pytest.mark.parametrize(
    ("seconds", "outcome"), [("266", "fails"), ("268", "holds"), ("275", "holds"), ("316", "holds in part")]
)
def test_a_time_is_long_enough_and_without_a_pause(seconds, outcome):
    assert mnist_m.check_time(seconds, "143", "1875").outcome == outcome


def test_parts_that_disagree_hold_in_part():
    yes, no = Decision("holds", "bounds"), Decision("fails", "bounds")
    assert mnist_m.combine(yes, yes).outcome == "holds"
    assert mnist_m.combine(yes, no).outcome == "holds in part"
    assert mnist_m.combine(no, no).outcome == "fails"


def test_the_lead_over_the_next_is_short_of_significance():
    assert mnist_m.compare_shares(0.9925, 0.99, 10_000) == pytest.approx(0.0577, abs=5e-5)


def test_the_printed_specificity_is_the_recall_of_zero_with_one_zero_missed():
    assert float(mnist_m.SPECIFICITY) == 979 / 980
    assert mnist_m.TEST_DIGITS[0] == 980
    assert sum(mnist_m.TEST_DIGITS) == 10_000
    assert sum(mnist_m.RELEASED_DIGITS) == 9_001


def test_constants_are_what_the_claims_print():
    for epoch, line in mnist_m.LOG.items():
        assert CLAIMS[f"mnist-m-{23 + epoch}"].printed.split("; ") == list(line[2:])
        assert CLAIMS[f"mnist-m-{33 + epoch}"].printed == f"{line.seconds} s; {line.step} ms/step"
    for name, row in mnist_m.TABLE.items():
        for column, printed in row._asdict().items():
            (claim,) = mnist_m.list_ids(column, name)
            assert CLAIMS[claim].printed == printed
            assert mnist_m.find_row(CLAIMS[claim]) == (name, row)
    for number, printed in {
        5: mnist_m.ABSTRACT_ACCURACY,
        23: mnist_m.TRAIN_STEPS,
        47: mnist_m.TEST_STEPS,
        50: mnist_m.ACCURACY,
        53: mnist_m.AUC,
        54: mnist_m.PRECISION,
        55: mnist_m.RECALL,
        56: mnist_m.SPECIFICITY,
        57: mnist_m.F1,
        58: mnist_m.G,
    }.items():
        assert CLAIMS[f"mnist-m-{number:02d}"].printed == printed


def test_another_specificity_would_hold(monkeypatch):
    claim = CLAIMS["mnist-m-74"]
    assert find(claim).outcome == "fails"
    row = mnist_m.TABLE["LeNet-5"]._replace(specificity="99.83 %")
    monkeypatch.setitem(mnist_m.TABLE, "LeNet-5", row)
    assert find(claim).outcome == "holds"


def test_the_g_measure_differs_from_the_root_in_its_eleventh_digit(monkeypatch):
    claim = CLAIMS["mnist-m-58"]
    assert find(claim).outcome == "fails"
    monkeypatch.setattr(mnist_m, "G", "0.9925076991914769")
    assert find(claim).outcome == "holds"


def test_an_epoch_beyond_the_record_waits(monkeypatch):
    claim = CLAIMS["mnist-m-24"]
    assert find(claim).outcome != "waits for a run"
    monkeypatch.setattr(mnist_m.Recorded, "table", lambda self, name: pd.DataFrame())
    with pytest.raises(WaitsForRun, match="ten epochs"):
        mnist_m.compare_epoch(claim)


def test_every_row_is_decided_in_words_of_its_own():
    findings = {name: find(claim) for name, claim in CLAIMS.items()}
    texts = [finding.evidence for finding in findings.values()]
    assert len(set(texts)) == len(texts)
    for name, finding in findings.items():
        assert 40 <= len(finding.evidence) <= 400, name
        assert all(value in finding.evidence for value in CLAIMS[name].printed.split("; ")[:3]), name


@pytest.mark.skipif(not PAPER.exists(), reason="the paper's text is not here")
def test_quotations_are_in_the_paper_and_few():
    text = " ".join(PAPER.read_text(encoding="utf-8").split())
    quotes = [claim.quote for claim in CLAIMS.values() if claim.quote]
    assert [quote for quote in quotes if quote not in text] == []
    assert all(2 <= len(quote.split()) <= 12 for quote in quotes)
    assert sum(len(quote.split()) for quote in quotes) <= 0.08 * len(text.split())
