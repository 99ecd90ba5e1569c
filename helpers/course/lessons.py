"""Find the lessons, what they say of themselves, their parameters and their runs.

Folders are looked up in `helpers.paths` at every call, so that a test can point them at a house of its own.
"""

import ast
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from helpers import paths
from helpers.course.surroundings import show
from helpers.naming import suggest


class CourseError(Exception):
    """A wrong request or a wrong notebook, explained in one line; nothing has been executed."""


@contextmanager
def reading(path: Path, what: str) -> Iterator[None]:
    """Name the file in the error, if a file that is read in this block holds something else than it should.

    Args:
        path: the file.
        what: what it should hold, such as `notebook`.

    Raises:
        CourseError: the content cannot be decoded (`ValueError`) or has other parts (`TypeError`).
    """
    try:
        yield
    except (ValueError, TypeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise CourseError(f"{show(path)} is no {what}: {reason}; restore it, or move it away") from None


@dataclass(frozen=True)
class Lesson:
    """One notebook of `notebooks/`, by its number, such as `01`."""

    number: str
    path: Path

    @property
    def stem(self) -> str:
        """The name of the notebook, such as `01_look_at_the_data`."""
        return self.path.stem

    @property
    def slug(self) -> str:
        """The name without its number, by which records, bands, full runs and the lock know the lesson."""
        return self.stem[3:]

    @cached_property
    def notebook(self) -> dict[str, Any]:
        """The notebook as it is stored."""
        with reading(self.path, "notebook"):
            content = json.loads(self.path.read_text(encoding="utf-8"))
            if not isinstance(content, dict) or not isinstance(content.get("cells"), list):
                raise ValueError("it has no cells")
            return content

    @property
    def about(self) -> dict[str, Any]:
        """What the notebook says of itself: the entry `course` of its metadata, or an empty one."""
        return self.notebook.get("metadata", {}).get("course", {})

    @property
    def label(self) -> str:
        """How messages call it, such as `lesson 01`."""
        return f"lesson {self.number}"

    @property
    def title(self) -> str:
        return self.about.get("title") or self.slug.replace("_", " ").capitalize()

    @property
    def code_cells(self) -> list[dict[str, Any]]:
        return [cell for cell in self.notebook.get("cells", []) if cell["cell_type"] == "code"]

    def read_parameters(self) -> dict[str, Any]:
        """Return the names and default values that the cell tagged `parameters` sets.

        Raises:
            CourseError: no such cell, several, or one that sets something else than plain values.
        """
        tagged = [cell for cell in self.code_cells if "parameters" in cell["metadata"].get("tags", [])]
        if len(tagged) != 1:
            count = "no cell is" if not tagged else f"{len(tagged)} cells are"
            raise CourseError(f"notebooks/{self.path.name}: {count} tagged 'parameters'; tag exactly one")
        try:
            tree = ast.parse(source_of(tagged[0]))
            return dict(pair for statement in tree.body for pair in _read_assignment(statement))
        except (SyntaxError, ValueError) as error:
            line = getattr(error, "lineno", None) or 1
            raise CourseError(
                f"notebooks/{self.path.name}: line {line} of the parameters cell sets no plain value"
            ) from None

    def fit_parameters(self, given: Mapping[str, Any], origin: str) -> dict[str, Any]:
        """Return the given parameters, each checked against the kind of its default value.

        Args:
            given: name -> value, as YAML reads it.
            origin: where they were given, for the error.

        Raises:
            CourseError: a parameter that the lesson does not have, or a value of another kind.
        """
        known = self.read_parameters()
        for name in given:
            if name not in known:
                raise CourseError(
                    f"{origin}: unknown parameter {name!r} of {self.label}{suggest(name, known)}"
                )
        return {name: _fit(name, value, known[name], origin) for name, value in given.items()}


@dataclass(frozen=True)
class Experiment(Lesson):
    """A full run that is no lesson: the function `run` of a module in `helpers/experiments/`.

    It is executed as a notebook of two cells, made anew for each run: the parameters of the function with
    their defaults, and its call. Its `number` is its name in `notebooks/full.yaml`, and so its slug.
    """

    module: str

    @property
    def slug(self) -> str:
        return self.number

    @property
    def label(self) -> str:
        return self.number

    @property
    def title(self) -> str:
        return (ast.get_docstring(self._read_module()) or self.module).partition("\n")[0].rstrip(".")

    @cached_property
    def notebook(self) -> dict[str, Any]:
        """The two cells."""
        from nbformat.v4 import new_code_cell, new_notebook

        functions = [one for one in self._read_module().body if isinstance(one, ast.FunctionDef)]
        run = next((one.args for one in functions if one.name == "run"), None)
        if run is None or run.kwonlyargs or len(run.defaults) != len(run.args):
            raise CourseError(f"helpers/experiments/{self.module}.py: write run(...) with a default for each")
        names = [argument.arg for argument in run.args]
        defaults = [f"{name} = {ast.unparse(value)}" for name, value in zip(names, run.defaults, strict=True)]
        parameters = new_code_cell("\n".join(defaults), metadata={"tags": ["parameters"]}, id="parameters")
        given = ", ".join(f"{name}={name}" for name in names)
        call = new_code_cell(f"from helpers.experiments.{self.module} import run\n\nrun({given})", id="run")
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        return new_notebook(cells=[parameters, call], metadata=kernel)

    def write(self) -> None:
        """Write the notebook, to be executed."""
        paths.write_atomically(self.path, json.dumps(self.notebook, indent=1))

    def _read_module(self) -> ast.Module:
        path = paths.ROOT / "helpers" / "experiments" / f"{self.module}.py"
        if not path.is_file():
            known = [one.stem for one in path.parent.glob("[a-z]*.py")]
            hint = suggest(self.module, known, "experiments")
            raise CourseError(f"notebooks/full.yaml, {self.number}: unknown experiment {self.module!r}{hint}")
        return ast.parse(path.read_text(encoding="utf-8"))


def _fit(name: str, value: Any, default: Any, origin: str) -> Any:
    if type(default) is float and type(value) in (int, str):
        try:
            return float(value)  # YAML takes 1e-3 for a text
        except ValueError:
            pass
    if default is not None and value is not None and type(value) is not type(default):
        raise CourseError(
            f"{origin}: {name}={value} is of the kind {type(value).__name__}; "
            f"write it like the default, {default!r}"
        )
    return value


def source_of(cell: Mapping[str, Any]) -> str:
    """Return the text of a cell, which nbformat stores as one string or as a list of lines."""
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def is_compared(cell: Mapping[str, Any]) -> bool:
    """Return whether nbval compares the outputs of a cell: its text has the comment `NBVAL_CHECK_OUTPUT`."""
    lines = [line.strip() for line in source_of(cell).splitlines()]
    return any(line.startswith("#") and line.strip("# ") == "NBVAL_CHECK_OUTPUT" for line in lines)


def _read_assignment(statement: ast.stmt) -> list[tuple[str, Any]]:
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        targets = [statement.target]
    elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return []  # a text that explains
    else:
        raise SyntaxError("no assignment", ("", statement.lineno, None, None))
    try:
        value = ast.literal_eval(statement.value)
    except ValueError:
        raise SyntaxError("no plain value", ("", statement.lineno, None, None)) from None
    if isinstance(value, tuple):
        value = list(value)  # as JSON and YAML give it back
    return [(ast.unparse(target), value) for target in targets]


def find_lessons() -> list[Lesson]:
    """Return all lessons in order: the notebooks named like `01_look_at_the_data.ipynb`.

    A learner's copy beside a lesson is no lesson.

    Raises:
        CourseError: several notebooks have one number, and nothing shows which of them is the lesson; or
            two lessons have one name behind their numbers.
    """
    found: dict[str, list[Path]] = {}
    for path in sorted(paths.NOTEBOOKS.glob("[0-9][0-9]_*.ipynb")):
        found.setdefault(path.name[:2], []).append(path)
    lessons = [Lesson(number, _find_original(number, candidates)) for number, candidates in found.items()]
    slugs = [lesson.slug for lesson in lessons]
    if twice := next((slug for slug in slugs if slugs.count(slug) > 1), None):
        raise CourseError(f"notebooks: two lessons are called {twice}; their records would be one another's")
    return lessons


def _find_original(number: str, candidates: list[Path]) -> Path:
    """Return the one notebook of a number that is the lesson: it has a recorded result, or no copy's name."""
    if len(candidates) == 1:
        return candidates[0]
    recorded = [path for path in candidates if (paths.RESULTS / f"{path.stem[3:]}.json").exists()]
    # JupyterLab adds -Copy1 to the name of a copy.
    named = [path for path in candidates if not re.search(r"-Copy\d*$", path.stem)]
    for originals in (recorded, named):
        if len(originals) == 1:
            return originals[0]
    names = ", ".join(path.name for path in candidates)
    raise CourseError(
        f"notebooks: {names} are all lesson {number}; give your own a name that begins with no number"
    )


def find_lesson(name: str | int) -> Lesson:
    """Return the lesson of this number (`01` or `1`), of this name, such as `tuning`, or of this notebook.

    The path of a copy is none of a lesson.

    Raises:
        CourseError: no such lesson.
    """
    lessons = {lesson.number: lesson for lesson in find_lessons()}
    name = str(name)
    if name.zfill(2) in lessons:
        return lessons[name.zfill(2)]
    path = Path(name)
    for lesson in lessons.values():
        same = path.resolve() == lesson.path.resolve() if path.is_file() else path.name == name
        if same and path.name in (lesson.slug, lesson.stem, lesson.path.name):
            return lesson
    raise CourseError(f"unknown lesson {name!r}{suggest(name, lessons, 'lessons')}")


@dataclass(frozen=True)
class Run:
    """One execution of a lesson: its folder `reports/runs/<slug>/<profile>-<number>` and its manifest."""

    folder: Path
    manifest: dict[str, Any]

    @property
    def number(self) -> int:
        """Its place among the runs of the lesson in this profile; a later run has a higher one."""
        return int(self.folder.name.rpartition("-")[2])

    @property
    def notebook(self) -> Path:
        return self.folder / "notebook.ipynb"

    @property
    def record(self) -> Path:
        return self.folder / "record.jsonl"

    @property
    def status(self) -> str:
        """`running`, `passed`, `failed`, or `interrupted`, as a running one is whose process is gone."""
        status = self.manifest["status"]
        return "interrupted" if status == "running" and not is_held(self.folder) else status


def hold(folder: Path) -> Any:
    """Return the lock that a process holds while it executes a run; it is free when the process ends."""
    from filelock import FileLock

    return FileLock(folder / "running.lock", timeout=0)


def is_held(folder: Path) -> bool:
    """Return whether a process that is alive executes the run of this folder."""
    from filelock import Timeout

    if not (folder / "running.lock").exists():
        return False
    try:
        with hold(folder):
            return False
    except Timeout:
        return True


def find_runs(lesson: Lesson, profile: str = "default") -> list[Run]:
    """Return the runs of a lesson in one profile (`default`, `full` or `custom`), newest first."""
    runs = []
    for path in (paths.RUNS / lesson.slug).glob(f"{profile}-[0-9][0-9][0-9][0-9][0-9][0-9]/manifest.json"):
        try:
            runs.append(Run(path.parent, json.loads(path.read_text(encoding="utf-8"))))
        except (OSError, json.JSONDecodeError):
            continue  # another process is pruning the folder
    return sorted(runs, key=lambda run: run.number, reverse=True)


def newest_run(lesson: Lesson, profile: str = "default", status: str | None = None) -> Run | None:
    """Return the newest run of a lesson, of those that have the status if one is named, or None."""
    return next((run for run in find_runs(lesson, profile) if status in (None, run.status)), None)


FULL_KEYS = ("experiment", "parameters", "time", "needs", "limit")


@dataclass(frozen=True)
class FullRun:
    """What `notebooks/full.yaml` says of the full run of one lesson, or of an experiment.

    Attributes:
        lesson: the lesson, or the experiment.
        parameters: what it sets otherwise than the default run.
        time: how long it takes on what, in words.
        needs: the data sets that must have been fetched.
        limit: seconds after which it is stopped; None for never.
    """

    lesson: Lesson
    parameters: dict[str, Any]
    time: str = ""
    needs: tuple[str, ...] = ()
    limit: float | None = None


def read_full_runs() -> dict[str, FullRun]:
    """Read `notebooks/full.yaml`, by the name of the lesson without its number, or of the experiment.

    Raises:
        CourseError: no mapping, or an unknown lesson, experiment, key or parameter.
    """
    import yaml

    path = paths.NOTEBOOKS / "full.yaml"
    try:
        with reading(path, "YAML"):
            content = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}
    except yaml.YAMLError as error:
        raise CourseError(f"notebooks/full.yaml is no YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content or {}, dict):
        raise CourseError("notebooks/full.yaml: expected one entry per lesson")
    if content:  # of two entries with one key YAML drops the first without a message
        keys = [str(key.value) for key, _ in yaml.compose(path.read_text(encoding="utf-8")).value]
        if twice := next((key for key in keys if keys.count(key) > 1), None):
            raise CourseError(f"notebooks/full.yaml: {twice} has two entries; keep one")
    return dict(_read_full_run(str(name), entry) for name, entry in (content or {}).items())


def _read_full_run(name: str, entry: Any) -> tuple[str, FullRun]:
    where = f"notebooks/full.yaml, {name}"
    if not isinstance(entry, dict):
        raise CourseError(f"{where}: expected some of the keys {', '.join(FULL_KEYS)}")
    for key in entry:
        if key not in FULL_KEYS:
            raise CourseError(f"{where}: unknown key {key!r}{suggest(str(key), FULL_KEYS, 'keys')}")
    lesson = _find_subject(name, entry.get("experiment"))
    parameters = lesson.fit_parameters(entry.get("parameters") or {}, "notebooks/full.yaml")
    limit = entry.get("limit")
    if limit is not None and not (isinstance(limit, (int, float)) and limit > 0):
        raise CourseError(f"{where}: limit {limit!r} is no number of seconds above 0")
    needs = tuple(entry.get("needs") or ())
    return name, FullRun(lesson, parameters, str(entry.get("time", "")), needs, limit)


def _find_subject(name: str, module: str | None) -> Lesson:
    """Return the lesson of this name, or the experiment where a module is named."""
    lessons = {lesson.slug: lesson for lesson in find_lessons()}
    if module is not None:
        if name in lessons:
            raise CourseError(f"notebooks/full.yaml: {name} is a lesson; give the experiment another name")
        return Experiment(name, paths.RUNS / name / "experiment.ipynb", module)
    if name not in lessons:
        meant = next((slug for slug, lesson in lessons.items() if lesson.number == name.zfill(2)), name)
        raise CourseError(f"notebooks/full.yaml: unknown lesson {name!r}{suggest(meant, lessons, 'lessons')}")
    return lessons[name]
