import json

import numpy as np
import pandas as pd
import pytest

from helpers import paths
from helpers.provenance import is_dirty, note_input
from helpers.results import Result, load_result, read_record, reading, record, record_table


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_RUN_DIR", str(tmp_path))
    return tmp_path / "record.jsonl"


def test_values_come_back_as_they_were(run):
    record("test_accuracy", np.float32(0.5), unit="fraction")
    record("images", np.int64(60_000), unit="count")
    record("balanced", True)
    record("winner", "svm")
    result = read_record(run)
    assert [result.value(name) for name in result.values] == [0.5, 60_000, True, "svm"]
    assert [type(result.value(name)) for name in result.values] == [float, int, bool, str]
    assert result.values["images"]["unit"] == "count"


def test_the_last_of_two_counts(run):
    record("loss", 1.0)
    record("loss", 0.5)
    assert read_record(run).value("loss") == 0.5


def test_a_table_comes_back(run):
    table = pd.DataFrame({"mean": [0.1, 1 / 3], "n": [1, 2]}, index=["cat", "dog"])
    record_table("classes", table)
    pd.testing.assert_frame_equal(read_record(run).table("classes"), table)


def test_a_table_loses_no_digit_and_no_kind(run):
    table = pd.DataFrame(
        {
            "p": [9.290000123456e-12, 3.14159265358979e-10, 1.23456789e-13],
            "large": [1e300, -2.0, 1 / 3],
            "partly": [0.25, np.nan, 1.0],
            "never": [np.nan, np.nan, np.nan],
            "sure": [True, False, True],
            "n": np.array([2**53 + 1, 0, -1]),
            "text": ["a\u2028b", "", "\x85"],
        },
        index=pd.Index([0.1, 0.2, 0.30000000000000004], name="rate"),
    )
    record_table("all", table)
    pd.testing.assert_frame_equal(read_record(run).table("all"), table, check_exact=True)
    assert "NaN" not in run.read_text(encoding="utf-8")


def test_missing_entries_of_any_kind_come_back_missing(run):
    table = pd.DataFrame({"year": pd.array([2012, None], "Int64"), "who": ["a", None]})
    record_table("sources", table)
    back = read_record(run).table("sources")
    assert back.isna().to_numpy().tolist() == [[False, False], [True, True]]
    assert back.loc[0].tolist() == [2012, "a"]


PAIRS = pd.MultiIndex.from_tuples([("a", "b"), ("a", "c")])


@pytest.mark.parametrize(
    ("table", "error", "message"),
    [
        (pd.DataFrame({"x": [1.0, np.inf]}), ValueError, "pairs holds inf in row 1"),
        (pd.DataFrame({"x": [1.0]}, index=[-np.inf]), ValueError, "pairs holds -inf"),
        (pd.DataFrame({"x": [1, 2]}, index=PAIRS), ValueError, "2 levels; call reset_index first"),
        (pd.DataFrame([[1, 2]], columns=PAIRS), ValueError, "2 levels; join its column names"),
        (pd.DataFrame({"x": [(32, 32, 3)]}), TypeError, "holds a tuple in row 0"),
        (pd.DataFrame({"x": [pd.Timestamp(0)]}), TypeError, "holds a Timestamp in row 0"),
        (pd.Series([1.0]), TypeError, "takes a pandas DataFrame"),
    ],
)
def test_a_table_that_would_not_come_back_is_refused(run, table, error, message):
    with pytest.raises(error, match=message):
        record_table("pairs", table)
    assert not run.exists()


def test_tables_recorded_before_are_still_read():
    parts = {"columns": ["mean"], "index": ["cat", "dog"], "data": [[0.5], [None]]}
    table = Result(tables={"classes": parts}).table("classes")
    pd.testing.assert_frame_equal(table, pd.DataFrame({"mean": [0.5, np.nan]}, index=["cat", "dog"]))


@pytest.mark.parametrize("text", ["a\u2028b", "a\x85b", "a\x0cb", "a\nb", "a\r\nb", "\x1c"])
def test_any_text_survives_the_record(run, text):
    record("said", text)
    record("after", 1)
    assert read_record(run).value("said") == text
    assert read_record(run).value("after") == 1


@pytest.mark.parametrize(
    ("name", "value", "unit", "error", "message"),
    [
        ("Test accuracy", 0.5, "", ValueError, "lower-case identifier"),
        ("accuracy", 98.7, "fraction", ValueError, "divide by 100"),
        ("accuracy", float("nan"), "", ValueError, "is nan"),
        ("accuracy", 0.5, "percent", ValueError, "unit 'percent'"),
        ("accuracy", [0.5], "", TypeError, "record a scalar"),
        ("accuracy", np.array([0.5]), "", TypeError, "record a scalar"),
    ],
)
def test_bad_values_are_refused_and_nothing_is_written(run, name, value, unit, error, message):
    with pytest.raises(error, match=message):
        record(name, value, unit=unit)
    assert not run.exists()


def test_inputs_are_noted_relative_to_the_repository(run):
    note_input(paths.DATA / "claims.csv", "abc")
    assert read_record(run).manifest["inputs"] == [{"path": "data/claims.csv", "sha256": "abc"}]


def test_inputs_of_a_cache_elsewhere_are_noted_with_their_folder(run, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "class"))
    for name in ("mnist", "fashion-mnist"):
        note_input(tmp_path / "class" / name / "labels.bin", name)
    note_input(tmp_path / "labels.bin", "nowhere")
    assert read_record(run).manifest["inputs"] == [
        {"path": "data/cache/mnist/labels.bin", "sha256": "mnist"},
        {"path": "data/cache/fashion-mnist/labels.bin", "sha256": "fashion-mnist"},
        {"path": "labels.bin", "sha256": "nowhere"},
    ]


