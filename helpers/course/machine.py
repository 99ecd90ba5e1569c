"""What this machine is, and which lessons can run on it."""

import platform
import shutil
import subprocess
from collections.abc import Iterable, Sequence
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
    obstacles = [_find_obstacle(lesson) for lesson, _ in lessons]
    for (lesson, full), obstacle in zip(lessons, obstacles, strict=True):
        here = Text(obstacle or "yes", style="red" if obstacle else "")
        table.add_row(lesson.number, Text(lesson.title), here, *_tell_cost(lesson), Text(_tell_full(full)))
    console.print(table)
    return not any(obstacles)


def _find_obstacle(lesson: Lesson) -> str:
    """Return why the default run of a lesson cannot be made here, or an empty string."""
    needed = lesson.about.get("memory_mib", 0)
    if needed * 2**20 > measure_memory():
        return f"needs {needed} MiB of memory"
    return name_missing(lesson.about.get("data", ()))


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


def _tell_full(full: FullRun | None) -> str:
    if full is None:
        return "none"
    return ", ".join(part for part in (full.time or "time unknown", name_missing(full.needs)) if part)


def name_missing(sets: Iterable[str]) -> str:
    """Return what to do about the first data set that is not here, or an empty string."""
    from helpers.data.catalog import read_catalog

    catalogue = read_catalog()
    for name in sets:
        if name not in catalogue:
            return f"names the data set {name!r}, which data/catalog.toml does not have"
        if not all(file.path.is_file() for file in catalogue[name].files):
            return f"needs {name}; run: {catalogue[name].files[0].cure}"
    return ""
