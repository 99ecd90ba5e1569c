"""Record numbers and tables of a run.

The runner sets `COURSE_RUN_DIR`, the folder of the record. In a notebook opened by hand it is not set:
values are checked, but not written.
"""

import math
import numbers
from typing import TYPE_CHECKING, Any

from helpers.provenance import append_line

if TYPE_CHECKING:
    import pandas as pd

UNITS = ("", "fraction", "points", "seconds", "images/s", "MiB", "count", "ratio")


def record(name: str, value: Any, *, unit: str = "") -> None:
    """Record one number, truth value or short text of this run.

    A name recorded again replaces the earlier value, so that a cell may be run twice.

    Args:
        name: a lower-case identifier, such as `test_accuracy`.
        value: bool, int, finite float, str, or a NumPy scalar of these kinds.
        unit: one of `UNITS`; a fraction lies in 0..1.

    Raises:
        ValueError: a bad name, an unknown unit, a number that is not finite, or a fraction outside 0..1.
        TypeError: the value is not a scalar.
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
    append_line({"kind": "value", "name": name, "value": value, "unit": unit})


def record_table(name: str, table: "pd.DataFrame") -> None:
    """Record a table of scalars; `Result.table` returns it with the same index, columns and digits.

    A table recorded again under the same name replaces the earlier one.

    Args:
        name: such as `by_class`.
        table: bools, ints, floats and texts; missing entries (NaN or None) are missing also when read again.

    Raises:
        TypeError: `table` is not a DataFrame, or an entry is not a scalar.
        ValueError: an infinite number, or an index or columns with several levels.
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
    append_line({"kind": "table", "name": name, "value": parts})


def _to_scalar(name: str, where: Any, entry: Any) -> bool | int | float | str | None:
    """Return an entry of a table as a JSON scalar, None if it is missing."""
    import pandas as pd

    entry = entry.item() if hasattr(entry, "item") and getattr(entry, "ndim", 0) == 0 else entry
    if entry is None or (pd.api.types.is_scalar(entry) and pd.isna(entry)):
        return None
    if isinstance(entry, float) and not math.isfinite(entry):
        raise ValueError(f"{name} holds {entry} in row {where!r}; find out why before recording it")
    if not isinstance(entry, (bool, int, float, str)):
        raise TypeError(f"{name} holds a {type(entry).__name__} in row {where!r}; record scalars only")
    return entry
