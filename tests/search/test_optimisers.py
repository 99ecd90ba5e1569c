import json

import numpy as np
import pytest

from helpers.paths import ROOT
from helpers.search.genome import NetworkSpace, parse
from helpers.search.objectives import rank_fronts, weigh
from helpers.search.optimisers import (
    OPTIMISERS,
    DifferentialEvolution,
    LocalSearch,
    Optimiser,
    RegularisedEvolution,
    merge,
    subtract,
)
from helpers.search.space import FixedSpace
from helpers.search.tables import Table, compare, make_table

# xiusu/NAS-Bench-Macro; not part of this repository, and read where someone has put it beside
MACRO = next(ROOT.parent.glob("*/benchmarks/nas-bench-macro_cifar10.json"), None)
NETWORKS = NetworkSpace((16, 16, 3), widths=range(4, 33), first_widths=range(4, 9), lengths=(2, 6))
SPACES = {"fixed": FixedSpace(["ab", "abc", "abcd", "ab", "abcde"]), "networks": NETWORKS}


def drive(optimiser: Optimiser, rounds: int) -> list:
    """Let an optimiser search for many of the letter a, or for small networks; return what it asked for."""
    asked = []
    for _ in range(rounds):
        if not (genomes := optimiser.ask()):
            break
        asked += genomes
        optimiser.tell(genomes, [(-sum(unit == "a" for unit in g), len(str(g))) for g in genomes])
    return asked


@pytest.mark.parametrize("name", OPTIMISERS)
@pytest.mark.parametrize("kind", SPACES)
@pytest.mark.parametrize("score", [weigh(0.7, 0.3), rank_fronts])
def test_every_optimiser_asks_for_valid_candidates_and_repeats_itself_by_seed(name, kind, score):
    space = SPACES[kind]
    first, again, other = (drive(OPTIMISERS[name](space, seed=seed, score=score), 12) for seed in (3, 3, 4))
    assert first == again != other
    assert {space.check(genome) for genome in first} == {""}
    if name != "random search":
        assert len(first) == len(set(first))


@pytest.mark.parametrize("name", OPTIMISERS)
def test_every_optimiser_lives_with_failures(name):
    optimiser = OPTIMISERS[name](SPACES["fixed"], seed=0)
    for _ in range(10):
        genomes = optimiser.ask()
        optimiser.tell(genomes, [(np.inf,)] * len(genomes))
        if not genomes:
            break


@pytest.mark.parametrize("name", [name for name in OPTIMISERS if name != "random search"])
def test_every_optimiser_ends_when_all_is_known(name):
    space = FixedSpace(["ab", "ab", "ab"])
    asked = drive(OPTIMISERS[name](space, seed=0), 100)
    assert len(asked) == len(set(asked)) <= 8
    if name != "differential evolution":  # which converges first
        assert set(asked) == set(space)


@pytest.mark.parametrize("name", OPTIMISERS)
@pytest.mark.parametrize("choices", [["a"], ["ab"], ["ab", "a"]])
def test_a_space_of_one_or_two_is_searched_to_its_end(name, choices):
    asked = drive(OPTIMISERS[name](FixedSpace(choices)), 5)
    assert len(set(asked)) == np.prod([len(units) for units in choices])


@pytest.mark.parametrize("name", ["differential evolution", "improved differential evolution"])
def test_a_population_of_one_is_varied(name):
    class Narrow(FixedSpace):
        def sample(self, rng):
            return ("a", "a")

    asked = drive(OPTIMISERS[name](Narrow(["abc", "abc"])), 3)
    assert len(asked) == len(set(asked)) > 1


@pytest.mark.parametrize(
    ("optimiser", "settings", "word"),
    [
        (RegularisedEvolution, {"population": 0}, "population=0"),
        (RegularisedEvolution, {"tournament": 0}, "tournament=0"),
        (RegularisedEvolution, {"at_once": 0}, "at_once=0"),
        (LocalSearch, {"patience": 0}, "patience=0"),
        (LocalSearch, {"at_once": -1}, "at_once=-1"),
    ],
)
def test_settings_that_would_ask_for_nothing_are_refused(optimiser, settings, word):
    with pytest.raises(ValueError, match=f"{word} does not work"):
        optimiser(SPACES["fixed"], **settings)


