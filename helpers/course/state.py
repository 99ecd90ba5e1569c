"""What an interrupted full run leaves behind, from which the next one goes on."""

import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

from helpers import paths
from helpers.course.manifest import write_json


def open_state(manifest: dict[str, Any], run_folder: Path, *, anew: bool) -> Path:
    """Return the folder for journals and checkpoints of a run that begins.

    That of a full run outlives it until one passes. What it already holds was made by earlier parts of the
    same run: the manifest gets them as `earlier`, each with start, commit, and the seconds to its last trace.

    Args:
        manifest: of the run that begins.
        run_folder: that of this run, where other than full runs keep their state.
        anew: forget what an interrupted run has left.
    """
    if manifest["profile"] != "full":
        return run_folder / "state"
    folder = find_state(manifest["stem"])
    if anew:
        drop_state(manifest["stem"])
    log = folder / "parts.json"
    traces = [path.stat().st_mtime for path in folder.glob("**/*") if path.is_file() and path != log]
    parts = json.loads(log.read_text(encoding="utf-8"))["parts"] if traces and log.exists() else []
    if parts:
        began = datetime.fromisoformat(parts[-1]["started"]).timestamp()
        parts[-1]["seconds"] = round(max(0.0, max(traces) - began), 2)
    manifest["earlier"] = parts
    own = {name: manifest[name] for name in ("started", "commit", "dirty")}
    write_json(log, {"parts": [*parts, own]})
    return folder


def find_state(stem: str) -> Path:
    """Return the folder of the state of a lesson's full run, there or not."""
    return paths.RUNS / stem / "state"


def drop_state(stem: str) -> None:
    """Remove the state of a lesson's full run."""
    shutil.rmtree(find_state(stem), ignore_errors=True)
