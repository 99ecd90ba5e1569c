"""Read the claims of the five papers."""

import csv
import hashlib
import io
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from helpers.naming import suggest
from helpers.paths import DATA
from helpers.provenance import note_input

if TYPE_CHECKING:
    import pandas as pd

KINDS = {
    "arithmetic": "numbers of the paper against each other",
    "data": "a fact of a public data set",
    "training": "a result of training",
    "cost": "time, memory, parameters or operations",
    "method": "what was done, or how",
    "literature": "what others have published",
    "general": "a sentence without number or comparison",
    "future": "what is planned",
}
STANDINGS = {
    "claim": "the paper says it",
    "remark": "we say it of the paper: an omission, or criticism",
}


class Claim(NamedTuple):
    """One statement of a paper, or one remark of ours about it.

    Attributes:
        id: such as `cifar10-report-28`.
        paper: the first part of the id.
        place: section, table or figure.
        claim: what the paper says, in our words, with its qualifiers.
        quote: the shortest phrase of the paper that shows it; may be empty.
        printed: the printed value, digit by digit; empty if none is.
        kind: one of `KINDS`.
        standing: one of `STANDINGS`.
    """

    id: str
    paper: str
    place: str
    claim: str
    quote: str
    printed: str
    kind: str
    standing: str


@cache
def list_claims() -> tuple[Claim, ...]:
    """Return all claims and remarks, in the order of `data/claims.csv`."""
    content = (DATA / "claims.csv").read_bytes()
    note_input(DATA / "claims.csv", hashlib.sha256(content).hexdigest())
    rows = csv.DictReader(io.StringIO(content.decode("utf-8")))
    return tuple(Claim(paper=row["id"].rpartition("-")[0], **row) for row in rows)


def find_claim(name: str) -> Claim:
    """Return one claim.

    Raises:
        ValueError: no such claim.
    """
    known = {claim.id: claim for claim in list_claims()}
    if name not in known:
        raise ValueError(f"unknown claim {name!r}{suggest(name, known, 'claims')}")
    return known[name]


def read_claims() -> "pd.DataFrame":
    """Return all claims and remarks as a table, indexed by id."""
    import pandas as pd

    return pd.DataFrame(list_claims()).set_index("id")
