"""Build the fast CIFAR-10 network of lesson 14: whitened input, three short blocks, no hidden dense layers.

After KellerJordan/cifar10-airbench (K. Jordan, 94 % on CIFAR-10 in 3.29 seconds on a single GPU, 2024),
rebuilt in Keras; each difference is described where it occurs.
"""

from collections.abc import Sequence

import numpy as np

from helpers.backend import keras

NORMALISATION = {"momentum": 0.6, "epsilon": 1e-12, "center": False, "scale": False}  # Offset adds a bias


@keras.saving.register_keras_serializable("course")
class Offset(keras.layers.Layer):
    """Add a learned bias to each channel, stored divided by `scale`.

    The original trains the biases of its normalisations at 64 times the rate of the weights, with the same
    decay. Keras has one rate for all variables. A bias stored divided by 8 gets 8 times the gradient, and
    each step of the stored number changes the bias 8 times as much: together 64.
    """

    def __init__(self, scale: float = 1.0, **options) -> None:
        super().__init__(**options)
        self.scale = scale

    def build(self, shape: Sequence[int | None]) -> None:
        self.offset = self.add_weight(shape=(shape[-1],), initializer="zeros", name="offset")

    def call(self, inputs):
        return inputs + self.scale * self.offset

    def get_config(self) -> dict:
        return {**super().get_config(), "scale": self.scale}


@keras.saving.register_keras_serializable("course")
class PartialIdentity(keras.initializers.Initializer):
    """Initialise a convolution: its first output channels copy its inputs, the others are random.

    These are uniform in +-1 / sqrt(fan-in), as PyTorch initialises convolutions.
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def __call__(self, shape, dtype=None):
        height, width, inputs, outputs = shape
        bound = 1 / np.sqrt(height * width * inputs)
        kernel = np.random.default_rng(self.seed).uniform(-bound, bound, shape)
        for channel in range(min(inputs, outputs)):
            kernel[..., channel] = 0
            kernel[height // 2, width // 2, channel, channel] = 1
        return keras.ops.convert_to_tensor(kernel, dtype)

    def get_config(self) -> dict:
        return {"seed": self.seed}


def measure_whitening(images: np.ndarray, size: int = 2, epsilon: float = 5e-4) -> np.ndarray:
    """Return filters whose outputs are uncorrelated and of equal variance on patches; and their negatives.

    Args:
        images: (N, H, W, C) float, standardised; a few thousand are enough.
        size: side of a patch in pixels.
        epsilon: added to the variances, so that almost constant directions are not amplified too much.

    Returns:
        (size, size, C, 2 * size * size * C) float32, a kernel for a convolution.
    """
    windows = np.lib.stride_tricks.sliding_window_view(images, (size, size), axis=(1, 2))
    patches = windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, size * size * images.shape[-1])
    variances, directions = np.linalg.eigh(patches.T @ patches / len(patches))
    filters = (directions / np.sqrt(variances + epsilon))[:, ::-1]
    both = np.concatenate([filters, -filters], axis=1).astype(np.float32)
    return both.reshape(size, size, images.shape[-1], -1)


def build_fast_cnn(
    whitening: np.ndarray,
    *,
    widths: Sequence[int] = (64, 256, 256),
    classes: int = 10,
    seed: int = 0,
    precision: str = "float32",
) -> "keras.Model":
    """Return the network; its outputs are logits.

    Args:
        whitening: from `measure_whitening` on training images; it is not trained.
        widths: channels of the three blocks; (64, 256, 256) has 1.97 M parameters, (64, 128, 128) 0.57 M.
        classes: number of classes.
        seed: of the initial weights.
        precision: a Keras dtype policy; `mixed_bfloat16` is faster only where the processor computes it.

    Returns:
        A model of standardised (N, 32, 32, 3) images, not compiled.
    """
    seeds = iter(range(1000 * seed, 1000 * seed + 100))

    def convolve(x, filters):
        layer = keras.layers.Conv2D(
            filters,
            3,
            padding="same",
            use_bias=False,
            kernel_initializer=PartialIdentity(next(seeds)),
            dtype=precision,
        )
        return layer(x)

    def normalise(x):
        batch = keras.layers.BatchNormalization(**NORMALISATION, dtype=precision)
        x = Offset(8.0, dtype=precision)(batch(x))
        return keras.layers.Activation("gelu", dtype=precision)(x)

    inputs = keras.Input((32, 32, whitening.shape[2]))
    first = keras.layers.Conv2D(whitening.shape[-1], whitening.shape[0], use_bias=False, dtype=precision)
    x = Offset(dtype=precision)(first(inputs))
    first.set_weights([whitening])
    first.trainable = False
    x = keras.layers.Activation("gelu", dtype=precision)(x)
    for width in widths:
        # Pooled before the normalisation, which then has a quarter of the work.
        x = keras.layers.MaxPooling2D(2, dtype=precision)(convolve(x, width))
        x = normalise(convolve(normalise(x), width))
    x = keras.layers.GlobalMaxPooling2D(dtype=precision)(x)
    logits = keras.layers.Dense(classes, use_bias=False, dtype=precision)(x)
    outputs = keras.layers.Rescaling(1 / 9, dtype="float32")(logits)
    return keras.Model(inputs, outputs, name="fast_cnn")
