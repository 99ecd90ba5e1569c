"""Quotations: verbatim where the papers' texts are at hand, and few of their words everywhere."""

import re

import pytest

from helpers.ledger.check import QUOTED
from helpers.ledger.claims import list_claims
from helpers.paths import ROOT

TEXTS = ROOT.parent / "shared" / "papers"  # not part of the repository
# Words of the texts that were read, divided at spaces.
WORDS = {"alexnet-mnist": 10_164, "cifar10-report": 3_355, "de-nas": 2_627, "mnist-m": 2_972}
WORDS |= {"pictureperfect": 2_453}


@pytest.mark.parametrize("paper", WORDS)
def test_quotations_are_few_and_say_something(paper):
    quotes = [claim.quote for claim in list_claims() if claim.paper == paper and claim.quote]
    assert sum(len(quote.split()) for quote in quotes) <= QUOTED * WORDS[paper]
    assert all(re.search(r"[A-Za-z]{2}", quote) for quote in quotes), "a number alone is no quotation"


@pytest.mark.parametrize("paper", WORDS)
def test_quotations_are_verbatim(paper):
    path = TEXTS / f"{paper}.txt"
    if not path.exists():
        pytest.skip("needs the text of the paper")
    text = " ".join(path.read_text(encoding="utf-8").split())
    missing = [claim.id for claim in list_claims() if claim.paper == paper and claim.quote not in text]
    assert missing == []