def test_the_difference_of_figure_3():
    first, second = parse("C7x3 MP C9x3 AP"), parse("C7x3 AP C9x5 AP C5x1")
    assert subtract(first, second) == [None, *parse("MP C9x3"), None, *parse("C5x1")]
    assert subtract(second, first) == [None, *parse("AP C9x5"), None, *parse("C5x1")]
    kinds = [None, *parse("MP"), None, None, *parse("C5x1")]
    assert subtract(first, second, lambda a, b: a.kind == b.kind) == kinds
    assert subtract([None, 1], [None, 2, 3]) == [None, 1, 3]


def test_the_merge_of_figure_4_is_as_long_as_the_best():
    best = parse("C1x1 C2x1 C3x1")
    assert merge(best, [None, *parse("MP")]) == parse("C1x1 MP C3x1")
    assert merge(best, [None, None, None, *parse("MP")]) == best
    assert merge(best, parse("C1x1 AP C3x1 AP")) == parse("C1x1 AP C3x1")


def test_a_generation_of_the_paper():
    optimiser = DifferentialEvolution(NETWORKS, seed=0, population=6, children=3, best=2)
    genomes = optimiser.ask()
    assert len(genomes) == 6
    optimiser.tell(genomes, [(loss,) for loss in (5, 1, 4, 0, 3, 2)])
    assert [losses for _, losses in optimiser.population] == [(0,), (1,), (2,), (3,), (4,), (5,)]
    children = optimiser.ask()
    cores = [NETWORKS.get_core(genome) for genome in genomes]
    possible = {
        NETWORKS.complete(merge(best, subtract(second, third)))
        for best in (cores[3], cores[1])
        for second in cores
        for third in cores
    }
    assert len(children) == 3
    assert set(children) <= possible - set(genomes)
    optimiser.tell(children, [(-1,), (9,), (1,)])
    assert [losses for _, losses in optimiser.population] == [(-1,), (0,), (1,), (1,), (2,), (3,)]
    assert optimiser.population[2][0] == genomes[1]  # of equals the older


def test_a_factor_of_the_difference_lets_more_of_the_best_through():
    space = FixedSpace([range(9)] * 400)
    optimiser = DifferentialEvolution(space, seed=0, best=1, factor=0.25)
    genomes = optimiser.ask()
    optimiser.tell(genomes, [(n,) for n in range(20)])
    kept = np.mean([[a == b for a, b in zip(child, genomes[0], strict=True)] for child in optimiser.ask()])
    assert kept == pytest.approx(1 - 0.25 * (8 / 9) ** 2, abs=0.03)


@pytest.mark.parametrize("wrong", [{"population": 1}, {"best": 21}, {"children": 0}, {"factor": 0}])
def test_settings_of_differential_evolution_are_checked(wrong):
    with pytest.raises(ValueError, match="do not work"):
        DifferentialEvolution(NETWORKS, **wrong)


def test_regularised_evolution_lets_the_oldest_die():
    optimiser = RegularisedEvolution(SPACES["fixed"], seed=0, population=4, at_once=3)
    first = optimiser.ask()
    optimiser.tell(first, [(0,), (1,), (2,), (3,)])
    second = optimiser.ask()
    assert len(second) == 3
    assert all(sum(a != b for a, b in zip(child, first[0], strict=True)) == 1 for child in second)
    optimiser.tell(second, [(9,)] * 3)
    assert [genome for genome, _ in optimiser.population] == [first[3], *second]


