"""What the surroundings do wrong is said in one line: what, why, and what to do about it."""

import errno
import os
import shutil
import subprocess
import sys

import pytest

from helpers import paths
from helpers.course import export, store
from helpers.course.surroundings import explain

# Root may write everywhere. Without these two rights it is a user like any other.
AS_A_USER = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"]


def call_as_a_user(house, *arguments: str) -> subprocess.CompletedProcess:
    """Call `course` in a process that heeds what the folders forbid, also where root runs the tests."""
    command = [sys.executable, "-B", "-c", "from helpers.course.cli import main; main()", *arguments]
    root = os.name == "posix" and os.geteuid() == 0
    if root and shutil.which("setpriv") is None:
        pytest.skip("runs as root, and setpriv is not here to give up its rights")
    return subprocess.run(
        [*AS_A_USER, *command] if root else command, cwd=house.root, capture_output=True, text=True
    )


@pytest.fixture
def closed_house(house, kept):
    """A house with one executed lesson, in which nothing may be written; the lesson is executed once."""
    if not any(kept.iterdir()):
        house.write_lesson("51_closed", "print(seed)")
        assert house.course("run", "51").exit_code == 0
        shutil.copytree(house.root, kept, dirs_exist_ok=True)
    shutil.copytree(kept, house.root, dirs_exist_ok=True)
    folders = [house.root, *(path for path in house.root.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    yield house
    for folder in folders:
        folder.chmod(0o755)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            "run 51 --force",
            "cannot write to reports/runs/closed: Permission denied; copy a lesson from notebooks into a "
            "folder of yours and open it there, or clone the repository into a folder of yours",
        ),
        (
            "site",
            "cannot write to reports: Permission denied; copy a lesson from notebooks into a folder of "
            "yours and open it there, or clone the repository into a folder of yours",
        ),
        (
            "export 51",
            "cannot write to reports: Permission denied; name a file of yours with -o, "
            "or clone the repository into a folder of yours",
        ),
        (
            "store 51",
            "cannot write to notebooks: Permission denied; copy a lesson from notebooks into a folder of "
            "yours and open it there, or clone the repository into a folder of yours",
        ),
    ],
)
def test_a_checkout_of_another_is_one_line(closed_house, arguments, line):
    before = sorted(closed_house.root.rglob("*"))
    done = call_as_a_user(closed_house, *arguments.split())
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"{line}\n")
    assert sorted(closed_house.root.rglob("*")) == before


def test_what_only_reads_works_in_a_checkout_of_another(closed_house):
    done = call_as_a_user(closed_house, "check")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_folder_to_export_to_is_refused_before_the_site_is_built(house, monkeypatch):
    monkeypatch.setattr(export, "stage", lambda *_: pytest.fail("the site was built"))
    house.write_lesson("51_one")
    done = house.course("export", "51", "-o", str(house.root))
    assert done.exit_code == 2
    assert done.stderr == f"-o {house.root} is a folder; name a file, such as {house.root}/51_one.html\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_a_full_disk_is_one_line(house, monkeypatch):
    def write(lesson):
        with open("/dev/full", "w") as file:
            file.write("outputs")

    monkeypatch.setattr(store, "store", write)
    house.write_lesson("51_one")
    done = house.course("store", "51")
    assert done.exit_code == 2
    [line] = done.stderr.splitlines()
    assert line.startswith("cannot write") and "No space left on device; make room there" in line


def test_a_file_that_is_missing_is_named_with_its_cure(house):
    (house.root / "data/catalog.toml").unlink()
    done = house.course("data", "list")
    assert done.exit_code == 2
    assert done.stderr == (
        "data/catalog.toml: No such file or directory; to restore it: git checkout data/catalog.toml\n"
    )


@pytest.mark.parametrize(
    ("number", "place", "words"),
    [
        (errno.EROFS, "reports/runs", "cannot write to reports/runs: Read-only file system; copy a lesson"),
        (errno.EACCES, "/nowhere/a.html", "cannot write to /: Permission denied; name another place"),
        (errno.EISDIR, "data", "data: Is a directory; a file is needed there"),
        (errno.ENOTDIR, "reports/html", "reports/html: Not a directory; a folder is needed there"),
        (errno.ENOENT, "/nowhere/a.html", "/nowhere/a.html: No such file or directory; name one"),
        (errno.EDQUOT, "reports/html", "cannot write reports/html: Disk quota exceeded; make room"),
        (errno.ENAMETOOLONG, "reports/long", "reports/long: File name too long"),
    ],
)
def test_errors_of_the_system_name_thing_reason_and_cure(house, number, place, words):
    error = OSError(number, os.strerror(number), str(paths.ROOT / place))
    assert explain(error).startswith(words)


def test_the_repository_itself_is_named_by_its_path(house):
    error = OSError(errno.EACCES, os.strerror(errno.EACCES), str(house.root))
    assert explain(error).startswith(f"cannot write to {house.root}: Permission denied; ")


@pytest.mark.parametrize("error", [OSError("of a library"), BrokenPipeError(errno.EPIPE, "Broken pipe")])
def test_errors_of_another_origin_are_not_dressed_up(error):
    assert explain(error) == ""


@pytest.mark.parametrize(
    ("name", "module", "cure"),
    [
        ("helpers.py", "helpers", "my_helpers.py"),
        ("helpers/__init__.py", "helpers", "my_helpers"),
        ("statistics.py", "statistics", "my_statistics.py"),
        ("seaborn.py", "seaborn", "my_seaborn.py"),
    ],
)
def test_a_file_that_hides_a_module_is_named_before_a_lesson_runs(house, name, module, cure):
    house.write_lesson("51_one")
    path = house.write(f"notebooks/{name}", "")
    shown = f"notebooks/{path.parent.name if path.name == '__init__.py' else path.name}"
    done = house.course("run")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == (
        f"{shown} hides the module {module} from the lessons; "
        f"give it another name, such as notebooks/{cure}\n"
    )
    assert house.manifests("51_one") == []


def test_other_files_beside_the_lessons_are_in_nobodys_way(house):
    house.write_lesson("51_one", "import notes_of_mine\nprint(notes_of_mine.VALUE)")
    house.write("notebooks/notes_of_mine.py", "VALUE = 1")
    for name in ("time.py", "__main__.py", "my notes.py", "exercises/seaborn.py"):  # sys.modules has time
        house.write(f"notebooks/{name}", "")
    assert house.course("run").exit_code == 0


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n", b"[1]", b'{"cells": 3}', b"<html>", b""])
def test_a_file_that_is_no_notebook_is_named(house, content):
    (house.root / "notebooks/51_picture.ipynb").write_bytes(content)
    for command in (("run",), ("check",), ("site",), ("export", "51"), ("store", "51")):
        done = house.course(*command)
        assert done.exit_code == 2
        [line] = done.stderr.splitlines()
        assert line.startswith("notebooks/51_picture.ipynb is no notebook: ")


@pytest.mark.parametrize("content", [b"\xff\xfe", b"{", b"[1]", b'{"other": 1}'])
def test_a_recorded_result_that_is_none_is_named(house, content):
    house.write_lesson("51_one")
    path = house.write("reports/results/one.json", "")
    path.write_bytes(content)
    done = house.course("site")
    assert done.exit_code == 2
    assert done.stderr.startswith("reports/results/one.json is no recorded result: ")
