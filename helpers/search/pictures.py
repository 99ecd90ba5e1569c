"""Pictures of a search: networks as rows of boxes, candidates with their front, and a live table.

Introduced in lesson 30.
"""

from collections.abc import Callable, Mapping, Sequence

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from helpers.figures.drawings import COLOURS, GREY, MARKERS, make_logarithmic, start_figure
from helpers.search.genome import KINDS, PAPER, Genome, Shape, Style, lay_out
from helpers.search.objectives import find_front


def draw_networks(
    networks: Mapping[str, Genome], *, title: str, image_shape: Shape = (32, 32, 3), style: Style = PAPER
) -> Figure:
    """Draw each network as a row of boxes, as high as its images: one box a unit, with its size after it.

    Args:
        networks: name -> genome.
        title: the finding.
        image_shape: (H, W, C).
        style: what the genomes leave open.
    """
    longest = max(map(len, networks.values()))
    width, height = max(7.0, 0.75 * longest + 1), 1.5 * len(networks) + 0.5
    figure, grid = start_figure(title, width, height, rows=len(networks))
    for axes, (name, genome) in zip(grid[:, 0], networks.items(), strict=True):
        axes.set(xlim=(-0.2, longest + 0.2), ylim=(-0.85, 0.6))
        axes.set_axis_off()
        axes.set_title(name, loc="left", fontsize=10)
        layers = lay_out(genome, image_shape, style=style)
        for place, (unit, rows) in enumerate(zip(genome, layers, strict=False)):
            shape = rows[-1].shape
            height = shape[0] / image_shape[0] if len(shape) == 3 else 0.15
            colour = COLOURS[list(KINDS).index(unit.kind) % len(COLOURS)]
            box = Rectangle(
                (place + 0.05, -height / 2), 0.9, height, facecolor=colour, alpha=0.4, edgecolor=GREY
            )
            axes.add_patch(box)
            low = height < 0.15  # no room for a name inside
            name_at = {"y": height / 2 + 0.05, "va": "bottom"} if low else {"y": 0, "va": "center"}
            axes.text(place + 0.5, s=str(unit), ha="center", fontsize=8, **name_at)
            axes.text(place + 0.5, -0.75, "x".join(map(str, shape)), ha="center", fontsize=7, color=GREY)
    return figure


def draw_front(
    candidates: pd.DataFrame,
    *,
    title: str,
    across: str = "parameters",
    up: str = "error",
    groups: str | None = None,
) -> Figure:
    """Draw the candidates that are ok by two objectives, and their Pareto front as a line.

    Args:
        candidates: of `search`, or of a population.
        title: the finding.
        across: an objective above 0, drawn on a logarithmic axis.
        up: the other objective.
        groups: a column, such as the generation, whose values get markers and colours of their own.
    """
    ok = candidates[candidates["status"] == "ok"]
    figure, [[axes]] = start_figure(title, 7.0, 4.6)
    for number, (name, part) in enumerate(ok.groupby(groups) if groups else [("candidates", ok)]):
        axes.scatter(
            part[across],
            part[up],
            marker=MARKERS[number % len(MARKERS)],
            color=COLOURS[number % len(COLOURS)],
            s=max(90 - 28 * number, 20),  # a later point on an earlier one leaves a rim of it
            label=f"{groups} {name}" if groups else name,
        )
    front = ok[find_front(ok[[across, up]])].sort_values(across)
    axes.step(front[across], front[up], where="post", color="black", linewidth=1, label="Pareto front")
    make_logarithmic(axes)
    axes.set(xlabel=across, ylabel=up)
    figure.legend(loc="outside lower center", ncols=5, frameon=False)
    return figure


def show_live(
    by: str = "error",
    rows: int = 5,
    columns: Sequence[str] = ("error", "parameters", "rung", "seconds"),
) -> Callable[[pd.DataFrame], None]:
    """Show the best candidates in the notebook; return the function that `search` takes as `watch`.

    Args:
        by: the column that decides.
        rows: candidates to show.
        columns: what to show of them, beside the genome.
    """
    from IPython.display import display

    place = display(pd.DataFrame(), display_id=True)

    def watch(candidates: pd.DataFrame) -> None:
        if place is None or by not in candidates:
            return
        counts = ", ".join(
            f"{number} {status}" for status, number in candidates["status"].value_counts().items()
        )
        best = candidates[candidates["status"] == "ok"].nsmallest(rows, by).set_index("genome")
        # Not as a caption of a Styler, whose plain text is an address in memory.
        place.update(best[list(columns)].round(3).rename_axis(f"best of {counts}"))

    return watch
