"""Write numbers down, and read the recorded ones back.

A lesson calls `record` and `answer`; the runner says through `COURSE_RUN_DIR` where the lines go. In a
notebook opened by hand they are checked and go nowhere. `load_result` reads what a full run left in
`reports/results/`.
"""

import difflib
import hashlib
import io
import json
import math
import numbers
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.paths import DATA, RESULTS, ROOT

if TYPE_CHECKING:
    import pandas as pd

UNITS = ("", "fraction", "points", "seconds", "images/s", "MiB", "count", "ratio")
VERDICTS = ("reproduced", "refuted", "partly", "undetermined")


def _append(line: dict[str, Any]) -> None:
    folder = os.environ.get("COURSE_RUN_DIR")
    if folder:
        with open(Path(folder) / "record.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


def record(name: str, value: Any, *, unit: str = "") -> None:
    """Record one number, truth value or short text of this run.

    A name recorded again replaces the earlier value, so that a cell may be run twice.

    Args:
        name: lower-case identifier, such as `test_accuracy`.
        value: bool, int, finite float, str, or a NumPy scalar of these kinds.
        unit: one of `UNITS`; a fraction lies in 0..1.

    Raises:
        ValueError: bad name, unknown unit, a number that is not finite or a fraction outside 0..1.
        TypeError: a value that is no scalar.
    """
    if not name.isidentifier() or name != name.lower():
        raise ValueError(f"record name {name!r} is no lower-case identifier; write it like test_accuracy")
    if unit not in UNITS:
        raise ValueError(f"unit {unit!r} of {name} is unknown; use one of {', '.join(map(repr, UNITS))}")
    value = value.item() if hasattr(value, "item") and getattr(value, "ndim", 0) == 0 else value
    if not isinstance(value, (bool, numbers.Real, str)):
        raise TypeError(f"{name} is a {type(value).__name__}; record a scalar, or a table with record_table")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{name} is {value}; find out why before recording it")
    if unit == "fraction" and not 0 <= value <= 1:
        raise ValueError(f"{name} = {value} is no fraction; divide by 100, or choose another unit")
    _append({"kind": "value", "name": name, "value": value, "unit": unit})


def record_table(name: str, table: "pd.DataFrame") -> None:
    """Record a table of scalars; its index becomes the first column of what `Result.table` gives back."""
    import pandas as pd

    if not isinstance(table, pd.DataFrame):
        raise TypeError(f"{name} is a {type(table).__name__}; record_table takes a pandas DataFrame")
    text = table.to_json(orient="split", double_precision=15)
    _append({"kind": "table", "name": name, "value": json.loads(text)})


@cache
def _read_claims() -> tuple["pd.DataFrame", str]:
    import pandas as pd

    content = (DATA / "claims.csv").read_bytes()
    table = pd.read_csv(io.BytesIO(content), index_col="id", keep_default_na=False)
    return table, hashlib.sha256(content).hexdigest()


def read_claims() -> "pd.DataFrame":
    """Return every listed claim of the five papers, checkable or not.

    Returns:
        560 rows indexed by id, such as `cifar10-report-16`, with the text columns paper, where, claim, value,
        kind, how_to_check and verdict_by_calculation (what follows without training a model; may be empty).
    """
    table, sha256 = _read_claims()
    note_input(DATA / "claims.csv", sha256)
    return table.copy()


def answer(claim: str | Iterable[str], verdict: str, evidence: str) -> None:
    """Record our answer to one claim, or the same answer to several claims, of the papers.

    Args:
        claim: id in `data/claims.csv`, such as `cifar10-report-16`, or several.
        verdict: one of `VERDICTS`.
        evidence: one sentence with the measured numbers, composed from variables.

    Raises:
        ValueError: unknown claim or verdict, or no evidence.
    """
    if verdict not in VERDICTS:
        raise ValueError(f"verdict {verdict!r} is unknown; use one of {', '.join(VERDICTS)}")
    if not evidence.strip():
        raise ValueError(f"no evidence for {claim}; say what was measured")
    known = _read_claims()[0].index
    for one in [claim] if isinstance(claim, str) else claim:
        if one not in known:
            near = difflib.get_close_matches(one, known, n=1)
            hint = f"did you mean {near[0]}?" if near else "data/claims.csv lists them"
            raise ValueError(f"unknown claim {one!r}; {hint}")
        _append({"kind": "answer", "name": one, "verdict": verdict, "evidence": evidence})


def note_input(path: Path, sha256: str) -> None:
    """Note that this run read a file, so that it runs again when the file changes."""
    path = path.resolve()
    shown = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name
    _append({"kind": "input", "path": shown, "sha256": sha256})


@dataclass(frozen=True)
class Result:
    """What one run recorded: values with units, tables, answers to claims, and the manifest of the run."""

    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: dict[str, dict[str, str]] = field(default_factory=dict)
    manifest: dict[str, Any] = field(default_factory=dict)

    def value(self, name: str) -> Any:
        """Return a recorded value, or NaN where the run has not been made or did not record it."""
        return self.values.get(name, {"value": math.nan})["value"]

    def table(self, name: str) -> "pd.DataFrame":
        """Return a recorded table; empty where there is none."""
        import pandas as pd

        parts = self.tables.get(name, {"index": [], "columns": [], "data": []})
        return pd.DataFrame(parts["data"], index=parts["index"], columns=parts["columns"])

    @property
    def origin(self) -> str:
        """When, on what and by which commit the run was made, in one line."""
        if not self.manifest:
            return "not recorded yet"
        device, run = self.manifest["device"], self.manifest
        changed = " with changes" if run["dirty"] else ""
        minutes = sum_seconds(run) / 60
        parts = f" in {len(run['earlier']) + 1} parts" if run.get("earlier") else ""
        return (
            f"full run of {run['started'][:10]}, {minutes:.1f} minutes{parts} on {device['cores']} cores "
            f"({device['cpu']}), commit {run['commit'][:7]}{changed}"
        )


def sum_seconds(manifest: Mapping[str, Any]) -> float:
    """Return how long a run took: one that was interrupted is the sum of its parts."""
    return sum(part["seconds"] for part in [*manifest.get("earlier", []), manifest])


def read_record(path: Path) -> Result:
    """Read the lines that one run appended; of a name recorded twice the last counts."""
    parts: dict[str, dict[str, Any]] = {"value": {}, "table": {}, "answer": {}, "input": {}}
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    for line in map(json.loads, lines):
        kind, name = line.pop("kind"), line.pop("name", line.get("path"))
        parts[kind][name] = line["value"] if kind == "table" else line
    return Result(
        values=parts["value"],
        tables=parts["table"],
        answers=parts["answer"],
        manifest={"inputs": list(parts["input"].values())},
    )


def load_result(lesson: str) -> Result:
    """Return what the last full run of a lesson recorded in `reports/results/`.

    Args:
        lesson: its number, such as `03`.

    Returns:
        The result; an empty one, whose `origin` says so, where no full run has been recorded yet.
    """
    found = sorted(RESULTS.glob(f"{lesson}_*.json"))
    if not found:
        note_input(RESULTS / f"{lesson}_*.json", "")  # so that the lesson runs again once there is one
        return Result()
    content = found[0].read_bytes()
    note_input(found[0], hashlib.sha256(content).hexdigest())
    return Result(**json.loads(content))
