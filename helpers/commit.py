"""The commit that a run, or a trained member, was made from."""

import os
import subprocess
import warnings
from collections.abc import Mapping, Sequence

from helpers import paths


def read_commit() -> tuple[str, bool]:
    """Return the commit of the repository and whether the files differ from it, as far as git tells.

    Outside a repository, or where git fails, the commit is `unknown`, and what is not known to be unchanged
    counts as changed. A git that refuses, as over a folder of another user, is heard in a warning.

    What full runs write, results, models and members, is no difference: the next run, or the same one
    after an interruption, would be called changed.
    """
    place, _, commit = (_ask_git("rev-parse", "--show-prefix", "HEAD") or "").partition("\n")
    if place or not commit:  # a folder inside another repository is no checkout of this one
        return "unknown", True
    outputs = [":!reports/results", ":!reports/models", ":!reports/members"]
    return commit, _ask_git("status", "--porcelain", "--", ".", *outputs) != ""


def list_changed(commit: str, files: Sequence[str]) -> list[str] | None:
    """Return which files differ now from those of a commit, new and removed ones too; None if unknown."""
    changed = _ask_git("diff", "--name-only", "--no-renames", commit, "--", *files, heard=False)
    there = _ask_git("ls-tree", "-r", "--name-only", "--full-tree", commit, heard=False)
    if changed is None or there is None:
        return None
    new = [name for name in files if name not in there.split("\n") and (paths.ROOT / name).exists()]
    return sorted({*filter(None, changed.split("\n")), *new})


def read_file(commit: str, path: str) -> str | None:
    """Return the text that a file had in a commit, or None where git does not have it."""
    return _ask_git("show", f"{commit}:{path}", heard=False)


def leave_out_git(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without what leads git to another repository, as a hook or an alias sets it.

    What configures git, such as a `safe.directory` in `GIT_CONFIG_COUNT`, stays.
    """
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith("GIT_") or name.startswith("GIT_CONFIG_")
    }


def _ask_git(*arguments: str, heard: bool = True) -> str | None:
    """Return what git answers, or None where it fails; what it says then is heard in a warning, or not."""
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
