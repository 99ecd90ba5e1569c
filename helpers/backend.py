"""Keras on the TensorFlow backend, imported without TensorFlow's start-up messages in the notebook.

Use `from helpers.backend import keras` in a lesson. TensorFlow writes its first lines straight to the
process's error stream, where no log level reaches them; a notebook would store them as an error output.
Another backend is chosen as Keras documents it, by `KERAS_BACKEND` in the environment or in `keras.json`.
What else the file or the environment says would change numbers without a trace in the record; it is set here.
"""

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path


def _find_log() -> int | None:
    """Return a descriptor for what compiled code says in a notebook; None in a process that is no kernel's.

    A lesson that `course run` executes has a log, also for its child processes; another notebook has the
    error stream that its kernel was started with, which is where the Jupyter server writes.
    """
    if folder := os.environ.get("COURSE_RUN_DIR"):
        return os.open(Path(folder) / "kernel.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    original = getattr(sys.stderr, "_original_stdstream_copy", None)
    return None if original is None else os.dup(original)


@contextlib.contextmanager
def _divert_stderr() -> Iterator[None]:
    """Point file descriptor 2 at the log for a while: messages of compiled code go through it.

    They are kept, for a library that ends the process while it is imported says so in them.
    """
    log = _find_log()
    if log is None:
        yield
        return
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        os.dup2(log, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(log)


def _find_choice() -> tuple[str, str]:
    """Return the backend that the user chose, and where; that of Keras itself and no place otherwise."""
    if name := os.environ.get("KERAS_BACKEND"):
        return name, "KERAS_BACKEND"
    file = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser() / "keras.json"
    try:
        return str(json.loads(file.read_text(encoding="utf-8"))["backend"]), str(file)
    except (OSError, ValueError, KeyError, TypeError):
        return "tensorflow", ""


def _explain(error: Exception) -> str:
    """Return why Keras could not be imported, and what to do, where a choice of the user's is the reason."""
    name, place = _find_choice()
    if isinstance(error, ValueError) and "configuration" in str(error):
        return f"Keras refuses keras.json: {error} Correct the file, or remove it"
    if not place or name == "tensorflow":
        return f"Keras could not be imported: {error}"
    return (
        f"{place} names the Keras backend {name!r}, which cannot be imported ({error}); "
        "install it, or set KERAS_BACKEND=tensorflow"
    )


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
with _divert_stderr():
    try:
        import keras
    except (ImportError, ValueError) as error:
        raise ImportError(_explain(error)) from error

    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")
    keras.config.set_epsilon(1e-7)
    keras.config.set_image_data_format("channels_last")
    keras.config.set_max_epochs(None)
    keras.config.set_max_steps_per_epoch(None)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        # It warns of many models being compiled, which is what a search, or a course, does.
        tf.get_logger().setLevel("ERROR")
        # Several processes may share a GPU: kernels, workers, sandboxes. By default the first takes it all.
        with contextlib.suppress(RuntimeError):  # this process has used one before, and so has set it
            for gpu in tf.config.list_physical_devices("GPU"):
                tf.config.experimental.set_memory_growth(gpu, True)
        tf.zeros(1)  # the first operation initialises the devices, and says so

__all__ = ["choose_precision", "copy_in_precision", "keras"]


def _list_gpus() -> list[tuple[int, int]]:
    """Return the compute capability of each GPU that TensorFlow uses; (0, 0) where it has none."""
    if keras.backend.backend() != "tensorflow":
        return []
    details = map(tf.config.experimental.get_device_details, tf.config.list_physical_devices("GPU"))
    return [one.get("compute_capability", (0, 0)) for one in details]


def choose_precision() -> str:
    """Return the Keras dtype policy to train with: `mixed_bfloat16` where the hardware computes it.

    That is asked of the GPUs, which train where there are any, and of the processor otherwise. Other hardware
    emulates it, which is slower than `float32`. Introduced in lesson 14.
    """
    processor = Path("/proc/cpuinfo")
    if gpus := _list_gpus():
        computes = min(gpus) >= (8, 0)  # NVIDIA Ampere
    else:
        computes = processor.exists() and "avx512_bf16" in processor.read_text()
    return "mixed_bfloat16" if computes else "float32"


def copy_in_precision(model: keras.Model, precision: str) -> keras.Model:
    """Return a model of the same layers with new random weights, of another precision.

    The last layer computes in float32 all the same: probabilities in half precision do not sum to one.

    Args:
        model: functional or sequential.
        precision: a Keras dtype policy, such as `choose_precision` returns.
    """
    last = model.layers[-1].name

    def copy(layer: keras.Layer) -> keras.Layer:
        policy = "float32" if layer.name == last else precision
        return type(layer).from_config(layer.get_config() | {"dtype": policy})

    return keras.models.clone_model(model, clone_function=copy)
