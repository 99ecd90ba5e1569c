"""Read files from where they are published: an https address, or a package through pip or npm."""

import errno
import lzma
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path

CONNECT_SECONDS, SILENCE_SECONDS = 5, 60
CLIENT_SECONDS = 1800  # after which pip or npm is ended, as others may wait for the lock of the set
# Stands for setuptools while pip fetches a source archive: pip asks it for the name of the package, for which
# setuptools would run the setup.py of the archive.
_STAND_IN = """\
import pathlib, sys
__legacy__ = sys.modules[__name__]
def prepare_metadata_for_build_wheel(folder, settings=None):
    info = pathlib.Path(folder, "{folder}.dist-info")
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n")
    return info.name
"""
# What the libraries raise over bytes that are no whole archive; a damaged gzip is an OSError.
_DAMAGED = (OSError, EOFError, RuntimeError, tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError)
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}  # of our own disk: no other source would help
_WORDS = {  # of the exceptions of requests, the more special first
    "SSLError": "its certificate was not accepted (behind a proxy set REQUESTS_CA_BUNDLE)",
    "ProxyError": "the proxy refused (see HTTPS_PROXY)",
    "ConnectTimeout": f"no answer within {CONNECT_SECONDS} s",
    "ReadTimeout": f"silent for {SILENCE_SECONDS} s",
    "InvalidSchema": "no address of the web",
    "InvalidURL": "no address of the web",
    "MissingSchema": "no address of the web",
}


class SourceError(Exception):
    """A source did not give what was asked; the next one may."""


def _put_into_words(error: Exception) -> str:
    """Return in one line why an address gave nothing: in words, or the error's name and number."""
    name = type(error).__name__
    cause = re.search(r"\[Errno [^'\")]*", str(error))
    return _WORDS.get(name) or ", ".join(filter(None, (name, cause.group() if cause else "")))


def _download(address: str, target: Path) -> Path:
    import pooch
    import requests

    timeout = (CONNECT_SECONDS, SILENCE_SECONDS)
    get = pooch.HTTPDownloader(progressbar=sys.stderr.isatty(), chunk_size=1 << 16, timeout=timeout)
    try:
        get(address, str(target), None)
    except requests.HTTPError as error:
        raise SourceError(f"answered {error.response.status_code}") from error
    except requests.RequestException as error:
        raise SourceError(_put_into_words(error)) from error
    return target


def _run(command: list[str], folder: Path, **environment: str) -> None:
    """Run a package client, which keeps its temporary files in `folder`."""
    shown = None if sys.stdout.isatty() else subprocess.DEVNULL  # its progress is for people only
    own = {"TMPDIR": str(folder), "PIP_REQUIRE_VIRTUALENV": "0"}  # a conda one is none
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, **own, **environment},
            stdin=subprocess.DEVNULL,
            stdout=shown,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=CLIENT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise SourceError(f"not there after {CLIENT_SECONDS / 60:.0f} minutes") from None
    if done.returncode:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith(("ERROR", "npm error", "npm ERR"))]
        raise SourceError((errors or lines[-1:] or [f"ended with status {done.returncode}"])[0])


def _pack_pypi(package: str, folder: Path) -> None:
    """Fetch a wheel; or, where the catalogue pins its hash, a source archive, whose setup.py is not run."""
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-input", "--dest", "."]
    patience = ["--retries", "1", "--timeout", "15"]
    package, _, digest = package.partition("#sha256=")
    if not digest:
        _run([*pip, *patience, "--only-binary", ":all:", package], folder)
        return
    pinned = f"--no-binary :all:\n--require-hashes\n{package} --hash=sha256:{digest}\n"
    (folder / "pinned.txt").write_text(pinned, encoding="utf-8")
    name, _, version = package.partition("==")
    stand_in = folder / "stand-in"
    (stand_in / "setuptools").mkdir(parents=True)
    (stand_in / "setuptools/__init__.py").touch()
    (stand_in / "setuptools/build_meta.py").write_text(
        _STAND_IN.format(folder=f"{name.replace('-', '_')}-{version}", name=name, version=version),
        encoding="utf-8",
    )
    what = ["--no-build-isolation", "--requirement", "pinned.txt"]
    _run([*pip, *patience, *what], folder, PYTHONPATH=str(stand_in))


def _pack_npm(package: str, folder: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise SourceError("npm is not installed; it comes with Node.js")
    patience = ["--fetch-retries", "1", "--fetch-retry-mintimeout", "1000"]
    _run([npm, "pack", package, "--ignore-scripts", *patience], folder)


def _fetch_archive(address: str, folder: Path) -> Path:
    """Bring a .zip, .whl or .tar.gz into an empty folder and return its path."""
    kind, _, package = address.partition(":")
    if kind == "pypi":
        _pack_pypi(package, folder)
    elif kind == "npm":
        _pack_npm(package, folder)
    else:
        return _download(address, folder / address.rsplit("/", 1)[-1])
    archives = [path for path in folder.iterdir() if path.suffix in (".whl", ".zip", ".gz", ".tgz")]
    if len(archives) != 1:
        raise SourceError(f"gave {len(archives)} archives instead of one")
    return archives[0]


def _read_members(archive: Path, folder: str, names: Collection[str]) -> Iterator[tuple[str, bytes]]:
    """Yield the wanted members of an archive; nothing is unpacked to a path that the archive names."""
    wanted = {folder + name: name for name in names}
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as package:
                for member in package.namelist():
                    if member in wanted:
                        yield wanted[member], package.read(member)
        else:
            with tarfile.open(archive) as package:
                for member in package:  # in the order of the file: going back would unpack it again
                    if member.isfile() and member.name in wanted:
                        yield wanted[member.name], package.extractfile(member).read()
    except _DAMAGED as error:
        raise SourceError(f"{archive.name} is no whole archive, {error}") from error


def read_source(source: str, names: Collection[str], folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of those of the named files that a source has.

    Args:
        source: `ADDRESS/`, or `ARCHIVE!FOLDER/` where the archive is an address, `pypi:NAME==VERSION`, the
            same with `#sha256=DIGEST` for a source archive, or `npm:NAME@VERSION`.
        names: paths inside the source's folder.
        folder: an empty folder for what is in between.

    Raises:
        SourceError: it could not be reached or read, or gave something else.
        OSError: the disk that holds `folder` is full or may not be written to.
    """
    try:
        yield from _read(source, names, folder)
    except OSError as error:  # such as a file of certificates that is not there
        if error.errno in _NO_ROOM:
            raise
        raise SourceError(str(error)) from error


def _read(source: str, names: Collection[str], folder: Path) -> Iterator[tuple[str, bytes]]:
    address, archived, inside = source.partition("!")
    if archived:
        yield from _read_members(_fetch_archive(address, folder), inside, names)
        return
    for name in names:
        yield name, _download(address + name, folder / "download").read_bytes()
