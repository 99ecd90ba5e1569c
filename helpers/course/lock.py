"""`notebooks/lessons.lock` says which code, data and versions gave the outputs that a notebook holds.

`course store` writes an entry for the lesson and for Python's minor version: the fingerprint of the run, the
hashes of the outputs that it stored, and the recorded numbers that bands and page need. Where an entry agrees
with the present files, the stored notebook is the fresh run, and nothing has to be executed.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from helpers import paths
from helpers.course import bands
from helpers.course.freshness import (
    explain_staleness,
    find_last,
    hash_json,
    list_changes,
    read_fingerprint,
    read_python,
)
from helpers.course.lessons import CourseError, Lesson, Run, find_lessons, is_compared
from helpers.results import read_record

DIGITS = 16  # of each hash that are written; they suffice to notice a change


@dataclass(frozen=True)
class Fresh:
    """Outputs and recorded numbers of a lesson that the present files would give again.

    Attributes:
        run: the run whose outputs they are; None where the stored notebook is that run.
        values: recorded name -> value and unit; of a stored notebook those with a band or on the page only.
        entry: of the lock, if the outputs are the stored ones.
    """

    run: Run | None
    values: dict[str, dict[str, Any]]
    entry: dict[str, Any] | None = None


def locate_lock() -> Path:
    return paths.NOTEBOOKS / "lessons.lock"


def read_lock() -> dict[str, dict[str, dict[str, Any]]]:
    """Return slug -> Python's minor version -> entry; empty where there is no lock.

    Raises:
        CourseError: a file that is no such lock.
    """
    path = locate_lock()
    try:
        return json.loads(path.read_text(encoding="utf-8"))["lessons"] if path.exists() else {}
    except (ValueError, TypeError, KeyError):
        raise CourseError(
            "notebooks/lessons.lock is no lock of lessons; restore it, or store again"
        ) from None


def find_fresh(lesson: Lesson) -> tuple[Fresh | None, str]:
    """Return outputs of a lesson that its present files would give again; or None, and what has changed.

    A run on this machine counts first, then the stored notebook. If the last run of these same files failed,
    the result is None, although the stored outputs are of these files.
    """
    reason = explain_staleness(lesson, "default", lesson.read_parameters())
    if not reason:
        run = find_last(lesson, "default")
        return Fresh(run, read_record(run.record).values), ""
    entries = read_lock().get(lesson.slug, {})
    changes = _explain_lock(lesson, entries)
    if not changes and not _failed_here(lesson):
        entry = entries[read_python()]
        return Fresh(None, entry["values"], entry), ""
    unknown = find_last(lesson, "default") is None and lesson.slug in read_lock()
    return None, changes if unknown and changes else reason


def _failed_here(lesson: Lesson) -> bool:
    last = find_last(lesson, "default")
    if last is None or last.status != "failed":
        return False
    return not any(list_changes(lesson, read_fingerprint(last.manifest)))


def _explain_lock(lesson: Lesson, entries: Mapping[str, Mapping[str, Any]]) -> str:
    """Return why the stored outputs of a lesson are not of the present state, or an empty string."""
    if not entries:
        return "not stored yet"
    entry = entries.get(read_python())
    if entry is None:
        return f"Python {' and '.join(sorted(entries))} -> {read_python()}"
    return next(list_changes(lesson, entry | {"python": read_python()}), "")


def hash_outputs(cell: NotebookNode) -> str:
    """Return a short hash of the outputs of a code cell, as nbformat reads it."""
    return hash_json(cell.outputs)[:DIGITS]


def find_edits(notebook: NotebookNode, entry: Mapping[str, Any]) -> list[int]:
    """Return the code cells (1..n) whose stored outputs are not those that `course store` wrote."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    known = entry["outputs"]
    pairs = zip_longest([hash_outputs(cell) for cell in cells], known)
    return [count for count, (now, then) in enumerate(pairs, start=1) if now != then]


def write_entry(lesson: Lesson, run: Run, notebook: NotebookNode) -> None:
    """Note in the lock that the stored outputs of a lesson are those of a run.

    Entries of other Pythons stay while they are of the same state and gave the same marked outputs.

    Args:
        lesson: the lesson.
        run: the run.
        notebook: the notebook as it is stored now.
    """
    from filelock import FileLock

    then = read_fingerprint(run.manifest)
    python = then.pop("python")
    values = read_record(run.record).values
    shown = {*bands.read_bands().get(lesson.slug, {}), *lesson.about.get("headline", [])} & set(values)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    entry = _shorten(then) | {
        "outputs": [hash_outputs(cell) for cell in cells],
        "values": {name: values[name] for name in shown},
    }
    paths.RUNS.mkdir(parents=True, exist_ok=True)
    with FileLock(paths.RUNS / "lessons.lock.lock"):
        lessons = read_lock()
        others = lessons.get(lesson.slug, {})
        same = {
            other: found | {"outputs": entry["outputs"]}
            for other, found in others.items()
            if other != python and _agree(found, entry, cells)
        }
        lessons[lesson.slug] = same | {python: entry}
        present = {lesson.slug for lesson in find_lessons()}
        content = {"lessons": {slug: entries for slug, entries in lessons.items() if slug in present}}
        text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        paths.write_atomically(locate_lock(), text.encode())


def _shorten(content: Any) -> Any:
    if isinstance(content, dict):
        return {name: _shorten(value) for name, value in content.items()}
    return content[:DIGITS] if re.fullmatch(r"[0-9a-f]{64}", content) else content


def _agree(one: Mapping[str, Any], other: Mapping[str, Any], cells: list[NotebookNode]) -> bool:
    """Return whether two entries are of one state but for Python and packages, with equal marked outputs."""
    marked = [position for position, cell in enumerate(cells) if is_compared(cell)]
    return all(one[name] == other[name] for name in ("cells", "modules", "inputs", "bands")) and all(
        one["outputs"][position] == other["outputs"][position] for position in marked
    )
