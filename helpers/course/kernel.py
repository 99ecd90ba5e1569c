"""Execute one notebook with papermill in a kernel of this Python, and end a kernel that hangs."""

import ast
import asyncio
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import Any

import nbformat
import psutil
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.utils import run_sync
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill import PapermillExecutionError, execute_notebook
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines

from helpers import paths
from helpers.course.surroundings import show

GRACE = 10  # seconds after its time limit, in which a kernel is ended in the usual way
LAST_LINES, LONGEST_WORDS = 3, 500  # of a log, that an error quotes
MEASURE_EVERY = 0.5  # seconds: memory and processor time of the kernel
# Asked of the kernel after the last cell: what it has imported of this repository.
LIST_MODULES = (
    "__import__('json').dumps(sorted(str(getattr(module, '__file__', None) or '') "
    "for name, module in list(__import__('sys').modules.items()) if name.partition('.')[0] == 'helpers'))"
)


@dataclass
class Execution:
    """How the execution of a notebook went.

    Attributes:
        error: None, or the cell (1..n among the code cells; None before the first), name and message.
        peak_memory_mib: the most that the kernel and its children held together.
        cpu_seconds: processor time of the kernel and its children.
        modules: files of `helpers` that the kernel had imported at its end, relative to the repository; None
            where it did not come to its end.
    """

    error: dict[str, Any] | None = None
    peak_memory_mib: int = 0
    cpu_seconds: float = 0.0
    modules: list[str] | None = None


@dataclass(frozen=True)
class Settings:
    """The limits of an execution.

    Attributes:
        limit: seconds after which the cell is interrupted and then the kernel killed; None for never.
        threads: of TensorFlow and of OpenMP and BLAS in the kernel; None leaves it to them.
        stop: when this is set, the kernel and its children are killed.
    """

    limit: float | None = None
    threads: int | None = None
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def environment(self) -> dict[str, str]:
        """Variables for the kernel; what the user has set counts more.

        OpenBLAS and MKL heed `OMP_NUM_THREADS` too, unless a lesson sets a variable of theirs.
        """
        if self.threads is None:
            return {}
        names = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
        return {name: str(self.threads) for name in names if name not in os.environ}


def execute(
    source: Path,
    run_folder: Path,
    parameters: Mapping[str, Any],
    environment: Mapping[str, str],
    settings: Settings,
    tell_cell: Callable[[int], None],
) -> Execution:
    """Execute a notebook into `notebook.ipynb` of a run folder.

    What the kernel prints outside of the cells, such as the message of a crash, goes to `kernel.log`.

    Args:
        source: the notebook.
        run_folder: where it is executed into, and where `helpers.results.record` writes.
        parameters: those that differ from the notebook's own.
        environment: variables for the kernel, besides those of this process.
        settings: its limits.
        tell_cell: called with the number of every code cell (1..n) that begins.

    Returns:
        How it went. An execution that was stopped has an error like any other; its name is `Interrupted`.
    """
    own = os.environ | settings.environment | environment | {"COURSE_RUN_DIR": str(run_folder)}
    with open(run_folder / "kernel.log", "ab") as log:  # to append, as `helpers.backend` does
        manager = _KernelManager()
        watch = _Watch(manager, run_folder, settings, tell_cell)
        try:
            executed = execute_notebook(
                _escape(source),
                _escape(run_folder / "notebook.ipynb"),
                parameters=dict(parameters),
                engine_name="course",
                kernel_name="python3",
                language="python",
                progress_bar=False,
                km=manager,
                watch=watch,
                launch={"env": own, "cwd": str(paths.NOTEBOOKS), "stdout": log, "stderr": log},
            )
            watch.check_end(executed)
        except BaseException as problem:
            watch.result.error = watch.explain(problem)
        finally:
            watch.finish()
            run_sync(_cancel_tasks)()
    return watch.result


