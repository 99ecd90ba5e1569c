import math
import os
import subprocess
import sys
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest
from stand_in import LinearModel

from helpers.data import JobError, Split, load
from helpers.training.loop import (
    Averaging,
    DivergedError,
    ReduceOnPlateau,
    decay_as_cosine,
    decay_in_steps,
    fit,
    rise_and_fall,
)


@pytest.fixture(scope="module")
def digits():
    data = load("mnist-sample", validation=0.1)
    return data.train.take(np.arange(600)), data.validation.take(np.arange(200)), data.test


def build(seed=0, softmax=True, units=16, dropout=0.1):
    from helpers.backend import keras

    keras.utils.set_random_seed(seed)
    layers = [keras.layers.Flatten(), keras.layers.Dense(units, "relu"), keras.layers.Dropout(dropout)]
    return keras.Sequential(
        [keras.Input((28, 28, 1)), *layers, keras.layers.Dense(10, "softmax" if softmax else None)]
    )


def sgd(rate=0.1, **options):
    from helpers.backend import keras

    return keras.optimizers.SGD(rate, momentum=0.9, **options)


def read(model):
    return np.concatenate([np.ravel(weight) for weight in model.get_weights()])


def test_it_learns_and_says_how(digits):
    train, validation, _ = digits
    lines = []
    training = fit(
        build(),
        train,
        epochs=6,
        batch_size=50,
        optimiser=sgd(),
        validation=validation,
        tell=lines.append,
    )
    history = training.history
    assert list(history.index) == [1, 2, 3, 4, 5, 6]
    assert history["loss"].iloc[-1] < history["loss"].iloc[0] / 2
    assert history["val_accuracy"].iloc[-1] > 0.7
    assert training.images == 3600
    assert training.images_per_second == pytest.approx(3600 / training.seconds)
    assert len(lines) == 6
    assert lines[2].startswith("epoch 3, loss ")
    assert "minutes left" in lines[2]


def test_loss_and_accuracy_are_of_all_images_of_the_epoch():
    """At a rate of zero they are those of the initial model, whatever the size of the last batch."""
    data = load("mnist-sample", validation=0.12)
    train, validation = data.train.take(np.arange(70)), data.validation
    model = build(dropout=0.0)
    [row] = fit(
        model,
        train,
        epochs=1,
        batch_size=32,
        optimiser=sgd(),
        schedule=lambda progress: 0.0,
        validation=validation,
    ).history.to_dict("records")
    for split, prefix in ((train, ""), (validation, "val_")):
        probabilities = model.predict(split.images / np.float32(255), verbose=0)
        of_label = probabilities[np.arange(len(split)), split.labels]
        assert row[f"{prefix}loss"] == pytest.approx(-np.log(of_label).mean(), rel=1e-4)
        assert row[f"{prefix}accuracy"] == pytest.approx((probabilities.argmax(1) == split.labels).mean())


def test_logits_and_softmax_get_the_same_loss(digits):
    train, *_ = digits
    with_softmax, with_logits = (
        fit(build(softmax=softmax), train, epochs=1, batch_size=100, optimiser=sgd())
        for softmax in (True, False)
    )
    assert with_logits.history["loss"].to_numpy() == pytest.approx(with_softmax.history["loss"], rel=1e-4)


def test_a_compiled_model_keeps_its_loss_and_optimiser(digits):
    train, *_ = digits
    model = build()
    model.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"])
    optimiser = model.optimizer
    fit(model, train, epochs=1, batch_size=100)
    assert model.optimizer is optimiser


def test_same_seed_same_weights_other_seed_others(digits):
    train, *_ = digits
    once, again, other = (
        read(fit(build(), train, epochs=1, batch_size=100, optimiser=sgd(), seed=seed).model)
        for seed in (1, 1, 2)
    )
    assert np.array_equal(once, again)
    assert not np.array_equal(once, other)


def test_part_of_an_epoch_takes_its_part_of_the_steps(digits):
    train, *_ = digits
    training = fit(build(), train, epochs=1.5, batch_size=100, optimiser=sgd())
    assert training.images == 900
    assert len(training.history) == 2


def test_augmentation_sees_every_epoch_with_fresh_randomness(digits):
    train, *_ = digits
    drawn = []

    def augment(images, rng, epoch):
        assert images.dtype == np.uint8
        drawn.append((epoch, rng.integers(1 << 30)))
        return images

    fit(build(), train, epochs=3, batch_size=300, optimiser=sgd(), augment=augment)
    assert [epoch for epoch, _ in drawn] == [0, 1, 2]
    assert len({number for _, number in drawn}) == 3


