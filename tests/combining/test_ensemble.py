from collections import Counter

import numpy as np
import pytest

from helpers.backend import keras
from helpers.combining.ensemble import (
    SnapshotKeeper,
    average,
    average_weights,
    compare_errors,
    fit_stack,
    fit_temperature,
    predict_out_of_fold,
    repeat_cosine,
    score_likelihood,
    select,
    temper,
    vote,
)
from helpers.data import JobError, Split, load
from helpers.judging.predictions import predict
from helpers.training.loop import fit


def make_split(labels, role, classes=3):
    images = np.zeros((len(labels), 2, 2, 1), np.uint8)
    images[:, 0, 0, 0] = np.arange(len(labels)) % 256
    return Split(images, np.array(labels), tuple("abcdefghij"[:classes]), role, "made-up")


def draw_members(labels, skills, classes=3, seed=0):
    """Return members whose logits are noise plus a skill at the true class."""
    rng = np.random.default_rng(seed)
    members = {}
    for name, skill in skills.items():
        odds = np.exp(rng.normal(size=(len(labels), classes)) + skill * np.eye(classes)[labels])
        members[name] = odds / odds.sum(axis=1, keepdims=True)
    return members


def measure_accuracy(labels, probabilities):
    return float(np.mean(probabilities.argmax(axis=1) == labels))


# Mean and vote

HAND = {
    "one": [[0.6, 0.4, 0.0], [0.1, 0.2, 0.7]],
    "two": [[0.6, 0.3, 0.1], [0.5, 0.4, 0.1]],
    "three": [[0.0, 0.8, 0.2], [0.3, 0.6, 0.1]],
}


def test_equation_2_by_hand():
    """The mean of probabilities names b for the first image, which only one of three members did."""
    wanted = [[0.4, 0.5, 0.1], [0.3, 0.4, 0.3]]
    np.testing.assert_allclose(average(HAND), wanted, rtol=1e-12)


def test_the_mean_sums_to_one_and_lies_between_the_members():
    members = draw_members(np.arange(300) % 3, {"one": 0.5, "two": 2, "three": 0})
    mean, all_ = average(members), np.stack(list(members.values()))
    np.testing.assert_allclose(mean.sum(axis=1), 1, rtol=1e-12)
    assert (mean >= all_.min(axis=0) - 1e-15).all()
    assert (mean <= all_.max(axis=0) + 1e-15).all()
    assert (mean > all_.min(axis=0)).any()


def test_counts_weigh_the_members():
    wanted = (3 * np.array(HAND["one"]) + np.array(HAND["three"])) / 4
    np.testing.assert_allclose(average(HAND, {"one": 3, "three": 1}), wanted, rtol=1e-12)


def test_votes_are_counted_and_ties_go_to_the_higher_mean_then_to_the_first():
    assert vote(HAND).tolist() == [0, 1]  # two of three; one each: mean probability 0.4 decides
    even = {"one": [[0.6, 0.4, 0.0]], "two": [[0.4, 0.6, 0.0]]}
    assert vote(even).tolist() == [0]
    assert vote({name: np.array(one)[:, ::-1] for name, one in even.items()}).tolist() == [1]


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({}, "without members"),
        ({"one": [[0.5, 0.5]], "two": [[0.2, 0.3, 0.5]]}, r"member 'two' has shape \(1, 3\)"),
        ({"one": [0.5, 0.5]}, r"member 'one' has shape \(2,\)"),
        ({"one": [[0.5, 0.5]], "two": [[3.0, -2.0]]}, "member 'two' holds no probabilities"),
        ({"one": [[float("nan"), 0.5]]}, "member 'one' holds no probabilities"),
    ],
)
def test_members_that_do_not_fit_are_named(members, words):
    for combine in (average, vote):
        with pytest.raises(ValueError, match=words):
            combine(members)


@pytest.mark.parametrize(("counts", "words"), [({"four": 1}, "'four'"), ({"one": 0}, "leave no member")])
def test_wrong_counts_are_named(counts, words):
    with pytest.raises(ValueError, match=words):
        average(HAND, counts)


# Selection on validation images


def test_greedy_selection_by_hand():
    """`a` alone is best; no average with it is better than a weighs twice and b once."""
    on = make_split([0, 1], "validation", 2)
    members = {
        "b": [[0.5, 0.5], [0.05, 0.95]],
        "a": [[0.9, 0.1], [0.4, 0.6]],
        "bad": [[0.1, 0.9], [0.9, 0.1]],
    }
    chosen = select(members, on, rounds=3)
    assert chosen == Counter({"a": 2, "b": 1})
    tried = {
        (i, j): score_likelihood(on.labels, average(members, {"a": i, "b": j}))
        for i, j in [(1, 0), (0, 1), (1, 1), (2, 1), (1, 2)]
    }
    assert max(tried, key=tried.get) == (2, 1)


