"""Draw figures, and show them with alternative text."""

from helpers.figures.drawings import (
    draw_bars,
    draw_bundle,
    draw_confusions,
    draw_dots,
    draw_folds,
    draw_images,
    draw_intervals,
    draw_learning_curves,
    draw_lines,
    draw_parallel,
    draw_tradeoff,
    show,
)