def test_label_smoothing_keeps_predictions_from_certainty(digits):
    train, *_ = digits
    sharp, smooth = (
        fit(build(), train, epochs=8, batch_size=50, optimiser=sgd(), label_smoothing=share).model
        for share in (0.0, 0.3)
    )
    images = train.images / np.float32(255)
    assert (
        smooth.predict(images, verbose=0).max(1).mean() < sharp.predict(images, verbose=0).max(1).mean() - 0.1
    )


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (lambda progress: 1.0, {0: 1, 0.5: 1, 1: 1}),
        (decay_in_steps(0.1, 2), {0: 1, 0.49: 1, 0.5: 0.1, 1: 0.1}),
        (decay_as_cosine, {0: 1, 0.5: 0.5, 1: 0}),
        (rise_and_fall(0.2, 0.25, 0.1), {0: 0.2, 0.125: 0.6, 0.25: 1, 1: 0.1}),
    ],
)
def test_schedules(schedule, expected):
    for progress, factor in expected.items():
        assert schedule(progress) == pytest.approx(factor)


def test_the_schedule_multiplies_the_rate_of_the_optimiser(digits):
    train, *_ = digits
    training = fit(
        build(), train, epochs=2, batch_size=300, optimiser=sgd(0.2), schedule=decay_in_steps(0.5, 2)
    )
    assert training.history["rate"].to_numpy() == pytest.approx([0.2, 0.1])


def test_the_rate_falls_on_a_plateau():
    schedule = ReduceOnPlateau(factor=0.5, patience=2)
    factors = []
    for loss in (1.0, 0.9, 0.95, 0.91, 0.8, 0.8, 0.8):
        schedule.observe(loss)
        factors.append(schedule(0.5))
    assert factors == [1, 1, 1, 0.5, 0.5, 0.5, 0.25]


def test_averaging_ends_on_the_average_of_the_path():
    """With a memory of 1 at the end and 0 at the start, one pull keeps (1/2)^3 of the start at half way."""
    train = load("mnist-sample").train.take(np.arange(100))
    plain = fit(build(), train, epochs=2, batch_size=100, optimiser=sgd())
    averaged = fit(
        build(), train, epochs=2, batch_size=100, optimiser=sgd(), averaging=Averaging(every=1, decay=1.0)
    )
    start = read(build())
    one = read(fit(build(), train, epochs=1, batch_size=100, optimiser=sgd()).model)
    path = start / 8 + one * 7 / 8
    assert read(averaged.model) == pytest.approx(path, abs=1e-5)
    assert not np.allclose(read(plain.model), path)


def test_patience_stops_and_the_best_epoch_is_kept(digits):
    train, validation, _ = digits
    rates = iter([1.0, 1.0, 1.0] + [40.0] * 50)

    def spoil(progress):  # good for three steps of one epoch each, then far too fast
        return next(rates)

    training = fit(
        build(),
        train,
        epochs=50,
        batch_size=600,
        optimiser=sgd(0.1),
        validation=validation,
        schedule=spoil,
        patience=2,
        keep_best=True,
    )
    accuracy = training.history["val_accuracy"]
    assert training.history["rate"].tolist()[:4] == pytest.approx([0.1, 0.1, 0.1, 4.0])
    assert training.best_epoch == 3
    assert len(accuracy) == training.best_epoch + 2 < 50
    assert training.best_epoch == accuracy.idxmax()
    model = training.model
    model.reset_metrics()
    images = validation.images / np.float32(255)
    seen = model.test_on_batch(images, validation.labels, return_dict=True)
    assert seen["accuracy"] == pytest.approx(accuracy.max())


def test_a_loss_that_is_no_number_is_an_error_with_its_place(digits):
    train, *_ = digits
    with pytest.raises(DivergedError, match=r"in epoch 1, step [2-4] of 6; lower the learning rate"):
        fit(build(softmax=False), train, epochs=1, batch_size=100, optimiser=sgd(1e30))


