"""Read the claims of the papers, and record an answer to one."""

import hashlib
import io
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

from helpers.naming import suggest
from helpers.paths import DATA
from helpers.provenance import append_line, note_input

if TYPE_CHECKING:
    import pandas as pd

VERDICTS = ("reproduced", "refuted", "partly", "undetermined")


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
        append_line({"kind": "answer", "name": one, "verdict": verdict, "evidence": evidence})
