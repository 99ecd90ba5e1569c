"""What follows from the files of the de-nas authors: their populations, and the histories of two trainings.

Only what follows is recorded, such as medians and counts; the numbers themselves are the authors', who state
no licence.
"""

import hashlib

import numpy as np
import pandas as pd

from helpers.data.catalog import find_set
from helpers.data.de_nas import (
    AVERAGE_POOL,
    CONVOLUTION,
    DROPOUT,
    LINEAR,
    MAX_POOL,
    RELU,
    read_histories,
    read_populations,
    rebuild,
)
from helpers.results import record, record_table

CHANCE = 0.105  # accuracy on 10,000 images up to which a network of ten classes counts as guessing
DRAWN = 9  # networks of generation 9 that the authors' plotting notebook draws
PLACES = {"Model 1": 0, "Model 2": 7}  # in generation 9, by the authors' training notebook
PART_2 = [DROPOUT, LINEAR, RELU, DROPOUT, LINEAR, RELU, LINEAR]


def run() -> None:
    """Read the authors' files and record what follows from them."""
    populations, histories = read_populations(), read_histories()
    wanted = {file.name: file.sha256 for file in find_set("de-nas").files}
    found = {name: hashlib.sha256(one).hexdigest() for name, one in rebuild(populations, histories).items()}
    record("files", len(wanted), unit="count")
    record("files_rebuilt", sum(found.get(name) == one for name, one in wanted.items()), unit="count")
    networks = describe(populations)
    record_table("generations", summarise(networks))
    record_table("properties", check_properties(networks))
    record_draws(networks[networks["generation"] == 1])
    record_order(networks[networks["generation"] == 1])
    record_repeats(networks)
    record_table("models", compare_models(networks[networks["generation"] == 9]))
    record_table("trainings", summarise_trainings(histories))


def describe(populations: pd.DataFrame) -> pd.DataFrame:
    """Return the populations with units as tuples, `layers` those of part 1 without ReLU, and the error."""

    def split(part: str) -> list[tuple[int, ...]]:
        return [tuple(map(int, unit.split("/"))) for unit in part.split()]

    both = {name: populations[f"units_of_{name}"].map(split) for name in ("part_1", "part_2")}
    accuracy = populations["accuracy_after_10_epochs"]
    networks = populations.assign(accuracy=accuracy, error=1 - accuracy, **both)
    networks["layers"] = networks["part_1"].map(lambda part: [unit for unit in part if unit[0] != RELU])
    return networks


def _count(layers: list[tuple[int, ...]], *kinds: int) -> int:
    return sum(unit[0] in kinds for unit in layers)


def _identify(networks: pd.DataFrame) -> pd.Series:
    """Return what makes an individual: its network and the result of its training."""
    return networks[["units_of_part_1", "parameters", "accuracy"]].apply(tuple, axis=1)


def summarise(networks: pd.DataFrame) -> pd.DataFrame:
    """Return a row a generation: how good, how large and how long its networks are."""
    rows, before = {}, set()
    for number, part in networks.groupby("generation"):
        alive = set(_identify(part))
        lengths = part["layers"].map(len)
        rows[number] = {
            "networks": len(part),
            "new": len(alive - before),
            "mean accuracy": part["accuracy"].mean(),
            "best accuracy": part["accuracy"].max(),
            "median error": part["error"].median(),
            "mean parameters": part["parameters"].mean(),
            "median parameters": part["parameters"].median(),
            "fewest parameters": part["parameters"].min(),
            "most parameters": part["parameters"].max(),
            "at chance": (part["accuracy"] <= CHANCE).sum(),
            "shortest": lengths.min(),
            "longest": lengths.max(),
            "shorter than 7": (lengths < 7).sum(),
            "most pools": part["layers"].map(lambda one: _count(one, MAX_POOL, AVERAGE_POOL)).max(),
            "widest": part["layers"].map(lambda one: max(unit[2] for unit in one if len(unit) > 1)).max(),
        }
        before = alive
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("generation")


