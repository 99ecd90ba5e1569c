"""Say in one line what is wrong around the course, such as a full disk or a closed folder."""

import errno
import importlib.util
import os
import shutil
import tempfile
from pathlib import Path

from helpers import paths

_REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS)
_FULL = (errno.ENOSPC, errno.EDQUOT)
_SCARCE = 100  # MB free, below which a disk is named as full


def explain(error: OSError, command: str = "") -> str:
    """Return what cannot be read or written, why, and what to do; an empty string for other errors.

    Args:
        error: raised by the operating system.
        command: the subcommand that met it, such as `export`, which may offer another way out.
    """
    number, reason = error.errno, error.strerror
    if number is None or number == errno.EPIPE:  # not of the system; or the reader of our output has gone
        return ""
    if number in _FULL:
        return (
            f"{_name_full_disk(error)}: {reason}; make room there; make clean removes old runs and the site"
        )
    if not isinstance(error.filename, (str, bytes, os.PathLike)):
        return ""
    path = Path(os.fsdecode(error.filename)).absolute()
    inside = path.is_relative_to(paths.ROOT)
    if number in _REFUSED:
        if path.is_file() and not os.access(path, os.R_OK):
            return f"cannot read {show(path)}: {reason}; ask its owner for the right to read it"
        return f"cannot write to {show(_find_closed(path))}: {reason}; {_offer_place(inside, command)}"
    cure = {
        errno.EISDIR: "a file is needed there; remove the folder, or name a file in it",
        errno.ENOTDIR: "a folder is needed there; move the file away, or name another place",
        errno.EEXIST: "a folder is needed there; move the file away, or name another place",
        errno.ENOENT: f"to restore it: git checkout {show(path)}" if inside else "name one that is there",
    }.get(number)
    return f"{show(path)}: {reason}; {cure}" if cure else f"{show(path)}: {reason}"


def name_hiding() -> str:
    """Return which file in `notebooks` hides a module from the lessons, and what to do; or an empty string.

    A kernel looks for every module in the folder of its notebook first.
    """
    candidates = [*paths.NOTEBOOKS.glob("*.py"), *paths.NOTEBOOKS.glob("*/__init__.py")]
    for path in (path.parent if path.name == "__init__.py" else path for path in sorted(candidates)):
        if path.stem.isidentifier() and _is_module_elsewhere(path.stem):
            return (
                f"{show(path)} hides the module {path.stem} from the lessons; give it another name, "
                f"such as {show(path.with_name(f'my_{path.name}'))}"
            )
    return ""


def _is_module_elsewhere(name: str) -> bool:
    """Return whether a module is found outside of `notebooks`; those in the interpreter cannot be hidden."""
    try:
        spec = importlib.util.find_spec(name)
    except ValueError:  # __main__ has none
        return False
    if spec is None or spec.origin in ("built-in", "frozen"):
        return False
    return spec.origin is None or paths.NOTEBOOKS not in Path(spec.origin).parents


def show(path: Path) -> str:
    """Return a path as the user knows it: from the root of the repository where it lies inside."""
    return path.relative_to(paths.ROOT).as_posix() if paths.ROOT in path.parents else str(path)


def _find_closed(path: Path) -> Path:
    """Return the file that may not be written to, or the nearest folder above it that is there."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def _offer_place(inside: bool, command: str) -> str:
    if not inside:
        return "name another place, or ask its owner for the right to write there"
    if command == "export":
        return "name a file of yours with -o, or clone the repository into a folder of yours"
    return (
        "copy a lesson from notebooks into a folder of yours and open it there, "
        "or clone the repository into a folder of yours"
    )


def _name_full_disk(error: OSError) -> str:
    """Return which file could not be written; if the system does not say which, the disks that are full."""
    if isinstance(error.filename, str):
        return f"cannot write {show(Path(error.filename).absolute())}"
    free = {
        str(place): shutil.disk_usage(place).free / 1e6
        for place in (paths.ROOT, Path(tempfile.gettempdir()), paths.cache())
        if place.exists()
    }
    full = [f"{place} ({megabytes:.0f} MB free)" for place, megabytes in free.items() if megabytes < _SCARCE]
    return "cannot write" + (f" to {' or '.join(full)}" if full else "")
