"""Networks as sequences of units: text, shapes, costs without building, decoding, and the space of de-nas.

A unit is a convolution `C195x5` (filters x kernel), a pool `MP` or `AP`, or a fully connected layer `FC1928`;
the output layer is not written. A new kind of unit is an entry of `KINDS`. Introduced in lesson 30.
"""

import math
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from helpers.search.space import Space

if TYPE_CHECKING:
    import keras

Shape = tuple[int, ...]
Sizes = tuple[int, ...]
MIB = 2**20


class Unit(NamedTuple):
    """One unit of a network.

    Attributes:
        kind: a key of `KINDS`.
        sizes: what its kind takes, such as filters and kernel of a convolution.
    """

    kind: str
    sizes: Sizes = ()

    def __str__(self) -> str:
        return self.kind + "x".join(map(str, self.sizes))


Genome = tuple[Unit, ...]


@dataclass(frozen=True)
class Style:
    """What a genome leaves open; by default as in de-nas.

    Attributes:
        normalise: batch normalisation and GELU after a convolution, as in `helpers.models.fast_cnn`, in place
            of its bias and ReLU.
        gather: global max pooling in place of flattening, and outputs times 1/9, as in `fast_cnn`.
        dropout: share of the inputs of each unit FC that is dropped in training, in 0..1. The paper has no
            number; 0.5 is that of the authors' code.
    """

    normalise: bool = False
    gather: bool = False
    dropout: float = 0.5


PAPER = Style()
FAST = Style(normalise=True, gather=True)


class Row(NamedTuple):
    """One layer of a network that need not be built.

    Attributes:
        layer: a class of `keras.layers`, or `Offset` of `helpers.models.fast_cnn`.
        options: its arguments.
        shape: of its output for one image, channels last.
        parameters: trained or not.
        multiply_adds: for one image, as `helpers.judging.cost.count_multiply_adds` counts them.
    """

    layer: str
    options: Mapping[str, Any]
    shape: Shape
    parameters: int = 0
    multiply_adds: int = 0


class Counts(NamedTuple):
    """What a network costs, counted without building it.

    Attributes:
        parameters: all weights, trained or not.
        multiply_adds: for one image.
        weights_mib: the weights in float32, in MiB.
        activations_mib: for one image, twice the outputs of all layers in float32, in MiB: what torchsummary,
            and so de-nas, prints as "Forward/backward pass size (MB)".
    """

    parameters: int
    multiply_adds: int
    weights_mib: float
    activations_mib: float


class Kind(NamedTuple):
    """What a kind of unit is.

    Attributes:
        sizes: how many a unit has.
        rows: (sizes, shape of the input, style) -> the layers of a unit.
        choices: (space, filters of the convolution before) -> for each size the values to draw from. With
            None, all values that are valid anywhere; with 0, there is no convolution before.
        halves: whether it halves the sides of the image.
    """

    sizes: int
    rows: Callable[[Sizes, Shape, Style], list[Row]]
    choices: "Callable[[NetworkSpace, int | None], Sequence[Sequence[int]]]" = lambda space, before: ()
    halves: bool = False


def _convolve(sizes: Sizes, shape: Shape, style: Style) -> list[Row]:
    (filters, kernel), (height, width, channels) = sizes, shape
    weights, bias = kernel * kernel * channels * filters, not style.normalise
    options = {"filters": filters, "kernel_size": kernel, "padding": "same", "use_bias": bias}
    out = (height, width, filters)
    first = Row("Conv2D", options, out, weights + bias * filters, weights * height * width)
    if bias:
        return [first, Row("ReLU", {}, out)]
    normalise = {"momentum": 0.6, "epsilon": 1e-12, "center": False, "scale": False}
    return [
        first,
        Row("BatchNormalization", normalise, out, 2 * filters),
        Row("Offset", {"scale": 8.0}, out, filters),
        Row("Activation", {"activation": "gelu"}, out),
    ]


