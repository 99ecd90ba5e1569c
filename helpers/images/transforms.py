"""Prepare images for a model: scale, standardise, augment. Vectorised NumPy, no Keras.

Every random function takes a `numpy.random.Generator`: a run can be repeated, while its epochs differ.
Introduced in lesson 02.
"""

import numpy as np


def _check_images(images: np.ndarray) -> None:
    if images.ndim != 4 or images.shape[-1] not in (1, 3):
        raise ValueError(f"images have shape {images.shape}; expected (N, height, width, 1 or 3)")
    if images.dtype != np.uint8:
        raise ValueError(f"images are {images.dtype}; expected uint8 pixels in 0..255, not yet scaled")


def scale(images: np.ndarray) -> np.ndarray:
    """Return uint8 pixels in 0..255 as float32 in 0..1, in the same shape.

    Raises:
        ValueError: not (N, H, W, C) uint8, most often because the images are scaled already.
    """
    _check_images(images)
    return np.multiply(images, np.float32(1 / 255), dtype=np.float32)


def measure_channels(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of each channel over all pixels, each (C,) float64 in 0..1.

    Computed from the histogram of the 256 levels: exact, and needs no float copy of the images.
    """
    _check_images(images)
    levels = np.arange(256) / 255
    counts = np.stack([np.bincount(channel.ravel(), minlength=256) for channel in np.moveaxis(images, -1, 0)])
    share = counts / counts.sum(axis=1, keepdims=True)
    mean = share @ levels
    return mean, np.sqrt(share @ levels**2 - mean**2)


def standardise(images: np.ndarray, mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Scale to 0..1, then subtract `mean` and divide by `deviation`, channel by channel.

    Args:
        images: (N, H, W, C) uint8.
        mean: (C,) in 0..1, of the *training* images.
        deviation: (C,), above 0, standard deviation of the training images.

    Returns:
        (N, H, W, C) float32.
    """
    if np.any(np.asarray(deviation) <= 0):
        raise ValueError(f"standard deviation {deviation} is not above 0; measure it on more than one image")
    return (scale(images) - np.float32(mean)) / np.float32(deviation)


def to_grey(images: np.ndarray) -> np.ndarray:
    """Return the luminance (ITU-R BT.601) of colour images, or the only channel of grey images.

    Returns:
        (N, H, W) float32 in 0..1.
    """
    scaled = scale(images)
    return scaled[..., 0] if images.shape[-1] == 1 else scaled @ np.float32([0.299, 0.587, 0.114])


def flip(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Mirror each of the images (N, H, W, C), of any dtype, left to right with probability 1/2."""
    turned = images.copy()
    chosen = rng.random(len(images)) < 0.5
    turned[chosen] = turned[chosen, :, ::-1]
    return turned


def flip_alternately(images: np.ndarray, epoch: int, seed: int = 0) -> np.ndarray:
    """Mirror a random half of the images left to right in even epochs, and the other half in odd ones.

    Thus two epochs show every image both ways; with independent draws, half of the images look the same in
    both. Source: KellerJordan/cifar10-airbench. Introduced in lesson 14.

    Args:
        images: (N, H, W, C), any dtype.
        epoch: from 0.
        seed: determines which half.
    """
    chosen = (np.random.default_rng(seed).random(len(images)) < 0.5) ^ bool(epoch % 2)
    turned = images.copy()
    turned[chosen] = turned[chosen, :, ::-1]
    return turned


def shift(images: np.ndarray, rng: np.random.Generator, pixels: int) -> np.ndarray:
    """Move each image at random by up to `pixels` in both directions; reflection fills the border.

    Args:
        images: (N, H, W, C), any dtype.
        rng: source of randomness.
        pixels: largest displacement, 0 to min(H, W) - 1.
    """
    height, width = images.shape[1:3]
    if not 0 <= pixels < min(height, width):
        raise ValueError(f"a shift of {pixels} pixels does not fit {height}x{width} images")
    padded = np.pad(images, ((0, 0), (pixels, pixels), (pixels, pixels), (0, 0)), mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (height, width), axis=(1, 2))
    down, across = rng.integers(0, 2 * pixels + 1, size=(2, len(images)))
    return np.moveaxis(windows[np.arange(len(images)), down, across], 1, -1)


def draw_affine(
    count: int,
    rng: np.random.Generator,
    *,
    rotation: float = 0.0,
    zoom: float = 0.0,
    shear: float = 0.0,
    shift: float = 0.0,
) -> np.ndarray:
    """Draw random affine maps from output to input coordinates, both centred and in units of half a side.

    Args:
        count: number of maps.
        rng: source of randomness; each amount is uniform in -limit..limit.
        rotation: limit in degrees.
        zoom: limit as a fraction; 0.2 magnifies by 0.8 to 1.2.
        shear: limit in degrees.
        shift: limit as a fraction of the side.

    Returns:
        (count, 2, 3) float32: a map times (row, column, 1) of the output gives row and column of the input.
    """
    turn, slant = np.deg2rad([[rotation], [shear]]) * rng.uniform(-1, 1, (2, count))
    size = 1 / (1 + zoom * rng.uniform(-1, 1, count))
    down, across = 2 * shift * rng.uniform(-1, 1, (2, count))
    rows = [size * np.cos(turn), -size * np.sin(turn + slant), down]
    columns = [size * np.sin(turn), size * np.cos(turn + slant), across]
    return np.stack([np.stack(rows, -1), np.stack(columns, -1)], axis=1).astype(np.float32)


def warp(images: np.ndarray, maps: np.ndarray) -> np.ndarray:
    """Apply one affine map to each image, with bilinear interpolation; border pixels fill the outside.

    Keras' layers can do nearly the same, but slower. `benchmarks/augmentation.py` ran three times on two busy
    cores. It changed 4,500 to 6,200 images a second with `flip`, `draw_affine` and `warp`, 1,600 to 2,700
    with Keras' layers, and 1,800 to 3,900 with Keras' ImageDataGenerator.

    Args:
        images: (N, H, W, C) uint8 or float.
        maps: (N, 2, 3) from `draw_affine`.

    Returns:
        (N, H, W, C), dtype of `images`.
    """
    if maps.shape != (len(images), 2, 3):
        raise ValueError(f"{len(images)} images need maps of shape ({len(images)}, 2, 3), not {maps.shape}")
    height, width, channels = images.shape[1:]
    rows, columns = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    grid = np.stack([rows.ravel(), columns.ravel(), np.ones(height * width)]).astype(np.float32)
    last = np.float32([[height - 1], [width - 1]])
    warped = np.empty_like(images)
    for start in range(0, len(images), 64):  # a block and its indices fit the processor's cache
        block = images[start : start + 64]
        source = np.clip((maps[start : start + 64] @ grid + 1) * (last / 2), 0, last)
        corner = np.minimum(source.astype(np.int32), last.astype(np.int32) - 1)
        down, across = (source - corner)[..., None].swapaxes(0, 1)
        image = np.arange(len(block), dtype=np.int32)[:, None] * (height * width)
        index = image + corner[:, 0] * width + corner[:, 1]
        pixels = block.reshape(-1, channels).astype(np.float32)
        upper, lower = (
            left + (right - left) * across
            for left, right in ((pixels[index + i], pixels[index + i + 1]) for i in (0, width))
        )
        mixed = (upper + (lower - upper) * down).reshape(block.shape)
        warped[start : start + 64] = np.rint(mixed) if images.dtype == np.uint8 else mixed
    return warped


def jitter_colour(
    images: np.ndarray,
    rng: np.random.Generator,
    *,
    brightness: float = 0.0,
    contrast: float = 0.0,
    saturation: float = 0.0,
) -> np.ndarray:
    """Change brightness, contrast and saturation of each image at random.

    Args:
        images: (N, H, W, C) uint8; saturation leaves grey images as they are.
        rng: source of randomness; each amount is uniform in -limit..limit.
        brightness: limit of the added amount, as a fraction of the full range.
        contrast: limit of the relative change around the image's own mean.
        saturation: limit of the relative change around each pixel's luminance.

    Returns:
        (N, H, W, C) uint8.
    """
    pixels = scale(images)
    offset, spread, colour = (
        limit * rng.uniform(-1, 1, (len(images), 1, 1, 1)).astype(np.float32)
        for limit in (brightness, contrast, saturation)
    )
    grey = to_grey(images)[..., None]
    pixels = grey + (pixels - grey) * (1 + colour)
    centre = pixels.mean(axis=(1, 2, 3), keepdims=True)
    pixels = centre + (pixels - centre) * (1 + spread) + offset
    return np.rint(255 * np.clip(pixels, 0, 1)).astype(np.uint8)
