"""The manifest of a run: what was run, on what, from which commit, and how it went."""

import itertools
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from helpers import paths
from helpers.course.freshness import read_versions, take_fingerprint
from helpers.course.lessons import Lesson
from helpers.course.machine import describe_device
from helpers.provenance import read_commit


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a file atomically as indented JSON, in the order given."""
    paths.write_atomically(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def start_manifest(lesson: Lesson, profile: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the manifest of a run that begins now."""
    commit, dirty = read_commit()
    return {
        "lesson": lesson.number,
        "label": lesson.label,
        "slug": lesson.slug,
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
        "fingerprint": take_fingerprint(lesson, profile),
        "versions": read_versions(),
        "device": describe_device(),
        "started": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "seconds": None,
        "cpu_seconds": None,
        "peak_memory_mib": None,
    }


def make_run_folder(manifest: Mapping[str, Any]) -> Path:
    """Make the folder of a run; its name holds the profile and the next number, so that no two share one."""
    folder = paths.RUNS / manifest["slug"]
    folder.mkdir(parents=True, exist_ok=True)
    profile = manifest["profile"]
    names = [path.name for path in folder.iterdir()]
    numbers = [int(name[-6:]) for name in names if re.fullmatch(rf"{profile}-\d{{6}}", name)]
    for number in itertools.count(max(numbers, default=0) + 1):
        with suppress(FileExistsError):
            made = folder / f"{profile}-{number:06d}"
            made.mkdir()
            return made
    raise AssertionError("numbers do not end")
