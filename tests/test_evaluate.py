import pytest

from helpers.evaluate import count_correct, wilson_interval


def test_count_correct():
    assert count_correct([0, 1, 2, 2], [0, 1, 1, 2]) == (3, 4)


@pytest.mark.parametrize(
    ("labels", "predicted", "message"),
    [([0, 1], [0], "must both be"), ([[0.1, 0.9]], [[0.2, 0.8]], "argmax"), ([], [], "empty")],
)
def test_count_correct_refuses(labels, predicted, message):
    with pytest.raises(ValueError, match=message):
        count_correct(labels, predicted)


def test_wilson_interval_agrees_with_the_formula():
    z, n, p = 1.959964, 10, 0.9
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * (p * (1 - p) / n + z**2 / (4 * n**2)) ** 0.5
    assert wilson_interval(9, 10) == pytest.approx((centre - half, centre + half))


def test_wilson_interval_stays_inside_at_the_ends():
    low, high = wilson_interval(20, 20)
    assert 0.8 < low < 0.9
    assert high == 1
