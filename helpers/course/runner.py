"""Run lessons: plan, execute, judge, keep.

Lessons run side by side, each in a kernel and a run folder of its own. A lesson that passed does not run
again. After an interruption the same command therefore runs the other lessons only, and a full run continues
from its state.
"""

import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from helpers import paths
from helpers.course.freshness import explain_staleness, hash_modules
from helpers.course.lessons import (
    CourseError,
    Experiment,
    FullRun,
    Lesson,
    find_lesson,
    find_lessons,
    find_runs,
    hold,
    newest_run,
    read_full_runs,
)
from helpers.course.lock import find_fresh
from helpers.course.machine import count_cores, measure_free_memory, name_missing
from helpers.course.manifest import make_run_folder, start_manifest, write_json
from helpers.course.progress import Outcome, Progress, print_places, print_summary
from helpers.course.state import check_state, drop_state, hold_state, leave_out_own
from helpers.course.surroundings import name_hiding
from helpers.naming import suggest

DEFAULT_LIMIT = 600.0
MEMORY = 1000  # MiB that a lesson needs, if nothing is known of its need


@dataclass(frozen=True)
class Request:
    """What `course run` was asked for; the names are those of its options."""

    lessons: list[str]
    profile: str = "default"
    parameters: dict[str, Any] = field(default_factory=dict)
    limit: float | None = None
    force: bool = False
    changed: bool = False
    jobs: int | None = None
    workers: int | None = None
    scheduler: str | None = None
    keep_state: bool = False


@dataclass(frozen=True)
class Job:
    """One lesson and what to run it with.

    Attributes:
        lesson: the lesson.
        profile: `default`, `full` or `custom`.
        changes: the parameters set otherwise than in the notebook.
        limit: seconds that it may take; None for any time.
        reason: why it must run; empty where it is up to date.
    """

    lesson: Lesson
    profile: str
    changes: dict[str, Any]
    limit: float | None
    reason: str = ""

    @property
    def parameters(self) -> dict[str, Any]:
        return self.lesson.read_parameters() | self.changes

    def expect_seconds(self) -> float | None:
        """Return how long the last run that passed took, or the processor time that the notebook states."""
        return self._expect("seconds", "cpu_seconds")

    def expect_memory(self) -> int | None:
        """Return the MiB that the last run that passed needed, or those that the notebook states."""
        return self._expect("peak_memory_mib", "memory_mib")

    def _expect(self, measured: str, stated: str) -> Any:
        if last := newest_run(self.lesson, self.profile, "passed"):
            return last.manifest[measured]
        return self.lesson.about.get(stated) if self.profile == "default" else None


def plan_jobs(request: Request) -> tuple[list[Job], list[Lesson]]:
    """Return the jobs of a request, and the lessons that it leaves out because they have no full run.

    Raises:
        CourseError: unknown lesson, unknown parameter, a notebook without its one tagged cell, a wrong
            `full.yaml`, a lesson named that has no full run, or data that it needs and that is not here.
    """
    if request.profile == "full":
        return _plan_full_jobs(request)
    lessons = list(dict.fromkeys(find_lesson(name) for name in request.lessons)) or find_lessons()
    jobs = []
    for lesson in lessons:
        changes = lesson.fit_parameters(request.parameters, "-p")
        jobs.append(_plan_job(request, lesson, changes, request.limit or DEFAULT_LIMIT))
    return jobs, []


def _plan_full_jobs(request: Request) -> tuple[list[Job], list[Lesson]]:
    full_runs = read_full_runs()
    if not request.lessons:
        chosen = list(full_runs.values())
        left_out = [lesson for lesson in find_lessons() if lesson.slug not in full_runs]
    else:
        names = dict.fromkeys(slug for name in request.lessons for slug in _find_full_runs(name, full_runs))
        chosen, left_out = [full_runs[name] for name in names], []
    jobs = []
    for full in chosen:
        if missing := name_missing(full.needs):
            raise CourseError(f"the full run of {full.lesson.label} {missing}")
        jobs.append(_plan_job(request, full.lesson, full.parameters, request.limit or full.limit))
    return jobs, left_out


def _find_full_runs(name: str, full_runs: Mapping[str, FullRun]) -> list[str]:
    """Return the full runs of this name; of an experiment all, if the name is that of its module."""
    if name in full_runs:
        return [name]
    experiments = {
        slug: full.lesson for slug, full in full_runs.items() if isinstance(full.lesson, Experiment)
    }
    if of_module := [slug for slug, experiment in experiments.items() if experiment.module == name]:
        return of_module
    try:
        lesson = find_lesson(name)
    except CourseError:
        if not experiments:
            raise
        hint = suggest(name, full_runs, "full runs")
        raise CourseError(f"unknown lesson or experiment {name!r}{hint}") from None
    if lesson.slug not in full_runs:
        raise CourseError(f"{lesson.label} has no full run; notebooks/full.yaml does not name it")
    return [lesson.slug]


