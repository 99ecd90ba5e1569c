"""Keras on the TensorFlow backend, imported without TensorFlow's start-up messages.

Use `from helpers.backend import keras` in a lesson. TensorFlow writes its first lines straight to the
process's error stream, where no log level reaches them; a notebook would store them as an error output.
Another backend is chosen as Keras documents it, by `KERAS_BACKEND` in the environment.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def _silence_stderr() -> Iterator[None]:
    """Point file descriptor 2 at nothing for a while: messages of compiled code go through it."""
    sys.stderr.flush()
    kept = os.dup(2)
    nothing = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
with _silence_stderr():
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        # It warns of many models being compiled, which is what a search, or a course, does.
        tf.get_logger().setLevel("ERROR")
        tf.zeros(1)  # the first operation initialises the devices, and says so

__all__ = ["choose_precision", "copy_in_precision", "keras"]


def choose_precision() -> str:
    """Return the Keras dtype policy to train with: `mixed_bfloat16` on a processor that computes it.

    On any other processor it is emulated, and slower than `float32`. Introduced in lesson 14.
    """
    processor = Path("/proc/cpuinfo")
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
