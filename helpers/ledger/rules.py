"""The rules of `data/rules.toml` as functions: numbers in, outcome out.

Printed numbers are handed over as they are printed, as text, so that their last digit counts: `"0.530"` is
anything from 0.5295 to 0.5305.
"""

import math
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import ROUND_DOWN, Decimal
from functools import cache
from statistics import fmean, stdev
from typing import Any, NamedTuple

from helpers.ledger.findings import Number, Rest
from helpers.paths import DATA

SEEDS = 3  # at least, for `equivalence`
POINTS = 1.0  # at least, to either side
LEVEL = 0.05  # of a paired test


class Decision(NamedTuple):
    """An outcome, the rule it follows from, and the recorded numbers it rests on."""

    outcome: str
    rule: str
    rests: tuple[Rest, ...] = ()


@cache
def read_rules() -> Mapping[str, Mapping[str, Any]]:
    """Return name -> date and text of each rule."""
    return tomllib.loads((DATA / "rules.toml").read_text(encoding="utf-8"))


def find_date(rule: str) -> date:
    """Return since when a rule has been as it is."""
    return read_rules()[rule]["date"]


def read_printed(printed: str) -> tuple[float, float]:
    """Return the least and the greatest value that rounds to a printed number.

    Args:
        printed: such as `0.530`, `12,345` or `99.25 %`; a sign of per cent is left out, not divided by.
    """
    number = _to_decimal(printed)
    half = Decimal(1).scaleb(number.as_tuple().exponent) / 2
    return float(number - half), float(number + half)


def _to_decimal(printed: str) -> Decimal:
    return Decimal(printed.replace(",", "").replace("%", "").strip())


def rounding(printed: str, exact: float) -> Decision:
    """Compare a printed number with the exact value."""
    number = _to_decimal(printed)
    unit = Decimal(1).scaleb(number.as_tuple().exponent)
    low, high = read_printed(printed)
    slack = 1e-12 * max(1.0, abs(exact))  # a half in decimals is none in binary; papers print up to 16 digits
    if low - slack <= exact <= high + slack:
        return Decision("holds", "rounding", _rest(exact, low, high))
    if Decimal(repr(float(exact))).quantize(unit, rounding=ROUND_DOWN) == number:
        return Decision("holds in part", "rounding", _rest(exact, high, float(number + unit)))
    # Cutting goes towards zero, so that on the far side a number is only wrong from a whole digit on.
    least = low if number > 0 else float(number - unit)
    most = high if number < 0 else float(number + unit)
    outside = (-math.inf, least) if exact < low else (most, math.inf)
    return Decision("fails", "rounding", _rest(exact, *outside))


def counting(printed: Any, ours: Any) -> Decision:
    """Compare a printed count or setting with ours."""
    return Decision("holds" if printed == ours else "fails", "counting", _rest(ours, ours, ours))


def bounds(printed: str, low: float, high: float) -> Decision:
    """Compare a printed number with the least and greatest value that other printed numbers allow."""
    least, most = read_printed(printed)
    return Decision("holds" if most >= low and least <= high else "fails", "bounds")


def ordering(lower: float, higher: float, *, equal: bool = False) -> Decision:
    """Judge that one exact number is below another; both are known, so that there is no chance in it.

    Args:
        lower: the one that the paper says, or a limit that it sets, to be the lower.
        higher: the other.
        equal: whether they may be the same, as a number and its limit.
    """
    holds = lower < higher or (equal and lower == higher)
    below, above = (
        ((-math.inf, higher), (lower, math.inf)) if holds else ((higher, math.inf), (-math.inf, lower))
    )
    return Decision("holds" if holds else "fails", "ordering", _rest(lower, *below) + _rest(higher, *above))


def equivalence(printed: float, ours: Sequence[float], *, differs: str = "") -> Decision:
    """Compare a printed percentage with ours over seeds.

    Args:
        printed: in per cent.
        ours: one value a seed, in per cent.
        differs: what ours does otherwise than the paper, in words; empty if nothing that moves the number.
    """
    values = [float(one) for one in ours]
    middle = fmean(values)
    margin = max(POINTS, 2 * stdev(values)) if len(values) > 1 else POINTS
    low, high = printed - margin, printed + margin
    if differs:
        reached = middle >= low
        outcome = "reached otherwise" if reached else "inconclusive"
        return Decision(
            outcome, "equivalence", _rest(ours, *((low, math.inf) if reached else (-math.inf, low)))
        )
    if len(ours) < SEEDS:
        return Decision("inconclusive", "equivalence")
    if low <= middle <= high:
        return Decision("replicated", "equivalence", _rest(ours, low, high))
    outside = (-math.inf, low) if middle < low else (high, math.inf)
    return Decision("not replicated", "equivalence", _rest(ours, *outside))


def ratio(printed: float, ours: float) -> Decision:
    """Compare a printed ratio of costs with ours."""
    low, high = printed / 2, printed * 2
    if low <= ours <= high:
        return Decision("replicated", "ratio", _rest(ours, low, high))
    return Decision(
        "not replicated", "ratio", _rest(ours, *((-math.inf, low) if ours < low else (high, math.inf)))
    )


def pairing(gain: float, p_value: float, *, general: bool = False) -> Decision:
    """Judge that one thing is better than another.

    Args:
        gain: how much better ours is in the direction that the paper claims.
        p_value: of a paired test, corrected for the others in its table.
        general: whether the paper says it of a technique in general, and has no result to repeat.
    """
    better, worse = ("holds", "fails") if general else ("replicated", "not replicated")
    if p_value >= LEVEL:
        return Decision("inconclusive", "pairing", _rest(p_value, LEVEL, 1.0))
    rests = _rest(p_value, 0.0, LEVEL) + _rest(gain, *((0.0, math.inf) if gain > 0 else (-math.inf, 0.0)))
    return Decision(better if gain > 0 else worse, "pairing", rests)


def _rest(ours: Any, low: float, high: float) -> tuple[Rest, ...]:
    """Return what an outcome rests on, where ours is recorded."""
    numbers = [ours] if not isinstance(ours, (list, tuple)) else ours
    sources = tuple(number.source for number in numbers if isinstance(number, Number))
    return (Rest(sources, low, high),) if sources and len(sources) == len(numbers) else ()
