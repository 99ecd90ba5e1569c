"""Tell how far the lessons are: live bars on a terminal, plain lines elsewhere, and a table at the end."""

import shlex
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich import progress as bars
from rich.console import Console
from rich.table import Table
from rich.text import Text

from helpers import paths
from helpers.course.lessons import Lesson

MOST_PLACES = 3  # executed notebooks that are named one by one
STYLES = {"passed": "green", "failed": "bold red", "interrupted": "bold red"}


@dataclass(frozen=True)
class Outcome:
    """How one lesson of a request ended.

    Attributes:
        lesson: the lesson.
        status: `passed`, `failed`, `interrupted`, `up to date` or `skipped`.
        seconds: how long it ran; None where it did not.
        error: as in the manifest, or None.
        notebook: the executed notebook, also of the run that is up to date, or None.
        cpu_seconds: processor time that it took; None where it did not run.
    """

    lesson: Lesson
    status: str
    seconds: float | None = None
    error: dict[str, Any] | None = None
    notebook: Path | None = None
    cpu_seconds: float | None = None


def open_console() -> Console:
    """Return a console on stdout; whether that is a terminal is asked of the stream, not of variables."""
    return Console(force_terminal=sys.stdout.isatty())


@dataclass
class _Going:
    lesson: Lesson
    began: float
    cell: int = 0
    bar: bars.TaskID | None = None

    def describe(self) -> str:
        cells = len(self.lesson.code_cells)
        return (
            f"{_name(self.lesson)}: cell {self.cell}/{cells}, {format_seconds(time.monotonic() - self.began)}"
        )


def _name(lesson: Lesson) -> str:
    return f"{lesson.label} {lesson.title}"


class Progress:
    """Tell about the lessons of a request while they run; a context manager, for calls from any thread.

    Args:
        console: where to.
        expected: for every lesson that will run, by number, the seconds it will probably take, or None.
        jobs: how many lessons run side by side.
        interval: seconds between two lines about a lesson, where the console is no terminal.
    """

    def __init__(
        self,
        console: Console,
        expected: Mapping[str, float | None],
        jobs: int = 1,
        interval: float = 30,
    ) -> None:
        self._console = console
        self._expected = dict(expected)
        self._jobs = jobs
        self._interval = interval
        self._going: dict[str, _Going] = {}
        self._ended: set[str] = set()
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._live: bars.Progress | None = None
        if console.is_terminal and not console.is_dumb_terminal:
            self._live = bars.Progress(
                bars.TextColumn("{task.description}", markup=False),
                bars.BarColumn(bar_width=20),
                bars.MofNCompleteColumn(),
                bars.TimeElapsedColumn(),
                bars.TextColumn("{task.fields[left]}", markup=False),
                console=console,
                transient=True,
            )
            self._all = self._live.add_task("lessons", total=len(expected), left=self.estimate())

    def __enter__(self) -> "Progress":
        if self._live:
            self._live.start()
        threading.Thread(target=self._repeat, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        if self._live:
            self._live.stop()

    def begin(self, lesson: Lesson, reason: str) -> None:
        """Tell that a lesson starts, and why."""
        going = _Going(lesson, time.monotonic())
        if self._live:
            going.bar = self._live.add_task(_name(lesson), total=len(lesson.code_cells), left="")
        with self._lock:
            self._going[lesson.number] = going
        if not self._live:
            self._say(f"{_name(lesson)}: running, {reason}")

    def tell_cell(self, lesson: Lesson, cell: int) -> None:
        """Tell that a code cell (1..n) of a lesson starts."""
        with self._lock:
            going = self._going[lesson.number]
            going.cell = cell
        if self._live:
            self._live.update(going.bar, completed=cell)

    def end(self, outcome: Outcome) -> None:
        """Tell how a lesson ended."""
        number = outcome.lesson.number
        with self._lock:
            going = self._going.pop(number, None)
            self._ended.add(number)
        if self._live:
            if going:
                self._live.remove_task(going.bar)
            self._live.advance(self._all)
        done = f"{len(self._ended)}/{len(self._expected)}"
        self._say(f"{_name(outcome.lesson)}: {outcome.status} in {format_seconds(outcome.seconds)}, {done}")

    def describe(self) -> list[str]:
        """Return one line about each lesson that runs now, and one about the time left for all."""
        with self._lock:
            lines = [going.describe() for _, going in sorted(self._going.items())]
        left = self.estimate()
        return [*lines, left] if lines and left else lines

    def estimate(self) -> str:
        """Return how long the rest will probably take, such as `about 2:10 left`; "" if a time is unknown."""
        with self._lock:
            elapsed = {number: time.monotonic() - going.began for number, going in self._going.items()}
            waiting = {number: time for number, time in self._expected.items() if number not in self._ended}
        if None in waiting.values():
            return ""
        rest = [max(seconds - elapsed.get(number, 0), 0) for number, seconds in waiting.items()]
        # Side by side: at best the sum over the jobs, but never less than the longest one.
        return f"about {format_seconds(max(sum(rest) / self._jobs, max(rest, default=0)))} left"

    def _repeat(self) -> None:
        if self._live:
            while not self._done.wait(1):
                self._live.update(self._all, left=self.estimate())
        while not self._done.wait(self._interval):
            for line in self.describe():
                self._say(line)

    def _say(self, line: str) -> None:
        console = self._live.console if self._live else self._console
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def format_seconds(seconds: float | None) -> str:
    """Return a duration as minutes and seconds, such as 1:05; hours come first where there are any."""
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def print_summary(console: Console, outcomes: Sequence[Outcome]) -> None:
    """Print the table of all lessons, and below it what went wrong where."""
    table = Table(box=None, pad_edge=False)
    for column in ("lesson", "", "status", "time", "processor"):
        table.add_column(column, justify="right" if column in ("time", "processor") else "left")
    for outcome in outcomes:
        status = Text(outcome.status, style=STYLES.get(outcome.status, ""))
        table.add_row(
            outcome.lesson.number,
            Text(outcome.lesson.title),
            status,
            format_seconds(outcome.seconds),
            format_seconds(outcome.cpu_seconds),
        )
    console.print(table)
    for outcome in outcomes:
        if outcome.error:
            text = f"\n{outcome.lesson.label} {describe_error(outcome.error)}"
            if outcome.notebook:
                text += f"\n  {outcome.notebook}"
            console.print(text, markup=False, highlight=False, soft_wrap=True)


def print_places(console: Console, outcomes: Sequence[Outcome], profile: str) -> None:
    """Print where the executed notebooks of lessons that passed are, and how to see them.

    The site shows default runs, and of full runs the recorded numbers; a run with `-p` is only in its folder.
    """
    found = [_show_path(outcome.notebook) for outcome in outcomes if outcome.notebook and not outcome.error]
    if not found:
        return
    many = f"{len(found)} executed notebooks, in {_show_path(paths.RUNS)}"
    lines = ["", *([many] if len(found) > MOST_PLACES else [f"executed notebook: {path}" for path in found])]
    if profile != "custom":
        lines.append("see it: course site")
    elif len(found) == 1:
        lines.append(f"see it: jupyter lab {shlex.quote(found[0])}")
    console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)


def _show_path(path: Path) -> str:
    """Return a path as a command here would name it: from the working directory where it lies inside."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def describe_error(error: dict[str, Any]) -> str:
    """Return where and how a lesson failed, with the first three lines of the message."""
    where = f" in code cell {error['cell']}" if error["cell"] else ""
    lines = error["message"].splitlines()[:3] or [""]
    return f"failed{where}: {error['name']}: " + "\n  ".join(lines)
