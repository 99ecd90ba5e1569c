"""Scale and augment images, and compute hand-made features of them."""

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
