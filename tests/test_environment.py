"""pyproject.toml, the lock, environment.yml and what is installed say the same."""

import json
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from helpers.paths import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (ROOT / "requirements.txt").read_text(encoding="utf-8")
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
NAME, DECLARED = PROJECT["name"], [Requirement(line) for line in PROJECT["dependencies"]]


def read_lock() -> dict[str, list[tuple[str, Marker | None, str]]]:
    """Return package -> its locked versions, each with its marker and the text of its block."""
    locked = {}
    for block in re.split(r"\n(?=\S)", LOCK.strip()):
        requirement = Requirement(block.split("\\")[0].strip())
        [pin] = requirement.specifier
        locked.setdefault(canonicalize_name(requirement.name), []).append(
            (pin.version, requirement.marker, block)
        )
    return locked


LOCKED = read_lock()


def test_lock_was_compiled_from_what_pyproject_declares():
    direct = {
        package
        for package, versions in LOCKED.items()
        if any(f"{NAME} (pyproject.toml)" in block for *_, block in versions)
    }
    assert direct == {canonicalize_name(requirement.name) for requirement in DECLARED}


def test_lock_satisfies_pyproject():
    for requirement in DECLARED:
        for pinned, *_ in LOCKED[canonicalize_name(requirement.name)]:
            assert pinned in requirement.specifier


def test_every_locked_version_has_hashes_and_no_address():
    assert all("--hash=sha256:" in block for versions in LOCKED.values() for *_, block in versions)
    assert "://" not in LOCK


def test_lock_serves_every_promised_system():
    """Each declared package has exactly one version on each system and Python that we promise."""
    for system in ("Linux", "Darwin", "Windows"):
        for python in ("3.11", "3.12", "3.13"):
            assert python in SpecifierSet(PROJECT["requires-python"])
            where = {
                "python_full_version": f"{python}.0",
                "python_version": python,
                "platform_system": system,
                "sys_platform": {"Linux": "linux", "Darwin": "darwin", "Windows": "win32"}[system],
                "platform_machine": {"Linux": "x86_64", "Darwin": "arm64", "Windows": "AMD64"}[system],
            }
            for requirement in DECLARED:
                versions = LOCKED[canonicalize_name(requirement.name)]
                fitting = [pin for pin, marker, _ in versions if marker is None or marker.evaluate(where)]
                assert len(fitting) == 1, f"{requirement.name} on {system}, Python {python}: {fitting}"


def test_environment_installs_the_lock():
    *packages, pip = ENVIRONMENT["dependencies"]
    assert pip == {"pip": ["-r requirements.txt"]}
    [python] = [package.split("=")[1] for package in packages if package.startswith("python=")]
    assert python in SpecifierSet(PROJECT["requires-python"])
    assert ENVIRONMENT["name"] == NAME


def test_installed_is_what_is_locked():
    for requirement in DECLARED:
        versions = LOCKED[canonicalize_name(requirement.name)]
        [pin] = [pin for pin, marker, _ in versions if marker is None or marker.evaluate()]
        assert version(requirement.name) == pin


def test_importing_helpers_imports_no_framework():
    code = (
        "import importlib, pkgutil, sys, helpers\n"
        "for module in pkgutil.walk_packages(helpers.__path__, 'helpers.'):\n"
        "    if not module.name.startswith(('helpers.backend', 'helpers.models')):\n"
        "        importlib.import_module(module.name)\n"
        "assert not {'tensorflow', 'keras', 'torch', 'jax'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_in_a_lesson_the_backend_is_silent_and_its_words_are_kept(tmp_path):
    run = subprocess.run(
        [sys.executable, "-c", "from helpers.backend import keras; print(keras.ops.add(1, 2))"],
        env=os.environ | {"COURSE_RUN_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stderr == ""
    assert "3" in run.stdout
    assert (tmp_path / "kernel.log").exists()


LOOK = """
import json, sys
from helpers.backend import keras
model = keras.Sequential([keras.Input((2, 2, 1)), keras.layers.Flatten(), keras.layers.Dense(1)])
model.compile("sgd", "mse")
images = keras.ops.convert_to_numpy(keras.ops.ones((4, 2, 2, 1)))
history = model.fit(images, images[:, 0, 0, 0], epochs=3, batch_size=1, verbose=0).history["loss"]
print(json.dumps({
    "dtype": model.outputs[0].dtype, "policy": keras.config.dtype_policy().name,
    "floatx": keras.config.floatx(), "epsilon": keras.config.epsilon(),
    "format": keras.config.image_data_format(), "epochs": len(history),
    "steps": keras.config.max_steps_per_epoch(),
}))
"""


def run_with_keras(
    folder: Path, code: str, settings: dict, **environment: str
) -> subprocess.CompletedProcess:
    """Run code in a process whose user has these settings in `keras.json`."""
    (folder / "keras.json").write_text(json.dumps(settings))
    environment = {"KERAS_HOME": str(folder), **environment}
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | environment
    )


def test_settings_of_the_user_change_no_number(tmp_path):
    """`keras.json`, and variables made to shorten a training, are in no record: they do not count."""
    settings = {"floatx": "float16", "epsilon": 0.1, "image_data_format": "channels_first"}
    limits = {"KERAS_MAX_EPOCHS": "1", "KERAS_MAX_STEPS_PER_EPOCH": "1"}
    done = run_with_keras(tmp_path, LOOK, settings | {"backend": "tensorflow"}, **limits)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "dtype": "float32",
        "policy": "float32",
        "floatx": "float32",
        "epsilon": 1e-7,
        "format": "channels_last",
        "epochs": 3,
        "steps": None,
    }


@pytest.mark.parametrize("place", ["file", "variable"])
def test_a_backend_that_is_not_there_is_named_with_the_place_that_chose_it(tmp_path, place):
    chosen = {"backend": "jax_of_nobody"} if place == "file" else {}
    variable = {"KERAS_BACKEND": "jax_of_nobody"} if place == "variable" else {}
    done = run_with_keras(tmp_path, "import helpers.backend", chosen, **variable)
    *_, line = done.stderr.strip().splitlines()
    where = str(tmp_path / "keras.json") if place == "file" else "KERAS_BACKEND"
    assert done.returncode == 1
    assert line.startswith(f"ImportError: {where} names the Keras backend 'jax_of_nobody', which cannot be")
    assert line.endswith("install it, or set KERAS_BACKEND=tensorflow")


def test_settings_that_keras_refuses_are_named(tmp_path):
    done = run_with_keras(tmp_path, "import helpers.backend", {"floatx": "float17"})
    *_, line = done.stderr.strip().splitlines()
    assert line.startswith("ImportError: Keras refuses keras.json: Invalid `floatx`")
    assert "Correct the file, or remove it" in line
