"""Optimisers that ask for candidates and are told their losses; they know nothing of networks or images.

    while genomes := optimiser.ask():
        optimiser.tell(genomes, [losses(genome) for genome in genomes])

An optimiser is a class here; a new one needs `ask` and `tell` and nothing elsewhere. What it asks for depends
only on its seed and on what it was told, so a batch can be judged in any order and on any number of workers.
Introduced in lesson 30.
"""

import operator
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np

from helpers.search.objectives import Score, take_first
from helpers.search.space import Space, Units

Losses = Sequence[float]
TRIES = 100


class Optimiser(ABC):
    """What all optimisers share: a space, a generator, a score, and which candidates they have asked for.

    Args:
        space: to search.
        seed: of everything that is drawn.
        score: turns losses (n, objectives) into (n,) scores, the lower the better; see `objectives`.
    """

    def __init__(self, space: Space, *, seed: int = 0, score: Score = take_first) -> None:
        self.space, self.seed, self.score = space, seed, score
        self.rng = np.random.default_rng(seed)
        self.asked: set[Units] = set()

    @abstractmethod
    def ask(self) -> list[Units]:
        """Return the candidates to judge next; none where there are no more to ask for."""

    @abstractmethod
    def tell(self, genomes: Sequence[Units], losses: Sequence[Losses]) -> None:
        """Take note of the losses of the candidates of the last `ask`, in its order; inf where one failed."""

    def _sort(self, judged: Sequence[tuple[Units, Losses]]) -> list[tuple[Units, Losses]]:
        """Return genomes with their losses, the best first; of equals the older."""
        scores = self.score(np.array([losses for _, losses in judged], dtype=float))
        return [judged[place] for place in np.argsort(scores, kind="stable")]

    def _note(self, genome: Units) -> bool:
        """Say whether a candidate is valid and new, and take note of it."""
        if genome in self.asked or self.space.check(genome):
            return False
        self.asked.add(genome)
        return True

    def _sample(self) -> Units | None:
        """Return a new random candidate, or None where hardly any is left."""
        return next(filter(self._note, (self.space.sample(self.rng) for _ in range(TRIES))), None)

    def _sample_several(self, number: int) -> list[Units]:
        return [genome for _ in range(number) if (genome := self._sample())]

    def _vary(self, genome: Units) -> Units | None:
        """Return a new candidate one change away, or more where those are known; None if none is found."""
        for _ in range(TRIES):
            step = None
            for neighbour in self.space.vary(genome, self.rng):
                if self._note(neighbour):
                    return neighbour
                step = step or neighbour
            genome = step or self.space.sample(self.rng)
        return None


class RandomSearch(Optimiser):
    """Ask for random candidates, ten at a time: what every other method must beat."""

    def ask(self) -> list[Units]:
        return [self.space.sample(self.rng) for _ in range(10)]

    def tell(self, genomes: Sequence[Units], losses: Sequence[Losses]) -> None:
        pass


def _require_positive(**settings: int) -> None:
    for name, value in settings.items():
        if value < 1:
            raise ValueError(f"{name}={value} does not work; give 1 or more")


def subtract(
    first: Sequence[Hashable],
    second: Sequence[Hashable],
    same: Callable[[Hashable, Hashable], bool] = operator.eq,
) -> list[Hashable | None]:
    """Return the difference of two sequences, place by place; None stands for the -1 of the paper.

    Where both are the same: None. Where one has ended: the unit of the other. Otherwise: that of the first.
    Source: de-nas, section 2, Figure 3. Its first rule keeps a unit that is the same, but the first rule of
    Figure 4 expects -1 there, and without it a difference would be its first network; so -1 it is.

    Args:
        first: units.
        second: units.
        same: of two units whether they count as one. By default kind and sizes decide; the authors' code
            compares kinds alone, for which the paper has no word.
    """
    missing = object()
    return [
        b if a is missing else a if b is missing else None if same(a, b) else a
        for a, b in zip_longest(first, second, fillvalue=missing)
    ]


