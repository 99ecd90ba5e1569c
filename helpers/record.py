"""Write numbers down, and read the recorded ones back.

A lesson calls `record` and `answer`; the runner says through `COURSE_RUN_DIR` where the lines go. In a
notebook opened by hand they are checked and go nowhere. `load_result` reads what a full run left in
`reports/results/`.
"""

import hashlib
import io
import json
import math
import numbers
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.naming import suggest
from helpers.paths import DATA, NOTEBOOKS, RESULTS, ROOT

if TYPE_CHECKING:
    import pandas as pd

UNITS = ("", "fraction", "points", "seconds", "images/s", "MiB", "count", "ratio")
VERDICTS = ("reproduced", "refuted", "partly", "undetermined")


def _append(line: dict[str, Any]) -> None:
    folder = os.environ.get("COURSE_RUN_DIR")
    if folder:
        with open(Path(folder) / "record.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n")


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
    """Record a table of scalars; `Result.table` gives it back with its index, its columns and every digit.

    A table recorded again under the same name replaces the earlier one.

    Args:
        name: such as `by_class`.
        table: bools, ints, floats and texts; what is missing, NaN or None, comes back missing.

    Raises:
        TypeError: no DataFrame, or an entry that is no scalar.
        ValueError: an infinite number, or an index or columns of several levels.
    """
    import pandas as pd

    if not isinstance(table, pd.DataFrame):
        raise TypeError(f"{name} is a {type(table).__name__}; record_table takes a pandas DataFrame")
    for labels, cure in ((table.index, "call reset_index first"), (table.columns, "join its column names")):
        if labels.nlevels > 1:
            raise ValueError(f"{name} has labels of {labels.nlevels} levels; {cure}")
    rows = zip(table.index, *(table.iloc[:, place] for place in range(table.shape[1])), strict=True)
    rows = [[_to_scalar(name, label, entry) for entry in row] for label, *row in rows]
    parts = {
        "name": _to_scalar(name, "its index", table.index.name),
        "columns": [_to_scalar(name, "its columns", label) for label in table.columns],
        "index": [_to_scalar(name, "its index", label) for label in table.index],
        "data": rows,
    }
    _append({"kind": "table", "name": name, "value": parts})


def _to_scalar(name: str, where: Any, entry: Any) -> bool | int | float | str | None:
    """Return an entry of a table as JSON holds it, None where it is missing."""
    import pandas as pd

    entry = entry.item() if hasattr(entry, "item") and getattr(entry, "ndim", 0) == 0 else entry
    if entry is None or (pd.api.types.is_scalar(entry) and pd.isna(entry)):
        return None
    if isinstance(entry, float) and not math.isfinite(entry):
        raise ValueError(f"{name} holds {entry} in row {where!r}; find out why before recording it")
    if not isinstance(entry, (bool, int, float, str)):
        raise TypeError(f"{name} holds a {type(entry).__name__} in row {where!r}; record scalars only")
    return entry


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
            raise ValueError(f"unknown claim {one!r}{suggest(one, known, 'claims')}")
        _append({"kind": "answer", "name": one, "verdict": verdict, "evidence": evidence})


def note_input(path: Path, sha256: str) -> None:
    """Note that this run read a file, so that it runs again when the file changes."""
    path = path.resolve()
    shown = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name
    _append({"kind": "input", "path": shown, "sha256": sha256})


