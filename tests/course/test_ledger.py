"""The command `course ledger`: in numbers, one claim in full, what is wrong, and the stored rows."""

import json
import re
from collections import Counter
from dataclasses import replace
from datetime import date

import pytest
from click.testing import CliRunner

from helpers import paths
from helpers.course import ledger
from helpers.course.cli import main
from helpers.ledger import store
from helpers.ledger.claims import find_claim, list_claims
from helpers.ledger.findings import OUTCOMES, Rest, Source, find, find_all, list_decided
from helpers.ledger.rules import read_rules


@pytest.fixture(scope="module")
def all_findings():
    return find_all()


@pytest.fixture
def findings(all_findings, monkeypatch):
    """Return all findings, which the command takes instead of computing them again."""
    monkeypatch.setattr(ledger, "find_all", lambda: all_findings)
    return all_findings


def call(*arguments):
    return CliRunner().invoke(main, ["ledger", *arguments], catch_exceptions=False)


def test_summary_counts_claims_and_remarks_apart(findings):
    done = call()
    assert done.exit_code == 0
    claims, remarks = re.split(r"^\d+ remarks: ", done.output, flags=re.MULTILINE)
    for text, standing in ((claims, "claim"), (remarks, "remark")):
        chosen = [claim for claim in list_claims() if claim.standing == standing]
        found = [findings[claim.id] for claim in chosen if claim.id in findings]
        counts = Counter(finding.outcome for finding in found)
        for outcome in OUTCOMES:
            rows = re.findall(rf"^{outcome} {{2,}}.*?(\d+) *$", text, re.MULTILINE)
            assert rows == ([str(counts[outcome])] if counts[outcome] else []), outcome
        assert re.search(rf"^all .* {len(chosen)} *$", text, re.MULTILINE)
        certain = Counter(finding.certainty for finding in found)
        counted = (f"{one} {certain[one]}" for one in ("proof", "evidence", "inference") if certain[one])
        assert ", ".join(counted) in text


def test_summary_says_what_waits_and_for_which_run(findings):
    waiting = {
        name: finding.would_decide
        for name, finding in findings.items()
        if finding.outcome == "waits for a run"
    }
    output = call().output
    assert f"\n{len(waiting)} wait for a run:\n" in output
    for run, number in Counter(waiting.values()).items():
        assert f"\n  {number} for {run}: " in output


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ([], ""),
        (["a-b-07"], "a-b-07"),
        (["a-b-07", "a-b-08"], "a-b-07, a-b-08"),
        (["a-b-07", "a-b-08", "a-b-09", "a-b-11", "c-12"], "a-b-07 to 09, a-b-11, c-12"),
        (["a-99", "a-100", "a-101", "b-102"], "a-99 to 101, b-102"),
    ],
)
def test_ids_in_a_row_are_written_as_a_range(names, text):
    assert ledger.name_claims(names) == text


@pytest.mark.parametrize("name", ["cifar10-report-29", "de-nas-61", "mnist-m-56", "alexnet-mnist-53"])
def test_a_claim_is_told_in_full(name):
    claim, finding = find_claim(name), find(find_claim(name))
    told = dict(ledger.describe_claim(claim))
    assert told[claim.standing] == f"{name}: {claim.claim}"
    assert told["place"].startswith(claim.place) and claim.quote in told["quote"]
    assert told["printed"] == (claim.printed or "no value")
    assert told["ours"] == (finding.ours or "no value")
    assert told["outcome"] == f"{finding.outcome}. {OUTCOMES[finding.outcome]}"
    assert told["evidence"] == finding.evidence
    rule = read_rules()[finding.rule]
    assert told["rule"] == f"{finding.rule}, since {rule['date'].isoformat()}. {rule['text']}"
    texts = list(ledger.describe_claim(claim))
    for record in finding.records:
        manifest = json.loads((paths.RESULTS / f"{record}.json").read_text())["manifest"]
        [text] = [text for label, text in texts if label == "record" and text.startswith(f"{record}: ")]
        assert manifest["started"][:10] in text and manifest["commit"][:7] in text
    assert len([label for label, _ in texts if label == "rests on"]) == len(finding.rests)
    output = " ".join(call(name).output.split())
    assert finding.evidence in output and claim.claim in output


