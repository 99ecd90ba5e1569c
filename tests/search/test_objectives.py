import numpy as np
import pytest

from helpers.search.objectives import find_front, hypervolume, rank_fronts, scale_min_max, take_first, weigh

INF = np.inf
# Error and parameters of a population like generation 9 of de-nas: its largest individual has 154 million.
POPULATION = np.array([[0.4574, 16_477_306], [0.4650, 13_240_000], [0.4900, 7_796_674], [0.5200, 1_584_827]])
OUTLIER = np.array([[0.4467, 154_470_062]])


def test_min_max_scaling_is_that_of_the_sentence_and_not_of_the_formula():
    scaled = scale_min_max([[1.0, 10], [3.0, 10], [INF, 20], [2.0, 10]])
    assert scaled[[0, 1, 3]].tolist() == [[0, 0], [1, 0], [0.5, 0]]


def test_the_score_of_the_paper_by_hand():
    scores = weigh(0.7, 0.3)(np.array([[0.4, 100.0], [0.6, 300.0], [0.5, 100.0], [0.1, INF], [np.nan, 1]]))
    assert scores == pytest.approx([0, 1, 0.35, INF, INF])


def test_one_outlier_takes_the_parameters_out_of_the_score():
    cost = 0.3 * scale_min_max(POPULATION)[:, 1]
    with_outlier = 0.3 * scale_min_max(np.concatenate([POPULATION, OUTLIER]))[:, 1]
    assert cost[0] == pytest.approx(0.300)
    assert with_outlier[0] == pytest.approx(0.029, abs=0.0005)


def test_fixed_bounds_do_not_care_for_outliers():
    score = weigh(0.7, 0.3, bounds=[(0, 0.9), (0, 2e7)])
    alone = score(POPULATION)
    assert (score(np.concatenate([POPULATION, OUTLIER]))[:4] == alone).all()
    assert alone[3] == pytest.approx(0.7 * 0.52 / 0.9 + 0.3 * 1_584_827 / 2e7)


def test_take_first_knows_failures():
    assert take_first(np.array([[3.0, 1], [2.0, INF], [np.nan, 0]])).tolist() == [3, INF, INF]


def test_the_front_by_hand():
    losses = [[1, 5], [2, 2], [2, 2], [3, 3], [5, 1], [5, 2], [0, INF], [np.nan, 0]]
    assert find_front(losses).tolist() == [True, True, True, False, True, False, False, False]
    assert find_front(np.empty((0, 2))).tolist() == []


def test_fronts_are_peeled_and_the_lonely_come_first():
    losses = np.array([[0, 10], [1, 5], [2, 4.5], [10, 0], [2, 6], [INF, 0]], dtype=float)
    scores = rank_fronts(losses)
    assert scores[5] == INF
    assert scores.argsort(kind="stable").tolist() == [0, 3, 2, 1, 4, 5]
    assert scores[4] >= 1 > scores[[0, 1, 2, 3]].max()


def test_hypervolume_by_hand():
    losses = [[1, 3], [2, 1], [3, 3], [9, 0], [0, 9], [INF, 0]]
    assert hypervolume(losses, (4, 4)) == 3 * 1 + 2 * 2
    assert hypervolume([[4, 4]], (4, 4)) == 0
    assert hypervolume(np.empty((0, 2)), (4, 4)) == 0
    with pytest.raises(ValueError, match="two sides"):
        hypervolume([[1, 2, 3]], (4, 4))


def test_hypervolume_is_the_share_of_random_points_that_are_dominated():
    rng = np.random.default_rng(0)
    losses, points = rng.random((20, 2)), rng.random((20_000, 2))
    dominated = (losses[None] <= points[:, None]).all(axis=2).any(axis=1).mean()
    assert hypervolume(losses, (1, 1)) == pytest.approx(dominated, abs=0.01)
