"""The findings about `alexnet-mnist`: hand-worked cases of what they compute, and the quotes."""

import math
import re
from itertools import pairwise

import pytest

from helpers.ledger import alexnet_mnist as ledger
from helpers.ledger.check import QUOTED
from helpers.ledger.claims import list_claims
from helpers.ledger.findings import Number, Source, find
from helpers.paths import ROOT

TEXT = ROOT.parent / "shared" / "papers" / "alexnet-mnist.txt"
CLAIMS = {claim.id: claim for claim in list_claims() if claim.paper == ledger.PAPER}


def decide(number):
    return find(CLAIMS[f"alexnet-mnist-{number:02d}"])


def record(*values):
    return [Number(value, Source("lesson", "accuracy", "runs", row)) for row, value in enumerate(values)]


def test_table_2_has_the_shapes_parameters_and_work_counted_by_hand():
    layers = ledger.lay_out_table_2()
    assert [layer.parameters for layer in layers] == [0, 896, 0, 18_496, 0, 0, 25_690_240, 1_290]
    assert layers[5].shape == (56 * 56 * 64,) == (200_704,)
    convolutions = 224 * 224 * 27 * 32 + 112 * 112 * 288 * 64
    assert ledger.count_work(layers) == convolutions + 200_704 * 128 + 1_280 == 300_254_464
    small = ledger.lay_out_table_2(28, 1)
    assert small[5].shape == (7 * 7 * 64,)
    assert sum(layer.parameters for layer in small) == 320 + 18_496 + 3_136 * 128 + 128 + 1_290


def test_without_pooling_the_second_convolution_sees_four_times_the_places():
    pooled, plain = ledger.lay_out_table_2(), ledger.lay_out_table_2(pooled=False)
    assert plain[2].multiply_adds == 4 * pooled[3].multiply_adds
    assert plain[3].shape == (224 * 224 * 64,)


def test_the_known_networks_have_their_published_sizes():
    """Parameters as in torchvision; the multiply-adds of VGG16 as its models are usually listed, 15.47 G."""
    parameters, work = ledger.count_alexnet()
    dense = 9216 * 4096 + 4096 * 4096 + 4096 * 1000
    assert (parameters, work) == (61_100_840, 655_566_528 + dense)
    assert ledger.count_vgg16() == (138_357_544, 15_470_264_320)
    assert ledger.count_resnet50() == 25_557_032
    assert ledger.count_densenet121() == 7_978_856


def test_alexnet_takes_the_work_that_the_lesson_on_it_recorded():
    recorded = ledger.Recorded("alexnet_transfer").cell("by_size", "224 px", "multiply-adds")
    assert ledger.count_alexnet()[1] - recorded == 9216 * 4096 + 4096 * 4096 + 4096 * 1000


@pytest.mark.parametrize(
    ("positive", "negative", "area"),
    [([3], [1], 1), ([1], [3], 0), ([2], [2], 0.5), ([0.9, 0.6, 0.4], [0.7, 0.3, 0.2], 7 / 9)],
)
def test_the_area_counts_pairs_in_order(positive, negative, area):
    assert ledger.rank_area(positive, negative) == pytest.approx(area)


def test_adam_without_memory_takes_the_last_gradient():
    assert ledger.take_moments([5.0, 2.0], 0.0, 0.0) == (2.0, 4.0)
    # By hand: 0.5 x 0 + 0.5 x 4 = 2, then 0.5 x 2 + 0.5 x 1 = 1.5; corrected by 1 - 0.25.
    assert ledger.take_moments([4.0, 1.0], 0.5, 0.0) == (2.0, 1.0)


