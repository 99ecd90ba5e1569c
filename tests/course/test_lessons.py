"""What is wrong in a request, a notebook or `full.yaml` is said in one line, and nothing is executed."""

import pytest

from helpers.course.lessons import find_lesson, find_lessons, read_full_runs
from helpers.course.runner import Request, plan_jobs


def refuse(house, *arguments: str) -> str:
    """Call `course` with something wrong; return the one line it says on stderr."""
    result = house.course(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert not list((house.root / "reports/runs").iterdir()), "something was executed"
    [line] = result.stderr.splitlines()
    return line


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("13b", "unknown lesson '13b'; did you mean 13? lessons: 01, 13"),
        ("130", "unknown lesson '130'; did you mean 13? lessons: 01, 13"),
        ("xyz", "unknown lesson 'xyz'; lessons: 01, 13"),
    ],
)
def test_unknown_lesson(house, name, line):
    house.write_lesson("01_one")
    house.write_lesson("13_thirteen")
    assert refuse(house, "run", name) == line


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("", "1"),
        ("", "01_one"),
        ("", "01_one.ipynb"),
        ("", "notebooks/01_one.ipynb"),
        ("", "./notebooks/../notebooks/01_one.ipynb"),
        ("notebooks", "01_one.ipynb"),
        ("reports", "../notebooks/01_one.ipynb"),
    ],
)
def test_a_lesson_is_known_by_number_stem_and_path(house, monkeypatch, folder, name):
    lesson = house.write_lesson("01_one")
    house.write_lesson("13_thirteen")
    monkeypatch.chdir(house.root / folder)
    assert find_lesson(name).path == lesson.path
    assert find_lesson(str(lesson.path)).path == lesson.path


@pytest.mark.parametrize(
    "name", ["mine/01_one.ipynb", "notebooks/01_one-Copy1.ipynb", "01_one-Copy1", "gone/01_one.ipynb"]
)
def test_the_path_of_a_copy_is_not_taken_for_the_lesson(house, monkeypatch, name):
    text = house.write_lesson("01_one").path.read_text()
    for copy in ("mine/01_one.ipynb", "notebooks/01_one-Copy1.ipynb"):
        house.write(copy, text)
    monkeypatch.chdir(house.root)
    assert refuse(house, "run", name) == f"unknown lesson '{name}'; lessons: 01"
    monkeypatch.chdir(house.root / "mine")
    assert refuse(house, "run", "01_one.ipynb") == "unknown lesson '01_one.ipynb'; lessons: 01"


COPIES = ("01_one_my_answers", "01_on", "01_0", "01_one-Copy1", "01_answers")


def write_copy(house, copy: str) -> None:
    """Write a lesson and a learner's copy of it."""
    lesson = house.write_lesson("01_one", "print('original')")
    text = lesson.path.read_text().replace("original", "copy")
    house.write(f"notebooks/{copy}.ipynb", text)


@pytest.mark.parametrize("copy", COPIES)
def test_the_copy_of_a_learner_is_no_lesson(house, copy):
    """The notebook with a recorded result is the lesson, wherever the copy stands in the order."""
    write_copy(house, copy)
    house.write("reports/results/one.json", "{}")
    assert [lesson.stem for lesson in find_lessons()] == ["01_one"]


def test_run_and_store_take_the_lesson_and_not_the_copy(house):
    write_copy(house, "01_0")
    house.write("reports/results/one.json", "{}")
    for arguments in (("run",), ("store", "1")):
        assert house.course(*arguments).exit_code == 0
    assert "original\\n" in (house.root / "notebooks/01_one.ipynb").read_text(), "its output"
    assert [path.name for path in (house.root / "reports/runs").glob("o*")] == ["one"]


@pytest.mark.parametrize("copy", COPIES)
def test_a_copy_is_never_taken_where_nothing_is_recorded(house, copy):
    write_copy(house, copy)
    if copy == "01_one-Copy1":  # the name that JupyterLab gives
        assert find_lesson(1).stem == "01_one"
        return
    first, second = sorted(["01_one.ipynb", f"{copy}.ipynb"])
    for arguments in (("run",), ("run", "1", "--full"), ("export", "1"), ("store", "1"), ("site",)):
        assert refuse(house, *arguments) == (
            f"notebooks: {first}, {second} are all lesson 01; give your own a name that begins with no number"
        )


def test_a_lesson_named_twice_runs_once(house):
    house.write_lesson("01_one")
    request = Request(["1", "01"])
    assert len(plan_jobs(request)[0]) == 1


