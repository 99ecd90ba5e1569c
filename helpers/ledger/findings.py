"""Findings: what we found about each claim, and how the functions that compute them are found.

A module a paper has small functions, each for a claim or a family of claims:

    @decides("cifar10-report-28", lesson="look_at_the_data")
    def compare_means(claim: Claim) -> Finding: ...
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

from helpers.ledger.claims import Claim, list_claims
from helpers.results import Result, load_result

OUTCOMES = {
    "holds": "The basis agrees with what the paper says.",
    "holds in part": "One part of what the paper says agrees with the basis, another does not.",
    "fails": "The basis contradicts what the paper says.",
    "replicated": "Our own run as described, at the same scale, gives the printed result by its rule.",
    "not replicated": "Our own run as described, at the same scale, gives another result.",
    "reached otherwise": "The printed level is reached, but by another network, other data or other views.",
    "built": "A method or a setting for which no result is printed; ours does what is described.",
    "inconclusive": "Tried, but too small, too short or too noisy to decide; the row says what would decide.",
    "waits for a run": "The run that decides it has not been recorded yet.",
    "not shown": "The paper announces it, and shows no number, figure or file.",
    "nothing to test": "No number and no comparison: a general truth, or a sentence with several readings.",
    "intention": "Future work; no result is claimed.",
    "lost": "A figure or lines that our copy of the text lacks.",
}
BASES = {
    "printed numbers": "Numbers of the paper against each other, or against arithmetic.",
    "paper text": "What the paper says, or does not say.",
    "data": "Counted or measured in the public data.",
    "authors' files": "Code, populations and histories that the authors published.",
    "own run": "Something that we built, trained or timed.",
    "literature": "A publication that the evidence names.",
}
CERTAINTIES = {
    "proof": "Follows from arithmetic, from the data or from files, for whoever recomputes it.",
    "evidence": "Measured, with the uncertainty that the row states.",
    "inference": "The best explanation that we know; another is conceivable.",
}
PAPERS = ("alexnet_mnist", "cifar10_report", "de_nas", "mnist_m", "pictureperfect", "pictureperfect_results")


class Source(NamedTuple):
    """Where a recorded number stands; `table` is empty for a single value."""

    record: str
    name: str
    table: str = ""
    row: Any = None


class Number(float):
    """A recorded number that knows where it stands."""

    source: Source

    def __new__(cls, value: float, source: Source) -> "Number":
        number = super().__new__(cls, value)
        number.source = source
        return number


class Rest(NamedTuple):
    """Recorded numbers that an outcome rests on: it stays while their mean is from `low` to `high`."""

    sources: tuple[Source, ...]
    low: float
    high: float


@dataclass(frozen=True)
class Finding:
    """What we found about one claim.

    Attributes:
        outcome: one of `OUTCOMES`.
        basis: one of `BASES`.
        certainty: one of `CERTAINTIES`.
        evidence: sentences for a reader who knows neither paper nor lesson, composed from the numbers,
            printed and ours.
        rule: by which the outcome follows, one of those in `data/rules.toml`.
        ours: our value with its uncertainty and number of seeds, such as `98.9 % (5 seeds, 98.8 to 99.1)`.
        rests: recorded numbers that decide.
        records: names of the recorded results that were read.
        would_decide: what would change or decide the outcome; needed where it is open.
        lesson: name of the lesson that shows it, such as `look_at_the_data`.
    """

    outcome: str
    basis: str
    certainty: str
    evidence: str
    rule: str
    ours: str = ""
    rests: tuple[Rest, ...] = ()
    records: tuple[str, ...] = ()
    would_decide: str = ""
    lesson: str = ""

    def __post_init__(self) -> None:
        for value, known in (
            (self.outcome, OUTCOMES),
            (self.basis, BASES),
            (self.certainty, CERTAINTIES),
        ):
            if value not in known:
                raise ValueError(f"{value!r} is unknown; use one of {', '.join(known)}")
        if not self.evidence.strip():
            raise ValueError("no evidence; say what was compared")
        if self.outcome in ("inconclusive", "waits for a run") and not self.would_decide:
            raise ValueError(f"{self.outcome}: say in would_decide what would decide it")


def read_source(source: Source) -> float:
    """Return the number that a source names.

    A row that is a plain `int` counts from the top of the table, as `Recorded.rows` has it; other rows are
    labels, as `Recorded.cell` has them.

    Raises:
        ValueError: there is no record of that name.
        KeyError, IndexError: the record has no such number.
    """
    result = load_result(source.record)
    if not result.manifest:
        raise ValueError(f"no full run of {source.record} is recorded")
    if not source.table:
        return float(result.value(source.name))
    table = result.table(source.table)
    if type(source.row) is int:
        return float(table.reset_index()[source.name].iloc[source.row])
    return float(table.loc[[source.row], source.name].iloc[0])


class WaitsForRun(Exception):
    """A finding needs a recorded run that is not there.

    Args:
        run: which run, in words that go on after "waits for".
    """

    def __init__(self, run: str) -> None:
        super().__init__(run)
        self.run = run


class Recorded:
    """What a full run recorded, number by number, each of which knows where it stands.

    Raises:
        WaitsForRun: nothing has been recorded under this name.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        try:
            self.result: Result = load_result(name)
        except ValueError:  # the name of no lesson, and of no record yet
            raise WaitsForRun(f"the full run of {name}") from None
        if not self.result.manifest:
            raise WaitsForRun(f"the full run of {name}")
        _read.append(name)

    def value(self, name: str) -> Number:
        """Return a recorded number."""
        return Number(self.result.value(name), Source(self.name, name))

    def text(self, name: str) -> str:
        """Return a recorded text."""
        return str(self.result.value(name))

    def cell(self, table: str, row: Any, column: str) -> Number:
        """Return the number in one row and column of a table.

        Args:
            table: its name.
            row: its label in the index; of several rows with one label the first counts.
            column: the label of the column.
        """
        found = self.result.table(table).loc[[row], column]
        return Number(found.iloc[0], Source(self.name, column, table, found.index[0]))

    def rows(self, table: str, column: str, **where: Any) -> list[Number]:
        """Return a column of a table, only the rows where other columns have these values.

        The rows are addressed by position, so that tables whose labels repeat can be read.
        """
        whole = self.result.table(table).reset_index()
        keep = [all(whole[name].iloc[n] == value for name, value in where.items()) for n in range(len(whole))]
        return [
            Number(whole[column].iloc[n], Source(self.name, column, table, n))
            for n in range(len(whole))
            if keep[n]
        ]

    def table(self, name: str) -> Any:
        """Return a whole table as a DataFrame, for what is no single number."""
        return self.result.table(name)


