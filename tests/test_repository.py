"""What stands beside the code: licences, citation, bytes of a checkout, limit of the automatic run."""

import json
import re
import subprocess
import tomllib

import pytest
import yaml
from git_repository import commit_all

from helpers.data.catalog import read_catalog
from helpers.paths import NOTEBOOKS, ROOT

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
    names = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.check_output(names, cwd=ROOT, text=True).split("\0")
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
    lessons = [json.loads(path.read_text(encoding="utf-8")) for path in NOTEBOOKS.glob("*.ipynb")]
    minutes = sum(lesson["metadata"]["course"]["cpu_seconds"] for lesson in lessons) / 60
    assert workflow["jobs"]["course"]["timeout-minutes"] >= 3 * minutes
