"""Search: an optimiser asks for candidates, they are judged, and it is told their losses.

Introduced in lesson 30.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from helpers.data import JobError
from helpers.search.optimisers import Optimiser
from helpers.search.space import Units
from helpers.tasks.parallel import Outcome, run_tasks
from helpers.training.loop import DivergedError

if TYPE_CHECKING:
    from distributed import Client

STATUSES = ("ok", "nan", "out of memory", "timeout", "crash", "invalid", "too big")
IN_VAIN = 100  # batches in a row without a candidate to judge, after which a search ends


class Rung(NamedTuple):
    """One step of a ladder of fidelity.

    Attributes:
        images: that a candidate is trained on.
        epochs: passes over them.
        keep: how many of the best candidates of the rung below are judged on this one; without meaning on the
            first.
    """

    images: int
    epochs: float
    keep: int = 0

    @property
    def image_epochs(self) -> float:
        """What one candidate costs."""
        return self.images * self.epochs


@dataclass(frozen=True)
class Budget:
    """What a search may spend; it ends before the first that is exceeded.

    An evaluation is one call of the judging function, also one that failed. A candidate that climbs to
    another rung is evaluated again. A candidate costs nothing if it is known already, invalid, or too big.

    Attributes:
        evaluations: calls of the judging function, on all rungs.
        image_epochs: images times epochs of all evaluations, with those of the upper rungs.
        seconds: of wall time on the first rung, looked at between batches. A search that is started again
            after a kill counts the time of the candidates in its journal, but not the pause.
    """

    evaluations: float = math.inf
    image_epochs: float = math.inf
    seconds: float = math.inf


class Found(NamedTuple):
    """What a search found.

    Attributes:
        candidates: one row a candidate and rung, in the order of asking: `genome` (its text), `batch` and
            `rung` from 0, `status` (one of `STATUSES`), `reason` where that is not ok, `seconds`, what the
            space measured, and what the judging function returned.
        best: text of the candidate with the lowest score of those that are ok on the highest rung; or empty.
        hits: how often the optimiser asked for a candidate again that had a row already.
        ended: `budget`, or `nothing new` where the optimiser had no new candidate to ask for.
    """

    candidates: pd.DataFrame
    best: str
    hits: int
    ended: str


def search(
    optimiser: Optimiser,
    judge: Callable[..., Mapping[str, float]],
    *,
    budget: Budget,
    objectives: Sequence[str] = ("error",),
    limits: Mapping[str, float] | None = None,
    ladder: Sequence[Rung] = (),
    client: "Client | None" = None,
    journal: Path | None = None,
    experiment: Mapping[str, Any] | None = None,
    tell: Callable[[str], None] | None = None,
    watch: Callable[[pd.DataFrame], None] | None = None,
) -> Found:
    """Judge what an optimiser asks for until the budget is spent, then judge the best on the upper rungs.

    The optimiser is told that the loss of a failed candidate is infinite, and the search goes on. What an
    optimiser asks for depends on its seed and on the losses only. So a search that was killed can be started
    again with a new optimiser of the same seed: it takes from the journal what is there, and ends like one
    never interrupted.

    A search finds the same on any number of workers if `judge` sets its own seeds. Its journal then has the
    same lines, but for their order and their `seconds`.

    Args:
        optimiser: new, with the space to search.
        judge: called as `judge(genome=text)`, with a ladder also `images` and `epochs`; returns numbers, such
            as `{"error": 0.4}`. It loads its images itself. Other than validation images raise a `JobError`,
            which ends the search. Wrap it in a `Sandbox` for limits of time and memory.
        budget: what to spend.
        objectives: names of the losses that the optimiser is told: what `judge` returns, or the space
            measures.
        limits: the largest values allowed of what the space measures, such as `{"parameters": 2e6}`. A
            candidate above one of them is too big and is not judged.
        ladder: all candidates are judged on the first rung, and the `keep` best of each rung on the next.
        client: as `run_tasks` takes it, like `journal`, `experiment` and `tell`.
        journal: file of all candidates.
        experiment: what moves the answers of `judge`, such as the name of the data. Optimiser, seed,
            objectives, limits and ladder are noted beside it; a journal of others is refused.
        tell: called with a line after each candidate.
        watch: called after each batch with the candidates so far, to show a table or draw a figure.

    Raises:
        JobError: candidates would be chosen on other than validation images.
        ValueError: a budget without an end, or below what the upper rungs cost; an objective that is neither
            measured nor returned; a journal of another experiment.
    """
    affordable = _count_affordable(budget, ladder)
    experiment = experiment and _describe(optimiser, objectives, limits, ladder) | experiment
    running = {"client": client, "journal": journal, "experiment": experiment, "tell": tell}
    run = _Run(optimiser, judge, objectives, limits or {}, watch, running)
    ended = run.explore(affordable, budget.seconds, ladder[0] if ladder else None)
    for number, rung in enumerate(ladder[1:], 1):
        run.climb(number, rung)
    best = run.sort(max(len(ladder) - 1, 0))
    return Found(run.tabulate(), best[0] if best else "", run.hits, ended)


def _count_affordable(budget: Budget, ladder: Sequence[Rung]) -> float:
    """Return how many evaluations the first rung may have, after those that the upper rungs will need."""
    evaluations = budget.evaluations - sum(rung.keep for rung in ladder[1:])
    if not ladder and budget.image_epochs < math.inf:
        raise ValueError("image_epochs are counted on a ladder; give one, of one rung at least")
    if ladder:
        upper = sum(rung.keep * rung.image_epochs for rung in ladder[1:])
        evaluations = min(evaluations, (budget.image_epochs - upper) // ladder[0].image_epochs)
    if evaluations < 1:
        raise ValueError(f"{budget} leaves nothing for the first rung; spend more, or keep fewer")
    if evaluations == budget.seconds == math.inf:
        raise ValueError(f"{budget} has no end; give evaluations, seconds, or image_epochs with a ladder")
    return evaluations


def _describe(
    optimiser: Optimiser,
    objectives: Sequence[str],
    limits: Mapping[str, float] | None,
    ladder: Sequence[Rung],
) -> dict[str, Any]:
    """Return the settings that decide on losses and order of asking, for the first line of the journal."""
    return {
        "optimiser": type(optimiser).__name__,
        "seed": optimiser.seed,
        "objectives": list(objectives),
        "limits": dict(limits or {}),
        "ladder": [list(rung) for rung in ladder],
    }


@dataclass
class _Run:
    """A search at work.

    Attributes:
        running: client, journal, experiment and tell, as `run_tasks` takes them.
        rows: of the table of candidates, by rung and name, in the order of asking.
        inspected: the rows of the first rung as they were before judging; an upper rung begins with them.
        hits: as in `Found`.
        batches: so far, on all rungs.
    """

    optimiser: Optimiser
    judge: Callable[..., Mapping[str, float]]
    objectives: Sequence[str]
    limits: Mapping[str, float]
    watch: Callable[[pd.DataFrame], None] | None
    running: Mapping[str, Any]
    rows: dict[tuple[int, str], dict[str, Any]] = field(default_factory=dict)
    inspected: dict[str, dict[str, Any]] = field(default_factory=dict)
    hits: int = 0
    batches: int = 0

    def explore(self, evaluations: float, seconds: float, rung: Rung | None) -> str:
        """Let the optimiser ask until so many evaluations or seconds are spent; say why it ended."""
        in_vain = 0
        while evaluations >= 1 and seconds > 0 and in_vain < IN_VAIN:
            genomes = self.optimiser.ask()
            if not genomes:
                return "nothing new"
            new = self._pick_new(genomes, evaluations)
            paid = sum(row["status"] == "" for row in new.values())
            evaluations, in_vain = evaluations - paid, 0 if paid else in_vain + 1
            seconds -= self._judge_all(new, 0, rung)
            rows = [self.rows.get((0, self.optimiser.space.name(genome))) for genome in genomes]
            told = [(genome, self._read(row)) for genome, row in zip(genomes, rows, strict=True) if row]
            self.inspected |= new
            self.hits += len(told) - len(new)
            self.optimiser.tell(*map(list, zip(*told, strict=True)))
            if self.watch:
                self.watch(self.tabulate())
        return "nothing new" if in_vain == IN_VAIN else "budget"

    def climb(self, number: int, rung: Rung) -> None:
        """Judge the best candidates of the rung below on this one."""
        best = self.sort(number - 1)[: rung.keep]
        self._judge_all({name: self.inspected[name] for name in best}, number, rung)
        if self.watch:
            self.watch(self.tabulate())

    def _pick_new(self, genomes: Sequence[Units], evaluations: float) -> dict[str, dict[str, Any]]:
        """Return rows of the candidates that are not known, by name, and of no more than can be paid.

        The status is empty where a candidate must be judged.
        """
        new: dict[str, dict[str, Any]] = {}
        for genome in genomes:
            name = self.optimiser.space.name(genome)
            if (0, name) not in self.rows and name not in new:
                row = self._inspect(genome, name)
                evaluations -= row["status"] == ""
                if evaluations < 0:
                    break
                new[name] = row
        return new

    def _inspect(self, genome: Units, name: str) -> dict[str, Any]:
        row = {"genome": name, "status": "", "reason": self.optimiser.space.check(genome)}
        if row["reason"]:
            return row | {"status": "invalid"}
        row |= self.optimiser.space.measure(genome)
        for limited, most in self.limits.items():
            if row[limited] > most:
                reason = f"{row[limited]:,} {limited}, and {most:,.0f} are allowed"
                return row | {"status": "too big", "reason": reason}
        return row

    def _judge_all(self, new: Mapping[str, dict[str, Any]], number: int, rung: Rung | None) -> float:
        """Judge candidates on a rung and keep their rows; return the seconds that it took.

        Candidates in the journal take none now. They count with what they took when they were judged.
        """
        began = time.monotonic()
        options = {"images": rung.images, "epochs": rung.epochs} if rung else {}
        tasks = {
            f"{name} @ rung {number}": {"judge": self.judge, "row": row, "options": options}
            for name, row in new.items()
        }
        outcomes = run_tasks(_judge, tasks, fatal=(JobError,), **self.running)
        # On workers the tasks end in any order. `run_tasks` returns them in the order of asking, so that the
        # rows, and with them what the optimiser asks next, are the same on any number of workers.
        rows = [_settle(outcome, row) for outcome, row in zip(outcomes.values(), new.values(), strict=True)]
        for name, row in zip(new, rows, strict=True):
            self.rows[number, name] = {**row, "batch": self.batches, "rung": number}
        self.batches += 1
        client = self.running["client"]
        workers = len(client.scheduler_info()["workers"]) if client else 1
        spent = sum(row["seconds"] for row in rows) / max(workers, 1)
        return max(time.monotonic() - began, spent)

    def _read(self, row: Mapping[str, Any]) -> list[float]:
        """Return the losses of a candidate."""
        if row["status"] == "ok" and (missing := [name for name in self.objectives if name not in row]):
            raise ValueError(
                f"no {missing[0]!r} was returned for {row['genome']}; there are {', '.join(row)}"
            )
        return [row[name] if row["status"] == "ok" else math.inf for name in self.objectives]

    def sort(self, number: int) -> list[str]:
        """Return the names of the candidates of a rung that are ok, the best first."""
        rows = [row for (rung, _), row in self.rows.items() if rung == number and row["status"] == "ok"]
        losses = np.array([self._read(row) for row in rows], dtype=float).reshape(-1, len(self.objectives))
        return [rows[place]["genome"] for place in np.argsort(self.optimiser.score(losses), kind="stable")]

    def tabulate(self) -> pd.DataFrame:
        return pd.DataFrame(list(self.rows.values()))


def _judge(
    judge: Callable[..., Mapping[str, float]], row: Mapping[str, Any], options: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the row of a candidate with what became of it."""
    began = time.monotonic()
    status, reason, result = row["status"], row["reason"], {}
    if not status:
        try:
            result = {name: float(value) for name, value in judge(genome=row["genome"], **options).items()}
            if wrong := [name for name, value in result.items() if not math.isfinite(value)]:
                raise FloatingPointError(f"{wrong[0]} is {result[wrong[0]]}")
            status = "ok"
        except JobError:  # no failure of the candidate: it ends the search
            raise
        except (Exception, SystemExit) as error:
            status, reason, result = _classify(error), f"{type(error).__name__}: {error}", {}
    return {**row, **result, "status": status, "reason": reason, "seconds": time.monotonic() - began}


def _settle(outcome: Outcome, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row of a candidate; where its task failed as a whole, a worker died, which is a crash."""
    died = {"status": "crash", "reason": outcome.error, "seconds": 0.0}
    return {**row, **died} if outcome.error else outcome.value


def _classify(error: BaseException) -> str:
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":  # TensorFlow's
        return "out of memory"
    if isinstance(error, TimeoutError):
        return "timeout"
    return "nan" if isinstance(error, (DivergedError, FloatingPointError)) else "crash"
