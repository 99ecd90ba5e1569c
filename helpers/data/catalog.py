"""Read the catalogue `data/catalog.toml`, which lists the sets and their files, and check the files."""

import hashlib
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers import paths
from helpers.naming import suggest
from helpers.provenance import note_input


class ChecksumError(Exception):
    """A file does not hold the bytes that the catalogue promises."""


@dataclass(frozen=True)
class DataFile:
    """One file of a set.

    Attributes:
        name: its path inside the folder of the set, with forward slashes.
        path: where it lies, or would lie.
        size: bytes.
        sha256: of its content, hexadecimal.
        role: `train`, `test` or empty.
        cure: the command that brings it back.
    """

    name: str
    path: Path
    size: int
    sha256: str
    role: str
    cure: str


@dataclass(frozen=True)
class DataSet:
    """One table of the catalogue; `sources` in order of preference, none where the set is bundled."""

    name: str
    title: str
    licence: str
    citation: str
    homepage: str
    sources: tuple[str, ...]
    files: tuple[DataFile, ...]

    @property
    def bundled(self) -> bool:
        """Whether the files come with the repository."""
        return not self.sources

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(file.size for file in self.files)

    def select(self, role: str) -> tuple[DataFile, ...]:
        """Return the files of one role (`train` or `test`), in the order of the catalogue."""
        return tuple(file for file in self.files if file.role == role)


def find_folder(name: str, bundled: bool) -> Path:
    """Return where the files of a set lie: among the bundled samples, or in the cache under its name."""
    return paths.SAMPLES if bundled else paths.cache() / name


def _read_set(name: str, table: dict[str, Any]) -> DataSet:
    sources, rows = tuple(table.pop("sources", ())), table.pop("files")
    folder = find_folder(name, bundled=not sources)
    cure = f"course data fetch {name}" if sources else "git checkout data/samples"
    files = tuple(
        DataFile(row["path"], folder / row["path"], row["size"], row["sha256"], row.get("role", ""), cure)
        for row in rows
    )
    return DataSet(name=name, sources=sources, files=files, **table)


def read_catalog() -> dict[str, DataSet]:
    """Return every set of `data/catalog.toml` by name."""
    tables = tomllib.loads((paths.DATA / "catalog.toml").read_text(encoding="utf-8"))
    return {name: _read_set(name, table) for name, table in tables.items()}


def check_name(name: str, known: Iterable[str]) -> None:
    """Do nothing where the name of a data set is known.

    Raises:
        ValueError: it is not; the message names the nearest and all.
    """
    known = list(known)
    if name not in known:
        raise ValueError(f"unknown data set {name!r}{suggest(name, known)}")


def find_set(name: str) -> DataSet:
    """Return one set of the catalogue.

    Raises:
        ValueError: no such set; the message names the nearest and all.
    """
    sets = read_catalog()
    check_name(name, sets)
    return sets[name]


def check_bytes(file: DataFile, content: bytes) -> None:
    """Do nothing where the content is what the catalogue promises.

    Raises:
        ChecksumError: it is not; the message names the file, expected and found, and the cure.
    """
    found = hashlib.sha256(content).hexdigest()
    if found != file.sha256:
        raise ChecksumError(
            f"{file.path} holds wrong bytes: expected {file.size:,} bytes with SHA-256 {file.sha256}, "
            f"found {len(content):,} bytes with {found}; run: {file.cure}"
        )


def read_verified(file: DataFile) -> bytes:
    """Return the content of a file after checking every byte, and note it as an input of this run.

    Raises:
        FileNotFoundError: it is not there; the message ends with the command that brings it.
        ChecksumError: a byte is wrong.
    """
    try:
        content = file.path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(f"{file.path} is missing; run: {file.cure}") from None
    check_bytes(file, content)
    note_input(file.path, file.sha256)
    return content


def inspect(file: DataFile) -> str:
    """Return `ok`, `missing` or `wrong` after reading the whole file."""
    try:
        check_bytes(file, file.path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return "missing"
    except ChecksumError:
        return "wrong"
    return "ok"