def check_properties(networks: pd.DataFrame) -> pd.DataFrame:
    """Return in how many of the stored networks what the paper says of all of them is so."""
    of_part_1 = {CONVOLUTION, RELU, MAX_POOL, AVERAGE_POOL}
    checks = {
        "part 1 has convolutions and pools": lambda one: {unit[0] for unit in one.part_1} <= of_part_1,
        "part 2 has linear layers, ReLU and dropout": lambda one: [u[0] for u in one.part_2] == PART_2,
        "first layer is a convolution": lambda one: one.part_1[0][0] == CONVOLUTION,
        "ReLU after each convolution and nowhere else": _has_relus,
        "inputs are the outputs of the layer before": _is_chain,
        "part 2 halves twice, to no fewer than 10": lambda one: _halves(
            [u for u in one.part_2 if u[0] == LINEAR]
        ),
        "at most four pools": lambda one: _count(one.layers, MAX_POOL, AVERAGE_POOL) <= 4,
        "at most 256 filters": lambda one: max(u[2] for u in one.layers if u[0] == CONVOLUTION) <= 256,
        "kernels of 1, 3, 5 or 7": lambda one: {u[3] for u in one.layers if len(u) == 4} <= {1, 3, 5, 7},
        "7 to 15 layers in part 1": lambda one: 7 <= len(one.layers) <= 15,
        "parameters are those of the layers": lambda one: _count_parameters(one) == one.parameters,
    }
    holds = {name: sum(map(check, networks.itertuples())) for name, check in checks.items()}
    table = pd.DataFrame({"networks": holds, "of": len(networks)})
    first = networks["generation"] == 1
    known = {unit[2:] for layers in networks.loc[first, "layers"] for unit in layers}
    later = networks.loc[~first, "layers"]
    no_new = sum(all(unit[2:] in known for unit in layers) for layers in later)
    table.loc["filters and kernels all from generation 1"] = [no_new, len(later)]
    return table.rename_axis("property")


def _has_relus(network) -> bool:
    followed = [
        b[0] == RELU
        for a, b in zip(network.part_1, [*network.part_1[1:], (None,)], strict=True)
        if len(a) == 4
    ]
    return all(followed) and _count(network.part_1, RELU) == len(followed)


def _is_chain(network) -> bool:
    convolutions = [unit for unit in network.layers if unit[0] == CONVOLUTION]
    dense = [unit for unit in network.part_2 if unit[0] == LINEAR]
    side = 32 // 2 ** _count(network.layers, MAX_POOL, AVERAGE_POOL)
    inputs = [unit[1] for unit in (*convolutions, *dense)]
    outputs = [3, *(unit[2] for unit in convolutions)]
    outputs[-1] *= side * side  # flattened
    return inputs == [*outputs, *(unit[2] for unit in dense[:-1])]


