import numpy as np
import pytest

from helpers.backend import keras
from helpers.combining.sparsity import (
    add_l1,
    add_proximal_step,
    count_cells,
    count_channels,
    count_zeros,
    find_open,
    find_strength,
    keep_highest,
    penalise_gates,
    read_gates,
    rebuild,
    shrink_group,
    soft_threshold,
)
from helpers.data import Split, load
from helpers.judging.cost import count_multiply_adds, measure_cost
from helpers.judging.predictions import predict
from helpers.models.branched_cnn import build_branched_cnn
from helpers.models.fast_cnn import build_fast_cnn, measure_whitening
from helpers.training.loop import fit, rise_and_fall

SHAPE = (16, 16, 3)
CELLS = [{"1": 3, "3": 4, "5": 2, "7": 2, "pool": 3}, {"3": 5, "7": 2}] * 2
RNG = np.random.default_rng(0)
WHITENING = measure_whitening(RNG.normal(size=(50, *SHAPE)))


def sgd(rate=0.1, **options):
    return keras.optimizers.SGD(rate, **options)


def read(tensor):
    return keras.ops.convert_to_numpy(tensor)


def build_random(precision="float32", cells=CELLS, seed=0):
    """Return a branched network with no weight, offset or running average at its initial value."""
    model = build_branched_cnn(WHITENING, cells, image_shape=SHAPE, precision=precision)
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        if layer.name != "whitening":
            layer.set_weights([rng.uniform(0.5, 1.5, w.shape) * rng.choice([-1, 1]) for w in layer.weights])
        if layer.name.startswith(("normalisation", "gates")):
            layer.set_weights([np.abs(weight) for weight in layer.get_weights()])
    return model


def close(model, keep):
    """Set all other gates to zero."""
    for place, cell in enumerate(keep):
        for branch, gates in model.get_layer(f"gates_{place}").gates.items():
            kept = np.isin(np.arange(gates.shape[0]), cell.get(branch, ()))
            gates.assign(np.where(kept, read(gates), 0))


@pytest.fixture(scope="module")
def photos():
    train = load("cifar10-sample", validation=0).train.take(np.arange(96))
    return Split(train.images[:, ::2, ::2], train.labels, train.class_names, "train", "small")


# Penalties and their proximal steps


def test_soft_threshold_by_hand():
    values, wanted = [-3.0, -0.5, 0.0, 0.2, 1.0, 2.5], [-2.0, 0.0, 0.0, 0.0, 0.0, 1.5]
    np.testing.assert_array_equal(soft_threshold(np.float32(values), 1.0), wanted)


def test_shrink_group_by_hand_and_at_zero():
    np.testing.assert_allclose(shrink_group(np.float32([3, 4]), 1.0), [2.4, 3.2], rtol=1e-6)
    np.testing.assert_array_equal(shrink_group(np.float32([3, 4]), 5.0), [0, 0])
    np.testing.assert_array_equal(shrink_group(np.float32([0, 0]), 1.0), [0, 0])


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("strength", [0.2, 1.0, 9.0])
def test_one_step_is_the_minimum_that_defines_it(share, strength):
    start, gradient = np.array([2.0, -1.0, 0.3, 0.05]), np.array([0.5, 0.5, -0.5, 0.0])
    variable = keras.Variable(start.astype("float32"))
    optimiser = sgd(0.5)
    add_proximal_step([variable], optimiser, strength, share)
    optimiser.apply([keras.ops.convert_to_tensor(gradient, "float32")], [variable])

    def objective(x):
        penalty = (1 - share) * np.abs(x).sum() + share * 2 * np.sqrt((x**2).sum())
        return 0.5 * strength * penalty + ((x - (start - 0.5 * gradient)) ** 2).sum() / 2

    reached = read(variable).astype(float)
    rng = np.random.default_rng(0)
    others = [reached + size * rng.normal(size=4) * (rng.random(4) < 0.5) for size in (1, 0.1, 0.01) * 300]
    assert objective(reached) <= min(map(objective, others)) + 1e-6


@pytest.mark.parametrize("options", [{}, {"momentum": 0.85}, {"momentum": 0.85, "nesterov": True}])
def test_steps_with_momentum_end_at_the_closed_form(options):
    """Loss |w - a|^2 / 2 plus 0.4 |w|_1 is least at the soft threshold of a."""
    target = np.float32([1.5, -0.8, 0.39, -0.1, 0.0])
    variable, optimiser = keras.Variable(np.ones(5, np.float32)), sgd(0.05, **options)
    add_proximal_step([variable], optimiser, 0.4)
    for _ in range(300):
        optimiser.apply([keras.ops.subtract(variable, target)], [variable])
    reached = read(variable)
    np.testing.assert_allclose(reached, [1.1, -0.4, 0, 0, 0], atol=1e-4)
    assert (reached[2:] == 0).all()


