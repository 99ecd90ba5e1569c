"""Scaling, augmentation, and features made by hand."""

from helpers.images.features import describe_gradients, measure_edges, trace_edges
from helpers.images.transforms import (
    draw_affine,
    flip,
    flip_alternately,
    jitter_colour,
    measure_channels,
    scale,
    shift,
    standardise,
    to_grey,
    warp,
)
