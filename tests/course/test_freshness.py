"""A lesson runs again exactly when something it depends on changed."""

import hashlib
import json
from importlib.metadata import version

import pytest

from helpers.course.freshness import explain_staleness, hash_bands, read_python, trace_imports
from helpers.course.lessons import find_runs
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
        ("helpers/results/writing.py", []),
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
    assert explain(house.write_lesson("01_one", "print(2)")) == "its code cells changed"
    changed = house.write_lesson("01_one", "print(1)", parameters="seed = 1")
    assert explain(changed) == "its parameters changed"


@pytest.mark.parametrize(("status", "words"), [("failed", "failed"), ("running", "was interrupted")])
def test_unfinished_runs_do_not_count(house, pass_lesson, status, words):
    lesson = house.write_lesson("01_one")
    pass_lesson(lesson)
    pass_lesson(lesson, status=status)
    assert explain(lesson) == f"the last run {words}"


def edit_manifest(house, change):
    """Change the manifest of the one run in a house."""
    [path] = (house.root / "reports/runs").glob("*/*/manifest.json")
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


def test_prose_does_not_count(house, pass_lesson):
    lesson = house.write_lesson("01_one", "print(1)")
    pass_lesson(lesson)
    lesson.notebook["cells"][1]["source"] = "# Another heading"
    lesson.notebook["cells"].append({"cell_type": "markdown", "metadata": {}, "source": "More", "id": "m"})
    lesson.path.write_text(json.dumps(lesson.notebook))
    assert explain(lesson) == ""


def test_versions_are_compared(house, pass_lesson):
    lesson = house.write_lesson("01_one", "print(1)")
    pass_lesson(lesson)
    now = version("keras")
    edit_manifest(house, lambda manifest: manifest["versions"].update(keras="0.1"))
    assert explain(lesson) == f"keras 0.1 -> {now}"
    edit_manifest(house, lambda manifest: manifest["versions"].pop("keras"))
    assert explain(lesson) == f"keras none -> {now}"
    edit_manifest(house, lambda manifest: manifest["versions"].update(keras=now))
    edit_manifest(house, lambda manifest: manifest["fingerprint"].update(python="3.10"))
    assert explain(lesson) == f"Python 3.10 -> {read_python()}"


def test_bands_are_compared_without_their_evidence(house, pass_lesson):
    lesson = house.write_lesson("01_one", "print(1)")
    pass_lesson(lesson)
    house.write("reports/bands.toml", "[one.score]\nlow = 0\nhigh = 1\nevidence = [0.5]\n")
    assert explain(lesson) == "its bands changed"
    edit_manifest(house, lambda manifest: manifest["fingerprint"].update(bands=hash_bands(lesson)))
    house.write("reports/bands.toml", "[one.score]\nlow = 0\nhigh = 1\nevidence = [0.6]\n")
    assert explain(lesson) == ""
    house.write("reports/bands.toml", "[one.score]\nlow = 0\nhigh = 2\n[two.score]\nlow = 0\nhigh = 1\n")
    assert explain(lesson) == "its bands changed"


def test_modules_are_those_that_the_kernel_imported(house):
    house.write("helpers/named.py", "")
    house.write("helpers/never.py", "")
    lesson = house.write_lesson(
        "01_one",
        "import importlib\nimportlib.import_module('helpers.' + 'named')",
        "def use():\n    from helpers import never",
    )
    assert house.course("run", "1").exit_code == 0
    [manifest] = house.manifests("01_one")
    assert set(manifest["fingerprint"]["modules"]) == {"helpers/__init__.py", "helpers/named.py"}
    house.write("helpers/never.py", "changed = 1")
    assert explain(lesson) == ""
    house.write("helpers/named.py", "changed = 1")
    assert explain(lesson) == "helpers/named.py changed"
    (house.root / "helpers/named.py").unlink()
    assert explain(lesson) == "helpers/named.py is missing"


def test_order_of_runs_is_not_that_of_the_clock(house, pass_lesson):
    lesson = house.write_lesson("01_one")
    pass_lesson(lesson, status="failed")
    edit_manifest(house, lambda manifest: manifest.update(started="2999-01-01T00:00:00+00:00"))
    pass_lesson(lesson)
    assert [run.status for run in find_runs(lesson)] == ["passed", "failed"]
    assert explain(lesson) == ""


def test_parameters_are_compared_as_a_manifest_keeps_them(house, pass_lesson):
    lesson = house.write_lesson("01_one", parameters="sizes = ((1, 2), [3])\nrates = {1: 0.5}")
    pass_lesson(lesson)
    assert explain(lesson) == ""
    changed = house.write_lesson("01_one", parameters="sizes = ((1, 2), [4])\nrates = {1: 0.5}")
    assert explain(changed) == "its parameters changed"


def test_inputs_are_compared_by_content(house, pass_lesson, monkeypatch, tmp_path_factory):
    lesson = house.write_lesson("01_one")
    here = house.write("data/here.bin", "a")
    elsewhere = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("COURSE_CACHE", str(elsewhere))
    for name, text in {"fashion-mnist": "other", "mnist": "a"}.items():
        (elsewhere / name).mkdir()
        there = elsewhere / name / "there.bin"
        there.write_text(text)
    (elsewhere / "older.bin").write_text("a")
    digest = hashlib.sha256(b"a").hexdigest()
    absent = {"path": "reports/results/one.json", "sha256": ""}
    names = ("data/here.bin", "data/cache/mnist/there.bin", "older.bin")
    pass_lesson(lesson, *({"path": name, "sha256": digest} for name in names), absent)
    assert explain(lesson) == ""
    for path, name in zip((here, there, elsewhere / "older.bin"), names, strict=True):
        path.write_text("b")
        assert explain(lesson) == f"{name} changed"
        path.unlink()
        assert explain(lesson) == f"{name} is missing"
        path.write_text("a")
    house.write("reports/results/one.json", "{}")
    assert explain(lesson) == "reports/results/one.json is new"
