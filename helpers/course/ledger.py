"""Print what we found about the papers' claims: all of it in numbers, one row in full, or what is wrong."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from rich.console import Console
from rich.table import Table
from rich.text import Text

from helpers import paths
from helpers.course.lessons import CourseError, find_lessons
from helpers.course.surroundings import show
from helpers.ledger import store
from helpers.ledger.check import list_problems
from helpers.ledger.claims import STANDINGS, Claim, find_claim, list_claims
from helpers.ledger.findings import (
    BASES,
    CERTAINTIES,
    OUTCOMES,
    Finding,
    Rest,
    Source,
    find,
    find_all,
    list_decided,
    read_source,
)
from helpers.ledger.rules import read_rules
from helpers.results import load_result

UNDECIDED = "no finding yet"  # beside the outcomes, of a claim that no function decides
WAITS = "waits for a run"
MOST_SOURCES = 6  # numbers that are printed one by one of those that an outcome rests on


# All rows in numbers


def count_outcomes(claims: Iterable[Claim], findings: Mapping[str, Finding]) -> dict[str, Counter[str]]:
    """Return outcome -> how many claims of each paper have it, in the order of `OUTCOMES`."""
    counts: dict[str, Counter[str]] = {outcome: Counter() for outcome in (*OUTCOMES, UNDECIDED)}
    for claim in claims:
        outcome = findings[claim.id].outcome if claim.id in findings else UNDECIDED
        counts[outcome][claim.paper] += 1
    return {outcome: by_paper for outcome, by_paper in counts.items() if by_paper}


def name_claims(names: Sequence[str]) -> str:
    """Return ids as a short list: `de-nas-05 to 09, de-nas-12`.

    Args:
        names: in the order of the claims.
    """
    parts = [name.rpartition("-") for name in names]
    numbers = [(paper, int(number)) for paper, _, number in parts]
    starts = [0] + [n for n, (one, other) in enumerate(pairwise(numbers), 1) if (one[0], one[1] + 1) != other]
    groups = [names[start:end] for start, end in zip(starts, [*starts[1:], len(names)], strict=True) if names]
    return ", ".join(
        f"{group[0]} to {group[-1].rpartition('-')[2]}" if len(group) > 2 else ", ".join(group)
        for group in groups
    )


def list_waiting(findings: Mapping[str, Finding]) -> dict[str, list[str]]:
    """Return run -> ids of the claims that wait for it, the run with most first."""
    waiting: dict[str, list[str]] = {}
    for name, finding in findings.items():
        if finding.outcome == WAITS:
            waiting.setdefault(finding.would_decide, []).append(name)
    return dict(sorted(waiting.items(), key=lambda item: -len(item[1])))


def print_summary(console: Console) -> None:
    """Print how many claims and remarks there are by paper, outcome, basis and certainty, and what waits."""
    claims, findings = list_claims(), find_all()
    for standing, meaning in STANDINGS.items():
        chosen = [claim for claim in claims if claim.standing == standing]
        _say(console, f"{len(chosen)} {standing}s: {meaning}")
        _print_counts(console, chosen, count_outcomes(chosen, findings))
        found = [findings[claim.id] for claim in chosen if claim.id in findings]
        for what, known in (("basis", BASES), ("certainty", CERTAINTIES)):
            counts = Counter(getattr(finding, what) for finding in found)
            _say(console, f"by {what}: " + ", ".join(f"{one} {counts[one]}" for one in known if counts[one]))
        _say(console, "")
    waiting = list_waiting(findings)
    _say(console, f"{sum(map(len, waiting.values()))} wait for a run:" if waiting else "none waits for a run")
    for run, names in waiting.items():
        _say(console, f"  {len(names)} for {run}: {name_claims(names)}")


def _print_counts(console: Console, claims: Sequence[Claim], counts: Mapping[str, Mapping[str, int]]) -> None:
    papers = list(dict.fromkeys(claim.paper for claim in claims))
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("")
    for paper in (*papers, "all"):
        table.add_column(Text(paper.replace("-", "-\n", 1)), justify="right", vertical="bottom")
    for outcome, by_paper in counts.items():
        cells = [str(by_paper.get(paper, "")) for paper in papers]
        table.add_row(outcome, *cells, str(sum(by_paper.values())))
    totals = Counter(claim.paper for claim in claims)
    table.add_row("all", *(str(totals[paper]) for paper in papers), str(len(claims)))
    console.print(table)


# One row in full


def print_claim(console: Console, name: str) -> None:
    """Compute the finding of one claim and print all that is known of it.

    Raises:
        CourseError: there is no such claim.
    """
    try:
        claim = find_claim(name)
    except ValueError as error:
        raise CourseError(str(error)) from None
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column()
    for label, text in describe_claim(claim):
        table.add_row(Text(label), Text(text))
    console.print(table)


def describe_claim(claim: Claim) -> Iterator[tuple[str, str]]:
    """Yield what is known of a claim, as a label and a text each; its finding is computed anew."""
    yield claim.standing, f"{claim.id}: {claim.claim}"
    yield "place", f"{claim.place} of {claim.paper}"
    yield "quote", f'"{claim.quote}"' if claim.quote else "none"
    yield "printed", claim.printed or "no value"
    if claim.id not in list_decided():
        yield "outcome", f"{UNDECIDED}: no function decides it"
        return
    finding = find(claim)
    rule = read_rules()[finding.rule]
    yield "ours", finding.ours or "no value"
    yield "outcome", f"{finding.outcome}. {OUTCOMES[finding.outcome]}"
    yield "evidence", finding.evidence
    yield "basis", f"{finding.basis}. {BASES[finding.basis]}"
    yield "certainty", f"{finding.certainty}. {CERTAINTIES[finding.certainty]}"
    yield "rule", f"{finding.rule}, since {rule['date']}. {rule['text']}"
    if finding.would_decide:
        yield ("waits for" if finding.outcome == WAITS else "would decide"), finding.would_decide
    for record in finding.records:
        yield "record", f"{record}: {load_result(record).origin}"
    if store.make_row(claim.id, finding)["after_result"]:
        yield "", f"rule after the result: {finding.rule} is younger than a record that it judges"
    for rest in finding.rests:
        yield "rests on", describe_rest(rest)
    lessons = {lesson.slug: lesson.path for lesson in find_lessons()}
    if finding.lesson:
        path = lessons.get(finding.lesson)
        yield "lesson", show(path) if path else f"{finding.lesson}, which is not in notebooks"


def describe_rest(rest: Rest) -> str:
    """Return the recorded numbers that an outcome rests on, and within which bounds it stays the same."""
    named = [f"{_name_source(one)} = {read_source(one):.6g}" for one in rest.sources[:MOST_SOURCES]]
    if more := len(rest.sources) - MOST_SOURCES:
        named += [f"and {more} more"] if more > 0 else []
    if rest.low == rest.high:
        bounds = f"exactly {rest.low:.6g}"
    elif math.isinf(rest.low):
        bounds = f"at most {rest.high:.6g}"
    elif math.isinf(rest.high):
        bounds = f"at least {rest.low:.6g}"
    else:
        bounds = f"from {rest.low:.6g} to {rest.high:.6g}"
    what = "it is" if len(rest.sources) == 1 else "their mean is"
    return f"{'; '.join(named)}. The outcome stays the same while {what} {bounds}."


def _name_source(source: Source) -> str:
    if not source.table:
        return f"{source.record}: {source.name}"
    return f"{source.record}: {source.table}, row {source.row}, {source.name}"


# What is wrong, and the stored rows


def print_problems(console: Console) -> int:
    """Print what is wrong with the ledger, a line each, or that nothing is; return how many lines."""
    findings = find_all()
    problems = list(list_problems(findings))
    try:
        stale = store.list_stale(findings)
    except (KeyError, ValueError):
        if not problems:
            raise
        stale = []  # a rule or a record that is not there is among the problems
    problems += [
        f"{show(paths.LEDGER / f'{lesson}.json')} is not what is computed now; run: course ledger --store"
        for lesson in stale
    ]
    for line in problems:
        _say(console, line)
    if not problems:
        _say(console, f"nothing is wrong with the {len(findings)} rows of the ledger")
    return len(problems)


def store_rows(console: Console) -> None:
    """Write all rows to `reports/ledger`."""
    findings = find_all()
    store.store(findings)
    files = len(list(paths.LEDGER.glob("*.json")))
    _say(console, f"stored {len(findings)} rows in {files} files of {show(paths.LEDGER)}")


def _say(console: Console, line: str) -> None:
    console.print(line, markup=False, highlight=False, soft_wrap=True)