def test_selection_is_no_worse_than_the_best_member_and_leaves_out_the_useless():
    on = make_split(np.arange(300) % 3, "validation")
    skills = {"one": 1.0, "two": 1.0, "three": 1.2, "noise": -1.0}
    members = draw_members(on.labels, skills)
    for score in (score_likelihood, measure_accuracy):
        chosen = select(members, on, rounds=10, score=score)
        reached = score(on.labels, average(members, chosen))
        assert reached > max(score(on.labels, member) for member in members.values())
        assert "noise" not in chosen


def test_the_smallest_of_equals_is_chosen():
    on = make_split([0, 1, 2], "validation")
    perfect = {"first": np.eye(3), "second": np.eye(3)}
    assert select(perfect, on, rounds=5) == Counter({"first": 1})


@pytest.mark.parametrize("role", ["test", "train"])
def test_only_validation_images_choose_members_and_temperature(role):
    on = make_split([0, 1], role)
    with pytest.raises(JobError, match=f"cannot choose on the {role} split"):
        select(HAND, on)
    with pytest.raises(JobError, match=f"cannot choose on the {role} split"):
        fit_temperature(HAND["one"], on)


def test_members_of_other_images_are_refused():
    on = make_split([0, 1, 2], "validation")
    for job in (lambda: select(HAND, on), lambda: fit_stack(HAND, on)):
        with pytest.raises(ValueError, match=r"'one' has shape \(2, 3\); all must have \(3, classes\)"):
            job()
    with pytest.raises(ValueError, match="rounds=0"):
        select(HAND, make_split([0, 1], "validation"), rounds=0)


# Temperature


def test_temperature_by_hand():
    tempered = temper([[0.8, 0.2]], 2.0)
    np.testing.assert_allclose(tempered, [[2 / 3, 1 / 3]], rtol=1e-9)  # square roots: 4 to 1 becomes 2 to 1
    np.testing.assert_allclose(temper(HAND["two"], 1.0), HAND["two"], atol=1e-9)
    with pytest.raises(ValueError, match="temperature 0 "):
        temper([[0.8, 0.2]], 0)


def test_the_temperature_that_was_put_in_is_found():
    """Labels drawn from the probabilities themselves; then these are made too sure."""
    rng = np.random.default_rng(0)
    true = draw_members(rng.integers(0, 3, 20000), {"one": 1.0})["one"]
    labels = (rng.random((len(true), 1)) > true.cumsum(axis=1)).sum(axis=1)
    on = make_split(labels, "validation")
    assert fit_temperature(true, on) == pytest.approx(1, abs=0.05)
    assert fit_temperature(temper(true, 1 / 2.5), on) == pytest.approx(2.5, rel=0.05)


# Stacking


class NearestNeighbour:
    """A member that knows all images it was trained on by heart, and notes which these were."""

    def __init__(self) -> None:
        self.learned, self.judged = [], []

    def __call__(self, learn: Split, images: np.ndarray) -> np.ndarray:
        known, new = (one.reshape(len(one), -1).astype(float) for one in (learn.images, images))
        nearest = ((new[:, None] - known[None]) ** 2).sum(axis=2).argmin(axis=1)
        self.learned.append(known[:, 0])
        self.judged.append(new[:, 0])
        return np.eye(len(learn.class_names))[learn.labels[nearest]]


def test_a_member_never_judges_an_image_it_was_trained_on():
    rng = np.random.default_rng(0)
    train = make_split(rng.permutation(np.arange(120) % 3), "train")  # pixel 0 tells the images apart
    member = NearestNeighbour()
    assert measure_accuracy(train.labels, member(train, train.images)) == 1
    member = NearestNeighbour()
    judged = predict_out_of_fold(member, train, folds=4)
    assert measure_accuracy(train.labels, judged) < 0.6
    for learned, tested in zip(member.learned, member.judged, strict=True):
        assert len(learned) == 90
        assert not set(learned) & set(tested)
    assert sorted(np.concatenate(member.judged)) == list(range(120))
    with pytest.raises(JobError, match="cannot fit on the validation split"):
        predict_out_of_fold(member, make_split([0, 1, 2] * 4, "validation"))


