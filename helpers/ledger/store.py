"""Write the findings down: a file of rows for each lesson, in `reports/ledger/`."""

import json
from collections.abc import Mapping
from typing import Any

from helpers import paths
from helpers.ledger.claims import find_claim
from helpers.ledger.findings import Finding
from helpers.ledger.rules import find_date
from helpers.ledger.shown import OTHER
from helpers.results import load_result


def make_row(name: str, finding: Finding) -> dict[str, Any]:
    """Return claim and finding as JSON.

    Returns:
        The fields of both, without `rests`, with `rule_date` and `after_result`: whether the rule is younger
        than a record that it judges.
    """
    claim, since = find_claim(name), find_date(finding.rule).isoformat()
    runs = [load_result(record).manifest["started"][:10] for record in finding.records]
    row = claim._asdict() | {
        key: getattr(finding, key)
        for key in ("outcome", "basis", "certainty", "evidence", "rule", "ours", "would_decide", "lesson")
    }
    return row | {
        "records": list(finding.records),
        "rule_date": since,
        "after_result": any(started < since for started in runs),
    }


def group_rows(findings: Mapping[str, Finding]) -> dict[str, list[dict[str, Any]]]:
    """Return lesson -> its rows; those that no lesson shows are under `other`."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for name, finding in findings.items():
        groups.setdefault(finding.lesson or OTHER, []).append(make_row(name, finding))
    return groups


def render(rows: list[dict[str, Any]]) -> str:
    return json.dumps(rows, indent=1, ensure_ascii=False) + "\n"


def store(findings: Mapping[str, Finding]) -> None:
    """Write the rows of all lessons, and remove the files of lessons that have none."""
    groups = group_rows(findings)
    for lesson, rows in groups.items():
        paths.write_atomically(paths.LEDGER / f"{lesson}.json", render(rows))
    for path in paths.LEDGER.glob("*.json"):
        if path.stem not in groups:
            path.unlink()


def list_stale(findings: Mapping[str, Finding]) -> list[str]:
    """Return the lessons whose stored rows are not what is computed now."""
    groups = group_rows(findings)
    there = {path.stem: path.read_text(encoding="utf-8") for path in paths.LEDGER.glob("*.json")}
    now = {lesson: render(rows) for lesson, rows in groups.items()}
    return sorted(lesson for lesson in now.keys() | there.keys() if now.get(lesson) != there.get(lesson))
