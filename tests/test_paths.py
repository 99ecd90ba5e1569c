import errno
import os
import threading

import pytest

from helpers.paths import write_atomically


def test_bytes_texts_and_writers_are_written(tmp_path):
    for content in (b"\xc3\xbc", "ü", lambda file: file.write(b"\xc3\xbc")):
        write_atomically(tmp_path / "new" / "file", content)
        assert (tmp_path / "new" / "file").read_bytes() == b"\xc3\xbc"
        assert os.listdir(tmp_path / "new") == ["file"]


@pytest.mark.parametrize("step", ["write", "fsync", "replace"])
def test_a_write_that_fails_leaves_the_file_as_it_was_and_nothing_beside_it(tmp_path, monkeypatch, step):
    (tmp_path / "file").write_text("before")

    def fail(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    if step != "write":
        monkeypatch.setattr(os, step, fail)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(tmp_path / "file", fail if step == "write" else b"after")
    assert os.listdir(tmp_path) == ["file"]
    assert (tmp_path / "file").read_text() == "before"


def test_an_interrupt_leaves_nothing_beside_the_file(tmp_path):
    def interrupt(file):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "file", interrupt)
    assert os.listdir(tmp_path) == []


def test_threads_that_write_one_file_do_not_mix(tmp_path):
    def write(letter):
        for _ in range(50):
            write_atomically(tmp_path / "file", letter * 10_000)

    threads = [threading.Thread(target=write, args=[letter]) for letter in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set((tmp_path / "file").read_text())) == 1
    assert os.listdir(tmp_path) == ["file"]