@dataclass(frozen=True)
class Result:
    """What one run recorded.

    Attributes:
        values: with their units, by name.
        tables: as JSON, by name.
        answers: verdict and evidence by claim.
        manifest: of the run; empty where none has been recorded.
        replaced: whether the run that reads it will replace it, and so may know names that it does not.
    """

    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: dict[str, dict[str, str]] = field(default_factory=dict)
    manifest: dict[str, Any] = field(default_factory=dict)
    replaced: bool = False

    def value(self, name: str) -> Any:
        """Return a recorded value, or NaN where no run has been recorded yet.

        Raises:
            KeyError: a run was recorded, but no such value.
        """
        return self.values[name]["value"] if self._has(name, self.values, "values") else math.nan

    def table(self, name: str) -> "pd.DataFrame":
        """Return a recorded table, or an empty one where no run has been recorded yet.

        Raises:
            KeyError: a run was recorded, but no such table.
        """
        import pandas as pd

        if not self._has(name, self.tables, "tables"):
            return pd.DataFrame()
        parts = self.tables[name]
        table = pd.DataFrame(parts["data"], index=parts["index"], columns=parts["columns"])
        for place in range(table.shape[1]):
            if len(table) and table.iloc[:, place].isna().all():  # of None alone pandas makes objects
                table.isetitem(place, table.iloc[:, place].astype(float))
        return table.rename_axis(parts.get("name"))

    def _has(self, name: str, known: Mapping[str, Any], what: str) -> bool:
        if name in known or not self.manifest or self.replaced:
            return name in known
        lesson = self.manifest.get("lesson", "?")
        hint = suggest(name, known, f"recorded {what}")
        raise KeyError(f"the full run of lesson {lesson} recorded no {name!r} among its {what}{hint}")

    @property
    def origin(self) -> str:
        """When, on what and by which commit the run was made, in one line."""
        if not self.manifest:
            return "not recorded yet"
        device, run = self.manifest["device"], self.manifest
        return (
            f"full run of {run['started'][:10]}, {sum_seconds(run) / 60:.1f} minutes on {device['cores']} "
            f"cores ({device['cpu']}), {describe_commits(run)}"
        )


def sum_seconds(manifest: Mapping[str, Any]) -> float:
    """Return how long a run took: one that was interrupted is the sum of its parts."""
    return sum(part["seconds"] for part in list_parts(manifest))


def list_parts(manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return what is known of each part of a run, in order: one that was interrupted has several."""
    return [*manifest.get("earlier", []), manifest]


def list_commits(manifest: Mapping[str, Any], digits: int = 7) -> list[str]:
    """Return every commit that contributed to a run, once each, and whether files were changed since it."""
    names = [
        part["commit"][:digits] + (" with changes" if part["dirty"] and part["commit"] != "unknown" else "")
        for part in list_parts(manifest)
    ]
    return list(dict.fromkeys(names))


def is_dirty(manifest: Mapping[str, Any]) -> bool:
    """Say whether any part of a run was made from files that were not committed."""
    return any(part["dirty"] for part in list_parts(manifest))


def describe_commits(manifest: Mapping[str, Any]) -> str:
    """Return in words from which commits a run was made, and in how many parts."""
    parts, commits = list_parts(manifest), list_commits(manifest)
    if len(commits) > 1:
        text = f"in {len(parts)} parts from {len(commits)} commits: {', '.join(commits)}"
    else:
        text = f"in {len(parts)} parts, commit {commits[0]}" if len(parts) > 1 else f"commit {commits[0]}"
    changes = dict.fromkeys(one for part in parts for one in part.get("differs", ()))
    return f"{text}; earlier parts were made with {name_some(changes)}" if changes else text


def name_some(names: Iterable[str], most: int = 4) -> str:
    """Return names as a list in words, the first ones only where there are many."""
    first, rest = list(names)[:most], list(names)[most:]
    return ", ".join(first) + (f" and {len(rest)} more" if rest else "")


def read_record(path: Path) -> Result:
    """Read the lines that one run appended; of a name recorded twice the last counts."""
    parts: dict[str, dict[str, Any]] = {"value": {}, "table": {}, "answer": {}, "input": {}}
    # Not splitlines: a recorded text may hold other characters that it takes for ends of lines.
    lines = path.read_text(encoding="utf-8").split("\n") if path.exists() else []
    for line in map(json.loads, filter(None, lines)):
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

    Raises:
        ValueError: no such lesson.
    """
    found = sorted(RESULTS.glob(f"{lesson}_*.json"))
    lessons = sorted({path.name[:2] for path in NOTEBOOKS.glob("[0-9][0-9]_*.ipynb")})
    if not found and lesson not in lessons:
        raise ValueError(f"unknown lesson {lesson!r}{suggest(lesson, lessons, 'lessons')}")
    if not found:
        note_input(RESULTS / f"{lesson}_*.json", "")  # so that the lesson runs again once there is one
        return Result()
    content = found[0].read_bytes()
    note_input(found[0], hashlib.sha256(content).hexdigest())
    run = Path(os.environ.get("COURSE_RUN_DIR", ""))
    replaced = run.name.startswith("full-") and run.parent.name == found[0].stem
    return replace(Result(**json.loads(content)), replaced=replaced)
