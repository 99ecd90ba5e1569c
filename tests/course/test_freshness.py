"""A lesson runs again exactly when something it depends on changed."""

import hashlib

import pytest

from helpers.course.freshness import explain_staleness, trace_imports
from helpers.course.manifest import make_run_folder, start_manifest, write_json


@pytest.fixture
def pass_lesson(house):
    """Return a function that leaves a passed run of a lesson behind, without executing anything."""

    def leave(lesson, *inputs, profile="default", status="passed"):
        manifest = start_manifest(lesson, profile, lesson.read_parameters())
        manifest |= {"status": status, "inputs": list(inputs)}
        write_json(make_run_folder(manifest) / "manifest.json", manifest)

    return leave


@pytest.fixture
def chain(house):
    """Return the lessons of a house where 01 imports `deep` through others, 02 `flat`, and 03 nothing."""
    house.write("helpers/flat.py", "FLAT = 1\n")
    house.write("helpers/deep.py", "DEEP = 1\n")
    house.write("helpers/pack/__init__.py", "from .inner import middle\n")
    house.write("helpers/pack/inner.py", "def middle():\n    from helpers import deep\n    return deep\n")
    return (
        house.write_lesson("01_deep", "%matplotlib inline\nimport helpers.pack.inner as inner"),
        house.write_lesson("02_flat", "%%time\nfrom helpers import flat"),
        house.write_lesson("03_none", "import json", "%%bash\nif true; then from helpers import flat; fi"),
    )


def explain(lesson):
    return explain_staleness(type(lesson)(lesson.number, lesson.path), "default", lesson.read_parameters())


def test_imports_are_traced_through_helpers(house, chain):
    traced = [[path.relative_to(house.root).as_posix() for path in trace_imports(lesson)] for lesson in chain]
    deep = ["__init__.py", "deep.py", "pack/__init__.py", "pack/inner.py"]
    assert traced == [
        [f"helpers/{name}" for name in deep],
        ["helpers/__init__.py", "helpers/flat.py"],
        [],
    ]


@pytest.mark.parametrize(
    ("changed", "stale"),
    [
        ("helpers/flat.py", ["02"]),
        ("helpers/deep.py", ["01"]),
        ("helpers/pack/inner.py", ["01"]),
        ("helpers/pack/__init__.py", ["01"]),
        ("helpers/__init__.py", ["01", "02"]),
        ("helpers/record.py", []),
    ],
)
def test_touched_helper_concerns_its_importers_only(house, chain, pass_lesson, changed, stale):
    for lesson in chain:
        pass_lesson(lesson)
    assert [explain(lesson) for lesson in chain] == ["", "", ""]
    path = house.root / changed
    path.write_text(path.read_text() + "\n# changed\n")
    assert [lesson.number for lesson in chain if explain(lesson) == f"{changed} changed"] == stale
    assert [lesson.number for lesson in chain if explain(lesson)] == stale


def test_time_of_a_file_does_not_count(house, chain, pass_lesson):
    pass_lesson(chain[0])
    for path in [chain[0].path, house.root / "helpers/deep.py"]:
        path.write_bytes(path.read_bytes())
    assert explain(chain[0]) == ""


def test_notebook_changes(house, pass_lesson):
    lesson = house.write_lesson("01_one", "print(1)", title="One")
    assert explain(lesson) == "not run yet"
    pass_lesson(lesson)
    assert explain(house.write_lesson("01_one", "print(1)", title="Another title")) == ""
    assert explain(house.write_lesson("01_one", "print(2)")) == "the notebook changed"
    changed = house.write_lesson("01_one", "print(1)", parameters="seed = 1")
    assert explain(changed) == "its parameters changed"


@pytest.mark.parametrize(("status", "words"), [("failed", "failed"), ("running", "was interrupted")])
def test_unfinished_runs_do_not_count(house, pass_lesson, monkeypatch, status, words):
    lesson = house.write_lesson("01_one")
    pass_lesson(lesson)
    monkeypatch.setattr("os.getpid", lambda: 2**22 + 1)  # no process has this number
    pass_lesson(lesson, status=status)
    assert explain(lesson) == f"the last run {words}"


def test_inputs_are_compared_by_content(house, pass_lesson, monkeypatch, tmp_path_factory):
    lesson = house.write_lesson("01_one")
    here = house.write("data/here.bin", "a")
    elsewhere = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("COURSE_CACHE", str(elsewhere))
    (elsewhere / "mnist").mkdir()
    there = elsewhere / "mnist" / "there.bin"
    there.write_text("a")
    digest = hashlib.sha256(b"a").hexdigest()
    absent = {"path": "reports/results/01_*.json", "sha256": ""}
    pass_lesson(
        lesson, {"path": "data/here.bin", "sha256": digest}, {"path": "there.bin", "sha256": digest}, absent
    )
    assert explain(lesson) == ""
    for path, name in [(here, "data/here.bin"), (there, "there.bin")]:
        path.write_text("b")
        assert explain(lesson) == f"{name} changed"
        path.unlink()
        assert explain(lesson) == f"{name} is missing"
        path.write_text("a")
    house.write("reports/results/01_one.json", "{}")
    assert explain(lesson) == "reports/results/01_*.json is new"
