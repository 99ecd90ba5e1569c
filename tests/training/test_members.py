import re

import numpy as np
import pytest

from helpers import paths
from helpers.combining.ensemble import fit_temperature
from helpers.training.members import Member, load_member, load_members, reuse

RECIPE = {"set": "made-up", "epochs": 2, "seed": 0}
ODDS = np.array([[0.75, 0.25], [0.5, 0.5], [0.125, 0.875]])


def make_member(recipe=RECIPE, odds=ODDS):
    labels = {"validation": np.array([0, 1, 1]), "test": np.array([0, 0, 1])}
    return Member(recipe, {"classes": ["a", "b"]}, {"validation": odds, "test": odds}, labels)


def test_a_member_is_trained_once_and_read_back(tmp_path):
    trained = []

    def train():
        trained.append(1)
        return make_member()

    path = tmp_path / "photographs" / "sparse-0.npz"
    first, second = (reuse(path, RECIPE, train) for _ in range(2))
    assert len(trained) == 1
    for member in (first, second, load_member(path), load_members(path.parent)["sparse-0"]):
        assert member.recipe == RECIPE
        assert member.card["classes"] == ["a", "b"]
        assert {"commit", "dirty"} <= member.card.keys()
        np.testing.assert_array_equal(member.odds["test"], ODDS)  # eighths are exact in half precision
        np.testing.assert_array_equal(member.labels["test"], [0, 0, 1])


def test_a_member_of_another_recipe_is_refused(tmp_path):
    path = tmp_path / "sparse-0.npz"
    reuse(path, RECIPE, make_member)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"sparse-0.npz .* epochs is 2 there and 3 here; delete it"):
        reuse(path, RECIPE | {"epochs": 3}, make_member)
    with pytest.raises(ValueError, match="rate is missing there"):
        reuse(path, RECIPE | {"rate": 0.1}, make_member)
    assert path.read_bytes() == before


def test_what_is_no_probability_is_not_kept(tmp_path):
    path = tmp_path / "sparse-0.npz"
    with pytest.raises(ValueError, match="validation of sparse-0 holds no probabilities"):
        reuse(path, RECIPE, lambda: make_member(odds=2 * ODDS))
    assert not list(tmp_path.iterdir())


def test_a_split_without_pixels_chooses(tmp_path):
    member = make_member()
    split = member.split("validation")
    assert (split.role, split.name, split.class_names) == ("validation", "made-up", ("a", "b"))
    assert 0.05 <= fit_temperature(member.odds["validation"], split) <= 20


def test_a_folder_is_read_in_the_order_of_names(tmp_path):
    for name in ("sparse-1", "small_vgg16-0", "sparse-0"):
        reuse(tmp_path / f"{name}.npz", RECIPE, make_member)
    assert list(load_members(tmp_path)) == ["small_vgg16-0", "sparse-0", "sparse-1"]
    assert load_members(tmp_path / "nothing") == {}


def test_only_what_outlives_a_run_is_its_input(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "MEMBERS", tmp_path / "members")
    monkeypatch.setenv("COURSE_RUN_DIR", str(tmp_path))
    reuse(tmp_path / "state" / "sparse-0.npz", RECIPE, make_member)
    assert not (tmp_path / "record.jsonl").exists()
    reuse(paths.MEMBERS / "sparse-0.npz", RECIPE, make_member)
    assert "sparse-0.npz" in (tmp_path / "record.jsonl").read_text()


KEPT = sorted(paths.MEMBERS.glob("*/*.npz"))


@pytest.mark.parametrize("path", KEPT, ids=[f"{path.parent.name}-{path.stem}" for path in KEPT])
def test_a_kept_member_is_whole_and_of_committed_files(path):
    member = load_member(path)
    assert path.stat().st_size < 1_000_000
    assert path.stem.startswith(member.recipe["network"])
    assert re.fullmatch("[0-9a-f]{40}", member.card["commit"])
    assert not member.card["dirty"]
    if "found" in member.card:
        assert member.card["multiply_adds"] <= member.recipe["budget"]
    for name, odds in member.odds.items():
        labels = member.labels[name if name in member.labels else "test"]
        assert odds.shape == (len(labels), len(member.card["classes"]))
        np.testing.assert_allclose(odds.astype(float).sum(axis=1), 1, atol=1e-3)


def test_members_kept_for_one_domain_judge_the_same_images():
    for folder in {path.parent for path in KEPT}:
        first, *others = load_members(folder).values()
        for other in others:
            np.testing.assert_array_equal(other.labels["test"], first.labels["test"])
            np.testing.assert_array_equal(other.labels["validation"], first.labels["validation"])
