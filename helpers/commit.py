"""The commit that a run, or a trained member, was made from."""

import os
import subprocess
import warnings
from collections.abc import Mapping

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


def leave_out_git(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without what leads git to another repository, as a hook or an alias sets it.

    What configures git, such as a `safe.directory` in `GIT_CONFIG_COUNT`, stays.
    """
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith("GIT_") or name.startswith("GIT_CONFIG_")
    }


def _ask_git(*arguments: str) -> str | None:
    """Return what git answers, or None where it fails."""
    try:
        answer = subprocess.run(
            ["git", *arguments],
            cwd=paths.ROOT,
            env=leave_out_git(os.environ),
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        if (paths.ROOT / ".git").exists():
            reason = (getattr(error, "stderr", "") or str(error)).strip().partition("\n")[0]
            cure = f"; run: git config --global --add safe.directory {paths.ROOT}" * ("dubious" in reason)
            warnings.warn(f"git does not tell the commit: {reason}{cure}", stacklevel=3)
        return None
    return answer.stdout.rstrip()