def test_equation_1_counts_every_trained_parameter():
    layers = [
        keras.layers.Dense(3),
        keras.layers.BatchNormalization(),
        keras.layers.Dense(2, trainable=False),
    ]
    model = keras.Sequential([keras.Input((4,)), *layers])
    model.set_weights([np.full(weight.shape, -0.5) for weight in model.weights])
    add_l1(model, 0.01)
    trained = 4 * 3 + 3 + 3 + 3
    assert float(sum(model.losses)) == pytest.approx(0.01 * 0.5 * trained)
    assert count_zeros(model) == (0, trained)
    model.layers[0].bias.assign([0, 1e-4, 1])
    assert count_zeros(model) == (1, trained)
    assert count_zeros(model, at_most=1e-3) == (2, trained)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: add_l1(keras.Sequential(), -1), ValueError, "strength=-1 "),
        (lambda: add_proximal_step([], sgd(), float("nan")), ValueError, "strength=nan"),
        (lambda: add_proximal_step([], sgd(), 1, 1.5), ValueError, "group_share=1.5"),
        (lambda: add_proximal_step([], keras.optimizers.Adam(), 1), TypeError, "SGD, not Adam"),
        (lambda: read_gates(keras.Sequential(name="plain")), ValueError, "plain has no gates"),
    ],
)
def test_wrong_settings_are_named(call, error, words):
    with pytest.raises(error, match=words):
        call()


def train_digits(penalty, optimiser):
    data = load("mnist-sample", validation=0)
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Flatten(), keras.layers.Dense(32, "relu"), keras.layers.Dense(10)]
    model = keras.Sequential([keras.Input((28, 28, 1)), *layers])
    if penalty == "loss":
        add_l1(model, 0.003)
    elif penalty == "proximal":
        add_proximal_step(model.trainable_variables, optimiser, 0.003)
    fit(model, data.train.take(np.arange(1000)), epochs=6, batch_size=50, optimiser=optimiser)
    judged = data.test.take(np.arange(500))
    right = np.mean(predict(model, judged.images).argmax(axis=1) == judged.labels)
    zeros, parameters = count_zeros(model)
    return zeros / parameters, right


def test_l1_in_the_loss_leaves_no_zeros_and_the_proximal_step_most():
    """Only by Adam or SGD from a start without zeros: 100 blank pixels have no gradient but that of L1."""
    adam, _ = train_digits("loss", keras.optimizers.Adam(0.003))
    plain, plain_right = train_digits("loss", sgd(0.05, momentum=0.9))
    proximal, right = train_digits("proximal", sgd(0.05, momentum=0.9))
    assert adam < 0.01
    assert plain < 0.01
    assert proximal > 0.8
    assert right > plain_right - 0.05 > 0.7


# Networks that are searched


def test_one_branch_of_3_is_fast_cnn_with_gates_and_without():
    cells = [{"3": 8}] * 2 + [{"3": 12}] * 2
    fast = build_fast_cnn(WHITENING, widths=(8, 12), seed=3)
    kernels = [layer for layer in fast.layers if isinstance(layer, keras.layers.Conv2D)][1:]
    images = RNG.normal(size=(4, 32, 32, 3))
    for gated in (True, False):
        ours = build_branched_cnn(WHITENING, cells, gated=gated)
        for place, kernel in enumerate(kernels):
            ours.get_layer(f"convolution_{place}_3").set_weights(kernel.get_weights())
        ours.get_layer("head").set_weights(fast.layers[-2].get_weights())
        assert ours.count_params() == fast.count_params() + gated * sum(cell["3"] for cell in cells)
        np.testing.assert_allclose(read(ours(images)), read(fast(images)), atol=1e-5)


def test_channels_start_as_the_inputs_of_their_cell():
    model = build_branched_cnn(WHITENING, CELLS, image_shape=SHAPE)
    before = RNG.normal(size=(1, 7, 7, 14)).astype(np.float32)
    parts = [read(model.get_layer(f"convolution_1_{branch}")(before)) for branch in CELLS[1]]
    np.testing.assert_allclose(np.concatenate(parts, axis=-1), before[..., :7], atol=1e-6)


