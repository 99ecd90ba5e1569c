"""Run a function in a process of its own, with limits, so that what goes wrong stays there.

A network can take all memory, never end, or bring TensorFlow down; and each one built leaves some memory
behind. The process is kept for the next call and replaced from time to time. It needs no network.
"""

import atexit
import contextlib
import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe
from queue import SimpleQueue
from typing import Any

from helpers.tasks.parallel import ONE_THREAD, TRIES

MIB = 2**20
LOOK = 0.05  # seconds between two looks at the memory of the process


class CrashError(RuntimeError):
    """The process of a sandbox ended without an answer, each time that it was tried."""


@dataclass(frozen=True)
class Sandbox:
    """A function that runs in another process: called like the function, and fit for `run_tasks` like it.

    Calls from this process share one other process, one after another; it dies with this one, however that
    ends. What it prints is lost.

    Args:
        function: what to call. It, its arguments and its result are pickled, by value where it was defined in
            a notebook.
        seconds: that a call may take. The start of the process is not counted, but importing Keras is.
        memory_mib: that the process may hold, with Python, TensorFlow and all, looked at 20 times a second.
        recycle: calls after which the process is replaced, for another five seconds of importing Keras.
        threads: of TensorFlow. With one, results are the same on any number of workers.
    """

    function: Callable[..., Any]
    seconds: float = 600
    memory_mib: float = 4096
    recycle: int = 25
    threads: int = 1

    def __call__(self, **arguments: Any) -> Any:
        """Return what the function returns.

        Raises:
            TimeoutError: it took too long.
            MemoryError: it took too much.
            CrashError: its process died, three times.
            Exception: whatever the function raised.
        """
        import cloudpickle

        job = cloudpickle.dumps((self.function, arguments))
        for _ in range(TRIES):
            child = _Child.get(self)
            try:
                result, error = child.work(job, self)
            except (EOFError, ConnectionError):
                how = child.end()
                continue
            if error is not None:
                raise error
            return result
        raise CrashError(f"its process died, {TRIES} times, the last time {how}")


class _Child:
    """A process that works for the sandboxes of this one."""

    current: "_Child | None" = None

    def __init__(self, threads: int) -> None:
        self.threads, self.calls = threads, 0
        self.connection, theirs = Pipe()
        code = (
            f"import sys; sys.path[:] = {sys.path!r}; "
            f"from helpers.tasks.sandbox import serve; serve({theirs.fileno()})"
        )
        count = {name: str(threads) for name in ONE_THREAD}
        self.process = subprocess.Popen(
            [sys.executable, "-c", code],
            env=os.environ | count,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        theirs.close()
        atexit.register(self.end)

    @classmethod
    def get(cls, sandbox: Sandbox) -> "_Child":
        """Return the process for the next call: a new one where the last has done its share, or died."""
        child = cls.current
        if child and child.process.poll() is None:
            if child.calls < sandbox.recycle and child.threads == sandbox.threads:
                return child
            child.end()
        cls.current = cls(sandbox.threads)
        return cls.current

    def work(self, job: bytes, sandbox: Sandbox) -> tuple[Any, Exception | None]:
        """Return the result of a job, or the exception that it raised.

        Raises:
            EOFError, ConnectionError: the process died.
            TimeoutError, MemoryError: it was killed.
        """
        import psutil

        if not self.calls:
            self.connection.recv_bytes()  # it is up
        self.calls += 1
        late = time.monotonic() + sandbox.seconds
        try:
            self.connection.send_bytes(job)
            while not self.connection.poll(LOOK):
                used = psutil.Process(self.process.pid).memory_info().rss / MIB
                if used > sandbox.memory_mib:
                    raise MemoryError(f"{used:.0f} MiB, and {sandbox.memory_mib:g} are allowed")
                if time.monotonic() > late:
                    raise TimeoutError(f"not done after {sandbox.seconds:g} s")
            return pickle.loads(self.connection.recv_bytes())
        except psutil.NoSuchProcess:
            raise EOFError from None
        except BaseException:  # Ctrl-C too must not leave it at work
            self.end()
            raise

    def end(self) -> str:
        """Kill the process if it is alive; say how it ended."""
        self.process.kill()
        self.connection.close()
        atexit.unregister(self.end)
        code = self.process.wait()
        return f"by signal {-code}" if code < 0 else f"with code {code}"


def serve(descriptor: int) -> None:
    """Work in the other process: take jobs until the connection ends, as it does when this side dies."""
    connection, jobs = Connection(descriptor), SimpleQueue()
    threading.Thread(target=_receive, args=(connection, jobs), daemon=True).start()
    connection.send_bytes(b"up")
    while True:
        connection.send_bytes(_work(jobs.get()))


def _receive(connection: Connection, jobs: SimpleQueue) -> None:
    try:
        while True:
            jobs.put(connection.recv_bytes())
    except (EOFError, ConnectionError):
        os._exit(0)  # in the middle of a job, which nobody waits for


def _work(job: bytes) -> bytes:
    import cloudpickle

    try:
        function, arguments = pickle.loads(job)
        return cloudpickle.dumps((function(**arguments), None))
    except (Exception, SystemExit) as error:
        with contextlib.suppress(Exception):  # not every exception survives being pickled
            if type(pickle.loads(answer := cloudpickle.dumps((None, error)))[1]) is type(error):
                return answer
        return cloudpickle.dumps((None, RuntimeError(f"{type(error).__name__}: {error}")))
