"""Draw figures: each function returns a Matplotlib figure; `show` displays one with its alternative text.

A title states the finding, axes have units, and categories never differ in colour alone: they also differ in
marker, or are labelled directly.
"""

import io
import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogLocator, NullLocator

COLOURS = sns.color_palette("colorblind").as_hex()
MARKERS = "oDs^vP*X"
GREY = "#595959"


def show(figure: Figure, alt: str) -> None:
    """Display a figure in the notebook, with alternative text for readers who cannot see it.

    Args:
        figure: what a `draw_...` function returned.
        alt: one or two sentences with the finding and its numbers, composed from variables.

    Raises:
        ValueError: `alt` is empty.
    """
    if not alt.strip():
        raise ValueError("a figure needs alternative text; say in a sentence what is to be seen")
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=120, metadata={"Software": None})
    display(
        {"image/png": picture.getvalue(), "text/plain": alt},
        metadata={"image/png": {"alt": alt}},
        raw=True,
    )


def start_figure(title: str, width: float, height: float, rows: int = 1, columns: int = 1) -> tuple:
    """Return a figure in the course's style, width and height in inches, and its axes (rows, columns)."""
    with sns.axes_style("whitegrid", {"axes.edgecolor": "#cccccc", "font.sans-serif": ["DejaVu Sans"]}):
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False)
    figure.suptitle(title, x=0.01, ha="left", fontsize=12)
    return figure, axes


def make_logarithmic(axes: Axes) -> None:
    """Make the horizontal axis logarithmic, with ticks such as 0.05, 200 and 1k.

    Call it after drawing, since the ticks depend on the range: over more than three powers of ten, ticks
    between the powers would overlap.
    """
    short = EngFormatter(sep="")
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high <= 1000 * low else (1,), numticks=20))
    axes.xaxis.set_major_formatter(lambda value, _: short(value) if value >= 1000 else f"{value:g}")
    axes.xaxis.set_minor_locator(NullLocator())


