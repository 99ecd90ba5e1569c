"""The state of a full run serves that run alone, one process at a time; its record names all parts."""

import json
import os
import shutil
import time
from datetime import UTC, datetime

import psutil
import pytest
from git_repository import commit_all

from helpers.course.lessons import CourseError
from helpers.course.state import check_state, find_state, hold_state
from helpers.provenance import is_dirty
from helpers.results import Result

# The first part leaves one step and fails; the next one finds it and ends.
STEPS = """
from helpers.paths import state
from helpers.provenance import note_input
from helpers.results import record
import helpers.little
done = state() / "done"
before = done.read_text() if done.exists() else ""
done.write_text(before + f"{helpers.little.NAME}{dropout} ")
assert before, "the first part fails"
record("steps", done.read_text())
"""


@pytest.fixture
def lesson(house):
    """Return the house with lesson 51, whose first full run fails."""
    house.write("helpers/little.py", "NAME = 'a'\n")
    house.write("helpers/unused.py", "")
    write_full(house, 0.2)
    house.write_lesson("51_steps", STEPS, parameters="dropout = 0.1")
    return house


@pytest.fixture
def broken(lesson, kept):
    """Return that house after the first full run; the run is made once, and each test has a copy of it."""
    if not any(kept.iterdir()):
        assert lesson.course("run", "51", "--full").exit_code == 1
        shutil.copytree(lesson.root / "reports", kept / "reports")
    shutil.copytree(kept / "reports", lesson.root / "reports", dirs_exist_ok=True)
    return lesson


def write_full(house, dropout):
    house.write("notebooks/full.yaml", f"steps: {{parameters: {{dropout: {dropout}}}}}")


def commit(house):
    house.write(".gitignore", "reports/runs\n__pycache__\n")
    return commit_all(house.root)


def read_result(house):
    return json.loads((house.root / "reports/results/steps.json").read_text())


def refuse(house, *options):
    """Run lesson 51 in full, see that it is refused before anything is done, and return the one line."""
    before = sorted((house.root / "reports/runs").rglob("*"))
    result = house.course("run", "51", "--full", *options)
    assert result.exit_code == 2, result.output
    assert {path.name for path in {*(house.root / "reports/runs").rglob("*")} - {*before}} <= {"state.lock"}
    [line] = result.stderr.splitlines()
    return line


def test_a_run_of_other_code_and_parameters_is_refused_and_goes_on_knowingly(lesson):
    first = commit(lesson)
    assert lesson.course("run", "51", "--full").exit_code == 1
    lesson.write("helpers/little.py", "NAME = 'b'\n")
    write_full(lesson, 0.5)
    second = commit(lesson)
    assert refuse(lesson) == (
        f"lesson 51: the interrupted full run was made with helpers/little.py as of {first[:7]}, "
        "dropout 0.2 (now 0.5); go on knowingly with --keep-state, or begin anew with --force"
    )
    assert lesson.course("run", "51", "--full", "--keep-state").exit_code == 0
    content = read_result(lesson)
    assert content["values"]["steps"]["value"] == "a0.2 b0.5 "
    [earlier] = content["manifest"]["earlier"]
    assert (earlier["commit"], earlier["dirty"]) == (first, False)
    differs = [f"helpers/little.py as of {first[:7]}", "dropout 0.2 (now 0.5)"]
    assert earlier["differs"] == differs
    origin = Result(**content).origin
    assert f"in 2 parts from 2 commits: {first[:7]}, {second[:7]}" in origin
    assert all(one in origin for one in differs)
    assert not is_dirty(content["manifest"])


def test_a_dirty_earlier_part_counts(lesson):
    first = commit(lesson)
    lesson.write("helpers/little.py", "NAME = 'b'\n")
    assert lesson.course("run", "51", "--full").exit_code == 1
    lesson.write("helpers/little.py", "NAME = 'a'\n")
    assert f"helpers/little.py as of {first[:7]} with changes" in refuse(lesson)
    assert lesson.course("run", "51", "--full", "--keep-state").exit_code == 0
    manifest = read_result(lesson)["manifest"]
    assert not manifest["dirty"]
    assert is_dirty(manifest)
    assert f"from 2 commits: {first[:7]} with changes, {first[:7]}" in Result(manifest=manifest).origin


