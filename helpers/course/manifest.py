"""The manifest of a run: what was run, on what, from which commit, and how it went."""

import json
import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from helpers import paths
from helpers.commit import read_commit
from helpers.course.freshness import take_fingerprint
from helpers.course.lessons import Lesson
from helpers.course.machine import describe_device

# Those whose version can move a number or a figure.
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


def write_atomically(path: Path, text: str) -> None:
    """Write text as `helpers.paths.write_atomically` writes bytes."""
    paths.write_atomically(path, text.encode())


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a file atomically as indented JSON, in the order given."""
    write_atomically(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def start_manifest(lesson: Lesson, profile: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the manifest of a run that begins now."""
    commit, dirty = read_commit()
    return {
        "lesson": lesson.number,
        "stem": lesson.stem,
        "title": lesson.title,
        "profile": profile,
        "status": "running",
        "error": None,
        "parameters": dict(parameters),
        "seeds": {name: value for name, value in parameters.items() if name in ("seed", "seeds")},
        "commit": commit,
        "dirty": dirty,
        "inputs": [],
        "fingerprint": take_fingerprint(lesson),
        "versions": read_versions(),
        "device": describe_device(),
        "started": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "seconds": None,
        "peak_memory_mib": None,
    }


def make_run_folder(manifest: Mapping[str, Any]) -> Path:
    """Make the folder of a run; its name holds profile, start and process, so that no two runs share one."""
    while True:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")[:-3] + "Z"
        folder = paths.RUNS / manifest["stem"] / f"{manifest['profile']}-{stamp}-{os.getpid()}"
        try:
            folder.mkdir(parents=True)
            return folder
        except FileExistsError:
            time.sleep(0.001)


def read_versions() -> dict[str, str]:
    """Return the installed version of each of `PACKAGES`."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
