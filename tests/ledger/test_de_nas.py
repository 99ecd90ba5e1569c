"""The computations behind the findings about de-nas, by hand; its quotations, where the text is there."""

import pytest

from helpers.ledger import de_nas, rules
from helpers.ledger.claims import list_claims
from helpers.ledger.findings import find, list_decided
from helpers.paths import RESULTS, ROOT

CLAIMS = {claim.id: claim for claim in list_claims() if claim.paper == "de-nas"}
TEXT = ROOT.parent / "shared" / "papers" / "de-nas.txt"
RECORDED = (RESULTS / "de_nas_files.json").exists()


def test_kernels_follow_from_the_printed_counts():
    kernels = {
        model: [one.kernel for one in de_nas.list_layers(model) if one.kernel] for model in de_nas.MODELS
    }
    assert kernels == {"Model 1": [3, 5, 7, 7, 7], "Model 2": [3, 5, 5, 5]}


def test_a_layer_counts_its_weights_biases_and_work():
    first, _, second = de_nas.list_layers("Model 2")[:3]
    assert (first.exact, first.multiply_adds) == (3 * 7 * 9 + 7, 3 * 7 * 9 * 32 * 32)
    assert (second.before, second.exact) == ((7, 32, 32), 7 * 195 * 25 + 195)
    assert de_nas.list_layers("Model 2")[-1].exact == 752 * 10 + 10


def test_a_wrong_count_has_no_kernel(monkeypatch):
    monkeypatch.setitem(de_nas.MODELS, "Model 1", (("Conv2d-1", (7, 32, 32), "197"), *de_nas.MODEL_1[1:]))
    assert de_nas.list_layers("Model 1")[0].kernel == 0
    assert find(CLAIMS["de-nas-66"]).outcome == "fails"


@pytest.mark.parametrize(
    ("name", "before", "after", "right"),
    [
        ("Conv2d-1", (3, 32, 32), (9, 32, 32), True),
        ("Conv2d-1", (3, 32, 32), (9, 30, 30), False),
        ("MaxPool2d-2", (9, 32, 32), (9, 16, 16), True),
        ("AvgPool2d-2", (9, 32, 32), (8, 16, 16), False),
        ("Flatten-3", (9, 2, 2), (36,), True),
        ("Flatten-3", (9, 2, 2), (18,), False),
        ("ReLU-4", (36,), (18,), False),
        ("Linear-5", (36,), (18,), True),
    ],
)
def test_a_shape_follows_from_the_one_before(name, before, after, right):
    assert de_nas.follows(de_nas.Layer(name, before, after, 0, 0, 0, 0)) == right


def test_known_networks_have_their_known_sizes():
    assert de_nas.count_links(de_nas.ALEXNET)[0] == 62_378_344
    imagenet = de_nas.count_links(de_nas.list_vgg16(224, (4096, 4096, 1000)))
    assert imagenet == (138_357_544, 15_470_264_320)
    assert de_nas.count_links(de_nas.list_vgg16(32, (10,)))[0] == 14_714_688 + 512 * 10 + 10


def test_an_interval_of_nothing_found_is_the_known_one():
    low, high = de_nas.interval(0, 10)
    z = 1.959964
    assert low == pytest.approx(0, abs=1e-12)
    assert high == pytest.approx(z * z / (10 + z * z), abs=1e-6)


def test_parts_join_to_all_none_or_some():
    holds, fails = rules.counting(1, 1), rules.counting(1, 2)
    assert de_nas.join(holds, holds).outcome == "holds"
    assert de_nas.join(fails, fails).outcome == "fails"
    assert de_nas.join(fails, holds) == rules.Decision("holds in part", "counting", ())


def test_a_method_that_stops_working_is_no_finding():
    with pytest.raises(AssertionError, match="no longer"):
        de_nas.build(False, "a sentence")


def test_every_claim_is_decided():
    assert CLAIMS.keys() == {name for name in list_decided() if name.startswith("de-nas-")}


@pytest.mark.skipif(not RECORDED, reason="the authors' files have not been summed up yet")
@pytest.mark.parametrize("name", CLAIMS)
def test_every_row_can_be_read(name):
    finding = find(CLAIMS[name])
    assert 40 <= len(finding.evidence) <= 400
    assert "nan" not in finding.evidence.split()


@pytest.mark.skipif(not RECORDED, reason="the authors' files have not been summed up yet")
def test_cut_numbers_hold_in_part_and_lengths_agree():
    outcomes = {name: find(CLAIMS[f"de-nas-{name}"]).outcome for name in ("07", "33", "60", "64", "65")}
    assert outcomes["07"] == outcomes["33"] == "fails"
    assert {outcomes[name] for name in ("60", "64", "65")} == {"holds in part"}


@pytest.mark.skipif(not RECORDED, reason="the authors' files have not been summed up yet")
@pytest.mark.parametrize("name", ["de-nas-36", "de-nas-37", "de-nas-38"])
def test_a_chance_rests_on_a_range_around_what_was_drawn(name):
    (rest,) = find(CLAIMS[name]).rests
    drawn = {"de-nas-36": 64, "de-nas-37": 61, "de-nas-38": 16}[name]
    assert rest.low < drawn < rest.high


@pytest.mark.skipif(not TEXT.exists(), reason="the stored text is not beside the repository")
def test_quotations_are_verbatim_and_few():
    words = TEXT.read_text(encoding="utf-8").split()
    text = " ".join(words)
    quotes = [claim.quote for claim in CLAIMS.values() if claim.quote]
    assert [quote for quote in quotes if quote not in text] == []
    assert all(2 <= len(quote.split()) <= 12 for quote in quotes)
    assert sum(len(quote.split()) for quote in quotes) <= 0.08 * len(words)
