"""Every command that README.md and CONTRIBUTING.md name runs as it is printed there."""

import contextlib
import importlib
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

import pytest
import yaml

from helpers.course import data as data_commands
from helpers.course import ledger as ledger_commands
from helpers.data.catalog import find_set

ROOT = Path(__file__).resolve().parents[2]  # not `helpers.paths.ROOT`, which other tests move
BIN = Path(sys.executable).parent
PAGES = ("README.md", "CONTRIBUTING.md")
PROGRAMS = ("make", "course", "source", "git", "pip", "uv", "conda", "jupyter", "pytest", "ruff", "python")

needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="needs make")


def find_commands(text: str) -> list[str]:
    """Return the commands of a Markdown text: lines of code blocks, and code in a sentence that is a command.

    Lines of a block that name a folder or a file are no commands; what follows two spaces or a # explains.
    """
    lines = []
    for block in re.findall(r"^```(?:sh|bash|console)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        lines += block.replace("\\\n", " ").splitlines()
    text = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    for block in re.findall(r"(?<=\n\n)(?:^ {4}\S.*\n(?:^ {4}.*\n)*)", text, re.MULTILINE):
        lines += re.sub(r"\s*\\\n\s*", " ", block).splitlines()
    spans = re.findall(r"`([^`\n]+)`", text)
    lines += [span for span in spans if is_command(span)]
    commands = [re.split(r"\s{2,}|\s#\s", line.strip())[0] for line in lines if not is_listing(line)]
    # An explanation may end in a command: "measurements: make bench".
    commands += [end[1] for line in lines if (end := re.search(r": (\S+ .+)$", line)) and is_command(end[1])]
    return list(dict.fromkeys(line for line in commands if line and not line.startswith("#")))


def is_command(span: str) -> bool:
    first, *rest = span.split()
    return first.startswith(".venv/bin/") or (first in PROGRAMS and bool(rest))


def is_listing(line: str) -> bool:
    """Whether a line of a block begins with a folder, as under *Where things are*."""
    return line.split()[:1] == [] or line.split()[0].endswith("/")


COMMANDS = sorted(
    {command for page in PAGES for command in find_commands((ROOT / page).read_text(encoding="utf-8"))}
)
# Besides `course ...`, each of which the test below runs as printed: the test that runs the command.
RUN_ELSEWHERE = {
    "make course": "test_continuous_integration_runs_the_two_commands",
    "make test": "test_continuous_integration_runs_the_two_commands",
    "make setup": "test_continuous_integration_runs_the_two_commands",  # the first step of both
    "make site": "test_make_site_executes_nothing",
    "make lab": "test_lab_opens_the_first_lesson",
    "make bench": "test_benchmarks_are_found_and_load",
    "make clean": "test_clean_removes_runs_and_site_and_nothing_else",
    "source .venv/bin/activate": "test_activation_finds_the_command",
    ".venv/bin/course": "test_activation_finds_the_command",
}


def find_test(command: str) -> str | None:
    """Return the name of the test that runs a command, None where none does."""
    if command.startswith("course "):
        return "test_course_command_runs_as_printed"
    if command.startswith(".venv/bin/uv pip compile "):
        return "test_lock_is_compiled_by_the_printed_command"
    command = re.sub(r" (ARGS|PYTHON)=(\"[^\"]*\"|\S+)", "", command)
    return RUN_ELSEWHERE.get(command)


def test_commands_are_found():
    page = """
Say `make lab`, not `make`; `helpers/make` and `course` are names.

```sh
make course    # all of it
```

```python
no = "command"
```

    course run 01      the first; `course check`
    .venv/bin/uv pip compile --universal \\
        pyproject.toml

    data/    cards; to forget them: make clean

1. A list

   goes on
"""
    assert find_commands(page) == [
        "make course",
        "course run 01",
        ".venv/bin/uv pip compile --universal pyproject.toml",
        "make lab",
        "course check",
        "make clean",
    ]


def test_every_printed_command_is_run_by_a_test():
    untested = [command for command in COMMANDS if find_test(command) not in globals()]
    assert len(COMMANDS) > 15
    assert untested == [], "add a test that runs the command, and name it in RUN_ELSEWHERE"


@pytest.mark.parametrize("command", [command for command in COMMANDS if command.startswith("course ")])
def test_course_command_runs_as_printed(house, monkeypatch, command):
    """Each `course ...` line runs in a small house that has the lesson it names."""
    _, *arguments = shlex.split(re.sub(r"\[.*?\]", "", command).replace("NN", "01"))
    numbers = [word for word in arguments if re.fullmatch(r"\d\d", word)] or ["01"]
    for number in numbers:
        house.write_lesson(f"{number}_lesson", "print(seed)")
    house.write("notebooks/full.yaml", "lesson: {}\n")
    if arguments[0] == "data":
        run_data_command(house, monkeypatch, arguments)
        return
    if arguments[0] == "ledger":  # what it says of all real rows is tested in test_ledger.py
        monkeypatch.setattr(ledger_commands, "find_all", dict)
        monkeypatch.setattr(ledger_commands, "list_problems", lambda findings: iter(()))
    if arguments[0] == "store":
        assert house.course("run", *numbers).exit_code == 0
    done = house.course(*arguments)
    assert done.exit_code == 0, done.output


def run_data_command(house, monkeypatch, arguments: list[str]) -> None:
    """Run `course data ...` without a network; how sets are fetched and rebuilt is tested in tests/data."""
    fetched = []
    monkeypatch.setattr(data_commands, "fetch_set", lambda name, **_: fetched.append(find_set(name).name))
    monkeypatch.setattr(data_commands, "compare_samples", lambda: [("one", b"", "identical")])
    done = house.course(*arguments)
    assert done.exit_code == 0, done.output
    if arguments[1] == "fetch":
        assert fetched == arguments[2:]


def test_continuous_integration_runs_the_two_commands():
    """`make course` and `make test` are too long for a test; this test would contain itself."""
    steps = (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines()
    assert steps.index("make course") < steps.index("make test"), "the tests look at the runs of the first"
    workflow = yaml.safe_load((ROOT / ".github/workflows/course.yml").read_text(encoding="utf-8"))
    commands = [step["run"] for step in workflow["jobs"]["course"]["steps"] if "run" in step]
    assert commands == [".ci/run"], "the steps stand in one place"
    assert os.access(ROOT / ".ci/run", os.X_OK)


def call_make(*arguments: str, folder: Path = ROOT) -> list[str]:
    """Return a call of make that takes the present environment for the finished set-up."""
    return [
        "make",
        "--no-print-directory",
        f"--directory={folder}",
        f"--makefile={ROOT / 'Makefile'}",
        "--old-file=.venv/ready",
        f"BIN={BIN}",
        *arguments,
    ]


def test_make_site_executes_nothing():
    done = subprocess.run(call_make("--dry-run", "site"), capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [f"{BIN}/course site"]


def find_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@contextlib.contextmanager
def start_in_group(command: list[str], log: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen]:
    """Start a command in a process group of its own, and end the whole group afterwards."""
    with open(log, "wb") as file:
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        with contextlib.suppress(ProcessLookupError):  # what did not heed the first signal
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(20)


@needs_make
@pytest.mark.skipif(os.name != "posix", reason="needs process groups")
def test_lab_opens_the_first_lesson(loopback, tmp_path):
    token, port = "for-this-test", find_free_port()
    options = f"--no-browser --ip=127.0.0.1 --port={port} --ServerApp.port_retries=0"
    options += f" --IdentityProvider.token={token}" + (" --allow-root" if os.geteuid() == 0 else "")
    places = {f"JUPYTER_{kind}_DIR": str(tmp_path / kind) for kind in ("CONFIG", "DATA", "RUNTIME")}
    log = tmp_path / "log"
    command = call_make("lab", f"ARGS={options}")
    browser = build_opener(ProxyHandler({}))
    browser.addheaders = [("Authorization", f"token {token}")]

    def get(path: str) -> str:
        with browser.open(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
            return answer.read().decode()

    with start_in_group(command, log, os.environ | places) as server:
        deadline = time.monotonic() + 90
        page = ""
        while not page:
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            with contextlib.suppress(URLError, ConnectionError, TimeoutError):
                page = get("/lab/tree/notebooks/00_start_here.ipynb")
            time.sleep(0.2)
        assert "jupyter-config-data" in page
        lesson = json.loads(get("/api/contents/notebooks/00_start_here.ipynb"))
        cards = json.loads(get("/api/contents/data/README.md"))
        [opened] = (tmp_path / "RUNTIME").glob("jpserver-file-to-run-*-open.html")  # for the browser
        assert f":{port}/lab/tree/notebooks/00_start_here.ipynb" in opened.read_text()
    assert cards["type"] == "file", "what lessons speak of can be opened too"
    assert lesson["type"] == "notebook"
    assert lesson["content"]["metadata"]["course"]["title"] == "Start here"
    with pytest.raises(URLError):
        get("/lab")


@needs_make
def test_clean_removes_runs_and_site_and_nothing_else(tmp_path):
    kept = [".venv/ready", "data/cache/set", "reports/results/one.json"]
    for name in [*kept, "reports/runs/one/run", "reports/html/index.html", "reports/export/01.html"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    subprocess.run(call_make("clean", folder=tmp_path), check=True, capture_output=True)
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()) == kept


@needs_make
def test_benchmarks_are_found_and_load():
    """`make bench` takes long; here each benchmark is loaded with all it imports, not run."""
    shown = subprocess.run(
        call_make("--dry-run", "bench"), check=True, capture_output=True, text=True
    ).stdout.split()
    assert shown[-3:] == [str(BIN / "python"), "-m", "benchmarks"]
    found = sorted(path.stem for path in (ROOT / "benchmarks").glob("[!_]*.py"))
    assert len(found) >= 4
    for name in found:  # in this process, which has imported TensorFlow already
        assert importlib.import_module(f"benchmarks.{name}").__file__ == str(ROOT / f"benchmarks/{name}.py")


def test_activation_finds_the_command():
    if not (ROOT / ".venv/bin/activate").exists():
        pytest.skip("the environment is not one of `make setup`")
    for words in ("source .venv/bin/activate && course --help", ".venv/bin/course --help"):
        done = subprocess.run(["bash", "-c", words], cwd=ROOT, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
        assert "Run the lessons of the course" in done.stdout


def test_lock_is_compiled_by_the_printed_command(tmp_path):
    """The printed line runs on a project without packages, for which no index is asked."""
    [command] = [command for command in COMMANDS if " pip compile " in command]
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    empty = re.sub(r"^dependencies = \[.*?^\]", "dependencies = []", project, flags=re.MULTILINE | re.DOTALL)
    assert empty != project
    (tmp_path / "pyproject.toml").write_text(empty, encoding="utf-8")
    program, *arguments = shlex.split(command)
    subprocess.run(
        [BIN / Path(program).name, *arguments],
        cwd=tmp_path,
        env=os.environ | {"UV_OFFLINE": "1"},
        check=True,
        capture_output=True,
    )
    assert (tmp_path / "requirements.txt").exists()
    assert {"--universal", "--generate-hashes", "--no-emit-index-url"} <= set(arguments)
    assert (
        arguments[arguments.index("--python-version") + 1]
        in re.search(r'requires-python = "(.*)"', project)[1]
    )
