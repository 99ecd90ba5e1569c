"""Word the errors for unknown names and for files that belong to another run, in one place."""

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

ABSENT = "missing"
MANY = 24  # more names than this are not listed in an error


def suggest(word: object, known: Iterable[object], what: str = "known") -> str:
    """Return the end of an error about an unknown word, such as `; did you mean plum? known: pear, plum`.

    Args:
        word: the unknown one.
        known: the known words; of more than `MANY` only the first are listed, or none if one is similar.
        what: a plural that says what the known words are, such as `full runs`.
    """
    names = list(map(str, known))
    near = difflib.get_close_matches(str(word), names, n=1, cutoff=0.5)
    listed = ", ".join(names) or "none"
    if len(names) > MANY:
        listed = "" if near else f"{', '.join(names[:MANY])} and {len(names) - MANY} more"
    hint = f"did you mean {near[0]}?" if near else ""
    return "; " + " ".join(part for part in (hint, listed and f"{what}: {listed}") if part)


def list_differences(there: Any, here: Any, name: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield each difference of two descriptions: its name, such as `schedule.factor`, and both values.

    Args:
        there: a description, of values that JSON can hold.
        here: the other description.
        name: of both, as a prefix of the names; empty at the top.
    """
    if isinstance(there, Mapping) and isinstance(here, Mapping):
        for key in sorted({*there, *here}):
            inner = f"{name}.{key}" if name else str(key)
            yield from list_differences(there.get(key, ABSENT), here.get(key, ABSENT), inner)
    elif there != here:
        yield name, *(ABSENT if value is ABSENT else repr(value) for value in (there, here))


def refuse_other(there: Mapping[str, Any], here: Mapping[str, Any], what: str, cure: str) -> None:
    """Raise an error if a file was made with other settings than those of now.

    Args:
        there: the description that the file contains.
        here: the description that it should contain; it is compared after a round trip through JSON.
        what: start of the message, such as `runs.jsonl belongs to another experiment`.
        cure: end of the message: what the user can do.

    Raises:
        ValueError: the two differ; the message names the first difference and how many more there are.
    """
    differences = list(list_differences(there, json.loads(json.dumps(here))))
    if differences:
        name, then, now = differences[0]
        more = f" (and {len(differences) - 1} more)" if differences[1:] else ""
        raise ValueError(f"{what}: {name} is {then} there and {now} here{more}; {cure}")


def name_some(names: Iterable[str], most: int = 4) -> str:
    """Return names joined by commas; of more than `most` the first, and how many more there are."""
    first, rest = list(names)[:most], list(names)[most:]
    return ", ".join(first) + (f" and {len(rest)} more" if rest else "")
