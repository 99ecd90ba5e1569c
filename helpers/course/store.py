"""Put the outputs of the last default run into the committed notebooks, clean and always in one form."""

import contextlib
import json
import math
import os
import re
import tempfile
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath, PureWindowsPath
from typing import Any

import nbformat
from nbformat import NotebookNode

from helpers import paths
from helpers.course.freshness import explain_staleness, find_last
from helpers.course.lessons import CourseError, Lesson, reading
from helpers.course.lock import write_entry

_COLOUR = re.compile("\x1b\\[[0-9;]*m")  # as a terminal is told of it, just before a text
_ADDED_TAGS = {"injected-parameters", "papermill-error-cell-tag"}
# All that a stored notebook may hold; what an editor or an extension adds of its own is not kept.
_CELL_KEYS = {"id", "cell_type", "metadata", "source", "attachments", "outputs", "execution_count"}
_CELL_METADATA = {"tags"}
_ABOUT = {"title", "paper", "summary", "data", "full_data", "headline", "cpu_seconds", "memory_mib"}


def store(lesson: Lesson) -> None:
    """Copy the outputs of the last default run into the notebook, with processor time and memory it took.

    The notebook keeps its present prose; `lessons.lock` notes what the outputs are of.

    Raises:
        CourseError: the lesson is not up to date, or an output holds a path of this machine.
    """
    reason = explain_staleness(lesson, "default", lesson.read_parameters())
    if reason:
        raise CourseError(f"lesson {lesson.number}: {reason}; run: course run {lesson.number}")
    run = find_last(lesson, "default")
    with reading(run.notebook, "notebook"):
        executed = clean_notebook(nbformat.read(run.notebook, as_version=4))
    _refuse_paths(executed, lesson)
    stored = nbformat.read(lesson.path, as_version=4)
    join_outputs(stored, executed)
    about = stored.metadata.setdefault("course", NotebookNode())
    about.cpu_seconds = _round_up(run.manifest["cpu_seconds"], 5)
    about.memory_mib = _round_up(run.manifest["peak_memory_mib"], 100)
    stored = clean_notebook(stored)
    paths.write_atomically(lesson.path, nbformat.writes(stored) + "\n")
    write_entry(lesson, run, nbformat.read(lesson.path, as_version=4))


def join_outputs(present: NotebookNode, executed: NotebookNode) -> None:
    """Give the code cells of a notebook the outputs of a clean executed one; other cells stay as they are.

    Raises:
        ValueError: the code cells are not the same.
    """
    cells = [[cell for cell in one.cells if cell.cell_type == "code"] for one in (present, executed)]
    for cell, done in zip(*cells, strict=True):
        if cell.source != done.source:
            raise ValueError("the notebook was executed with other code cells")
        cell.outputs, cell.execution_count = done.outputs, done.execution_count


def clean_notebook(notebook: NotebookNode) -> NotebookNode:
    """Return a notebook that holds only what the rules of the lessons allow.

    Cells that papermill added and stderr go; code cells are counted from 1 to n. Of cells and metadata only
    the known keys stay, so that nothing personal that some editor notes is ever committed.
    """
    cleaned = NotebookNode(nbformat=4, nbformat_minor=max(notebook.nbformat_minor, 5))
    cleaned.metadata = NotebookNode(
        kernelspec={"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        language_info={"name": "python"},
    )
    if "course" in notebook.metadata:
        cleaned.metadata.course = _keep(notebook.metadata.course, _ABOUT)
    cleaned.cells = [cell for cell in notebook.cells if not _ADDED_TAGS & set(cell.metadata.get("tags", []))]
    code_cells = [cell for cell in cleaned.cells if cell.cell_type == "code"]
    for cell in cleaned.cells:
        for key in cell.keys() - _CELL_KEYS:
            del cell[key]
        cell.metadata = _keep(cell.metadata, _CELL_METADATA)
        if not cell.metadata.get("tags", True):
            del cell.metadata["tags"]
    for count, cell in enumerate(code_cells, start=1):
        cell.execution_count = count
        cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = count
    return cleaned


def _keep(content: Mapping[str, Any], allowed: set[str]) -> NotebookNode:
    return NotebookNode({key: content[key] for key in content if key in allowed})


def _refuse_paths(notebook: NotebookNode, lesson: Lesson) -> None:
    private = [(folder, _match(folder)) for folder in _list_private()]
    code_cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for count, cell in enumerate(code_cells, start=1):
        for text in _list_texts(cell.outputs):
            text = unicodedata.normalize("NFC", _COLOUR.sub("", text))
            for folder, pattern in private:
                if pattern.search(text):
                    path = f"{folder}{os.sep}"
                    raise CourseError(
                        f"lesson {lesson.number}: code cell {count} prints the path {path} of this machine"
                    )


def _list_private() -> list[Path]:
    """Return the folders whose paths tell something of this machine, also by their other names if linked.

    The root of a disk is none of them, as a service without a home has it for HOME: every path begins so.
    """
    folders = [paths.ROOT, Path(tempfile.gettempdir())]
    with contextlib.suppress(RuntimeError):  # a user whom the system does not know, with no HOME
        folders.append(Path.home())
    folders += [folder.resolve() for folder in folders]
    return [folder for folder in dict.fromkeys(folders) if _is_telling(folder)]


def _is_telling(folder: PurePath) -> bool:
    return folder.is_absolute() and folder != folder.parent


def _match(folder: PurePath) -> re.Pattern[str]:
    """Return what finds the path of a folder where one begins: not inside an address or another path."""
    forms = "|".join(map(re.escape, sorted(_spell(folder))))
    # What is printed with repr may have the n of a line end, an escaped one, just before the path.
    return re.compile(rf"(?:(?<![\w/.~-])|(?<=\\[nrt]))(?:{forms})")


def _spell(folder: PurePath) -> set[str]:
    """Return the forms in which a program prints the path of a folder, each with its last separator."""
    separator = "\\" if isinstance(folder, PureWindowsPath) else "/"
    plain = unicodedata.normalize("NFC", f"{folder}{separator}")
    forms = {plain, f"{folder.as_uri()}/", unicodedata.normalize("NFC", f"{folder.as_posix()}/")}
    # In a text within quotation marks each backslash is written twice, and JSON may escape letters.
    return forms | {repr(plain)[1:-1], ascii(plain)[1:-1], json.dumps(plain)[1:-1]}


def _list_texts(content: Any) -> Iterator[str]:
    """Yield every text in the outputs of a cell, however deep; not as JSON, which would escape letters."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, Mapping):
        for inner in content.values():
            yield from _list_texts(inner)
    elif isinstance(content, list):
        for inner in content:
            yield from _list_texts(inner)


def _round_up(value: float, step: int) -> int:
    return math.ceil(value / step) * step