def _name_rows(axes: Axes, names: list[str]) -> np.ndarray:
    """Write category names on the vertical axis, the first on top; return their positions, (names,)."""
    places = np.arange(len(names))
    axes.set_yticks(places, names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    return places


def _style(count: int, colours: Sequence[str] = COLOURS) -> tuple[list[str], list[str]]:
    """Return colours and markers for `count` series; no two series have the same colour and marker.

    Raises:
        ValueError: more series than pairs of colour and marker, or than the colours given.
    """
    most = math.lcm(len(COLOURS), len(MARKERS)) if colours is COLOURS else len(colours)
    if count > most:
        raise ValueError(f"{count} series, but colours and markers for {most}; draw fewer, or give colours")
    return (
        list(itertools.islice(itertools.cycle(colours), count)),
        list(itertools.islice(itertools.cycle(MARKERS), count)),
    )


def draw_images(rows: Mapping[str, np.ndarray], *, title: str, size: float = 0.75) -> Figure:
    """Draw images in rows, each row with its name on the left.

    Args:
        rows: name -> (N, H, W, 1 or 3) uint8 or float in 0..1; N may differ between rows.
        title: the finding.
        size: side of one image in inches.
    """
    columns = max(len(images) for images in rows.values())
    figure, grid = start_figure(title, size * columns + 1.3, size * len(rows) + 0.4, len(rows), columns)
    for line, (name, images) in zip(grid, rows.items(), strict=True):
        for axes in line:
            axes.set_axis_off()
        for axes, image in zip(line, images, strict=False):
            axes.imshow(image.squeeze(), cmap="gray", vmin=0, vmax=255 if image.dtype == np.uint8 else 1)
        line[0].text(-0.15, 0.5, name, transform=line[0].transAxes, ha="right", va="center", fontsize=10)
    return figure


def draw_bars(values: pd.Series, *, title: str, axis: str, reference: float | None = None) -> Figure:
    """Draw a horizontal bar for each category, with its value written at the end.

    Args:
        values: category -> number, at least 0.
        title: the finding.
        axis: what the numbers are, with their unit.
        reference: a value to compare with, drawn as a dashed line.
    """
    figure, [[axes]] = start_figure(title, 7.0, 0.32 * len(values) + 1.1)
    places = _name_rows(axes, [str(name) for name in values.index])
    bars = axes.barh(places, values.to_numpy(), color=COLOURS[0], height=0.7)
    axes.bar_label(
        bars,
        fmt="{:,.4g}",
        padding=4,
        fontsize=9,
        color=GREY,
        zorder=3,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
    )
    if reference is not None:
        axes.axvline(reference, color="black", linestyle="--", linewidth=1)
    axes.set_xlabel(axis)
    axes.margins(x=0.12)
    return figure


def draw_dots(table: pd.DataFrame, *, title: str, axis: str, colours: Sequence[str] = COLOURS) -> Figure:
    """Draw the numbers of a table as dots: one line for each row, one marker for each column.

    Args:
        table: one row for each category, one numeric column for each series.
        title: the finding.
        axis: what the numbers are, with their unit.
        colours: one for each column.
    """
    figure, [[axes]] = start_figure(title, 7.0, 0.34 * len(table) + 1.4)
    places = _name_rows(axes, [str(name) for name in table.index])
    axes.hlines(places, table.min(axis=1), table.max(axis=1), color="#bbbbbb", linewidth=2, zorder=1)
    for column, colour, marker in zip(table.columns, *_style(len(table.columns), colours), strict=True):
        size = 84 if column == table.columns[0] else 40  # larger, so that a dot drawn over it leaves a rim
        axes.scatter(table[column], places, s=size, color=colour, marker=marker, label=column, zorder=2)
    axes.set_xlabel(axis)
    figure.legend(loc="outside lower center", ncols=min(len(table.columns), 8), frameon=False)
    return figure


def draw_tradeoff(table: pd.DataFrame, *, title: str, cost: str, groups: str | None = None) -> Figure:
    """Draw accuracy with its interval against cost, each point labelled with the name of its row.

    Args:
        table: one row for each model, with columns `accuracy`, `low` and `high` in 0..1 and the cost column.
        title: the finding.
        cost: name of the cost column, with its unit; above 0, drawn on a logarithmic axis.
        groups: name of a column; each of its values gets its own marker and colour.
    """
    figure, [[axes]] = start_figure(title, 7.0, 4.6)
    parts = list(table.groupby(groups, sort=False, dropna=False)) if groups else [("", table)]
    for (name, part), colour, marker in zip(parts, *_style(len(parts)), strict=True):
        below, above = part["accuracy"] - part["low"], part["high"] - part["accuracy"]
        axes.errorbar(
            part[cost],
            100 * part["accuracy"],
            yerr=100 * np.stack([below, above]),
            fmt=marker,
            color=colour,
            capsize=3,
            label=name,
        )
    for place, (name, row) in enumerate(table.sort_values(cost).iterrows()):
        axes.annotate(
            str(name),
            (row[cost], 100 * row["accuracy"]),
            xytext=(7, -12 if place % 2 else 3),  # alternately below and above: neighbours may be close
            textcoords="offset points",
            fontsize=9,
        )
    make_logarithmic(axes)
    axes.set(xlabel=cost, ylabel="accuracy (%)")
    axes.margins(x=0.2)
    if groups:
        figure.legend(loc="outside lower center", ncols=min(len(parts), 8), frameon=False)
    return figure


def draw_lines(table: pd.DataFrame, *, title: str, across: str, up: str, logarithmic: bool = False) -> Figure:
    """Draw each column of a table as a line over its index, each with its own marker.

    Args:
        table: one numeric column for each line; the index holds numbers, above 0 if `logarithmic`.
        title: the finding.
        across: what the index is, with its unit.
        up: what the values are, with their unit.
        logarithmic: whether the horizontal axis is logarithmic.
    """
    figure, [[axes]] = start_figure(title, 7.0, 3.8)
    for column, colour, marker in zip(table.columns, *_style(len(table.columns)), strict=True):
        axes.plot(table.index, table[column], color=colour, marker=marker, label=column)
    if logarithmic:
        make_logarithmic(axes)
    axes.set(xlabel=across, ylabel=up)
    figure.legend(loc="outside lower center", ncols=min(len(table.columns), 8), frameon=False)
    return figure


def draw_learning_curves(history: pd.DataFrame, *, title: str) -> Figure:
    """Draw loss and accuracy over the epochs, with the epoch of the highest validation accuracy marked.

    Args:
        history: one row for each epoch, its number in the index; columns `loss` and `accuracy` (0..1), and
            `val_loss` and `val_accuracy` if there was validation.
        title: the finding.
    """
    figure, [panels] = start_figure(title, 9.0, 3.8, columns=2)
    for axes, measure, unit, factor in zip(panels, ("loss", "accuracy"), ("", " (%)"), (1, 100), strict=True):
        values = factor * history[measure]
        axes.plot(history.index, values, color=COLOURS[0], marker="o", markersize=4, label="training")
        if "val_accuracy" in history:
            values, best = factor * history[f"val_{measure}"], history["val_accuracy"].idxmax()
            axes.plot(history.index, values, "s--", color=COLOURS[1], markersize=4, label="validation")
            axes.axvline(best, color="black", linestyle=":", label=f"best on validation: epoch {best}")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.set(xlabel="epoch", ylabel=measure + unit)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    return figure


def draw_confusions(confusions: pd.DataFrame, *, title: str) -> Figure:
    """Draw a confusion matrix: counts (none for 0), cells shaded by their share of the true class.

    Args:
        confusions: (K, K) counts, true classes in rows, predicted ones in columns.
        title: the finding.
    """
    side = 0.55 * len(confusions)
    figure, [[axes]] = start_figure(title, side + 2.4, side + 1.4)
    shares = confusions.div(confusions.sum(axis=1).clip(lower=1), axis=0)
    sns.heatmap(
        100 * shares,
        annot=confusions.map(lambda count: f"{count:,}" if count else ""),
        fmt="",
        cmap="Blues",
        vmin=0,
        vmax=100,
        square=True,
        linewidths=0.5,
        annot_kws={"fontsize": 9},
        cbar_kws={"label": "share of the true class (%)"},
        ax=axes,
    )
    axes.tick_params(axis="x", rotation=90)
    axes.tick_params(axis="y", rotation=0)
    axes.set(xlabel="predicted class", ylabel="true class")
    return figure


def draw_roc(curves: pd.DataFrame, areas: pd.Series, *, title: str) -> Figure:
    """Draw one-vs-rest ROC curves: named are the mean and the largest and smallest area; others are grey.

    Args:
        curves: true-positive rates, one column for each class, over false-positive rates in the index.
        areas: class -> area under its curve.
        title: the finding.
    """
    figure, [[axes]] = start_figure(title, 5.2, 5.4)
    axes.plot(100 * curves.index, 100 * curves, color="#bbbbbb", linewidth=1)
    mean, low, high = curves.mean(axis=1), areas.idxmin(), areas.idxmax()
    drawn = {
        f"mean of all classes, area {areas.mean():.3f}": mean,
        f"largest: {high}, {areas[high]:.3f}": curves[high],
        f"smallest: {low}, {areas[low]:.3f}": curves[low],
    }
    for (name, curve), colour, marker in zip(drawn.items(), *_style(len(drawn)), strict=True):
        axes.plot(100 * curve.index, 100 * curve, color=colour, marker=marker, markevery=100, label=name)
    axes.plot([0, 100], [0, 100], color="black", linestyle="--", linewidth=1, label="guessing, 0.500")
    axes.set(xlabel="false-positive rate (%)", ylabel="true-positive rate (%)", aspect="equal")
    axes.legend(loc="lower right")
    return figure


def draw_reliability(bins: pd.DataFrame, *, title: str) -> Figure:
    """Draw accuracy against confidence in bins, with intervals; below, the number of images in each bin.

    Args:
        bins: one row for each bin, indexed by its upper end; columns `images`, and in 0..1 `confidence`,
            `accuracy`, `low` and `high`.
        title: the finding.
    """
    figure, [[above], [below]] = start_figure(title, 5.2, 6.4, rows=2)
    above.get_gridspec().set_height_ratios([3, 1])
    confidence, accuracy = 100 * bins["confidence"], 100 * bins["accuracy"]
    reach = 100 * np.stack([bins["accuracy"] - bins["low"], bins["high"] - bins["accuracy"]]).clip(min=0)
    above.plot([0, 100], [0, 100], color="black", linestyle="--", linewidth=1, label="as sure as right")
    above.errorbar(confidence, accuracy, reach, color=COLOURS[0], marker="o", capsize=3, label="measured")
    above.set(ylabel="accuracy (%), with 95 % interval", xlim=(0, 102), ylim=(0, 102))
    above.legend(loc="upper left")
    bars = below.bar(confidence, bins["images"], width=3, color=COLOURS[0])
    below.bar_label(bars, fmt="{:,.0f}", padding=2, fontsize=8, color=GREY)
    below.set(xlabel="confidence (%)", ylabel="images", xlim=(0, 102))
    below.margins(y=0.2)
    return figure


def draw_intervals(
    table: pd.DataFrame, measure: str, *, title: str, interval: str, reference: float | None = None
) -> Figure:
    """Draw a horizontal bar for each row with its interval, and its value at the end.

    Args:
        table: one row for each class or model; in 0..1 the columns `measure`, `measure_low` and
            `measure_high`, as `judge_classes` names them for recall.
        measure: such as `recall`.
        title: the finding.
        interval: kind of interval, for the label of the axis, such as `95 % interval over images` or
            `range of 3 seeds`.
        reference: a value in 0..1 to compare with, drawn as a dashed line.
    """
    figure, [[axes]] = start_figure(title, 7.0, 0.32 * len(table) + 1.1)
    places = _name_rows(axes, [str(name) for name in table.index])
    values, low, high = (100 * table[f"{measure}{end}"].to_numpy() for end in ("", "_low", "_high"))
    reach = np.stack([values - low, high - values]).clip(min=0)
    axes.barh(places, values, xerr=reach, color=COLOURS[0], height=0.7, error_kw={"capsize": 3})
    for place, value, end in zip(places, values, high, strict=True):
        axes.annotate(
            f"{value:.1f}",
            (end, place),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
            color=GREY,
        )
    if reference is not None:
        axes.axvline(100 * reference, color="black", linestyle="--", linewidth=1)
    axes.set_xlabel(f"{measure} (%), with {interval}")
    axes.set_xlim(0, 1.1 * high.max())
    return figure


def draw_folds(
    scores: pd.DataFrame,
    intervals: Mapping[str, tuple[float, float] | None],
    *,
    title: str,
    axis: str,
    interval: str,
) -> Figure:
    """Draw the score of each fold as a ring, and below the rings their mean as a diamond with its interval.

    Args:
        scores: one row for each fold, one column for each procedure, in 0..1.
        intervals: procedure -> lower and upper end of the interval of its mean, such as `fold_interval`
            returns; None if it has none, as for a single fold. All must be of the same kind.
        title: the finding.
        axis: what the scores are; drawn in per cent.
        interval: kind of interval, for the legend, such as `95 % interval over folds, corrected`.

    Raises:
        ValueError: no procedure has an interval.
    """
    if all(intervals[name] is None for name in scores):
        raise ValueError("no procedure has an interval; draw their scores with draw_dots")
    figure, [[axes]] = start_figure(title, 7.0, 0.6 * scores.shape[1] + 1.4)
    places = _name_rows(axes, [str(name) for name in scores.columns])
    drawn = []
    for place, (name, column) in zip(places, scores.items(), strict=True):
        mean, ends = column.mean(), intervals[name]
        low, high = ends or (mean, mean)
        rings = axes.scatter(100 * column, [place - 0.12] * len(column), s=48, facecolors="none")
        rings.set_edgecolor(COLOURS[0])
        reach = [[100 * (mean - low)], [100 * (high - mean)]] if ends else None
        where = {"x": 100 * mean, "y": place + 0.18}
        diamond = axes.errorbar(**where, xerr=reach, fmt="D", color=COLOURS[1], capsize=4)
        drawn += [diamond] if ends else []
        axes.annotate(
            f"{100 * mean:.1f}",
            (100 * high, place + 0.18),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
    figure.legend(
        [axes.collections[0], drawn[0]],
        ["one fold", f"mean, with {interval}"],
        loc="outside lower center",
        ncols=2,
        frameon=False,
    )
    axes.set_xlabel(f"{axis} (%)")
    axes.margins(x=0.12)
    return figure


def draw_bundle(
    curves: pd.DataFrame, named: Mapping[str, str], *, title: str, across: str, up: str
) -> Figure:
    """Draw many lines in grey, and a few of them by name, thick and with markers.

    Args:
        curves: one column for each line, numbers in the index; NaN after the end of a line.
        named: column -> name in the legend.
        title: the finding.
        across: what the index is, with its unit.
        up: what the values are, with their unit.
    """
    figure, [[axes]] = start_figure(title, 7.0, 4.2)
    others = curves.drop(columns=list(named))
    axes.plot(others.index, others, color="#bbbbbb", linewidth=1, marker=".", label="_others")
    axes.plot([], [], color="#bbbbbb", marker=".", label=f"{others.shape[1]} others")
    for (column, name), colour, marker in zip(named.items(), *_style(len(named)), strict=True):
        axes.plot(curves.index, curves[column], color=colour, marker=marker, linewidth=2.5, label=name)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set(xlabel=across, ylabel=up)
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def draw_parallel(table: pd.DataFrame, *, title: str, best: int = 3) -> Figure:
    """Draw parallel coordinates: a vertical axis for each column, a line for each row, darker if better.

    Equal values are spread a little, so that lines do not hide each other.

    Args:
        table: one row for each trial. The last column is the score, in 0..1. In the other columns values may
            be missing; each value that occurs is written on its axis, in sorted order.
        title: the finding.
        best: how many rows, those with the highest scores, are drawn thick and with dots.
    """
    *settings, score = table.columns
    figure, [[axes]] = start_figure(title, 9.0, 4.4)
    label = {"textcoords": "offset points", "va": "center", "fontsize": 9, "zorder": 3}
    label["bbox"] = {"facecolor": "white", "edgecolor": "none", "pad": 1}
    heights = pd.DataFrame(index=table.index)
    spread = np.linspace(-0.03, 0.03, len(table))
    for place, column in enumerate(settings):
        values = sorted(table[column].dropna().unique())
        names = (["none"] if table[column].isna().any() else []) + [str(value) for value in values]
        ranks = table[column].map({value: rank for rank, value in enumerate(values)}).astype(float)
        ranks = ranks.add(len(names) - len(values)).fillna(0)
        heights[column] = ranks / max(len(names) - 1, 1) + spread
        for rank, name in enumerate(names):
            axes.annotate(name, (place, rank / max(len(names) - 1, 1)), (-6, 0), ha="right", **label)
    low, high = table[score].min(), table[score].max()
    heights[score] = (table[score] - low) / max(high - low, 1e-9)
    shades = sns.color_palette("crest", as_cmap=True)
    leaders = table[score].nlargest(best).index
    for row in table[score].sort_values().index:
        style = {"linewidth": 3, "marker": "o"} if row in leaders else {"linewidth": 1.2, "alpha": 0.8}
        axes.plot(range(len(table.columns)), heights.loc[row], color=shades(heights.loc[row, score]), **style)
    for value, height in ((low, 0), (high, 1)):
        axes.annotate(f"{100 * value:.1f} %", (len(settings), height), (8, 0), **label)
    axes.set_xticks(range(len(table.columns)), table.columns)
    axes.set_yticks([])
    axes.set_xlim(-0.5, len(settings) + 0.5)
    return figure


def draw_captioned(
    images: np.ndarray, captions: Sequence[str], *, title: str, columns: int = 6, size: float = 1.2
) -> Figure:
    """Draw images in a grid, each with its own caption above it. Introduced in lesson 11.

    Args:
        images: (N, H, W, 1 or 3) uint8 or float in 0..1.
        captions: one for each image, short enough for the width of an image.
        title: the finding.
        columns: images in one row.
        size: side of one image in inches.

    Raises:
        ValueError: the number of captions differs from the number of images.
    """
    if len(captions) != len(images):
        raise ValueError(f"{len(images)} images, but {len(captions)} captions; give one for each image")
    lines = max(1, -(-len(images) // columns))
    figure, grid = start_figure(title, size * columns, (size + 0.3) * lines + 0.4, lines, columns)
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, image, caption in zip(grid.flat, images, captions, strict=False):
        axes.imshow(image.squeeze(), cmap="gray", vmin=0, vmax=255 if image.dtype == np.uint8 else 1)
        axes.set_title(caption, fontsize=9)
    return figure
