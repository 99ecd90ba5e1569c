import errno
import gzip
import hashlib
import io
import json
import shutil
import sys
import tarfile
import time
import zipfile

import pytest
import requests

from helpers.data import sources
from helpers.data.catalog import read_catalog
from helpers.data.sources import SourceError, read_source

SETUP = """
import pathlib, setuptools
pathlib.Path({mark!r}).touch()
setuptools.setup(name='tiny-data', version='1.0')
"""


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """A folder that pip takes packages from instead of a registry."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def work(tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def write_wheel(folder):
    with zipfile.ZipFile(folder / "tiny-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny/data/a.bin", b"from a wheel")
        wheel.writestr("tiny/data/b.bin", b"not asked for")
        wheel.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        wheel.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr("tiny-1.0.dist-info/RECORD", "")


def write_tar(path, members):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


@pytest.mark.parametrize("demand", ["0", "1"])
def test_a_wheel_gives_the_files_asked_for(shelf, work, monkeypatch, demand):
    """Also where the user's pip demands a virtual environment, and this is one of another kind."""
    monkeypatch.setenv("PIP_REQUIRE_VIRTUALENV", demand)
    monkeypatch.setattr(sources.sys, "executable", getattr(sys, "_base_executable", sys.executable))
    write_wheel(shelf)
    given = dict(read_source("pypi:tiny==1.0!tiny/data/", ["a.bin", "missing.bin"], work))
    assert given == {"a.bin": b"from a wheel"}


@pytest.mark.parametrize("backend", ["", "setuptools.build_meta", "setuptools.build_meta:__legacy__"])
def test_a_source_archive_is_used_only_with_the_pinned_hash_and_runs_no_setup(shelf, work, tmp_path, backend):
    mark = tmp_path / "setup.py was run"
    members = {
        "tiny_data-1.0/setup.py": SETUP.format(mark=str(mark)).encode(),
        "tiny_data-1.0/data/a.bin": b"from a tar",
    }
    if backend:
        project = f"[build-system]\nrequires = ['setuptools']\nbuild-backend = '{backend}'\n"
        members["tiny_data-1.0/pyproject.toml"] = project.encode()
    archive = write_tar(shelf / "tiny_data-1.0.tar.gz", members)
    for address, reason in {
        "pypi:tiny-data==1.0": "satisfies the requirement tiny-data==1.0",
        f"pypi:tiny-data==1.0#sha256={'0' * 64}": "THESE PACKAGES DO NOT MATCH THE HASHES",
    }.items():
        with pytest.raises(SourceError, match=reason):
            (folder := work / reason[:5]).mkdir()
            list(read_source(f"{address}!tiny_data-1.0/data/", ["a.bin"], folder))
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    source = f"pypi:tiny-data==1.0#sha256={digest}!tiny_data-1.0/data/"
    (folder := work / "right").mkdir()
    assert list(read_source(source, ["a.bin"], folder)) == [("a.bin", b"from a tar")]
    assert not mark.exists(), "its setup.py was run"


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_an_npm_package_gives_the_files_asked_for_and_runs_no_script(work, tmp_path):
    mark = tmp_path / "script was run"
    scripts = {name: f"touch '{mark}'" for name in ("prepack", "prepare", "preinstall", "install")}
    package = tmp_path / "tiny"
    (package / "data").mkdir(parents=True)
    (package / "package.json").write_text(
        json.dumps({"name": "tiny", "version": "1.0.0", "scripts": scripts})
    )
    (package / "data" / "a.bin").write_bytes(b"from npm")
    assert list(read_source(f"npm:{package}!package/data/", ["a.bin"], work)) == [("a.bin", b"from npm")]
    assert not mark.exists()


def test_without_npm_the_reason_says_so(work, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SourceError, match=r"npm is not installed; it comes with Node\.js"):
        list(read_source("npm:tiny@1!package/", ["a.bin"], work))


@pytest.mark.parametrize("source", ["http://127.0.0.1:1/", "http://127.0.0.1:1/tiny.tar.gz!tiny/"])
def test_a_refused_address_gives_one_short_reason(work, monkeypatch, source):
    monkeypatch.setenv("NO_PROXY", "*")
    with pytest.raises(SourceError, match=r"^ConnectionError, [^()<>]+$"):
        list(read_source(source, ["a.bin"], work))


def test_a_downloaded_folder_and_archive_are_read(work, monkeypatch, tmp_path):
    archive = write_tar(tmp_path / "tiny.tar.gz", {"tiny/a.bin": b"inside", "../a.bin": b"outside"})

    def download(address, target):
        target.write_bytes(archive.read_bytes() if address.endswith(".gz") else address.encode())
        return target

    monkeypatch.setattr(sources, "_download", download)
    assert list(read_source("https://host/set/", ["a", "b/c"], work)) == [
        ("a", b"https://host/set/a"),
        ("b/c", b"https://host/set/b/c"),
    ]
    assert list(read_source("https://host/tiny.tar.gz!tiny/", ["a.bin"], work)) == [("a.bin", b"inside")]