def test_without_a_runner_arguments_are_still_checked(monkeypatch):
    monkeypatch.delenv("COURSE_RUN_DIR", raising=False)
    record("loss", 0.5)
    with pytest.raises(ValueError, match="is inf"):
        record("loss", float("inf"))


@pytest.fixture
def results(tmp_path, monkeypatch):
    """Return an empty folder of results, for two lessons."""
    monkeypatch.setattr(reading, "RESULTS", tmp_path)
    monkeypatch.setattr(reading, "NOTEBOOKS", tmp_path)
    for stem in ("07_some_lesson", "08_other_lesson"):
        (tmp_path / f"{stem}.ipynb").touch()
    return tmp_path


@pytest.mark.parametrize("number", ["7", 7, "07"])
def test_the_name_is_suggested_to_whoever_gives_a_number(results, number):
    with pytest.raises(ValueError, match=r"no full run is called .*; did you mean some_lesson"):
        load_result(number)


def test_a_full_run_that_is_no_lesson_has_no_result_yet(results):
    (results / "full.yaml").write_text("some_lesson: {}\nlong_training:\n  time: a day\n", encoding="utf-8")
    assert load_result("long_training").origin == "not recorded yet"


def test_a_name_that_was_not_recorded_is_no_number(results, monkeypatch):
    kept = {"values": {"mnist_svm_hog": {"value": 0.98, "unit": "fraction"}}, "manifest": {"lesson": "07"}}
    table = {"columns": [], "index": [], "data": []}
    content = json.dumps(kept | {"tables": {"classes": table}, "answers": {}})
    (results / "some_lesson.json").write_text(content, encoding="utf-8")
    result = load_result("some_lesson")
    with pytest.raises(KeyError, match=r"lesson 07 .* 'mnist_svm_hgo' .*did you mean mnist_svm_hog\?"):
        result.value("mnist_svm_hgo")
    with pytest.raises(KeyError, match="'clases' among its tables; did you mean classes"):
        result.table("clases")
    for run_folder, known in ((results / "other_lesson", False), (results / "some_lesson", True)):
        monkeypatch.setenv("COURSE_RUN_DIR", str(run_folder / "full-20260102T030405678Z-1"))
        (run_folder / "full-20260102T030405678Z-1").mkdir(parents=True)
        if known:  # the full run that replaces the record may record more than it did
            assert np.isnan(load_result("some_lesson").value("new"))
            assert load_result("some_lesson").table("new").empty
        else:
            with pytest.raises(KeyError, match="'new'"):
                load_result("some_lesson").value("new")


@pytest.mark.parametrize("name", ["3", "99x", "other_lesions", ""])
def test_an_unknown_name_has_no_result(results, name):
    with pytest.raises(ValueError, match=f"no full run is called '{name}'; .*other_lesson"):
        load_result(name)


PART = {"started": "2026-01-02T03:04:05Z", "seconds": 60, "dirty": False}


@pytest.mark.parametrize(
    ("earlier", "words", "dirty"),
    [
        ([], "commit bbbbbbb", False),
        ([{"commit": "b" * 40}], "in 2 parts, commit bbbbbbb", False),
        ([{"commit": "a" * 40}], "in 2 parts from 2 commits: aaaaaaa, bbbbbbb", False),
        (
            [{"commit": "a" * 40}, {"commit": "b" * 40, "dirty": True}],
            "in 3 parts from 3 commits: aaaaaaa, bbbbbbb with changes, bbbbbbb",
            True,
        ),
        (
            [{"commit": "b" * 40, "differs": ["rate 1 (now 2)", *"abcde"]}],
            "in 2 parts, commit bbbbbbb; earlier parts were made with rate 1 (now 2), a, b, c and 2 more",
            False,
        ),
        ([{"commit": "unknown", "dirty": True}], "in 2 parts from 2 commits: unknown, bbbbbbb", True),
    ],
)
def test_every_commit_that_contributed_is_named(earlier, words, dirty):
    manifest = PART | {"commit": "b" * 40, "device": {"cpu": "Some CPU", "cores": 2}}
    manifest["earlier"] = [PART | part for part in earlier]
    origin = Result(manifest=manifest).origin
    minutes = f"{len(earlier) + 1}.0 minutes"
    assert origin == f"full run of 2026-01-02, {minutes} on 2 cores (Some CPU), {words}"
    assert is_dirty(manifest) is dirty


def test_a_result_says_where_it_comes_from(run, results):
    assert load_result("some_lesson").origin == "not recorded yet"
    assert np.isnan(load_result("some_lesson").value("loss"))
    assert load_result("some_lesson").table("classes").empty
    assert read_record(run).manifest["inputs"] == [{"path": "some_lesson.json", "sha256": ""}]
    manifest = {
        "started": "2026-01-02T03:04:05Z",
        "seconds": 90,
        "commit": "0123456789",
        "dirty": False,
        "device": {"cpu": "Some CPU", "cores": 2},
    }
    kept = {
        "values": {"loss": {"value": 0.5, "unit": ""}},
        "tables": {},
        "answers": {},
        "manifest": manifest,
    }
    (results / "some_lesson.json").write_text(json.dumps(kept), encoding="utf-8")
    result = load_result("some_lesson")
    assert result.value("loss") == 0.5
    assert result.origin == "full run of 2026-01-02, 1.5 minutes on 2 cores (Some CPU), commit 0123456"
    [found] = read_record(run).manifest["inputs"]
    assert found["path"] == "some_lesson.json"
    assert len(found["sha256"]) == 64
