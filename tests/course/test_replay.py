"""pytest compares what was executed, and executes nothing: a wrong number fails at its cell."""

import json
import shutil
import subprocess
import sys

import nbformat
import pytest

from helpers import paths
from helpers.course.freshness import read_python

pytest_plugins = ["pytester"]
REPOSITORY = paths.ROOT

MARKED = "# NBVAL_CHECK_OUTPUT\nprint('six times seven is', 6 * 7)"


@pytest.fixture
def stored(house, kept):
    """Return a house with one lesson, which was run and stored; its run is there."""
    house.write("helpers/models/small_images.py", "WITHOUT_KERAS = True\n")  # which takes seconds to import
    if not any(kept.iterdir()):
        house.write("reports/bands.toml", "[replay]\nscore = {low = 0.4, high = 0.6, evidence = [0.5]}\n")
        house.write_lesson(
            "51_replay",
            MARKED,
            "from helpers.models import small_images\nfrom helpers.results import record",
            "record('score', 0.5)",
            "import time\nprint(time.time())",
        )
        assert house.course("run").exit_code == 0
        assert house.course("store", "51").exit_code == 0
        for folder in ("notebooks", "reports"):
            shutil.copytree(house.root / folder, kept / folder)
    for folder in ("notebooks", "reports"):
        shutil.copytree(kept / folder, house.root / folder, dirs_exist_ok=True)
    return house


@pytest.fixture
def alone(stored):
    """Return that house without the run, as a clone of it is."""
    shutil.rmtree(stored.root / "reports/runs")
    return stored


def plant(house, cell: int, text: str) -> None:
    """Replace the stored output of a code cell (0 for the first)."""
    path = house.root / "notebooks/51_replay.ipynb"
    notebook = nbformat.read(path, as_version=4)
    [output] = [cell for cell in notebook.cells if cell.cell_type == "code"][cell].outputs
    output.text = text
    nbformat.write(notebook, path)


def edit_lock(house, change) -> None:
    path = house.root / "notebooks/lessons.lock"
    content = json.loads(path.read_text())
    change(content["lessons"]["replay"])
    path.write_text(json.dumps(content))


@pytest.fixture
def replay(house, pytester):
    """Return a function that replays the lessons and gives what pytest printed.

    It is called in this process, which is quicker.
    """

    def call(*arguments: str) -> str:
        options = ["-rfs", "-p", "helpers.course.replay", "-p", "no:cacheprovider", "--color=no"]
        place = [f"--rootdir={house.root}", str(house.root / "notebooks")]
        return pytester.runpytest_inprocess(*options, *place, *arguments).stdout.str()

    return call


@pytest.fixture
def check_failures(replay):
    """Return a function that replays the lessons, and checks which items fail and what is said."""

    def check(*failures: str, words: str = "") -> None:
        output = replay()
        lines = [line for line in output.splitlines() if line.startswith("FAILED")]
        failed = [line.removeprefix("FAILED ").partition(" - ")[0].partition("::")[2] for line in lines]
        assert failed == list(failures), output
        assert words in " ".join(output.split()), output
        newer = paths.RUNS / "51_replay/default-000002"
        assert not newer.exists(), "something was executed"

    return check


def test_what_is_stored_passes_with_its_run(stored, check_failures):
    check_failures(words="6 passed")


def test_what_is_stored_passes_without_a_run(alone, check_failures):
    check_failures(words="6 passed")
    assert alone.course("run", "--changed").output.count("up to date") == 1
    assert not list((alone.root / "reports/runs").glob("*/*")), "nothing was executed"
    assert "running, not run yet" in alone.course("run").output, "without the option it runs here"


def test_a_planted_number_fails_at_its_cell_by_the_run(stored, check_failures):
    plant(stored, 1, "six times seven is 43\n")
    check_failures("run", "Cell 1", words="six times seven is 42")


def test_a_planted_number_fails_at_its_cell_by_the_lock(alone, check_failures):
    plant(alone, 1, "six times seven is 43\n")
    check_failures("run", "Cell 1", words="Cell 1: The stored output is not the one that the run")


