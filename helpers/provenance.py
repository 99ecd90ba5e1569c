"""Note what a run reads and records, and tell from which commits it was made."""

import json
import os
import subprocess
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from helpers import paths
from helpers.naming import name_some


def append_line(line: dict[str, Any]) -> None:
    """Append a line to `record.jsonl` of this run; do nothing in a notebook opened by hand."""
    folder = os.environ.get("COURSE_RUN_DIR")
    if folder:
        with open(Path(folder) / "record.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n")


def note_input(path: Path, sha256: str) -> None:
    """Record that this run read a file, so that the lesson is run again when the file changes."""
    path = path.resolve()
    if path.is_relative_to(paths.cache()):
        shown = paths.CACHE_AS_NOTED + path.relative_to(paths.cache()).as_posix()
    else:
        shown = path.relative_to(paths.ROOT).as_posix() if path.is_relative_to(paths.ROOT) else path.name
    append_line({"kind": "input", "path": shown, "sha256": sha256})


def read_commit() -> tuple[str, bool]:
    """Return the commit of the repository, and whether the files differ from it.

    Outside a repository, or if git fails, the result is `unknown` and True. If git fails in a repository,
    such as for a folder of another user, its message is shown as a warning.

    Results, models and members do not count as differences: full runs write them, so that the next run, or
    the same one after an interruption, would be called changed.
    """
    place, _, commit = (_ask_git("rev-parse", "--show-prefix", "HEAD") or "").partition("\n")
    if place or not commit:  # this folder lies inside another repository
        return "unknown", True
    outputs = [":!reports/results", ":!reports/models", ":!reports/members"]
    return commit, _ask_git("status", "--porcelain", "--", ".", *outputs) != ""


def list_changed(commit: str, files: Sequence[str]) -> list[str] | None:
    """Return which of the files differ from a commit, were added or were removed since; None if git fails."""
    changed = _ask_git("diff", "--name-only", "--no-renames", commit, "--", *files, heard=False)
    there = _ask_git("ls-tree", "-r", "--name-only", "--full-tree", commit, heard=False)
    if changed is None or there is None:
        return None
    new = [name for name in files if name not in there.split("\n") and (paths.ROOT / name).exists()]
    return sorted({*filter(None, changed.split("\n")), *new})


def read_file(commit: str, path: str) -> str | None:
    """Return the text of a file in a commit, or None if git does not have it."""
    return _ask_git("show", f"{commit}:{path}", heard=False)


def leave_out_git(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without variables that point git to another repository, as a hook sets them.

    Variables that configure git are kept, such as `GIT_CONFIG_COUNT` for a `safe.directory`.
    """
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith("GIT_") or name.startswith("GIT_CONFIG_")
    }


def _ask_git(*arguments: str, heard: bool = True) -> str | None:
    """Return the output of a git command, or None if it fails; if `heard`, its error becomes a warning."""
    try:
        answer = subprocess.run(
            ["git", *arguments],
            cwd=paths.ROOT,
            env=leave_out_git(os.environ),
            capture_output=True,
            encoding="utf-8",
            timeout=30,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        if heard and (paths.ROOT / ".git").exists():
            reason = (getattr(error, "stderr", "") or str(error)).strip().partition("\n")[0]
            cure = f"; run: git config --global --add safe.directory {paths.ROOT}" * ("dubious" in reason)
            warnings.warn(f"git does not tell the commit: {reason}{cure}", stacklevel=3)
        return None
    return answer.stdout.rstrip()


def sum_seconds(manifest: Mapping[str, Any]) -> float:
    """Return the seconds that a run took, summed over its parts if it was interrupted."""
    return sum(part["seconds"] for part in list_parts(manifest))


def list_parts(manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the manifest of each part of a run, in order; an interrupted run has several parts."""
    return [*manifest.get("earlier", []), manifest]


def list_commits(manifest: Mapping[str, Any], digits: int = 7) -> list[str]:
    """Return each commit from which a part of a run was made, once, marked if files differed from it."""
    names = [
        part["commit"][:digits] + (" with changes" if part["dirty"] and part["commit"] != "unknown" else "")
        for part in list_parts(manifest)
    ]
    return list(dict.fromkeys(names))


def is_dirty(manifest: Mapping[str, Any]) -> bool:
    """Return whether any part of a run was made from files that were not committed."""
    return any(part["dirty"] for part in list_parts(manifest))


def describe_commits(manifest: Mapping[str, Any]) -> str:
    """Return a text that names the commits from which a run was made, and the number of its parts."""
    parts, commits = list_parts(manifest), list_commits(manifest)
    if len(commits) > 1:
        text = f"in {len(parts)} parts from {len(commits)} commits: {', '.join(commits)}"
    else:
        text = f"in {len(parts)} parts, commit {commits[0]}" if len(parts) > 1 else f"commit {commits[0]}"
    changes = dict.fromkeys(one for part in parts for one in part.get("differs", ()))
    return f"{text}; earlier parts were made with {name_some(changes)}" if changes else text
