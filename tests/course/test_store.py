"""`course store` writes notebooks that are clean, and no others."""

import json
import unicodedata
from pathlib import Path, PurePosixPath, PureWindowsPath

import nbformat
import pytest

from helpers.course.lessons import CourseError
from helpers.course.store import _is_telling, _refuse_paths, _spell

CELLS = (
    "import sys\nprint('shown'); print('hidden', file=sys.stderr)\nprint('shown too')",
    "from IPython.display import Image, display\n"
    "display(Image(data=b'', format='png'), metadata={'image/png': {'alt': 'a figure'}})\n6 * 7",
    "",
)


def test_store_writes_a_clean_notebook(house):
    lesson = house.write_lesson("51_store", *CELLS, title="Kept", seconds=900, cpu_seconds=900)
    before = nbformat.read(lesson.path, as_version=4)
    assert house.course("run", "51").exit_code == 0
    assert house.course("store", "51").exit_code == 0
    text = lesson.path.read_text()
    after = nbformat.read(lesson.path, as_version=4)
    nbformat.validate(after)
    assert [cell.id for cell in after.cells] == [cell.id for cell in before.cells]
    assert [cell.source for cell in after.cells] == [cell.source for cell in before.cells]
    assert [cell.metadata for cell in after.cells] == [cell.metadata for cell in before.cells]
    code = [cell for cell in after.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == [1, 2, 3, 4]
    [stream] = code[1].outputs
    assert (stream.name, stream.text) == ("stdout", "shown\nshown too\n")
    figure, value = code[2].outputs
    assert figure.metadata == {"image/png": {"alt": "a figure"}}
    assert (value.data["text/plain"], value.execution_count) == ("42", 3)
    assert after.metadata.kernelspec.name == "python3"
    assert after.metadata.language_info == {"name": "python"}
    assert set(after.metadata) == {"course", "kernelspec", "language_info"}
    assert after.metadata.course.title == "Kept"
    assert "seconds" not in after.metadata.course
    assert after.metadata.course.cpu_seconds % 5 == 0 < after.metadata.course.cpu_seconds < 900
    assert after.metadata.course.memory_mib % 100 == 0 < after.metadata.course.memory_mib
    assert text == json.dumps(json.loads(text), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    assert house.course("run", "51").output.count("up to date") == 1  # outputs are no change
    assert house.course("store", "51").exit_code == 0
    assert lesson.path.read_text() == text


def test_store_keeps_the_present_prose(house):
    lesson = house.write_lesson("51_store", "print(1)", "print(2)")
    assert house.course("run", "51").exit_code == 0
    notebook = nbformat.read(lesson.path, as_version=4)
    notebook.cells[1] = nbformat.v4.new_markdown_cell("# Another heading")
    notebook.cells.insert(3, nbformat.v4.new_markdown_cell("Between the two"))
    nbformat.write(notebook, lesson.path)
    assert house.course("store", "51").exit_code == 0
    after = nbformat.read(lesson.path, as_version=4).cells
    assert [cell.source for cell in after] == [cell.source for cell in notebook.cells]
    assert [after[place].outputs[0].text for place in (2, 4)] == ["1\n", "2\n"]
    del notebook.cells[3], notebook.cells[1]
    nbformat.write(notebook, lesson.path)
    assert house.course("store", "51").exit_code == 0
    assert [cell.cell_type for cell in nbformat.read(lesson.path, as_version=4).cells] == ["code"] * 3


def test_store_keeps_what_the_rules_allow_and_nothing_else(house):
    """Editors and extensions note what they like, a user's name among it, in any part of a notebook."""
    lesson = house.write_lesson("51_store", "print(1)", title="Kept", author="Anna")
    notebook = json.loads(lesson.path.read_text())
    notebook["metadata"] |= {"vscode": {"user": "Anna"}, "authors": [{"name": "Anna"}]}
    notebook["author"] = "Anna"
    for cell in notebook["cells"]:
        cell["metadata"] |= {"ExecuteTime": {"user": "Anna"}, "collapsed": True, "jupyter": {"Anna": 1}}
    picture = {"a.png": {"image/png": "iVBORw0KGgo="}}
    notebook["cells"][1] |= {"attachments": picture, "source": "# A lesson\n\n![](attachment:a.png)"}
    lesson.path.write_text(json.dumps(notebook))
    assert house.course("run", "51").exit_code == 0
    changed = json.loads(lesson.path.read_text())
    changed["cells"][2]["owner"] = "Anna"  # of no version of the format
    lesson.path.write_text(json.dumps(changed))
    assert house.course("store", "51").exit_code == 0
    text = lesson.path.read_text()
    assert "Anna" not in text
    after = json.loads(text)
    nbformat.validate(nbformat.from_dict(after))
    assert [cell["metadata"] for cell in after["cells"]] == [{"tags": ["parameters"]}, {}, {}]
    assert after["cells"][1]["attachments"] == picture
    assert set(after["metadata"]["course"]) == {"title", "cpu_seconds", "memory_mib"}


def test_the_lock_notes_what_the_outputs_are_of(house):
    house.write("reports/bands.toml", "[store.score]\nlow = 0\nhigh = 1\n")
    house.write_lesson(
        "51_store",
        "from helpers.results import record\nrecord('score', 0.5, unit='fraction')\nrecord('other', 3)",
        "# NBVAL_CHECK_OUTPUT\nprint(1)",
    )
    assert house.course("run", "51").exit_code == 0
    assert house.course("store", "51").exit_code == 0
    path = house.root / "notebooks/lessons.lock"
    text = path.read_text()
    [entry] = json.loads(text)["lessons"]["store"].values()
    assert set(entry) == {"bands", "cells", "inputs", "modules", "outputs", "values", "versions"}
    assert entry["values"] == {"score": {"value": 0.5, "unit": "fraction"}}
    assert set(entry["modules"]) == {
        "helpers/__init__.py",
        "helpers/paths.py",
        "helpers/results/writing.py",
    } | {name for name in entry["modules"] if name.startswith("helpers/") and "course" not in name}
    assert len(entry["outputs"]) == 3
    assert text == json.dumps(json.loads(text), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    assert str(house.root) not in text
    assert house.course("store", "51").exit_code == 0
    assert path.read_text() == text


def test_entries_of_other_pythons_stay_while_they_are_of_the_same_state(house):
    house.write_lesson("51_store", "# NBVAL_CHECK_OUTPUT\nprint(1)", "import time\nprint(time.time())")
    house.write_lesson("52_gone", "print(1)")
    assert house.course("run").exit_code == 0
    assert house.course("store", "51", "52").exit_code == 0
    path = house.root / "notebooks/lessons.lock"
    content = json.loads(path.read_text())
    [(python, entry)] = content["lessons"]["store"].items()
    content["lessons"]["store"]["3.9"] = entry | {"versions": {"keras": "3.0"}}
    path.write_text(json.dumps(content))
    (house.root / "notebooks/52_gone.ipynb").unlink()
    assert house.course("run", "51", "--force").exit_code == 0
    assert house.course("store", "51").exit_code == 0
    lessons = json.loads(path.read_text())["lessons"]
    assert set(lessons) == {"store"}
    assert set(lessons["store"]) == {"3.9", python}
    assert lessons["store"]["3.9"]["outputs"] == lessons["store"][python]["outputs"] != entry["outputs"]
    house.write_lesson("51_store", "# NBVAL_CHECK_OUTPUT\nprint(2)", "import time\nprint(time.time())")
    assert house.course("run", "51").exit_code == 0
    assert house.course("store", "51").exit_code == 0
    assert set(json.loads(path.read_text())["lessons"]["store"]) == {python}


@pytest.mark.parametrize("status", ["never", "changed", "path"])
def test_store_refuses(house, status):
    house.write_lesson("51_store", "import os\nprint(os.getcwd())")
    if status != "never":
        assert house.course("run", "51").exit_code == 0
    if status == "changed":
        house.write_lesson("51_store", "print(1)")
    result = house.course("store", "51")
    words = {
        "never": "not run yet",
        "changed": "its code cells changed",
        "path": f"code cell 2 prints the path {house.root}/",
    }
    assert result.exit_code == 2
    assert words[status] in result.stderr


def make_executed(text):
    output = nbformat.v4.new_output("execute_result", {"text/plain": text})
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1", outputs=[output])])


@pytest.mark.parametrize("name", ["müller", "anna lena", 'a"b', "Zo\N{COMBINING DIAERESIS}e"])
def test_the_path_of_any_home_is_found_however_it_is_printed(house, monkeypatch, name):
    lesson = house.write_lesson("51_store")
    home = house.root / name
    monkeypatch.setattr(Path, "home", lambda: home)
    inside = f"{home}/notes.txt"
    for text in (
        f"read {inside}",
        repr(inside),
        ascii(inside),
        json.dumps({"file": inside}),
        unicodedata.normalize("NFD", inside),
        (home / "notes.txt").as_uri(),
    ):
        monkeypatch.setattr("helpers.paths.ROOT", house.root / "elsewhere")
        with pytest.raises(CourseError, match="code cell 1 prints the path"):
            _refuse_paths(make_executed(text), lesson)
    _refuse_paths(make_executed("https://example.org/notes.txt, a//b"), lesson)


ADDRESSES = "https://example.org/a//b, file:///usr/lib/a, /usr/lib/b, C:/a"


@pytest.mark.parametrize("home", ["/", "//", "", ".", "not/absolute", "/a", "/org", "/b"])
def test_a_home_that_is_none_finds_no_path_in_an_address(house, monkeypatch, home):
    """Services have the root for HOME, or a short name that is a part of many addresses."""
    monkeypatch.setenv("HOME", home)
    _refuse_paths(make_executed(ADDRESSES), house.write_lesson("51_store"))


def test_a_user_without_a_home_can_store(house, monkeypatch):
    def find_none():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", find_none)
    lesson = house.write_lesson("51_store")
    _refuse_paths(make_executed(ADDRESSES), lesson)
    with pytest.raises(CourseError, match="cell 1 prints the path"):
        _refuse_paths(make_executed(f"in {house.root}/data"), lesson)


def test_roots_of_any_system_tell_nothing():
    for root in ("/", "//", "", ".", "anna"):
        assert not _is_telling(PurePosixPath(root)), root
    for root in ("C:\\", "C:/", "C:", "/", "", "anna", "\\\\server\\share\\", "//server/share"):
        assert not _is_telling(PureWindowsPath(root)), root
    assert _is_telling(PurePosixPath("/anna")) and _is_telling(PureWindowsPath("D:\\anna"))


@pytest.mark.parametrize("home", ["/a", "/home/anna"])
def test_a_path_is_found_wherever_one_may_begin(house, monkeypatch, home):
    monkeypatch.setenv("HOME", home)
    lesson = house.write_lesson("51_store")
    inside = f"{home}/notes.txt"
    for text in (
        inside,
        f"<td>{inside}</td>",
        f"where={inside}:3",
        repr(f"two lines\n{inside}"),
        f"\x1b[0;32m{inside}\x1b[0m",
        f"file://{inside}",
    ):
        with pytest.raises(CourseError, match=f"cell 1 prints the path {home}/"):
            _refuse_paths(make_executed(text), lesson)


def test_a_home_behind_a_link_is_found_by_both_names(house, monkeypatch):
    home, disk = house.root / "home", house.root / "disk"
    disk.mkdir()
    home.symlink_to(disk)
    monkeypatch.setenv("HOME", str(home))
    lesson = house.write_lesson("51_store")
    monkeypatch.setattr("helpers.paths.ROOT", house.root / "elsewhere")
    monkeypatch.setattr("tempfile.tempdir", str(house.root / "elsewhere"))
    for folder in (home, disk):
        with pytest.raises(CourseError, match=f"prints the path {folder}/"):
            _refuse_paths(make_executed(f"in {folder}/notes.txt"), lesson)


def test_windows_paths_are_known_in_all_their_forms():
    forms = _spell(PureWindowsPath("C:\\Users\\Müller"))
    for text in (
        "C:\\Users\\Müller\\notes.txt",
        repr("C:\\Users\\Müller\\notes.txt"),
        "C:/Users/Müller/notes.txt",
        "file:///C:/Users/M%C3%BCller/notes.txt",
    ):
        assert any(form in text for form in forms), text
