"""The stored rows of the ledger, as lessons show them."""

import json

import pytest

from helpers.ledger import read_all_rows, show_claims, shown

LESSONS = {
    "look_at_the_data": [
        {
            "id": "de-nas-47",
            "claim": "60000 images < all",
            "printed": "60000",
            "outcome": "holds",
            "evidence": "counted",
        },
        {"id": "de-nas-48", "claim": "10 classes", "printed": "10", "outcome": "fails", "evidence": "eleven"},
    ],
    "other": [
        {"id": "de-nas-01", "claim": "a survey", "printed": "", "outcome": "lost", "evidence": "a gap"}
    ],
}


@pytest.fixture(autouse=True)
def ledger(tmp_path, monkeypatch):
    for lesson, rows in LESSONS.items():
        (tmp_path / f"{lesson}.json").write_text(json.dumps(rows), encoding="utf-8")
    monkeypatch.setattr(shown, "LEDGER", tmp_path)


def list_shown(of):
    html = show_claims(of).data
    return [
        row.split("<td>")[1].removesuffix("</td>") for row in html.splitlines() if row.startswith("<tr><td>")
    ]


def test_all_rows_are_those_of_every_file():
    assert read_all_rows() == LESSONS["look_at_the_data"] + LESSONS["other"]


def test_the_claims_of_a_lesson_are_shown():
    assert list_shown("look_at_the_data") == ["de-nas-47", "de-nas-48"]
    assert "60000 images &lt; all" in show_claims("look_at_the_data").data


def test_named_claims_are_shown_in_the_order_of_their_names():
    assert list_shown(["de-nas-01", "de-nas-47"]) == ["de-nas-01", "de-nas-47"]


def test_what_is_not_there_is_named():
    with pytest.raises(ValueError, match="no rows of 'look_at_data'; did you mean look_at_the_data"):
        show_claims("look_at_data")
    with pytest.raises(ValueError, match="no row of 'de-nas-49'"):
        show_claims(["de-nas-47", "de-nas-49"])
