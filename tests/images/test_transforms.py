import numpy as np
import pytest

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


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (70, 8, 10, 3), dtype=np.uint8)


def test_scale_spans_zero_to_one():
    assert scale(np.uint8([0, 51, 255]).reshape(1, 1, 3, 1)).ravel() == pytest.approx([0, 0.2, 1])


def test_scaling_twice_is_an_error(images):
    with pytest.raises(ValueError, match="float32; expected uint8"):
        scale(scale(images))


def test_a_single_image_is_no_batch(images):
    with pytest.raises(ValueError, match=r"shape \(8, 10, 3\)"):
        scale(images[0])


def test_channels_agree_with_numpy(images):
    mean, deviation = measure_channels(images)
    assert mean == pytest.approx((images / 255).mean((0, 1, 2)))
    assert deviation == pytest.approx((images / 255).std((0, 1, 2)))


def test_standardised_images_have_mean_zero_and_deviation_one(images):
    ready = standardise(images, *measure_channels(images))
    assert ready.dtype == np.float32
    assert ready.mean((0, 1, 2)) == pytest.approx([0, 0, 0], abs=1e-5)
    assert ready.std((0, 1, 2)) == pytest.approx([1, 1, 1], abs=1e-5)


def test_a_constant_channel_cannot_be_standardised(images):
    with pytest.raises(ValueError, match="not above 0"):
        standardise(images, np.zeros(3), np.float64([1, 0, 1]))


def test_grey_of_white_is_one_and_green_outweighs_blue():
    assert to_grey(np.full((1, 2, 2, 3), 255, np.uint8)) == pytest.approx(1)
    red, green, blue = to_grey(255 * np.eye(3, dtype=np.uint8).reshape(3, 1, 1, 3)).ravel()
    assert (red, green, blue) == pytest.approx((0.299, 0.587, 0.114))


def test_flip_mirrors_about_half_and_changes_nothing_else(images, rng):
    flipped = flip(images, rng)
    same = (flipped == images).all((1, 2, 3))
    mirrored = (flipped == images[:, :, ::-1]).all((1, 2, 3))
    assert np.all(same ^ mirrored)
    assert 20 < same.sum() < 50


def test_alternate_flips_show_every_image_both_ways_in_two_epochs(images):
    even, odd, third = (flip_alternately(images, epoch) for epoch in range(3))
    mirrored = (even == images[:, :, ::-1]).all((1, 2, 3))
    assert 20 < mirrored.sum() < 50
    assert np.array_equal(even, odd[:, :, ::-1])
    assert np.array_equal(even, third)
    assert not np.array_equal(even, flip_alternately(images, 0, seed=1))


def test_shift_moves_by_reflection(rng):
    row = np.arange(5).reshape(1, 1, 5, 1).repeat(400, axis=0).repeat(5, axis=1)
    seen = {tuple(image[0, :, 0]) for image in shift(row, rng, 1)}
    assert seen == {(1, 0, 1, 2, 3), (0, 1, 2, 3, 4), (1, 2, 3, 4, 3)}


def test_a_shift_beyond_the_image_is_an_error(images, rng):
    with pytest.raises(ValueError, match="shift of 8 pixels"):
        shift(images, rng, 8)


def test_no_amounts_draw_the_identity(images, rng):
    assert np.array_equal(warp(images, draw_affine(len(images), rng)), images)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_quarter_turn_is_exact(rng, dtype):
    images = rng.integers(0, 256, (3, 9, 9, 1)).astype(dtype)
    turn = np.float32([[[0, -1, 0], [1, 0, 0]]]).repeat(3, axis=0)
    turned = warp(images, turn)
    assert turned.dtype == dtype
    assert turned == pytest.approx(np.rot90(images, k=-1, axes=(1, 2)), abs=1e-3)


def test_shift_by_half_a_pixel_interpolates():
    image = np.float32([[0, 10], [0, 10]]).reshape(1, 2, 2, 1)
    moved = warp(image, np.float32([[[1, 0, 0], [0, 1, 1]]]))  # half a side is half a pixel here
    assert moved[0, 0, :, 0] == pytest.approx([5, 10])


@pytest.mark.parametrize(
    ("amount", "entry", "limit"),
    [
        ({"shift": 0.2}, (0, 2), 0.4),
        ({"zoom": 0.2}, (0, 0), 1.25),
        ({"rotation": 30}, (1, 0), 0.5),
        ({"shear": 30}, (0, 1), 0.5),
    ],
)
def test_amounts_reach_their_limit_and_no_further(rng, amount, entry, limit):
    drawn = draw_affine(5000, rng, **amount)[:, *entry]
    assert 0.98 * limit < drawn.max() <= limit * (1 + 1e-6)


def test_colour_jitter_of_nothing_changes_nothing(images, rng):
    assert np.array_equal(jitter_colour(images, rng), images)


def test_saturation_leaves_grey_images_alone(images, rng):
    grey = images[..., :1]
    assert np.array_equal(jitter_colour(grey, rng, saturation=0.9), grey)
    assert not np.array_equal(jitter_colour(images, rng, saturation=0.9), images)


def test_brightness_moves_every_pixel_by_the_same_amount(rng):
    images = np.full((50, 2, 2, 3), 128, np.uint8)
    images[:, 0] = 100
    moved = jitter_colour(images, rng, brightness=0.2).astype(int) - images
    assert np.ptp(moved, axis=(1, 2, 3)).max() <= 1
    assert -51 <= moved.min() < -40
    assert 40 < moved.max() <= 51


@pytest.mark.parametrize(
    "change",
    [
        flip,
        lambda images, rng: shift(images, rng, 2),
        lambda images, rng: warp(images, draw_affine(len(images), rng, rotation=20)),
        lambda images, rng: jitter_colour(images, rng, contrast=0.3),
    ],
)
def test_augmentation_repeats_with_its_seed_and_differs_without(images, change):
    once, again = (change(images, np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(once, again)
    rng = np.random.default_rng(5)
    assert not np.array_equal(change(images, rng), change(images, rng))
