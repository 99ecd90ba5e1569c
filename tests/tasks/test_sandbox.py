import os
import pickle
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import BinaryIO

import psutil
import pytest

from helpers.tasks.parallel import TRIES
from helpers.tasks.sandbox import CrashError, Sandbox

LEAKED = []


class OddError(Exception):
    """An exception that does not survive being pickled."""

    def __init__(self, first: int, second: int) -> None:
        super().__init__(f"{first} and {second}")


def add(first: int, second: int = 1) -> int:
    print("not to be seen")
    return first + second


def fail(error: Exception) -> None:
    raise error


def fail_oddly() -> None:
    raise OddError(1, 2)


def take_memory(mebibytes: int) -> int:
    LEAKED.append(os.urandom(mebibytes << 20))
    time.sleep(0.2)
    return os.getpid()


def measure_memory(mebibytes: int) -> tuple[int, float]:
    LEAKED.append(os.urandom(mebibytes << 20))
    return os.getpid(), psutil.Process().memory_info().rss / 2**20


def die(folder: Path, times: int) -> int:
    with open(folder / "started", "a") as file:
        file.write("x")
    if (folder / "started").stat().st_size <= times:
        os.kill(os.getpid(), 9)
    return os.getpid()


def talk(first: bytes) -> bytes:
    """Use the streams that the process talks through, and give back what is larger than any pipe."""
    os.write(1, b"not to be seen")
    return first + os.read(0, 9) + sys.stdin.read().encode()


def die_at_half_an_answer(folder: Path) -> bytes:
    with open(folder / "started", "a") as file:
        file.write("x")

    def dump_half(message: object, pipe: BinaryIO) -> None:
        pipe.write(pickle.dumps(message)[:-9])
        pipe.flush()
        os._exit(7)

    pickle.dump = dump_half
    return bytes(99)


def get_environment(name: str) -> str | None:
    return os.environ.get(name)


def test_a_function_runs_in_one_other_process(capfd):
    assert Sandbox(add)(first=2) == 3
    assert Sandbox(partial(add, second=5))(first=2) == 7
    assert Sandbox(lambda first: first)(first=[1, None]) == [1, None]
    first, second = (Sandbox(os.getpid)() for _ in range(2))
    assert first == second != os.getpid()
    assert capfd.readouterr() == ("", "")


def test_streams_and_sizes_do_not_matter():
    large = os.urandom(1 << 20)
    assert Sandbox(talk)(first=large) == large


def test_threads_take_their_turn():
    with ThreadPoolExecutor(4) as pool:
        sums = [pool.submit(Sandbox(add), first=number) for number in range(40)]
        assert [one.result() for one in sums] == list(range(1, 41))


def test_the_process_is_started_in_a_way_that_windows_has(monkeypatch):
    start, options = subprocess.Popen, []
    monkeypatch.setattr(
        subprocess, "Popen", lambda *args, **kwargs: options.append(kwargs) or start(*args, **kwargs)
    )
    assert Sandbox(add, threads=3)(first=1) == 2  # another number of threads needs a new process
    assert [set(option) for option in options] == [{"env", "stdin", "stdout", "stderr"}]


def test_what_the_function_raises_comes_back():
    with pytest.raises(KeyError, match="who"):
        Sandbox(fail)(error=KeyError("who"))
    with pytest.raises(TimeoutError, match="mine"):
        Sandbox(fail)(error=TimeoutError("mine"))
    with pytest.raises(ConnectionError, match="mine"):
        Sandbox(fail)(error=ConnectionError("mine"))
    with pytest.raises(RuntimeError, match="OddError: 1 and 2"):
        Sandbox(fail_oddly)()


def test_what_takes_too_long_is_ended():
    before = Sandbox(os.getpid)()
    with pytest.raises(TimeoutError, match=r"not done after 0\.3 s"):
        Sandbox(partial(_sleep, 60), seconds=0.3)()
    assert not psutil.pid_exists(before)
    assert Sandbox(add)(first=1) == 2


def _sleep(seconds: float) -> None:
    time.sleep(seconds)


def test_what_takes_too_much_memory_is_ended():
    with pytest.raises(MemoryError, match="and 300 are allowed"):
        Sandbox(take_memory, memory_mib=300)(mebibytes=400)
    assert Sandbox(take_memory, memory_mib=300)(mebibytes=20)


def test_a_death_costs_a_retry(tmp_path):
    assert Sandbox(die)(folder=tmp_path, times=1) != os.getpid()
    assert (tmp_path / "started").stat().st_size == 2


def test_who_always_dies_is_given_up(tmp_path):
    how = "by signal 9" if os.name == "posix" else "with code 9"
    with pytest.raises(CrashError, match=f"died, {TRIES} times, the last time {how}"):
        Sandbox(die)(folder=tmp_path, times=99)
    assert (tmp_path / "started").stat().st_size == TRIES
    assert Sandbox(add)(first=1) == 2


def test_half_an_answer_is_none(tmp_path):
    with pytest.raises(CrashError, match=f"died, {TRIES} times, the last time with code 7"):
        Sandbox(die_at_half_an_answer)(folder=tmp_path)
    assert (tmp_path / "started").stat().st_size == TRIES


def test_memory_does_not_grow_over_100_calls():
    sandbox, here = Sandbox(measure_memory, recycle=10), psutil.Process().memory_info().rss / 2**20
    pids, used = zip(*(sandbox(mebibytes=4) for _ in range(100)), strict=True)
    assert len(set(pids)) >= 10  # the first process may have been at work before
    assert max(used) - min(used) < 60  # ten calls leak 40 MiB, a hundred 400
    assert psutil.Process().memory_info().rss / 2**20 - here < 60
    assert sum(psutil.pid_exists(pid) for pid in set(pids)) <= 1


def test_threads_are_set():
    for threads in (1, 2):
        for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
            assert Sandbox(get_environment, threads=threads)(name=name) == str(threads)


DRIVER = """
import os, time
from helpers.tasks.sandbox import Sandbox

def work(seconds):
    time.sleep(seconds)
    return os.getpid()

print(Sandbox(work)(seconds=0), flush=True)
Sandbox(work)(seconds=60)
"""


def test_the_process_dies_with_the_one_that_it_works_for(tmp_path):
    (tmp_path / "driver.py").write_text(DRIVER)
    with subprocess.Popen(
        [sys.executable, tmp_path / "driver.py"], stdout=subprocess.PIPE, text=True
    ) as driver:
        worker = psutil.Process(int(driver.stdout.readline()))
        driver.kill()
        driver.wait()
        worker.wait(timeout=30)
