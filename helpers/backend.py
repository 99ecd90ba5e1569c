"""Import Keras without TensorFlow's start-up messages in the notebook, and with fixed settings.

Use `from helpers.backend import keras` in a lesson. TensorFlow writes its first lines directly to the error
stream of the process, whatever the log level; a notebook would store them as an error output. Choose another
backend as Keras documents it: by `KERAS_BACKEND` in the environment or by `keras.json`. All other settings of
Keras are set here, since a user's own would change numbers without a trace in the record.
"""

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path


def _find_log() -> int | None:
    """Return a file descriptor for messages of compiled code, or None outside notebooks and `course run`.

    In a lesson that `course run` executes, and in its child processes, this is `kernel.log`. In another
    notebook it is the error stream that the kernel was started with: the messages go to the Jupyter server.
    """
    if folder := os.environ.get("COURSE_RUN_DIR"):
        return os.open(Path(folder) / "kernel.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    original = getattr(sys.stderr, "_original_stdstream_copy", None)
    return None if original is None else os.dup(original)


@contextlib.contextmanager
def _divert_stderr() -> Iterator[None]:
    """Redirect file descriptor 2, to which compiled code writes, to the log inside of a `with` block.

    The messages are not discarded: if a library ends the process during its import, they say why.
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
    """Return the backend that the user chose, and where; without a choice the default, and an empty text."""
    if name := os.environ.get("KERAS_BACKEND"):
        return name, "KERAS_BACKEND"
    file = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser() / "keras.json"
    try:
        return str(json.loads(file.read_text(encoding="utf-8"))["backend"]), str(file)
    except (OSError, ValueError, KeyError, TypeError):
        return "tensorflow", ""


def _explain(error: Exception) -> str:
    """Return why Keras could not be imported, and what to do if a setting of the user is the reason."""
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

        # TensorFlow warns of compiling many models, but a search, or a course, has to.
        tf.get_logger().setLevel("ERROR")
        # Several processes may share a GPU: kernels, workers, sandboxes. By default the first takes it all.
        with contextlib.suppress(RuntimeError):  # the GPUs are in use, so this was set before
            for gpu in tf.config.list_physical_devices("GPU"):
                tf.config.experimental.set_memory_growth(gpu, True)
        tf.zeros(1)  # the first operation initialises the devices, and prints messages

__all__ = ["choose_precision", "copy_in_precision", "keras"]


def _list_gpus() -> list[tuple[int, int]]:
    """Return the compute capability of each GPU that TensorFlow uses; (0, 0) if a GPU reports none."""
    if keras.backend.backend() != "tensorflow":
        return []
    details = map(tf.config.experimental.get_device_details, tf.config.list_physical_devices("GPU"))
    return [one.get("compute_capability", (0, 0)) for one in details]


def choose_precision() -> str:
    """Return the Keras dtype policy for training: `mixed_bfloat16` if the hardware supports it, or `float32`.

    All GPUs must support it; without GPUs, the processor. Hardware without support emulates it, which is
    slower than `float32`. Introduced in lesson 14.
    """
    processor = Path("/proc/cpuinfo")
    if gpus := _list_gpus():
        computes = min(gpus) >= (8, 0)  # NVIDIA Ampere
    else:
        computes = processor.exists() and "avx512_bf16" in processor.read_text()
    return "mixed_bfloat16" if computes else "float32"


def copy_in_precision(model: keras.Model, precision: str) -> keras.Model:
    """Return a model with the same layers in another precision, and with new random weights.

    The last layer always computes in float32: probabilities in half precision do not sum to one.

    Args:
        model: functional or sequential.
        precision: a Keras dtype policy, such as `choose_precision` returns.
    """
    last = model.layers[-1].name

    def copy(layer: keras.Layer) -> keras.Layer:
        policy = "float32" if layer.name == last else precision
        return type(layer).from_config(layer.get_config() | {"dtype": policy})

    return keras.models.clone_model(model, clone_function=copy)
