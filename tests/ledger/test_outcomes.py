"""The whole ledger: each claim is decided once, nothing contradicts, outcomes follow recorded numbers."""

import copy
import math
from dataclasses import replace

import pytest

from helpers.ledger import findings as ledger
from helpers.ledger.check import list_problems
from helpers.ledger.claims import KINDS, STANDINGS, list_claims
from helpers.ledger.findings import Rest, find, find_all
from helpers.ledger.rules import read_rules
from helpers.ledger.store import list_stale
from helpers.results import Result, load_result

CLAIMS = {claim.id: claim for claim in list_claims()}


@pytest.fixture(scope="module")
def found():
    return find_all()


def test_every_claim_is_decided_once_and_nothing_contradicts(found):
    assert list(list_problems(found)) == []


def test_the_stored_rows_are_those_computed_now(found):
    assert list_stale(found) == [], "run: course ledger --store"


def test_claims_are_of_known_kinds():
    assert {claim.kind for claim in CLAIMS.values()} <= KINDS.keys()
    assert {claim.standing for claim in CLAIMS.values()} <= STANDINGS.keys()
    assert len(CLAIMS) == len(list_claims()), "an id stands twice"


def test_rules_are_functions_with_a_date():
    from helpers.ledger import rules

    for name, rule in read_rules().items():
        assert rule["text"].count(".") >= 1 and rule["date"].year >= 2026
        assert name in ("building", "reading") or callable(getattr(rules, name))


def shift(result: Result, rest: Rest, by: float) -> Result:
    """Return a recorded result in which the numbers of a rest are moved."""
    values, tables = copy.deepcopy(result.values), copy.deepcopy(result.tables)
    for source in rest.sources:
        if not source.table:
            values[source.name]["value"] += by
            continue
        table = tables[source.table]
        row = source.row if source.row not in table["index"] else table["index"].index(source.row)
        column = table["columns"].index(source.name)
        table["data"][row][column] += by
    return replace(result, values=values, tables=tables)


def read_mean(result: Result, rest: Rest) -> float:
    numbers = []
    for source in rest.sources:
        if not source.table:
            numbers.append(result.values[source.name]["value"])
            continue
        table = result.tables[source.table]
        row = source.row if source.row not in table["index"] else table["index"].index(source.row)
        numbers.append(table["data"][row][table["columns"].index(source.name)])
    return sum(numbers) / len(numbers)


def find_with(claim, rest: Rest, mean: float, monkeypatch) -> str:
    """Return the outcome of a claim if recorded numbers had another mean; empty where they are refused."""
    record = rest.sources[0].record
    kept = load_result(record)
    changed = shift(kept, rest, mean - read_mean(kept, rest))
    with monkeypatch.context() as patch:
        patch.setattr(ledger, "load_result", lambda one: changed if one == record else load_result(one))
        try:
            return find(claim).outcome
        except (ValueError, ArithmeticError):  # the record no longer supports anything
            return ""


RESTING = [name for name, finding in find_all().items() if finding.rests]


def list_cases(finding):
    """Yield each rest with its mean now, and a mean inside and one outside beside each of its bounds."""
    for rest in finding.rests:
        if len({source.record for source in rest.sources}) != 1:
            continue
        now = read_mean(load_result(rest.sources[0].record), rest)
        for bound in (rest.low, rest.high):
            if math.isfinite(bound):
                step = max(1e-3 * abs(bound - now), 1e-6 * abs(bound), 1e-9)
                outwards = 1 if bound == rest.high else -1
                yield rest, now + 0.9 * (bound - now), [bound + outwards * step, bound]


@pytest.mark.parametrize("name", RESTING)
def test_a_change_of_the_record_within_the_rule_flips_no_outcome(name, found, monkeypatch):
    for rest, inside, _ in list_cases(found[name]):
        assert find_with(CLAIMS[name], rest, inside, monkeypatch) == found[name].outcome, rest


def test_changes_of_the_record_beyond_the_rule_flip_at_least_sixty_outcomes(found, monkeypatch):
    """The others rest on several numbers at once, of which one alone does not decide."""
    flipped = set()
    for name in RESTING:
        for rest, _, outside in list_cases(found[name]):
            outcomes = {find_with(CLAIMS[name], rest, mean, monkeypatch) for mean in outside}
            if outcomes - {found[name].outcome}:
                flipped.add(name)
    assert len(flipped) >= 60, f"{len(flipped)} of {len(RESTING)}"
