"""Pickles of de-nas: read without running anything, refused where they ask for more, rebuilt from numbers."""

import hashlib
import io
import os
import pickle
import sys

import pandas as pd
import pytest

from helpers.data import de_nas
from helpers.data.catalog import find_set

TINY = [
    [1, 0, 0.25, 10, "0/3/5/3 1 2 0/5/8/1 1", "5 4/2048/1024 1 5 4/1024/512 1 4/512/10"],
    [1, 1, 0.125, 20, "0/3/6/7 1 3", "5 4/1536/768 1 5 4/768/384 1 4/384/10"],
]


class Bomb:
    """Runs a command when it is unpickled."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


def make_individual(part_1, part_2, score):
    individual = de_nas.Individual()
    individual.part1, individual.part2, individual.score = part_1, part_2, score
    return individual


def pack(content, monkeypatch):
    monkeypatch.setattr(sys.modules["__main__"], "Individual", de_nas.Individual, raising=False)
    return pickle.dumps(content, protocol=4)


@pytest.fixture
def histories():
    rows = [[1, 1, 2.0, 30.0, 1.5, 40.0], [1, 2, 1.25, 50.5, 1.0, 60.25], [2, 1, 2.5, 10.0, 2.25, 12.5]]
    return pd.DataFrame(rows, columns=list(de_nas.HISTORY_COLUMNS))


def test_a_population_is_a_table(monkeypatch):
    parts = [(0, 3, 5, 3), (1,), (2,)], [(5,), (4, 1280, 640), (1,), (4, 640, 10)]
    content = pack([make_individual(*parts, {"accuracy": 0.25, "parameters": 7})], monkeypatch)
    table = de_nas.parse_population(content, 3)
    assert list(table.columns) == list(de_nas.POPULATION_COLUMNS)
    assert table.to_numpy().tolist() == [[3, 0, 0.25, 7, "0/3/5/3 1 2", "5 4/1280/640 1 4/640/10"]]


def test_a_history_counts_epochs_from_one():
    content = pickle.dumps({"train": [(2.0, 30.0), (1.0, 50.0)], "test": [(1.5, 40.0), (1.25, 45.0)]})
    table = de_nas.parse_history(content, 2)
    assert table.to_numpy().tolist() == [[2, 1, 2.0, 30.0, 1.5, 40.0], [2, 2, 1.0, 50.0, 1.25, 45.0]]


@pytest.mark.parametrize("parse", [de_nas.parse_population, de_nas.parse_history])
def test_a_file_that_would_run_a_command_is_refused(parse, tmp_path):
    made = tmp_path / "made"
    content = pickle.dumps([Bomb(f"touch {made}")])
    with pytest.raises(pickle.UnpicklingError, match=r"asks for \w+\.system; only numbers"):
        parse(content, 1)
    assert not made.exists()


@pytest.mark.parametrize("name", [b"builtins\neval", b"__main__\nBomb", b"helpers.data.de_nas\nIndividual"])
def test_every_other_name_is_refused(name):
    with pytest.raises(pickle.UnpicklingError, match="only numbers are read"):
        de_nas.parse_population(b"c" + name + b"\n.", 1)


@pytest.mark.parametrize("content", [[1, 2], {"train": []}, None, [("a", "b")]])
def test_other_content_is_refused_in_words(content):
    with pytest.raises(ValueError, match="this is not generation 4 of the de-nas authors"):
        de_nas.parse_population(pickle.dumps(content), 4)


def test_histories_of_unequal_length_are_refused():
    with pytest.raises(ValueError, match="not the history of model 1"):
        de_nas.parse_history(pickle.dumps({"train": [(1.0, 2.0)], "test": []}), 1)


def test_what_is_rebuilt_reads_back_as_itself(histories):
    later = [[2, 0, 0.5, 30, "0/3/6/7 1 2", TINY[1][5]], [2, 1, *TINY[0][2:]]]
    populations = pd.DataFrame([*TINY, *later], columns=list(de_nas.POPULATION_COLUMNS))
    packed = de_nas.rebuild(populations, histories)
    assert sorted(packed) == sorted([*map(de_nas.name_history, (1, 2)), *map(de_nas.name_population, (1, 2))])
    read = [de_nas.parse_population(packed[de_nas.name_population(n)], n) for n in (1, 2)]
    pd.testing.assert_frame_equal(pd.concat(read, ignore_index=True), populations)
    read = [de_nas.parse_history(packed[de_nas.name_history(n)], n) for n in (1, 2)]
    pd.testing.assert_frame_equal(pd.concat(read, ignore_index=True), histories)


def test_rebuilding_stores_shared_units_once_and_convolutions_each(histories):
    twice = pd.DataFrame([TINY[0], [1, 1, *TINY[0][2:]]], columns=list(de_nas.POPULATION_COLUMNS))
    content = de_nas.rebuild(twice, histories)[de_nas.name_population(1)]
    first, second = de_nas.PopulationUnpickler(io.BytesIO(content)).load()
    assert first.part1[1] is second.part1[1] is first.part2[2]  # ReLU
    assert first.part1[0] == second.part1[0] and first.part1[0] is not second.part1[0]


def test_the_catalogue_lists_the_files_that_are_read():
    names = [*map(de_nas.name_history, de_nas.MODELS), *map(de_nas.name_population, de_nas.GENERATIONS)]
    assert [file.name for file in find_set("de-nas").files] == names


def test_the_published_files_are_those_that_are_rebuilt():
    entry = find_set("de-nas")
    if not all(file.path.exists() for file in entry.files):
        pytest.skip("de-nas has not been fetched; run: course data fetch de-nas")
    populations, histories = de_nas.read_populations(), de_nas.read_histories()
    assert (len(populations), len(histories)) == (180, 430)
    packed = de_nas.rebuild(populations, histories)
    for file in entry.files:
        assert (len(packed[file.name]), hashlib.sha256(packed[file.name]).hexdigest()) == (
            file.size,
            file.sha256,
        )