def damage(archive, place):
    """Flip one byte of a file."""
    content = bytearray(archive.read_bytes())
    content[place] ^= 0xFF
    archive.write_bytes(content)


def write_zip(path, method):
    with zipfile.ZipFile(path, "w", method) as package:
        package.writestr("tiny/a.bin", bytes(range(256)) * 40)
    return path


@pytest.mark.parametrize(
    "kind", ["gzip checksum", "gzip stream", "zip deflated", "zip lzma", "zip encrypted"]
)
def test_a_damaged_archive_is_a_reason_of_its_source_and_names_the_archive(work, monkeypatch, tmp_path, kind):
    if kind.startswith("gzip"):
        archive = write_tar(tmp_path / "tiny.tar.gz", {"tiny/a.bin": bytes(range(256)) * 40})
        plain = gzip.decompress(archive.read_bytes())
        halves = [bytearray(gzip.compress(part)) for part in (plain[:5000], plain[5000:])]
        halves[kind == "gzip stream"][-8 if kind == "gzip checksum" else 10] ^= 0xFF
        archive.write_bytes(b"".join(halves))
    elif kind == "zip encrypted":
        archive = write_zip(tmp_path / "tiny.tar.gz", zipfile.ZIP_STORED)
        content = archive.read_bytes().replace(b"PK\x03\x04\x14\x00\x00\x00", b"PK\x03\x04\x14\x00\x01\x00")
        archive.write_bytes(
            content.replace(b"PK\x01\x02\x14\x03\x14\x00\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01\x00")
        )
    else:
        method = zipfile.ZIP_LZMA if kind == "zip lzma" else zipfile.ZIP_DEFLATED
        archive = write_zip(tmp_path / "tiny.tar.gz", method)
        damage(archive, 60)
    monkeypatch.setattr(sources, "_download", lambda _, target: shutil.copyfile(archive, target))
    with pytest.raises(SourceError, match=r"tiny\.tar\.gz is no whole archive"):
        list(read_source("https://host/tiny.tar.gz!tiny/", ["a.bin"], work))


def test_certificates_that_are_not_there_are_a_reason_of_the_source(work, monkeypatch, tmp_path):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "gone"))
    with pytest.raises(SourceError, match=r"gone"):
        list(read_source("https://127.0.0.1:1/", ["a.bin"], work))


def test_a_full_disk_is_no_fault_of_the_source(work, monkeypatch):
    def fill(address, target):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(sources, "_download", fill)
    with pytest.raises(OSError, match="No space left"):
        list(read_source("https://host/", ["a.bin"], work))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (requests.exceptions.SSLError("x"), "certificate was not accepted"),
        (requests.exceptions.InvalidSchema("x"), "no address of the web"),
        (requests.exceptions.ProxyError("x"), "proxy refused"),
        (requests.exceptions.ChunkedEncodingError("x"), "ChunkedEncodingError"),
    ],
)
def test_a_reason_is_put_into_words(error, words):
    assert words in sources._put_into_words(error)


@pytest.mark.parametrize("content", [b"<html>Please log in</html>", b"", b"\x1f\x8b\x08"])
def test_what_is_no_archive_is_a_reason(work, monkeypatch, content):
    def download(address, target):
        target.write_bytes(content)
        return target

    monkeypatch.setattr(sources, "_download", download)
    with pytest.raises(SourceError, match=r"tiny\.tar\.gz is no whole archive"):
        list(read_source("https://host/tiny.tar.gz!tiny/", ["a.bin"], work))


def test_a_failing_client_gives_its_own_error_line(work):
    code = "import sys; sys.exit('warning: slow\\nERROR: no such package\\nmore')"
    for command, reason in {code: "^ERROR: no such package$", "import sys; sys.exit(3)": "status 3"}.items():
        with pytest.raises(SourceError, match=reason):
            sources._run([sys.executable, "-c", command], work)


def test_a_client_that_does_not_end_is_ended(work, monkeypatch):
    monkeypatch.setattr(sources, "CLIENT_SECONDS", 0.5)
    began = time.monotonic()
    with pytest.raises(SourceError, match="not there after 0 minutes"):
        sources._run([sys.executable, "-c", "import time; time.sleep(60)"], work)
    assert time.monotonic() - began < 30


def test_every_source_of_the_catalogue_is_of_a_known_kind():
    for entry in read_catalog().values():
        for source in entry.sources:
            assert source.endswith("/") and source.startswith(("https://", "pypi:", "npm:"))
            if source.startswith("pypi:"):
                assert "==" in source and "!" in source
            if source.startswith("npm:"):
                assert "@" in source and "!" in source