def change_version(house, monkeypatch):
    from helpers.course import manifest

    read = manifest.read_versions
    monkeypatch.setattr(manifest, "read_versions", lambda: read() | {"keras": "9.9"})


def change_cell(house, monkeypatch):
    house.write_lesson("51_steps", STEPS + "1 + 1\n", parameters="dropout = 0.1")


def remove_log(house, monkeypatch):
    (find_state("steps") / "parts.json").unlink()


def age_log(house, monkeypatch):
    part = {"started": "2026-01-02T03:04:05+00:00", "commit": "a" * 40, "dirty": False}
    (find_state("steps") / "parts.json").write_text(json.dumps({"parts": [part]}))


def spoil_log(house, monkeypatch):
    (find_state("steps") / "parts.json").write_text('{"par')


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (change_version, "keras '3"),
        (change_cell, "other code cells, as of"),
        (remove_log, "what nobody knows"),
        (age_log, "what nobody knows"),
        (spoil_log, "what nobody knows"),
    ],
)
def test_whatever_else_differs_is_refused_too(broken, monkeypatch, change, words):
    change(broken, monkeypatch)
    assert f"was made with {words}" in refuse(broken)
    assert broken.course("run", "51", "--full", "--keep-state").exit_code == 0
    manifest = read_result(broken)["manifest"]
    assert manifest["earlier"][0]["differs"][0].startswith(words)
    assert "earlier parts were made with" in Result(manifest=manifest).origin


def test_changed_data_are_refused(lesson):
    lesson.write("data/table.csv", "1")
    note = "note_input(__import__('helpers.paths').paths.DATA / 'table.csv', DIGEST)\n"
    digest = "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"
    cell = STEPS.replace("done =", note.replace("DIGEST", repr(digest)) + "done =")
    lesson.write_lesson("51_steps", cell, parameters="dropout = 0.1")
    assert lesson.course("run", "51", "--full").exit_code == 1
    lesson.write("data/table.csv", "2")
    assert "was made with another data/table.csv; go on" in refuse(lesson)
    lesson.write("data/table.csv", "1")
    assert lesson.course("run", "51", "--full").exit_code == 0


def test_a_module_that_is_imported_by_name_counts(lesson):
    """As `helpers.models.registry` imports the modules beside it."""
    lesson.write("helpers/rooms/__init__.py", "")
    lesson.write(
        "helpers/rooms/list.py",
        "import importlib\n\n\ndef build(name):\n    return importlib.import_module(name)\n",
    )
    lesson.write("helpers/rooms/kitchen.py", "SIZE = 1\n")
    lesson.write_lesson("51_steps", STEPS + "from helpers.rooms import list\n", parameters="dropout = 0.1")
    assert lesson.course("run", "51", "--full").exit_code == 1
    lesson.write("helpers/rooms/kitchen.py", "SIZE = 2\n")
    assert "helpers/rooms/kitchen.py as of" in refuse(lesson)


def test_what_the_lesson_does_not_use_does_not_count(broken):
    broken.write("helpers/unused.py", "CHANGED = True\n")
    (broken.root / "notebooks/51_steps.ipynb").write_text(
        (broken.root / "notebooks/51_steps.ipynb").read_text().replace("# A lesson", "# A better sentence")
    )
    assert broken.course("run", "51", "--full").exit_code == 0
    assert "differs" not in read_result(broken)["manifest"]["earlier"][0]


def test_force_begins_anew_and_a_run_that_left_nothing_is_forgotten(broken):
    write_full(broken, 0.5)
    assert broken.course("run", "51", "--full", "--force").exit_code == 1
    assert (find_state("steps") / "done").read_text() == "a0.5 "
    (find_state("steps") / "done").unlink()
    write_full(broken, 0.6)
    assert broken.course("run", "51", "--full").exit_code == 1, "it began anew without a word"
    assert (find_state("steps") / "done").read_text() == "a0.6 "


@pytest.mark.parametrize("options", [["--keep-state"], ["--full", "--keep-state", "--force"]])
def test_keeping_the_state_needs_a_full_run_that_goes_on(lesson, options):
    result = lesson.course("run", "51", *options)
    assert result.exit_code == 2
    assert "--keep-state is for --full" in result.stderr


