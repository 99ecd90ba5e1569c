"""The stored rows of the ledger: those that a lesson ends with, and all of them.

They are computed by `course ledger --store`, which writes a file a lesson into `reports/ledger/`. So a lesson
runs again only when its own rows change, and reading them takes no time.
"""

import hashlib
import json
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from helpers.naming import suggest
from helpers.paths import LEDGER
from helpers.provenance import note_input

if TYPE_CHECKING:
    from IPython.display import HTML

OTHER = "other"  # name of the file of claims that no lesson shows


def read_rows(lesson: str) -> list[dict[str, Any]]:
    """Return the stored rows of a lesson, as `course ledger --store` wrote them.

    Args:
        lesson: its name without the number, such as `look_at_the_data`.

    Raises:
        ValueError: no row is stored under this name.
    """
    path = LEDGER / f"{lesson}.json"
    if not path.exists():
        known = sorted(one.stem for one in LEDGER.glob("*.json"))
        raise ValueError(f"the ledger has no rows of {lesson!r}{suggest(lesson, known, 'lessons')}")
    content = path.read_bytes()
    note_input(path, hashlib.sha256(content).hexdigest())
    return json.loads(content)


def read_all_rows() -> list[dict[str, Any]]:
    """Return the stored rows of all lessons, and of the claims that no lesson shows."""
    return [row for path in sorted(LEDGER.glob("*.json")) for row in read_rows(path.stem)]


def pick_rows(ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return the stored rows of some claims, in the order of their ids.

    Raises:
        ValueError: no row is stored of one of them.
    """
    rows = {row["id"]: row for row in read_all_rows()}
    for one in ids:
        if one not in rows:
            raise ValueError(f"the ledger has no row of {one!r}{suggest(one, rows, 'claims')}")
    return [rows[one] for one in ids]


def show_claims(of: str | Sequence[str]) -> "HTML":
    """Return a table of claims and what we found about each, for the last cell of a lesson.

    Args:
        of: name of a lesson without its number, such as `look_at_the_data`, for all claims that it decides;
            or ids of claims.
    """
    from IPython.display import HTML

    rows = read_rows(of) if isinstance(of, str) else pick_rows(of)
    heads = ("claim", "what the paper says", "printed", "outcome", "what we found")
    cells = [(row["id"], row["claim"], row["printed"], row["outcome"], row["evidence"]) for row in rows]
    head = "".join(f"<th>{name}</th>" for name in heads)
    body = "\n".join(f"<tr>{''.join(f'<td>{escape(one)}</td>' for one in row)}</tr>" for row in cells)
    return HTML(
        f'<table class="claims">\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>'
    )
