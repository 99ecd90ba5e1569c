"""`make setup` names a wrong Python, knows where and with what .venv was made, and heeds no stray setting."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).resolve().parents[2]  # not `helpers.paths.ROOT`, which other tests move
MAKEFILE = ROOT / "Makefile"
CALLS = "calls"
# Stands in for an interpreter: tells a version, notes how it was called with which settings, makes a .venv.
STAND_IN = """#!/bin/sh
case "$1" in
    -c) echo "Python {version}"; exit 0;;
    -I) echo "$(cd "$(dirname "$0")/.." && pwd -P) {version}"; exit 0;;
esac
echo "$*" >> {folder}/calls
env > {folder}/settings
if [ "$1 $2" = "-m venv" ]; then
    for last; do :; done
    case "$*" in *--clear*) rm -rf "$last";; esac
    mkdir -p "$last/bin"; cp "$0" "$last/bin/python"
fi
if [ "$1 $2" = "-m pip" ]; then
    printf '#!/bin/sh\\necho uv "$*" >> {folder}/calls\\n' > .venv/bin/uv; chmod +x .venv/bin/uv
fi
"""

pytestmark = pytest.mark.skipif(
    os.name != "posix" or shutil.which("make") is None, reason="needs make and a shell"
)


@pytest.fixture
def set_up(tmp_path):
    """Return a function that runs `make setup` in a small checkout, with a stand-in of this version."""
    for name in ("requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)

    def run(version: str, *, folder: Path = tmp_path, **settings: str) -> subprocess.CompletedProcess:
        program = tmp_path / "python-stand-in"
        program.write_text(STAND_IN.format(version=version, folder=tmp_path))
        program.chmod(0o755)
        command = ["make", f"--directory={folder}", f"--makefile={MAKEFILE}", "setup", f"PYTHON={program}"]
        # The tests may be run by make, which tells a make inside it of its own level and flags.
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))
        }
        return subprocess.run(command, capture_output=True, text=True, env=inherited | settings)

    return run


@pytest.mark.parametrize("version", ["3.10.13", "3.14.0", "2.7.18", "3.1.5"])
def test_a_wrong_python_is_named_before_anything_is_made(set_up, tmp_path, version):
    done = set_up(version)
    line, *rest = done.stderr.splitlines()
    assert done.returncode != 0
    assert f"is Python {version}; the course needs 3.11 to 3.13;" in line
    assert re.search(r"run: make setup PYTHON=python3\.1[123]$", line)
    assert all(text.startswith("make: ***") for text in rest)
    assert not (tmp_path / ".venv").exists() and not (tmp_path / CALLS).exists()


def test_a_python_that_is_not_there_is_named(tmp_path):
    command = ["make", f"--directory={tmp_path}", f"--makefile={MAKEFILE}", "--old-file=requirements.txt"]
    command += ["--old-file=pyproject.toml", "setup", "PYTHON=python-of-nobody"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode != 0
    assert "python-of-nobody is no Python that runs; the course needs 3.11 to 3.13;" in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_an_environment_of_another_python_is_made_anew(set_up, tmp_path):
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").symlink_to("/usr/bin/python-of-before")
    done = set_up("3.12.1")
    assert done.returncode == 0, done.stderr
    first, *_ = (tmp_path / CALLS).read_text().splitlines()
    assert first == "-m venv --clear .venv"
    assert (tmp_path / ".venv/ready").exists()


def count_environments(folder: Path) -> int:
    """Return how often an environment was made."""
    return (folder / CALLS).read_text().splitlines().count("-m venv --clear .venv")


def test_a_finished_set_up_is_not_repeated(set_up, tmp_path):
    for _ in range(3):
        assert set_up("3.12.1").returncode == 0
    assert count_environments(tmp_path) == 1


@pytest.mark.parametrize("name", ["plain", "two words, (b) x{y} $ä'"])
@pytest.mark.parametrize("how", ["copied", "moved"])
def test_a_checkout_elsewhere_gets_an_environment_of_its_own(set_up, tmp_path, tmp_path_factory, how, name):
    assert set_up("3.12.1").returncode == 0
    there = tmp_path_factory.mktemp("elsewhere") / name
    shutil.copytree(tmp_path, there, symlinks=True)
    if how == "moved":
        shutil.rmtree(tmp_path / ".venv")
    for _ in range(2):
        done = set_up("3.12.1", folder=there)
        assert done.returncode == 0, done.stderr
        assert count_environments(tmp_path) == 2
    assert (there / ".venv/ready").read_text().startswith(f"{there.resolve()}/.venv ")


@pytest.mark.parametrize("python", ["gone", "another version"])
def test_an_environment_whose_python_changed_is_made_anew(set_up, tmp_path, python):
    """As after an update of the system, which removes the program that .venv links to, or replaces it."""
    assert set_up("3.12.1").returncode == 0
    program = tmp_path / ".venv/bin/python"
    if python == "gone":
        program.unlink()
        program.symlink_to("/usr/bin/python-of-before")
    else:
        program.write_text(program.read_text().replace("3.12.1", "3.13.0"))
    for _ in range(2):
        done = set_up("3.12.1")
        assert done.returncode == 0, done.stderr
        assert count_environments(tmp_path) == 2


def test_only_settings_of_pip_that_break_the_set_up_are_put_aside(set_up, tmp_path):
    kept = {"PIP_INDEX_URL": "https://mirror", "PIP_CERT": "/cert", "HTTPS_PROXY": "http://proxy:1"}
    kept |= {"SSL_CERT_FILE": "/cert", "UV_INDEX_URL": "https://mirror", "PIP_CACHE_DIR": "/cache"}
    breaking = {"PIP_TARGET": "/elsewhere", "PIP_PREFIX": "/elsewhere", "PIP_ROOT": "/elsewhere"}
    breaking |= {"PIP_CONSTRAINT": "/file", "PYTHONHOME": "/elsewhere"}
    refusing = {"PIP_USER": "1", "PIP_REQUIRE_VIRTUALENV": "1", "PIP_REQUIRE_HASHES": "1"}
    done = set_up("3.13.0", **kept, **breaking, **refusing)
    assert done.returncode == 0, done.stderr
    lines = (tmp_path / "settings").read_text().splitlines()
    settings = dict(line.split("=", 1) for line in lines if "=" in line)
    assert {name: settings.get(name) for name in kept} == kept
    assert not breaking.keys() & settings.keys()
    assert {settings[name] for name in refusing} == {"0"}


def test_the_versions_are_those_of_pyproject():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    allowed = SpecifierSet(project["requires-python"])
    [versions] = re.findall(r"^VERSIONS := (.*)$", MAKEFILE.read_text(encoding="utf-8"), re.MULTILINE)
    assert versions.split() == [f"3.{minor}" for minor in range(30) if f"3.{minor}.5" in allowed]
    assert "{}.{}".format(*sys.version_info[:2]) in versions.split()