@dataclass
class _Registry:
    functions: dict[str, tuple[Callable[[Claim], Finding], str]] = field(default_factory=dict)


_registry = _Registry()
_read: list[str] = []  # names of the records that the function running now has read


def decides(
    *ids: str, lesson: str = ""
) -> Callable[[Callable[[Claim], Finding]], Callable[[Claim], Finding]]:
    """Register a function that computes the finding of each of these claims.

    Args:
        ids: of claims; the function is called once for each.
        lesson: name of the lesson that shows it, without its number; empty if none does.

    Raises:
        ValueError: another function decides one of them already.
    """

    def register(function: Callable[[Claim], Finding]) -> Callable[[Claim], Finding]:
        for one in ids:
            if one in _registry.functions:
                other = _registry.functions[one][0].__name__
                raise ValueError(f"{one} is decided twice, by {other} and by {function.__name__}")
            _registry.functions[one] = (function, lesson)
        return function

    return register


@cache
def _import_papers() -> None:
    for name in PAPERS:
        import_module(f"helpers.ledger.{name}")


def list_decided() -> Mapping[str, tuple[Callable[[Claim], Finding], str]]:
    """Return claim id -> the function that decides it, and the lesson that shows it."""
    _import_papers()
    return _registry.functions


def find(claim: Claim) -> Finding:
    """Compute the finding of one claim.

    Raises:
        KeyError: no function decides it.
    """
    from dataclasses import replace

    function, lesson = list_decided()[claim.id]
    _read.clear()
    try:
        finding = function(claim)
    except WaitsForRun as wait:
        shown = f" Printed: {claim.printed}." if claim.printed else ""
        finding = Finding(
            "waits for a run",
            "own run",
            "inference",
            f"No recorded run decides this yet: {claim.claim.rstrip('.')}.{shown}",
            "reading",
            would_decide=wait.run,
        )
    return replace(finding, records=tuple(dict.fromkeys(_read)), lesson=lesson)


def find_all() -> dict[str, Finding]:
    """Compute the findings of all claims that a function decides, in the order of the claims."""
    decided = list_decided()
    return {claim.id: find(claim) for claim in list_claims() if claim.id in decided}