def test_bad_requests_are_refused_before_anything_is_trained(digits):
    from helpers.backend import keras

    train, validation, test = digits
    good = {"epochs": 1, "batch_size": 10, "optimiser": sgd()}
    empty = train.take(np.arange(0))
    compiled = build()
    compiled.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    unmeasured, hot = build(), build()
    unmeasured.compile("sgd", "sparse_categorical_crossentropy", metrics=["mae"])
    hot.compile("sgd", "categorical_crossentropy")
    falling = keras.optimizers.schedules.CosineDecay(0.1, 100)
    scheduled = build()
    scheduled.compile(keras.optimizers.SGD(falling), "sparse_categorical_crossentropy", metrics=["accuracy"])
    bare = {"optimiser": None}
    few = Split(train.images[:10], np.zeros(10, int), ("zero",), "train", "zeros")
    for model, split, options, error, message in [
        (build(), test, {}, JobError, "test"),
        (build(), train, {"validation": test}, JobError, "test"),
        (build(), empty, {}, ValueError, "is empty"),
        (build(), train, {"validation": validation.take(np.arange(0))}, ValueError, "validation .* is empty"),
        (build(), train, {"epochs": 0}, ValueError, "epochs=0"),
        (build(), train, {"batch_size": 0}, ValueError, "batch_size=0"),
        (build(), train, {"optimiser": None}, ValueError, "needs an optimiser"),
        (compiled, train, {}, ValueError, "needs no optimiser"),
        (build(), train, {"patience": 2}, ValueError, "give the validation split"),
        (build(), train, {"optimiser": sgd(falling)}, ValueError, "schedule CosineDecay as its rate"),
        (scheduled, train, bare, ValueError, "schedule CosineDecay as its rate"),
        (unmeasured, train, bare, ValueError, r"with loss, \w+ alone; .*metrics=\['accuracy'\]"),
        (hot, train, bare, ValueError, "with loss alone; "),
        (build(), few, {}, ValueError, "10 outputs, but zeros has 1 classes"),
    ]:
        before = read(model)
        with pytest.raises(error, match=message):
            fit(model, split, **(good | options))
        assert np.array_equal(read(model), before)


RUN = """
import sys
from pathlib import Path
import numpy as np
from stand_in import LinearModel, stand_in_for_keras
from helpers.data import Split
from helpers.training.loop import Averaging, ReduceOnPlateau, fit, read_weights

stand_in_for_keras()
rng = np.random.default_rng(0)
labels = np.arange(300) % 3
images = (80 * np.eye(16)[labels] + rng.integers(0, 176, (300, 16))).astype(np.uint8).reshape(300, 4, 4, 1)
train, validation = (
    Split(images[part], labels[part], ("a", "b", "c"), role, "made-up")
    for part, role in ((slice(200), "train"), (slice(200, 300), "validation"))
)

def augment(images, rng, epoch):
    if epoch == 3 and "stop" in sys.argv:
        print("in epoch 4", flush=True)
        sys.stdin.read()  # until the end, by a kill
    return images[rng.permutation(len(images))] * 0 + images

for place in sys.argv[1].split():
    print(place, flush=True)
    training = fit(
        LinearModel(16, 3, rate=2.0), train, epochs=6, batch_size=40, validation=validation, augment=augment,
        averaging=Averaging(2), schedule=ReduceOnPlateau(0.5, 1), keep_best=True,
        checkpoint=Path(place) / "run.npz", tell=lambda line: print(line.partition(",")[0], flush=True),
    )
    np.savez(Path(place) / "result.npz", *read_weights(training.model.variables), **training.history)
assert "tensorflow" not in sys.modules
"""


def start_run(*arguments):
    here = {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, "-c", RUN, *arguments], env=os.environ | here, **pipes)


def test_a_killed_run_goes_on_to_the_result_of_one_never_interrupted(tmp_path, monkeypatch):
    """The model is no network, so that the two processes start quickly; the next test has a network."""
    monkeypatch.chdir(tmp_path)
    whole, broken = Path("whole"), Path("broken")
    whole.mkdir()
    broken.mkdir()
    epochs = [f"epoch {number}" for number in range(1, 7)]
    undisturbed = start_run("whole")
    victim = start_run("broken", "stop")
    assert list(iter(victim.stdout.readline, "in epoch 4\n")) == [
        f"{line}\n" for line in ("broken", *epochs[:3])
    ]
    victim.kill()
    victim.communicate()
    assert (broken / "run.npz").exists()
    assert not (broken / "result.npz").exists()
    second = start_run("broken broken")
    lines = second.communicate()[0].splitlines()
    assert second.returncode == 0
    assert lines == ["broken", *epochs[3:], "broken"], "a run that had ended is not run again"
    assert undisturbed.communicate()[0].splitlines() == ["whole", *epochs]
    assert undisturbed.returncode == 0
    one, other = (dict(np.load(folder / "result.npz")) for folder in (whole, broken))
    assert len(one) == 9
    assert len(set(one["rate"])) > 1, "the schedule has a state to go on with"
    for name in one.keys() - {"seconds"}:
        assert np.array_equal(one[name], other[name]), name


