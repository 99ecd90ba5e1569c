"""Every band rests on evidence, and every band can fail."""

import statistics

import pytest

from helpers.course.bands import check, read_bands

BANDS = [(lesson, name, band) for lesson, bands in read_bands().items() for name, band in bands.items()]


def values_of(lesson: str, name: str, value: float) -> dict[str, float]:
    """Return values inside every band of the lesson, but for one."""
    inside = {other: band["evidence"][0] for other, band in read_bands()[lesson].items()}
    return inside | {name: value}


@pytest.mark.parametrize(
    ("lesson", "name", "band"), BANDS, ids=lambda part: part if isinstance(part, str) else ""
)
def test_band(lesson, name, band):
    assert len(band["evidence"]) >= 5, "a band needs the values of at least five seeds"
    for value in band["evidence"]:
        assert check(lesson, values_of(lesson, name, value)) == []
    spread = max(statistics.stdev(band["evidence"]), 0.002)
    assert band["high"] - band["low"] <= 12 * spread, "the band is wider than its evidence allows"
    [sentence] = check(lesson, values_of(lesson, name, band["spoiled"]))
    assert name in sentence, f"{band['by']} would not be noticed"


def test_band_without_a_recorded_value_is_missed():
    lesson, name, _ = BANDS[0]
    values = values_of(lesson, name, 0.0)
    del values[name]
    assert check(lesson, values) == [f"{name} has a band but was not recorded"]
