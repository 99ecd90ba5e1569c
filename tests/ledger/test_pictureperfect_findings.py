"""Findings about `pictureperfect` that follow from its printed numbers, by hand-worked cases."""

import pytest

from helpers.ledger.claims import find_claim
from helpers.ledger.findings import find
from helpers.ledger.pictureperfect_results import compare_shares


def test_two_shares_are_compared_as_by_hand():
    """93 % on average of 2 x 10,000: the standard error is sqrt(2 x 0.93 x 0.07 / 10,000) = 0.0036083."""
    z, p = compare_shares(94.0, 92.0, 10_000)
    assert z == pytest.approx(0.02 / 0.0036083, rel=1e-4)
    assert p == pytest.approx(3.0e-8, rel=0.02)


@pytest.mark.parametrize(
    ("name", "outcome", "words"),
    [
        ("pictureperfect-44", "fails", "0.9195 to 0.9205"),  # 92.0 % is 91.95 to 92.05
        ("pictureperfect-45", "holds", "0.8850; with their rounding it lies between 0.8800 and 0.8900"),
        ("pictureperfect-42", "holds", "2.0, 3.0, 2.5 points"),
        ("pictureperfect-64", "holds", "z = 5.54"),
        ("pictureperfect-75", "inconclusive", "p = 0.14"),
        ("pictureperfect-60", "inconclusive", "at most 35 epochs"),
        ("pictureperfect-67", "holds", "3,525 images"),
    ],
)
def test_what_follows_from_printed_numbers(name, outcome, words):
    finding = find(find_claim(name))
    assert finding.outcome == outcome
    assert words in finding.evidence
