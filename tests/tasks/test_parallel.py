import json
import os
import random
import socket
import ssl
import subprocess
import sys
import time
from collections import Counter
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from filelock import FileLock

from helpers.tasks.parallel import Outcome, open_client, run_tasks, take_values


@pytest.fixture(scope="module")
def cluster(loopback):
    """A client of a cluster with one worker of little memory, whose scheduler forgives no death."""
    import dask
    from distributed import LocalCluster

    slow = {"distributed.deploy.lost-worker-timeout": "5 minutes"}  # on a busy machine one comes back late
    settings = {"memory_limit": "700MiB", "scheduler_kwargs": {"allowed_failures": 0}, "silence_logs": 50}
    with (
        dask.config.set(slow),
        LocalCluster(
            n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0", **settings
        ) as cluster,
        open_client(scheduler=cluster.scheduler_address) as client,
    ):
        yield client


def test_workers_of_this_machine_heed_no_stranger(client):
    """Other users of a shared machine reach 127.0.0.1, too; without the keys of the run nobody answers."""
    assert client.submit(abs, -1).result() == 1
    kind, host, port = client.scheduler.address.split(":")
    assert kind == "tls"
    stranger = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    stranger.check_hostname, stranger.verify_mode = False, ssl.CERT_NONE
    refused = pytest.raises(ssl.SSLError, match="certificate required")
    with socket.create_connection((host.strip("/"), int(port)), timeout=20) as plain, refused:
        stranger.wrap_socket(plain).recv(1)


def note_start(folder: Path, key: str) -> None:
    with open(folder / "started", "a") as file:
        file.write(f"{key}\n")


def count_starts(folder: Path) -> Counter[str]:
    return Counter((folder / "started").read_text().split())


def behave(kind: str, seconds: float) -> object:
    time.sleep(seconds)
    if kind == "raise":
        raise ValueError("no images")
    if kind == "exit":
        raise SystemExit(3)
    return {"pair": (0.1, None), "array": np.zeros(2)}[kind]


def die(folder: Path, key: str, times: int) -> str:
    """Kill the own process the first so many times."""
    note_start(folder, key)
    if count_starts(folder)[key] <= times:
        os.kill(os.getpid(), 9)
    return key


def be_forgotten(folder: Path, key: str) -> str:
    """Take the own key back from the scheduler, the first time."""
    from distributed import Future, get_client, get_worker

    note_start(folder, key)
    if count_starts(folder)[key] == 1:
        get_client().cancel([Future(get_worker().get_current_task())], force=True)
        time.sleep(1)
    return key


def meet(folder: Path, key: str, other: str) -> list:
    """Wait until the other task is running too; return the process and its threads."""
    note_start(folder, key)
    late = time.monotonic() + 20
    while other not in count_starts(folder):
        assert time.monotonic() < late, f"{other} is not running beside {key}"
        time.sleep(0.01)
    return [os.getpid(), os.environ["TF_NUM_INTRAOP_THREADS"], os.environ["TF_NUM_INTEROP_THREADS"]]


LEAKED = []


def leak(mebibytes: int) -> int:
    """Keep so much memory; where that is much, wait until the scheduler has heard of it."""
    from distributed import get_client, get_worker

    LEAKED.append(b"x" * (mebibytes << 20))
    late = time.monotonic() + 120
    while mebibytes > 100:
        known = get_client().scheduler_info()["workers"][get_worker().address]
        if known["metrics"]["memory"] > known["memory_limit"] / 2:
            break
        assert time.monotonic() < late, "the scheduler does not hear of the memory"
        time.sleep(0.05)
    return os.getpid()


def draw(seed: int, seconds: float) -> float:
    random.seed(seed)
    time.sleep(seconds)
    return random.random()


def square(folder: Path, n: int) -> int:
    note_start(folder, str(n))
    if n == 1:
        raise ValueError("one")
    return n * n