def merge(best: Sequence[Hashable], difference: Sequence[Hashable | None]) -> tuple[Hashable, ...]:
    """Return a sequence with the units of a difference, and where it has none, those of the best.

    It is as long as the best. Source: de-nas, section 2, Figure 4, whose three rules say no more than this;
    the paper is silent on lengths, and the authors' code cuts. Without the cut no child could be shorter.
    """
    padded = [*difference, *[None] * len(best)]
    return tuple(old if new is None else new for old, new in zip(best, padded, strict=False))


class DifferentialEvolution(Optimiser):
    """The search of de-nas: the best of a population, plus the difference of two others.

    Every generation has new children `merge(best, subtract(second, third))`; then the next population is
    chosen from the old one and the children by score. Source: de-nas, section 2 and Table 1.

    Of what the paper leaves open: x_best is drawn anew for each child, from the first `best`; second and
    third differ; r_1 and i of the formula are in no rule, and so not here. A child that is not valid or known
    is drawn again: the authors' code refuses only twins of one generation, and so trained twelve networks
    two or three times. Where no new child is found the population has converged, and the search ends.

    Args:
        space: as in `Optimiser`, like `seed`.
        seed: of everything that is drawn.
        score: of the population; by default the first objective, while the paper has `weigh(0.7, 0.3)`.
        population: n of the paper.
        children: m of the paper, which is n / 2.
        best: from how many of the top x_best is drawn. The paper has no number, the authors' code 5.
        factor: F, which has no value in the paper and no place in its rules: here the chance of each unit of
            a difference to count. 1, as in the authors' code.
        same: as in `subtract`.

    Raises:
        ValueError: settings out of range.
    """

    def __init__(
        self,
        space: Space,
        *,
        seed: int = 0,
        score: Score = take_first,
        population: int = 20,
        children: int = 10,
        best: int = 5,
        factor: float = 1.0,
        same: Callable[[Hashable, Hashable], bool] = operator.eq,
    ) -> None:
        super().__init__(space, seed=seed, score=score)
        if not 1 <= best <= population or population < 2 or children < 1 or not 0 < factor <= 1:
            raise ValueError(
                f"population={population}, children={children}, best={best}, factor={factor} do not work; "
                "give a population from 2, some children, a best of its first, and a chance in 0..1"
            )
        self.size, self.children, self.best, self.factor, self.same = population, children, best, factor, same
        self.population: list[tuple[Units, Losses]] = []

    def ask(self) -> list[Units]:
        if not self.population:
            return self._sample_several(self.size)
        if len(self.population) == 1:  # a difference needs two
            child = self._vary(self.population[0][0])
            return [child] if child else []
        return [child for _ in range(self.children) if (child := self._make_child())]

    def _make_child(self) -> Units | None:
        return next(filter(self._note, (self._combine() for _ in range(TRIES))), None)

    def _combine(self) -> Units:
        best = self.population[self.rng.integers(min(self.best, len(self.population)))][0]
        second, third = self.rng.choice(len(self.population), 2, replace=False)
        cores = (self.space.get_core(self.population[place][0]) for place in (second, third))
        difference = subtract(*cores, self.same)
        if self.factor < 1:
            kept = self.rng.random(len(difference)) < self.factor
            difference = [unit if keep else None for unit, keep in zip(difference, kept, strict=True)]
        return self.space.complete(merge(self.space.get_core(best), difference))

    def tell(self, genomes: Sequence[Units], losses: Sequence[Losses]) -> None:
        self.population = self._sort([*self.population, *zip(genomes, losses, strict=True)])[: self.size]


class ImprovedDifferentialEvolution(DifferentialEvolution):
    """Differential evolution with half the population, F = 0.5, and a known child varied until it is new.

    Differences alone can only lose units that the first population had, until all are alike. Arguments as of
    `DifferentialEvolution`.
    """

    def __init__(
        self, space: Space, *, population: int = 10, children: int = 5, factor: float = 0.5, **settings: Any
    ) -> None:
        super().__init__(space, population=population, children=children, factor=factor, **settings)

    def _make_child(self) -> Units | None:
        child = self._combine()
        return child if self._note(child) else self._vary(child)