def _halves(dense: list[tuple[int, ...]]) -> bool:
    return all(unit[2] == max(10, unit[1] // 2) for unit in dense[:-1])


def _count_parameters(network) -> int:
    convolutions = sum(u[1] * u[2] * u[3] ** 2 + u[2] for u in network.part_1 if u[0] == CONVOLUTION)
    return convolutions + sum(u[1] * u[2] + u[2] for u in network.part_2 if u[0] == LINEAR)


def record_draws(first: pd.DataFrame) -> None:
    """Record what was drawn for random networks after their first layer, while a pool was still allowed."""
    free = {CONVOLUTION: 0, MAX_POOL: 0, AVERAGE_POOL: 0}
    for layers in first["layers"]:
        pools = 0
        for unit in layers[1:]:
            if pools == 4:
                break
            free[unit[0]] += 1
            pools += unit[0] != CONVOLUTION
    for name, kind in {
        "convolutions": CONVOLUTION,
        "max_pools": MAX_POOL,
        "average_pools": AVERAGE_POOL,
    }.items():
        record(f"drawn_{name}", free[kind], unit="count")


def record_order(first: pd.DataFrame) -> None:
    """Record how many neighbours of the first population stand in the order of their scores.

    Only there the pool, in which the score is scaled, is known: of later ones the networks that did not
    survive are missing.
    """
    ordered = first.sort_values("place")
    raw = 0.7 * ordered["error"] + 0.3 * ordered["parameters"]
    record("neighbours", len(ordered) - 1, unit="count")
    for name, score in {"score": _score(ordered), "raw_score": raw}.items():
        record(f"neighbours_by_{name}", int((score.diff().iloc[1:] >= 0).sum()), unit="count")


def record_repeats(networks: pd.DataFrame) -> None:
    """Record how much the accuracy of one network differs where the search trained it more than once."""
    trained = networks[~_identify(networks).duplicated()]
    groups = trained.groupby("units_of_part_1")["accuracy"]
    spread = groups.agg(["size", "var", "min", "max"]).query("size > 1")
    freedom = spread["size"] - 1
    record("trainings", len(trained), unit="count")
    record("networks", len(groups), unit="count")
    record("repeated_networks", len(spread), unit="count")
    record("repeated_trainings", int(spread["size"].sum()), unit="count")
    record("repeat_deviation", float(np.sqrt((spread["var"] * freedom).sum() / freedom.sum())))
    record("repeat_range", float((spread["max"] - spread["min"]).max()))


def compare_models(last: pd.DataFrame) -> pd.DataFrame:
    """Return what the two published models are in the last generation, and what they pay for their size."""
    ordered = last.sort_values("place")
    best, smallest = ordered["accuracy"].idxmax(), ordered["parameters"].idxmin()
    record("best_of_last_parameters", ordered.loc[best, "parameters"], unit="count")
    record("best_of_last_place", ordered.loc[best, "place"] + 1, unit="count")
    record("smallest_of_last_accuracy", ordered.loc[smallest, "accuracy"], unit="fraction")
    record("first_two_differ", abs(ordered["accuracy"].iloc[0] - ordered["accuracy"].iloc[1]))
    without = ordered[ordered["parameters"] < ordered["parameters"].max()]
    record("first_of_all_parameters", ordered.loc[_score(ordered).idxmin(), "parameters"], unit="count")
    record(
        "first_without_largest_parameters", without.loc[_score(without).idxmin(), "parameters"], unit="count"
    )
    rows = {}
    for name, place in PLACES.items():
        model = ordered.iloc[place]
        drawn = ordered.iloc[:DRAWN]
        rows[name] = {
            "place": place + 1,
            "accuracy": model["accuracy"],
            "parameters": model["parameters"],
            "better": (ordered["accuracy"] > model["accuracy"]).sum(),
            "smaller": (ordered["parameters"] < model["parameters"]).sum(),
            "better of the first nine": (drawn["accuracy"] > model["accuracy"]).sum(),
            "smaller of the first nine": (drawn["parameters"] < model["parameters"]).sum(),
            "paid for parameters": 0.3 * _scale(ordered["parameters"])[model.name],
            "paid without the largest": 0.3 * _scale(without["parameters"])[model.name],
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("model")


def _scale(values: pd.Series) -> pd.Series:
    return (values - values.min()) / (values.max() - values.min())


def _score(networks: pd.DataFrame) -> pd.Series:
    return 0.7 * _scale(networks["error"]) + 0.3 * _scale(networks["parameters"])


def summarise_trainings(histories: pd.DataFrame) -> pd.DataFrame:
    """Return a row a model: its test accuracy in per cent after some epochs, and where it was highest."""
    rows = {}
    for number, history in histories.groupby("model"):
        test = history.set_index("epoch")["test_accuracy"]
        train = history.set_index("epoch")["train_accuracy"]
        after = {
            f"after {epoch}": test.get(epoch) for epoch in (1, 10, 50, 100, 180, 185, 200, 205, 211, 230)
        }
        rows[f"Model {number}"] = {
            "epochs": len(test),
            "best": test.max(),
            "best at": ", ".join(map(str, test.index[test == test.max()])),
            "best of 200": test.loc[:200].max(),
            "best of 200 at": ", ".join(map(str, test.index[:200][test.loc[:200] == test.loc[:200].max()])),
            "88.53 at": ", ".join(map(str, test.index[test == 88.53])),
            "last": test.iloc[-1],
            "test above train": (test > train).sum(),
            "train after 200": train.get(200),
        } | after
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("model")
