"""Check the ledger: every claim is decided once, nothing contradicts, and each row can be read."""

import re
from collections.abc import Iterator, Mapping
from itertools import groupby

from helpers.ledger.claims import Claim, list_claims
from helpers.ledger.findings import Finding, list_decided
from helpers.ledger.rules import read_rules

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
    for name in claims.keys() - findings.keys():
        yield f"{name}: no function decides it"
    for name in list_decided().keys() - claims.keys():
        yield f"{name}: decided, but not in data/claims.csv"
    for one, other in PAIRS:
        if one in findings and other in findings and findings[one].outcome != findings[other].outcome:
            yield f"{one} {findings[one].outcome}, but {other} {findings[other].outcome}; they must agree"
    for name, finding in findings.items():
        if name in claims:
            yield from _read_row(claims[name], finding)
    by_text = sorted(findings, key=lambda name: findings[name].evidence)
    for _, group in groupby(by_text, key=lambda name: findings[name].evidence):
        if len(names := sorted(group)) > 1:
            yield f"{', '.join(names)}: one evidence for all; say of each what was compared"


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
