"""What the check of the ledger says of made findings, and of the real ones."""

import math
import re
from dataclasses import replace
from datetime import date

import pytest

from helpers.ledger import check
from helpers.ledger.findings import Finding, Rest, Source, find_all, read_source
from helpers.results import load_result

NAME = "cifar10-report-50"
ACCURACY = Source("mnist_cnn", "test_accuracy")
MADE = Finding("built", "own run", "proof", "0.5 is printed, and dropout of a half stands there.", "building")


def list_of(finding):
    """Return the lines about one finding alone."""
    return [line for line in check.list_problems({NAME: finding}) if line.startswith(NAME)]


def test_a_sound_finding_has_no_line():
    ours = read_source(ACCURACY)
    assert list_of(MADE) == []
    assert list_of(replace(MADE, records=("mnist_cnn",), rests=(Rest((ACCURACY,), ours, math.inf),))) == []


@pytest.mark.parametrize("record", ["mnist_cnm", "start"])
def test_a_record_that_is_not_there_is_named(record):
    assert list_of(replace(MADE, records=(record,))) == [
        f"{NAME}: it names the record {record!r}, which is not in reports/results"
    ]


@pytest.mark.parametrize(
    ("source", "where"),
    [
        (Source("mnist_cnn", "test_acuracy"), "mnist_cnn: test_acuracy"),
        (Source("nowhere", "x"), "nowhere: x"),
        (Source("ensembles", "accuracy", "teams", 99), "ensembles: teams: accuracy"),
        (Source("ensembles", "acuracy", "teams", 0), "ensembles: teams: acuracy"),
        (Source("ensembles", "accuracy", "teems", 0), "ensembles: teems: accuracy"),
    ],
)
def test_a_number_that_is_not_recorded_is_named(source, where):
    rests = (Rest((source,), 0.0, 1.0),)
    assert list_of(replace(MADE, rests=rests)) == [f"{NAME}: it rests on {where}, which is not recorded"]


def test_a_recorded_number_outside_of_its_bounds_is_named():
    [line] = list_of(
        replace(MADE, rests=(Rest((ACCURACY,), 90, 100),))
    )  # per cent; the record has a fraction
    assert line.startswith(
        f"{NAME}: it rests on mnist_cnn: test_accuracy from 90 to 100, and the recorded is 0."
    )


def test_a_rule_needs_to_be_known_and_to_have_date_and_text(monkeypatch):
    rules = {"building": {"date": "2026-12-01", "text": "a text"}, "other": {"date": date(2026, 12, 1)}}
    monkeypatch.setattr(check, "read_rules", lambda: rules)
    lines = list(check.list_problems({NAME: replace(MADE, rule="bilding")}))
    assert lines[:2] == [
        "rule building: data/rules.toml gives no date",
        "rule other: data/rules.toml gives no text",
    ]
    assert f"{NAME}: unknown rule 'bilding'" in lines


def test_what_is_undecided_is_named_in_the_order_of_the_claims():
    undecided = [line.partition(":")[0] for line in check.list_problems({}) if "no function decides" in line]
    assert undecided[:2] == ["alexnet-mnist-01", "alexnet-mnist-02"]
    assert undecided == [claim.id for claim in check.list_claims()]


def test_every_finding_names_known_rules_and_records_and_numbers_within_their_bounds():
    findings = find_all()
    said = re.compile(r"rests on|names the record|unknown rule|^rule ")
    assert [line for line in check.list_problems(findings) if said.search(line)] == []
    assert sum(len(finding.rests) for finding in findings.values()) > 50


def test_rows_of_a_table_are_read_by_label_or_from_the_top():
    table = load_result("ensembles").table("members")
    label = table.index[1]
    by_label = read_source(Source("ensembles", "one view", "members", label))
    assert by_label == read_source(Source("ensembles", "one view", "members", 1)) == table["one view"].iloc[1]