def test_serial_and_two_workers_give_the_same_outcomes_in_the_order_of_the_tasks(client):
    kinds = {"slow": "pair", "bad": "raise", "out": "exit", "big": "array", "quick": "pair"}
    tasks = {key: {"kind": kind, "seconds": 0.3 * (key == "slow")} for key, kind in kinds.items()}
    serial, parallel = run_tasks(behave, tasks), run_tasks(behave, tasks, client=client)
    assert list(parallel) == list(kinds)
    assert parallel == serial
    assert parallel["slow"] == parallel["quick"] == Outcome([0.1, None])
    assert parallel["bad"] == Outcome(error="ValueError: no images")
    assert parallel["out"] == Outcome(error="SystemExit: 3")
    assert "ndarray" in parallel["big"].error


def test_workers_leave_the_random_numbers_of_a_task_alone(client):
    tasks = {str(seed): {"seed": seed} for seed in range(2)}
    slow = {key: task | {"seconds": 2} for key, task in tasks.items()}  # Dask's own work goes on beside it
    quick = {key: task | {"seconds": 0} for key, task in tasks.items()}
    assert run_tasks(draw, slow, client=client) == run_tasks(draw, quick)


def test_two_workers_run_at_once_with_one_thread_each(client, tmp_path):
    tasks = {key: {"folder": tmp_path, "key": key, "other": other} for key, other in (("a", "b"), ("b", "a"))}
    first, second = (outcome.value for outcome in run_tasks(meet, tasks, client=client).values())
    assert len({first[0], second[0], os.getpid()}) == 3
    assert first[1:] == second[1:] == ["1", "1"]


def test_a_dead_worker_costs_its_task_one_retry_and_no_other(client, tmp_path):
    tasks = {str(n): {"folder": tmp_path, "key": str(n), "times": 1 if n == 2 else 0} for n in range(5)}
    outcomes = run_tasks(die, tasks, client=client)
    assert outcomes == {key: Outcome(key) for key in tasks}
    assert count_starts(tmp_path) == Counter({"0": 1, "1": 1, "2": 2, "3": 1, "4": 1})


@pytest.mark.parametrize("where", ["client", "cluster"])
def test_a_task_that_always_kills_its_worker_is_given_up_and_the_others_arrive(where, request, tmp_path):
    client = request.getfixturevalue(where)
    tasks = {str(n): {"folder": tmp_path, "key": str(n), "times": 99 if n == 0 else 0} for n in range(8)}
    outcomes = run_tasks(die, tasks, client=client, journal=tmp_path / "journal", experiment={"a": 1})
    killer = outcomes.pop("0")
    assert killer.value is None
    assert "worker died or Dask forgot it, 3 times" in killer.error
    assert outcomes == {str(n): Outcome(str(n)) for n in range(1, 8)}
    assert count_starts(tmp_path) == Counter({"0": 3} | dict.fromkeys(outcomes, 1))
    again = run_tasks(
        die, tasks, journal=tmp_path / "journal", experiment={"a": 1}
    )  # run here, it would kill us
    assert again == {"0": killer} | outcomes


def test_a_worker_is_replaced_when_half_of_its_memory_is_full(cluster):
    tasks = {name: {"mebibytes": size} for name, size in {"small": 1, "large": 300, "next": 1}.items()}
    small, large, following = (outcome.value for outcome in run_tasks(leak, tasks, client=cluster).values())
    assert small == large != following


def test_a_task_that_the_scheduler_forgets_is_run_again(client, tmp_path):
    tasks = {str(n): {"folder": tmp_path, "key": str(n)} for n in range(3)}
    assert run_tasks(be_forgotten, tasks, client=client) == {key: Outcome(key) for key in tasks}
    assert count_starts(tmp_path) == Counter(dict.fromkeys(tasks, 2))