def test_a_stack_trusts_the_member_that_knows_not_the_one_that_memorised():
    rng = np.random.default_rng(1)
    labels = rng.permutation(np.arange(240) % 3)
    train, test = make_split(labels[:120], "train"), make_split(labels[120:], "test")
    member = NearestNeighbour()
    heart = {"heart": member(train, train.images)}
    honest = {"heart": predict_out_of_fold(member, train)}
    knows = draw_members(labels, {"knows": 1.5})["knows"]
    new = {"heart": member(train, test.images), "knows": knows[120:]}
    deceived = fit_stack(heart | {"knows": knows[:120]}, train)(new)
    stacked = fit_stack(honest | {"knows": knows[:120]}, train)(new)
    np.testing.assert_allclose(stacked.sum(axis=1), 1)
    assert measure_accuracy(test.labels, stacked) > measure_accuracy(test.labels, deceived) + 0.1
    assert measure_accuracy(test.labels, stacked) > measure_accuracy(test.labels, new["knows"]) - 0.05


def test_a_stack_undoes_what_a_member_confuses():
    labels = np.arange(300) % 3
    on = make_split(labels, "validation")
    turned = draw_members((labels + 1) % 3, {"turned": 4.0})
    assert measure_accuracy(labels, turned["turned"]) < 0.1
    assert measure_accuracy(labels, fit_stack(turned, on)(turned)) > 0.9


def test_a_stack_takes_its_members_by_name_and_never_fits_on_test():
    labels = np.arange(60) % 3
    members = draw_members(labels, {"one": 1, "two": 0})
    combine = fit_stack(members, make_split(labels, "train"))
    turned = dict(reversed(members.items()))
    np.testing.assert_array_equal(combine(turned), combine(members))
    with pytest.raises(ValueError, match="members one; the stack has learned one, two"):
        combine({"one": members["one"]})
    with pytest.raises(JobError, match="cannot fit on the test split"):
        fit_stack(members, make_split(labels, "test"))
    with pytest.raises(ValueError, match="no image of class 'c'"):
        fit_stack({"one": HAND["one"]}, make_split([0, 1], "train"))


# Members of one training


@pytest.fixture(scope="module")
def digits():
    data = load("mnist-sample", validation=0.1)
    return data.train.take(np.arange(400)), data.test.take(np.arange(300))


def build_digits(seed=0):
    keras.utils.set_random_seed(seed)
    layers = [
        keras.layers.Flatten(),
        keras.layers.Dense(24, use_bias=False),
        keras.layers.BatchNormalization(momentum=0.6),
        keras.layers.Activation("relu"),
        keras.layers.Dense(10, "softmax"),
    ]
    return keras.Sequential([keras.Input((28, 28, 1)), *layers])


def test_a_cyclic_schedule_starts_each_cycle_at_the_full_rate_and_ends_it_near_zero():
    schedule, steps = repeat_cosine(3), 30
    rates = np.array([schedule(step / steps) for step in range(steps)])
    assert rates[[0, 10, 20]].tolist() == [1, 1, 1]
    np.testing.assert_allclose(rates[[5, 15, 25]], 0.5)
    assert rates[[9, 19, 29]].max() < 0.03
    np.testing.assert_allclose(rates[:10], rates[10:20])
    with pytest.raises(ValueError, match="cycles=0"):
        repeat_cosine(0)


