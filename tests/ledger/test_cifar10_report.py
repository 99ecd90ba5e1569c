"""The findings on `cifar10-report`: what is computed, on cases worked by hand and on made records."""

import json
from itertools import product
from math import isclose
from statistics import fmean

import pytest
from scipy.stats import binomtest

from helpers.ledger import cifar10_report as report
from helpers.ledger.claims import find_claim, list_claims
from helpers.ledger.findings import Number, Source, find
from helpers.ledger.rules import Decision
from helpers.paths import ROOT

CLAIMS = [claim for claim in list_claims() if claim.paper == "cifar10-report"]
TEXT = ROOT.parent / "shared" / "papers" / "cifar10-report.txt"


def decide(number):
    return find(find_claim(f"cifar10-report-{number:02d}"))


def keep(folder, name, **tables):
    """Write a record as a full run would leave it; a table is a list of rows."""
    parts = {
        table: {
            "columns": list(rows[0]),
            "index": list(range(len(rows))),
            "data": [[*row.values()] for row in rows],
        }
        for table, rows in tables.items()
    }
    record = {"manifest": {"lesson": "?"}, "values": {}, "tables": parts, "answers": {}}
    (folder / f"{name}.json").write_text(json.dumps(record), encoding="utf-8")


@pytest.fixture
def results(tmp_path, monkeypatch):
    monkeypatch.setattr("helpers.results.reading.RESULTS", tmp_path)
    return tmp_path


def make_history(seeds, training=0.0, validation=0.0):
    """Return the printed log, a little different in each seed, and moved as a whole."""
    rows = []
    for seed, epoch in product(range(seeds), range(1, 21)):
        accuracy, loss, val_accuracy, val_loss = map(float, report.LOG[17 if epoch == 18 else epoch])
        rows.append(
            {
                "seed": seed,
                "epoch": epoch,
                "loss": loss,
                "accuracy": accuracy + training + 0.001 * seed,
                "val_loss": val_loss,
                "val_accuracy": val_accuracy + validation + 0.001 * seed,
            }
        )
    return rows


def make_runs(accuracies, **more):
    columns = {"test_accuracy": accuracies, **more}
    return [
        {"seed": seed} | {name: values[seed] for name, values in columns.items()}
        for seed in range(len(accuracies))
    ]


# Every row


def test_every_claim_has_one_function_and_a_text_for_strangers():
    for claim in CLAIMS:
        assert 40 <= len(find(claim).evidence) <= 400, claim.id


@pytest.mark.skipif(not TEXT.exists(), reason="the stored texts of the papers are not part of the repository")
def test_quotations_are_verbatim_and_few():
    text = " ".join(TEXT.read_text(encoding="utf-8").split())
    quotes = [claim.quote for claim in CLAIMS if claim.quote]
    for quote in quotes:
        assert quote in text
        assert 2 <= len(quote.split()) <= 12, quote
    assert sum(len(quote.split()) for quote in quotes) <= 0.08 * len(text.split())


@pytest.mark.skipif(not TEXT.exists(), reason="the stored texts of the papers are not part of the repository")
def test_printed_values_are_printed():
    text = " ".join(TEXT.read_text(encoding="utf-8").split())
    for claim in CLAIMS:
        for value in filter(None, map(str.strip, claim.printed.split(";"))):
            assert value in text, claim.id


# Arithmetic


@pytest.mark.parametrize(
    ("filters", "parameters"),
    [
        ([32], 896 + (15 * 15 * 32 + 1) * 128 + 1290),
        ([64, 32], 1792 + 18_464 + (6 * 6 * 32 + 1) * 128 + 1290),
        ([32, 32, 32], 896 + 2 * 9248 + (2 * 2 * 32 + 1) * 128 + 1290),
    ],
)
def test_parameters_agree_with_a_count_by_hand(filters, parameters):
    assert report.count_parameters(filters, 128) == parameters


def test_the_space_of_the_search():
    space = report.list_configurations()
    assert len(space) == (4 + 16 + 64) * 8 * 3 == 2016
    assert len({str(one) for one in space}) == len(space)


def test_steps_are_rounded_up():
    assert report.count_steps(45_000) == 704
    assert report.count_steps(64) == 1
    assert report.count_steps(65) == 2


