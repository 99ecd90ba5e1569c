import io
import json
import lzma
import subprocess
import sys

import numpy as np
import pytest

from helpers import paths
from helpers.data import ChecksumError, JobError, load
from helpers.data.catalog import find_set
from helpers.data.formats import format_idx, pack, parse_cifar10, parse_idx, parse_medmnist, unpack

SHAPES = {
    "mnist-sample": ((28, 28, 1), 10, 10_000, 2_000),
    "cifar10-sample": ((32, 32, 3), 10, 5_000, 1_000),
    "mnist-m-sample": ((32, 32, 3), 10, 10_000, 2_000),
    "pneumonia-sample": ((28, 28, 1), 2, 1_200, 300),
}


@pytest.fixture(scope="module", params=list(SHAPES))
def sample(request):
    return load(request.param)


def test_a_sample_has_the_promised_splits(sample):
    shape, classes, trained, tested = SHAPES[sample.name]
    assert len(sample.validation) == trained // 10
    assert len(sample.train) + len(sample.validation) == trained
    assert len(sample.test) == tested
    for role in ("train", "validation", "test"):
        split = getattr(sample, role)
        assert (split.role, split.name) == (role, sample.name)
        assert split.images.shape[1:] == shape
        assert (split.images.dtype, split.labels.dtype) == (np.uint8, np.int64)
        assert len(split.class_names) == classes
        with pytest.raises(ValueError, match="read-only"):
            split.images[0] = 0


def test_cifar10_has_the_same_number_of_each_class():
    photos = load("cifar10-sample", validation=0.2)
    assert set(np.bincount(photos.train.labels)) == {400}
    assert set(np.bincount(photos.validation.labels)) == {100}
    assert set(np.bincount(photos.test.labels)) == {100}
    assert photos.train.class_names[:2] == ("airplane", "automobile")


def test_mnist_has_the_classes_in_their_official_proportion():
    digits = load("mnist-sample", validation=0)
    official = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.abs(np.bincount(digits.train.labels) - np.array(official) / 6).max() < 1
    assert np.bincount(digits.test.labels).tolist() == [196, 227, 206, 202, 196, 178, 192, 206, 195, 202]


def test_the_samples_look_like_the_official_sets():
    """Means over the official training images: a swapped channel or plane would show."""
    photos = load("cifar10-sample", validation=0).train.images
    assert np.allclose(photos.mean(axis=(0, 1, 2)), [125.3, 123.0, 113.9], atol=1.5)
    digits = load("mnist-sample", validation=0).train.images
    assert digits.mean() == pytest.approx(33.3, abs=0.4)
    assert digits[:, 0].max() < 255 and digits[:, 10:18, 10:18].mean() > 80  # the ink is in the middle


def test_no_image_is_in_two_splits(sample):
    seen = [
        {image.tobytes() for image in split.images}
        for split in (sample.train, sample.validation, sample.test)
    ]
    assert sum(map(len, seen)) == len(set().union(*seen))


def test_chest_x_rays_have_other_shares_on_test():
    chests = load("pneumonia-sample", validation=0)
    assert chests.train.class_names == ("normal", "pneumonia")
    assert np.bincount(chests.train.labels).tolist() == [309, 891]
    assert np.bincount(chests.test.labels).tolist() == [113, 187]


def make_medmnist(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def test_the_validation_images_of_a_medmnist_file_follow_its_training_images():
    parts = {}
    for place, (part, count) in enumerate({"train": 3, "val": 2, "test": 4}.items()):
        parts[f"{part}_images"] = np.full((count, 28, 28), place, np.uint8)
        parts[f"{part}_labels"] = np.full((count, 1), place % 2, np.uint8)
    content = make_medmnist(**parts)
    images, labels = parse_medmnist(content, "train")
    assert images[:, 0, 0].tolist() == [0, 0, 0, 1, 1]
    assert labels.tolist() == [0, 0, 0, 1, 1]
    assert parse_medmnist(content, "test")[0].shape == (4, 28, 28)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"other": np.zeros(2)}, "it lacks test_images, test_labels; it has other"),
        ({"test_images": np.zeros((2, 28, 28), np.uint8)}, "it lacks test_labels; it has test_images"),
        (
            {"test_images": np.zeros((2, 28, 28, 3), np.uint8), "test_labels": np.zeros((2, 1), np.uint8)},
            r"test_images are uint8 \(2, 28, 28, 3\) .*need uint8 \(N, 28, 28\)",
        ),
        (
            {"test_images": np.zeros((2, 28, 28), np.uint8), "test_labels": np.zeros((3, 1), np.uint8)},
            r"test_labels uint8 \(3, 1\); need",
        ),
    ],
)
def test_another_npz_file_is_refused_with_what_it_holds(arrays, message):
    with pytest.raises(ValueError, match=message):
        parse_medmnist(make_medmnist(**arrays), "test")