def test_snapshots_are_kept_at_the_end_of_each_cycle_and_after_an_interruption(digits, tmp_path):
    train, test = digits
    checkpoint = tmp_path / "run.npz"
    keeper = SnapshotKeeper(tmp_path / "snapshots", steps=16)  # two epochs of 8 steps

    def run(tell=None, probe=keeper, checkpoint=checkpoint):
        options = {"epochs": 6, "batch_size": 50, "schedule": repeat_cosine(3), "tell": tell}
        rate = keras.optimizers.SGD(0.2, momentum=0.9)
        return fit(build_digits(), train, optimiser=rate, probe=probe, checkpoint=checkpoint, **options)

    def stop(line):
        if line.startswith("epoch 3"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(stop)
    assert len(keeper.load()) == 1
    model = run(probe=SnapshotKeeper(tmp_path / "snapshots", steps=16)).model
    snapshots = keeper.load()
    assert len(snapshots) == 3
    for kept, last in zip(snapshots[-1], model.get_weights(), strict=True):
        np.testing.assert_array_equal(kept, last)
    members = {}
    for number, weights in enumerate(snapshots):
        model.set_weights(weights)
        members[str(number)] = predict(model, test.images)
    assert (compare_errors(members, test.labels)["disagreement"] > 0).all()
    average_weights(model, snapshots, train)
    means = [np.mean(values, axis=0) for values in zip(*snapshots, strict=True)]
    for weight, mean in zip(model.trainable_variables, (means[0], *means[1:3], *means[5:]), strict=True):
        np.testing.assert_allclose(keras.ops.convert_to_numpy(weight), mean, rtol=1e-6)
    assert measure_accuracy(test.labels, predict(model, test.images)) > 0.7


@pytest.mark.parametrize("depth", [1, 2])
def test_normalisation_inside_nested_models_is_measured_too(digits, depth):
    train, _ = digits
    flat, inner = build_digits(), build_digits()
    for _ in range(depth):
        inner = keras.Sequential([keras.Input((28, 28, 1)), inner])
    weights = flat.get_weights()
    for model in (flat, inner):
        average_weights(model, [weights, [3 * weights[0], *weights[1:]]], train, batch_size=100)
    for nested, plain in zip(inner.get_weights(), flat.get_weights(), strict=True):
        np.testing.assert_allclose(nested, plain, rtol=1e-5, atol=1e-6)


def test_snapshots_of_an_earlier_run_are_none_of_this_one(tmp_path):
    model = build_digits()
    model.compile(keras.optimizers.SGD())
    model.optimizer.build(model.trainable_variables)
    for cycles in (12, 2):
        keeper = SnapshotKeeper(tmp_path, steps=3)
        for iterations in range(1, 3 * cycles + 1):
            model.optimizer.iterations.assign(iterations)
            keeper(model)
        assert len(keeper.load()) == cycles


def test_a_snapshot_is_there_whole_or_not_at_all(tmp_path, monkeypatch):
    model = build_digits()
    model.compile(keras.optimizers.SGD())
    model.optimizer.build(model.trainable_variables)
    model.optimizer.iterations.assign(4)
    keeper = SnapshotKeeper(tmp_path, steps=2)
    keeper(model)

    def break_off(file, *arrays):
        file.write(b"PK half")
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez", break_off)
    for iterations in (4, 6):
        model.optimizer.iterations.assign(iterations)
        with pytest.raises(KeyboardInterrupt):
            keeper(model)
    [kept] = keeper.load()
    assert all(np.array_equal(*pair) for pair in zip(kept, model.get_weights(), strict=True))


def test_normalisation_is_measured_on_all_images_with_the_averaged_weights(digits):
    train, _ = digits
    model = build_digits()
    weights = model.get_weights()
    doubled = [3 * weights[0], *weights[1:]]
    average_weights(model, [weights, doubled], train, batch_size=100)
    normalisation = model.layers[2]
    hidden = (train.images.reshape(len(train), -1) / 255) @ (2 * weights[0])
    np.testing.assert_allclose(normalisation.moving_mean, hidden.mean(axis=0), rtol=1e-3, atol=1e-4)
    within = np.mean([part.var(axis=0) for part in np.split(hidden, 4)], axis=0)
    np.testing.assert_allclose(normalisation.moving_variance, within, rtol=1e-3, atol=1e-4)
    assert normalisation.momentum == 0.6


def test_weights_of_other_networks_and_other_images_are_refused(digits):
    train, test = digits
    model = build_digits()
    with pytest.raises(ValueError, match="each of 1 members must have the 7 arrays"):
        average_weights(model, [model.get_weights()[:-1]], train)
    with pytest.raises(ValueError, match="each of 0 members"):
        average_weights(model, [], train)
    with pytest.raises(JobError, match="cannot fit on the test split"):
        average_weights(model, [model.get_weights()], test)


# Diversity


def test_diversity_by_hand():
    """Of ten images both have 5 right, only the first 2, only the second 1, neither 2."""
    labels = np.zeros(10, int)
    first = np.eye(2)[[0] * 7 + [1] * 3]
    second = np.eye(2)[[0] * 5 + [1] * 2 + [0] + [1] * 2]
    pair = compare_errors({"one": first, "two": second}, labels).loc[("one", "two")]
    assert pair["disagreement"] == pytest.approx(0.3)
    assert pair["q_statistic"] == pytest.approx((5 * 2 - 2 * 1) / (5 * 2 + 2 * 1))
    assert pair["correlation"] == pytest.approx((5 * 2 - 2 * 1) / np.sqrt(7 * 3 * 6 * 4))
    right = [(member.argmax(axis=1) == labels) for member in (first, second)]
    assert pair["correlation"] == pytest.approx(np.corrcoef(right)[0, 1])


def test_diversity_of_the_same_the_opposite_and_the_perfect():
    labels = np.array([0, 0, 0, 0])
    half, other, right = np.eye(2)[[0, 0, 1, 1]], np.eye(2)[[1, 1, 0, 0]], np.eye(2)[labels]
    table = compare_errors({"half": half, "same": half, "other": other, "right": right}, labels)
    assert len(table) == 6
    assert table.loc[("half", "same")].tolist() == [0, 1, 1]
    assert table.loc[("half", "other")].tolist() == [1, -1, -1]
    assert table.loc[("half", "right"), "disagreement"] == 0.5
    assert table.loc[("half", "right"), ["q_statistic", "correlation"]].isna().all()
    with pytest.raises(ValueError, match="one member, 'half'"):
        compare_errors({"half": half}, labels)