def test_an_interrupted_run_of_keras_goes_on_to_the_result_of_one_never_interrupted(tmp_path, digits):
    """Here in one process, whose own random numbers are elsewhere when the run goes on."""
    from helpers.backend import keras

    train, validation, _ = digits

    def run(name, tell=None):
        model = build()
        keras.utils.set_random_seed(len(list(tmp_path.iterdir())))
        return fit(
            model,
            train.take(np.arange(500)),
            epochs=6,
            batch_size=100,
            optimiser=sgd(0.05),
            validation=validation,
            augment=lambda images, rng, epoch: images[rng.permutation(len(images))] * 0 + images,
            averaging=Averaging(2),
            schedule=ReduceOnPlateau(0.5, 1),
            keep_best=True,
            checkpoint=tmp_path / name,
            tell=tell,
        )

    def interrupt(line):
        if line.startswith("epoch 3"):
            raise KeyboardInterrupt

    whole = run("whole.npz")
    with pytest.raises(KeyboardInterrupt):
        run("broken.npz", interrupt)
    lines = []
    resumed = run("broken.npz", lines.append)
    assert lines[0].startswith("epoch 4")
    run("broken.npz", pytest.fail)  # a run that had ended is not run again
    assert np.array_equal(read(whole.model), read(resumed.model))
    assert whole.history["val_loss"].tolist() == resumed.history["val_loss"].tolist()


class Stop(Exception):
    pass


def stop(line):
    raise Stop


def shake(images, rng, epoch, *, pixels):
    return images


class Wobble:
    """A schedule that its author wrote, with a state."""

    def __init__(self, depth=0.5):
        self.depth, self.called = depth, 0

    def __call__(self, progress):
        self.called += 1
        return 1 - self.depth * (self.called % 2)


BASE = {"epochs": 2, "batch_size": 100, "augment": partial(shake, pixels=1)}
MEAN = 0.5


# In place of a network, where what is tested does not hang on it: TensorFlow takes a second to trace one.
PLAIN = {"build": partial(LinearModel, 784, 10, rate=0.1), "optimiser": lambda: None}


@cache
def load_digits():
    return load("mnist-sample", validation=0.1)


def give(**changed):
    """Return what a run of `BASE` depends on, some of it changed."""
    from helpers.backend import keras

    data = load_digits()
    run = {"build": build, "train": data.train.take(np.arange(600))}
    run |= {"validation": data.validation.take(np.arange(200)), "optimiser": sgd} | changed
    keras.backend.clear_session()
    return run


def attempt(checkpoint, tell=None, **run):
    run = give(**run)
    model, train, optimiser = run.pop("build")(), run.pop("train"), run.pop("optimiser")()
    return fit(model, train, optimiser=optimiser, checkpoint=checkpoint, tell=tell, **(BASE | run))


def spoil_one(split, what):
    images, labels = split.images.copy(), split.labels.copy()
    if what == "pixel":
        images[7, 3, 3] ^= 1
    else:
        labels[7] = (labels[7] + 1) % 10
    return Split(images, labels, split.class_names, split.role, split.name)


def other_runs():
    from helpers.images.transforms import standardise

    run = give()
    return {
        "seed is 0 there and 1 here": {"seed": 1},
        "schedule.function is .*hold_constant. there and .*decay_as_cosine": {"schedule": decay_as_cosine},
        "averaging is None there": {"averaging": Averaging()},
        "loss": {"label_smoothing": 0.1},
        "train": {"train": spoil_one(run["train"], "pixel")},
        "train ": {"train": spoil_one(run["train"], "label")},
        "validation": {"validation": spoil_one(run["validation"], "pixel")},
        "validation ": {"validation": spoil_one(run["validation"], "label")},
        "validation  ": {"validation": None},
        "start": {"build": lambda: build(seed=1)},
        "augment.keywords.pixels is 1 there and 2 here": {"augment": partial(shake, pixels=2)},
        "augment": {"augment": None},
        "prepare": {"prepare": partial(standardise, mean=[0.1], deviation=[0.3])},
        "prepare ": {"prepare": lambda images: images / np.float32(255)},
        "optimiser.nesterov is False there and True here": {"optimiser": partial(sgd, nesterov=True)},
        "optimiser.learning_rate": {"optimiser": partial(sgd, 0.2)},
        # the same weights in another network
        "model": {"build": lambda: build(dropout=0.2)},
        "model ": {"build": build_coarse},
    }


