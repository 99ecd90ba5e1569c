"""Full runs that are no lesson: modules of helpers/experiments, run, recorded and listed like the others."""

import json

import pytest

from helpers.course.lessons import CourseError, read_full_runs

GROW = '''"""How far it grows. More words."""

from helpers.paths import state
from helpers.results import record


def run(size: int = 1, names: tuple[str, ...] = ("a",)) -> None:
    """Record."""
    (state() / "begun").touch()
    record("size", size * len(names))
'''
FULL = """
grow_twice:
  experiment: grow
  parameters: {size: 2, names: [a, b]}
grow_once:
  experiment: grow
"""


@pytest.fixture
def grown(house):
    house.write("helpers/experiments/grow.py", GROW)
    house.write("notebooks/full.yaml", FULL)
    return house


def read_result(house, name):
    return json.loads((house.root / f"reports/results/{name}.json").read_text())


def test_an_experiment_is_run_and_recorded_under_its_name(grown):
    done = grown.course("run", "grow_twice", "--full")
    assert done.exit_code == 0, done.output
    result = read_result(grown, "grow_twice")
    assert result["values"]["size"]["value"] == 4
    assert result["manifest"]["parameters"] == {"size": 2, "names": ["a", "b"]}
    assert "helpers/experiments/grow.py" in result["manifest"]["fingerprint"]["modules"]
    assert not (grown.root / "reports/runs/grow_twice/state").exists(), "it passed"
    assert "grow_twice How far it grows" in done.output
    assert "up to date" in grown.course("run", "grow_twice", "--full").output


def test_the_name_of_a_module_means_all_its_runs(grown):
    assert grown.course("run", "grow", "--full").exit_code == 0
    assert [read_result(grown, name)["values"]["size"]["value"] for name in ("grow_twice", "grow_once")] == [
        4,
        1,
    ]


def test_a_changed_module_makes_the_record_old(grown):
    assert grown.course("run", "grow_once", "--full").exit_code == 0
    grown.write("helpers/experiments/grow.py", GROW.replace("size *", "2 * size *"))
    assert "helpers/experiments/grow.py changed" in grown.course("run", "grow_once", "--full").output
    assert read_result(grown, "grow_once")["values"]["size"]["value"] == 2


@pytest.mark.parametrize(
    ("full", "message"),
    [
        ("a: {experiment: grw}", "a: unknown experiment 'grw'; did you mean grow?"),
        ("a: {experiment: grow, parameters: {sise: 1}}", "unknown parameter 'sise' of a; did you mean size?"),
        ("one: {experiment: grow}", "one is a lesson; give the experiment another name"),
    ],
)
def test_wrong_entries_are_refused(grown, full, message):
    grown.write_lesson("51_one")
    grown.write("notebooks/full.yaml", full)
    with pytest.raises(CourseError, match=message.replace("?", r"\?")):
        read_full_runs()


def test_a_function_without_defaults_is_refused(grown):
    grown.write("helpers/experiments/grow.py", GROW.replace("size: int = 1", "size: int"))
    assert "with a default for each" in grown.course("run", "grow_once", "--full").stderr


def test_an_unknown_name_is_refused(grown):
    grown.write_lesson("51_one")
    error = grown.course("run", "grow_thrice", "--full").stderr
    assert error.startswith("unknown lesson or experiment 'grow_thrice'; did you mean grow_twice?")
    assert "lesson 51 has no full run" in grown.course("run", "51", "--full").stderr
