import numpy as np
import pytest

from helpers.data import ChecksumError, Split, load, mnist_m
from helpers.data.mnist_m import build_mnist_m
from helpers.data.photos import cut_two, read_photos, shrink

NAMES = tuple("0123456789")


def make_digits(count=1, role="train"):
    images = np.zeros((count, 28, 28, 1), np.uint8)
    images[:, 0, 0] = 1  # the faintest ink
    images[:, 27, 26] = 255
    return Split(images, np.zeros(count, np.int64), NAMES, role, "mnist")


def test_a_photo_of_32_pixels_worked_by_hand():
    photo = np.random.default_rng(5).integers(256, size=(32, 32, 3), dtype=np.uint8)
    made = build_mnist_m(make_digits(), [photo])
    expected = photo.copy()
    expected[2, 2] = 255 - photo[2, 2]  # the corner of 28 in 32, inverted although its ink is only 1
    expected[29, 28] = 255 - photo[29, 28]
    assert np.array_equal(made.images[0], expected)
    assert (made.name, made.role) == ("mnist-m", "train")


def test_it_is_the_absolute_difference_to_the_full_digit():
    digits = load("mnist-sample").test.take(np.arange(50))
    photo = np.random.default_rng(6).integers(256, size=(32, 32, 3), dtype=np.uint8)
    made = build_mnist_m(digits, [photo])
    full = np.pad(np.where(digits.images > 0, 255, 0), ((0, 0), (2, 2), (2, 2), (0, 0)))
    assert np.array_equal(made.images, np.abs(full - photo.astype(int)))
    assert np.array_equal(made.labels, digits.labels)


def test_crops_come_from_everywhere_in_every_photo():
    ramp = np.zeros((34, 40, 3), np.uint8)
    ramp[..., 0], ramp[..., 1] = np.arange(34)[:, None], np.arange(40)
    photos = [ramp, np.full((50, 60, 3), 77, np.uint8)]
    made = build_mnist_m(make_digits(500), photos).images[:, 0, 0]
    flat = made[:, 0] == 77
    assert 200 < flat.sum() < 300
    assert set(made[~flat, 0]) == set(range(3)) and set(made[~flat, 1]) == set(range(9))


def test_the_seed_decides_the_crops():
    photos = read_photos("photos-sample", "train")
    first, again, other = (build_mnist_m(make_digits(20), photos, seed=seed).images for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_loading_twice_gives_the_same_images_whatever_the_validation_seed():
    first, other = load("mnist-m-sample", seed=0), load("mnist-m-sample", seed=1)
    assert np.array_equal(first.test.images, other.test.images)
    pictures = [
        {image.tobytes() for split in (each.train, each.validation) for image in split.images}
        for each in (first, other)
    ]
    assert pictures[0] == pictures[1]


def test_train_and_test_crops_come_from_different_photos():
    train, test = (read_photos("photos-sample", role) for role in ("train", "test"))
    assert (len(train), len(test)) == (64, 26)
    rows = [
        {row.tobytes() for photo in photos for row in photo if np.ptp(row) > 20} for photos in (train, test)
    ]
    assert not rows[0] & rows[1]


def test_wrong_photos_and_digits_are_refused():
    with pytest.raises(ValueError, match="no photos"):
        build_mnist_m(make_digits(), [])
    for photo in (np.zeros((31, 40, 3), np.uint8), np.zeros((40, 40), np.uint8), np.zeros((40, 40, 3))):
        with pytest.raises(ValueError, match="a photo is"):
            build_mnist_m(make_digits(), [photo])
    photo = np.zeros((32, 32, 3), np.uint8)
    with pytest.raises(ValueError, match=r"digits are \(32, 32, 3\)"):
        build_mnist_m(build_mnist_m(make_digits(), [photo]), [photo])


def test_shrinking_averages_whole_blocks():
    photo = np.zeros((4, 5, 3), np.uint8)
    photo[:2, :2, 0] = [[1, 2], [3, 4]]  # mean 2.5, rounded up
    small = shrink(photo, long_side=3)
    assert small.shape == (2, 2, 3)
    assert small[0, 0].tolist() == [3, 0, 0] and small.sum() == 3
    assert shrink(photo, long_side=5) is not photo and np.array_equal(shrink(photo, long_side=5), photo)


@pytest.mark.parametrize("shape", [(20, 60), (60, 20)])
def test_the_two_crops_of_a_photo_do_not_overlap(shape):
    photo = np.arange(1200).reshape(*shape, 1).repeat(3, axis=2)
    one, two = cut_two(photo, 16)
    assert one.shape == two.shape == (16, 16, 3)
    assert not set(one.ravel()) & set(two.ravel())


def test_a_set_that_is_built_otherwise_than_measured_is_refused(monkeypatch):
    """As when a version of NumPy draws other numbers from the same seed."""
    draw = np.random.default_rng
    monkeypatch.setattr(mnist_m.np.random, "default_rng", lambda seed: draw(seed + 1))
    with pytest.raises(ChecksumError, match=r"mnist-m-sample train was built into other images .*NumPy"):
        load("mnist-m-sample")


def test_the_whole_set_is_the_measured_one():
    try:
        data = load("mnist-m", validation=0)
    except FileNotFoundError:
        pytest.skip("mnist and photos have not been fetched")
    assert (len(data.train), len(data.test)) == (60_000, 10_000)
