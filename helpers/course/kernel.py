"""Execute one notebook in a kernel of this interpreter, through papermill, whatever the kernel does."""

import logging
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill import PapermillExecutionError, execute_notebook
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines

from helpers import paths

_LONGEST_BASE = 60  # bytes; the path of a socket in a folder of ours adds 39, and macOS grants 104


@dataclass
class Execution:
    """How the execution of a notebook went.

    Attributes:
        error: None, or the cell (1..n among the code cells; None before the first), name and message.
        peak_memory_mib: the most that the kernel and its children held together.
    """

    error: dict[str, Any] | None = None
    peak_memory_mib: int = 0


def execute(
    source: Path,
    run_folder: Path,
    parameters: Mapping[str, Any],
    environment: Mapping[str, str],
    limit: float | None,
    tell_cell: Callable[[int], None],
) -> Execution:
    """Execute a notebook into `notebook.ipynb` of a run folder.

    What escapes the notebook, such as the last words of a crash, goes to `kernel.log` beside it.

    Args:
        source: the notebook.
        run_folder: where it is executed into, and where `helpers.record` writes.
        parameters: those that differ from the notebook's own.
        environment: variables for the kernel, besides those of this process.
        limit: seconds after which the cell is interrupted and then the kernel killed; None for never.
        tell_cell: called with the number of every code cell (1..n) that begins.

    Returns:
        How it went. An interrupt (Ctrl-C) ends the kernel and is an error like any other here: its name is
        `Interrupted`, and the caller goes no further.
    """
    watch = _Watch(limit, tell_cell)
    with open(run_folder / "kernel.log", "wb") as log, _make_socket_folder() as folder:
        manager = _KernelManager(connection_file=os.path.join(folder, "k.json"))
        try:
            executed = execute_notebook(
                str(source),
                str(run_folder / "notebook.ipynb"),
                parameters=dict(parameters),
                engine_name="course",
                kernel_name="python3",
                language="python",
                progress_bar=False,
                km=manager,
                watch=watch,
                launch={
                    "env": os.environ | environment | {"COURSE_RUN_DIR": str(run_folder)},
                    "cwd": str(paths.NOTEBOOKS),
                    "stdout": log,
                    "stderr": log,
                },
            )
            watch.check_end(executed)
        except BaseException as problem:
            watch.result.error = watch.explain(problem)
        finally:
            watch.stop()
            _kill(manager)
    return watch.result


def _make_socket_folder() -> tempfile.TemporaryDirectory:
    """Return a temporary folder with a path short enough for sockets.

    A run that is killed leaves its folder, which holds a few empty sockets. Nobody sweeps up after it: by its
    name alone, a folder of the user's could be taken for one of ours.
    """
    base = tempfile.gettempdir()
    if os.name == "posix" and len(os.fsencode(base)) > _LONGEST_BASE:
        base = "/tmp"
    return tempfile.TemporaryDirectory(prefix="course-", dir=base, ignore_cleanup_errors=True)


class _KernelManager(AsyncKernelManager):
    """Start the kernel of this very interpreter; over sockets in the file system where there are such.

    A notebook may name any `python3` that happens to be installed, and a computer without a network may not
    even have a loopback.
    """

    def __init__(self, **traits: Any) -> None:
        super().__init__(transport="ipc" if os.name == "posix" else "tcp", **traits)

    @property
    def kernel_spec(self) -> KernelSpec:
        return KernelSpec(
            argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            display_name="Python 3 (ipykernel)",
            language="python",
        )


class _Watch:
    """Follow an execution: which cell, how long, how much memory."""

    def __init__(self, limit: float | None, tell_cell: Callable[[int], None]) -> None:
        self.result = Execution()
        self._cell: int | None = None
        self._tell_cell = tell_cell
        self._limit = limit
        self._deadline: float | None = None
        self._done = threading.Event()
        self._sampler: threading.Thread | None = None

    def begin_cell(self, cell: Any, cell_index: int) -> None:
        if _is_lesson_code(cell):
            self._cell = (self._cell or 0) + 1
            self._tell_cell(self._cell)

    def check_end(self, executed: Any) -> None:
        """Note an error where a cell ended the notebook with `sys.exit()`, which papermill lets pass."""
        code_cells = [cell for cell in executed.cells if _is_lesson_code(cell)]
        if self._cell != len(code_cells):
            message = f"the notebook ended itself; {len(code_cells)} cells were to run"
            self.result.error = {"cell": self._cell, "name": "SystemExit", "message": message}

    def remaining(self, cell: Any = None) -> float | None:
        """Return the seconds left; nbclient takes zero for endless, so never zero."""
        return None if self._deadline is None else max(self._deadline - time.monotonic(), 0.01)

    def begin(self, pid: int) -> None:
        """Start the clock and the sampling of memory, now that the kernel is ready."""
        if self._limit is not None:
            self._deadline = time.monotonic() + self._limit
        self._sampler = threading.Thread(target=self._sample, args=(pid,), daemon=True)
        self._sampler.start()

    def _sample(self, pid: int) -> None:
        peak = 0
        while True:
            peak = max(peak, _measure_tree(pid))
            self.result.peak_memory_mib = peak >> 20
            if self._done.wait(0.2):
                return

    def stop(self) -> None:
        self._done.set()
        if self._sampler:
            self._sampler.join()

    def explain(self, problem: BaseException) -> dict[str, Any]:
        """Return what went wrong as the manifest keeps it."""
        name, message = type(problem).__name__, " ".join(str(problem).split())
        if isinstance(problem, PapermillExecutionError):
            name, message = problem.ename, str(problem.evalue)
        elif isinstance(problem, CellTimeoutError) and self.remaining() == 0.01:
            name, message = "TimeLimit", f"time limit of {self._limit:g} s reached"
        elif isinstance(problem, DeadKernelError):
            name, message = "KernelDied", "the kernel died; often there was too little memory"
        elif isinstance(problem, KeyboardInterrupt):
            name, message = "Interrupted", "by Ctrl-C"
        return {"cell": self._cell, "name": name, "message": message}


def _is_lesson_code(cell: Any) -> bool:
    return cell.cell_type == "code" and "injected-parameters" not in cell.metadata.get("tags", [])


class _Engine(NBClientEngine):
    """Papermill's own engine, with our kernel manager and our watch."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> None:
        watch, manager = options["watch"], options["km"]
        client = PapermillNotebookClient(
            nb_man,
            km=manager,
            kernel_name=kernel_name,
            log=_SILENT,
            timeout_func=watch.remaining,
            iopub_timeout=60,  # on a busy machine the last output may come late
            record_timing=False,
            coalesce_streams=True,
            on_notebook_start=lambda notebook: watch.begin(manager.provisioner.pid),
            on_cell_start=watch.begin_cell,
        )
        client.execute(cleanup_kc=True, **options["launch"])


papermill_engines.register("course", _Engine)
_SILENT = logging.getLogger("helpers.course.kernel")  # nbclient logs as errors what we report ourselves
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False


def _measure_tree(pid: int) -> int:
    """Return the resident bytes of a process and its descendants."""
    total = 0
    with suppress(psutil.Error):
        root = psutil.Process(pid)
        for process in [root, *root.children(recursive=True)]:
            with suppress(psutil.Error):
                total += process.memory_info().rss
    return total


def _kill(manager: AsyncKernelManager) -> None:
    """End a kernel that outlived its client, with the processes it started; nothing where it is gone."""
    process = getattr(manager.provisioner, "process", None)
    if process is None or process.poll() is not None:
        return
    if os.name == "posix":
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
