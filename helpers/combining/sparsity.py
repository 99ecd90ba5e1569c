"""Penalise weights until some are exactly zero, and rebuild networks without the channels that are zero.

`pictureperfect` gives one formula for SparseNAS, L1 on all parameters (section 3.1, Equation 1). This module
has that formula as printed, the proximal step without which it gives no exact zeros, and a search for an
architecture that closes gates of `helpers.models.branched_cnn`. A checkpoint of `helpers.training.loop.fit`
does not record the penalty: use one file for each strength. Introduced in lesson 31.
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

    This is Equation 1 of `pictureperfect` as printed: kernels, biases and normalisations are treated alike.
    Optimisers follow its gradient, which moves weights across zero and back: almost none end at zero.

    Args:
        model: not yet trained on a batch.
        strength: lambda, 0 or above, in units of the loss.

    Raises:
        ValueError: a negative strength.
    """
    from helpers.backend import keras

    _check_strength(strength)
    for variable in model.trainable_variables:
        variable.regularizer = keras.regularizers.L1(strength)


def count_zeros(model: "keras.Model", at_most: float = 0.0) -> tuple[int, int]:
    """Return how many trained parameters have an absolute value up to `at_most`, and the number of all."""
    values = read_weights(model.trainable_variables)
    return sum(int((np.abs(value) <= at_most).sum()) for value in values), sum(value.size for value in values)


def soft_threshold(values, threshold):
    """Return values moved towards zero by `threshold`; values closer to zero than that become zero.

    For each value this is the x that minimises threshold |x| + (x - value)^2 / 2. Source: D. Donoho,
    IEEE Transactions on Information Theory 41 (1995) 613.

    Args:
        values: tensor or array of any shape.
        threshold: 0 or above; a number, or an array that can be broadcast to `values`.
    """
    from helpers.backend import keras

    return keras.ops.sign(values) * keras.ops.maximum(keras.ops.abs(values) - threshold, 0)


