import io
import itertools

import numpy as np
import pandas as pd
import pytest
from IPython.utils.capture import capture_output
from PIL import Image

from helpers.figures.drawings import (
    draw_bars,
    draw_bundle,
    draw_captioned,
    draw_confusions,
    draw_dots,
    draw_folds,
    draw_images,
    draw_intervals,
    draw_learning_curves,
    draw_lines,
    draw_parallel,
    draw_reliability,
    draw_roc,
    draw_tradeoff,
    show,
)

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


@pytest.mark.parametrize("draw", [draw_lines, draw_dots, draw_tradeoff, draw_bundle])
@pytest.mark.parametrize("count", [9, 11, 40])
def test_no_series_is_dropped_and_no_two_look_alike(draw, count):
    table = pd.DataFrame({f"series {n}": [n, n + 1.0] for n in range(count)}, index=[1.0, 2.0])
    if draw is draw_lines:
        figure = draw(table, title="t", across="x", up="y")
    elif draw is draw_dots:
        figure = draw(table, title="t", axis="x")
    elif draw is draw_bundle:
        figure = draw(table, {name: name for name in table}, title="t", across="x", up="y")
    else:
        points = {"accuracy": 0.5, "low": 0.4, "high": 0.6, "seconds": 1.0}
        models = pd.DataFrame([points | {"kind": name} for name in table])
        figure = draw(models, title="t", cost="seconds", groups="kind")
    [axes] = figure.axes
    handles, labels = axes.get_legend_handles_labels()
    looks = {}
    for handle, label in zip(handles, labels, strict=True):
        line = handle[0] if isinstance(handle, tuple) else handle
        if hasattr(line, "get_marker"):
            looks[label] = line.get_color(), line.get_marker()
        else:
            looks[label] = tuple(line.get_facecolor()[0]), line.get_paths()[0].vertices.tobytes()
    looks.pop("0 others", None)
    assert set(looks) == set(table)
    assert len(set(looks.values())) == count


def test_more_series_than_can_be_told_apart_are_refused():
    table = pd.DataFrame([range(41)], columns=[f"series {n}" for n in range(41)])
    with pytest.raises(ValueError, match="41 series, but colours and markers for 40"):
        draw_lines(table, title="t", across="x", up="y")
    with pytest.raises(ValueError, match="3 series, but colours and markers for 2"):
        draw_dots(table.iloc[:, :3], title="t", axis="x", colours=["red", "blue"])


def test_a_model_without_a_group_is_drawn_too():
    models = MODELS.assign(kind=["a", None])
    figure = draw_tradeoff(models, title="t", cost="seconds", groups="kind")
    assert len(figure.axes[0].get_legend_handles_labels()[1]) == 2


@pytest.mark.parametrize("captions", [["one"], ["one", "two", "three"]])
def test_an_image_without_a_caption_is_refused(captions):
    with pytest.raises(ValueError, match=r"2 images, but \d captions"):
        draw_captioned(np.zeros((2, 4, 4, 1), np.uint8), captions, title="t")


def test_each_line_has_a_marker_of_its_own_and_a_name():
    table = pd.DataFrame({"digits": [0.1, 0.9], "photographs": [0.2, 0.3]}, index=[0.001, 0.1])
    figure = draw_lines(table, title="t", across="rate", up="accuracy", logarithmic=True)
    lines = figure.axes[0].lines
    assert {line.get_label() for line in lines} == {"digits", "photographs"}
    assert len({line.get_marker() for line in lines}) == 2
    assert list(lines[0].get_ydata()) == [0.1, 0.9]
    assert figure.axes[0].get_xscale() == "log"


@pytest.mark.parametrize("reach", [(1e-8, 0.1), (0.001, 1), (4e-4, 3), (5, 1000)])
def test_ticks_of_a_logarithmic_axis_do_not_collide(reach):
    figure = draw_lines(
        pd.DataFrame({"a": [1, 2]}, index=reach), title="t", across="x", up="y", logarithmic=True
    )
    figure.draw_without_rendering()
    low, high = figure.axes[0].get_xlim()
    ticks = [tick for tick in figure.axes[0].xaxis.get_major_ticks() if low <= tick.get_loc() <= high]
    boxes = [tick.label1.get_window_extent() for tick in ticks]
    assert len(boxes) >= 4
    assert all(left.x1 < right.x0 for left, right in itertools.pairwise(boxes))


