"""Lesson 30 compares whatever is registered in OPTIMISERS, as CONTRIBUTING promises."""

import json
from time import process_time

import numpy as np
import pandas as pd
import pytest

from helpers.course.lessons import find_lesson
from helpers.figures import drawings
from helpers.results import load_result
from helpers.search.driver import Budget, search
from helpers.search.optimisers import OPTIMISERS, RandomSearch
from helpers.search.tables import Table, make_table

CELLS = ("30-52", "30-53", "30-54", "30-56", "30-57")  # the races, their tables and their figures


@pytest.fixture
def lesson():
    """The names that those cells use, with one optimiser more than are registered."""
    alternatives, tables = [], {}

    def show(figure, alt):
        alternatives.append((figure, alt))

    return {
        "OPTIMISERS": OPTIMISERS | {"sixth": type("Sixth", (RandomSearch,), {})},
        "alternatives": alternatives,
        "tables": tables,
        "recorded": load_result("evolved_architectures"),
        "trained": [],
        "trained_budget": 20,
        "table_seeds": 2,
        "seed": 0,
        "show": show,
        "display": lambda table: tables.update(shown=table),
        "record": lambda *_, **__: None,
        "record_table": tables.__setitem__,
        **{"draw_dots": drawings.draw_dots, "draw_lines": drawings.draw_lines, "process_time": process_time},
        **{"Budget": Budget, "Table": Table, "make_table": make_table, "search": search},
        **{"np": np, "pd": pd},
    }


def test_the_lesson_takes_one_optimiser_more(lesson):
    notebook = json.loads(find_lesson(30).path.read_text(encoding="utf-8"))
    sources = {cell["id"]: "".join(cell["source"]) for cell in notebook["cells"]}
    for cell in CELLS:
        exec(compile(sources[cell], cell, "exec"), lesson)
    for name in ("regrets", "regrets_on_real"):
        assert list(lesson["tables"][name].index) == list(lesson["OPTIMISERS"])
    (curves, alt), (dots, other_alt) = lesson["alternatives"]
    assert len(curves.axes[0].get_lines()) == len(lesson["OPTIMISERS"])
    assert "sixth" in alt and "sixth" in other_alt
    assert "sixth" in [label.get_text() for label in dots.axes[0].get_yticklabels()]
