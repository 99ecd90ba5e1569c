"""The fitness of a network: train it for a short time, and measure its error on validation images.

Introduced in lesson 30.
"""

from typing import Any

from helpers.data import Split, load_part
from helpers.search.genome import PAPER, Style, build, parse
from helpers.training.loop import fit


def judge_network(
    genome: str,
    images: int,
    epochs: float,
    *,
    data: str = "cifar10-sample",
    held_out: float = 0.1,
    **recipe: Any,
) -> dict[str, float]:
    """Train a network on some of a set's train images and return its error on the held-out ones.

    Made for `search`, with its settings fixed by `functools.partial`. It takes the name of a set and divides
    the train images itself, so it cannot be given test images. Dropout is off while it measures.

    Args:
        genome: text of the network.
        images: how many to train on, with the classes in the proportions of the set; all train images if
            there are fewer.
        epochs: passes over them.
        data: name of the set.
        held_out: share of the set's training images to judge on.
        recipe: as `train_network` takes it.

    Returns:
        `error`, share of the validation images that are wrong after the last epoch, in 0..1.

    Raises:
        DivergedError: the loss was not a number.
        ValueError: a text that is no genome, or one that does not fit the images.
    """
    return train_network(genome, *load_part(data, images, held_out), epochs=epochs, **recipe)


def train_network(
    genome: str,
    train: Split,
    validation: Split,
    *,
    epochs: float,
    style: Style = PAPER,
    rate: float = 0.01,
    momentum: float = 0.0,
    decay: float = 0.0,
    batch_size: int = 64,
    seed: int = 0,
    precision: str = "float32",
    **recipe: Any,
) -> dict[str, float]:
    """Train a network with SGD and return its error; arguments not listed are as in `judge_network`.

    The defaults are those of the search of de-nas: Table 2 and, for the rest, the authors' code.

    Args:
        genome: text of the network.
        train: images to fit.
        validation: images to judge on.
        epochs: passes over the train images.
        style: properties of the network that its genome does not hold.
        rate: of learning.
        momentum: of Nesterov, or 0.
        decay: of the weights; each step subtracts decay times rate times the weight.
        batch_size: images a step.
        seed: of initial weights, dropout, order and augmentation.
        precision: a Keras dtype policy.
        recipe: other settings of `helpers.training.loop.fit`, such as `augment` and `schedule`.

    Raises:
        JobError: fitting on other than train images, or judging on other than validation images. The authors
            of de-nas judged on test images.
    """
    from helpers.backend import keras

    validation.require("choose")
    keras.backend.clear_session()
    shape, classes = train.images.shape[1:], len(train.class_names)
    training = fit(
        build(parse(genome), shape, classes, style, seed=seed, precision=precision),
        train,
        epochs=epochs,
        batch_size=batch_size,
        optimiser=keras.optimizers.SGD(rate, momentum, nesterov=momentum > 0, weight_decay=decay or None),
        validation=validation,
        seed=seed,
        **recipe,
    )
    return {"error": 1 - float(training.history["val_accuracy"].iloc[-1])}
