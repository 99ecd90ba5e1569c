"""A network of parallel branches, each channel behind a gate: what lesson 31 searches by closing gates.

The whitened input, the blocks and the head are those of `fast_cnn`; each of its convolutions becomes a cell
of branches with kernels of 1, 3, 5 or 7 pixels or with pooling, side by side as in C. Szegedy et al., Going
Deeper with Convolutions, CVPR 2015. Over-wide or pruned, it is the same function with other numbers.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from helpers.backend import keras
from helpers.models.fast_cnn import NORMALISATION, Offset, PartialIdentity

BRANCHES = ("1", "3", "5", "7", "pool")
Cells = Sequence[Mapping[str, int]]


@keras.saving.register_keras_serializable("course")
class Gates(keras.layers.Layer):
    """Multiply each channel by a learned number, one at first; a channel whose number is zero is closed.

    Args:
        channels: how many by branch, in the order in which the inputs hold them.
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

    A cell is the branches side by side, batch normalisation, offset, gate, GELU; the first of each two cells
    halves the side of its maps. The gate multiplies the offset too and GELU keeps zero, so that a channel
    with a closed gate is exactly zero: nothing changes when it is taken out
    (`helpers.combining.sparsity.rebuild`). The channels of a cell start as its inputs, as in `fast_cnn`, as
    far as there are any. Introduced in lesson 31.

    Args:
        whitening: from `helpers.models.fast_cnn.measure_whitening` on training images; it stays as it is.
        cells: two for each block: channels, 1 or more, by branch of `BRANCHES`. `[{"3": 64}] * 2 +
            [{"3": 256}] * 4` is `fast_cnn` with gates.
        image_shape: (H, W, C); each block halves H and W.
        classes: how many.
        gated: False leaves the gates out, for the long training of an architecture that has been found.
            Weight decay would shrink them all, and GELU of small numbers is a straight line.
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
        # The identity of the whole cell, cut to this branch: no two branches begin as the same channel.
        whole = PartialIdentity(seed + number)((size, size, inputs, channels + count))
        convolve.kernel.assign(whole[..., channels:])
        if branch == "pool":  # after its convolution, which gives the same, and has fewer channels
            out = keras.layers.AveragePooling2D(3, 1, "same", dtype=precision)(out)
        branches.append(out)
        channels += count
    return keras.layers.Concatenate(dtype=precision)(branches) if len(branches) > 1 else branches[0]
