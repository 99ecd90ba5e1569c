"""What follows from the authors' files, on populations small enough to count by hand."""

import json

import pandas as pd
import pytest

from helpers.data.de_nas import HISTORY_COLUMNS, POPULATION_COLUMNS
from helpers.experiments import de_nas_files as files
from helpers.results import read_record

# 3 x 5 x 9 + 5 = 140; one pool, so 16 x 16 x 5 = 1280 features: 1280 x 640 + 640, and so on
ONE = (140 + 819_840 + 205_120 + 3_210, "0/3/5/3 1 2", "5 4/1280/640 1 5 4/640/320 1 4/320/10")
# ... and a second convolution: 5 x 8 x 1 + 8 = 48; no pool: 32 x 32 x 8 = 8192 features
TWO = (
    140 + 48 + 33_558_528 + 8_390_656 + 20_490,
    "0/3/5/3 1 0/5/8/1 1",
    "5 4/8192/4096 1 5 4/4096/2048 1 4/2048/10",
)


def make_networks(*rows):
    whole = [[generation, place, accuracy, *network] for generation, place, accuracy, network in rows]
    return files.describe(pd.DataFrame(whole, columns=list(POPULATION_COLUMNS)))


@pytest.fixture
def networks():
    return make_networks((1, 0, 0.30, ONE), (1, 1, 0.10, TWO), (2, 0, 0.40, ONE), (2, 1, 0.30, ONE))


