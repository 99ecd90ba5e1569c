"""The bundled files against the full sets, where those have been fetched, and the rule that chose them."""

import lzma

import numpy as np
import pytest

from helpers import paths
from helpers.data import load, samples
from helpers.data.catalog import find_set, inspect, read_catalog
from helpers.data.formats import CIFAR10_CLASSES, pack, unpack
from helpers.data.samples import compare_samples, draw


def need(name):
    if not all(file.path.exists() for file in find_set(name).files):
        pytest.skip(f"{name} has not been fetched; run: course data fetch {name}")


def test_every_bundled_file_is_right_and_catalogued():
    bundled = [file for entry in read_catalog().values() if entry.bundled for file in entry.files]
    assert {file.name: inspect(file) for file in bundled} == {file.name: "ok" for file in bundled}
    assert {path.name for path in paths.SAMPLES.iterdir()} == {file.name for file in bundled}
    assert all(file.path.stat().st_size == file.size for file in bundled)
    assert sum(file.size for file in bundled) < 30e6


def list_records(split):
    return [(image.tobytes(), label) for image, label in zip(split.images, split.labels, strict=True)]


@pytest.mark.parametrize("name", ["mnist", "cifar10", "pneumonia"])
def test_a_sample_is_a_byte_exact_excerpt_in_the_official_order(name):
    need(name)
    full, part = (load(each, validation=0) for each in (name, f"{name}-sample"))
    for role in ("train", "test"):
        # Some X-rays are copies of others, so that records are looked for one after the other.
        official = iter(list_records(getattr(full, role)))
        assert all(record in official for record in list_records(getattr(part, role)))


def test_the_classes_of_cifar10_are_in_the_official_order():
    need("cifar10")
    (names,) = (file.path for file in find_set("cifar10").files if file.name == "batches.meta.txt")
    assert tuple(names.read_text().split()) == CIFAR10_CLASSES


@pytest.mark.parametrize(
    ("source", "make"),
    [
        ("mnist", lambda: samples._make_mnist("test", 2_000)),
        ("pneumonia", lambda: samples._make_pneumonia("train", 1_200)),
        ("photos", lambda: samples._make_photos("test")),
        ("alexnet", samples._make_alexnet),
    ],
)
def test_a_bundled_file_made_anew_is_the_same(source, make):
    need(source)
    for name, content in make().items():
        # What is packed is compared: another version of the xz library may pack it into other bytes.
        assert unpack(content) == unpack((paths.SAMPLES / name).read_bytes()), name


def test_drawing_keeps_shares_and_order_and_follows_the_hash():
    records = [bytes([number]) for number in range(100)]
    labels = np.repeat([0, 1, 2], [50, 30, 20])
    chosen = draw(records, labels, 11)
    assert np.bincount(labels[chosen]).tolist() == [
        6,
        3,
        2,
    ]  # shares 5.5, 3.3, 2.2: the remainder goes to 5.5
    assert np.all(np.diff(chosen) > 0)
    assert set(draw(records, labels, 10)) < set(chosen)
    order = np.random.default_rng(1).permutation(100)
    assert set(order[draw([records[place] for place in order], labels[order], 11)]) == set(chosen)


def test_comparing_tells_identical_repacked_and_differing(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "SAMPLES", tmp_path)
    made = {name: pack(b"content") for name in ("same", "other packing", "changed", "damaged", "absent")}
    monkeypatch.setattr(samples, "make_samples", lambda: made)
    (tmp_path / "same").write_bytes(made["same"])
    (tmp_path / "other packing").write_bytes(lzma.compress(b"content", preset=0))
    (tmp_path / "changed").write_bytes(pack(b"contents"))
    (tmp_path / "damaged").write_bytes(made["damaged"][:-1])
    states = {name: state for name, content, state in compare_samples() if content == made[name]}
    assert states == {
        "same": "identical",
        "other packing": "repacked",
        "changed": "differs",
        "damaged": "differs",
        "absent": "differs",
    }