def test_an_edited_output_of_another_cell_is_found(alone, check_failures):
    plant(alone, 4, "1.0\n")
    check_failures("run", words="lesson 51: stored outputs of code cells 5 are not of a run")


def test_a_number_that_the_run_changed_fails_at_its_cell(stored, check_failures):
    """As on another machine: the stored outputs are of a run, but the run here gave something else."""
    [path] = (stored.root / "reports/runs").glob("*/*/notebook.ipynb")
    path.write_text(path.read_text().replace("six times seven is 42", "six times seven is 41"))
    check_failures("Cell 1", words="six times seven is 41")


@pytest.mark.parametrize("place", ["stored", "alone"])
def test_a_changed_helper_is_named_with_the_lesson(request, place, check_failures, replay):
    house = request.getfixturevalue(place)
    path = house.root / "helpers/models/small_images.py"
    path.write_text(path.read_text() + "\n# changed\n")
    said = "lesson 51: helpers/models/small_images.py changed; run: course run 51"
    check_failures("run", words=said)
    assert "5 skipped" in replay()
    assert "running, helpers/models/small_images.py changed" in house.course("run", "--changed").output


def test_another_version_of_a_package_is_not_fresh(alone, check_failures):
    edit_lock(alone, lambda entries: entries[read_python()]["versions"].update(keras="3.0.0"))
    check_failures("run", words="lesson 51: keras 3.0.0 -> ")


def test_another_python_is_not_fresh(alone, check_failures):
    edit_lock(alone, lambda entries: entries.update({"3.9": entries.pop(read_python())}))
    check_failures("run", words=f"lesson 51: Python 3.9 -> {read_python()}; run: course run 51")


def test_bands_are_judged_by_the_numbers_in_the_lock(alone, check_failures):
    edit_lock(alone, lambda entries: entries[read_python()]["values"]["score"].update(value=0.7))
    check_failures("run", words="lesson 51: score = 0.7 is outside its band 0.4 to 0.6")
    assert alone.course("run", "--changed").exit_code == 1


def test_an_impossible_band_fails(alone, check_failures):
    alone.write("reports/bands.toml", "[replay]\nscore = {low = 0.8, high = 0.9, evidence = [0.5]}\n")
    check_failures("run", words="lesson 51: its bands changed; run: course run 51")
    assert alone.course("run", "--changed").exit_code == 1
    check_failures("run", words="lesson 51: the last run failed; run: course run 51")


def test_the_lock_does_not_hide_that_the_same_state_failed_here(alone, check_failures):
    assert alone.course("run").exit_code == 0
    [path] = (alone.root / "reports/runs").glob("*/*/manifest.json")
    manifest = json.loads(path.read_text())
    path.write_text(
        json.dumps(manifest | {"status": "failed", "error": {"cell": 2, "name": "E", "message": ""}})
    )
    check_failures("run", words="lesson 51: the last run failed")
    path.write_text(json.dumps(manifest | {"status": "interrupted"}))
    check_failures()


def test_a_lesson_that_was_never_run_or_stored_fails(house, check_failures):
    house.write_lesson("51_replay", MARKED)
    check_failures("run", words="lesson 51: not run yet; run: course run 51")
    assert house.course("run").exit_code == 0
    check_failures("run", words="lesson 51: its outputs are not stored; run: course run 51 && course")


def test_one_cell_can_be_asked_for(stored, replay):
    plant(stored, 1, "six times seven is 43\n")
    output = replay("-k", "Cell and 1")
    assert "1 failed" in output
    assert "six times seven is 42" in output


def test_the_settings_of_the_repository_replay_the_lessons(alone):
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy(REPOSITORY / name, alone.root)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "notebooks"]
    done = subprocess.run(command, cwd=alone.root, capture_output=True, text=True, check=False)
    assert "6 passed" in done.stdout
    assert done.returncode == 0
