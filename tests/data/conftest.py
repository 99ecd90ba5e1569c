import pytest
from small_set import LETTERS, write_catalogue

from helpers import paths
from helpers.data import fetching


@pytest.fixture
def letters(tmp_path, monkeypatch):
    """The folder where the set `letters` goes; its only source, `first/`, has both files."""
    monkeypatch.setattr(paths, "DATA", tmp_path)
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(
        fetching, "read_source", lambda _, names, __: [(name, LETTERS[name]) for name in names]
    )
    write_catalogue(tmp_path, ["first/"])
    return tmp_path / "cache" / "letters"
