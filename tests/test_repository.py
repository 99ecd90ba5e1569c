"""What stands beside the code: licences, citation, bytes of a checkout, limit of the automatic run."""

import os
import re
import shutil
import subprocess
import sys
import tomllib

import pytest
import yaml
from git_repository import commit_all

from helpers.course.lessons import find_lessons
from helpers.data.catalog import read_catalog
from helpers.paths import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_code_is_under_the_licence_that_pyproject_names():
    assert PROJECT["license"] == "MIT"
    assert PROJECT["license-files"] == ["LICENSE", "LICENSE-CONTENT"]
    assert read("LICENSE").startswith("MIT License\n\nCopyright (c) ")
    assert PROJECT["authors"][0]["name"] in read("LICENSE")


def test_every_part_of_the_repository_has_a_licence():
    content = read("LICENSE-CONTENT")
    assert "CC-BY-4.0" in content and "https://creativecommons.org/licenses/by/4.0/legalcode" in content
    named = re.findall(r"\b([\w/.-]+/|[\w/.-]+\.(?:md|csv))(?=[\s,.:])", content)
    there = [name for name in named if "://" not in name and (ROOT / name).exists()]
    assert {"helpers/", "tests/", "benchmarks/", "notebooks/", "data/samples/"} <= set(there)
    assert {"reports/results/", "reports/models/", "reports/members/", "data/claims.csv"} <= set(there)


def test_every_data_set_states_its_terms():
    cards = re.split(r"^## ", read("data/README.md"), flags=re.MULTILINE)[1:]
    stated = {
        name
        for card in cards
        if "**Licence.**" in card
        for name in re.findall(r"`([\w-]+)`", card.partition("\n\n")[2].partition("\n\n")[0])
    }
    assert set(read_catalog()) <= stated


def test_citation_is_valid_and_names_the_version():
    citation = yaml.safe_load(read("CITATION.cff"))
    assert {"cff-version", "message", "title", "authors"} <= set(citation), "what the format demands"
    assert citation["cff-version"] == "1.2.0"
    assert citation["type"] in ("software", "dataset")
    assert citation["authors"] == PROJECT["authors"]
    assert citation["version"] == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]
    assert all(isinstance(citation[key], str) for key in ("message", "title", "abstract"))


def test_a_checkout_has_the_same_bytes_on_every_system(tmp_path):
    """A checkout as git makes it on Windows: no script gets CRLF, and no file counts as changed."""
    if not (ROOT / ".git").exists():
        pytest.skip("needs the repository of git")
    listed = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True).split("\0")
    kept = [name for name in listed if name and (ROOT / name).is_file()]
    kept = [name for name in kept if not name.endswith((".npz", ".xz"))]  # large, and the next test's
    origin, copy = tmp_path / "origin", tmp_path / "copy"
    for name in kept:
        (origin / name).parent.mkdir(parents=True, exist_ok=True)
        (origin / name).write_bytes((ROOT / name).read_bytes())
    commit_all(origin)
    windows = ["-c", "core.autocrlf=true", "-c", "core.eol=crlf"]
    subprocess.run(["git", *windows, "clone", "-q", str(origin), str(copy)], check=True, capture_output=True)
    differing = [name for name in kept if (copy / name).read_bytes() != (ROOT / name).read_bytes()]
    assert differing == []
    assert {".ci/run", "postBuild", "Makefile"} <= set(kept)
    assert b"\r" not in (copy / ".ci/run").read_bytes() + (copy / "postBuild").read_bytes()


@pytest.mark.parametrize(
    "name", ["data/samples/mnist-test-labels-idx1-ubyte.xz", "reports/models/a.npz", "a.png"]
)
def test_what_is_no_text_is_never_converted(name):
    if not (ROOT / ".git").exists():
        pytest.skip("needs the repository of git")
    shown = subprocess.check_output(["git", "check-attr", "text", "--", name], cwd=ROOT, text=True)
    assert shown.endswith("text: unset\n")


def test_the_automatic_run_may_take_as_long_as_it_takes():
    """Each lesson runs once, two at a time, and the tests take half of that; a slow machine takes twice."""
    workflow = yaml.safe_load(read(".github/workflows/course.yml"))
    minutes = sum(lesson.about["cpu_seconds"] for lesson in find_lessons()) / 60
    assert workflow["jobs"]["course"]["timeout-minutes"] >= 3 * minutes


def test_notebooks_of_a_learner_fail_no_test(tmp_path):
    """A copy that JupyterLab makes, notes, and notes from a program that writes other line ends."""
    for name in ("helpers", "notebooks", "tests"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in ROOT.iterdir():
        if path.is_file() or path.name in ("data", "reports", ".github"):
            (tmp_path / path.name).symlink_to(path)
    lesson = tmp_path / "notebooks/01_look_at_the_data.ipynb"
    shutil.copy(lesson, lesson.with_stem(f"{lesson.stem}-Copy1"))
    shutil.copy(lesson, lesson.with_stem(f"{lesson.stem}_my_answers"))
    (lesson.parent / "my_notes.ipynb").write_text('{"cells": [], "metadata": {}}\r\n', encoding="utf-8")
    commands = (["tests/test_notebooks.py"], ["tests/test_repository.py", "-k", "automatic_run"])
    for arguments in (*commands, ["notebooks", "--collect-only"]):
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
        done = subprocess.run(
            command,
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout
        assert "Copy1" not in done.stdout and "my_" not in done.stdout
