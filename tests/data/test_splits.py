import numpy as np
import pytest

from helpers.data import Dataset, JobError, Split, choose, stratified_split

ALLOWED = {("train", "fit"), ("validation", "choose")} | {
    (role, "report") for role in ("train", "validation", "test")
}


def make_split(role, count=6):
    images = np.arange(count * 12, dtype=np.uint8).reshape(count, 2, 2, 3)
    return Split(images, np.arange(count) % 2, ("even", "odd"), role, "tiny")


@pytest.mark.parametrize("role", ["train", "validation", "test"])
@pytest.mark.parametrize("job", ["fit", "choose", "report"])
def test_a_role_does_its_jobs_and_no_other(role, job):
    split = make_split(role)
    if (role, job) in ALLOWED:
        split.require(job)
    else:
        with pytest.raises(JobError, match=f"cannot {job} on the {role} split of tiny"):
            split.require(job)


def test_an_unknown_job_is_named():
    with pytest.raises(ValueError, match="'tune' is unknown; use one of fit, choose, report"):
        make_split("train").require("tune")


def test_choosing_works_on_validation_only():
    scores = {"small": 0.7, "large": 0.9, "also large": 0.9}
    assert choose(scores, make_split("validation")) == "large"
    for role in ("train", "test"):
        with pytest.raises(JobError, match=role):
            choose(scores, make_split(role))


def test_choosing_refuses_what_is_no_score():
    with pytest.raises(ValueError, match="score of broken is not a number"):
        choose({"broken": float("nan"), "whole": 0.5}, make_split("validation"))
    with pytest.raises(ValueError, match="no scores"):
        choose({}, make_split("validation"))


def test_images_and_labels_cannot_be_written_to():
    split = make_split("train")
    with pytest.raises(ValueError, match="read-only"):
        split.images[0] = 0
    with pytest.raises(ValueError, match="read-only"):
        split.labels[0] = 0
    with pytest.raises(AttributeError):
        split.role = "validation"


def test_a_split_shows_itself_in_one_line():
    assert repr(make_split("train")) == "Split(tiny, train, images (6, 2, 2, 3))"


def test_making_a_split_leaves_the_callers_arrays_writable():
    images, labels = np.zeros((1, 2, 2, 3), np.uint8), np.zeros(1, np.int64)
    Split(images, labels, ("one",), "train", "tiny")
    images[0], labels[0] = 1, 1


@pytest.mark.parametrize(
    ("images", "labels", "role", "message"),
    [
        (np.linspace(-1, 3, 24).reshape(2, 2, 2, 3), [0, 1], "train", r"float64 in -1\.\.3; need uint8"),
        (np.zeros((2, 2, 2), np.uint8), [0, 1], "train", r"shape \(2, 2, 2\); need"),
        (np.zeros((2, 2, 2, 3), np.uint8), [0], "train", "2 images have labels of shape"),
        (np.zeros((2, 2, 2, 3), np.uint8), [0, 2], "train", "labels run from 0 to 2; need 0..1"),
        (np.zeros((2, 2, 2, 3), np.uint8), [-1, 0], "train", "labels run from -1"),
        (np.zeros((2, 2, 2, 3), np.uint8), [0, 1], "exam", "role 'exam' is unknown"),
    ],
)
def test_wrong_arrays_are_refused(images, labels, role, message):
    with pytest.raises(ValueError, match=message):
        Split(images, np.array(labels), ("even", "odd"), role, "tiny")


def test_taking_keeps_image_and_label_together():
    taken = make_split("test").take(np.array([4, 1]))
    assert taken.role == "test"
    assert taken.labels.tolist() == [0, 1]
    assert taken.images[:, 0, 0, 0].tolist() == [48, 12]


def test_only_train_can_be_divided():
    assert make_split("train").take(np.array([0]), "validation").role == "validation"
    for role, wanted in [
        ("test", "validation"),
        ("test", "train"),
        ("validation", "train"),
        ("train", "test"),
    ]:
        with pytest.raises(JobError, match=f"{role} of tiny cannot become {wanted}"):
            make_split(role).take(np.array([0]), wanted)


def test_a_set_without_validation_says_so():
    whole = Dataset("tiny", make_split("train"), None, make_split("test"))
    with pytest.raises(
        JobError, match="tiny was loaded without a validation split; load it with validation="
    ):
        _ = whole.validation


def test_a_stratified_split_keeps_every_share():
    labels = np.repeat([0, 1, 2], [600, 300, 100])
    rest, part = stratified_split(labels, 0.2, seed=3)
    assert np.bincount(labels[part]).tolist() == [120, 60, 20]
    assert np.bincount(labels[rest]).tolist() == [480, 240, 80]
    assert np.array_equal(np.sort(np.concatenate([rest, part])), np.arange(1000))
    assert np.all(np.diff(part) > 0) and np.all(np.diff(rest) > 0)


def test_the_seed_decides_the_split():
    labels = np.repeat([0, 1], 50)
    first, again, other = (stratified_split(labels, 0.5, seed)[1] for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 10])
def test_a_fraction_outside_0_and_1_is_refused(fraction):
    with pytest.raises(ValueError, match="is not between 0 and 1"):
        stratified_split(np.repeat([0, 1], 50), fraction, seed=0)
