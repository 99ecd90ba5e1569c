"""`course records` says of every recorded full run from which commits it is, and what has changed since."""

import json
import shutil

import pytest
from git_repository import commit_all

from helpers.course.records import find_records

CELL = "import helpers.little\nfrom helpers.results import record\nrecord('size', size)"
MIXED = "in 2 parts from 2 commits: "


@pytest.fixture
def recorded(house, kept):
    """Return the house with a recorded full run of lesson 51, all committed."""
    if not any(kept.iterdir()):
        house.write("helpers/little.py", "")
        house.write("helpers/unused.py", "")
        house.write(".gitignore", "reports/runs\n__pycache__\n")
        house.write("notebooks/full.yaml", "first: {parameters: {size: 9}}")
        house.write_lesson("51_first", CELL, parameters="size = 1")
        commit_all(house.root)
        assert house.course("run", "51", "--full").exit_code == 0
        commit_all(house.root)
        shutil.copytree(house.root, kept, dirs_exist_ok=True)
    shutil.copytree(kept, house.root, dirs_exist_ok=True)
    return house


def show(house):
    result = house.course("records")
    assert result.exit_code == 0
    return result.output


def change(house, **parts):
    path = house.root / "reports/results/first.json"
    content = json.loads(path.read_text())
    content["manifest"] |= parts
    path.write_text(json.dumps(content))
    return content["manifest"]


def test_a_record_of_the_present_code_is_called_so(recorded):
    manifest = change(recorded)
    lines = show(recorded).splitlines()
    assert lines[0].startswith(f"first: {manifest['started'][:10]}, 0.")
    assert lines[0].endswith(f" minutes, commit {manifest['commit'][:7]}")
    assert lines[1] == "    the present code is that of the run"
    assert lines[2] == "1 records: 0 older than the present code, 0 unknown, 0 mixtures"


def change_helper(house):
    house.write("helpers/little.py", "changed = True")


def remove_helper(house):
    (house.root / "helpers/little.py").unlink()


def change_cells(house):
    house.write_lesson("51_first", CELL + "\n1 + 1", parameters="size = 1")


def change_parameters(house):
    house.write("notebooks/full.yaml", "first: {parameters: {size: 10}}")


def import_more(house):
    house.write("helpers/new.py", "")
    change_cells(house)
    house.write("helpers/little.py", "import helpers.new")


@pytest.mark.parametrize("committed", [True, False])
@pytest.mark.parametrize(
    ("alter", "names"),
    [
        (change_helper, ["helpers/little.py"]),
        (remove_helper, ["helpers/little.py"]),
        (change_cells, ["the code cells"]),
        (change_parameters, ["the parameters"]),
        (import_more, ["the code cells", "helpers/little.py", "helpers/new.py"]),
    ],
)
def test_what_has_changed_since_is_named(recorded, alter, names, committed):
    alter(recorded)
    if committed:
        commit_all(recorded.root)
    output = show(recorded)
    assert f"older than the present code: {', '.join(names)} changed since\n" in output
    assert "1 older than" in output


def test_prose_and_what_the_lesson_does_not_import_do_not_count(recorded):
    recorded.write("helpers/unused.py", "changed = True")
    path = recorded.root / "notebooks/51_first.ipynb"
    path.write_text(path.read_text().replace("# A lesson", "# A better sentence"))
    assert "the present code is that of the run" in show(recorded)


def test_parts_of_several_commits_are_a_mixture_and_all_of_them_count(recorded):
    first = change(recorded)["commit"]
    recorded.write("helpers/little.py", "for_a_while = True")
    second = commit_all(recorded.root)
    recorded.write("helpers/little.py", "")
    part = {"started": "2026-01-01T00:00:00+00:00", "commit": second, "dirty": True, "seconds": 60}
    change(recorded, earlier=[part])
    output = show(recorded)
    assert f"MIXTURE, {MIXED}{second[:7]} with changes, {first[:7]}\n" in output
    assert "older than the present code: helpers/little.py changed since" in output
    assert output.endswith("1 mixtures: first\n")


def test_parts_of_one_commit_with_other_settings_are_a_mixture(recorded):
    manifest = change(recorded)
    part = {"started": "", "commit": manifest["commit"], "dirty": False, "seconds": 1}
    change(recorded, earlier=[part])
    assert "MIXTURE" not in show(recorded)
    change(recorded, earlier=[part | {"differs": ["rate 1 (now 2)"]}])
    assert "MIXTURE" in show(recorded)


@pytest.mark.parametrize("hidden", ["commit", "git", "part"])
def test_where_git_does_not_know_the_commit_it_says_so(recorded, hidden):
    if hidden == "commit":
        change(recorded, commit="c" * 40)
    elif hidden == "part":
        change(recorded, earlier=[{"started": "", "commit": "unknown", "dirty": True, "seconds": 1}])
    else:
        (recorded.root / ".git").rename(recorded.root / "no.git")
    [record] = find_records()
    assert record.changed is None
    assert "unknown whether the code changed since" in show(recorded)


def test_the_record_of_a_lesson_that_is_gone(recorded):
    (recorded.root / "notebooks/51_first.ipynb").unlink()
    recorded.write_lesson("52_other")
    assert "the lesson is gone changed since" not in show(recorded)
    assert "the lesson is gone" in show(recorded)
