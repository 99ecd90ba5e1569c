"""What a search needs to know of its candidates: spaces of sequences of units."""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator, Mapping, Sequence
from itertools import product

import numpy as np

Units = tuple[Hashable, ...]


class Space(ABC):
    """A set of candidates, each a sequence of units: the only thing that an optimiser knows of them.

    A unit can be anything that compares and hashes. Two methods make a space; the others have answers that
    fit where any sequence of units is a candidate, and no unit follows from the others.
    """

    @abstractmethod
    def sample(self, rng: np.random.Generator) -> Units:
        """Return a random candidate."""

    @abstractmethod
    def vary(self, genome: Units, rng: np.random.Generator) -> Iterator[Units]:
        """Yield the candidates one change away, each once, in random order; at least one, or none at all."""

    def get_core(self, genome: Units) -> Units:
        """Return the units that a search may change; the others follow from them."""
        return genome

    def complete(self, core: Sequence[Hashable]) -> Units:
        """Return the candidate with this core, mended where that is without doubt."""
        return tuple(core)

    def check(self, genome: Units) -> str:
        """Return what is wrong with a sequence of units, in a sentence; empty where it is a candidate."""
        return ""

    def measure(self, genome: Units) -> Mapping[str, float]:
        """Return what is known of a candidate without judging it, such as `parameters`."""
        return {}

    def name(self, genome: Units) -> str:
        """Return the text of a candidate, its key in caches and journals: equal where candidates are."""
        return " ".join(map(str, genome))


class FixedSpace(Space):
    """Sequences of one length, with a choice at each position: the space of most tabular benchmarks.

    Args:
        choices: the units that each position has to choose from, such as `["abc"] * 8`.

    Raises:
        ValueError: a position without a choice, or with the same one twice.
    """

    def __init__(self, choices: Sequence[Sequence[Hashable]]) -> None:
        self.choices = [tuple(units) for units in choices]
        for position, units in enumerate(self.choices):
            if not units or len(set(units)) < len(units):
                raise ValueError(f"position {position} has the choices {units}; give different ones")

    def __iter__(self) -> Iterator[Units]:
        return product(*self.choices)

    def sample(self, rng: np.random.Generator) -> Units:
        return tuple(units[rng.integers(len(units))] for units in self.choices)

    def vary(self, genome: Units, rng: np.random.Generator) -> Iterator[Units]:
        changes = [
            (place, unit)
            for place, units in enumerate(self.choices)
            for unit in units
            if unit != genome[place]
        ]
        for chosen in rng.permutation(len(changes)):
            place, unit = changes[chosen]
            yield (*genome[:place], unit, *genome[place + 1 :])

    def check(self, genome: Units) -> str:
        if len(genome) != len(self.choices):
            return f"{len(genome)} units, not {len(self.choices)}"
        for place, (unit, units) in enumerate(zip(genome, self.choices, strict=True)):
            if unit not in units:
                return f"unit {unit!r} at position {place} is none of {units}"
        return ""