@pytest.mark.parametrize("content", [b"<html>Log in</html>", b"", make_medmnist(one=np.zeros(9))[:-30]])
def test_what_is_no_whole_npz_file_is_refused(content):
    with pytest.raises(ValueError, match="no whole npz file"):
        parse_medmnist(content, "test")


def test_a_medmnist_file_is_never_unpickled():
    with pytest.raises(ValueError, match="allow_pickle"):
        parse_medmnist(make_medmnist(test_images=np.array([{}]), test_labels=np.zeros((1, 1))), "test")


def test_the_full_chest_x_rays_have_official_counts_and_a_wrong_byte_is_refused(tmp_path, monkeypatch):
    (file,) = find_set("pneumonia").files
    if not file.path.exists():
        pytest.skip("pneumonia has not been fetched; run: course data fetch pneumonia")
    chests = load("pneumonia", validation=0)
    assert np.bincount(chests.train.labels).tolist() == [1349, 3883]
    assert np.bincount(chests.test.labels).tolist() == [234, 390]
    assert chests.train.images.shape[1:] == (28, 28, 1)
    content = bytearray(file.path.read_bytes())
    content[2_000_000] ^= 1
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    (tmp_path / "pneumonia").mkdir()
    (tmp_path / "pneumonia" / file.name).write_bytes(content)
    with pytest.raises(ChecksumError, match=r"pneumoniamnist\.npz .* run: course data fetch pneumonia$"):
        load("pneumonia")


def test_validation_0_keeps_all_training_images():
    digits = load("mnist-sample", validation=0)
    assert len(digits.train) == 10_000
    with pytest.raises(JobError, match="mnist-sample was loaded without a validation split"):
        _ = digits.validation


def test_an_unknown_name_gets_the_nearest_and_all():
    with pytest.raises(ValueError, match=r"unknown data set 'cifar'; did you mean cifar10\? known: mnist, "):
        load("cifar")


def test_a_set_not_fetched_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    for name, cure in {"cifar10": "cifar10", "mnist-m": "mnist"}.items():
        with pytest.raises(FileNotFoundError, match=f"run: course data fetch {cure}$"):
            load(name)


@pytest.mark.parametrize("damage", ["flipped", "truncated", "longer", "empty"])
def test_a_damaged_file_is_refused_by_name(tmp_path, monkeypatch, damage):
    for file in find_set("mnist-sample").files:
        (tmp_path / file.name).write_bytes(file.path.read_bytes())
    victim = tmp_path / "mnist-test-images-idx3-ubyte.xz"
    content = bytearray(victim.read_bytes())
    if damage == "flipped":
        content[1000] ^= 1
    victim.write_bytes(
        {"flipped": content, "truncated": content[:-1], "longer": content + b"\0", "empty": b""}[damage]
    )
    monkeypatch.setattr(paths, "SAMPLES", tmp_path)
    with pytest.raises(ChecksumError) as caught:
        load("mnist-sample")
    expected = find_set("mnist-sample").select("test")[0]
    for part in (str(victim), expected.sha256, f"{expected.size:,}", "run: git checkout data/samples"):
        assert part in str(caught.value)


def test_every_file_read_is_noted_as_input(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_RUN_DIR", str(tmp_path))
    load("cifar10-sample")
    lines = [json.loads(line) for line in (tmp_path / "record.jsonl").read_text().splitlines()]
    files = find_set("cifar10-sample").files
    assert [(line["path"], line["sha256"]) for line in lines] == [
        (f"data/samples/{file.name}", file.sha256) for file in files
    ]


def test_a_cifar_record_is_a_label_and_three_planes():
    record = np.zeros(3073, np.uint8)
    record[0] = 7
    record[1 + 1024 + 5 * 32 + 2] = 200  # green, row 5, column 2
    images, labels = parse_cifar10(bytes(3073) + record.tobytes())
    assert labels.tolist() == [0, 7]
    assert np.argwhere(images).tolist() == [[1, 5, 2, 1]]
    assert images[1, 5, 2, 1] == 200
    with pytest.raises(ValueError, match="reshape"):
        parse_cifar10(bytes(3072))


def test_an_idx_file_says_its_shape():
    array = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    content = format_idx(array)
    assert content[:16] == bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4])
    assert np.array_equal(parse_idx(content), array)
    with pytest.raises(ValueError, match="reshape"):
        parse_idx(content[:-1])
    with pytest.raises(ValueError, match="no idx file of bytes: it starts with 3c68746d"):
        parse_idx(b"<html>")


def test_packing_is_undone_by_any_xz_reader():
    content = bytes(range(256)) * 10
    assert lzma.decompress(pack(content)) == unpack(pack(content)) == unpack(content) == content


def test_importing_the_data_loads_no_large_package():
    code = "import sys, helpers.data; print({'tensorflow', 'keras', 'sklearn', 'pooch'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
