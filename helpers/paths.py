"""Where things are in the repository, found from the package's own place, whatever the working directory."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"
DATA = ROOT / "data"
SAMPLES = DATA / "samples"
REPORTS = ROOT / "reports"
RESULTS = REPORTS / "results"
RUNS = REPORTS / "runs"
HTML = REPORTS / "html"


def cache() -> Path:
    """Return the folder of fetched data: `data/cache`, or the one that `COURSE_CACHE` names.

    A class can share one folder by setting the variable on every machine.
    """
    return Path(os.environ.get("COURSE_CACHE") or DATA / "cache").expanduser().resolve()


def state() -> Path:
    """Return the folder, made if need be, where a lesson keeps the journals and checkpoints it goes on from.

    `course run` names it in `COURSE_STATE_DIR`: a full run finds there what an interrupted one has left,
    until it passes; any other run begins with an empty folder.
    """
    folder = Path(os.environ.get("COURSE_STATE_DIR") or RUNS / "by-hand")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
