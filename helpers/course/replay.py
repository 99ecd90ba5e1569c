"""pytest for the lessons: nbval compares marked cells with the run that `course run` made, executing none.

Each lesson has an item `run`, which fails where there is no fresh run or where bands are missed, and an item
for each code cell. nbval compares the stored outputs of a cell with the comment `NBVAL_CHECK_OUTPUT` with
those of the fresh run, which a stand-in for nbval's kernel gives it. Where `lessons.lock` says that the
stored outputs are of the present state, there may be no run here; then hashes in the lock are compared.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbval.plugin import IPyNbCell, IPyNbFile

from helpers.course import bands
from helpers.course.lessons import Lesson, find_lessons
from helpers.course.lock import Fresh, find_edits, find_fresh, read_lock
from helpers.course.store import clean_notebook


class Replay:
    """Stands for nbval's `RunningKernel`: it answers with the outputs of an executed notebook."""

    def __init__(self, executed: nbformat.NotebookNode) -> None:
        self._cells = [cell for cell in executed.cells if cell.cell_type == "code"]
        self._messages: Iterator[dict[str, Any]] = iter(())

    def turn_to(self, position: int) -> None:
        """Prepare the answers of a code cell (0 for the first)."""
        answers = [(output.output_type, output) for output in self._cells[position].outputs]
        answers.append(("status", {"execution_state": "idle"}))
        origin = {"parent_header": {"msg_id": "replay"}}
        self._messages = iter([{"msg_type": kind, "content": what, **origin} for kind, what in answers])

    def execute_cell_input(self, source: str, allow_stdin: bool | None = None) -> str:
        return "replay"

    def get_message(self, stream: str, timeout: float | None = None) -> dict[str, Any]:
        return next(self._messages)

    def is_alive(self) -> bool:
        return True

    def await_reply(self, *_: Any, **__: Any) -> None: ...

    await_idle = interrupt = stop = await_reply


class LessonFile(IPyNbFile):
    """A lesson, and the outputs that belong to its present files: those of a run, or the stored ones.

    Attributes:
        lesson: the lesson.
        fresh: the run, or None where there is no fresh one.
        reason: why there is none.
        edited: the code cells (1..n) whose stored outputs are not those that `course store` wrote; None where
            nothing has been stored.
    """

    lesson: Lesson
    fresh: Fresh | None = None
    reason = ""
    edited: list[int] | None = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.compare_outputs = False  # marked cells only

    def collect(self) -> Iterator[pytest.Item]:
        yield LessonRun.from_parent(self, name="run")
        for item in super().collect():
            parts = {"cell_num": item.cell_num, "cell": item.cell, "options": item.options}
            yield LessonCell.from_parent(self, name=item.name, **parts)

    def setup(self) -> None:
        self.fresh, self.reason = find_fresh(self.lesson)
        stored = nbformat.read(self.lesson.path, as_version=4)
        entries = read_lock().get(self.lesson.slug)
        self.edited = find_edits(stored, next(iter(entries.values()))) if entries else None
        if self.fresh is not None:
            run = self.fresh.run
            self.kernel = Replay(clean_notebook(nbformat.read(run.notebook, as_version=4)) if run else stored)

    def teardown(self) -> None: ...


class LessonCell(IPyNbCell):
    """A code cell: its marked outputs are as stored."""

    def runtest(self) -> None:
        lesson = self.parent
        if lesson.fresh is None:
            pytest.skip(f"there is no fresh run: {lesson.reason}")
        if lesson.fresh.run is None and self.options["check"] and self.cell_num + 1 in lesson.edited:
            self.raise_cell_error("The stored output is not the one that the run of this lesson gave")
        lesson.kernel.turn_to(self.cell_num)
        super().runtest()


class LessonRun(pytest.Item):
    """The run of a lesson as a whole: it is fresh and inside its bands, and what is stored is of a run."""

    def runtest(self) -> None:
        lesson = self.parent.lesson
        if problem := self._find_problem(lesson, self.parent.fresh, self.parent.edited):
            pytest.fail(f"lesson {lesson.number}: {problem}", pytrace=False)

    def _find_problem(self, lesson: Lesson, fresh: Fresh | None, edited: list[int] | None) -> str:
        if fresh is None:
            return f"{self.parent.reason}; run: course run {lesson.number}"
        missed = bands.check_recorded(lesson.slug, fresh.values)
        if missed:
            return "; ".join(missed)
        again = f"run: course run {lesson.number} && course store {lesson.number}"
        if edited is None:
            return f"its outputs are not stored; {again}"
        if edited:
            return f"stored outputs of code cells {', '.join(map(str, edited))} are not of a run; {again}"
        return ""

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"lesson {self.parent.lesson.number}: run"


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> LessonFile | None:
    """Collect the lessons among the files that pytest finds."""
    for lesson in find_lessons() if file_path.suffix == ".ipynb" else ():
        if lesson.path == file_path:
            file = LessonFile.from_parent(parent, path=file_path)
            file.lesson = lesson
            return file
    return None