def test_a_rule_that_is_younger_than_the_record_is_said_to_be(monkeypatch):
    claim = find_claim("cifar10-report-29")
    said = "rule after the result: counting is younger than a record that it judges"
    for day, expected in ((date(2030, 1, 1), True), (date(2020, 1, 1), False)):
        monkeypatch.setattr(store, "find_date", lambda _, day=day: day)
        assert (said in dict(ledger.describe_claim(claim)).values()) is expected


def test_numbers_that_decide_are_told_with_their_bounds():
    accuracy = Source("mnist_cnn", "test_accuracy")
    row = Source("ensembles", "accuracy", "teams", 2)
    value = ledger.read_source(accuracy)
    assert ledger.describe_rest(Rest((accuracy,), 0.25, float("inf"))) == (
        f"mnist_cnn: test_accuracy = {value:.6g}. The outcome stays the same while it is at least 0.25."
    )
    text = ledger.describe_rest(Rest((row,) * 8, -1.5, 2.0))
    assert text.count("ensembles: teams, row 2, accuracy = ") == 6
    assert text.endswith("and 2 more. The outcome stays the same while their mean is from -1.5 to 2.")
    assert ledger.describe_rest(Rest((row,), -float("inf"), 1)).endswith("while it is at most 1.")
    assert ledger.describe_rest(Rest((row,), 1, 1)).endswith("while it is exactly 1.")


def test_a_claim_without_a_function_is_told_as_such(monkeypatch):
    decided = {name: pair for name, pair in list_decided().items() if name != "mnist-m-56"}
    monkeypatch.setattr(ledger, "list_decided", lambda: decided)
    done = call("mnist-m-56")
    assert done.exit_code == 0
    assert "no finding yet: no function decides it" in done.output


def test_an_unknown_claim_is_answered_by_one_line_with_a_suggestion():
    done = call("cifar-report-28")
    assert done.exit_code == 2
    assert done.output == "unknown claim 'cifar-report-28'; did you mean cifar10-report-28?\n"


def test_only_one_thing_is_asked_for_at_a_time():
    for arguments in (("--check", "--store"), ("mnist-m-56", "--check")):
        done = call(*arguments)
        assert done.exit_code == 2 and len(done.output.splitlines()) == 1


def test_stored_rows_are_what_the_check_compares(findings, monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "LEDGER", tmp_path / "ledger")
    monkeypatch.setattr(ledger, "list_problems", lambda _: iter(()))
    done = call("--check")
    groups = store.group_rows(findings)
    assert done.exit_code == 1
    assert len(done.output.splitlines()) == len(groups)
    assert call("--store").output.startswith(f"stored {len(findings)} rows in {len(groups)} files of ")
    done = call("--check")
    assert (done.exit_code, done.output) == (
        0,
        f"nothing is wrong with the {len(findings)} rows of the ledger\n",
    )
    path = tmp_path / "ledger" / "mnist_m.json"
    path.write_text(path.read_text().replace('"fails"', '"holds"', 1))
    done = call("--check")
    assert done.exit_code == 1
    assert done.output.endswith("mnist_m.json is not what is computed now; run: course ledger --store\n")


def test_each_problem_is_a_line_and_the_status_is_1(findings, monkeypatch):
    broken = dict(findings) | {"mnist-m-56": replace(findings["mnist-m-56"], rule="no rule")}
    del broken["mnist-m-57"]
    monkeypatch.setattr(ledger, "find_all", lambda: broken)
    done = call("--check")
    assert done.exit_code == 1
    lines = done.output.splitlines()
    assert "mnist-m-57: no function decides it" in lines
    assert "mnist-m-56: unknown rule 'no rule'" in lines
