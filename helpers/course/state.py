"""Keep the journals and checkpoints of an interrupted full run, from which the next one continues.

The next run may continue if the code cells, the imported modules of `helpers`, the parameters, the files that
were read and the versions of packages are the same. Otherwise it is refused. With `--keep-state` it continues
anyway, and its record says what differed. One process at a time holds the state of a lesson.
"""

import contextlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from helpers import paths
from helpers.course.freshness import find_input, hash_file, hash_modules
from helpers.course.lessons import CourseError
from helpers.course.manifest import write_json
from helpers.course.surroundings import show
from helpers.naming import list_differences, name_some
from helpers.results import read_record

UNKNOWN = "what nobody knows"


@contextlib.contextmanager
def hold_state(manifest: dict[str, Any], *, anew: bool = False, keep: bool = False) -> Iterator[Path | None]:
    """Give the folder for journals and checkpoints of a full run that begins; None for any other run.

    The folder stays until a full run of the lesson passes. The manifest lists as `earlier` the interrupted
    runs that left files there, its parts. Each entry holds the start, the commit, whether files differed from
    the commit, and the seconds until the last file was written. `differs` lists what has changed since.

    Args:
        manifest: of the run that begins.
        anew: forget what an interrupted run has left.
        keep: continue although something differs.

    Raises:
        CourseError: another process runs the lesson in full, or something differs.
    """
    if manifest["profile"] != "full":
        yield None
        return
    with _lock(manifest):
        if anew:
            drop_state(manifest["slug"])
        folder, parts = find_state(manifest["slug"]), _read_parts(manifest["slug"])
        own = {name: manifest[name] for name in ("started", "commit", "dirty")} | {
            "made": _describe(manifest)
        }
        differences = [_compare(part, own["made"]) for part in parts]
        _refuse(manifest, differences, keep)
        manifest["earlier"] = [
            {name: part[name] for name in ("started", "commit", "dirty", "seconds")}
            | ({"differs": found} if found else {})
            for part, found in zip(parts, differences, strict=True)
        ]
        write_json(folder / "parts.json", {"parts": [*parts, own]})
        yield folder


def check_state(manifest: Mapping[str, Any], *, anew: bool = False, keep: bool = False) -> None:
    """Raise the errors of `hold_state`, but change nothing, so that a request is refused before it begins."""
    with _lock(manifest):
        made, parts = _describe(manifest), [] if anew else _read_parts(manifest["slug"])
        _refuse(manifest, [_compare(part, made) for part in parts], keep)


def leave_out_own(inputs: list[dict[str, str]], slug: str) -> list[dict[str, str]]:
    """Return the files that a full run read but for the record of its lesson, which it will replace."""
    return [entry for entry in inputs if entry["path"] != f"reports/results/{slug}.json"]


def find_state(slug: str) -> Path:
    """Return the path of the folder for the state of a lesson's full run; it need not exist."""
    return paths.RUNS / slug / "state"


def drop_state(slug: str) -> None:
    """Remove the state of a lesson's full run. The caller must hold the lock of the state."""
    shutil.rmtree(find_state(slug), ignore_errors=True)


@contextlib.contextmanager
def _lock(manifest: Mapping[str, Any]) -> Iterator[None]:
    """Lock the state of a lesson; the system frees the lock when the process ends, also after a kill."""
    from filelock import FileLock, Timeout

    # Beside the folder and not in it, because `drop_state` removes the folder.
    path = find_state(manifest["slug"]).with_suffix(".lock")
    holder = path.with_suffix(".holder")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        lock = FileLock(path, thread_local=False).acquire(timeout=0)
    except Timeout:
        with contextlib.suppress(OSError):
            process = f" in process {holder.read_text(encoding='utf-8')}"
            raise CourseError(_tell_going_on(manifest, process)) from None
        raise CourseError(_tell_going_on(manifest)) from None
    with lock:
        paths.write_atomically(holder, str(os.getpid()))
        try:
            yield
        finally:
            holder.unlink(missing_ok=True)


