"""Read what runs recorded: `load_result` returns what a full run wrote to `reports/results/`."""

import hashlib
import json
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.naming import suggest
from helpers.paths import NOTEBOOKS, RESULTS
from helpers.provenance import describe_commits, note_input, sum_seconds

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Result:
    """Hold what one run recorded.

    Attributes:
        values: with their units, by name.
        tables: as JSON, by name.
        answers: what lessons said of claims before there was a ledger; empty in newer records.
        manifest: of the run; empty where none has been recorded.
        replaced: whether the run that reads it will replace it, and so may know names that it does not.
    """

    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: dict[str, dict[str, str]] = field(default_factory=dict)
    manifest: dict[str, Any] = field(default_factory=dict)
    replaced: bool = False

    def value(self, name: str) -> Any:
        """Return a recorded value, or NaN if no run has been recorded yet.

        Raises:
            KeyError: a run was recorded, but has no value of this name.
        """
        return self.values[name]["value"] if self._has(name, self.values, "values") else math.nan

    def table(self, name: str) -> "pd.DataFrame":
        """Return a recorded table, or an empty one if no run has been recorded yet.

        Raises:
            KeyError: a run was recorded, but has no table of this name.
        """
        import pandas as pd

        if not self._has(name, self.tables, "tables"):
            return pd.DataFrame()
        parts = self.tables[name]
        table = pd.DataFrame(parts["data"], index=parts["index"], columns=parts["columns"])
        for place in range(table.shape[1]):
            if len(table) and table.iloc[:, place].isna().all():  # pandas reads a column of None as objects
                table.isetitem(place, table.iloc[:, place].astype(float))
        return table.rename_axis(parts.get("name"))

    def _has(self, name: str, known: Mapping[str, Any], what: str) -> bool:
        if name in known or not self.manifest or self.replaced:
            return name in known
        run = self.manifest.get("label") or f"lesson {self.manifest.get('lesson', '?')}"
        hint = suggest(name, known, f"recorded {what}")
        raise KeyError(f"the full run of {run} recorded no {name!r} among its {what}{hint}")

    @property
    def origin(self) -> str:
        """Return in one line when, on which machine and from which commit the run was made."""
        if not self.manifest:
            return "not recorded yet"
        device, run = self.manifest["device"], self.manifest
        return (
            f"full run of {run['started'][:10]}, {sum_seconds(run) / 60:.1f} minutes on {device['cores']} "
            f"cores ({device['cpu']}), {describe_commits(run)}"
        )


def read_record(path: Path) -> Result:
    """Read the lines that one run appended; of a name recorded twice the last counts."""
    parts: dict[str, dict[str, Any]] = {"value": {}, "table": {}, "input": {}}
    # Not splitlines: a recorded text may hold other characters that it takes for ends of lines.
    lines = path.read_text(encoding="utf-8").split("\n") if path.exists() else []
    for line in map(json.loads, filter(None, lines)):
        kind, name = line.pop("kind"), line.pop("name", line.get("path"))
        parts[kind][name] = line["value"] if kind == "table" else line
    return Result(
        values=parts["value"],
        tables=parts["table"],
        manifest={"inputs": list(parts["input"].values())},
    )


def load_result(name: str) -> Result:
    """Return what the last full run recorded under a name in `reports/results/`.

    Args:
        name: of a lesson without its number, or of another full run in `notebooks/full.yaml`; such as
            `fast_training`.

    Returns:
        The result; an empty one, whose `origin` says so, if no full run has been recorded yet.

    Raises:
        ValueError: no full run has this name.
    """
    path = RESULTS / f"{name}.json"
    if not path.exists():
        lessons = {one.stem[:2]: one.stem[3:] for one in sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))}
        known = sorted({*lessons.values(), *_list_full_runs(), *(one.stem for one in RESULTS.glob("*.json"))})
        if name not in known:
            meant = lessons.get(str(name).zfill(2), name)
            raise ValueError(f"no full run is called {name!r}{suggest(meant, known, 'full runs')}")
        note_input(path, "")  # so that the lesson is run again when the file exists
        return Result()
    content = path.read_bytes()
    note_input(path, hashlib.sha256(content).hexdigest())
    run = Path(os.environ.get("COURSE_RUN_DIR", ""))
    replaced = run.name.startswith("full-") and run.parent.name == path.stem
    return replace(Result(**json.loads(content)), replaced=replaced)


def _list_full_runs() -> list[str]:
    """Return the names of the full runs in `notebooks/full.yaml`: the keys that start a line."""
    path = NOTEBOOKS / "full.yaml"
    return re.findall(r"^(\w+):", path.read_text(encoding="utf-8"), re.MULTILINE) if path.exists() else []