def _choose_convolution(space: "NetworkSpace", before: int | None) -> Sequence[Sequence[int]]:
    if before is None:
        return {*space.first_widths, *space.widths}, space.kernels
    if before == 0:
        return space.first_widths, space.kernels
    return [width for width in space.widths if width >= before or not space.rising], space.kernels


def _pool(layer: str) -> Callable[[Sizes, Shape, Style], list[Row]]:
    return lambda sizes, shape, style: [
        Row(layer, {"pool_size": 2}, (shape[0] // 2, shape[1] // 2, shape[2]))
    ]


def _connect(sizes: Sizes, shape: Shape, style: Style) -> list[Row]:
    dropout = Row("Dropout", {"rate": style.dropout}, shape)
    return [dropout, _make_dense(sizes[0], shape), Row("ReLU", {}, sizes)]


def _make_dense(units: int, shape: Shape, bias: bool = True) -> Row:
    weights = shape[0] * units
    return Row("Dense", {"units": units, "use_bias": bias}, (units,), weights + bias * units, weights)


KINDS = {
    "C": Kind(2, _convolve, _choose_convolution),
    "MP": Kind(0, _pool("MaxPooling2D"), halves=True),
    "AP": Kind(0, _pool("AveragePooling2D"), halves=True),
    "FC": Kind(1, _connect, lambda space, before: (range(1, 2**31),)),
}


def parse(text: str) -> Genome:
    """Return the genome of a text such as `C7x3 MP C195x5 AP FC100`; `NetworkSpace.name` writes it back.

    Raises:
        ValueError: no unit, or one that cannot be read; validity is another matter, see `NetworkSpace.check`.
    """
    units = []
    for word in text.split():
        match = re.fullmatch(r"([A-Z]+)((?:\d+x)*\d+)?", word)
        sizes = tuple(map(int, match[2].split("x"))) if match and match[2] else ()
        if not match or match[1] not in KINDS or KINDS[match[1]].sizes != len(sizes):
            known = ", ".join(f"{name} ({kind.sizes} sizes)" for name, kind in KINDS.items())
            raise ValueError(f"cannot read unit {word!r}; known: {known}, written as in C32x3, MP or FC100")
        units.append(Unit(match[1], sizes))
    if not units:
        raise ValueError("a genome without units; write some, such as C32x3 MP FC100")
    return tuple(units)


def lay_out(
    genome: Genome, image_shape: Shape = (32, 32, 3), classes: int = 10, style: Style = PAPER
) -> list[list[Row]]:
    """Return the layers of each unit of a network, and those of the output, without building it.

    Args:
        genome: units FC behind all others.
        image_shape: (H, W, C).
        classes: outputs, which are logits.
        style: what the genome leaves open.

    Raises:
        ValueError: a pool on an image of one pixel, or another unit behind FC.
    """
    layers, shape = [], tuple(image_shape)
    for place, unit in enumerate(genome, 1):
        kind = KINDS[unit.kind]
        if unit.kind != "FC" and len(shape) == 1:
            raise ValueError(f"unit {place}, {unit}, cannot stand behind FC; put all units FC at the end")
        if kind.halves and min(shape[:2]) < 2:
            raise ValueError(f"unit {place}, {unit}, has an image of {shape[0]}x{shape[1]} pixels to halve")
        left = _leave_image(shape, style) if unit.kind == "FC" else []
        layers.append(left + kind.rows(unit.sizes, left[-1].shape if left else shape, style))
        shape = layers[-1][-1].shape
    left = _leave_image(shape, style)
    dense = _make_dense(classes, left[-1].shape if left else shape, bias=not style.gather)
    rescaling = [Row("Rescaling", {"scale": 1 / 9}, (classes,))] if style.gather else []
    return [*layers, [*left, dense, *rescaling]]


def _leave_image(shape: Shape, style: Style) -> list[Row]:
    if len(shape) == 1:
        return []
    if style.gather:
        return [Row("GlobalMaxPooling2D", {}, shape[2:])]
    return [Row("Flatten", {}, (math.prod(shape),))]


def count(
    genome: Genome, image_shape: Shape = (32, 32, 3), classes: int = 10, style: Style = PAPER
) -> Counts:
    """Return what a network costs, without building it; arguments and error as of `lay_out`."""
    rows = list(chain.from_iterable(lay_out(genome, image_shape, classes, style)))
    parameters = sum(row.parameters for row in rows)
    return Counts(
        parameters=parameters,
        multiply_adds=sum(row.multiply_adds for row in rows),
        weights_mib=4 * parameters / MIB,
        activations_mib=2 * 4 * sum(math.prod(row.shape) for row in rows) / MIB,
    )


def build(
    genome: Genome,
    image_shape: Shape = (32, 32, 3),
    classes: int = 10,
    style: Style = PAPER,
    *,
    seed: int = 0,
    precision: str = "float32",
) -> "keras.Model":
    """Return the network as a Keras model, not compiled; its outputs are logits.

    Args:
        genome: arguments and error as of `lay_out`.
        image_shape: (H, W, C).
        classes: outputs.
        style: what the genome leaves open.
        seed: of the initial weights and of dropout.
        precision: a Keras dtype policy, such as `helpers.backend.choose_precision` returns.
    """
    from helpers.backend import keras
    from helpers.models.fast_cnn import Offset, PartialIdentity

    images = x = keras.Input(image_shape)
    rows = list(chain.from_iterable(lay_out(genome, image_shape, classes, style)))
    with _seed_layers(seed):
        for number, row in enumerate(rows):
            options = dict(row.options, dtype="float32" if row is rows[-1] else precision)
            if row.layer == "Conv2D" and style.normalise:
                options["kernel_initializer"] = PartialIdentity(1000 * seed + number)
            layer = Offset if row.layer == "Offset" else getattr(keras.layers, row.layer)
            x = layer(**options)(x)
    return keras.Model(images, x)


@contextmanager
def _seed_layers(seed: int) -> Iterator[None]:
    """Decide the seeds of all layers made meanwhile: Keras draws them from Python's own generator.

    `keras.utils.set_random_seed` would decide them too, and whatever the caller draws afterwards.
    """
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)


@dataclass(frozen=True)
class NetworkSpace(Space):
    """The networks among which de-nas searches, or others with other limits.

    Part 1 of a genome is drawn and changed; the units FC follow from it, each half as wide as its input.
    Source: de-nas, section 1 and Table 1, and where the paper is silent the authors' code: the filters of the
    first convolution, and that those of the next are drawn from no fewer than before.

    Attributes:
        image_shape: (H, W, C).
        classes: of the images.
        lengths: fewest and most units of part 1.
        widths: filters to draw from.
        first_widths: those of the first convolution, which is the first unit.
        rising: whether a convolution is drawn with no fewer filters than the one before; a difference of
            networks, or a change to an earlier convolution, may still leave it fewer.
        kernels: sides of kernels to draw from, odd.
        chances: of the kinds of part 1, for a unit after the first; they sum to one.
        hidden: units FC.
        style: what the genomes leave open.
    """

    image_shape: Shape = (32, 32, 3)
    classes: int = 10
    lengths: tuple[int, int] = (7, 15)
    widths: Sequence[int] = range(5, 257)
    first_widths: Sequence[int] = range(5, 13)
    rising: bool = True
    kernels: Sequence[int] = (1, 3, 5, 7)
    chances: Mapping[str, float] = field(default_factory=lambda: {"C": 0.5, "MP": 0.4, "AP": 0.1})
    hidden: int = 2
    style: Style = PAPER

    def __post_init__(self) -> None:
        if not 1 <= self.lengths[0] <= self.lengths[1]:
            raise ValueError(f"lengths {self.lengths} must be fewest and most units, from 1")
        if max(self.first_widths) > max(self.widths) and self.rising:
            raise ValueError("no filters to draw after the widest first convolution; give larger widths")
        if unknown := self.chances.keys() - KINDS.keys():
            raise ValueError(f"unknown kind {min(unknown)!r}; known: {', '.join(KINDS)}")

    @property
    def most_pools(self) -> int:
        """As many as leave two pixels of the shorter side: four of 32, as in de-nas, and three of 28."""
        return max(int(math.log2(min(self.image_shape[:2]))) - 1, 0)

    def sample(self, rng: np.random.Generator) -> Genome:
        core: list[Unit] = []
        for _ in range(rng.integers(self.lengths[0], self.lengths[1], endpoint=True)):
            core.append(self._draw(rng, core))
        return self.complete(core)

    def _draw(self, rng: np.random.Generator, before: Sequence[Unit]) -> Unit:
        """Draw a unit to stand behind others; a convolution where a pool would be one too many."""
        kinds = list(self.chances)
        kind = kinds[rng.choice(len(kinds), p=list(self.chances.values()))] if before else "C"
        if KINDS[kind].halves and sum(KINDS[unit.kind].halves for unit in before) >= self.most_pools:
            kind = "C"
        width = next((unit.sizes[0] for unit in reversed(before) if unit.sizes), 0)
        values = KINDS[kind].choices(self, width)
        return Unit(kind, tuple(int(some[rng.integers(len(some))]) for some in values))

    def vary(self, genome: Genome, rng: np.random.Generator) -> Iterator[Genome]:
        """Yield genomes with one unit drawn anew, put in or taken out; ends when hardly any is left."""
        core, seen, repeats = self.get_core(genome), {genome}, 0
        while (repeats := repeats + 1) < 100:
            out, put = ((1, 1), (1, 0), (0, 1))[rng.integers(3)]
            place = rng.integers(len(core) + (not out))
            drawn = [self._draw(rng, core[:place])] if put else []
            changed = (*core[:place], *drawn, *core[place + out :])
            candidate = self.complete(changed)
            mended = self.get_core(candidate) != changed
            if not mended and candidate not in seen and not self.check(candidate):
                seen.add(candidate)
                repeats = 0
                yield candidate

    def get_core(self, genome: Genome) -> Genome:
        return tuple(unit for unit in genome if unit.kind != "FC")

    def complete(self, core: Sequence[Unit]) -> Genome:
        """Return the genome with this part 1, less the pools that are too many, and with its units FC."""
        kept: list[Unit] = []
        for unit in self.get_core(tuple(core)):
            if not KINDS[unit.kind].halves or sum(KINDS[u.kind].halves for u in kept) < self.most_pools:
                kept.append(unit)
        width = lay_out(tuple(kept), self.image_shape, self.classes, self.style)[-1][0].shape[0]
        return (*kept, *(Unit("FC", (width // 2**n,)) for n in range(1, self.hidden + 1)))

    def measure(self, genome: Genome) -> Mapping[str, float]:
        """Return `parameters`, `multiply_adds`, `weights_mib` and `activations_mib`, as `count` does."""
        return count(genome, self.image_shape, self.classes, self.style)._asdict()

    def check(self, genome: Genome) -> str:
        core = self.get_core(genome)
        low, high = self.lengths
        if not low <= len(core) <= high:
            return f"part 1 has {len(core)} units, not {low} to {high}"
        if core[0].kind != "C":
            return f"the first unit is {core[0]}, not a convolution"
        if genome[: len(core)] != core:
            return "a unit stands behind FC"
        if (pools := sum(KINDS[unit.kind].halves for unit in core)) > self.most_pools:
            return f"{pools} pools, not at most {self.most_pools}"
        for unit in genome:
            if unit.kind not in {*self.chances, "C", "FC"}:
                return f"{unit} is of no kind in this space"
            values = KINDS[unit.kind].choices(self, None)
            if any(size not in some for size, some in zip(unit.sizes, values, strict=True)):
                return f"{unit} is out of range"
        return ""