async def _cancel_tasks() -> None:
    """End what nbclient leaves waiting in this thread where a kernel died."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


def _escape(path: Path) -> str:
    """Return a path with its braces doubled; papermill takes single ones for places to fill in."""
    return str(path).replace("{", "{{").replace("}", "}}")


class _KernelManager(AsyncKernelManager):
    """Start the kernel with the Python that runs the course, whatever kernel the notebook names."""

    kernel: Popen | None = None

    @property
    def kernel_spec(self) -> KernelSpec:
        return KernelSpec(argv=[], display_name="Python 3 (ipykernel)", language="python")

    def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
        return [sys.executable, "-m", "ipykernel_launcher", "-f", os.path.realpath(self.connection_file)]

    async def _async_launch_kernel(self, kernel_cmd: list[str], **options: Any) -> None:
        await super()._async_launch_kernel(kernel_cmd, **options)
        self.kernel = self.provisioner.process


class _Watch:
    """Follow an execution: which cell, how long, how much memory and processor time."""

    def __init__(
        self, manager: _KernelManager, run_folder: Path, settings: Settings, tell_cell: Callable[[int], None]
    ) -> None:
        self.result = Execution()
        self._manager = manager
        self._log = run_folder / "kernel.log"
        self._settings = settings
        self._tell_cell = tell_cell
        self._cell: int | None = None
        self._deadline: float | None = None
        self._family: set[psutil.Process] = set()
        self._done = threading.Event()
        self._sampler = threading.Thread(target=self._sample, daemon=True)
        self._sampler.start()

    def begin(self) -> None:
        """Start the clock, now that the kernel is ready."""
        if self._settings.limit is not None:
            self._deadline = time.monotonic() + self._settings.limit

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
        elif self.result.modules is None:
            message = "the kernel did not tell what it had imported"
            self.result.error = {"cell": self._cell, "name": "KernelSilent", "message": message}

    def remaining(self, cell: Any = None) -> float | None:
        """Return the seconds left; nbclient takes zero for endless, so never zero."""
        return None if self._deadline is None else max(self._deadline - time.monotonic(), 0.01)

    def keep_modules(self, reply: Mapping[str, Any]) -> None:
        """Keep the kernel's answer to `LIST_MODULES`."""
        text = reply["content"]["user_expressions"]["modules"]["data"]["text/plain"]
        files = [Path(name).resolve() for name in json.loads(ast.literal_eval(text)) if name]
        root = paths.ROOT.resolve()
        inside = {path.relative_to(root).as_posix() for path in files if path.is_relative_to(root)}
        self.result.modules = sorted(inside)
        self.measure()

    def measure(self) -> None:
        """Add memory and processor time of the kernel and its descendants to the result."""
        memory, seconds = 0, 0.0
        for process in self._find_family():
            with suppress(psutil.Error):
                memory += process.memory_info().rss
                # The times of children that have ended are in those of their parent.
                times = process.cpu_times()
                seconds += times.user + times.system
                seconds += getattr(times, "children_user", 0) + getattr(times, "children_system", 0)
        self.result.peak_memory_mib = max(self.result.peak_memory_mib, memory >> 20)
        self.result.cpu_seconds = max(self.result.cpu_seconds, round(seconds, 2))

    def _find_family(self) -> list[psutil.Process]:
        if self._manager.kernel is None or self._manager.kernel.poll() is not None:
            return []  # another process may have its number by now
        with suppress(psutil.Error):
            kernel = psutil.Process(self._manager.kernel.pid)
            family = [kernel, *kernel.children(recursive=True)]
            self._family |= set(family)
            return family
        return []

    def _sample(self) -> None:
        next_look = 0.0
        while not self._done.wait(0.1):
            late = self._deadline is not None and time.monotonic() > self._deadline + GRACE
            if self._settings.stop.is_set() or late:
                self._kill()
            elif time.monotonic() >= next_look:
                self.measure()
                next_look = time.monotonic() + MEASURE_EVERY

    def _kill(self) -> None:
        """End the kernel and all processes that it started."""
        self._find_family()
        kernel = self._manager.kernel
        if kernel is not None and kernel.poll() is None:
            with suppress(OSError):
                os.killpg(kernel.pid, signal.SIGKILL) if os.name == "posix" else kernel.kill()
        for process in self._family:  # psutil knows a process from another one with the same number
            with suppress(psutil.Error):
                process.kill()

    def finish(self) -> None:
        """End the processes of the kernel that are still there; after a shutdown there are none."""
        self._done.set()
        self._sampler.join()
        self._kill()
        if self._manager.kernel is not None:
            self._manager.kernel.wait()

    def explain(self, problem: BaseException) -> dict[str, Any]:
        """Return what went wrong as the manifest keeps it."""
        name, message = type(problem).__name__, " ".join(str(problem).split())
        late = self._deadline is not None and time.monotonic() >= self._deadline
        died = isinstance(problem, DeadKernelError) or (self._cell is None and "died" in message)
        if self._settings.stop.is_set():
            name, message = "Interrupted", "before its end"
        elif isinstance(problem, PapermillExecutionError):
            name, message = problem.ename, str(problem.evalue)
        elif late and isinstance(problem, (CellTimeoutError, DeadKernelError)):
            name, message = "TimeLimit", f"time limit of {self._settings.limit:g} s reached"
        elif died and self._manager.kernel is not None:
            name, message = "KernelDied", self._describe_death()
        return {"cell": self._cell, "name": name, "message": message}

    def _describe_death(self) -> str:
        """Return how the kernel ended, the last lines that it printed, and which file holds the others."""
        code = self._manager.kernel.wait()
        how = f"with exit status {code}"
        if code < 0:
            with suppress(ValueError):
                how = f"by {signal.Signals(-code).name}"
        cause = "; the system does that where there is too little memory" if how == "by SIGKILL" else ""
        log = self._log.read_text(encoding="utf-8", errors="replace")
        words = " | ".join([line.strip() for line in log.splitlines() if line.strip()][-LAST_LINES:])
        said = f"its last words: {words[-LONGEST_WORDS:]}" if words else "without a word"
        place = show(self._log)
        return f"the kernel ended {how}{cause}; {said}; its log: {place}"


