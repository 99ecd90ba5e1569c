"""List the recorded full runs: from which commits they are, and what has changed since."""

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from helpers import paths
from helpers.course.freshness import hash_cells, trace_imports
from helpers.course.lessons import CourseError, Experiment, Lesson, find_lessons, read_full_runs
from helpers.course.surroundings import show
from helpers.naming import name_some
from helpers.provenance import (
    describe_commits,
    list_changed,
    list_commits,
    list_parts,
    read_file,
    sum_seconds,
)

GONE = "the lesson is gone"


@dataclass(frozen=True)
class Record:
    """A file of `reports/results`.

    Attributes:
        slug: of the file and the lesson.
        manifest: of the run.
        changed: files and cells that differ between the code of the run and the present code, such as
            `helpers/training/loop.py`; None if git does not have the code of the run.
    """

    slug: str
    manifest: dict[str, Any]
    changed: tuple[str, ...] | None

    @property
    def is_mixture(self) -> bool:
        """Whether its parts are from several commits, or from other code or settings."""
        differs = any(part.get("differs") for part in list_parts(self.manifest))
        return len(list_commits(self.manifest)) > 1 or differs


def find_records() -> list[Record]:
    """Read every recorded full run and compare it with the present code."""
    lessons = {lesson.slug: lesson for lesson in find_lessons()}
    with contextlib.suppress(CourseError):  # full.yaml may name a lesson that is gone
        lessons |= {name: full.lesson for name, full in read_full_runs().items()}
    records = []
    for path in sorted(paths.RESULTS.glob("*.json")):
        manifest = json.loads(path.read_text(encoding="utf-8"))["manifest"]
        lesson = lessons.get(path.stem)
        records.append(Record(path.stem, manifest, _find_changes(manifest, lesson)))
    return records


def _find_changes(manifest: Mapping[str, Any], lesson: Lesson | None) -> tuple[str, ...] | None:
    """Return what differs between the code of any part of a run and the present one; None if unknown."""
    if lesson is None:
        return (GONE,)
    fingerprint = manifest["fingerprint"]
    helpers = {*fingerprint.get("modules", {}), *fingerprint.get("helpers", {})}  # the older name
    helpers |= set(map(show, trace_imports(lesson)))
    changed = set()
    for commit in {part["commit"] for part in list_parts(manifest)}:
        files = list_changed(commit, sorted(helpers))
        if files is None:
            return None
        changed |= {*files}
        if isinstance(lesson, Experiment):
            continue  # all of its code is in modules
        notebook = read_file(commit, f"notebooks/{manifest['stem']}.ipynb")
        if notebook is None:
            return None
        if hash_cells(_Past(json.loads(notebook))) != hash_cells(lesson):
            changed.add("the code cells")
    try:
        full = read_full_runs().get(lesson.slug)
        present = lesson.read_parameters() | (full.parameters if full else {})
    except CourseError:
        present = None
    if json.loads(json.dumps(present)) != manifest["parameters"]:
        changed.add("the parameters")
    return tuple(sorted(changed, key=lambda name: (name.startswith("helpers/"), name)))


@dataclass(frozen=True)
class _Past:
    """A notebook of an earlier commit, as far as its cells are hashed."""

    notebook: dict[str, Any]

    @property
    def code_cells(self) -> list[dict[str, Any]]:
        return [cell for cell in self.notebook["cells"] if cell["cell_type"] == "code"]


def describe_records(records: Iterable[Record]) -> Iterator[str]:
    """Yield two lines on each record, and one on all."""
    records = list(records)
    for record in records:
        run, minutes = record.manifest, sum_seconds(record.manifest) / 60
        mixture = "MIXTURE, " if record.is_mixture else ""
        yield f"{record.slug}: {run['started'][:10]}, {minutes:.1f} minutes, {mixture}{describe_commits(run)}"
        yield f"    {_compare_with_present(record)}"
    mixtures = [record.slug for record in records if record.is_mixture]
    older = [record for record in records if record.changed]
    unknown = [record for record in records if record.changed is None]
    yield (
        f"{len(records)} records: {len(older)} older than the present code, {len(unknown)} unknown, "
        f"{len(mixtures)} mixtures{': ' * bool(mixtures)}{', '.join(mixtures)}"
    )


def _compare_with_present(record: Record) -> str:
    if record.changed is None:
        return "unknown whether the code changed since: git does not have all of its commits"
    if not record.changed:
        return "the present code is that of the run"
    if GONE in record.changed:
        return GONE
    return f"older than the present code: {name_some(record.changed)} changed since"


def print_records(console: Console) -> None:
    """Print all records."""
    for line in describe_records(find_records()):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