class RegularisedEvolution(Optimiser):
    """Vary the best of a few, and let the oldest die; every candidate is a new one.

    Source: Real et al., Regularized Evolution for Image Classifier Architecture Search, AAAI 2019, for a
    budget of hundreds instead of thousands: half of a small population meets in a tournament.

    Args:
        space: as in `Optimiser`, like `seed` and `score`.
        seed: of everything that is drawn.
        score: of the few.
        population: how many live.
        tournament: how many are drawn, to vary the best of them.
        at_once: candidates to ask for before the first is told; more keep more workers busy.

    Raises:
        ValueError: settings out of range.
    """

    def __init__(
        self,
        space: Space,
        *,
        seed: int = 0,
        score: Score = take_first,
        population: int = 20,
        tournament: int = 10,
        at_once: int = 2,
    ) -> None:
        super().__init__(space, seed=seed, score=score)
        _require_positive(population=population, tournament=tournament, at_once=at_once)
        self.tournament, self.at_once = tournament, at_once
        self.population: deque[tuple[Units, Losses]] = deque(maxlen=population)

    def ask(self) -> list[Units]:
        if not self.population:
            return self._sample_several(self.population.maxlen)
        children = (self._vary(self._select()) for _ in range(self.at_once))
        return [child for child in children if child]

    def _select(self) -> Units:
        size = len(self.population)
        drawn = self.rng.choice(size, min(self.tournament, size), replace=False)
        return self._sort([self.population[place] for place in drawn])[0][0]

    def tell(self, genomes: Sequence[Units], losses: Sequence[Losses]) -> None:
        self.population.extend(zip(genomes, losses, strict=True))


class LocalSearch(Optimiser):
    """Step to the first neighbour that is better; where none is, start again at random.

    Source: White et al., Exploring the Loss Landscape in Neural Architecture Search, UAI 2021.

    Args:
        space: as in `Optimiser`, like `seed` and `score`.
        seed: of everything that is drawn.
        score: of all candidates so far.
        patience: neighbours in vain before it starts again, where there are so many.
        at_once: neighbours to ask for before the first is told.

    Raises:
        ValueError: settings out of range.
    """

    def __init__(
        self,
        space: Space,
        *,
        seed: int = 0,
        score: Score = take_first,
        patience: int = 50,
        at_once: int = 1,
    ) -> None:
        super().__init__(space, seed=seed, score=score)
        _require_positive(patience=patience, at_once=at_once)
        self.patience, self.at_once = patience, at_once
        self.judged: list[tuple[Units, Losses]] = []
        self._stand: int | None = None

    def ask(self) -> list[Units]:
        if self._stand is not None and self._left > 0:
            found = []
            for neighbour in self._neighbours:
                if self._note(neighbour):
                    found.append(neighbour)
                if len(found) == min(self.at_once, self._left):
                    break
            if found:
                self._left -= len(found)
                return found
        self._stand = None
        return self._sample_several(1)

    def tell(self, genomes: Sequence[Units], losses: Sequence[Losses]) -> None:
        first = len(self.judged)
        self.judged += zip(genomes, losses, strict=True)
        scores = self.score(np.array([losses for _, losses in self.judged], dtype=float))
        best = first + int(np.argmin(scores[first:]))
        if self._stand is None or scores[best] < scores[self._stand]:
            self._stand, self._left = best, self.patience
            self._neighbours = self.space.vary(self.judged[best][0], self.rng)


OPTIMISERS = {
    "regularised evolution": RegularisedEvolution,  # the default: the most robust on tables of all kinds
    "improved differential evolution": ImprovedDifferentialEvolution,
    "local search": LocalSearch,
    "differential evolution": DifferentialEvolution,
    "random search": RandomSearch,
}
