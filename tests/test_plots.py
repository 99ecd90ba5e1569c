import io

import numpy as np
import pandas as pd
import pytest
from IPython.utils.capture import capture_output
from PIL import Image

from helpers.plots import draw_bars, draw_dots, draw_images, draw_lines, draw_tradeoff, show

MODELS = pd.DataFrame(
    {
        "accuracy": [0.1, 0.6],
        "low": [0.09, 0.5],
        "high": [0.12, 0.7],
        "seconds": [0.01, 30],
        "kind": ["a", "b"],
    },
    index=["majority", "forest"],
)


def read_texts(figure) -> str:
    from matplotlib.text import Text

    return "\n".join(text.get_text() for text in figure.findobj(Text))


def test_images_stand_in_named_rows_of_different_length():
    rows = {"cat": np.zeros((3, 4, 4, 3), np.uint8), "dog": np.ones((1, 4, 4, 1), np.float32)}
    figure = draw_images(rows, title="Two rows")
    assert sum(len(axes.images) for axes in figure.axes) == 4
    assert {"Two rows", "cat", "dog"} <= set(read_texts(figure).split("\n"))


def test_bars_write_their_values():
    figure = draw_bars(pd.Series({"cat": 5000, "dog": 4999}), title="Even", axis="images", reference=5000)
    assert {"5,000", "4,999", "cat", "images"} <= set(read_texts(figure).split("\n"))


def test_dots_differ_in_marker_not_only_in_colour():
    figure = draw_dots(pd.DataFrame({"printed": [1, 2], "true": [2, 2]}), title="t", axis="a")
    markers = [dots.get_paths()[0].vertices.tobytes() for dots in figure.axes[0].collections[1:]]
    assert len(set(markers)) == 2


def test_each_line_has_a_marker_of_its_own_and_a_name():
    table = pd.DataFrame({"digits": [0.1, 0.9], "photographs": [0.2, 0.3]}, index=[0.001, 0.1])
    figure = draw_lines(table, title="t", across="rate", up="accuracy", logarithmic=True)
    lines = figure.axes[0].lines
    assert {line.get_label() for line in lines} == {"digits", "photographs"}
    assert len({line.get_marker() for line in lines}) == 2
    assert list(lines[0].get_ydata()) == [0.1, 0.9]
    assert figure.axes[0].get_xscale() == "log"


def test_tradeoff_names_every_model_and_uses_percent():
    figure = draw_tradeoff(MODELS, title="t", cost="seconds", groups="kind")
    assert {"majority", "forest", "accuracy (%)"} <= set(read_texts(figure).split("\n"))
    assert figure.axes[0].get_xscale() == "log"
    low, high = figure.axes[0].get_ylim()
    assert low < 9
    assert high > 70


def test_show_sends_the_picture_with_its_text(monkeypatch):
    sent = {}
    monkeypatch.setattr("helpers.plots.display", lambda data, **rest: sent.update(data=data, **rest))
    show(draw_bars(pd.Series({"a": 1.0}), title="t", axis="x"), alt="One bar.")
    assert sent["metadata"] == {"image/png": {"alt": "One bar."}}
    assert Image.open(io.BytesIO(sent["data"]["image/png"])).size[0] > 500


def test_a_figure_without_text_is_refused():
    with capture_output(), pytest.raises(ValueError, match="alternative text"):
        show(draw_bars(pd.Series({"a": 1.0}), title="t", axis="x"), alt=" ")