def _plan_job(request: Request, lesson: Lesson, changes: dict[str, Any], limit: float | None) -> Job:
    parameters = lesson.read_parameters() | changes
    if request.changed:
        reason = find_fresh(lesson)[1]
    else:
        reason = explain_staleness(lesson, request.profile, parameters)
    return Job(lesson, request.profile, changes, limit, reason or ("forced" if request.force else ""))


def run_request(request: Request, console: Console) -> int:
    """Run what a request asks for and print how it went.

    Returns:
        The exit status: 0 all passed or up to date, 1 a lesson failed, 128 + the number of the signal that
        interrupted it.
    """
    planned, left_out = plan_jobs(request)
    outcomes = [Outcome(lesson, "skipped") for lesson in left_out]
    outcomes += [_judge_fresh(job) for job in planned if not job.reason]
    jobs = [job for job in planned if job.reason]
    for job in jobs if request.profile == "full" else ():
        manifest = start_manifest(job.lesson, job.profile, job.parameters)
        check_state(manifest, anew=request.force, keep=request.keep_state)
    if jobs and (line := name_hiding()):
        raise CourseError(line)
    for job in jobs:
        _try_to_write(paths.RUNS / job.lesson.slug)
    side_by_side = _choose_jobs(request, len(jobs))
    expected = {job.lesson.number: job.expect_seconds() for job in jobs}
    with Progress(console, expected, side_by_side) as progress, _heed_signals() as stop:
        outcomes += _run_side_by_side(jobs, request, side_by_side, progress, stop)
    outcomes.sort(key=lambda outcome: outcome.lesson.number)
    print_summary(console, outcomes)
    print_places(console, outcomes, request.profile)
    if left_out:
        console.print(f"no full run: {', '.join(lesson.number for lesson in left_out)}", highlight=False)
    if stop.signal:
        again = "the same command" + (" without --force" if request.force else "")
        by = signal.Signals(stop.signal).name
        console.print(f"interrupted by {by}; {again} goes on", highlight=False)
        return 128 + stop.signal
    return 1 if any(outcome.status == "failed" for outcome in outcomes) else 0


