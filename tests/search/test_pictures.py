import pandas as pd
import pytest

from helpers.search.genome import FAST, PAPER, parse
from helpers.search.pictures import draw_front, draw_networks, show_live

CANDIDATES = pd.DataFrame(
    {
        "genome": ["C1x1", "C2x1", "C3x1", "C4x1"],
        "status": ["ok", "ok", "ok", "crash"],
        "reason": ["", "", "", "it died"],
        "error": [0.5, 0.4, 0.6, None],
        "parameters": [100, 200, 300, 400],
        "batch": [0, 0, 1, 1],
    }
)


@pytest.mark.parametrize("style", [PAPER, FAST])
def test_a_network_is_a_row_of_boxes_as_high_as_its_images(style):
    genome = parse("C7x3 MP AP FC12" if style is PAPER else "C7x3 MP AP")
    figure = draw_networks({"one": genome, "two": parse("C2x1")}, title="t", style=style)
    first, second = figure.axes
    assert [box.get_height() for box in first.patches[:3]] == [1, 0.5, 0.25]
    texts = [text.get_text() for text in first.texts]
    assert texts[:6] == ["C7x3", "32x32x7", "MP", "16x16x7", "AP", "8x8x7"]
    assert len(first.patches) == len(genome)
    assert len(second.patches) == 1


def test_the_front_is_drawn_through_the_best():
    figure = draw_front(CANDIDATES, title="t", groups="batch")
    [axes] = figure.axes
    assert list(axes.lines[0].get_xdata()) == [100, 200]
    assert list(axes.lines[0].get_ydata()) == [0.5, 0.4]
    assert [len(points.get_offsets()) for points in axes.collections] == [2, 1]
    assert [text.get_text() for text in figure.legends[0].texts] == ["batch 0", "batch 1", "Pareto front"]


def test_the_live_table_shows_the_best(monkeypatch):
    shown = []

    class Place:
        def update(self, table):
            shown.append(table)

    monkeypatch.setattr("IPython.display.display", lambda *_, **__: Place())
    watch = show_live(rows=2, columns=["error", "parameters"])
    watch(CANDIDATES)
    assert list(shown[0].index) == ["C2x1", "C1x1"]
    assert shown[0].to_dict("index") == {
        "C2x1": {"error": 0.4, "parameters": 200},
        "C1x1": {"error": 0.5, "parameters": 100},
    }
    assert shown[0].index.name == "best of 3 ok, 1 crash"