def test_local_search_stops_where_no_neighbour_is_better_and_starts_again():
    optimiser = LocalSearch(SPACES["fixed"], seed=0)
    start = optimiser.ask()
    optimiser.tell(start, [(0,)])
    neighbours = []
    while (
        len(genomes := optimiser.ask())
        and sum(a != b for a, b in zip(genomes[0], start[0], strict=True)) == 1
    ):
        neighbours += genomes
        optimiser.tell(genomes, [(1,)])
        if len(neighbours) == 11:
            break
    assert len(set(neighbours)) == 11  # all that there are: 1 + 2 + 3 + 1 + 4
    restart = optimiser.ask()
    optimiser.tell(restart, [(2,)])  # worse than the first start, and yet a new start
    assert sum(a != b for a, b in zip(optimiser.ask()[0], restart[0], strict=True)) == 1


def test_a_fixed_space_varies_one_position_and_checks():
    space, rng = FixedSpace([(0, 1, 2), "ab"]), np.random.default_rng(0)
    assert set(space.vary((0, "a"), rng)) == {(1, "a"), (2, "a"), (0, "b")}
    assert len(set(space)) == 6
    assert space.name((0, "a")) == "0 a"
    assert space.check((0, "c")) == "unit 'c' at position 1 is none of ('a', 'b')"
    assert space.check((0,)) == "1 units, not 2"
    with pytest.raises(ValueError, match="position 1 has the choices"):
        FixedSpace(["ab", ""])


def test_a_table_needs_every_candidate():
    table = Table({"aa": 1, "ab": 0.5, "ba": 3, "bb": 2})
    assert table.lowest == 0.5
    assert table.judge(genome="b a") == {"error": 3}
    with pytest.raises(ValueError, match="no 'b b'"):
        Table({"aa": 1, "ab": 0.5, "ba": 3})
    with pytest.raises(ValueError, match="one length"):
        Table({"aa": 1, "b": 2})


def test_a_generated_table_is_that_of_its_formula():
    table = make_table([2, 3, 4], partners=0, seed=5)
    rng = np.random.default_rng(5)
    parts = [rng.normal(size=size) for size in (2, 3, 4)]
    sums = np.array(
        [parts[0][a] + parts[1][b] + parts[2][c] for a in range(2) for b in range(3) for c in range(4)]
    )
    losses = 1.5 * np.log(1 + np.exp(-(sums - sums.mean()) / sums.std()))
    assert list(table.losses.values()) == pytest.approx(losses)
    assert make_table([3] * 4, seed=1).losses != make_table([3] * 4, seed=2).losses


def test_the_default_beats_random_search_on_tables_of_all_shapes():
    methods = {name: OPTIMISERS[name] for name in ("regularised evolution", "random search")}
    for choices in ([3] * 8, [5] * 5, [2] * 11, [4, 2, 7, 3, 5]):
        regrets = (
            compare(make_table(choices, seed=1), methods, seeds=range(12)).groupby("method")["regret"].mean()
        )
        assert regrets["regularised evolution"] < 0.6 * regrets["random search"], choices


def test_comparison_counts_evaluations_and_hits():
    table = compare(make_table([2] * 4, partners=1), evaluations=12, seeds=[0, 1]).set_index(
        ["method", "seed"]
    )
    assert len(table) == 2 * len(OPTIMISERS)
    assert (table["evaluations"] <= 12).all()
    assert (table.loc["regularised evolution", "evaluations"] == 12).all()
    assert (table.loc["random search", "hits"] > 0).all()
    assert (table["regret"] >= 0).all()


@pytest.mark.skipif(MACRO is None, reason="NAS-Bench-Macro is not here")
def test_regret_on_the_macro_table():
    rows = json.loads(MACRO.read_text())
    table = Table({genome: 100 - row["mean_acc"] for genome, row in rows.items()})
    methods = {name: OPTIMISERS[name] for name in ("regularised evolution", "differential evolution")}
    regrets = compare(table, methods, seeds=range(40)).groupby("method")["regret"].mean()
    assert regrets["regularised evolution"] <= 0.010
    assert regrets["differential evolution"] <= 0.12