def test_tradeoff_names_every_model_and_uses_percent():
    figure = draw_tradeoff(MODELS, title="t", cost="seconds", groups="kind")
    assert {"majority", "forest", "accuracy (%)"} <= set(read_texts(figure).split("\n"))
    assert figure.axes[0].get_xscale() == "log"
    figure.draw_without_rendering()
    assert {"0.1", "10"} <= set(read_texts(figure).split("\n"))
    low, high = figure.axes[0].get_ylim()
    assert low < 9
    assert high > 70


def test_show_sends_the_picture_with_its_text(monkeypatch):
    sent = {}
    monkeypatch.setattr(
        "helpers.figures.drawings.display", lambda data, **rest: sent.update(data=data, **rest)
    )
    show(draw_bars(pd.Series({"a": 1.0}), title="t", axis="x"), alt="One bar.")
    assert sent["metadata"] == {"image/png": {"alt": "One bar."}}
    assert Image.open(io.BytesIO(sent["data"]["image/png"])).size[0] > 500


def test_a_figure_without_text_is_refused():
    with capture_output(), pytest.raises(ValueError, match="alternative text"):
        show(draw_bars(pd.Series({"a": 1.0}), title="t", axis="x"), alt=" ")


HISTORY = pd.DataFrame(
    {
        "loss": [2.0, 1.0, 0.5],
        "accuracy": [0.3, 0.6, 0.8],
        "val_loss": [2.0, 1.5, 1.6],
        "val_accuracy": [0.3, 0.5, 0.4],
    },
    index=[1, 2, 3],
)


def test_learning_curves_mark_the_epoch_that_validation_chooses():
    figure = draw_learning_curves(HISTORY, title="t")
    assert {"best on validation: epoch 2", "training", "validation", "accuracy (%)", "epoch"} <= set(
        read_texts(figure).split("\n")
    )
    loss, accuracy = figure.axes
    assert [line.get_ydata()[0] for line in loss.lines[:2]] == [2, 2]
    assert accuracy.lines[1].get_ydata().tolist() == pytest.approx([30, 50, 40])
    assert set(loss.lines[2].get_xdata()) == {2}
    assert loss.lines[0].get_marker() != loss.lines[1].get_marker()


def test_learning_curves_without_validation_mark_nothing():
    figure = draw_learning_curves(HISTORY[["loss", "accuracy"]], title="t")
    assert [len(axes.lines) for axes in figure.axes] == [1, 1]


def test_confusions_show_counts_and_are_shaded_by_the_share_of_the_row():
    counts = pd.DataFrame([[1200, 0], [1, 3]], index=["cat", "dog"], columns=["cat", "dog"])
    figure = draw_confusions(counts, title="t")
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts == ["1,200", "", "1", "3"]
    shades = figure.axes[0].collections[0].get_array().ravel().tolist()
    assert shades == pytest.approx([100, 0, 25, 75])
    assert {"true class", "predicted class"} <= set(read_texts(figure).split("\n"))


def test_confusions_of_a_class_without_images_stay_blank():
    counts = pd.DataFrame([[2, 0], [0, 0]], index=["cat", "dog"], columns=["cat", "dog"])
    assert draw_confusions(counts, title="t").axes[0].collections[0].get_array().ravel().tolist()[2:] == [
        0,
        0,
    ]


def test_roc_names_the_best_and_the_worst_class():
    curves = pd.DataFrame({"cat": [0, 0.5, 1], "dog": [0.5, 1, 1], "ship": [1, 1, 1.0]}, index=[0, 0.5, 1])
    areas = pd.Series({"cat": 0.5, "dog": 0.875, "ship": 1.0})
    figure = draw_roc(curves, areas, title="t")
    assert {"mean of all classes, area 0.792", "largest: ship, 1.000", "smallest: cat, 0.500"} <= set(
        read_texts(figure).split("\n")
    )
    named = {line.get_label().split(":")[0]: line for line in figure.axes[0].lines}
    assert named["mean of all classes, area 0.792"].get_ydata().tolist() == pytest.approx([50, 250 / 3, 100])
    assert named["smallest"].get_ydata().tolist() == [0, 50, 100]
    assert named["smallest"].get_marker() != named["largest"].get_marker()


