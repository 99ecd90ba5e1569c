"""Draw figures. Each function returns a Matplotlib figure; `show` puts one into the notebook with its text.

A title states the finding, axes carry units, and colour is never the only channel: categories also differ in
marker, or are labelled directly.
"""

import io
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.figure import Figure

COLOURS = sns.color_palette("colorblind").as_hex()
MARKERS = "oDs^vP*X"
GREY = "#595959"


def show(figure: Figure, alt: str) -> None:
    """Display a figure together with the text that says what it shows to someone who cannot see it.

    Args:
        figure: what a `draw_...` function returned.
        alt: one or two sentences with the finding and its numbers, composed from variables.

    Raises:
        ValueError: no text.
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


def _start_figure(title: str, width: float, height: float, rows: int = 1, columns: int = 1) -> tuple:
    with sns.axes_style("whitegrid", {"axes.edgecolor": "#cccccc", "font.sans-serif": ["DejaVu Sans"]}):
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False)
    figure.suptitle(title, x=0.01, ha="left", fontsize=12)
    return figure, axes


def _name_rows(axes: Axes, names: list[str]) -> np.ndarray:
    """Write category names down the left side, the first on top; return their places."""
    places = np.arange(len(names))
    axes.set_yticks(places, names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    return places


def draw_images(rows: Mapping[str, np.ndarray], *, title: str, size: float = 0.75) -> Figure:
    """Draw rows of images, each row with its name on the left.

    Args:
        rows: name -> (N, H, W, 1 or 3) uint8 or float in 0..1; N may differ between rows.
        title: the finding.
        size: side of one image in inches.
    """
    columns = max(len(images) for images in rows.values())
    figure, grid = _start_figure(title, size * columns + 1.3, size * len(rows) + 0.4, len(rows), columns)
    for line, (name, images) in zip(grid, rows.items(), strict=True):
        for axes in line:
            axes.set_axis_off()
        for axes, image in zip(line, images, strict=False):
            axes.imshow(image.squeeze(), cmap="gray", vmin=0, vmax=255 if image.dtype == np.uint8 else 1)
        line[0].text(-0.15, 0.5, name, transform=line[0].transAxes, ha="right", va="center", fontsize=10)
    return figure


def draw_bars(values: pd.Series, *, title: str, axis: str, reference: float | None = None) -> Figure:
    """Draw one horizontal bar a category, with its value written at the end.

    Args:
        values: category -> number, at least 0.
        title: the finding.
        axis: what the numbers are, with their unit.
        reference: a yardstick, drawn as a dashed line.
    """
    figure, [[axes]] = _start_figure(title, 7.0, 0.32 * len(values) + 1.1)
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
    """Draw the numbers of a table as dots: one line a row, one marker a column.

    Args:
        table: one row a category, one numeric column a series.
        title: the finding.
        axis: what the numbers are, with their unit.
        colours: one for each column.
    """
    figure, [[axes]] = _start_figure(title, 7.0, 0.34 * len(table) + 1.4)
    places = _name_rows(axes, [str(name) for name in table.index])
    axes.hlines(places, table.min(axis=1), table.max(axis=1), color="#bbbbbb", linewidth=2, zorder=1)
    for column, colour, marker in zip(table.columns, colours, MARKERS, strict=False):
        size = 84 if column == table.columns[0] else 40  # a later dot on the first leaves a rim of it
        axes.scatter(table[column], places, s=size, color=colour, marker=marker, label=column, zorder=2)
    axes.set_xlabel(axis)
    figure.legend(loc="outside lower center", ncols=len(table.columns), frameon=False)
    return figure


def draw_tradeoff(table: pd.DataFrame, *, title: str, cost: str, groups: str | None = None) -> Figure:
    """Draw accuracy with its interval against cost, each point labelled with the name of its row.

    Args:
        table: one row a model, with columns `accuracy`, `low` and `high` in 0..1 and the cost column.
        title: the finding.
        cost: name of the cost column, with its unit; above 0, drawn on a logarithmic axis.
        groups: a column whose values get markers and colours of their own.
    """
    figure, [[axes]] = _start_figure(title, 7.0, 4.6)
    parts = table.groupby(groups, sort=False) if groups else [("", table)]
    for (name, part), colour, marker in zip(parts, COLOURS, MARKERS, strict=False):
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
    for name, row in table.iterrows():
        axes.annotate(
            str(name),
            (row[cost], 100 * row["accuracy"]),
            xytext=(7, 3),
            textcoords="offset points",
            fontsize=9,
        )
    axes.set(xscale="log", xlabel=cost, ylabel="accuracy (%)")
    axes.margins(x=0.15)
    if groups:
        figure.legend(loc="outside lower center", ncols=table[groups].nunique(), frameon=False)
    return figure


def draw_lines(table: pd.DataFrame, *, title: str, across: str, up: str, logarithmic: bool = False) -> Figure:
    """Draw each column of a table as a line over its index, with a marker of its own.

    Args:
        table: the index holds numbers, above 0 where `logarithmic`; one numeric column a line.
        title: the finding.
        across: what the index is, with its unit.
        up: what the values are, with their unit.
        logarithmic: whether the index is spread by powers of ten.
    """
    figure, [[axes]] = _start_figure(title, 7.0, 3.8)
    for column, colour, marker in zip(table.columns, COLOURS, MARKERS, strict=False):
        axes.plot(table.index, table[column], color=colour, marker=marker, label=column)
    axes.set(xlabel=across, ylabel=up, xscale="log" if logarithmic else "linear")
    figure.legend(loc="outside lower center", ncols=len(table.columns), frameon=False)
    return figure
