"""Compare a run with the present files, and say what differs.

A run is fresh while the code cells, the modules that its kernel imported, the files that it read, the bands
of the lesson, Python's minor version and the versions of `PACKAGES` are the same. Only content counts, never
the time of a file. Prose does not count: a page joins the present prose with the outputs of a fresh run.
"""

import ast
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from helpers import paths
from helpers.course.lessons import Lesson, Run, find_runs, source_of
from helpers.course.surroundings import show

PACKAGE = "helpers"
# The packages whose version can change a number or a figure.
PACKAGES = (
    "tensorflow",
    "keras",
    "numpy",
    "scipy",
    "pandas",
    "scikit-learn",
    "scikit-image",
    "pillow",
    "matplotlib",
)


def read_versions() -> dict[str, str]:
    """Return the installed version of each of `PACKAGES`."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def read_python() -> str:
    """Return Python's minor version, such as `3.12`."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def take_fingerprint(lesson: Lesson, profile: str = "default") -> dict[str, Any]:
    """Return the fingerprint of a run that begins now, as far as it is known before the run.

    Returns:
        cells: SHA-256 of the code cells (tags and source).
        modules: for each module of `helpers` that import statements lead to, its path and SHA-256. A run that
            ends replaces them by those that its kernel imported.
        bands: SHA-256 of the lesson's bands; they count in a default run only.
        python: the minor version.
    """
    return {
        "cells": hash_cells(lesson),
        "modules": {show(path): hash_file(path) for path in trace_imports(lesson)},
        "bands": hash_bands(lesson) if profile == "default" else "",
        "python": read_python(),
    }


def read_fingerprint(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the whole fingerprint of a run from its manifest: with inputs and package versions."""
    inputs = {entry["path"]: entry["sha256"] for entry in manifest["inputs"]}
    return {**manifest["fingerprint"], "inputs": inputs, "versions": manifest["versions"]}


def hash_cells(lesson: Lesson) -> str:
    cells = [[cell["metadata"].get("tags", []), source_of(cell)] for cell in lesson.code_cells]
    return hash_json(cells)


def hash_bands(lesson: Lesson) -> str:
    """Return the SHA-256 of the limits of a lesson's bands; their evidence does not count."""
    from helpers.course import bands

    limits = {
        name: [band["low"], band["high"]] for name, band in bands.read_bands().get(lesson.slug, {}).items()
    }
    return hash_json(limits)


def hash_json(content: Any) -> str:
    text = json.dumps(content, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def hash_file(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_modules() -> dict[str, str]:
    """Return the path and SHA-256 of every file of the package `helpers`."""
    return {show(path): hash_file(path) for path in sorted((paths.ROOT / PACKAGE).rglob("*.py"))}


def list_changes(lesson: Lesson, then: Mapping[str, Any]) -> Iterator[str]:
    """Yield what differs now from a fingerprint, such as `helpers/figures/drawings.py changed`."""
    if not _is_same(then["cells"], hash_cells(lesson)):
        yield "its code cells changed"
    for name, digest in sorted(then["modules"].items()):
        path = paths.ROOT / name
        if not path.is_file():
            yield f"{name} is missing"
        elif not _is_same(digest, hash_file(path)):
            yield f"{name} changed"
    yield from _compare_inputs(then["inputs"])
    if then["bands"] and not _is_same(then["bands"], hash_bands(lesson)):
        yield "its bands changed"
    if then["python"] != read_python():
        yield f"Python {then['python']} -> {read_python()}"
    now = read_versions()
    for name in sorted({*then["versions"], *now}):
        if then["versions"].get(name) != now.get(name):
            yield f"{name} {then['versions'].get(name, 'none')} -> {now.get(name, 'none')}"


def _compare_inputs(inputs: Mapping[str, str]) -> Iterator[str]:
    for name, digest in sorted(inputs.items()):
        found = find_input(name)
        if digest == "":  # the lesson looked for it and found nothing
            if found:
                yield f"{name} is new"
        elif not found:
            yield f"{name} is missing"
        elif not _is_same(digest, hash_file(found)):
            yield f"{name} changed"


def _is_same(then: str, now: str) -> bool:
    """Compare two hashes; the lock holds the first digits only."""
    return len(then) >= 16 and now.startswith(then)


def explain_staleness(lesson: Lesson, profile: str, parameters: Mapping[str, Any]) -> str:
    """Return why the last run of a lesson is not fresh, such as `helpers/paths.py changed`, or "".

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
    if last.manifest["parameters"] != json.loads(json.dumps(parameters)):  # where a tuple is a list
        return "its parameters changed"
    return next(list_changes(lesson, read_fingerprint(last.manifest)), "")


def find_last(lesson: Lesson, profile: str) -> Run | None:
    """Return the newest run that has ended."""
    return next((run for run in find_runs(lesson, profile) if run.status != "running"), None)


def find_input(shown: str) -> Path | None:
    """Return the file that a run noted by this name, or None."""
    if shown.startswith(paths.CACHE_AS_NOTED):
        path = paths.cache() / shown.removeprefix(paths.CACHE_AS_NOTED)
        return path if path.is_file() else None
    here = next((path for path in paths.ROOT.glob(shown) if path.is_file()), None)
    if here or "/" in shown:
        return here
    return next(paths.cache().rglob(shown), None)  # older records name files of a cache elsewhere like this


def trace_imports(lesson: Lesson) -> list[Path]:
    """Return the files of all `helpers` modules that import statements of a lesson lead to, in order.

    They can be found before a run. Modules whose names the code builds while it runs are left out.
    """
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