def _try_to_write(folder: Path) -> None:
    """Raise the error of the system where a folder cannot be made or written to, before anything begins."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder):
        pass


def _choose_jobs(request: Request, waiting: int) -> int:
    """Return how many lessons run side by side: as asked, else one a core; full runs alone."""
    usual = 1 if request.profile == "full" else count_cores()
    return max(1, min(request.jobs or usual, waiting))


class _Stop(threading.Event):
    """An event that is set when the user or the system asks for the end; `signal` says how."""

    signal = 0


@contextmanager
def _heed_signals() -> Iterator[_Stop]:
    """Turn Ctrl-C, SIGTERM and a closed terminal into an event while lessons run."""
    stop = _Stop()

    def heed(number: int, frame: Any) -> None:
        stop.signal = number
        stop.set()

    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    kept = {}
    if threading.current_thread() is threading.main_thread():
        for number in (getattr(signal, name) for name in names):
            if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup does with SIGHUP
                kept[number] = signal.signal(number, heed)
    try:
        yield stop
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def _run_side_by_side(
    jobs: Sequence[Job], request: Request, side_by_side: int, progress: Progress, stop: _Stop
) -> list[Outcome]:
    """Execute jobs, the longest first, as many at a time as cores and memory allow."""
    threads = max(1, count_cores() // side_by_side) if side_by_side > 1 else None
    waiting = sorted(jobs, key=lambda job: job.expect_seconds() or 0, reverse=True)
    free = measure_free_memory()
    going: dict[Future[Outcome], Job] = {}
    outcomes = []
    with ThreadPoolExecutor(side_by_side) as pool:
        while going or (waiting and not stop.is_set()):
            while waiting and len(going) < side_by_side and not stop.is_set():
                taken = sum(_need_memory(job) for job in going.values())
                fitting = (job for job in waiting if not going or taken + _need_memory(job) <= free)
                job = next(fitting, None)
                if job is None:
                    break
                waiting.remove(job)
                going[pool.submit(run_job, job, request, progress, stop, threads)] = job
            ended, _ = wait(going, timeout=1, return_when=FIRST_COMPLETED)
            for future in ended:
                del going[future]
                outcomes.append(future.result())
    return outcomes


def _need_memory(job: Job) -> int:
    return (job.expect_memory() or MEMORY) << 20


def run_job(
    job: Job, request: Request, progress: Progress, stop: threading.Event, threads: int | None
) -> Outcome:
    """Execute one lesson into a new run folder and keep its manifest; a full run that passes is recorded."""
    progress.begin(job.lesson, job.reason)
    try:
        outcome = _execute_job(job, request, lambda cell: progress.tell_cell(job.lesson, cell), stop, threads)
    except Exception as error:  # a full disk, say: the other lessons go on
        message = " ".join(str(error).split())
        outcome = Outcome(
            job.lesson, "failed", error={"cell": None, "name": type(error).__name__, "message": message}
        )
    progress.end(outcome)
    return outcome


def _execute_job(
    job: Job, request: Request, tell_cell: Callable[[int], None], stop: threading.Event, threads: int | None
) -> Outcome:
    from helpers.course.kernel import Settings, execute

    lesson = replace(job.lesson)  # as it is now: it may have been saved since this run was planned
    if isinstance(lesson, Experiment):
        lesson.write()
    manifest = start_manifest(lesson, job.profile, job.parameters)
    known = hash_modules()  # as they are before the kernel reads them
    state = hold_state(manifest, anew=request.force, keep=request.keep_state)
    with state as state_folder, hold(folder := make_run_folder(manifest)):
        environment = {"COURSE_STATE_DIR": str(state_folder or folder / "state")}
        for name in ("workers", "scheduler"):
            if (value := getattr(request, name)) is not None:
                environment[f"COURSE_{name.upper()}"] = manifest[name] = str(value)
        settings = Settings(job.limit, threads, stop)
        manifest["threads"] = threads
        write_json(folder / "manifest.json", manifest)
        began = time.monotonic()
        execution = execute(job.lesson.path, folder, job.changes, environment, settings, tell_cell)
        manifest["seconds"] = round(time.monotonic() - began, 2)
        manifest["cpu_seconds"] = execution.cpu_seconds
        manifest["peak_memory_mib"] = execution.peak_memory_mib
        if execution.modules is not None:
            manifest["fingerprint"]["modules"] = {name: known.get(name, "") for name in execution.modules}
        shutil.rmtree(folder / "state", ignore_errors=True)
        manifest["error"] = execution.error
        judge(job, folder, manifest)
        write_json(folder / "manifest.json", manifest)
    prune_runs(job.lesson, job.profile)
    return Outcome(
        job.lesson,
        manifest["status"],
        manifest["seconds"],
        manifest["error"],
        folder / "notebook.ipynb",
        manifest["cpu_seconds"],
    )


def judge(job: Job, folder: Path, manifest: dict[str, Any]) -> None:
    """Set the status of a run that has ended, from its error and its bands; record a full run that passed."""
    from helpers.results import read_record

    result = read_record(folder / "record.jsonl")
    manifest["inputs"] = result.manifest["inputs"]
    if job.profile == "full":
        manifest["inputs"] = leave_out_own(manifest["inputs"], job.lesson.slug)
    if job.profile == "default":
        manifest["error"] = manifest["error"] or _miss_bands(job.lesson, result.values)
    error = manifest["error"]
    interrupted = error is not None and error["name"] == "Interrupted"
    manifest["status"] = "interrupted" if interrupted else "failed" if error else "passed"
    if job.profile == "full" and not error:
        parts = {"values": result.values, "tables": result.tables}
        write_json(paths.RESULTS / f"{job.lesson.slug}.json", {"manifest": manifest, **parts})
        drop_state(job.lesson.slug)


def _miss_bands(lesson: Lesson, values: dict[str, dict[str, Any]]) -> dict[str, Any] | None:
    """Return the bands that recorded values miss as an error of the manifest, or None."""
    from helpers.course import bands

    missed = bands.check_recorded(lesson.slug, values)
    return {"cell": None, "name": "Band", "message": "\n".join(missed)} if missed else None


def _judge_fresh(job: Job) -> Outcome:
    """Judge the bands of a lesson that need not run."""
    if job.profile != "default":
        return Outcome(job.lesson, "up to date", notebook=newest_run(job.lesson, job.profile).notebook)
    fresh, _ = find_fresh(job.lesson)
    error = _miss_bands(job.lesson, fresh.values)
    notebook = fresh.run.notebook if fresh.run else job.lesson.path
    return Outcome(job.lesson, "failed" if error else "up to date", error=error, notebook=notebook)


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