def _tell_going_on(manifest: Mapping[str, Any], process: str = "") -> str:
    return f"{manifest['label']}: its full run is going on{process}; wait for it, or end it"


def _describe(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a full run that begins now is made with, except for the files that it will read."""
    fingerprint = manifest["fingerprint"]
    made = {
        "cells": fingerprint["cells"],
        "imports": sorted(_add_named_imports(fingerprint["modules"])),
        "modules": hash_modules(),
        "parameters": manifest["parameters"],
        "versions": {"Python": fingerprint["python"], **manifest["versions"]},
    }
    return json.loads(json.dumps(made))  # as it will be read back


def _add_named_imports(modules: Mapping[str, str]) -> set[str]:
    """Return the modules, and all beside one that calls `import_module`, as it may import any of them."""
    found = set(modules)
    for name in modules:
        path = paths.ROOT / name
        if path.is_file() and "import_module(" in path.read_text(encoding="utf-8"):
            found |= set(map(show, path.parent.glob("*.py")))
    return found


def _read_parts(slug: str) -> list[dict[str, Any]]:
    """Return the earlier, interrupted runs of a lesson that have left files in its state."""
    folder, log = find_state(slug), find_state(slug) / "parts.json"
    traces = [path.stat().st_mtime for path in folder.glob("**/*") if path.is_file() and path != log]
    if not traces:
        return []
    try:
        parts = json.loads(log.read_text(encoding="utf-8"))["parts"]
    except (OSError, ValueError, KeyError):
        parts = []
    if not parts:  # nobody knows what left these traces
        began = datetime.fromtimestamp(min(traces), UTC).isoformat(timespec="milliseconds")
        return [{"started": began, "commit": "unknown", "dirty": True, "seconds": 0.0}]
    last = parts[-1]
    began = datetime.fromisoformat(last["started"]).timestamp()
    last["seconds"] = round(max(0.0, max(traces) - began), 2)
    if "made" in last:
        _add_run(slug, last)
    return parts if last["seconds"] or len(parts) == 1 else parts[:-1]


def _add_run(slug: str, part: dict[str, Any]) -> None:
    """Add from the run folder of a part the files that it read and the modules that its kernel imported."""
    for path in (paths.RUNS / slug).glob("full-*/manifest.json"):
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if manifest["started"] == part["started"]:
            imports = {*part["made"]["imports"], *manifest["fingerprint"]["modules"]}
            read = read_record(path.with_name("record.jsonl")).manifest["inputs"]
            part["made"]["imports"] = sorted(imports)
            part["made"]["inputs"] = {
                entry["path"]: entry["sha256"] for entry in leave_out_own(read, manifest["slug"])
            }


def _compare(part: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return in words what has changed between an earlier part and a run that begins now."""
    if "made" not in part:
        return [UNKNOWN]
    then, commit = part["made"], part["commit"][:7] + (" with changes" if part["dirty"] else "")
    found = [f"other code cells, as of {commit}"] if then["cells"] != now["cells"] else []
    for name in sorted({*then["imports"], *now["imports"]}):
        if then["modules"].get(name) != now["modules"].get(name):
            found.append(f"{name} as of {commit}")
    for kind in ("parameters", "versions"):
        for name, before, after in list_differences(then[kind], now[kind]):
            found.append(f"{name} {before} (now {after})")
    for name, digest in sorted(then.get("inputs", {}).items()):
        path = find_input(name)
        if (hash_file(path) if path else "") != digest:
            found.append(f"another {name}")
    return found


def _refuse(manifest: Mapping[str, Any], differences: list[list[str]], keep: bool) -> None:
    """Raise an error if the last part differs. Parts before it were accepted when the last part began."""
    if differences and differences[-1] and not keep:
        raise CourseError(
            f"{manifest['label']}: the interrupted full run was made with "
            f"{name_some(differences[-1])}; go on knowingly with --keep-state, or begin anew with --force"
        )
