"""Sparsity: penalties that bring weights to exactly zero, and networks rebuilt without what is zero.

`pictureperfect` prints one formula for SparseNAS, L1 on all parameters (section 3.1, Equation 1). Here are
that formula as printed, the proximal step that its zeros need, and a search for an architecture by closing
the gates of `helpers.models.branched_cnn`. A checkpoint of `helpers.training.loop.fit` does not know of a
penalty: give each strength its own. Introduced in lesson 31.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from helpers.training.loop import read_weights

if TYPE_CHECKING:
    import keras

Channels = Sequence[Mapping[str, np.ndarray]]


def add_l1(model: "keras.Model", strength: float) -> None:
    """Add `strength` times the sum of the absolute values of all trained parameters to the loss of a model.

    Equation 1 of `pictureperfect` as printed: kernels, offsets and normalisations alike. Optimisers follow
    its gradient, which pushes a weight past zero and back; they leave almost none at zero.

    Args:
        model: not yet trained on a batch.
        strength: lambda, from 0, in units of the loss.

    Raises:
        ValueError: a negative strength.
    """
    from helpers.backend import keras

    _check_strength(strength)
    for variable in model.trainable_variables:
        variable.regularizer = keras.regularizers.L1(strength)


def count_zeros(model: "keras.Model", at_most: float = 0.0) -> tuple[int, int]:
    """Return how many trained parameters are zero, or not above `at_most` in size, and of how many."""
    values = read_weights(model.trainable_variables)
    return sum(int((np.abs(value) <= at_most).sum()) for value in values), sum(value.size for value in values)


def soft_threshold(values, threshold):
    """Return values moved towards zero by `threshold`, and zero where they would pass it.

    The x that minimises threshold |x| + (x - value)^2 / 2, for each value by itself. Source: D. Donoho,
    IEEE Transactions on Information Theory 41 (1995) 613.

    Args:
        values: tensor or array of any shape.
        threshold: from 0; a number, or of a shape that goes with `values`.
    """
    from helpers.backend import keras

    return keras.ops.sign(values) * keras.ops.maximum(keras.ops.abs(values) - threshold, 0)


def shrink_group(values, threshold):
    """Return values scaled down together, so that their length falls by `threshold`, or all zero.

    The x that minimises threshold |x|_2 + |x - values|_2^2 / 2. Source: M. Yuan and Y. Lin, J. R. Statist.
    Soc. B 68 (2006) 49.

    Args:
        values: tensor or array, all of it one group.
        threshold: from 0.
    """
    from helpers.backend import keras

    length = keras.ops.norm(values)
    return values * keras.ops.maximum(length - threshold, 0) / keras.ops.maximum(length, 1e-30)


def add_proximal_step(
    variables: "Iterable[keras.Variable]",
    optimiser: "keras.optimizers.SGD",
    strength: float,
    group_share: float = 0.0,
) -> None:
    """Have every step of an optimiser followed by the proximal step of a penalty on variables.

    The penalty is strength x ((1 - group_share) |w|_1 + group_share sqrt(n) |w|_2) for each variable w of n
    numbers: L1, which zeroes single numbers, up to a group penalty, which zeroes variables as a whole. Its
    proximal step is `soft_threshold`, then `shrink_group`, by the rate of the moment, divided by 1 - momentum
    as the steps of the gradient are in the long run: so the minimum is that of loss plus penalty. An average
    of weights (`helpers.training.loop.Averaging`) has no zeros: leave it for the training after. Sources: N.
    Parikh and S. Boyd, Proximal Algorithms, Foundations and Trends in Optimization 1 (2014) 127, section 4.2;
    N. Simon et al., J. Comput. Graph. Stat. 22 (2013) 231.

    Args:
        variables: such as `model.trainable_variables`.
        optimiser: the one that will train them; with a momentum or without.
        strength: lambda, from 0, in units of the loss.
        group_share: in 0..1.

    Raises:
        TypeError: an optimiser that scales each weight's steps, such as Adam: the penalty would be another.
        ValueError: a negative strength, or a share outside 0..1.
    """
    from helpers.backend import keras

    _check_strength(strength)
    if not 0 <= group_share <= 1:
        raise ValueError(f"group_share={group_share} must lie in 0..1, from L1 to a group penalty")
    if not isinstance(optimiser, keras.optimizers.SGD):
        raise TypeError(f"the proximal step goes with keras.optimizers.SGD, not {type(optimiser).__name__}")

    def take(weights):
        threshold = strength * optimiser.learning_rate / (1 - optimiser.momentum)
        weights = soft_threshold(weights, (1 - group_share) * threshold)
        size = math.prod(weights.shape)
        return shrink_group(weights, group_share * math.sqrt(size) * threshold) if group_share else weights

    for variable in variables:
        variable.constraint = take  # what Keras calls after each step


def penalise_gates(
    model: "keras.Model",
    optimiser: "keras.optimizers.SGD",
    strength: float,
    *,
    group_share: float = 0.0,
    by_cost: float = 0.0,
) -> None:
    """Have the gates of a `branched_cnn` shrunk by a proximal step after every step of an optimiser.

    A group is a branch of a cell. Gates are excluded from weight decay: the strength alone closes them.
    Sources: Z. Liu et al., Network Slimming, ICCV 2017; Z. Huang and N. Wang, ECCV 2018 (proximal); A. Gordon
    et al., MorphNet, CVPR 2018 (cost).

    Args:
        model: from `build_branched_cnn`.
        optimiser: the one that will train it, not used yet.
        strength: lambda, from 0, in units of the loss. What closes depends on the length of the training: a
            gate that no gradient holds moves by strength x the sum of all rates / (1 - momentum).
        group_share: in 0..1, from gates one by one to whole branches.
        by_cost: exponent of the multiply-adds that a channel of the branch takes, in units of their mean over
            all channels, which multiplies the strength; 0 penalises all alike, 1 in proportion.

    Raises:
        ValueError, TypeError: as `add_proximal_step`.
    """
    _check_strength(strength)
    variables, costs = [], []
    for place, layer in enumerate(_find_gates(model)):
        for branch, gates in layer.gates.items():
            convolution = model.get_layer(f"convolution_{place}_{branch}")
            variables.append(gates)
            costs.append(_count_work(convolution, convolution.kernel.shape[2]))
    optimiser.exclude_from_weight_decay(var_list=variables)
    prices = (costs / np.average(costs, weights=[gates.shape[0] for gates in variables])) ** by_cost
    for gates, price in zip(variables, prices.tolist(), strict=True):
        add_proximal_step([gates], optimiser, strength * price, group_share)


def find_strength(
    reach: float, optimiser: "keras.optimizers.SGD", schedule: Callable[[float], float], steps: int
) -> float:
    """Return the lambda under which a gate that no gradient holds moves by `reach` during a training.

    Gates begin at 1: with a reach of 1, a free gate of average price is just closed at the end.

    Args:
        reach: from 0.
        optimiser: the one that will train, at its full rate.
        schedule: of the training, progress in 0..1 -> factor of the rate.
        steps: of the training.
    """
    travelled = float(optimiser.learning_rate) * sum(schedule(step / steps) for step in range(steps))
    return reach * (1 - optimiser.momentum) / travelled


def read_gates(model: "keras.Model") -> list[dict[str, np.ndarray]]:
    """Return the size of the gates of a `branched_cnn`: for each cell and branch (channels,), from 0."""
    gates = [layer.gates for layer in _find_gates(model)]
    return [dict(zip(cell, map(np.abs, read_weights(cell.values())), strict=True)) for cell in gates]


def find_open(gates: Channels) -> list[dict[str, np.ndarray]]:
    """Return the places of the gates that are not zero; a branch without any is left out."""
    places = [{branch: np.flatnonzero(values) for branch, values in cell.items()} for cell in gates]
    return [{branch: kept for branch, kept in cell.items() if kept.size} for cell in places]


def count_channels(keep: Channels) -> list[dict[str, int]]:
    """Return the cells, as `build_branched_cnn` takes them, of a network with these channels alone."""
    return [{branch: len(kept) for branch, kept in cell.items()} for cell in keep]


def count_cells(model: "keras.Model", cells: Sequence[Mapping[str, int]]) -> int:
    """Return the multiply-adds of one image that a `branched_cnn` would take with other numbers of channels.

    As `helpers.judging.cost.count_multiply_adds`, without building it.

    Args:
        model: from `build_branched_cnn`, of the same images.
        cells: channels by branch, of branches that the model has too.
    """
    first, head = model.get_layer("whitening"), model.get_layer("head")
    inputs, total = first.filters, _count_work(first, first.kernel.shape[2]) * first.filters
    for place, cell in enumerate(cells):
        convolutions = {branch: model.get_layer(f"convolution_{place}_{branch}") for branch in cell}
        total += sum(_count_work(convolutions[branch], inputs) * count for branch, count in cell.items())
        inputs = sum(cell.values())
    return total + inputs * head.units


def keep_highest(model: "keras.Model", scores: Channels, budget: float) -> list[dict[str, np.ndarray]]:
    """Return the places of the channels with the highest scores, as many as a budget allows.

    The highest of each cell comes before all others, since no cell can be empty. With `read_gates` of a
    network trained without penalty this is pruning by magnitude (Z. Liu et al., ICCV 2017, section 3, without
    the sparsity), with random scores pruning at random.

    Args:
        model: from `build_branched_cnn`.
        scores: (channels,) for each of its cells and branches, such as `read_gates` returns.
        budget: the most multiply-adds that one image may take.

    Returns:
        For `rebuild`: places of channels for each cell and branch that keeps any.

    Raises:
        ValueError: a budget below the cost of one channel a cell.
    """
    arrays = [values for cell in scores for values in cell.values()]
    ends = np.cumsum([len(values) for values in arrays])[:-1]
    ranked, start = np.concatenate(arrays).astype(float), 0
    for cell in scores:
        size = sum(map(len, cell.values()))
        ranked[start + np.argmax(ranked[start : start + size])] = np.inf
        start += size
    order = np.argsort(-ranked, kind="stable")

    def cut(count: int) -> list[dict[str, np.ndarray]]:
        kept = np.zeros(ranked.size)
        kept[order[:count]] = 1
        parts = iter(np.split(kept, ends))
        return find_open([{branch: next(parts) for branch in cell} for cell in scores])

    counts = range(len(scores), ranked.size + 1)
    fitting = bisect_right(counts, budget, key=lambda count: count_cells(model, count_channels(cut(count))))
    if not fitting:
        least = count_cells(model, count_channels(cut(len(scores))))
        raise ValueError(f"one channel in each cell takes {least:,} multiply-adds; the budget is {budget:,}")
    return cut(counts[fitting - 1])


def rebuild(model: "keras.Model", keep: Channels) -> "keras.Model":
    """Return a smaller `branched_cnn` that has the channels to keep, with their weights, and no others.

    Where all other gates are zero, its outputs are those of the model, to rounding.

    Args:
        model: from `build_branched_cnn`; it stays as it is.
        keep: ascending places of channels for each cell and branch, as `find_open` returns them.

    Returns:
        A model not compiled, of the same precision.

    Raises:
        ValueError: a cell without channels: with it, the network gives all images the same outputs.
    """
    from helpers.models.branched_cnn import build_branched_cnn

    if empty := [place for place, cell in enumerate(keep) if not cell]:
        raise ValueError(f"all gates of cell {empty[0]} are closed: nothing passes; lower the strength")
    head = model.get_layer("head")
    smaller = build_branched_cnn(
        model.get_layer("whitening").get_weights()[0],
        count_channels(keep),
        image_shape=model.input_shape[1:],
        classes=model.output_shape[-1],
        precision=head.dtype_policy.name,
    )

    def copy(name: str, *cuts: np.ndarray | slice) -> None:
        values = model.get_layer(name).get_weights()
        smaller.get_layer(name).set_weights([value[(..., *cuts)] for value in values])

    copy("whitening_offset")
    before = slice(None)
    for place, (cell, gates) in enumerate(zip(keep, _find_gates(model), strict=True)):
        starts = dict(zip(gates.channels, np.cumsum([0, *gates.channels.values()]), strict=False))
        after = np.concatenate([starts[branch] + kept for branch, kept in cell.items()])
        for branch, kept in cell.items():
            name = f"convolution_{place}_{branch}"
            [kernel] = model.get_layer(name).get_weights()
            smaller.get_layer(name).set_weights([kernel[:, :, before][..., kept]])
            [values] = read_weights([gates.gates[branch]])
            smaller.get_layer(f"gates_{place}").gates[branch].assign(values[kept])
        copy(f"normalisation_{place}", after)
        copy(f"offset_{place}", after)
        before = after
    smaller.get_layer("head").set_weights([head.get_weights()[0][before]])
    return smaller


def _check_strength(strength: float) -> None:
    if not strength >= 0:
        raise ValueError(f"strength={strength} must be 0 or above; what it multiplies is added to the loss")


def _count_work(convolution: "keras.Layer", inputs: int) -> int:
    """Return the multiply-adds of one channel of a convolution of so many channels."""
    return math.prod(convolution.kernel_size) * inputs * math.prod(convolution.output.shape[1:3])


def _find_gates(model: "keras.Model") -> list:
    from helpers.models.branched_cnn import Gates

    found = [layer for layer in model.layers if isinstance(layer, Gates)]
    if not found:
        raise ValueError(f"{model.name} has no gates; build it with build_branched_cnn")
    return found