def test_the_log_turns_where_reading_says():
    assert report.list_turns(0, fall=True) == [14, 17]
    assert report.list_turns(1, fall=False) == [13, 14, 17, 19]
    assert report.list_turns(2, fall=True)[0] == 7


def test_deer_by_the_four_printed_counts():
    deer = report.measure_deer()
    assert isclose(deer["accuracy"], 100 * (513 + 9000 - 279) / 10_000)
    assert isclose(deer["F1"], 100 * 1026 / 1792)


@pytest.mark.parametrize(("first", "second"), [(14, 9), (9, 14), (20, 17), (12, 12), (3, 0)])
def test_no_pairing_of_the_images_has_a_larger_p(first, second):
    images = 20
    pairings = []
    for both in range(min(first, second) + 1):
        only_first, only_second = first - both, second - both
        if both + only_first + only_second <= images and only_first + only_second:
            pairings.append(binomtest(only_first, only_first + only_second).pvalue)
    assert isclose(report.find_worst_p(first, second, images), max(pairings))


def test_two_perfect_models_do_not_differ():
    assert report.find_worst_p(20, 20, 20) == 1


def test_chance_of_two_accuracies():
    # a half of 10,000 images: standard error of each half a point, of their difference root two times that
    assert isclose(report.find_chance(0.5, 10_000, 10_000), 1.96 * 0.005 * 2**0.5)


@pytest.mark.parametrize(
    ("outcomes", "joined"),
    [
        (["holds", "holds"], "holds"),
        (["fails", "fails"], "fails"),
        (["holds", "fails"], "holds in part"),
        (["replicated", "not replicated"], "holds in part"),
        (["replicated", "inconclusive"], "inconclusive"),
    ],
)
def test_joined_outcomes(outcomes, joined):
    assert report.join([Decision(outcome, "counting") for outcome in outcomes]).outcome == joined


def test_words_are_listed():
    assert report.list_words(["a"]) == "a"
    assert report.list_words([1, 2, 3]) == "1, 2 and 3"


def test_what_an_accuracy_rests_on_is_in_units_of_the_record():
    ours = [
        Number(value, Source("record", "accuracy", "runs", seed))
        for seed, value in enumerate((0.65, 0.66, 0.67))
    ]
    [rest] = report.judge_accuracy("0.655", ours).rests
    assert rest.sources == tuple(one.source for one in ours)
    assert isclose(rest.low, 0.635)  # two standard deviations of a point each
    assert isclose(rest.high, 0.675)
    assert rest.low <= fmean(ours) <= rest.high


def test_paired_runs():
    def number(values):
        return [Number(value, Source("record", "x", "runs", seed)) for seed, value in enumerate(values)]

    low, high = number([0.50, 0.51, 0.49, 0.50]), number([0.60, 0.62, 0.59, 0.61])
    assert report.compare_runs(high, low).outcome == "replicated"
    assert report.compare_runs(low, high).outcome == "not replicated"
    assert report.compare_runs(high, low, times=10_000).outcome == "inconclusive"
    assert report.compare_runs(high[:2], low[:2]).outcome == "inconclusive"
    assert report.compare_runs(high, low, general=True).outcome == "holds"
    [rest] = report.compare_runs(high, low).rests
    # Differences of 0.10, 0.11, 0.10 and 0.11: their mean must exceed 3.182 standard errors of 0.00289.
    assert len(rest.sources) == 4 and rest.low == pytest.approx(0.5 + 3.182 * 0.005774 / 2, abs=1e-5)


# Trainings over seeds, from made records

WAITING = [*(69 + epoch for epoch in report.LOG), 96, 99, 101, 113, 116, 117, 143, 147]


@pytest.mark.parametrize("number", WAITING)
def test_nothing_is_decided_before_there_is_a_record(results, number):
    finding = decide(number)
    assert finding.outcome == "waits for a run"
    assert finding.would_decide in report.AWAITED.values()


@pytest.mark.parametrize("epoch", report.LOG)
def test_a_log_like_the_printed_one_is_replicated(results, epoch):
    keep(results, "report_cnn_tuned", histories=make_history(5))
    finding = decide(69 + epoch)
    # of the later epochs only the level is compared: 0.477 lies far below, whoever trains
    assert finding.outcome == ("holds in part" if epoch == 19 else "replicated")
    assert all(value in finding.evidence for value in report.LOG[epoch])
    assert "5 seeds" in finding.ours
    assert 40 <= len(finding.evidence) <= 400