WAIT = """
import pathlib, time
from helpers.paths import state
(state() / "journal").write_text("an hour of work")
pathlib.Path("begun").touch()
while not pathlib.Path("go").exists():
    time.sleep(0.05)
from helpers.results import record
record("kept", (state() / "journal").read_text())
"""


def test_a_second_full_run_is_refused_and_the_first_loses_nothing(house, wait_until):
    house.write_lesson("51_steps", WAIT)
    house.write("notebooks/full.yaml", "steps: {parameters: {seed: 1}}")
    first = house.start("run", "51", "--full")
    wait_until((house.root / "notebooks/begun").exists)
    for options in ([], ["--force"], ["--keep-state"]):
        assert refuse(house, *options) == (
            f"lesson 51: its full run is going on in process {first.pid}; wait for it, or end it"
        )
    (house.root / "notebooks/go").touch()
    output, _ = first.communicate(timeout=60)
    assert first.returncode == 0, output
    assert read_result(house)["values"]["kept"]["value"] == "an hour of work"
    assert not find_state("steps").exists()
    assert not find_state("steps").with_suffix(".holder").exists()


def test_a_killed_run_lets_go_of_its_state(house, wait_until):
    house.write_lesson("51_steps", WAIT)
    house.write("notebooks/full.yaml", "steps: {parameters: {seed: 1}}")
    first = house.start("run", "51", "--full")
    wait_until((house.root / "notebooks/begun").exists)
    kernels = psutil.Process(first.pid).children(recursive=True)
    first.kill()
    first.communicate(timeout=60)
    for kernel in kernels:
        wait_until(lambda kernel=kernel: not kernel.is_running() or kernel.status() == psutil.STATUS_ZOMBIE)
    (house.root / "notebooks/go").touch()
    assert house.course("run", "51", "--full").exit_code == 0
    [earlier] = read_result(house)["manifest"]["earlier"]
    assert earlier["seconds"] > 0


def test_default_runs_do_not_wait_for_a_full_run(house, wait_until):
    house.write_lesson("51_steps", WAIT)
    house.write("notebooks/full.yaml", "steps: {parameters: {seed: 1}}")
    first = house.start("run", "51", "--full")
    wait_until((house.root / "notebooks/begun").exists)
    (house.root / "notebooks/go").touch()
    assert house.course("run", "51").exit_code == 0
    first.communicate(timeout=60)


def make_manifest(**changed):
    fingerprint = {"cells": "c", "modules": {}, "python": "3.11"}
    manifest = {
        "slug": "steps",
        "label": "lesson 51",
        "lesson": "51",
        "profile": "full",
        "parameters": {},
        "versions": {},
    }
    started = datetime.now(UTC).isoformat(timespec="milliseconds")
    manifest |= {"started": started, "commit": "a" * 40, "dirty": False, "fingerprint": fingerprint}
    return manifest | changed


def test_parts_that_were_kept_knowingly_stay_named(house):
    """Parts of rates 1, 2 and 1 again: the first and the last agree, and one between them does not."""
    for number, rate in enumerate((1, 2, 1)):
        with hold_state(make_manifest(parameters={"rate": rate}), keep=True) as folder:
            time.sleep(0.05)  # what a part leaves within a hundredth of a second of its start does not count
            (folder / f"{number}").touch()
    manifest = make_manifest(parameters={"rate": 1})
    with hold_state(manifest):
        differs = [part.get("differs", []) for part in manifest["earlier"]]
    assert differs == [[], ["rate 2 (now 1)"], []]


def test_parameters_that_json_changes_are_the_same(house):
    parameters = {"sizes": (1, 2), "names": {1: "one"}}
    for _ in range(2):
        with hold_state(make_manifest(parameters=parameters)) as folder:
            (folder / "trace").touch()


def test_checking_changes_nothing(house):
    with hold_state(make_manifest()) as folder:
        (folder / "trace").touch()
    before = (folder / "parts.json").read_bytes()
    check_state(make_manifest())
    with pytest.raises(CourseError, match=r"'c'|code cells"):
        check_state(make_manifest(fingerprint={"cells": "d", "modules": {}, "python": "3.11"}))
    assert (folder / "parts.json").read_bytes() == before
    assert sorted(os.listdir(folder.parent)) == ["state", "state.lock"]
    with hold_state(make_manifest(profile="default")) as none:
        assert none is None
