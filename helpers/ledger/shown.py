"""The rows of the ledger that a lesson ends with.

They are computed by `course ledger --store`, which writes a file a lesson into `reports/ledger/`. So a lesson
runs again only when its own rows change, and reading them takes no time.
"""

import hashlib
import json
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


def show_claims(lesson: str) -> "HTML":
    """Return the table of the claims that a lesson decides, for its last cell.

    Args:
        lesson: its name without the number, such as `look_at_the_data`.
    """
    from IPython.display import HTML

    rows = read_rows(lesson)
    heads = ("claim", "what the paper says", "printed", "outcome", "what we found")
    cells = [(row["id"], row["claim"], row["printed"], row["outcome"], row["evidence"]) for row in rows]
    head = "".join(f"<th>{name}</th>" for name in heads)
    body = "\n".join(f"<tr>{''.join(f'<td>{escape(one)}</td>' for one in row)}</tr>" for row in cells)
    return HTML(
        f'<table class="claims">\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>'
    )