def build_coarse():
    from helpers.backend import keras

    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        return build()
    finally:
        keras.config.set_dtype_policy("float32")


@pytest.mark.parametrize("network", [False, True])
def test_a_checkpoint_of_another_run_is_refused(tmp_path, network):
    checkpoint = tmp_path / "run.npz"
    run = {} if network else PLAIN
    others = {
        message: changed
        for message, changed in other_runs().items()
        if network == bool(changed.keys() & {"build", "optimiser", "label_smoothing"})
    }
    assert len(others) == (6 if network else 12)
    with pytest.raises(Stop):
        attempt(checkpoint, stop, **run)
    before = checkpoint.read_bytes()
    for message, changed in others.items():
        with pytest.raises(ValueError, match=rf"run\.npz is of another run: {message.strip()}.*remove it"):
            attempt(checkpoint, **run | changed)
    assert checkpoint.read_bytes() == before
    assert len(attempt(checkpoint, **run).history) == 2, "the run itself goes on"
    with pytest.raises(ValueError, match="another run"):  # also one that has come to its end
        attempt(checkpoint, seed=1, **run)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (lambda: ReduceOnPlateau(0.5, 1), lambda: ReduceOnPlateau(0.01, 99)),
        (lambda: rise_and_fall(peak=0.2), lambda: rise_and_fall(peak=0.3)),
        (lambda: lambda progress: 1.0, lambda: lambda progress: 0.5),
        (lambda: lambda progress: MEAN, lambda: lambda progress: math.pi),
        (Wobble, lambda: Wobble(0.25)),
        (lambda: Wobble().__call__, lambda: Wobble(0.25).__call__),
    ],
)
def test_a_checkpoint_knows_what_its_schedule_does(tmp_path, first, second):
    with pytest.raises(Stop):
        attempt(tmp_path / "run.npz", stop, schedule=first(), **PLAIN)
    with pytest.raises(ValueError, match=r"is of another run: schedule\b"):
        attempt(tmp_path / "run.npz", schedule=second(), **PLAIN)
    assert len(attempt(tmp_path / "run.npz", schedule=first(), **PLAIN).history) == 2


def test_a_variable_that_a_function_reads_counts(tmp_path, monkeypatch):
    def prepare(images):
        return (images / np.float32(255)) - MEAN

    with pytest.raises(Stop):
        attempt(tmp_path / "run.npz", stop, prepare=prepare, **PLAIN)
    monkeypatch.setitem(globals(), "MEAN", 0.25)
    with pytest.raises(ValueError, match=r"prepare\.globals\.MEAN is '0\.5' there and '0\.25' here"):
        attempt(tmp_path / "run.npz", prepare=prepare, **PLAIN)


def test_describing_a_run_does_not_advance_its_schedule(tmp_path):
    with_checkpoint, without = (
        attempt(place, schedule=Wobble(), **PLAIN).history["rate"].tolist()
        for place in (tmp_path / "run.npz", None)
    )
    assert with_checkpoint == without
    wobble = Wobble()
    attempt(tmp_path / "other.npz", schedule=wobble, **PLAIN)
    assert wobble.called == 2 * 6, "one call a step"


def test_a_schedule_that_does_not_show_what_it_does_gets_no_checkpoint(tmp_path):
    draw = (rate for rate in [1.0] * 100)
    with pytest.raises(TypeError, match="must know its schedule: a generator does not show its content"):
        attempt(tmp_path / "run.npz", schedule=lambda progress: next(draw), **PLAIN)
    assert list(tmp_path.iterdir()) == []
    attempt(None, schedule=lambda progress: next(draw), **PLAIN)


def test_a_checkpoint_of_an_older_course_is_refused(tmp_path):
    np.savez(tmp_path / "run.npz", state='{"settings": {"seed": 0}, "step": 1}')
    with pytest.raises(ValueError, match=r"run\.npz is of another run"):
        attempt(tmp_path / "run.npz", **PLAIN)


def test_what_a_probe_returns_joins_the_history_and_outlives_an_interruption(tmp_path, digits):
    train, *_ = digits
    seen = []

    def probe(model):
        seen.append(model.count_params())
        if len(seen) == 2:
            raise KeyboardInterrupt
        return {"looks": len(seen)}

    options = {"epochs": 3, "batch_size": 100, "checkpoint": tmp_path / "run.npz", "probe": probe}
    with pytest.raises(KeyboardInterrupt):
        fit(build(), train, optimiser=sgd(), **options)
    assert list(fit(build(), train, optimiser=sgd(), **options).history["looks"]) == [1, 3, 4]
