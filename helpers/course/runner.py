"""Run those lessons that must, one after the other, each into a folder of its own, and go on after a failure.

Two `course run` at once disturb each other in nothing: every run has its own folder, and all that is shared
is replaced atomically, so that the later one counts. Only `--resume` knows no more than the last request.
"""

import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from helpers import paths
from helpers.course.freshness import explain_staleness, find_last
from helpers.course.lessons import (
    CourseError,
    Lesson,
    find_lesson,
    find_lessons,
    find_runs,
    newest_run,
    read_full_runs,
)
from helpers.course.machine import name_missing
from helpers.course.manifest import make_run_folder, start_manifest, write_json
from helpers.course.progress import Outcome, Progress, print_places, print_summary
from helpers.course.state import drop_state, open_state

DEFAULT_LIMIT = 600.0


@dataclass(frozen=True)
class Request:
    """What `course run` was asked for; kept in `reports/runs/request.json` until all of it has passed."""

    lessons: list[str]
    profile: str = "default"
    parameters: dict[str, Any] = field(default_factory=dict)
    limit: float | None = None
    force: bool = False
    workers: int | None = None
    scheduler: str | None = None
    started: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="milliseconds"))


@dataclass(frozen=True)
class Job:
    """One lesson and what to run it with; `changes` are the parameters set otherwise than in the notebook."""

    lesson: Lesson
    profile: str
    changes: dict[str, Any]
    limit: float | None

    @property
    def parameters(self) -> dict[str, Any]:
        return self.lesson.read_parameters() | self.changes


def _locate_request() -> Path:
    return paths.RUNS / "request.json"