KEEP = [
    {"1": [0, 2], "3": [1], "pool": [2]},  # without branches 5 and 7
    {"7": [1]},
    {"1": [1], "3": [0, 1, 3], "5": [0], "7": [0, 1], "pool": [0, 2]},
    {"3": [0, 4], "7": [0]},
]
KEEP = [{branch: np.array(places) for branch, places in cell.items()} for cell in KEEP]


@pytest.mark.parametrize(("precision", "rounding"), [("float32", 1e-5), ("mixed_bfloat16", 0.02)])
def test_the_rebuilt_network_gives_what_the_masked_one_gives(precision, rounding):
    model = build_random(precision)
    close(model, KEEP)
    found = find_open(read_gates(model))
    assert [{b: p.tolist() for b, p in cell.items()} for cell in found] == [
        {b: p.tolist() for b, p in cell.items()} for cell in KEEP
    ]
    smaller = rebuild(model, found)
    images = RNG.normal(size=(32, *SHAPE))
    masked, sliced = (read(one(images)) for one in (model, smaller))
    assert masked.std(axis=0).min() > 0
    np.testing.assert_allclose(sliced, masked, rtol=rounding, atol=rounding * np.abs(masked).max())
    again = keras.models.model_from_json(smaller.to_json())
    again.set_weights(smaller.get_weights())
    np.testing.assert_array_equal(read(again(images)), sliced)


def test_what_is_closed_is_gone_and_no_longer_paid_for():
    model = build_random()
    smaller = rebuild(model, KEEP)
    names = {layer.name for layer in smaller.layers}
    assert "convolution_0_3" in names
    assert not {"convolution_0_5", "convolution_0_7", "convolution_1_3"} & names
    cost, whole = (measure_cost(one, SHAPE, repeats=1) for one in (smaller, model))
    taps = 24 * (2 + 9 + 1), 4 * 49, 1 * (1 + 27 + 25 + 98 + 2), 9 * (18 + 49)
    widths = 4, 1, 9, 3
    kernels = 2 * 2 * 3 * 24 + sum(taps) + 3 * 10
    assert cost.parameters == kernels + 24 + 4 * sum(widths)  # offsets, gates, two averages
    assert cost.bytes == 4 * cost.parameters
    # 16 pixels, whitened 15, pooled 7, pooled 3
    by_hand = 225 * (2 * 2 * 3 * 24 + taps[0]) + 49 * (taps[1] + taps[2]) + 9 * taps[3] + 30
    assert cost.multiply_adds == by_hand < whole.multiply_adds
    assert cost.parameters < whole.parameters


def test_a_cell_without_channels_is_an_error():
    model = build_random()
    close(model, [KEEP[0], {}, *KEEP[2:]])
    with pytest.raises(ValueError, match="all gates of cell 1 are closed"):
        rebuild(model, find_open(read_gates(model)))
    assert np.ptp(read(model(RNG.normal(size=(8, *SHAPE)))), axis=0).max() < 1e-6


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ([{"3": 4}], "1 cells"),
        ([{"3": 4}, {"9": 4}], "cell 1 has a branch '9'"),
        ([{"3": 4}, {"3": 0}], "cell 1 is {'3': 0}"),
        ([{}, {"3": 1}], "cell 0 is {}"),
    ],
)
def test_cells_that_cannot_be_built_are_named(cells, words):
    with pytest.raises(ValueError, match=words):
        build_branched_cnn(WHITENING, cells)


def test_work_is_counted_without_building():
    model = build_branched_cnn(WHITENING, CELLS, image_shape=SHAPE)
    for cells in (CELLS, [{"3": 1}] * 4, [{"pool": 2, "7": 1}, {"3": 2}] * 2):
        built = build_branched_cnn(WHITENING, cells, image_shape=SHAPE)
        assert count_cells(model, cells) == count_multiply_adds(built, SHAPE)


def test_the_highest_scores_within_a_budget_are_kept():
    model = build_branched_cnn(WHITENING, [{"3": 2, "7": 1}, {"3": 2}], image_shape=SHAPE)
    scores = [{"3": np.array([0.1, 0.9]), "7": np.array([0.8])}, {"3": np.array([0.05, 0.02])}]
    steps = [[{"3": 1}, {"3": 1}], [{"3": 1, "7": 1}, {"3": 1}], [{"3": 2, "7": 1}, {"3": 1}]]
    steps.append([{"3": 2, "7": 1}, {"3": 2}])
    budgets = [count_cells(model, cells) for cells in steps]
    for number, budget in enumerate(budgets):
        assert count_channels(keep_highest(model, scores, budget)) == steps[number]
        assert count_channels(keep_highest(model, scores, budget + 1)) == steps[number]
    assert keep_highest(model, scores, budgets[0])[0]["3"].tolist() == [1]
    with pytest.raises(ValueError, match=f"the budget is {budgets[0] - 1:,}"):
        keep_highest(model, scores, budgets[0] - 1)


