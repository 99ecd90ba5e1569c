"""Tables of candidates whose losses are all known: what a search is worth, without training anything.

Introduced in lesson 30.
"""

import time
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from helpers.search.driver import Budget, search
from helpers.search.optimisers import OPTIMISERS, Optimiser
from helpers.search.space import FixedSpace


class Table:
    """A space with the loss of every candidate.

    Args:
        losses: genome -> loss, such as the error in points; a text counts as the sequence of its letters.
            With `rows` from the file of NAS-Bench-Macro:
            `Table({genome: 100 - row["mean_acc"] for genome, row in rows.items()})`.

    Raises:
        ValueError: a candidate is missing, or they differ in length.
    """

    def __init__(self, losses: Mapping[Sequence[Hashable], float]) -> None:
        genomes = [tuple(genome) for genome in losses]
        if len({len(genome) for genome in genomes}) != 1:
            raise ValueError("the genomes of a table must have one length; there are several, or none")
        self.space = FixedSpace([sorted(set(units)) for units in zip(*genomes, strict=True)])
        self.losses = dict(zip(map(self.space.name, genomes), map(float, losses.values()), strict=True))
        for genome in self.space:
            if self.space.name(genome) not in self.losses:
                raise ValueError(
                    f"the table has no {self.space.name(genome)!r}; give the loss of every candidate"
                )
        self.lowest = min(self.losses.values())

    def judge(self, genome: str) -> dict[str, float]:
        """Return the loss of a candidate by its text, as `search` asks for it."""
        return {"error": self.losses[genome]}


def make_table(choices: Sequence[int], *, partners: int = 2, seed: int = 0) -> Table:
    """Return a generated table: an NK landscape, with losses like errors in points.

    Each position adds a normal number that depends on its own unit and on those of `partners` others, drawn
    once; the sums are standardised to z, and the loss is 1.5 ln(1 + e^-z), so that the best lie close
    together, as trained networks do. Source of the sums: Kauffman and Weinberger, Journal of Theoretical
    Biology 141 (1989) 211.

    Args:
        choices: how many each position has, such as `[3] * 8`; their product is the size of the table.
        partners: K of the landscape: 0 is smooth, more is more rugged.
        seed: of the landscape.
    """
    rng = np.random.default_rng(seed)
    places = np.indices(choices).reshape(len(choices), -1)
    total = np.zeros(places.shape[1])
    for place in range(len(choices)):
        others = [other for other in range(len(choices)) if other != place]
        chosen = [place, *rng.choice(others, partners, replace=False)]
        shape = [choices[one] for one in chosen]
        total += rng.normal(size=shape)[tuple(places[chosen])]
    z = (total - total.mean()) / total.std()
    losses = 1.5 * np.logaddexp(0, -z)
    return Table(dict(zip(map(tuple, places.T.tolist()), losses.tolist(), strict=True)))


def compare(
    table: Table,
    methods: Mapping[str, Callable[..., Optimiser]] = OPTIMISERS,
    *,
    evaluations: int = 180,
    seeds: Iterable[int] = range(200),
) -> pd.DataFrame:
    """Return the regret of methods on a table: the loss of the best candidate found, minus the lowest of all.

    An evaluation is a candidate that was not looked up before, as in `Budget`; one asked for again is free.
    A method that has nothing new to ask for ends before it has spent all.

    Args:
        table: to search.
        methods: name -> called with a space and `seed=`, returns a new optimiser.
        evaluations: for each search.
        seeds: one search each.

    Returns:
        One row a method and seed: method, seed, regret, evaluations, hits, seconds.
    """
    rows, budget = [], Budget(evaluations=evaluations)
    for method, make in methods.items():
        for seed in seeds:
            began = time.perf_counter()
            found = search(make(table.space, seed=seed), table.judge, budget=budget)
            rows.append(
                {
                    "method": method,
                    "seed": seed,
                    "regret": table.losses[found.best] - table.lowest,
                    "evaluations": len(found.candidates),
                    "hits": found.hits,
                    "seconds": time.perf_counter() - began,
                }
            )
    return pd.DataFrame(rows)