def load_request() -> Request | None:
    """Return the last request that has not passed as a whole, or None."""
    try:
        return Request(**json.loads(_locate_request().read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def plan_jobs(request: Request) -> tuple[list[Job], list[Lesson]]:
    """Return the jobs of a request, and the lessons that it leaves out because they have no full run.

    Raises:
        CourseError: unknown lesson, unknown parameter, a notebook without its one tagged cell, a wrong
            `full.yaml`, a lesson named that has no full run, or data that it needs and that is not here.
    """
    lessons = list(dict.fromkeys(find_lesson(name) for name in request.lessons)) or find_lessons()
    if request.profile == "full":
        return _plan_full_jobs(lessons, request)
    jobs = []
    for lesson in lessons:
        changes = lesson.fit_parameters(request.parameters, "-p")
        jobs.append(Job(lesson, request.profile, changes, request.limit or DEFAULT_LIMIT))
    return jobs, []


def _plan_full_jobs(lessons: Sequence[Lesson], request: Request) -> tuple[list[Job], list[Lesson]]:
    full_runs = read_full_runs()
    jobs, left_out = [], []
    for lesson in lessons:
        full = full_runs.get(lesson.number)
        if full is None:
            left_out.append(lesson)
            continue
        if missing := name_missing(full.needs):
            raise CourseError(f"the full run of lesson {lesson.number} {missing}")
        jobs.append(Job(lesson, "full", full.parameters, request.limit or full.limit))
    if request.lessons and left_out:
        raise CourseError(
            f"lesson {left_out[0].number} has no full run; notebooks/full.yaml does not name it"
        )
    return jobs, left_out


def run_request(request: Request, console: Console) -> int:
    """Run what a request asks for and print how it went.

    Returns:
        The exit status: 0 all passed or up to date, 1 a lesson failed, 130 interrupted.
    """
    jobs, left_out = plan_jobs(request)
    write_json(_locate_request(), asdict(request))
    outcomes = [Outcome(lesson, "skipped") for lesson in left_out]
    expected = [_expect_seconds(job) if _explain(job, request) else 0 for job in jobs]
    with Progress(console, expected) as progress:
        for position, job in enumerate(jobs):
            reason = _explain(job, request)
            if not reason:
                last = find_last(job.lesson, job.profile)
                outcomes.append(Outcome(job.lesson, "up to date", notebook=last.notebook))
                continue
            progress.begin(position, job.lesson, reason)
            outcomes.append(run_job(job, request, progress))
            progress.end(outcomes[-1])
            if outcomes[-1].status == "interrupted":
                break
    outcomes.sort(key=lambda outcome: outcome.lesson.number)
    print_summary(console, outcomes)
    print_places(console, outcomes, request.profile)
    if left_out:
        console.print(f"no full run: {', '.join(lesson.number for lesson in left_out)}", highlight=False)
    return _conclude(outcomes, console)


def _conclude(outcomes: Sequence[Outcome], console: Console) -> int:
    ends = {outcome.status for outcome in outcomes}
    if "interrupted" in ends:
        console.print("interrupted; to go on: course run --resume", highlight=False)
        return 130
    if "failed" in ends:
        return 1
    _locate_request().unlink(missing_ok=True)
    return 0


def _explain(job: Job, request: Request) -> str:
    """Return why a job must run, or an empty string; a forced one only once, so that it can be resumed."""
    reason = explain_staleness(job.lesson, job.profile, job.parameters)
    if reason or not request.force:
        return reason
    last = find_last(job.lesson, job.profile)
    return "forced" if last.manifest["started"] < request.started else ""


def _expect_seconds(job: Job) -> float | None:
    last = newest_run(job.lesson, job.profile, "passed")
    if last:
        return last.manifest["seconds"]
    return job.lesson.about.get("seconds") if job.profile == "default" else None


def run_job(job: Job, request: Request, progress: Progress) -> Outcome:
    """Execute one lesson into a new run folder and keep its manifest; a full run that passes is recorded."""
    from helpers.course.kernel import execute

    last = newest_run(job.lesson, job.profile)
    anew = request.force and not (last and last.manifest["started"] >= request.started)
    manifest = start_manifest(job.lesson, job.profile, job.parameters)
    folder = make_run_folder(manifest)
    environment = {"COURSE_STATE_DIR": str(open_state(manifest, folder, anew=anew))}
    for name in ("workers", "scheduler"):
        if (value := getattr(request, name)) is not None:
            environment[f"COURSE_{name.upper()}"] = manifest[name] = str(value)
    write_json(folder / "manifest.json", manifest)
    began = time.monotonic()
    execution = execute(job.lesson.path, folder, job.changes, environment, job.limit, progress.tell_cell)
    manifest["seconds"] = round(time.monotonic() - began, 2)
    shutil.rmtree(folder / "state", ignore_errors=True)
    manifest["peak_memory_mib"] = execution.peak_memory_mib
    manifest["error"] = execution.error or _judge(job, folder, manifest)
    manifest["status"] = "failed" if manifest["error"] else "passed"
    write_json(folder / "manifest.json", manifest)
    prune_runs(job.lesson, job.profile)
    error, status = manifest["error"], manifest["status"]
    if error and error["name"] == "Interrupted":
        status = "interrupted"
    return Outcome(job.lesson, status, manifest["seconds"], error, folder / "notebook.ipynb")


def _judge(job: Job, folder: Path, manifest: dict[str, Any]) -> dict[str, Any] | None:
    """Read what an executed lesson recorded; return what is wrong with it, or None."""
    from helpers.record import read_record

    result = read_record(folder / "record.jsonl")
    own = f"reports/results/{job.lesson.number}_"
    manifest["inputs"] = [
        entry
        for entry in result.manifest["inputs"]
        if not (job.profile == "full" and entry["path"].startswith(own))  # which this very run replaces
    ]
    if job.profile == "default":
        from helpers.course.bands import check

        missed = check(job.lesson.number, {name: entry["value"] for name, entry in result.values.items()})
        return {"cell": None, "name": "Band", "message": "\n".join(missed)} if missed else None
    if job.profile == "full":
        manifest["status"] = "passed"
        parts = {"values": result.values, "tables": result.tables, "answers": result.answers}
        write_json(paths.RESULTS / f"{job.lesson.stem}.json", {"manifest": manifest, **parts})
        drop_state(job.lesson.stem)
    return None


def prune_runs(lesson: Lesson, profile: str) -> None:
    """Remove all runs of a lesson but the newest that passed, the newest that did not, and those going on."""
    kept = set()
    for run in find_runs(lesson, profile):
        if run.status == "running":
            continue
        kind = "passed" if run.status == "passed" else "failed"
        if kind in kept:
            shutil.rmtree(run.folder, ignore_errors=True)
        kept.add(kind)
