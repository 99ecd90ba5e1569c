"""Bands: where a default run's recorded numbers must lie on any machine, each with its evidence.

`reports/bands.toml` holds a table for every lesson and name: `low` and `high`, the values of several seeds
that they were measured from (`evidence`), and a value that a known mistake gives (`spoiled`, `by`), which the
band must reject. With one seed, two processors still give numbers whose last digits differ. An exact
comparison would fail, so numbers are compared with bands.
"""

import tomllib
from collections.abc import Mapping
from typing import Any

from helpers import paths
from helpers.course.lessons import reading


def read_bands() -> dict[str, dict[str, dict[str, Any]]]:
    """Return lesson -> recorded name -> band."""
    path = paths.REPORTS / "bands.toml"
    with reading(path, "TOML"):
        return tomllib.loads(path.read_text(encoding="utf-8"))


def check_recorded(lesson: str, entries: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Check what a run recorded, value and unit by name, as `check` does."""
    return check(lesson, {name: entry["value"] for name, entry in entries.items()})


def check(lesson: str, values: Mapping[str, Any]) -> list[str]:
    """Return one sentence for every band of a lesson that its recorded values miss.

    Args:
        lesson: its name without the number, such as `tuning`.
        values: recorded name -> value.
    """
    missed = []
    for name, band in read_bands().get(lesson, {}).items():
        if name not in values:
            missed.append(f"{name} has a band but was not recorded")
        elif not band["low"] <= values[name] <= band["high"]:
            missed.append(f"{name} = {values[name]:.4g} is outside its band {band['low']} to {band['high']}")
    return missed