def search(train, strength, start=(1.0, 1.0), **options):
    """Train 9 steps, in which gates move by 3 times the strength: the gradient alone by some hundredths.

    The gates of every other branch start evenly from the first to the second number, the others at a fifth.
    """
    model = build_branched_cnn(WHITENING, CELLS, image_shape=SHAPE)
    optimiser = sgd(0.05, momentum=0.85, nesterov=True, weight_decay=0.001)
    branches = [gates for layer in model.layers for gates in getattr(layer, "gates", {}).values()]
    for number, gates in enumerate(branches):
        scale = 1 if start == (1, 1) or number % 2 == 0 else 0.2
        gates.assign(scale * np.linspace(*start, gates.shape[0]))
    penalise_gates(model, optimiser, strength, **options)
    fit(model, train, epochs=3, batch_size=32, optimiser=optimiser)
    return model


@pytest.fixture(scope="module")
def unpenalised(photos):
    return search(photos, 0)


def list_gates(model):
    return [values for cell in read_gates(model) for values in cell.values()]


def test_strength_closes_from_no_gate_to_all(photos, unpenalised):
    """By 0.6, of gates that start at 0.2 to 1."""
    assert all(gates.all() for gates in list_gates(unpenalised))
    some = list_gates(search(photos, 0.2, start=(0.2, 1)))
    assert all(gates[0] == 0 for gates in some)
    assert all(gates[-1] > 0.2 for gates in some[::2])
    assert not any(gates.any() for gates in list_gates(search(photos, 3.0)))


def test_the_penalty_alone_moves_gates_by_the_sum_of_rates_and_they_do_not_decay(photos):
    """A rate of nearly zero leaves nothing else at work: 6 steps of 1e-6 x 5e4 / (1 - 0.5)."""
    model = build_branched_cnn(WHITENING, CELLS, image_shape=SHAPE)
    optimiser = sgd(1e-6, momentum=0.5, weight_decay=1e4)
    penalise_gates(model, optimiser, 5e4)
    fit(model, photos, epochs=2, batch_size=32, optimiser=optimiser)
    np.testing.assert_allclose(np.concatenate(list_gates(model)), 1 - 6 * 1e-6 * 5e4 / 0.5, atol=1e-3)


def test_a_group_penalty_closes_branches_as_a_whole(photos):
    """By 0.4 times the root of its channels: those at a fifth, and no gate of the others, however small."""
    gates = list_gates(search(photos, 0.4 / 3, start=(0.2, 1), group_share=1.0))
    assert all(values.all() for values in gates[::2])
    assert not any(values.any() for values in gates[1::2])


def test_by_cost_closes_the_dear_kernels_first(photos):
    first = read_gates(search(photos, 0.05, by_cost=1.0))[0]
    assert not first["7"].any()
    assert first["1"].all()


def test_pruned_by_magnitude_or_at_random_a_network_fits_the_budget_and_trains_on(photos, unpenalised):
    budget = count_cells(unpenalised, CELLS) / 3
    magnitudes = read_gates(unpenalised)
    at_random = [{branch: RNG.random(len(values)) for branch, values in cell.items()} for cell in magnitudes]
    pruned, chance = (
        rebuild(unpenalised, keep_highest(unpenalised, scores, budget)) for scores in (magnitudes, at_random)
    )
    assert max(count_multiply_adds(model, SHAPE) for model in (pruned, chance)) <= budget
    training = fit(pruned, photos, epochs=4, batch_size=32, optimiser=sgd(0.02, momentum=0.9))
    assert training.history["loss"].iloc[-1] < training.history["loss"].iloc[0]


def test_a_free_gate_travels_its_reach():
    """SGD on no gradient at all: only the proximal steps move the gates, and they move by the reach."""
    optimiser, schedule, steps = keras.optimizers.SGD(0.3, momentum=0.5), rise_and_fall(), 10
    strength = find_strength(0.6, optimiser, schedule, steps)
    gate = keras.Variable([1.0, 1.0])
    add_proximal_step([gate], optimiser, strength)
    for step in range(steps):
        optimiser.learning_rate = 0.3 * schedule(step / steps)
        optimiser.apply([np.zeros(2, np.float32)], [gate])
    np.testing.assert_allclose(keras.ops.convert_to_numpy(gate), 0.4, rtol=1e-5)