def test_holm_multiplies_by_what_is_left_and_never_falls():
    assert ledger.correct([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert ledger.correct([0.6, 0.7]) == [1.0, 1.0]


def test_a_paired_comparison_is_the_t_test_worked_by_hand():
    # Gains 1, 2, 3 points: mean 2, deviation 1, t = 2 sqrt(3); with two degrees of freedom
    # p = 1 - t / sqrt(t^2 + 2), for both sides.
    one = ledger.compare_runs({"one": (record(0.91, 0.92, 0.93), record(0.90, 0.90, 0.90))})["one"]
    t = 2 * math.sqrt(3)
    assert one.gain == pytest.approx(2)
    assert one.p_value == pytest.approx(1 - t / math.sqrt(t * t + 2))
    assert one.decision.outcome == "inconclusive"


@pytest.mark.parametrize(
    ("ours", "outcome"),
    [
        ((0.95, 0.951, 0.952), "holds"),
        ((0.85, 0.851, 0.852), "fails"),
        ((0.89, 0.9, 0.911), "inconclusive"),
    ],
)
def test_an_outcome_rests_on_numbers_that_flip_it_just_outside(ours, outcome):
    other = record(0.9, 0.9, 0.9)
    decision = ledger.compare_runs({"one": (record(*ours), other)})["one"].decision
    (rest,) = decision.rests
    mean = sum(ours) / 3
    assert decision.outcome == outcome and rest.low <= mean <= rest.high
    for end in (rest.low, rest.high):
        if math.isinf(end):
            continue
        for moved, same in ((end - 1e-6, end == rest.high), (end + 1e-6, end == rest.low)):
            shifted = record(*(value + moved - mean for value in ours))
            found = ledger.compare_runs({"one": (shifted, other)})["one"].decision.outcome
            assert (found == outcome) is same


def test_runs_that_stand_in_two_tests_move_both():
    ours = record(0.95, 0.951, 0.953)
    near, far = record(0.949, 0.9502, 0.9515), record(0.90, 0.902, 0.901)

    def decide(rise):
        moved = record(*(value + rise for value in ours))
        return ledger.compare_runs({"near": (moved, near), "far": (moved, far)})["near"].decision

    (rest,) = decide(0).rests
    for end in (rest.low, rest.high):
        if math.isfinite(end):
            inside, outside = (
                end + side * 1e-6 - sum(ours) / 3 for side in ((1, -1) if end == rest.low else (-1, 1))
            )
            assert decide(inside).outcome == decide(0).outcome != decide(outside).outcome


def test_several_tests_correct_each_other():
    ours, other = record(0.91, 0.9105, 0.912), record(0.9, 0.9, 0.9)
    alone = ledger.compare_runs({"a": (ours, other)})["a"].p_value
    both = ledger.compare_runs({"a": (ours, other), "b": (record(0.9, 0.91, 0.89), other)})["a"].p_value
    assert both == pytest.approx(2 * alone)


def test_shares_of_ten_thousand_images_need_about_a_point_and_a_half_at_one_half():
    # Standard error of a difference at 0.5: sqrt(2 x 0.25 / 10,000) = 0.00707; 1.96 of these are 1.39 points.
    p_value, decision = ledger.compare_shares(record(0.5069), record(0.4931)[0], 1)
    assert p_value > 0.05 and decision.outcome == "inconclusive"
    p_value, decision = ledger.compare_shares(record(0.5070), record(0.4930)[0], 1)
    assert p_value < 0.05 and decision.outcome == "holds"
    just = decision.rests[0].low
    assert just == pytest.approx(0.5069, abs=1e-4)
    for value, outcome in ((just - 1e-6, "inconclusive"), (just + 1e-6, "holds")):
        assert ledger.compare_shares(record(value), record(0.4930)[0], 1)[1].outcome == outcome


def test_a_rise_is_a_false_alarm_only_if_the_loss_comes_down_again():
    training = [5, 4, 3, 2, 1]
    assert ledger.count_warnings(training, [9, 8, 9, 7, 8]) == (2, 1)
    assert ledger.count_warnings(training, [9, 8, 7, 6, 5]) == (0, 0)
    assert ledger.count_warnings([5, 6, 7, 8, 9], [1, 2, 3, 4, 5]) == (0, 0)


@pytest.mark.parametrize(
    ("parts", "outcome"),
    [([True, True], "holds"), ([True, False], "holds in part"), ([False], "fails")],
)
def test_claims_of_several_parts(parts, outcome):
    assert ledger.weigh(parts, "reading").outcome == outcome


@pytest.mark.parametrize(
    ("number", "printed", "outcome"),
    [(51, "25690240", "holds"), (51, "25689600", "fails"), (52, "1289", "fails"), (45, "896", "holds")],
)
def test_another_printed_number_changes_the_outcome(monkeypatch, number, printed, outcome):
    rows, place = list(ledger.TABLE_2), {45: 1, 51: 6, 52: 7}[number]
    rows[place] = (*rows[place][:2], printed)
    monkeypatch.setattr(ledger, "TABLE_2", tuple(rows))
    assert decide(number).outcome == outcome


def test_the_numbers_of_the_survey_that_point_elsewhere():
    wrong = {number for number, entry in ledger.DESCRIBED.items() if entry != number}
    assert wrong == {2, *range(18, 26), 27, 28, 29, 30}
    described = [entry for entry in ledger.DESCRIBED.values() if entry]
    assert set(range(1, 31)) - set(described) == {2, 18, 27}  # 18 has a sentence at [17]


def test_every_claim_is_decided_and_no_evidence_is_too_long():
    for claim in CLAIMS.values():
        finding = find(claim)
        assert 40 <= len(finding.evidence) <= 400, (claim.id, len(finding.evidence))
        assert "{" not in finding.evidence and "nan" not in finding.evidence.split()


def test_ids_are_in_order():
    numbers = [int(name.rpartition("-")[2]) for name in CLAIMS]
    assert all(after == before + 1 for before, after in pairwise(numbers))


@pytest.mark.skipif(not TEXT.exists(), reason="the paper's text is not part of the repository")
def test_quotes_and_printed_values_stand_in_the_paper():
    text = " ".join(TEXT.read_text(encoding="utf-8").split())
    quotes = [claim.quote for claim in CLAIMS.values() if claim.quote]
    assert [quote for quote in quotes if " ".join(quote.split()) not in text] == []
    assert all(2 <= len(quote.split()) <= 12 for quote in quotes)
    assert sum(len(quote.split()) for quote in quotes) <= QUOTED * len(text.split())
    printed = [value.strip() for claim in CLAIMS.values() for value in claim.printed.split(";")]
    assert [value for value in printed if value not in text] == []


@pytest.mark.skipif(not TEXT.exists(), reason="the paper's text is not part of the repository")
def test_words_that_the_evidence_counts():
    text = " ".join(TEXT.read_text(encoding="utf-8").split())
    body = text[text.index("V. METHODOLOGY") : text.index("REFERENCES")]
    assert [body.count(word) for word in ("AlexNet", "MNIST", "autoencoder", "DenseNet")] == [0, 0, 0, 0]
    assert body.count("segmentation") == 3 and text.count("MNIST") == 10
    assert [text.count(word) for word in ("autoencoder", "interface", "TensorFlow", "PyTorch")] == [
        1,
        1,
        1,
        1,
    ]
    assert text.count("production") == 2
    assert sorted(re.findall(r"\d+ ?%", text)) == ["50%", "95%", "95%"]
    works = [number for number in range(1, 31) if re.search(rf"\[{number}\] D(ivya)? Nimma", text)]
    assert tuple(works) == ledger.OWN_WORKS