def test_reliability_sets_accuracy_over_confidence_and_writes_the_counts():
    bins = pd.DataFrame(
        {"images": [4, 1200], "confidence": [0.55, 0.9], "accuracy": [0.75, 0.8], "low": [0.3, 0.78]}
    ).assign(high=[0.95, 0.82])
    figure = draw_reliability(bins, title="t")
    assert {"4", "1,200", "confidence (%)", "accuracy (%), with 95 % interval"} <= set(
        read_texts(figure).split("\n")
    )
    line, _, [bars] = figure.axes[0].containers[0]
    assert line.get_xydata().ravel().tolist() == pytest.approx([55, 75, 90, 80])
    assert np.ravel(bars.get_segments()).tolist() == pytest.approx([55, 30, 55, 95, 90, 78, 90, 82])


def test_intervals_are_drawn_around_the_value():
    table = pd.DataFrame({"recall": [0.5], "recall_low": [0.4], "recall_high": [0.7]}, index=["cat"])
    figure = draw_intervals(table, "recall", title="t", interval="range of 3 seeds", reference=0.1)
    assert {"cat", "50.0", "recall (%), with range of 3 seeds"} <= set(read_texts(figure).split("\n"))
    [bar], [reach] = figure.axes[0].patches, figure.axes[0].collections
    assert bar.get_width() == 50
    assert reach.get_segments()[0][:, 0].tolist() == pytest.approx([40, 70])
    assert figure.axes[0].lines[-1].get_xdata() == [10, 10]


def test_folds_are_rings_and_their_mean_a_diamond_with_its_interval():
    scores = pd.DataFrame({"once": [0.4, np.nan], "printed": [0.6, 0.7], "fresh": [0.5, 0.5]})
    ends = {"once": None, "printed": (0.55, 0.70), "fresh": (0.5, 0.5)}
    figure = draw_folds(scores, ends, title="t", axis="accuracy", interval="interval over folds")
    texts = {"once", "40.0", "printed", "65.0", "fresh", "50.0", "accuracy (%)", "one fold"}
    assert texts | {"mean, with interval over folds"} <= set(read_texts(figure).split("\n"))
    axes = figure.axes[0]
    rings = [part for part in axes.collections if len(part.get_offsets()) == 2]
    assert [60, 70] in [ring.get_offsets()[:, 0].tolist() for ring in rings]
    once, printed, _ = axes.containers
    assert once[0].get_marker() == printed[0].get_marker() == "D"
    assert once[2] == (), "a single fold has no interval over folds"
    assert printed[2][0].get_segments()[0][:, 0].tolist() == pytest.approx([55, 70])


def test_folds_without_any_interval_are_refused():
    with pytest.raises(ValueError, match="no procedure has an interval"):
        draw_folds(pd.DataFrame({"once": [0.4]}), {"once": None}, title="t", axis="a", interval="i")


def test_a_bundle_names_a_few_lines_and_counts_the_others():
    curves = pd.DataFrame(np.arange(12).reshape(3, 4), index=[1, 2, 3], columns=list("abcd"))
    figure = draw_bundle(curves, {"b": "best"}, title="t", across="epoch", up="accuracy (%)")
    assert {"best", "3 others", "epoch"} <= set(read_texts(figure).split("\n"))
    thick = [line for line in figure.axes[0].lines if line.get_linewidth() > 2]
    assert [list(line.get_ydata()) for line in thick] == [[1, 5, 9]]


def test_parallel_coordinates_name_each_value_and_put_the_best_highest():
    table = pd.DataFrame({"units": [64, 128, 64], "kind": ["a", None, "b"], "score": [0.1, 0.5, 0.3]})
    figure = draw_parallel(table, title="t", best=1)
    assert {"64", "128", "a", "b", "none", "10.0 %", "50.0 %", "kind"} <= set(read_texts(figure).split("\n"))
    [thick] = [line for line in figure.axes[0].lines if line.get_linewidth() > 2]
    units, kind, score = thick.get_ydata()
    assert (round(units), round(kind), score) == (1, 0, 1)


def test_every_image_has_its_caption_and_the_last_line_may_be_short():
    images = np.zeros((4, 8, 8, 1), np.uint8)
    figure = draw_captioned(images, ["a", "b", "c", "d"], title="t", columns=3)
    assert [axes.get_title() for axes in figure.axes] == ["a", "b", "c", "d", "", ""]
    assert [len(axes.images) for axes in figure.axes] == [1, 1, 1, 1, 0, 0]
    assert len(draw_captioned(images[:0], [], title="none").axes) == 6