def test_unknown_parameter_names_the_nearest_and_all(house):
    house.write_lesson("01_one", parameters="epochs = 3\nseed: int = 0")
    line = refuse(house, "run", "1", "-p", "epoch=4")
    assert line == "-p: unknown parameter 'epoch' of lesson 01; did you mean epochs? known: epochs, seed"


@pytest.mark.parametrize(
    "assignment", ["epochs=many", "epochs=1.5", "rate=fast", "flip=1", "seeds=3", "epochs"]
)
def test_parameter_of_another_kind(house, assignment):
    house.write_lesson("01_one", parameters="epochs = 3\nrate = 0.1\nflip = True\nseeds = (1, 2)")
    assert refuse(house, "run", "1", "-p", assignment).startswith("-p")


def test_parameters_take_the_kind_of_their_default(house):
    lesson = house.write_lesson("01_one", parameters="rate = 0.1\nseeds = (1, 2)\nlimit = None")
    assert lesson.read_parameters() == {"rate": 0.1, "seeds": [1, 2], "limit": None}
    given = {"rate": "1e-3", "seeds": [4], "limit": 9}  # as YAML reads rate=1e-3
    assert lesson.fit_parameters(given, "-p") == {"rate": 0.001, "seeds": [4], "limit": 9}


@pytest.mark.parametrize(
    ("arguments", "word"),
    [(["run", "-p", "seed=1"], "exactly one lesson"), (["run", "1", "--full", "-p", "seed=1"], "not --full")],
)
def test_parameters_need_one_lesson(house, arguments, word):
    house.write_lesson("01_one")
    assert word in refuse(house, *arguments)


def test_notebook_without_tagged_cell(house):
    house.write_lesson("01_good")
    house.write_lesson("02_bad", "seed = 0", parameters=None)
    line = refuse(house, "run")
    assert line == "notebooks/02_bad.ipynb: no cell is tagged 'parameters'; tag exactly one"


def test_notebook_with_two_tagged_cells(house):
    lesson = house.write_lesson("01_bad")
    lesson.notebook["cells"].append(lesson.notebook["cells"][0])
    with pytest.raises(Exception, match="2 cells are tagged"):
        lesson.read_parameters()


def test_parameters_cell_holds_plain_values_only(house):
    house.write_lesson("01_bad", parameters="seed = 0\nsizes = list(range(3))")
    assert refuse(house, "run") == "notebooks/01_bad.ipynb: line 2 of the parameters cell sets no plain value"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("three: {}", "unknown lesson 'three'"),
        ("'01': {}", "unknown lesson '01'; did you mean one?"),
        ("one: {tme: long}", "unknown key 'tme'; did you mean time?"),
        ("one: {parameters: {sed: 1}}", "unknown parameter 'sed' of lesson 01; did you mean seed?"),
        ("one: {limit: -1}", "limit -1 is no number of seconds"),
        ("one: [1]", "expected some of the keys"),
        ("[1]", "expected one entry per lesson"),
        ("one: {}\none: {parameters: {seed: 1}}", "one has two entries"),
        ("one: {", "is no YAML"),
    ],
)
def test_wrong_full_yaml(house, text, words):
    house.write_lesson("01_one")
    house.write("notebooks/full.yaml", text)
    line = refuse(house, "run", "--full")
    assert line.startswith("notebooks/full.yaml")
    assert words in line


def test_full_yaml_is_read_by_lesson(house):
    house.write_lesson("01_one", parameters="rate = 0.5")
    house.write(
        "notebooks/full.yaml", "one: {parameters: {rate: 1}, time: an hour, needs: [mnist], limit: 60}"
    )
    full = read_full_runs()["one"]
    assert (full.parameters, full.time, full.needs, full.limit) == ({"rate": 1.0}, "an hour", ("mnist",), 60)


def test_full_run_that_cannot_be_made(house):
    house.write_lesson("01_one")
    house.write_lesson("02_two")
    house.write("notebooks/full.yaml", "one: {needs: [mnist]}")
    assert refuse(house, "run", "2", "--full").startswith("lesson 02 has no full run")
    assert refuse(house, "run", "1", "--full").endswith("needs mnist; run: course data fetch mnist")


@pytest.mark.parametrize("arguments", [("--full",), ("1", "-p", "seed=1"), ("--force",)])
def test_changed_is_for_default_runs(house, arguments):
    house.write_lesson("01_one")
    assert refuse(house, "run", "--changed", *arguments).startswith("--changed is for the default run")


def test_data_commands_are_reached(house):
    result = house.course("data", "--help")
    assert result.exit_code == 0
    assert all(word in result.output for word in ("list", "fetch", "verify"))
