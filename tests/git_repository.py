"""A repository of git for tests that look at commits."""

import subprocess
from pathlib import Path

AUTHOR = ("-c", "user.name=a", "-c", "user.email=a@b")


def call_git(folder: Path, *arguments: str) -> str:
    """Return what git answers in a folder."""
    command = ["git", *AUTHOR, *arguments]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, encoding="utf-8")
    return done.stdout.strip()


def commit_all(folder: Path) -> str:
    """Commit all files of a folder, in a repository that is made if need be; return the commit."""
    call_git(folder, "init", "-q")
    call_git(folder, "add", ".")
    call_git(folder, "commit", "-qm", "Change", "--allow-empty")
    return call_git(folder, "rev-parse", "HEAD")