@pytest.fixture
def recorded(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_RUN_DIR", str(tmp_path))
    return lambda: read_record(tmp_path / "record.jsonl")


def test_a_generation_is_summed_up(networks):
    table = files.summarise(networks)
    assert list(table["new"]) == [2, 1]
    assert list(table["at chance"]) == [1, 0]
    assert list(table["median error"]) == pytest.approx([0.8, 0.65])
    assert list(table["fewest parameters"]) == [1_028_310] * 2
    assert list(table["shortest"]) == list(table["longest"]) == [2, 2]
    assert list(table["most pools"]) == [1, 1]
    assert list(table["widest"]) == [8, 5]


def test_properties_count_the_networks_that_have_them(networks):
    table = files.check_properties(networks)
    assert table.loc["7 to 15 layers in part 1"].tolist() == [0, 4]
    assert table.loc["filters and kernels all from generation 1"].tolist() == [2, 2]
    assert set(table.drop("7 to 15 layers in part 1").eval("networks == of")) == {True}


@pytest.mark.parametrize(
    ("changed", "broken"),
    [
        ((ONE[0] + 1, *ONE[1:]), "parameters are those of the layers"),
        ((ONE[0], "2 0/3/5/3 1", ONE[2]), "first layer is a convolution"),
        ((ONE[0], "0/3/5/3 2 1", ONE[2]), "ReLU after each convolution and nowhere else"),
        ((ONE[0], "0/4/5/3 1 2", ONE[2]), "inputs are the outputs of the layer before"),
        ((ONE[0], ONE[1], ONE[2].replace("640", "630")), "part 2 halves twice, to no fewer than 10"),
        ((ONE[0], ONE[1] + " 2 2 2 3", ONE[2]), "at most four pools"),
        ((ONE[0], "0/3/257/3 1 2", ONE[2]), "at most 256 filters"),
        ((ONE[0], "0/3/5/2 1 2", ONE[2]), "kernels of 1, 3, 5 or 7"),
        ((ONE[0], ONE[1], ONE[2] + " 1"), "part 2 has linear layers, ReLU and dropout"),
    ],
)
def test_a_network_without_a_property_is_not_counted(changed, broken):
    table = files.check_properties(make_networks((1, 0, 0.3, ONE), (1, 1, 0.3, changed)))
    assert table.loc[broken].tolist() == [1, 2]


def test_draws_count_until_no_pool_is_allowed(recorded):
    long = (1, "0/3/5/3 1 2 0/5/6/3 1 3 2 2 0/6/7/3 1 0/7/8/3 1", ONE[2])
    files.record_draws(make_networks((1, 0, 0.1, long), (1, 1, 0.1, TWO)))
    values = recorded().values
    assert [values[f"drawn_{name}"]["value"] for name in ("convolutions", "max_pools", "average_pools")] == [
        2,
        3,
        1,
    ]


def test_the_first_population_is_ordered_by_a_score(recorded):
    # scaled errors 0, 0.5, 1 and sizes 1, 0, 0.1: scores 0.3, 0.35, 0.73; unscaled the size alone decides
    rows = [(1, n, one, (size, *ONE[1:])) for n, (one, size) in enumerate([(0.5, 110), (0.4, 10), (0.3, 20)])]
    files.record_order(make_networks(*rows))
    values = recorded().values
    names = ("neighbours", "neighbours_by_score", "neighbours_by_raw_score")
    assert [values[name]["value"] for name in names] == [2, 2, 1]


def test_repeats_are_trainings_and_not_survivals(recorded):
    rows = [(1, 0, 0.30, ONE), (1, 1, 0.10, TWO), (2, 0, 0.34, ONE), (2, 1, 0.30, ONE), (3, 0, 0.34, ONE)]
    files.record_repeats(make_networks(*rows))
    values = {name: one["value"] for name, one in recorded().values.items()}
    assert (values["trainings"], values["networks"]) == (3, 2)
    assert (values["repeated_networks"], values["repeated_trainings"]) == (1, 2)
    assert values["repeat_range"] == pytest.approx(0.04)
    assert values["repeat_deviation"] == pytest.approx(0.04 / 2**0.5)


def test_models_are_ranked_and_pay_for_their_size(recorded):
    sizes = [40, 10, 20, 30, 50, 60, 70, 20, 90, 1010, 10]
    accuracies = [0.5, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.3, 0.4, 0.6, 0.2]
    rows = [
        (9, n, one, (size, *ONE[1:])) for n, (one, size) in enumerate(zip(accuracies, sizes, strict=True))
    ]
    table = files.compare_models(make_networks(*rows))
    assert table["better"].tolist() == [1, 9]
    assert table["smaller"].tolist() == [5, 2]
    assert table["better of the first nine"].tolist() == [0, 8]
    assert table["smaller of the first nine"].tolist() == [4, 1]
    assert table["paid for parameters"].tolist() == pytest.approx([0.3 * 0.03, 0.3 * 0.01])
    assert table["paid without the largest"].tolist() == pytest.approx([0.3 * 3 / 8, 0.3 / 8])
    assert recorded().values["best_of_last_parameters"]["value"] == 1010


def test_a_training_is_summed_up():
    rows = [
        [2, n + 1, 1.0, 50.0, 1.0, test] for n, test in enumerate([10.0, 88.53, 60.0] + [40.0] * 197 + [90.0])
    ]
    table = files.summarise_trainings(pd.DataFrame(rows, columns=list(HISTORY_COLUMNS)))
    row = table.loc["Model 2"]
    assert (row["epochs"], row["best"], row["best at"]) == (201, 90.0, "201")
    assert (row["best of 200"], row["best of 200 at"], row["88.53 at"]) == (88.53, "2", "2")
    assert (row["last"], row["after 200"], row["test above train"]) == (90.0, 40.0, 3)
    assert pd.isna(row["after 205"])


def test_a_run_records_few_tables(monkeypatch, recorded):
    pairs = [(place, ([ONE, TWO][place % 2][0] + place, *ONE[1:])) for place in range(10)]
    networks = [[n, place, 0.1 * place, *one] for n in range(1, 10) for place, one in pairs]
    epochs = [[model, n, 1.0, 50.0, 1.0, 40.0 + n] for model in (1, 2) for n in range(1, 4)]
    populations = pd.DataFrame(networks, columns=list(POPULATION_COLUMNS))
    histories = pd.DataFrame(epochs, columns=list(HISTORY_COLUMNS))
    monkeypatch.setattr(files, "read_populations", lambda: populations)
    monkeypatch.setattr(files, "read_histories", lambda: histories)
    files.run()
    result = recorded()
    assert result.values["files_rebuilt"]["value"] == 0, "these are not the authors' numbers"
    assert set(result.tables) == {"generations", "properties", "models", "trainings"}
    assert len(json.dumps(result.tables)) < 20_000
