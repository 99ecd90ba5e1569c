"""The runner survives what notebooks do to it: errors, endless cells, dead kernels, interrupts and kills."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
import psutil
import pytest
from git_repository import call_git, commit_all
from nbformat.v4 import new_output

from helpers import paths
from helpers.course import bands, runner
from helpers.course.kernel import join_streams
from helpers.course.lessons import find_lesson, find_runs
from helpers.course.manifest import read_commit
from helpers.results import read_record

needs_signals = pytest.mark.skipif(os.name != "posix", reason="sends signals to processes")

LEAVE_PID = "import os, pathlib, time\npathlib.Path('pid.part').write_text(str(os.getpid()))\n"
STOP_ONCE = (
    LEAVE_PID
    + "if not pathlib.Path('pid').exists():\n    pathlib.Path('pid.part').rename('pid')\n    time.sleep(600)"
)


def wait_for_kernel(house, wait_until) -> psutil.Process:
    """Wait until a lesson with `STOP_ONCE` sleeps, and return its kernel."""
    wait_until((house.root / "notebooks/pid").exists)
    return psutil.Process(int((house.root / "notebooks/pid").read_text()))


def is_gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_failing_lessons_do_not_stop_the_others(house):
    house.write_lesson("51_error", "1", "2 + 2\nraise ValueError('first line\\nsecond line')", "3")
    house.write_lesson("52_killed", "import os\nos.kill(os.getpid(), 9)")
    house.write_lesson("53_exit", "import sys\nsys.exit(0)", "never = 1")
    house.write_lesson("54_good", "print(seed)")
    result = house.course("run")
    assert result.exit_code == 1
    ends = {path.stem: house.manifests(path.stem)[0] for path in (house.root / "notebooks").glob("*.ipynb")}
    assert {stem: end["status"] for stem, end in ends.items()} == {
        "51_error": "failed",
        "52_killed": "failed",
        "53_exit": "failed",
        "54_good": "passed",
    }
    assert ends["51_error"]["error"] == {
        "cell": 3,
        "name": "ValueError",
        "message": "first line\nsecond line",
    }
    assert (ends["52_killed"]["error"]["cell"], ends["52_killed"]["error"]["name"]) == (2, "KernelDied")
    assert (ends["53_exit"]["error"]["cell"], ends["53_exit"]["error"]["name"]) == (2, "SystemExit")
    assert "lesson 51 failed in code cell 3: ValueError: first line\n" in result.output
    assert str(find_runs(find_lesson(51))[0].notebook) in result.output
    assert ends["54_good"]["peak_memory_mib"] > 20
    assert ends["54_good"]["seeds"] == {"seed": 0}


@pytest.fixture
def temporary(monkeypatch):
    """A temporary directory of its own, with a path so short that sockets fit into it."""
    with tempfile.TemporaryDirectory(dir="/tmp" if os.name == "posix" else None) as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        monkeypatch.setenv("TMPDIR", folder)
        yield Path(folder)


def test_folders_of_others_in_the_temporary_directory_stay(house, temporary):
    """Whatever its name, a folder that this run did not make is neither read nor removed."""
    names = ("course-2024-homework", "course-2b-notes", "course-4194304-x", "course-state-of-mine")
    theirs = [temporary / name / "thesis.txt" for name in names]
    for path in theirs:
        path.parent.mkdir()
        path.write_text("not yours")
    house.write_lesson("51_quick", "from helpers.paths import state", "print(state())")
    result = house.course("run", "51")
    assert result.exit_code == 0, result.output
    assert [path.read_text() for path in theirs] == ["not yours"] * len(theirs)
    assert sorted(temporary.iterdir()) == sorted(path.parent for path in theirs), "the run left something"


def test_endless_cell_meets_the_time_limit(house):
    house.write_lesson(
        "51_endless", "while True:\n    try:\n        import time; time.sleep(9)\n    except BaseException: 0"
    )
    assert house.course("run", "51", "--time-limit", "1").exit_code == 1
    [manifest] = house.manifests("51_endless")
    assert manifest["error"] == {"cell": 2, "name": "TimeLimit", "message": "time limit of 1 s reached"}
    assert not [child for child in psutil.Process().children() if "ipykernel_launcher" in child.cmdline()]


def test_second_run_does_nothing_until_something_changes(house):
    house.write("helpers/little.py", "NUMBER = 1\n")
    house.write_lesson("51_importer", "from helpers import little", "print(little.NUMBER)")
    house.write_lesson("52_other", "print(seed)")
    assert house.course("run").exit_code == 0
    again = house.course("run")
    assert again.exit_code == 0
    assert again.output.count("up to date") == 2
    house.write("helpers/little.py", "NUMBER = 2\n")
    touched = house.course("run")
    assert "51 Importer: running, helpers/little.py changed" in touched.output
    assert len(house.manifests("51_importer")) == len(house.manifests("52_other")) == 1
    newest = find_runs(find_lesson(51))[0]
    assert '"2\\n"' in newest.notebook.read_text()


def test_full_run_is_recorded(house):
    house.write_lesson(
        "51_full",
        "from helpers.results import load_result, record",
        "load_result('full')",
        "record('score', share, unit='fraction')",
        parameters="share = 0.5",
    )
    house.write_lesson("52_only_default")
    house.write("notebooks/full.yaml", "full: {parameters: {share: 0.75}, time: a second}")
    result = house.course("run", "--full")
    assert result.exit_code == 0
    assert "no full run: 52" in result.output
    text = (house.root / "reports/results/full.json").read_text()
    content = json.loads(text)
    assert content["values"] == {"score": {"value": 0.75, "unit": "fraction"}}
    assert content["manifest"]["parameters"] == {"share": 0.75}
    assert content["manifest"]["status"] == "passed"
    assert str(house.root) not in text
    assert house.course("run", "51", "--full").output.count("up to date") == 1  # its own result is no input
    assert house.manifests("51_full")[0]["profile"] == "full"


def test_custom_run_uses_the_parameter_and_forgets_older_runs(house):
    lesson = house.write_lesson("51_custom", "print('seed', seed)")
    for seed in ("8", "9"):
        assert house.course("run", "51", "-p", f"seed={seed}").exit_code == 0
    [run] = find_runs(lesson, "custom")
    assert run.manifest["parameters"] == {"seed": 9}
    assert "seed 9" in run.notebook.read_text()
    assert find_runs(lesson, "default") == []


@pytest.mark.parametrize(("options", "profile"), [((), "default"), (("-p", "seed=8"), "custom")])
def test_a_run_says_where_its_notebook_is_and_how_to_see_it(house, monkeypatch, options, profile):
    lesson = house.write_lesson("51_seen", "print('seed', seed)")
    monkeypatch.chdir(house.root)
    for status in ("passed", "up to date"):
        result = house.course("run", "51", *options)
        [run] = find_runs(lesson, profile)
        place = run.notebook.relative_to(house.root)
        assert status in result.output
        assert f"\nexecuted notebook: {place}\n" in result.output
        see = "course site" if profile == "default" else f"jupyter lab {place}"
        assert result.output.endswith(f"\nsee it: {see}\n")
    assert place.exists()


def test_many_notebooks_are_not_named_one_by_one(house):
    for number in range(51, 55):
        house.write_lesson(f"{number}_n{number}")
    house.write_lesson("55_bad", "1 / 0")
    output = house.course("run").output
    assert f"4 executed notebooks, in {house.root}/reports/runs\nsee it: course site\n" in output
    assert "executed notebook: " not in output


def test_a_lesson_saved_while_another_runs_is_known_as_it_was_executed(house):
    house.write_lesson("52_second", "'before'")
    path = house.root / "notebooks/52_second.ipynb"
    save = f"p = pathlib.Path({str(path)!r}); p.write_text(p.read_text().replace('before', 'after'))"
    house.write_lesson("51_first", f"import pathlib\n{save}")
    assert house.course("run", "--jobs", "1").exit_code == 0
    assert "after" in find_runs(find_lesson(52))[0].notebook.read_text()
    assert "up to date" in house.course("run", "52").output


def test_missed_band_fails_the_lesson(house):
    house.write_lesson("51_band", "from helpers.results import record", "record('score', 0.5)")
    house.write("reports/bands.toml", "[band.score]\nlow = 0.4\nhigh = 0.6\n")
    assert house.course("run").exit_code == 0
    house.write("reports/bands.toml", "[band.score]\nlow = 0.8\nhigh = 0.9\n")
    result = house.course("run")
    assert result.exit_code == 1
    assert "51 Band: running, its bands changed" in result.output
    assert "lesson 51 failed: Band: score = 0.5 is outside its band 0.8 to 0.9" in result.output


def test_bands_are_judged_where_nothing_runs(house, monkeypatch):
    house.write_lesson("51_band", "from helpers.results import record", "record('score', 0.5)")
    assert house.course("run").exit_code == 0
    monkeypatch.setattr(bands, "check", lambda lesson, values: [f"{lesson}: score {values['score']} is low"])
    result = house.course("run")
    assert result.exit_code == 1
    assert "running" not in result.output
    assert "lesson 51 failed: Band: band: score 0.5 is low" in result.output


@needs_signals
@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"]
)
def test_interrupt_stops_all_kernels_and_tells_how_to_go_on(house, wait_until, number, status):
    child = "import subprocess, sys\nchild = subprocess.Popen([sys.executable, '-c', 'input()'], stdin=-1)\n"
    leave = "import os, time\nopen('{0}.part', 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
    leave += "os.rename('{0}.part', '{0}')\ntime.sleep(600)"
    for stem in ("51_slow", "52_slower"):
        house.write_lesson(stem, child + leave.format(stem[:2]))
    house.write_lesson("53_never")
    process = house.start("run", "51", "52", "53", "--jobs", "2")
    files = [house.root / "notebooks" / name for name in ("51", "52")]
    wait_until(lambda: all(file.exists() for file in files))
    kernels = [psutil.Process(int(pid)) for file in files for pid in file.read_text().split()]
    process.send_signal(number)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == status
    assert f"interrupted by {number.name}; the same command goes on" in output
    assert "Traceback" not in output and "Task was destroyed" not in output
    for stem in ("51_slow", "52_slower"):
        [manifest] = house.manifests(stem)
        assert (manifest["status"], manifest["error"]["name"]) == ("interrupted", "Interrupted")
        assert manifest["error"]["cell"] == 2
    assert house.manifests("53_never") == []
    wait_until(lambda: all(map(is_gone, kernels)))


@needs_signals
def test_a_signal_that_is_ignored_stays_ignored():
    kept = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        with runner._heed_signals() as stop:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not stop.is_set()
            os.kill(os.getpid(), signal.SIGTERM)
            assert stop.wait(5)
            assert stop.signal == signal.SIGTERM
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGHUP, kept)


@needs_signals
def test_interrupt_before_a_kernel_is_up(house, wait_until):
    house.write(
        "sitecustomize.py",
        "import pathlib, sys, time\n"
        "if 'ipykernel_launcher' in ' '.join(sys.orig_argv):\n"
        "    pathlib.Path('begun').touch()\n    time.sleep(600)\n",
    )
    house.write_lesson("51_slow")
    process = house.start("run")
    wait_until((house.root / "notebooks/begun").exists)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    [manifest] = house.manifests("51_slow")
    assert manifest["error"] == {"cell": None, "name": "Interrupted", "message": "before its end"}


def test_a_full_run_that_was_killed_goes_on_with_the_same_command(house, wait_until):
    house.write_lesson("51_quick", "print(seed)")
    house.write_lesson("52_slow", STOP_ONCE, parameters="size = 1")
    house.write("notebooks/full.yaml", "{quick: {parameters: {seed: 5}}, slow: {parameters: {size: 2}}}")
    process = house.start("run", "51", "52", "--full")
    kernel = wait_for_kernel(house, wait_until)
    lesson = find_lesson(52)
    assert [run.status for run in find_runs(lesson, "full")] == ["running"]
    process.kill()
    process.communicate(timeout=60)
    wait_until(lambda: is_gone(kernel))
    assert [run.status for run in find_runs(lesson, "full")] == ["interrupted"]
    [quick] = house.manifests("51_quick")
    again = house.start("run", "51", "52", "--full")
    output, _ = again.communicate(timeout=60)
    assert again.returncode == 0, output
    assert "52 Slow: running, the last run was interrupted" in output
    assert house.manifests("51_quick") == [quick]
    assert find_runs(lesson, "full")[0].manifest["parameters"] == {"size": 2}
    assert (house.root / "reports/results/slow.json").exists()


MEET = """
import pathlib, time
pathlib.Path(f"{name}.here").touch()
deadline = time.monotonic() + 30
while not pathlib.Path(f"{other}.here").exists():
    assert time.monotonic() < deadline, "the other lesson does not run"
    time.sleep(0.05)
