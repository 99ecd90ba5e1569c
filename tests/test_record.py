import json

import numpy as np
import pandas as pd
import pytest

from helpers import record as records
from helpers.record import (
    answer,
    load_result,
    note_input,
    read_claims,
    read_record,
    record,
    record_table,
)


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


def test_answers_name_real_claims(run):
    answer(
        ["cifar10-report-16", "cifar10-report-17"],
        "refuted",
        "the printed pairs are of one pixel row",
    )
    answers = read_record(run).answers
    assert list(answers) == ["cifar10-report-16", "cifar10-report-17"]
    assert answers["cifar10-report-16"]["verdict"] == "refuted"


@pytest.mark.parametrize(
    ("claim", "verdict", "evidence", "message"),
    [
        ("cifar10-report-1", "refuted", "x", "did you mean cifar10-report-"),
        ("cifar10-report-16", "wrong", "x", "verdict 'wrong'"),
        ("cifar10-report-16", "refuted", "", "no evidence"),
    ],
)
def test_bad_answers_are_refused(run, claim, verdict, evidence, message):
    with pytest.raises(ValueError, match=message):
        answer(claim, verdict, evidence)
    assert not run.exists()


def test_every_claim_has_its_own_id(run):
    claims = read_claims()
    assert claims.index.is_unique
    assert len(claims) == 560
    assert claims.loc["pictureperfect-10", "paper"].startswith("PicturePerfect")
    assert read_record(run).manifest["inputs"][0]["path"] == "data/claims.csv"


def test_inputs_are_noted_relative_to_the_repository(run):
    note_input(records.DATA / "claims.csv", "abc")
    assert read_record(run).manifest["inputs"] == [{"path": "data/claims.csv", "sha256": "abc"}]


def test_without_a_runner_arguments_are_still_checked(monkeypatch):
    monkeypatch.delenv("COURSE_RUN_DIR", raising=False)
    record("loss", 0.5)
    with pytest.raises(ValueError, match="is inf"):
        record("loss", float("inf"))


def test_a_result_says_where_it_comes_from(run, tmp_path, monkeypatch):
    monkeypatch.setattr(records, "RESULTS", tmp_path)
    assert load_result("07").origin == "not recorded yet"
    assert np.isnan(load_result("07").value("loss"))
    assert load_result("07").table("classes").empty
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
    (tmp_path / "07_some_lesson.json").write_text(json.dumps(kept), encoding="utf-8")
    result = load_result("07")
    assert result.value("loss") == 0.5
    assert result.origin == "full run of 2026-01-02, 1.5 minutes on 2 cores (Some CPU), commit 0123456"
    missing, found = read_record(run).manifest["inputs"]
    assert missing == {"path": "07_*.json", "sha256": ""}
    assert found["path"] == "07_some_lesson.json"
    assert len(found["sha256"]) == 64
