"""Run independent tasks here, on worker processes or on a cluster, and keep what they return in a journal.

Folds, ensemble members, tuning trials and the candidates of a search are such tasks. A task that is in the
journal is not run again. Introduced in lesson 20.
"""

import contextlib
import json
import logging
import os
import random
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from helpers.naming import refuse_other

if TYPE_CHECKING:
    from distributed import Client, Future

    Open = contextlib.AbstractContextManager[Client | None]

TRIES = 3  # starts of a task whose worker dies
LOST = f"its worker died or Dask forgot it, {TRIES} times; memory is the usual cause"
ONE_THREAD = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}


@dataclass(frozen=True)
class Outcome:
    """What became of a task.

    Attributes:
        value: what its function returned, as JSON gives it back (a tuple is a list); None where it failed.
        error: why it failed, such as `ValueError: no images`; empty where it did not.
    """

    value: Any = None
    error: str = ""


Tasks = Mapping[str, Mapping[str, Any]]  # the arguments of each, by key
Attempt = Callable[[Mapping[str, Any]], Outcome]


def open_client(workers: int | None = None, scheduler: str | None = None) -> "Open":
    """Return what `run_tasks` takes as its client, to be used in a `with` statement.

    A local worker is a fresh process with one thread. A script that asks for several needs the usual
    `if __name__ == "__main__":`; a notebook does not.

    Args:
        workers: local processes; with 0 or 1 there is no client and tasks run in this process. By default
            what `course run --workers` was given, or 1.
        scheduler: address of a cluster, such as `tcp://scheduler:8786`, instead of local workers. Its workers
            need this package; each has one task at a time, however many threads it has. By default what
            `course run --scheduler` was given, or none.

    Raises:
        ValueError: a negative number of workers.
        OSError: no scheduler answers at the address, or local workers cannot start.
    """
    workers = int(os.environ.get("COURSE_WORKERS", 1)) if workers is None else workers
    scheduler = os.environ.get("COURSE_SCHEDULER", "") if scheduler is None else scheduler
    if workers < 0:
        raise ValueError(
            f"workers={workers}; give 0 or 1 to stay in this process, or the number of processes"
        )
    if not scheduler and workers <= 1:
        return contextlib.nullcontext()
    from distributed import Client

    if scheduler:
        return Client(scheduler)
    try:
        return Client(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            dashboard_address="127.0.0.1:0",
            security=True,  # keys of this run alone: on a shared machine others reach 127.0.0.1, too
            env=ONE_THREAD,
            silence_logs=logging.CRITICAL,  # Dask would tell of each dead worker; run_tasks handles them
        )
    except RuntimeError as error:
        raise OSError(
            "local workers cannot start; they talk over 127.0.0.1: see that it is up, or use workers=1"
        ) from error


def run_tasks(
    function: Callable[..., Any],
    tasks: Tasks,
    *,
    client: "Client | None" = None,
    journal: Path | None = None,
    experiment: Mapping[str, Any] | None = None,
    tell: Callable[[str], None] | None = None,
    fatal: tuple[type[Exception], ...] = (),
) -> dict[str, Outcome]:
    """Call a function once for each task, and go on after a failing task, a dead worker or a killed run.

    An exception is the outcome of its task. A task whose worker dies is tried again, three times in all.

    Outcomes are the same on any number of workers if the function sets its own seeds and depends on nothing
    but its arguments. TensorFlow is an exception: it adds numbers in another order on another number of
    threads. Workers have one thread each, so training here gives the same bits only with one thread.

    Args:
        function: returns what JSON can hold. To see where it failed, call `function(**tasks[key])`.
        tasks: for each key the keyword arguments. Hand over names and seeds: large arrays travel badly.
        client: from `open_client`; None runs the tasks here, one after another.
        journal: file that keeps the outcomes, one line each, in the order of completion. A task with a line
            in it is not run again, failed or not. Other tasks may have lines there too: earlier generations
            of a search.
        experiment: all that the tasks have in common and that moves their outcomes; JSON. A journal needs it.
        tell: called after each task with one line on how many are done and how long the rest will take.
        fatal: exceptions that are no outcome of their task; they end the run, and leave no line.

    Returns:
        The outcome of each task, in the order of `tasks`.

    Raises:
        ValueError: a journal of another experiment, one with a damaged line, or one without an experiment.
        RuntimeError: another process writes to the journal.
        TimeoutError: the cluster has had no worker for a minute.
    """
    with _open_journal(journal, experiment) as (outcomes, write):
        waiting = {key: arguments for key, arguments in tasks.items() if key not in outcomes}
        began, finished = time.monotonic(), len(tasks) - len(waiting)
        attempt = partial(_attempt, function, fatal)
        run = _run_on_workers(client, attempt, waiting) if client else _run_here(attempt, waiting)
        for count, (key, outcome) in enumerate(run, 1):
            outcomes[key] = outcome
            write({"key": key} | asdict(outcome))
            if tell:
                minutes = (time.monotonic() - began) / count * (len(waiting) - count) / 60
                tell(f"{finished + count} of {len(tasks)} tasks done, {minutes:.1f} minutes left")
        return {key: outcomes[key] for key in tasks}


def take_values(outcomes: Mapping[str, Outcome]) -> dict[str, Any]:
    """Return the value of each task, where one failed task means that the rest is of no use.

    Raises:
        RuntimeError: a task failed; the message names the first one and says why.
    """
    for key, outcome in outcomes.items():
        if outcome.error:
            raise RuntimeError(f"{key}: {outcome.error}")
    return {key: outcome.value for key, outcome in outcomes.items()}