@pytest.mark.parametrize(
    ("moved", "outcome"),
    [
        ({"training": 0.05}, "holds in part"),
        ({"training": 0.05, "validation": 0.3}, "not replicated"),
        ({"validation": 0.3}, "holds in part"),
    ],
)
@pytest.mark.parametrize("epoch", [3, 12])
def test_a_log_that_lies_elsewhere_is_not(results, epoch, moved, outcome):
    keep(results, "report_cnn_tuned", histories=make_history(5, **moved))
    assert decide(69 + epoch).outcome == outcome


@pytest.mark.parametrize("epoch", [3, 12])
def test_two_seeds_decide_no_line(results, epoch):
    keep(results, "report_cnn_tuned", histories=make_history(2))
    assert decide(69 + epoch).outcome == "inconclusive"


def test_the_test_accuracy_is_judged_by_both_sides(results):
    for shift, outcome in ((0.0, "replicated"), (0.2, "not replicated"), (-0.2, "not replicated")):
        keep(results, "report_cnn_tuned", runs=make_runs([0.65 + shift, 0.66 + shift, 0.655 + shift]))
        assert decide(96).outcome == outcome


def test_measures_wait_for_their_column(results):
    accuracies = [0.65, 0.66, 0.67]
    keep(results, "report_cnn_tuned", runs=make_runs(accuracies))
    assert "precision macro" in decide(99).would_decide
    assert "f1 macro" in decide(101).would_decide
    more = {"precision_macro": [0.69, 0.68, 0.70], "f1_macro": [0.50, 0.51, 0.49]}
    keep(results, "report_cnn_tuned", runs=make_runs(accuracies, **more))
    assert decide(99).outcome == "replicated"
    assert decide(101).outcome == "not replicated"


def make_classes(seeds, **counts):
    """Return counts of every class in every seed: predicted and correct."""
    return [
        {"seed": seed, "class": name, "predicted": predicted + 5 * seed, "correct": correct + 5 * seed}
        for seed in range(seeds)
        for name in report.TABLE_1
        for predicted, correct in [counts.get(name, (1000, 700))]
    ]


def test_both_counts_of_deer_have_one_outcome(results):
    for counts, outcome in (
        ((790, 510), "replicated"),
        ((1365, 510), "holds in part"),
        ((1365, 900), "not replicated"),
    ):
        keep(results, "report_cnn_tuned", classes=make_classes(4, deer=counts))
        assert [decide(number).outcome for number in (116, 117)] == [outcome, outcome]
    assert decide(116).evidence != decide(117).evidence


def test_counts_of_classes_are_asked_for(results):
    keep(results, "report_cnn_tuned", runs=make_runs([0.65, 0.66, 0.67]))
    assert "each class" in decide(113).would_decide


def test_the_hardest_classes_must_both_be_last(results):
    for hard, outcome in ((("dog", "deer"), "replicated"), (("cat", "bird"), "not replicated")):
        rows = make_classes(5, **dict.fromkeys(hard, (900, 400)))
        rows = [row | {"correct": row["correct"] + len(row["class"]) * row["seed"] % 3} for row in rows]
        keep(results, "report_cnn_tuned", classes=rows)
        assert decide(113).outcome == outcome


def test_tuning_is_compared_with_the_example(results):
    keep(results, "report_cnn_example", runs=make_runs([0.66, 0.665, 0.67, 0.66]))
    keep(results, "report_cnn_tuned", runs=make_runs([0.60, 0.55, 0.58, 0.62]))
    assert decide(143).outcome == "not replicated"
    keep(results, "report_cnn_tuned", runs=make_runs([0.70, 0.55, 0.60, 0.68]))
    assert decide(143).outcome == "inconclusive"


def test_training_that_pulls_away_is_overfitting(results):
    rows = make_history(5, training=0.2)
    rows = [row | {"accuracy": row["accuracy"] + 0.01 * (row["seed"] % 2)} for row in rows]
    keep(results, "report_cnn_example", histories=rows)
    assert decide(147).outcome == "not replicated"
