"""A small house of its own, laid out like the repository, for every test that runs lessons."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from click.testing import CliRunner, Result

from helpers import paths
from helpers.course.cli import main
from helpers.course.lessons import Lesson, find_lesson

KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def _heed_interrupt() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@dataclass(frozen=True)
class House:
    """A folder laid out like the repository, with a copy of its `helpers`."""

    root: Path

    def write_lesson(
        self, stem: str, *cells: str, parameters: str | None = "seed = 0", **about: Any
    ) -> Lesson:
        """Write a notebook: a cell tagged `parameters` (none if None), a heading, the given code cells."""
        notebook = nbformat.v4.new_notebook(
            metadata={"kernelspec": KERNELSPEC, "language_info": {"name": "python"}, "course": about}
        )
        if parameters is not None:
            notebook.cells.append(nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}))
        notebook.cells.append(nbformat.v4.new_markdown_cell("# A lesson"))
        notebook.cells += [nbformat.v4.new_code_cell(source) for source in cells]
        nbformat.write(notebook, self.root / "notebooks" / f"{stem}.ipynb")
        return find_lesson(stem[:2])

    def write(self, path: str, text: str) -> Path:
        """Write a text file at a path inside the house."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        return target

    def course(self, *arguments: str) -> Result:
        """Call the command `course` in this process."""
        return CliRunner().invoke(main, arguments, catch_exceptions=False)

    def start(self, *arguments: str, env: Mapping[str, str] | None = None) -> subprocess.Popen:
        """Call the command `course` in a process of its own, which heeds SIGINT whoever started the tests."""
        return subprocess.Popen(
            [sys.executable, "-c", "from helpers.course.cli import main; main()", *arguments],
            cwd=self.root,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=_heed_interrupt if os.name == "posix" else None,
        )

    def manifests(self, stem: str) -> list[dict[str, Any]]:
        """Return the manifests of all runs of a lesson that have a folder, oldest first."""
        found = [
            json.loads(path.read_text())
            for path in (self.root / "reports/runs" / stem[3:]).glob("*/manifest.json")
        ]
        return sorted(found, key=lambda manifest: manifest["started"])


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """Return an empty house that `helpers.paths`, every kernel and every `course` process take for theirs."""
    for folder in ("notebooks", "reports/runs", "data"):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copytree(
        paths.ROOT / "helpers", tmp_path / "helpers", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name in ("claims.csv", "catalog.toml"):
        shutil.copy(paths.DATA / name, tmp_path / "data")
    (tmp_path / "reports/bands.toml").touch()
    places = {
        "ROOT": "",
        "NOTEBOOKS": "notebooks",
        "DATA": "data",
        "SAMPLES": "data/samples",
        "REPORTS": "reports",
    }
    places |= {"RESULTS": "reports/results", "RUNS": "reports/runs", "HTML": "reports/html"}
    places["LEDGER"] = "reports/ledger"
    for name, place in places.items():
        monkeypatch.setattr(paths, name, tmp_path / place)
    # A kernel that finds no debugger starts in two thirds of the time; and each `course` process would build
    # the grammar of addresses, which nothing here checks.
    for name in ("debugpy", "rfc3987_syntax"):
        (tmp_path / f"{name}.py").write_text("raise ImportError('the lessons of the tests do without it')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.delenv("COURSE_CACHE", raising=False)
    return House(tmp_path)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder, empty at first, for what one execution leaves and several tests begin with."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture
def wait_until() -> Callable[[Callable[[], Any]], Any]:
    """Return a function that waits up to a minute for a condition, and returns what that gave."""

    def wait(condition: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + 60
        while not (held := condition()):
            assert time.monotonic() < deadline, "waited a minute in vain"
            time.sleep(0.05)
        return held

    return wait
