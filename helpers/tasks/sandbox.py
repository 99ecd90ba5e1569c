"""Run a function in another process with limits of time and memory.

A network can take all memory, never end, or crash TensorFlow; then only that process ends. Each network that
is built leaves some memory behind; so the process serves some calls and is then replaced. It uses no network.
"""

import contextlib
import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, BinaryIO

from helpers.tasks.parallel import ONE_THREAD, TRIES

MIB = 2**20
LOOK = 0.05  # seconds between two looks at the memory of the process


class CrashError(RuntimeError):
    """The process of a sandbox ended without an answer, each time that it was tried."""


@dataclass(frozen=True)
class Sandbox:
    """A function that runs in another process: called like the function, and fit for `run_tasks` like it.

    Calls from this process share one other process, one after another. That process ends with this one,
    however this one ends. What the function prints is lost.

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
        with _Child.lock:
            for _ in range(TRIES):
                child = _Child.get(self)
                try:
                    result, error = pickle.loads(child.work(job, self))
                    break
                except EOFError:
                    how = child.end()
            else:
                raise CrashError(f"its process died, {TRIES} times, the last time {how}")
        if error is not None:
            raise error
        return result


class _Child:
    """A process that works for the sandboxes of this one.

    It is a new Python program that talks through its stdin and stdout, which every system has. TensorFlow
    does not survive a fork. A spawned process of `multiprocessing`, and so a pool of one, cannot be had in a
    worker of Dask, and it would run a script again that has no `if __name__ == "__main__":`.
    """

    current: "_Child | None" = None
    lock = threading.Lock()

    def __init__(self, threads: int) -> None:
        self.threads, self.calls, self.pid = threads, 0, None
        code = f"import sys; sys.path[:] = {sys.path!r}; from helpers.tasks.sandbox import serve; serve()"
        self.process = subprocess.Popen(
            [sys.executable, "-c", code],
            env=os.environ | dict.fromkeys(ONE_THREAD, str(threads)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.reader = ThreadPoolExecutor(1)  # Windows cannot wait for a pipe with a time limit

    @classmethod
    def get(cls, sandbox: Sandbox) -> "_Child":
        """Return the process for the next call: a new one where the last has had its calls, or died."""
        child = cls.current
        if child and child.process.poll() is None:
            if child.calls < sandbox.recycle and child.threads == sandbox.threads:
                return child
            child.end()
        cls.current = cls(sandbox.threads)
        return cls.current

    def work(self, job: bytes, sandbox: Sandbox) -> bytes:
        """Return the pickled answer to a job.

        Raises:
            EOFError: the process died.
            TimeoutError, MemoryError: it was killed.
        """
        import psutil

        try:
            # The process first sends its number. On Windows `self.process` can be a launcher of Python, with
            # another number and hardly any memory.
            self.pid = self.pid or pickle.load(self.process.stdout)
            self.calls += 1
            late = time.monotonic() + sandbox.seconds
            _send(job, self.process.stdin)
            answer = self.reader.submit(pickle.load, self.process.stdout)
            while wait([answer], LOOK).not_done:
                used = psutil.Process(self.pid).memory_info().rss / MIB
                if used > sandbox.memory_mib:
                    raise MemoryError(f"{used:.0f} MiB, and {sandbox.memory_mib:g} are allowed")
                if time.monotonic() > late:
                    raise TimeoutError(f"not done after {sandbox.seconds:g} s")
            return answer.result()
        except (pickle.UnpicklingError, psutil.NoSuchProcess):  # half an answer, or none
            raise EOFError from None
        except BaseException:  # Ctrl-C too must not leave it at work
            self.end()
            raise

    def end(self) -> str:
        """Kill the process if it is alive; say how it ended."""
        self.process.kill()
        with contextlib.suppress(OSError), self.process:  # which waits, and closes both pipes
            pass
        code = self.process.wait()
        return f"by signal {-code}" if code < 0 else f"with code {code}"


def serve() -> None:
    """Be the other process: take jobs, and answer them from a second thread."""
    jobs, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)  # for functions that read or print
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    _send(os.getpid(), answers)
    worker = ThreadPoolExecutor(1)
    with contextlib.suppress(EOFError, pickle.UnpicklingError):
        while True:
            job = pickle.load(jobs)
            worker.submit(lambda job=job: _send(_work(job), answers))
    os._exit(0)  # the process that sends jobs has ended; nobody waits for the one that is at work


def _send(message: object, pipe: BinaryIO) -> None:
    with contextlib.suppress(OSError):  # the other process has ended, as the next reading tells
        pickle.dump(message, pipe)
        pipe.flush()


def _work(job: bytes) -> bytes:
    """Return the pickled result of a job and None, or None and the exception that it raised."""
    import cloudpickle

    try:
        function, arguments = pickle.loads(job)
        return cloudpickle.dumps((function(**arguments), None))
    except (Exception, SystemExit) as error:
        with contextlib.suppress(Exception):  # not every exception survives being pickled
            if type(pickle.loads(answer := cloudpickle.dumps((None, error)))[1]) is type(error):
                return answer
        return cloudpickle.dumps((None, RuntimeError(f"{type(error).__name__}: {error}")))
