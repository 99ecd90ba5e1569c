import numpy as np
import pytest

from helpers.data import JobError, load, load_part
from helpers.search.driver import Budget, Rung, search
from helpers.search.fitness import judge_network, train_network
from helpers.search.genome import FAST, NetworkSpace, build, parse
from helpers.search.optimisers import RandomSearch
from helpers.training.loop import fit

GENOME = "C3x1 MP MP MP FC24"


def test_the_error_is_that_on_validation_images_with_dropout_off():
    from helpers.backend import keras
    from helpers.judging.predictions import predict

    first, again = (judge_network(GENOME, 100, 1, data="mnist-sample", rate=0.1) for _ in range(2))
    assert first == again
    train, validation = load_part("mnist-sample", 100, 0.1)
    model = build(parse(GENOME), (28, 28, 1), 10)
    optimiser = keras.optimizers.SGD(0.1)
    fit(model, train, epochs=1, batch_size=64, optimiser=optimiser)
    guessed = predict(model, validation.images).argmax(axis=1)
    assert first["error"] == pytest.approx(np.mean(guessed != validation.labels), abs=1e-6)


def test_choosing_on_test_images_is_refused():
    data = load("mnist-sample")
    with pytest.raises(JobError, match="cannot choose on the test split"):
        train_network(GENOME, data.train, data.test, epochs=1)


def test_a_search_trains_networks_and_goes_on_after_one_that_diverges():
    space = NetworkSpace(
        (28, 28, 1), lengths=(2, 3), widths=(4, 6), first_widths=(4,), kernels=(1,), hidden=0
    )

    def judge(genome: str, images: int, epochs: float) -> dict:
        rate = 1e38 if genome.count("C") == 1 else 0.01
        return judge_network(genome, images, epochs, data="mnist-sample", rate=rate, batch_size=32)

    found = search(
        RandomSearch(space, seed=2),
        judge,
        budget=Budget(5),
        objectives=("error", "parameters"),
        ladder=[Rung(128, 1), Rung(160, 1, keep=1)],
    )
    rows = found.candidates
    assert list(rows["status"] == "nan") == [genome.count("C") == 1 for genome in rows["genome"]]
    assert set(rows["status"]) == {"ok", "nan"}
    assert list(rows["rung"]) == [0, 0, 0, 0, 1]
    assert rows["reason"][rows["status"] == "nan"].str.startswith("DivergedError: the loss is").all()
    assert rows["error"].dropna().between(0, 1).all()


def test_a_network_in_the_fast_style_learns():
    recipe = {"style": FAST, "rate": 0.3, "momentum": 0.85, "decay": 0.01, "batch_size": 50}
    assert judge_network("C16x3 MP C32x3 MP", 1000, 4, data="mnist-sample", **recipe)["error"] < 0.7
