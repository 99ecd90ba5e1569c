import functools
import itertools
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from helpers.content import describe, describe_architecture, hash_array

LIMIT = 3


def add(number, *, more=1):
    """Add."""
    return number + more + LIMIT


@dataclass
class Settings:
    sizes: list
    rate: float = 0.1


def make_adder(more):
    return lambda number: number + more


def count(to):
    total = 0
    for number in range(to):
        total += number
    return total


DIFFERENT = [
    (np.zeros(3), np.zeros(3, np.float32)),
    (np.zeros((2, 3)), np.zeros((3, 2))),
    (np.arange(6).reshape(2, 3), np.arange(6).reshape(2, 3, order="F")),
    ([1, 2], [2, 1]),
    (1, "1"),
    (float("inf"), float("-inf")),
    ({"a": 1}, {"a": 2}),
    (make_adder(1), make_adder(2)),
    (lambda x: x + 1, lambda x: x - 1),
    (lambda x: x + 1, lambda x: x + 2),
    (lambda x: x.real, lambda x: x.imag),
    (lambda x: [y + 1 for y in x], lambda x: [y + 2 for y in x]),
    (functools.partial(add, more=1), functools.partial(add, more=2)),
    (functools.partial(add, 1), functools.partial(add, 2)),
    (functools.partial(functools.partial(add, 1), more=3), functools.partial(add, 1)),
    (functools.lru_cache(add), functools.lru_cache(count)),
    (Settings([1]), Settings([2])),
    (Settings([1]), Settings([1], 0.2)),
    (np.random.default_rng(0), np.random.default_rng(1)),
    (np.tanh, np.sinh),
    (np.random.default_rng(0).random, np.random.default_rng(0).normal),
    (len, max),
    (pd.DataFrame({"a": [1, 2]}), pd.DataFrame({"a": [1, 3]})),
    (pd.DataFrame({"a": [1, 2]}), pd.DataFrame({"b": [1, 2]})),
    (pd.Series([1, 2]), pd.Series([1, 2], index=[1, 2])),
    (iter([1, 2]), iter([1, 3])),
]


@pytest.mark.parametrize("place", range(len(DIFFERENT)))
def test_what_differs_is_described_otherwise(place):
    one, other = DIFFERENT[place]
    assert describe(one) != describe(other)
    assert describe(one) == describe(one)
    json.dumps(describe(one))


def test_a_state_that_was_drawn_from_differs_and_describing_draws_nothing():
    rng = np.random.default_rng(0)
    before = describe(rng)
    assert describe(rng) == before
    rng.random()
    assert describe(rng) != before


def test_the_explanation_of_a_function_is_no_content():
    spaces = {}
    for text in ("One.", "Another."):
        names = {}
        exec(f'def add(number):\n    """{text}"""\n    return number + 1\n', names)
        spaces[text] = describe(names["add"])
    assert spaces["One."] == spaces["Another."]


def test_a_variable_that_a_called_function_reads_counts(monkeypatch):
    before = describe(lambda x: add(x))
    monkeypatch.setitem(globals(), "LIMIT", 4)
    assert describe(lambda x: add(x))["globals"] != before["globals"]


def test_what_contains_itself_is_described():
    loop = [1]
    loop.append(loop)
    assert describe(loop) == [1, "itself"]


def test_reading_a_table_does_not_change_its_description():
    table = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    before = describe(table)
    assert list(table["a"]) == [1, 2]
    assert describe(table) == before


@pytest.mark.parametrize("value", [(n for n in range(3)), np.array([{}]), itertools.count().__iter__])
def test_what_does_not_show_its_content_is_refused_or_told_by_name(value):
    if callable(value):
        assert "count" in json.dumps(describe(value))
    else:
        with pytest.raises(TypeError, match=r"give a function|give numbers"):
            describe(value)


SHOW = """
import json, sys
sys.path.insert(0, sys.argv[1])
from test_content import *
from helpers.images.transforms import standardise
from helpers.training.loop import ReduceOnPlateau, rise_and_fall
parts = [one for pair in DIFFERENT for one in pair] + [rise_and_fall(), ReduceOnPlateau(), standardise]
print(json.dumps([describe(part) for part in parts] + [describe({"a", "b", "c"})]))
"""


def test_descriptions_are_the_same_in_every_process():
    here = str(Path(__file__).parent)
    shown = {
        subprocess.run(
            [sys.executable, "-c", SHOW, here],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PATH": ""},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(shown) == 1


@pytest.mark.parametrize("form", ["sequential", "functional", "nested"])
def test_a_network_is_told_by_its_settings_and_not_by_the_names_that_keras_counts_up(form):
    from helpers.backend import keras

    def build(dropout, policy="float32"):
        images = keras.Input((4, 4, 1))
        layers = [keras.layers.Flatten(), keras.layers.Dense(3, dtype=policy), keras.layers.Dropout(dropout)]
        if form == "sequential":
            return keras.Sequential([images, *layers])
        x = keras.ops.add(images, 1.0)
        for layer in layers:
            x = layer(x)
        inner = keras.Model(images, keras.ops.relu(x))
        return keras.Sequential([keras.Input((4, 4, 1)), inner]) if form == "nested" else inner

    one = describe_architecture(build(0.1))
    assert describe_architecture(build(0.1)) == one
    assert describe_architecture(build(0.2)) != one
    assert describe_architecture(build(0.1, "mixed_bfloat16")) != one
    json.dumps(one)


def test_all_of_cifar10_is_hashed_well_within_a_second():
    images = np.zeros((50_000, 32, 32, 3), np.uint8)
    began = time.process_time()
    hash_array(images)
    assert time.process_time() - began < 1