def test_tasks_with_equal_arguments_are_two_tasks(client, tmp_path):
    twin = {"folder": tmp_path, "key": "twin", "times": 0}
    assert list(run_tasks(die, {"a": twin, "b": twin}, client=client)) == ["a", "b"]
    assert count_starts(tmp_path) == Counter({"twin": 2})


DRIVER = """
import os, sys, time
from pathlib import Path
from helpers.tasks.parallel import open_client, run_tasks

def work(folder, n, mortal):
    with open(folder / "started", "a") as file:
        file.write(f"{n}\\n")
    if n > 3 and (folder / "stop").exists():
        time.sleep(600)  # until the end, by a kill
    if mortal and n == 7 and (folder / "started").read_text().split().count("7") == 1:
        os.kill(os.getpid(), 9)
    return n * n

if __name__ == "__main__":
    folder, workers = Path(sys.argv[1]), int(sys.argv[2])
    tasks = {str(n): {"folder": folder, "n": n, "mortal": workers > 1} for n in range(8)}
    with open_client(workers) as client:
        journal, experiment = folder / "journal", {"power": 2}
        outcomes = run_tasks(work, tasks, client=client, journal=journal, experiment=experiment)
    print([outcome.value for outcome in outcomes.values()])
"""


@pytest.mark.parametrize("workers", ["1", "2"])
def test_after_a_kill_of_the_driver_only_unfinished_tasks_run(tmp_path, workers, request):
    if workers == "2":
        request.getfixturevalue("loopback")
    script, journal = tmp_path / "driver.py", tmp_path / "journal"
    script.write_text(DRIVER)
    command = [sys.executable, str(script), str(tmp_path), workers]
    (tmp_path / "stop").touch()
    driver = subprocess.Popen(command)
    while not journal.exists() or journal.read_bytes().count(b"\n") < 4:
        assert driver.poll() is None, "the driver ended before it could be killed"
        time.sleep(0.01)
    driver.kill()
    driver.wait()
    finished = {json.loads(line)["key"] for line in journal.read_text().splitlines()[1:]}
    assert 3 <= len(finished) < 8
    (tmp_path / "stop").unlink()
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")  # although a worker may have died
    assert json.loads(done.stdout) == [n * n for n in range(8)]
    started = count_starts(tmp_path)
    assert set(started) == set("01234567")
    assert all(started[key] == 1 for key in finished)


