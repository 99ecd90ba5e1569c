"""What this machine is, and which lessons can run on it."""

import platform
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table
from rich.text import Text

from helpers import paths
from helpers.course.lessons import FullRun, Lesson, newest_run
from helpers.course.progress import format_seconds

CGROUP = Path("/sys/fs/cgroup")


def describe_device() -> dict[str, Any]:
    """Return cpu, cores (those this process may use), memory_gib, os, python and gpu (names, or None)."""
    return {
        "cpu": _name_cpu(),
        "cores": count_cores(),
        "memory_gib": round(measure_memory() / 2**30, 1),
        "os": f"{platform.system()} {platform.release().partition('-')[0]}",
        "python": platform.python_version(),
        "gpu": _name_gpus(),
    }


def count_cores() -> int:
    """Return how many cores this process may use; where a container grants a share of them, that share."""
    import joblib  # half a second, which no other command should wait for

    return joblib.cpu_count()


def measure_memory() -> int:
    """Return the bytes of memory there are; where a container grants less, what it grants."""
    total = psutil.virtual_memory().total
    try:
        return min(total, int((CGROUP / "memory.max").read_text()))
    except (OSError, ValueError):
        return total


def measure_free_memory() -> int:
    """Return the bytes of memory that are free; in a container at most what it grants and does not use."""
    free = psutil.virtual_memory().available
    try:
        granted = int((CGROUP / "memory.max").read_text())
        return max(0, min(free, granted - int((CGROUP / "memory.current").read_text())))
    except (OSError, ValueError):
        return free


def _name_cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = _ask("sysctl", "-n", "machdep.cpu.brand_string")
        return lines[0] if lines else platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _name_gpus() -> str | None:
    return ", ".join(_ask("nvidia-smi", "--query-gpu=name", "--format=csv,noheader")) or None


def _ask(*command: str) -> list[str]:
    """Return the lines that a command prints; none where it is missing or fails."""
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    return answer.stdout.strip().splitlines()


def describe_machine() -> dict[str, str]:
    """Return what `course check` tells about this machine, by name."""
    device = describe_device()
    free = shutil.disk_usage(paths.ROOT).free / 2**30
    return {
        "python": device["python"],
        "system": device["os"],
        "processor": f"{device['cpu']}, {device['cores']} cores",
        "memory": f"{device['memory_gib']} GiB",
        "free disk": f"{free:.0f} GiB",
        "GPU": device["gpu"] or "none found",
        "npm": "found" if shutil.which("npm") else "not found (only some mirrors of the full data need it)",
    }


def print_report(console: Console, lessons: Sequence[tuple[Lesson, FullRun | None]]) -> bool:
    """Print what this machine is and how each lesson would do on it; return whether all default runs can."""
    facts = Table(box=None, show_header=False, pad_edge=False)
    for name, fact in describe_machine().items():
        facts.add_row(name, Text(fact))
    console.print(facts, "")
    table = Table(box=None, pad_edge=False)
    for column in ("lesson", "", "here?", "processor", "memory", "full run"):
        table.add_column(column)
    cures: dict[str, None] = {}  # each is told once, below
    good = True
    for lesson, full in lessons:
        obstacle = _find_obstacle(lesson, cures)
        good = good and not obstacle
        here = Text(obstacle or "yes", style="red" if obstacle else "")
        row = (lesson.number, Text(lesson.title), here, *_tell_cost(lesson), Text(_tell_full(full, cures)))
        table.add_row(*row)
    console.print(table)
    if cures:
        lines = ["", "to get the data that are missing:", *(f"    {cure}" for cure in cures)]
        console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)
    return good


def _find_obstacle(lesson: Lesson, cures: dict[str, None]) -> str:
    """Return why the default run of a lesson cannot be made here, or an empty string; note what to do."""
    needed = lesson.about.get("memory_mib", 0)
    if needed * 2**20 > measure_memory():
        return f"needs {needed} MiB of memory"
    return _note_missing(lesson.about.get("data", ()), cures)


def _tell_cost(lesson: Lesson) -> tuple[str, str]:
    """Return processor time and memory of the default run: of the last one here, or as the notebook says."""
    last = newest_run(lesson, status="passed")
    known = last.manifest if last else lesson.about
    seconds = known.get("cpu_seconds") or known.get("seconds")
    memory = known.get("peak_memory_mib", known.get("memory_mib"))
    origin = " here" if last else ""
    return (
        f"{format_seconds(seconds)}{origin}" if seconds else "unknown",
        f"{memory} MiB" if memory else "unknown",
    )


def _tell_full(full: FullRun | None, cures: dict[str, None]) -> str:
    if full is None:
        return "none"
    missing = _note_missing(full.needs, cures)
    return ", ".join(part for part in (full.time or "time unknown", missing) if part)


def _note_missing(sets: Iterable[str], cures: dict[str, None]) -> str:
    """Return which data sets are not here, and note how to get them."""
    missing = list(_list_missing(sets))
    cures |= {cure: None for _, cure in missing if cure}
    return ", ".join(what for what, _ in missing).replace(", needs ", ", ")


def name_missing(sets: Iterable[str]) -> str:
    """Return what to do about the first data set that is not here, or an empty string."""
    return "; run: ".join(filter(None, next(_list_missing(sets), ())))


def _list_missing(sets: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield of each data set that is not here which it is, and the command that brings it."""
    from helpers.data.catalog import read_catalog

    catalogue = read_catalog()
    for name in sets:
        if name not in catalogue:
            yield f"names the data set {name!r}, which data/catalog.toml does not have", ""
        elif not all(file.path.is_file() for file in catalogue[name].files):
            yield f"needs {name}", catalogue[name].files[0].cure