def _attempt(
    function: Callable[..., Any], fatal: tuple[type[Exception], ...], arguments: Mapping[str, Any]
) -> Outcome:
    try:
        return Outcome(json.loads(json.dumps(function(**arguments))))
    except fatal:
        raise
    except (Exception, SystemExit) as error:
        return Outcome(error=f"{type(error).__name__}: {error}")


def _attempt_on_worker(attempt: Attempt, arguments: Mapping[str, Any]) -> Outcome:
    import dask.sizeof

    # Dask estimates the size of its messages from a random sample, in another thread of the worker. Without
    # numbers of its own it takes some of those that a task has seeded, and that Keras draws its seeds from.
    dask.sizeof.random = random.Random()
    return attempt(arguments)


def _run_here(attempt: Attempt, tasks: Tasks) -> Iterator[tuple[str, Outcome]]:
    for key, arguments in tasks.items():
        yield key, attempt(arguments)


def _run_on_workers(client: "Client", attempt: Attempt, tasks: Tasks) -> Iterator[tuple[str, Outcome]]:
    """Yield each key with its outcome on completion.

    Here each worker gets one task at a time, and a task may run on that worker only. So the task that a dead
    worker had is known. Dask itself would give workers several tasks and blame all of them for a death. It
    also forgets a task that is sent while there is no worker.
    """
    from distributed import CancelledError, wait

    waiting, tries, running = deque(tasks), Counter[str](), {}
    while waiting or running:
        if client.cluster is not None:  # it gives up a local worker that needs more than 15 s to come back
            client.cluster.scale(len(client.cluster.worker_spec))
        client.wait_for_workers(1, timeout=60)
        workers = client.scheduler_info()["workers"]
        free = workers.keys() - {address for _, address in running.values()}
        for address in list(free)[: len(waiting)]:
            key = waiting.popleft()
            future = client.submit(_attempt_on_worker, attempt, tasks[key], workers=[address], pure=False)
            running[future] = key, address
            tries[key] += 1
        # At least once a second look for workers that have come or gone. A task that Dask has forgotten
        # counts as cancelled.
        with contextlib.suppress(TimeoutError, CancelledError):
            wait(list(running), timeout=1, return_when="FIRST_COMPLETED")
        workers = client.scheduler_info()["workers"]
        for future, (key, address) in list(running.items()):
            if future.done() or address not in workers:
                del running[future]
                outcome = _collect(future)
                if outcome or tries[key] == TRIES:
                    yield key, outcome or Outcome(error=LOST)
                else:
                    waiting.append(key)
                if address in workers and _fills(workers[address]):
                    client.restart_workers([address])


def _collect(future: "Future") -> Outcome | None:
    """Return the outcome of a task that is done, or None where its worker is gone or Dask forgot it."""
    from distributed import CancelledError, KilledWorker

    try:
        return future.result(timeout=10) if future.done() else None
    except (CancelledError, KilledWorker, TimeoutError):  # it died before the outcome was fetched
        return None
    finally:
        future.release()  # or Dask would run the task again when its worker dies later


def _fills(worker: Mapping[str, Any]) -> bool:
    """Return whether a worker holds so much memory that it should be replaced.

    Each model that Keras builds leaves some memory behind. A worker is replaced at half of its memory, since
    at four fifths it would pause and take no more tasks. It needs a nanny, the process that starts it again.
    """
    return bool(worker["nanny"]) and worker["metrics"]["memory"] > worker["memory_limit"] / 2 > 0


@contextlib.contextmanager
def _open_journal(
    path: Path | None, experiment: Mapping[str, Any] | None
) -> Iterator[tuple[dict[str, Outcome], Callable[[Mapping[str, Any]], Any]]]:
    """Lock a journal; yield its outcomes and a function that appends a line to it.

    The lock is one of the system, so that a killed process leaves none. Each line is written at once and
    without a buffer, so that a kill can break off the last line only.
    """
    if path is None:
        yield {}, lambda line: None
        return
    if not experiment:
        raise ValueError(
            f"the journal {path} needs experiment={{...}}, to be refused when the settings change"
        )
    from filelock import FileLock, Timeout

    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        lock = FileLock(f"{path}.lock").acquire(timeout=0)
    except Timeout:
        raise RuntimeError(f"another process writes to {path}; wait for it, or end it") from None
    with lock, open(path, "a+b", buffering=0) as file:

        def write(line: Mapping[str, Any]) -> None:
            file.write(json.dumps(line).encode() + b"\n")

        header, outcomes = _read_journal(file, path)
        if header is None:
            write({"experiment": experiment})
        else:
            refuse_other(
                header,
                experiment,
                f"{path} belongs to another experiment",
                "delete it, or name another journal",
            )
        yield outcomes, write


def _read_journal(file: BinaryIO, path: Path) -> tuple[dict[str, Any] | None, dict[str, Outcome]]:
    """Return the experiment (None in an empty file) and the outcomes; cut off half a line left by a kill."""
    header, outcomes = None, {}
    file.seek(0)
    content = file.read()
    whole = content[: content.rfind(b"\n") + 1]
    for number, line in enumerate(whole.splitlines(), 1):
        try:
            entry = json.loads(line)
            if number == 1:
                header = entry["experiment"]
            else:
                outcomes[entry["key"]] = Outcome(entry["value"], entry["error"])
        except (ValueError, KeyError, TypeError):
            raise ValueError(
                f"line {number} of {path} is no line of a journal; repair or delete it"
            ) from None
    file.truncate(len(whole))
    return header, outcomes
