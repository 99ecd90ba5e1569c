"""Check the ledger: every claim is decided once, nothing contradicts, and each row can be read."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import groupby
from statistics import fmean

from helpers.ledger.claims import Claim, list_claims
from helpers.ledger.findings import Finding, Rest, list_decided, read_source
from helpers.ledger.rules import read_rules
from helpers.results import load_result

# Claims that say the same, or follow from the same numbers: their outcomes must agree.
PAIRS = (
    ("de-nas-07", "de-nas-33"),
    ("cifar10-report-110", "alexnet-mnist-87"),
    ("de-nas-61", "pictureperfect-37"),
    ("alexnet-mnist-131", "pictureperfect-63"),
    ("cifar10-report-116", "cifar10-report-117"),
    ("pictureperfect-38", "pictureperfect-39"),
    ("cifar10-report-35", "cifar10-report-103"),
    ("cifar10-report-35", "cifar10-report-107"),
    ("cifar10-report-35", "de-nas-64"),
    ("cifar10-report-35", "de-nas-65"),
)
QUOTED = 0.1  # of a paper's words, at most


def list_problems(findings: Mapping[str, Finding]) -> Iterator[str]:
    """Yield what is wrong with the ledger, a line each.

    Args:
        findings: of all claims, by id.
    """
    claims = {claim.id: claim for claim in list_claims()}
    yield from _read_rules()
    for name in claims:  # in their order
        if name not in findings:
            yield f"{name}: no function decides it"
    for name in sorted(list_decided().keys() - claims.keys()):
        yield f"{name}: decided, but not in data/claims.csv"
    for one, other in PAIRS:
        if one in findings and other in findings and findings[one].outcome != findings[other].outcome:
            yield f"{one} {findings[one].outcome}, but {other} {findings[other].outcome}; they must agree"
    for name, finding in findings.items():
        if name in claims:
            yield from _read_row(claims[name], finding)
        yield from (f"{name}: {problem}" for problem in _read_records(finding))
    by_text = sorted(findings, key=lambda name: findings[name].evidence)
    for _, group in groupby(by_text, key=lambda name: findings[name].evidence):
        if len(names := sorted(group)) > 1:
            yield f"{', '.join(names)}: one evidence for all; say of each what was compared"


def _read_rules() -> Iterator[str]:
    for name, rule in read_rules().items():
        if not isinstance(rule.get("date"), date):
            yield f"rule {name}: data/rules.toml gives no date"
        if not str(rule.get("text", "")).strip():
            yield f"rule {name}: data/rules.toml gives no text"


def _read_records(finding: Finding) -> Iterator[str]:
    """Yield which records and recorded numbers of a finding are not there, or are outside of their bounds."""
    for record in finding.records:
        try:
            recorded = load_result(record).manifest
        except ValueError:  # the name of no full run
            recorded = None
        if not recorded:
            yield f"it names the record {record!r}, which is not in reports/results"
    for rest in finding.rests:
        yield from _read_rest(rest)


def _read_rest(rest: Rest) -> Iterator[str]:
    values = []
    for source in rest.sources:
        where = f"{source.record}: {source.table + ': ' if source.table else ''}{source.name}"
        try:
            values.append(read_source(source))
        except (ValueError, LookupError, TypeError):
            yield f"it rests on {where}, which is not recorded"
            return
    slack = 1e-9 * max(1.0, *map(abs, values))
    if not rest.low - slack <= fmean(values) <= rest.high + slack:
        yield f"it rests on {where} from {rest.low:g} to {rest.high:g}, and the recorded is {fmean(values):g}"


def _read_row(claim: Claim, finding: Finding) -> Iterator[str]:
    if finding.rule not in read_rules():
        yield f"{claim.id}: unknown rule {finding.rule!r}"
    values = [value.strip() for value in claim.printed.split(";") if value.strip()]
    missing = [value for value in values[:3] if value not in finding.evidence]
    if missing:
        yield f"{claim.id}: the evidence does not name the printed {', '.join(missing)}"
    if re.search(r"\bp = 0(?![.\d])", finding.evidence):
        yield f"{claim.id}: no p-value is 0; write p < 0.001"
    if len(finding.evidence) < 40:
        yield f"{claim.id}: the evidence {finding.evidence!r} is too short for a stranger"