"""


def test_lessons_run_side_by_side(house):
    house.write_lesson("51_one", "name, other = 51, 52", MEET)
    house.write_lesson("52_two", "name, other = 52, 51", MEET, "raise ValueError('mine')")
    result = house.course("run", "--jobs", "2")
    assert result.exit_code == 1
    assert [house.manifests(stem)[0]["status"] for stem in ("51_one", "52_two")] == ["passed", "failed"]
    assert "lesson 52 failed in code cell 4: ValueError: mine" in result.output


def test_the_longest_lesson_begins_first_and_memory_limits_how_many_run(house, monkeypatch):
    monkeypatch.setattr(runner, "measure_free_memory", lambda: 1000 << 20)
    stamp = "import time\nfrom helpers.results import record\nrecord('began', time.time())"
    for stem, seconds, memory in (("51_short", 1, 300), ("52_long", 9, 600), ("53_mid", 5, 600)):
        house.write_lesson(
            stem,
            stamp,
            "time.sleep(0.3)\nrecord('ended', time.time())",
            cpu_seconds=seconds,
            memory_mib=memory,
        )
    assert house.course("run", "--jobs", "3").exit_code == 0
    times = {number: read_record(find_runs(find_lesson(number))[0].record).values for number in (51, 52, 53)}
    began, ended = ({n: v[name]["value"] for n, v in times.items()} for name in ("began", "ended"))
    assert began[53] > ended[52], "two of 600 MiB are too much"
    assert began[51] < ended[52], "one of 300 MiB fits beside one of 600"


def test_two_commands_at_once_disturb_neither(house):
    house.write_lesson("51_one", "import pathlib, time", "time.sleep(1)")
    processes = [house.start("run", "51", "--force") for _ in range(2)]
    outputs = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    assert {manifest["status"] for manifest in house.manifests("51_one")} == {"passed"}
    assert house.course("run", "51").output.count("up to date") == 1


def test_threads_are_shared_out_where_nobody_has_chosen_them(house, monkeypatch):
    look = "import os\nos.environ.setdefault('OPENBLAS_NUM_THREADS', '1')\n"
    look += "names = ('OMP_NUM_THREADS', 'TF_NUM_INTRAOP_THREADS', 'OPENBLAS_NUM_THREADS')\n"
    look += "from helpers.results import record\n"
    look += "record('given', ' '.join(os.environ.get(n, '-') for n in names))"
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "OPENBLAS_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(runner, "count_cores", lambda: 4)
    house.write_lesson("51_one", look)
    house.write_lesson("52_two", look)

    def read_given() -> list[str]:
        runs = [find_runs(find_lesson(number))[0] for number in (51, 52)]
        return [read_record(run.record).values["given"]["value"] for run in runs]

    assert house.course("run").exit_code == 0
    assert read_given() == ["2 2 1", "2 2 1"]
    assert house.course("run", "--force", "--jobs", "1").exit_code == 0
    assert read_given() == ["- - 1", "- - 1"], "alone a lesson takes what it finds"
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "3")
    assert house.course("run", "--force").exit_code == 0
    assert read_given() == ["2 3 1", "2 3 1"]


def test_processor_time_counts_children(house):
    spin = "import time\nend = time.process_time() + 1\nwhile time.process_time() < end: pass\n"
    house.write_lesson("51_spin", f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {spin!r}])")
    assert house.course("run").exit_code == 0
    [manifest] = house.manifests("51_spin")
    assert 1 < manifest["cpu_seconds"] < 9


def test_a_library_that_aborts_while_it_is_imported_is_heard(house):
    house.write("keras/__init__.py", "import os\nos.write(2, b'cannot find libfoo.so\\n')\nos.abort()\n")
    house.write_lesson("51_abort", "from helpers.backend import keras")
    result = house.course("run")
    [manifest] = house.manifests("51_abort")
    assert (manifest["error"]["cell"], manifest["error"]["name"]) == (2, "KernelDied")
    message = manifest["error"]["message"]
    assert message.startswith("the kernel ended by SIGABRT; its last words: ")
    assert "cannot find libfoo.so" in message
    log = message.partition("its log: ")[2]
    assert "cannot find libfoo.so" in (house.root / log).read_text()
    assert str(house.root) not in message
    assert "cannot find libfoo.so" in result.output


def test_a_kernel_that_does_not_start_is_heard(house):
    house.write("ipykernel_launcher.py", "import sys\nsys.exit('no such luck')\n")
    house.write_lesson("51_stillborn")
    assert house.course("run").exit_code == 1
    [manifest] = house.manifests("51_stillborn")
    assert (manifest["error"]["cell"], manifest["error"]["name"]) == (None, "KernelDied")
    how, words, log = manifest["error"]["message"].split("; ")
    assert (how, words) == ("the kernel ended with exit status 1", "its last words: no such luck")
    assert "no such luck" in (house.root / log.removeprefix("its log: ")).read_text()


def test_long_lines_take_no_longer_than_others(house):
    house.write_lesson("51_long", "print(', '.join(['np.uint8(5)'] * 100_000))", "print('a\\rb')")
    assert house.course("run", "51", "--time-limit", "20").exit_code == 0
    [_, long, short] = nbformat.read(find_runs(find_lesson(51))[0].notebook, as_version=4).cells[1:]
    assert len(long.outputs[0].text) == 1_300_000 - 1
    assert short.outputs[0].text == "b\n"


def test_streams_are_joined_as_a_terminal_shows_them():
    outputs = [
        new_output("stream", name="stderr", text="warned"),
        new_output("stream", name="stdout", text="1 of 2\r2 o"),
        new_output("display_data", {"text/plain": "figure"}),
        new_output("stream", name="stdout", text="f 2\rdone\n\r\nlast\r"),
    ]
    joined = [(output.output_type, output.get("text")) for output in join_streams(outputs)]
    assert joined == [
        ("stream", "done\n\r\nlast\r"),
        ("stream", "warned"),
        ("display_data", None),
    ]


def test_any_path_of_a_checkout_will_do(house, monkeypatch):
    for name in ("x{y}", "{prefix} 100%"):
        place = house.root / name
        for folder in ("notebooks", "reports/runs"):
            (place / folder).mkdir(parents=True)
        for constant, folder in (("ROOT", "."), ("NOTEBOOKS", "notebooks"), ("RUNS", "reports/runs")):
            monkeypatch.setattr(paths, constant, place / folder)
        there = type(house)(place)
        there.write_lesson("51_one", "print(1)")
        result = house.course("run", "51", "-p", "seed=3")
        assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    ("command", "names"), [("--help", ["run", "check", "store", "data"]), ("run", ["--full"])]
)
def test_help_is_light(house, command, names):
    """`course --help` must not load what only running a lesson needs."""
    code = (
        "import sys\nfrom helpers.course.cli import main\n"
        f"try: main(['{command}', '--help'])\n"
        "finally: print(sorted({'papermill', 'tensorflow', 'pandas', 'nbformat'} & set(sys.modules)))"
    )
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=house.root
    ).stdout
    assert output.endswith("[]\n")
    assert all(name in output for name in names)


STEP_BY_STEP = """
from helpers.paths import state
from helpers.results import record
done = state() / "done"
steps = done.read_text() if done.exists() else ""
assert steps, done.write_text("one ")
record("steps", steps + "two")
"""


def test_a_full_run_goes_on_from_the_state_of_a_failed_one_and_says_so(house):
    house.write("notebooks/full.yaml", "steps: {parameters: {seed: 3}}")
    house.write_lesson("51_steps", STEP_BY_STEP)
    assert house.course("run", "51", "--full").exit_code == 1
    assert house.course("run", "51", "--full").exit_code == 0
    result = json.loads((house.root / "reports/results/steps.json").read_text())
    assert result["values"]["steps"]["value"] == "one two"
    [earlier] = result["manifest"]["earlier"]
    assert earlier["started"] < result["manifest"]["started"]
    assert earlier["seconds"] >= 0
    assert not (house.root / "reports/runs/steps/state").exists()
    assert house.course("run", "51", "--full", "--force").exit_code == 1, (
        "the state of a run that passed is gone"
    )
    assert house.course("run", "51", "--full", "--force").exit_code == 1, "a forced run begins anew"
    assert house.course("run", "51", "--full").exit_code == 0, "the same command without it goes on"


def test_only_what_full_runs_write_leaves_a_checkout_unchanged(house):
    commit_all(house.root)
    commit, dirty = read_commit()
    assert len(commit) == 40
    assert not dirty
    house.write("reports/results/steps.json", "{}")
    house.write("reports/models/steps.npz", "")
    assert read_commit() == (commit, False)
    house.write("helpers/steps.py", "")
    assert read_commit() == (commit, True)


@pytest.mark.parametrize("name", ["GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_OBJECT_DIRECTORY"])
def test_the_commit_is_that_of_the_checkout_whatever_the_shell_has_set(
    house, monkeypatch, tmp_path_factory, name
):
    other = tmp_path_factory.mktemp("other")
    for folder in (house.root, other):
        (folder / "file").write_text(folder.name)
        commit_all(folder)
    expected = read_commit()
    part = {"GIT_WORK_TREE": "", "GIT_INDEX_FILE": ".git/index", "GIT_OBJECT_DIRECTORY": ".git/objects"}
    monkeypatch.setenv(name, str(other / part.get(name, ".git")))
    assert read_commit() == expected
    assert (len(expected[0]), expected[1]) == (40, False)


def test_tests_leave_the_repository_alone_that_a_hook_names(tmp_path):
    """As `git commit` runs a hook with GIT_DIR set, the tests may be started with it."""
    (tmp_path / "file").write_text("theirs")
    commit_all(tmp_path)

    def look() -> list[str]:
        commands = (["rev-list", "--all"], ["status", "--porcelain"], ["ls-files", "--stage"])
        return [call_git(tmp_path, *command) for command in commands]

    before = look()
    places = {"GIT_DIR": str(tmp_path / ".git"), "COURSE_RUN_DIR": str(tmp_path)}
    test = f"{Path(__file__)}::test_only_what_full_runs_write_leaves_a_checkout_unchanged"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", test],
        cwd=Path(__file__).parents[2],
        env=os.environ | places,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    assert look() == before


def test_a_default_run_begins_with_an_empty_state(house):
    house.write_lesson("51_steps", STEP_BY_STEP)
    assert [house.course("run", "51").exit_code for _ in range(2)] == [1, 1]


def test_workers_and_scheduler_reach_the_lesson(house):
    look = """
import os
from helpers.results import record
record("given", " ".join(os.environ.get(f"COURSE_{name}", "-") for name in ("WORKERS", "SCHEDULER")))
"""
    house.write_lesson("51_look", look)
    for arguments, given in (
        ((), "- -"),
        (("--workers", "2"), "2 -"),
        (("--scheduler", "tcp://a:1"), "- tcp://a:1"),
    ):
        assert house.course("run", "51", "--force", *arguments).exit_code == 0
        record = (find_runs(find_lesson(51))[0].folder / "record.jsonl").read_text()
        assert json.loads(record)["value"] == given
    assert house.course("run", "51", "--workers", "0").exit_code == 2