def shrink_group(values, threshold):
    """Return values scaled by one factor, so that their L2 norm falls by `threshold`, but not below 0.

    This is the x that minimises threshold |x|_2 + |x - values|_2^2 / 2. Source: M. Yuan and Y. Lin, J. R.
    Statist. Soc. B 68 (2006) 49.

    Args:
        values: tensor or array of any shape; all of it is one group.
        threshold: 0 or above.
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
    """Follow every step of an optimiser by the proximal step of a penalty on variables.

    The penalty is strength x ((1 - group_share) |w|_1 + group_share sqrt(n) |w|_2) for each variable w of n
    numbers. A share of 0 is L1, which sets single numbers to zero; 1 is a group penalty, which sets whole
    variables to zero. The proximal step is `soft_threshold`, then `shrink_group`. It is scaled by the current
    rate / (1 - momentum), as gradient steps are in the long run, so that loss plus penalty is minimised. Use
    `helpers.training.loop.Averaging` only in a later training: averaged weights are not zero. Sources: N.
    Parikh and S. Boyd, Proximal Algorithms, Foundations and Trends in Optimization 1 (2014) 127, section 4.2;
    N. Simon et al., J. Comput. Graph. Stat. 22 (2013) 231.

    Args:
        variables: such as `model.trainable_variables`.
        optimiser: the one that will train them, with or without momentum.
        strength: lambda, 0 or above, in units of the loss.
        group_share: in 0..1.

    Raises:
        TypeError: an optimiser other than SGD; Adam, for example, scales each weight's steps differently.
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
    """Shrink the gates of a `branched_cnn` by a proximal step after every step of an optimiser.

    A group is a branch of a cell. Gates are excluded from weight decay, so that only the penalty closes them.
    Sources: Z. Liu et al., Network Slimming, ICCV 2017; Z. Huang and N. Wang, ECCV 2018 (proximal); A. Gordon
    et al., MorphNet, CVPR 2018 (cost).

    Args:
        model: from `build_branched_cnn`.
        optimiser: the one that will train it, not used yet.
        strength: lambda, 0 or above, in units of the loss. Its effect depends on the length of the training:
            a gate without gradient moves by strength x the sum of the rates of all steps / (1 - momentum).
        group_share: in 0..1; 0 penalises single gates, 1 whole branches.
        by_cost: the strength of a branch is multiplied by (multiply-adds of one of its channels / their mean
            over all channels) ** by_cost: 0 penalises all alike, 1 in proportion to their cost.

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
    """Return the strength (lambda) with which a gate without gradient moves by `reach` during a training.

    Gates start at 1: with a reach of 1, such a gate of average cost reaches zero just at the end.

    Args:
        reach: distance, 0 or above.
        optimiser: the one that will train, with the full learning rate.
        schedule: of the training: progress in 0..1 -> factor of the rate.
        steps: number of steps of the training.
    """
    travelled = float(optimiser.learning_rate) * sum(schedule(step / steps) for step in range(steps))
    return reach * (1 - optimiser.momentum) / travelled


def read_gates(model: "keras.Model") -> list[dict[str, np.ndarray]]:
    """Return the absolute values of the gates of a `branched_cnn`: (channels,) for each cell and branch."""
    gates = [layer.gates for layer in _find_gates(model)]
    return [dict(zip(cell, map(np.abs, read_weights(cell.values())), strict=True)) for cell in gates]


def find_open(gates: Channels) -> list[dict[str, np.ndarray]]:
    """Return the indices of the gates that are not zero; a branch without such gates is left out."""
    places = [{branch: np.flatnonzero(values) for branch, values in cell.items()} for cell in gates]
    return [{branch: kept for branch, kept in cell.items() if kept.size} for cell in places]


def count_channels(keep: Channels) -> list[dict[str, int]]:
    """Return the `cells` of `build_branched_cnn` for a network with only these channels."""
    return [{branch: len(kept) for branch, kept in cell.items()} for cell in keep]


def count_cells(model: "keras.Model", cells: Sequence[Mapping[str, int]]) -> int:
    """Return the multiply-adds for one image of a `branched_cnn` with other numbers of channels.

    Equals `helpers.judging.cost.count_multiply_adds` of that network, which need not be built.

    Args:
        model: from `build_branched_cnn`, for images of the same shape.
        cells: for each cell, branch -> number of channels; the model must have these branches.
    """
    first, head = model.get_layer("whitening"), model.get_layer("head")
    inputs, total = first.filters, _count_work(first, first.kernel.shape[2]) * first.filters
    for place, cell in enumerate(cells):
        convolutions = {branch: model.get_layer(f"convolution_{place}_{branch}") for branch in cell}
        total += sum(_count_work(convolutions[branch], inputs) * count for branch, count in cell.items())
        inputs = sum(cell.values())
    return total + inputs * head.units


def keep_highest(model: "keras.Model", scores: Channels, budget: float) -> list[dict[str, np.ndarray]]:
    """Return the indices of the channels with the highest scores, as many as a budget allows.

    The best channel of each cell is kept first, since no cell may be empty. With `read_gates` of a network
    trained without penalty this is pruning by magnitude (Z. Liu et al., ICCV 2017, section 3, without their
    penalty); with random scores it is random pruning.

    Args:
        model: from `build_branched_cnn`.
        scores: (channels,) for each of its cells and branches, such as `read_gates` returns.
        budget: maximum of multiply-adds for one image.

    Returns:
        Indices of the channels to keep, for each cell and each branch that keeps any; for `rebuild`.

    Raises:
        ValueError: the budget is below the cost of one channel in each cell.
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
    """Return a smaller `branched_cnn` with the channels of `keep` and their weights alone.

    If the gates of all other channels are zero, its outputs equal those of the model, up to rounding.

    Args:
        model: from `build_branched_cnn`; it is not changed.
        keep: ascending indices of channels for each cell and branch, as `find_open` returns them.

    Returns:
        An uncompiled model of the same precision.

    Raises:
        ValueError: a cell without channels; the outputs would be the same for all images.
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
        raise ValueError(f"strength={strength} must be 0 or above; below 0 it would make weights grow")


def _count_work(convolution: "keras.Layer", inputs: int) -> int:
    """Return the multiply-adds of one output channel of a convolution with `inputs` input channels."""
    return math.prod(convolution.kernel_size) * inputs * math.prod(convolution.output.shape[1:3])


def _find_gates(model: "keras.Model") -> list:
    from helpers.models.branched_cnn import Gates

    found = [layer for layer in model.layers if isinstance(layer, Gates)]
    if not found:
        raise ValueError(f"{model.name} has no gates; build it with build_branched_cnn")
    return found
