import os

import pytest
from git_repository import commit_all

from helpers import paths
from helpers.provenance import read_commit

needs_shell = pytest.mark.skipif(os.name != "posix", reason="its git is a script of a shell")


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """Return a folder that `helpers.paths` takes for the repository, with one commit."""
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    (tmp_path / "lesson").write_text("1")
    commit_all(tmp_path)
    return tmp_path


def replace_git(folder, monkeypatch, script):
    (folder / "bin").mkdir()
    git = folder / "bin" / "git"
    git.write_text(f"#!/bin/sh\n{script}\n")
    git.chmod(0o755)
    monkeypatch.setenv("PATH", f"{git.parent}:/usr/bin:/bin")


def test_a_clean_checkout_has_its_commit(checkout):
    commit, dirty = read_commit()
    assert len(commit) == 40
    assert not dirty
    (checkout / "lesson").write_text("2")
    assert read_commit() == (commit, True)


@needs_shell
@pytest.mark.filterwarnings("ignore:git does not tell")
@pytest.mark.parametrize("script", ["exit 1", "kill -9 $$", "echo fatal: index file corrupt >&2; exit 128"])
def test_a_status_that_fails_counts_as_changed(checkout, tmp_path_factory, monkeypatch, script):
    answer = f'case "$1" in rev-parse) echo; echo {"a" * 40};; *) {script};; esac'
    replace_git(tmp_path_factory.mktemp("fake"), monkeypatch, answer)
    assert read_commit() == ("a" * 40, True)


@needs_shell
def test_a_git_that_refuses_is_heard_in_words(checkout, tmp_path_factory, monkeypatch):
    words = "fatal: detected dubious ownership in repository at '/course'"
    replace_git(tmp_path_factory.mktemp("fake"), monkeypatch, f'echo "{words}" >&2; exit 128')
    with pytest.warns(UserWarning, match=r"not tell the commit: .*dubious ownership.*--add safe\.directory"):
        assert read_commit() == ("unknown", True)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("place", ["outside", "inside another repository", "without git"])
def test_what_is_no_checkout_is_unknown_without_a_word(checkout, monkeypatch, tmp_path_factory, place):
    folder = tmp_path_factory.mktemp("plain") if place != "inside another repository" else checkout / "deep"
    folder.mkdir(exist_ok=True)
    monkeypatch.setattr(paths, "ROOT", folder)
    if place == "without git":
        monkeypatch.setenv("PATH", str(folder))
    assert read_commit() == ("unknown", True)
