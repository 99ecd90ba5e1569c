from click.testing import CliRunner
from small_set import LETTERS

from helpers import paths
from helpers.course.data import data
from helpers.data import fetching, samples


def call(*arguments):
    done = CliRunner().invoke(data, arguments)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def test_list_shows_every_set_and_whether_it_is_here(letters):
    assert "not fetched" in call("list")[1]
    fetching.fetch("letters", print)
    status, shown = call("list")
    assert status == 0 and "letters" in shown and "not fetched" not in shown and "licence: none" in shown
    (letters / "a.bin").unlink()
    assert "in part" in call("list")[1]


def test_fetch_says_what_it_does(letters):
    status, shown = call("fetch", "letters")
    assert status == 0 and "fetching from first/" in shown and "complete and right" in shown
    assert (letters / "a.bin").read_bytes() == LETTERS["a.bin"]


def test_fetch_of_an_unknown_set_is_one_line_and_a_status():
    status, shown = call("fetch", "cifar11")
    assert status == 1
    assert shown.startswith("Error: unknown data set 'cifar11'; did you mean cifar10?")
    assert len(shown.splitlines()) == 1


def test_verify_accepts_what_is_right_and_passes_over_what_was_never_fetched(letters):
    assert call("verify") == (0, "not fetched  letters\n")
    fetching.fetch("letters", print)
    status, shown = call("verify", "letters")
    assert status == 0 and shown.count("ok ") == 2


def test_verify_names_the_file_with_a_flipped_byte(letters):
    fetching.fetch("letters", print)
    content = bytearray(LETTERS["deep/b.bin"])
    content[7] ^= 128
    (letters / "deep" / "b.bin").write_bytes(content)
    for arguments in (["verify"], ["verify", "letters"]):
        status, shown = call(*arguments)
        assert status == 1
        assert f"wrong        {letters / 'deep' / 'b.bin'}; run: course data fetch letters" in shown
        assert "Error: 1 file is wrong or missing" in shown


def test_verify_counts_a_missing_file_of_a_set_that_was_asked_for(letters):
    status, shown = call("verify", "letters")
    assert status == 1 and shown.count("missing  ") == 2 and "2 files are wrong or missing" in shown


def test_rebuild_replaces_only_when_told_to(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "SAMPLES", tmp_path)
    monkeypatch.setattr(samples, "make_samples", lambda: {"one": b"new"})
    (tmp_path / "one").write_bytes(b"old")
    status, shown = call("rebuild")
    assert status == 1 and "differs    one" in shown and "--write" in shown
    assert (tmp_path / "one").read_bytes() == b"old"
    status, shown = call("rebuild", "--write")
    assert status == 0 and "size = 3, sha256 = " in shown
    assert (tmp_path / "one").read_bytes() == b"new"
    assert call("rebuild") == (0, "identical  one\n")