def test_serial_needs_no_dask():
    code = (
        "import sys\n"
        "from helpers.tasks.parallel import open_client, run_tasks\n"
        "with open_client(1) as client:\n"
        "    run_tasks(abs, {}, client=client)\n"
        "assert not {'distributed', 'dask'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_each_task_tells_how_far_the_run_is(tmp_path, monkeypatch):
    told = []
    tasks = {str(n): {"folder": tmp_path, "n": n} for n in range(4)}
    where = {"journal": tmp_path / "journal", "experiment": {"a": 1}}
    run_tasks(square, {"0": tasks["0"]}, **where)
    clock = SimpleNamespace(monotonic=count(0, 60).__next__)  # a minute a task; Dask keeps its own
    monkeypatch.setattr("helpers.tasks.parallel.time", clock)
    run_tasks(square, tasks, **where, tell=told.append)
    assert told == [f"{4 - left} of 4 tasks done, {left}.0 minutes left" for left in (2, 1, 0)]


@pytest.fixture
def journal(tmp_path):
    """A journal of the tasks 0, 1 and 2, of which 1 failed."""
    path = tmp_path / "deep" / "journal.jsonl"
    tasks = {str(n): {"folder": tmp_path, "n": n} for n in range(3)}
    run_tasks(square, tasks, journal=path, experiment={"power": 2, "folds": (1, 2)})
    return path


def resume(journal: Path, *numbers: int, **experiment: object) -> dict[str, Outcome]:
    tasks = {str(n): {"folder": journal.parent.parent, "n": n} for n in numbers}
    return run_tasks(square, tasks, journal=journal, experiment={"power": 2, "folds": (1, 2)} | experiment)


def test_a_journal_serves_later_generations_with_what_it_holds(journal, tmp_path):
    outcomes = resume(journal, 4, 2, 1, 3)
    assert outcomes == {
        "4": Outcome(16),
        "2": Outcome(4),
        "1": Outcome(error="ValueError: one"),
        "3": Outcome(9),
    }
    assert list(outcomes) == ["4", "2", "1", "3"]
    assert count_starts(tmp_path) == Counter("01234")
    assert len(journal.read_text().splitlines()) == 6


@pytest.mark.parametrize("cut", [1, 5, 30])
def test_half_a_line_is_cut_off_and_its_task_runs_again(journal, tmp_path, cut):
    whole = journal.read_bytes()
    journal.write_bytes(whole[:-cut])
    assert resume(journal, 0, 1, 2)["2"] == Outcome(4)
    assert journal.read_bytes() == whole
    assert count_starts(tmp_path) == Counter("0122")


def test_half_a_first_line_begins_anew(journal, tmp_path):
    whole = journal.read_bytes()
    journal.write_bytes(whole[:9])
    resume(journal, 0, 1, 2)
    assert journal.read_bytes() == whole


def test_a_journal_of_another_experiment_is_refused_and_kept(journal):
    whole = journal.read_bytes()
    with pytest.raises(ValueError, match="another experiment: power is 2 there and 3 here"):
        resume(journal, 5, power=3)
    with pytest.raises(ValueError, match="epochs is missing there and 9 here"):
        resume(journal, 5, epochs=9)
    assert journal.read_bytes() == whole


@pytest.mark.parametrize(
    ("number", "text"), [(1, b"{}\n"), (1, b"[1]\n"), (3, b"x\n"), (3, b'{"key": "1"}\n')]
)
def test_a_damaged_line_is_named(journal, number, text):
    lines = journal.read_bytes().splitlines(keepends=True)
    lines[number - 1] = text
    journal.write_bytes(b"".join(lines))
    with pytest.raises(ValueError, match=f"line {number} of .*journal.jsonl"):
        resume(journal, 5)
    assert journal.read_bytes() == b"".join(lines)


def test_a_journal_in_use_is_refused(journal):
    with (
        FileLock(f"{journal}.lock"),
        pytest.raises(RuntimeError, match=r"another process writes to .*journal\.jsonl"),
    ):
        resume(journal, 5)


def test_values_are_taken_in_order_and_the_first_failure_is_named():
    good = {"b": Outcome([2]), "a": Outcome(None)}
    assert list(take_values(good).items()) == [("b", [2]), ("a", None)]
    with pytest.raises(RuntimeError, match=r"^c: ValueError: no images$"):
        take_values(good | {"c": Outcome(error="ValueError: no images"), "d": Outcome(error="later")})


def test_a_fatal_error_ends_the_run_and_leaves_no_line(client, tmp_path):
    tasks = {key: {"kind": key, "seconds": 0} for key in ("pair", "raise")}
    for name, running in {"here": {}, "there": {"client": client}}.items():
        running |= {"journal": tmp_path / name, "experiment": {"a": 1}}
        with pytest.raises(ValueError, match="no images"):
            run_tasks(behave, tasks, fatal=(ValueError,), **running)
        lines = (tmp_path / name).read_text().splitlines()
        assert all(json.loads(line)["key"] == "pair" for line in lines[1:])
        outcomes = run_tasks(behave, tasks, fatal=(KeyError,), **running)
        assert outcomes == {"pair": Outcome([0.1, None]), "raise": Outcome(error="ValueError: no images")}


def test_bad_settings_are_refused(tmp_path):
    with pytest.raises(ValueError, match="workers=-1"):
        open_client(-1)
    with pytest.raises(ValueError, match="needs experiment"):
        run_tasks(abs, {}, journal=tmp_path / "journal")
