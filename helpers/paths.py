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
