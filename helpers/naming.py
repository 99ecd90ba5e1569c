"""Names that are not known, and files that belong to something else: one wording for both errors."""

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

ABSENT = "missing"
MANY = 24  # more names than this are not listed in an error


def suggest(word: object, known: Iterable[object], what: str = "known") -> str:
    """Return how an error about an unknown word goes on, such as `; did you mean plum? known: pear, plum`.

    Args:
        word: the unknown one.
        known: the known ones; of many only the first are listed, and none where one of them is close.
        what: they are, in the plural.
    """
    names = list(map(str, known))
    near = difflib.get_close_matches(str(word), names, n=1, cutoff=0.5)
    listed = ", ".join(names) or "none"
    if len(names) > MANY:
        listed = "" if near else f"{', '.join(names[:MANY])} and {len(names) - MANY} more"
    hint = f"did you mean {near[0]}?" if near else ""
    return "; " + " ".join(part for part in (hint, listed and f"{what}: {listed}") if part)


def list_differences(there: Any, here: Any, name: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield what differs between two descriptions: its name, such as `schedule.factor`, and both values.

    Args:
        there: what JSON can hold.
        here: likewise.
        name: of the whole; nothing at the top.
    """
    if isinstance(there, Mapping) and isinstance(here, Mapping):
        for key in sorted({*there, *here}):
            inner = f"{name}.{key}" if name else str(key)
            yield from list_differences(there.get(key, ABSENT), here.get(key, ABSENT), inner)
    elif there != here:
        yield name, *(ABSENT if value is ABSENT else repr(value) for value in (there, here))


def refuse_other(there: Mapping[str, Any], here: Mapping[str, Any], what: str, cure: str) -> None:
    """Do nothing where a file was made for what is asked for now.

    Args:
        there: what the file says of itself.
        here: what it should say; it is compared as JSON gives it back.
        what: begins the error, such as `runs.jsonl belongs to another experiment`.
        cure: ends it.

    Raises:
        ValueError: they differ; the message names the first difference and how many more there are.
    """
    differences = list(list_differences(there, json.loads(json.dumps(here))))
    if differences:
        name, then, now = differences[0]
        more = f" (and {len(differences) - 1} more)" if differences[1:] else ""
        raise ValueError(f"{what}: {name} is {then} there and {now} here{more}; {cure}")


def name_some(names: Iterable[str], most: int = 4) -> str:
    """Return names as a list in words, the first ones only where there are many."""
    first, rest = list(names)[:most], list(names)[most:]
    return ", ".join(first) + (f" and {len(rest)} more" if rest else "")
