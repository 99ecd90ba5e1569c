"""Tell how far a run is: one live line on a terminal, a few plain lines elsewhere, and a table at the end."""

import shlex
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live
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
    """

    lesson: Lesson
    status: str
    seconds: float | None = None
    error: dict[str, Any] | None = None
    notebook: Path | None = None


class Progress:
    """Tell about the lessons of a request while they run; a context manager.

    Args:
        console: where to.
        expected: for every lesson, in order, the seconds it will probably take; None if unknown.
        interval: seconds between two lines about a lesson, where the console is no terminal.
    """

    def __init__(self, console: Console, expected: Sequence[float | None], interval: float = 30) -> None:
        self._console = console
        self._expected = expected
        self._interval = interval
        self._current: tuple[int, Lesson] | None = None
        self._cell = 0
        self._began = 0.0
        self._live = Live(console=console, transient=True, get_renderable=self._render)
        self._done = threading.Event()

    def __enter__(self) -> "Progress":
        if self._console.is_terminal:
            self._live.start()
        else:
            threading.Thread(target=self._repeat, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._live.stop()

    def begin(self, position: int, lesson: Lesson, reason: str) -> None:
        """Tell that the lesson at a position (0 for the first) starts, and why."""
        self._cell, self._began = 0, time.monotonic()
        self._current = position, lesson
        if not self._console.is_terminal:
            self._say(f"{self._describe_lesson()}: running, {reason}")

    def tell_cell(self, cell: int) -> None:
        """Tell that a code cell (1..n) starts."""
        self._cell = cell

    def end(self, outcome: Outcome) -> None:
        """Tell how the lesson ended."""
        self._say(f"{self._describe_lesson()}: {outcome.status} in {format_seconds(outcome.seconds)}")
        self._current = None

    def _describe_lesson(self) -> str:
        position, lesson = self._current
        return f"lesson {position + 1}/{len(self._expected)}, {lesson.number} {lesson.title}"

    def describe(self) -> str:
        """Return the line about the lesson that runs now: cell, time, estimate of the time left for all."""
        if self._current is None:
            return ""
        elapsed = time.monotonic() - self._began
        cells = len(self._current[1].code_cells)
        parts = [self._describe_lesson(), f"cell {self._cell}/{cells}", format_seconds(elapsed)]
        now, *later = self._expected[self._current[0] :]
        if now is not None and None not in later:
            parts.append(f"about {format_seconds(max(now - elapsed, 0) + sum(later))} left")
        return ", ".join(parts)

    def _render(self) -> Text:
        return Text(self.describe(), no_wrap=True, overflow="ellipsis")

    def _repeat(self) -> None:
        while not self._done.wait(self._interval):
            if line := self.describe():
                self._say(line)

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


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
    for column in ("lesson", "", "status", "time"):
        table.add_column(column, justify="right" if column == "time" else "left")
    for outcome in outcomes:
        status = Text(outcome.status, style=STYLES.get(outcome.status, ""))
        table.add_row(
            outcome.lesson.number,
            Text(outcome.lesson.title),
            status,
            format_seconds(outcome.seconds),
        )
    console.print(table)
    for outcome in outcomes:
        if outcome.error:
            text = f"\nlesson {outcome.lesson.number} {describe_error(outcome.error)}\n  {outcome.notebook}"
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
    where = f" in cell {error['cell']}" if error["cell"] else ""
    lines = error["message"].splitlines()[:3] or [""]
    return f"failed{where}: {error['name']}: " + "\n  ".join(lines)
