"""Folders of the repository, found from where this package lies; the working directory does not matter."""

import atexit
import os
import shutil
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"
DATA = ROOT / "data"
SAMPLES = DATA / "samples"
REPORTS = ROOT / "reports"
RESULTS = REPORTS / "results"
MODELS = REPORTS / "models"
MEMBERS = REPORTS / "members"
RUNS = REPORTS / "runs"
LEDGER = REPORTS / "ledger"
HTML = REPORTS / "html"
CACHE_AS_NOTED = "data/cache/"  # begins the names of cached files in records, wherever the cache is


def cache() -> Path:
    """Return the folder of fetched data: `data/cache`, or the one that `COURSE_CACHE` names.

    A class can share one folder by setting the variable on every machine. A relative path is one inside the
    repository, whatever the working directory: lessons run in `notebooks/`, commands anywhere.
    """
    return (ROOT / Path(os.environ.get("COURSE_CACHE") or DATA / "cache").expanduser()).resolve()


def write_atomically(path: Path, content: bytes | str | Callable[[BinaryIO], object]) -> None:
    """Write a file in one step, so that nobody ever reads half of it; make its folder if need be.

    A write that fails, as on a full disk, leaves the file as it was and nothing beside it.

    Args:
        path: of the file.
        content: bytes; a text, which is written as UTF-8; or a function that writes into an open file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Two threads may write the same file, so the process alone makes no name of its own.
    part = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}")
    try:
        with open(part, "wb") as file:
            if callable(content):
                content(file)
            else:
                file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())  # or a power cut could leave the new name with an empty file
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def state() -> Path:
    """Return a folder for the journals and checkpoints that a lesson goes on from when it is interrupted.

    `course run` names the folder in `COURSE_STATE_DIR`. A full run finds there the files of the interrupted
    run before it; the folder is removed when a full run passes. Any other run begins with an empty folder.
    In a notebook opened by hand every call gives a new folder, so that a cell does its work again when it is
    run again. These folders are removed when the kernel ends.
    """
    if named := os.environ.get("COURSE_STATE_DIR"):
        folder = Path(named)
        folder.mkdir(parents=True, exist_ok=True)
        return folder
    folder = Path(tempfile.mkdtemp(prefix="course-state-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