def _is_lesson_code(cell: Any) -> bool:
    return cell.cell_type == "code" and "injected-parameters" not in cell.metadata.get("tags", [])


class _Client(PapermillNotebookClient):
    """Papermill's client; it joins the streams of a cell, and asks the kernel at its end what it imported."""

    def __init__(self, *arguments: Any, watch: _Watch, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._watch = watch

    def papermill_execute_cells(self) -> None:
        super().papermill_execute_cells()
        if any(output.output_type == "error" for cell in self.nb.cells for output in cell.get("outputs", [])):
            return
        with suppress(Exception):  # `check_end` says so
            question = self.kc.execute(
                "", silent=True, store_history=False, user_expressions={"modules": LIST_MODULES}
            )
            self._watch.keep_modules(self.wait_for_reply(question))


def join_streams(outputs: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """Return the outputs of a cell with one stream of each name, each as a terminal shows it.

    nbclient does the same, in a time that grows with the square of the text.
    """
    parts: dict[str, list[str]] = {}
    joined: list[nbformat.NotebookNode] = []
    for output in outputs:
        if output.output_type != "stream":
            joined.append(output)
        elif output.name in parts:
            parts[output.name].append(output.text)
        else:
            parts[output.name] = [output.text]
            joined.append(output)
    for output in joined:
        if output.output_type == "stream":
            output.text = _overwrite("".join(parts[output.name]))
    names = [output.get("name") for output in joined]
    for place in range(len(names) - 1):
        if names[place : place + 2] == ["stderr", "stdout"]:
            joined[place : place + 2] = joined[place + 1], joined[place]
    return joined


def _overwrite(text: str) -> str:
    """Keep of each line the text after its last carriage return, which a terminal would show."""
    return "\n".join(line[line.rfind("\r", 0, len(line) - 1) + 1 :] for line in text.split("\n"))


class _Engine(NBClientEngine):
    """Papermill's own engine, with our kernel manager and our watch."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> None:
        watch, manager = options["watch"], options["km"]

        def join(cell: Any, **_: Any) -> None:
            cell.outputs = join_streams(cell.outputs)

        client = _Client(
            nb_man,
            watch=watch,
            km=manager,
            kernel_name=kernel_name,
            log=_SILENT,
            timeout_func=watch.remaining,
            iopub_timeout=60,  # on a busy machine the last output may come late
            record_timing=False,
            on_notebook_start=lambda notebook: watch.begin(),
            on_cell_start=watch.begin_cell,
            on_cell_executed=join,
        )
        client.execute(cleanup_kc=True, **options["launch"])


papermill_engines.register("course", _Engine)
_SILENT = logging.getLogger("helpers.course.kernel")  # nbclient logs as errors what we report ourselves
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False
