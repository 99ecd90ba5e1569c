"""Build a network of parallel branches whose channels have gates; lesson 31 closes gates to search it.

The whitened input, the blocks and the head are those of `fast_cnn`. Each of its convolutions is replaced by a
cell: parallel branches with kernels of 1, 3, 5 or 7 pixels or with pooling, as in C. Szegedy et al., Going
Deeper with Convolutions, CVPR 2015. One function builds wide and pruned networks, from numbers of channels.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from helpers.backend import keras
from helpers.models.fast_cnn import NORMALISATION, Offset, PartialIdentity

BRANCHES = ("1", "3", "5", "7", "pool")
Cells = Sequence[Mapping[str, int]]


@keras.saving.register_keras_serializable("course")
class Gates(keras.layers.Layer):
    """Multiply each channel by its gate, a learned number that starts at 1; a gate of 0 closes the channel.

    Args:
        channels: number of channels of each branch, in the order of the input's channels.
    """

    def __init__(self, channels: Mapping[str, int], **options) -> None:
        super().__init__(**options)
        self.channels = dict(channels)

    def build(self, shape: Sequence[int | None]) -> None:
        self.gates = {
            branch: self.add_weight(shape=(count,), initializer="ones", name=f"gates_{branch}")
            for branch, count in self.channels.items()
        }

    def call(self, inputs):
        return inputs * keras.ops.concatenate([keras.ops.convert_to_tensor(g) for g in self.gates.values()])

    def get_config(self) -> dict:
        return {**super().get_config(), "channels": self.channels}


def _check_cells(cells: Cells) -> None:
    if len(cells) % 2 or not cells:
        raise ValueError(f"{len(cells)} cells; give two for each block, such as [{{'3': 64}}] * 6")
    for place, cell in enumerate(cells):
        if unknown := set(cell) - set(BRANCHES):
            raise ValueError(f"cell {place} has a branch {min(unknown)!r}; known: {', '.join(BRANCHES)}")
        if not cell or min(cell.values()) < 1:
            raise ValueError(
                f"cell {place} is {dict(cell)}; every branch needs a channel, every cell a branch"
            )


def build_branched_cnn(
    whitening: np.ndarray,
    cells: Cells,
    *,
    image_shape: tuple[int, int, int] = (32, 32, 3),
    classes: int = 10,
    gated: bool = True,
    seed: int = 0,
    precision: str = "float32",
) -> "keras.Model":
    """Return the network; its outputs are logits.

    A cell consists of parallel branches, batch normalisation, bias (`Offset`), gates and GELU; in each block
    the first of the two cells halves the side of the maps. The gate also multiplies the bias, and GELU of 0
    is 0: a channel with a closed gate is exactly zero, and removing it changes no output
    (`helpers.combining.sparsity.rebuild`). As in `fast_cnn`, the first channels of a cell start as copies of
    its inputs, as many as there are. Introduced in lesson 31.

    Args:
        whitening: from `helpers.models.fast_cnn.measure_whitening` on training images; it is not trained.
        cells: two for each block, each branch of `BRANCHES` -> channels, 1 or more. `[{"3": 64}] * 2 +
            [{"3": 256}] * 4` is `fast_cnn` with gates.
        image_shape: (H, W, C); each block halves H and W.
        classes: number of classes.
        gated: False builds it without gates, for the long training of an architecture that has been found.
            There weight decay would shrink all gates, and GELU is almost linear for small numbers.
        seed: of the initial weights.
        precision: a Keras dtype policy; `mixed_bfloat16` is faster only where the processor computes it.

    Returns:
        A model of standardised (N, H, W, C) images, not compiled.

    Raises:
        ValueError: an odd number of cells, an unknown branch, or one without channels.
    """
    _check_cells(cells)
    layers = keras.layers
    inputs = keras.Input(image_shape)
    size, _, _, filters = whitening.shape
    first = layers.Conv2D(filters, size, use_bias=False, name="whitening", dtype=precision, trainable=False)
    x = Offset(dtype=precision, name="whitening_offset")(first(inputs))
    first.set_weights([whitening])
    x = layers.Activation("gelu", dtype=precision)(x)
    for place, cell in enumerate(cells):
        x = _add_branches(x, place, cell, 100 * seed + 10 * place, precision)
        if place % 2 == 0:
            x = layers.MaxPooling2D(2, dtype=precision)(x)
        batch = layers.BatchNormalization(**NORMALISATION, dtype=precision, name=f"normalisation_{place}")
        x = Offset(8.0, dtype=precision, name=f"offset_{place}")(batch(x))
        if gated:
            x = Gates(cell, dtype=precision, name=f"gates_{place}")(x)
        x = layers.Activation("gelu", dtype=precision)(x)
    x = layers.GlobalMaxPooling2D(dtype=precision)(x)
    logits = layers.Dense(classes, use_bias=False, dtype=precision, name="head")(x)
    outputs = layers.Rescaling(1 / 9, dtype="float32")(logits)
    return keras.Model(inputs, outputs, name="branched_cnn")


def _add_branches(x, place: int, cell: Mapping[str, int], seed: int, precision: str):
    branches, channels, inputs = [], 0, x.shape[-1]
    for number, (branch, count) in enumerate(cell.items()):
        size = 1 if branch == "pool" else int(branch)
        convolve = keras.layers.Conv2D(
            count, size, padding="same", use_bias=False, name=f"convolution_{place}_{branch}", dtype=precision
        )
        out = convolve(x)
        # Drawn for the whole cell, cut to this branch: no two branches start with the same input channel.
        whole = PartialIdentity(seed + number)((size, size, inputs, channels + count))
        convolve.kernel.assign(whole[..., channels:])
        if branch == "pool":  # after the 1x1 convolution: the same result, but fewer channels to pool
            out = keras.layers.AveragePooling2D(3, 1, "same", dtype=precision)(out)
        branches.append(out)
        channels += count
    return keras.layers.Concatenate(dtype=precision)(branches) if len(branches) > 1 else branches[0]
