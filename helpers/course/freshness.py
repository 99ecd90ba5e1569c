"""Whether a lesson must run again: its notebook, a helper it imports, its parameters or an input changed.

Only content counts, never the time of a file. The helpers are found by following the import statements of the
code cells through the modules of `helpers`, wherever in a module they stand.
"""

import ast
import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from helpers import paths
from helpers.course.lessons import Lesson, Run, find_runs, source_of

PACKAGE = "helpers"


def take_fingerprint(lesson: Lesson) -> dict[str, Any]:
    """Return the SHA-256 of the cells (kind, tags, source) and, by path, of each helper that is imported."""
    cells = [
        [cell["cell_type"], cell["metadata"].get("tags", []), source_of(cell)]
        for cell in lesson.notebook["cells"]
    ]
    text = json.dumps(cells, ensure_ascii=False)
    helpers = {path.relative_to(paths.ROOT).as_posix(): _hash_file(path) for path in trace_imports(lesson)}
    return {"notebook": hashlib.sha256(text.encode()).hexdigest(), "helpers": helpers}


def trace_imports(lesson: Lesson) -> list[Path]:
    """Return the files of all `helpers` modules that a lesson imports, directly or not, in order."""
    waiting = {name for cell in lesson.code_cells for name in _list_imports(source_of(cell), "")}
    seen: set[str] = set()
    found: set[Path] = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        path = _find_module(name)
        if path is None:
            continue  # `from helpers.data import load` also asks for a module helpers.data.load
        found.add(path)
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        waiting |= set(_list_imports(path.read_text(encoding="utf-8"), package))
    return sorted(found)


def _find_module(name: str) -> Path | None:
    base = paths.ROOT.joinpath(*name.split("."))
    candidates = (base / "__init__.py", base.with_name(base.name + ".py"))
    return next((path for path in candidates if path.is_file()), None)


@lru_cache(maxsize=512)
def _list_imports(source: str, package: str) -> frozenset[str]:
    """Return the dotted names in `helpers` that a text may import, with all packages above them.

    Args:
        source: Python, or a code cell with magics.
        package: the package that relative imports start from.
    """
    names: set[str] = set()
    for node in ast.walk(_parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            names |= {base} | {f"{base}.{alias.name}" for alias in node.names}
    inside = [name.split(".") for name in names if name.split(".")[0] == PACKAGE]
    return frozenset(".".join(parts[: n + 1]) for parts in inside for n in range(len(parts)))


def _parse(source: str) -> ast.AST:
    """Parse a code cell; line magics are translated, and a cell in another language imports nothing."""
    if source.lstrip().startswith("%%"):
        source = source.lstrip().partition("\n")[2]
    try:
        return ast.parse(source)
    except SyntaxError:
        from IPython.core.inputtransformer2 import TransformerManager

    try:
        return ast.parse(TransformerManager().transform_cell(source))
    except SyntaxError:
        return ast.Module(body=[], type_ignores=[])


def _hash_file(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def explain_staleness(lesson: Lesson, profile: str, parameters: Mapping[str, Any]) -> str:
    """Return why a lesson must run, such as `helpers/plots.py changed`, or an empty string.

    Args:
        lesson: the lesson.
        profile: `default`, `full` or `custom`.
        parameters: all its parameters with the values they would have.
    """
    last = find_last(lesson, profile)
    if last is None:
        return "not run yet"
    if last.status != "passed":
        return f"the last run {'failed' if last.status == 'failed' else 'was interrupted'}"
    if last.manifest["parameters"] != dict(parameters):
        return "its parameters changed"
    changes = _compare_fingerprints(last.manifest["fingerprint"], take_fingerprint(lesson))
    return next(changes, "") or next(_compare_inputs(last.manifest["inputs"]), "")


def find_last(lesson: Lesson, profile: str) -> Run | None:
    """Return the newest run that is not still going on."""
    return next((run for run in find_runs(lesson, profile) if run.status != "running"), None)


def _compare_fingerprints(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    if then["notebook"] != now["notebook"]:
        yield "the notebook changed"
    for name in sorted({*then["helpers"], *now["helpers"]}):
        if then["helpers"].get(name) != now["helpers"].get(name):
            yield f"{name} changed"


def _compare_inputs(inputs: list[dict[str, str]]) -> Iterator[str]:
    for entry in inputs:
        found = find_input(entry["path"])
        if entry["sha256"] == "":  # the lesson looked for it and found nothing
            if found:
                yield f"{entry['path']} is new"
        elif not found:
            yield f"{entry['path']} is missing"
        elif _hash_file(found) != entry["sha256"]:
            yield f"{entry['path']} changed"


def find_input(shown: str) -> Path | None:
    """Return the file that a run noted by its path in the repository, or by its name in a cache elsewhere."""
    here = next((path for path in paths.ROOT.glob(shown) if path.is_file()), None)
    return here or next(paths.cache().rglob(Path(shown).name), None)
