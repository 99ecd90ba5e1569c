"""Compute hand-made features, one row of numbers for each image: edges and their directions.

Section II of `alexnet-mnist` compares this classical method with learned features. Introduced in lesson 03.
"""

import numpy as np
from scipy import ndimage
from skimage.feature import canny, hog

from helpers.images.transforms import to_grey


def measure_edges(images: np.ndarray) -> np.ndarray:
    """Return the Sobel gradient magnitude of every pixel.

    Args:
        images: (N, H, W, C) uint8, C = 1 or 3; colours are converted to luminance first.

    Returns:
        (N, H * W) float32, from 0 (an area of one grey level).
    """
    # One image at a time: on the whole stack SciPy's Sobel would also smooth across neighbouring images.
    edges = [np.hypot(ndimage.sobel(grey, axis=0), ndimage.sobel(grey, axis=1)) for grey in to_grey(images)]
    return np.stack(edges).reshape(len(images), -1)


def trace_edges(images: np.ndarray, sigma: float = 1.0) -> np.ndarray:
    """Return edges one pixel wide by Canny's method: smoothing, thinning, hysteresis thresholds.

    Args:
        images: (N, H, W, C) uint8, C = 1 or 3.
        sigma: standard deviation of the Gaussian smoothing in pixels, above 0.

    Returns:
        (N, H * W) float32, 1 on an edge and 0 elsewhere.
    """
    grey = to_grey(images)
    return np.stack([canny(image, sigma=sigma).ravel() for image in grey]).astype(np.float32)


def describe_gradients(images: np.ndarray, cell: int = 4) -> np.ndarray:
    """Return histograms of oriented gradients (HOG): nine directions a cell, normalised over 2x2 cells.

    Source: N. Dalal and B. Triggs, CVPR 2005.

    Args:
        images: (N, H, W, C) uint8, C = 1 or 3; H and W at least 2 * cell.
        cell: side of a cell in pixels.

    Returns:
        (N, F) float32 in 0..1; F = 1,296 for 28x28 and 1,764 for 32x32 images with cells of 4.
    """
    grey = to_grey(images)
    return np.stack(
        [hog(image, orientations=9, pixels_per_cell=(cell, cell), cells_per_block=(2, 2)) for image in grey]
    ).astype(np.float32)
