"""`course check` tells what can run here, and the progress tells how long it takes."""

import builtins
import io
import json
import os
import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from rich.console import Console

from helpers.course import machine
from helpers.course.machine import describe_device
from helpers.course.progress import Outcome, Progress, describe_error, format_seconds


def test_check_lists_every_lesson(house):
    house.write_lesson("51_small", title="Small", seconds=75, memory_mib=300)
    house.write_lesson("52_full", title="Full")
    house.write("notebooks/full.yaml", "full: {time: a day on two cores, needs: [cifar10]}")
    result = house.course("check")
    assert result.exit_code == 0
    [small] = [line for line in result.output.splitlines() if line.startswith("51")]
    assert small.split() == ["51", "Small", "yes", "1:15", "300", "MiB", "none"]
    assert "a day on two cores" in result.output
    assert "needs cifar10" in " ".join(result.output.split())


def test_check_tells_once_how_to_get_what_is_missing(house, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    runs = ""
    for number, needs in ((51, "cifar10"), (52, "cifar10, mnist"), (53, "cifar10")):
        house.write_lesson(f"{number}_n{number}", title="One", data=["photos"] if number == 53 else [])
        runs += f"n{number}: {{time: 1 minute on two cores, needs: [{needs}]}}\n"
    house.write("notebooks/full.yaml", runs)
    result = house.course("check")
    assert result.exit_code == 1, "53 has not what its default run needs"
    table, _, cures = result.output.partition("\nto get the data that are missing:\n")
    assert [cure.strip() for cure in cures.splitlines()] == [
        "course data fetch cifar10",
        "course data fetch mnist",
        "course data fetch photos",
    ]
    assert "run:" not in table
    assert "needs cifar10, mnist" in " ".join(table.split())
    assert len(table.split("lesson", 1)[1].splitlines()) <= 1 + 2 * 3, "two lines for a lesson"


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({"memory_mib": 10**9}, "needs 1000000000 MiB of memory"),
        ({"data": ["cifar10"]}, "needs cifar10 "),
        ({"data": ["cifar11"]}, "names the data set 'cifar11'"),
    ],
)
def test_check_tells_what_stands_in_the_way(house, monkeypatch, about, words):
    monkeypatch.setenv("COLUMNS", "200")
    house.write_lesson("51_big", **about)
    result = house.course("check")
    assert result.exit_code == 1
    assert words in result.output


def test_device_can_be_kept_as_json():
    device = describe_device()
    assert list(device) == ["cpu", "cores", "memory_gib", "os", "python", "gpu"]
    assert json.loads(json.dumps(device)) == device
    assert device["cores"] >= 1
    assert 0 < device["memory_gib"] < 10**5


@pytest.mark.parametrize(
    ("seconds", "jobs", "end"),
    [
        ((50, 60, 70), 1, ["about 2:10 left"]),
        ((50, 60, 70), 2, ["about 1:10 left"]),
        ((50, 60, None), 1, []),
        ((None, 60, 9), 1, ["about 1:09 left"]),
    ],
)
def test_progress_estimates_the_time_left(house, seconds, jobs, end):
    first, lesson = house.write_lesson("50_zero"), house.write_lesson("51_one", "1", "2")
    expected = dict(zip(("50", "51", "52"), seconds, strict=True))
    progress = Progress(Console(file=io.StringIO()), expected, jobs)
    assert progress.describe() == []
    progress.begin(first, "not run yet")
    progress.end(Outcome(first, "passed", 50))
    progress.begin(lesson, "not run yet")
    progress.tell_cell(lesson, 2)
    assert progress.describe() == ["lesson 51 One: cell 2/3, 0:00", *end]


def test_progress_on_a_terminal_is_bars_that_go(house):
    lesson = house.write_lesson("51_one", "1", "2")
    screen = io.StringIO()
    with Progress(Console(file=screen, force_terminal=True, width=90), {"51": 9}) as progress:
        progress.begin(lesson, "not run yet")
        progress.tell_cell(lesson, 1)
        progress._live.refresh()
    shown = re.sub(r"\x1b\[[0-9;]*m", "", screen.getvalue())
    assert re.search(r"lesson 51 One \S* *1/3 0:00:00", shown)
    assert re.search(r"lessons \S* *0/1 0:00:00 about 0:09 left", shown)
    assert screen.getvalue().rstrip().endswith("\x1b[2K"), "the bars are erased"


def test_what_is_a_terminal_is_asked_of_the_stream(house):
    house.write_lesson("51_one")
    environment = os.environ | {"FORCE_COLOR": "1", "TTY_COMPATIBLE": "1"}
    output, _ = house.start("run", env=environment).communicate(timeout=60)
    assert "lesson 51 One: running, not run yet" in output
    assert "\x1b" not in output


def test_progress_is_told_from_many_threads(house):
    """A line about a lesson is composed while the lesson ends."""
    lesson = house.write_lesson("51_one")
    progress = Progress(Console(file=io.StringIO()), {"51": 9})
    done = threading.Event()

    def repeat() -> None:
        while not done.is_set():
            progress.begin(lesson, "not run yet")
            progress.end(Outcome(lesson, "passed", 1))

    with ThreadPoolExecutor(1) as pool:
        repeating = pool.submit(repeat)
        lines = [progress.describe() for _ in range(20000)]
        done.set()
        repeating.result()
    assert any(lines)


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({}, 8),
        ({"cpu.max": "max 100000"}, 8),
        ({"cpu.max": "150000 100000"}, 2),
        ({"cpu.max": "20000 100000"}, 1),
        ({"cpu/cpu.cfs_quota_us": "300000", "cpu/cpu.cfs_period_us": "100000"}, 3),  # older systems
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 8),
    ],
)
def test_cores_are_those_that_a_container_grants(monkeypatch, files, cores):
    files = {f"/sys/fs/cgroup/{name}": text for name, text in files.items()}
    exists, read = os.path.exists, builtins.open
    monkeypatch.delenv("LOKY_MAX_CPU_COUNT", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "process_cpu_count", lambda: 8, raising=False)  # from Python 3.13
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)), raising=False)
    monkeypatch.setattr(
        os.path, "exists", lambda path: path in files if "/cgroup/" in str(path) else exists(path)
    )
    monkeypatch.setattr(
        builtins,
        "open",
        lambda path, *rest, **options: (
            io.StringIO(files[path]) if path in files else read(path, *rest, **options)
        ),
    )
    assert machine.count_cores() == cores


def test_free_memory_is_at_most_what_a_container_grants(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "CGROUP", tmp_path)
    assert 0 < machine.measure_free_memory() < machine.measure_memory()
    (tmp_path / "memory.max").write_text("3000000\n")
    (tmp_path / "memory.current").write_text("1000000\n")
    assert machine.measure_free_memory() == 2000000


def test_durations():
    assert [format_seconds(value) for value in (None, 0.4, 59.6, 3725)] == ["", "0:00", "1:00", "1:02:05"]


def test_long_messages_are_cut():
    error = {"cell": 3, "name": "ValueError", "message": "one\ntwo\nthree\nfour"}
    assert describe_error(error) == "failed in code cell 3: ValueError: one\n  two\n  three"
