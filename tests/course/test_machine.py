"""`course check` tells what can run here, and the progress tells how long it takes."""

import io
import json

import pytest
from rich.console import Console

from helpers.course.machine import describe_device
from helpers.course.progress import Progress, describe_error, format_seconds


def test_check_lists_every_lesson(house):
    house.write_lesson("51_small", title="Small", seconds=75, memory_mib=300)
    house.write_lesson("52_full", title="Full")
    house.write("notebooks/full.yaml", "'52': {time: a day on two cores, needs: [cifar10]}")
    result = house.course("check")
    assert result.exit_code == 0
    [small] = [line for line in result.output.splitlines() if line.startswith("51")]
    assert small.split() == ["51", "Small", "yes", "1:15", "300", "MiB", "none"]
    assert "a day on two cores" in result.output
    assert "course data fetch cifar10" in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({"memory_mib": 10**9}, "needs 1000000000 MiB of memory"),
        ({"data": ["cifar10"]}, "needs cifar10; run: course data fetch cifar10"),
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
    ("expected", "end"),
    [([50, 60, 70], "about 2:10 left"), ([50, 60, None], ", 0:00"), ([None, None, 9], ", 0:00")],
)
def test_progress_estimates_the_time_left(house, expected, end):
    lesson = house.write_lesson("51_one", "1", "2")
    progress = Progress(Console(file=io.StringIO()), expected)
    assert progress.describe() == ""
    progress.begin(1, lesson, "not run yet")
    progress.tell_cell(2)
    assert progress.describe().startswith("lesson 2/3, 51 One, cell 2/3, 0:0")
    assert progress.describe().endswith(end)


def test_progress_on_a_terminal_is_one_line_that_goes(house):
    lesson = house.write_lesson("51_one")
    screen = io.StringIO()
    with Progress(Console(file=screen, force_terminal=True, width=60), [9]) as progress:
        progress.begin(0, lesson, "not run yet")
        progress.tell_cell(1)
        progress._live.refresh()
    assert "lesson 1/1, 51 One, cell 1/1, 0:00, about 0:09 left" in screen.getvalue()
    assert screen.getvalue().rstrip().endswith("\x1b[2K"), "the line is erased"


def test_durations():
    assert [format_seconds(value) for value in (None, 0.4, 59.6, 3725)] == ["", "0:00", "1:00", "1:02:05"]


def test_long_messages_are_cut():
    error = {"cell": 3, "name": "ValueError", "message": "one\ntwo\nthree\nfour"}
    assert describe_error(error) == "failed in cell 3: ValueError: one\n  two\n  three"
