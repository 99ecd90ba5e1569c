"""The files of the de-nas authors, populations and histories: pickles, read without running what they name.

A pickle can run any program when it is read. These are read with an unpickler that knows one class, which
does nothing, and refuses every other name. The set `de-nas` is optional: nothing else in the course needs it.
"""

import io
import pickle
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from helpers.data.catalog import find_set, read_verified

if TYPE_CHECKING:
    import pandas as pd

GENERATIONS = range(1, 10)
MODELS = (1, 2)
POPULATION_COLUMNS = (
    "generation", "place", "accuracy_after_10_epochs", "parameters", "units_of_part_1", "units_of_part_2"
)  # fmt: skip
HISTORY_COLUMNS = ("model", "epoch", "train_loss", "train_accuracy", "test_loss", "test_accuracy")
CONVOLUTION, RELU, MAX_POOL, AVERAGE_POOL, LINEAR, DROPOUT = range(6)  # first number of a unit


class Individual:
    """A network of a population: lists of units `part1` and `part2`, and `score`, accuracy and parameters."""


Individual.__module__ = "__main__"  # where the authors' notebook had it, and so where their files look for it


class PopulationUnpickler(pickle.Unpickler):
    """Reads a pickle of lists, dictionaries, numbers, texts and `Individual`; refuses every other name."""

    def find_class(self, module: str, name: str) -> type:
        """Return `Individual`.

        Raises:
            pickle.UnpicklingError: the file asks for anything else.
        """
        if (module, name) != ("__main__", "Individual"):
            raise pickle.UnpicklingError(f"the file asks for {module}.{name}; only numbers are read from it")
        return Individual


def parse_population(content: bytes, generation: int) -> "pd.DataFrame":
    """Read the file of one generation.

    Args:
        content: a pickle of a list of individuals, in the order of the file.
        generation: its number, for the table.

    Returns:
        A row an individual, with `POPULATION_COLUMNS`. The units of a part stand in one text, apart by
        spaces; a unit is its numbers, apart by slashes: 0/inputs/filters/kernel, 1 (ReLU), 2 (maximum
        pooling), 3 (average pooling), 4/inputs/outputs, 5 (dropout).

    Raises:
        pickle.UnpicklingError: the file asks for more than `Individual`.
        ValueError: it holds something else than individuals.
    """
    import pandas as pd

    def describe(individual: Individual) -> list[Any]:
        score = individual.score
        parts = (individual.part1, individual.part2)
        units = (" ".join("/".join(map(str, map(int, unit))) for unit in part) for part in parts)
        return [float(score["accuracy"]), int(score["parameters"]), *units]

    found = _read(content, lambda whole: [describe(one) for one in whole], f"generation {generation}")
    rows = [[generation, place, *row] for place, row in enumerate(found)]
    return pd.DataFrame(rows, columns=list(POPULATION_COLUMNS))


def parse_history(content: bytes, model: int) -> "pd.DataFrame":
    """Read what one training left.

    Args:
        content: a pickle of a dictionary with the lists `train` and `test` of pairs, loss and accuracy in per
            cent, one an epoch.
        model: its number, for the table.

    Returns:
        A row an epoch, from 1, with `HISTORY_COLUMNS`.

    Raises:
        pickle.UnpicklingError, ValueError: as `parse_population`.
    """
    import pandas as pd

    def join(whole: Mapping[str, Any]) -> list[list[float]]:
        return [[*map(float, (*a, *b))] for a, b in zip(whole["train"], whole["test"], strict=True)]

    rows = [
        [model, n, *row] for n, row in enumerate(_read(content, join, f"the history of model {model}"), 1)
    ]
    return pd.DataFrame(rows, columns=list(HISTORY_COLUMNS))


def _read(content: bytes, describe: Callable[[Any], list[Any]], what: str) -> list[Any]:
    whole = PopulationUnpickler(io.BytesIO(content)).load()
    try:
        return describe(whole)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"this is not {what} of the de-nas authors: {error}") from error


def name_population(generation: int) -> str:
    return f"populations/population-{generation}.bin"


def name_history(model: int) -> str:
    return f"history/model{model}_training_history.bin"


def read_populations() -> "pd.DataFrame":
    """Return all generations, every byte of their files checked; columns as of `parse_population`.

    Raises:
        FileNotFoundError: the set `de-nas` has not been fetched; the message ends with the command.
        ChecksumError: a byte is wrong.
    """
    import pandas as pd

    files = {file.name: file for file in find_set("de-nas").files}
    parts = [parse_population(read_verified(files[name_population(n)]), n) for n in GENERATIONS]
    return pd.concat(parts, ignore_index=True)


def read_histories() -> "pd.DataFrame":
    """Return both histories, every byte checked: columns of `parse_history`, errors of `read_populations`."""
    import pandas as pd

    files = {file.name: file for file in find_set("de-nas").files}
    parts = [parse_history(read_verified(files[name_history(n)]), n) for n in MODELS]
    return pd.concat(parts, ignore_index=True)


def rebuild(populations: "pd.DataFrame", histories: "pd.DataFrame") -> dict[str, bytes]:
    """Return the pickles that the authors' notebook would have written for these numbers, by file name.

    Where their SHA-256 is that of the catalogue, the tables hold the numbers of the published files, all of
    them and no others. A pickle stores an object once and refers to it afterwards, so the bytes also depend
    on which units were one object: in the notebook all pools, the ReLUs and dropouts of the random networks,
    and those of all others.

    Args:
        populations: with `POPULATION_COLUMNS`, the generations from the first on.
        histories: with `HISTORY_COLUMNS`.
    """
    packed = {}
    for model, rows in histories.groupby("model"):
        train = [*map(tuple, rows[["train_loss", "train_accuracy"]].to_numpy().tolist())]
        test = [*map(tuple, rows[["test_loss", "test_accuracy"]].to_numpy().tolist())]
        packed[name_history(model)] = pickle.dumps({"train": train, "test": test}, protocol=4)
    known = populations.drop(columns=["generation", "place"]).apply(tuple, axis=1)
    random = set(known[populations["generation"] == GENERATIONS[0]])
    for generation, rows in populations.groupby("generation"):
        shared: dict[tuple[Any, ...], tuple[int, ...]] = {}
        individuals = [_make(one, one in random, shared) for one in known[rows.index]]
        with patch.object(sys.modules["__main__"], "Individual", Individual, create=True):
            packed[name_population(generation)] = pickle.dumps(individuals, protocol=4)
    return packed


def _make(
    numbers: tuple[Any, ...], random: bool, shared: dict[tuple[Any, ...], tuple[int, ...]]
) -> Individual:
    accuracy, parameters, *parts = numbers

    def make_unit(text: str) -> tuple[int, ...]:
        unit = tuple(map(int, text.split("/")))
        if len(unit) > 1:
            return unit
        return shared.setdefault((unit, random and unit[0] in (RELU, DROPOUT)), unit)

    individual = Individual()
    individual.part1, individual.part2 = ([*map(make_unit, part.split())] for part in parts)
    individual.score = {"accuracy": float(accuracy), "parameters": int(parameters)}
    return individual
