"""Build the small networks among which `cifar10-report` searches; lesson 20 repeats the search."""

from collections.abc import Sequence

from helpers.backend import keras


def build_report_cnn(
    filters: Sequence[int] = (64, 32), *, units: int = 128, classes: int = 10, side: int = 32
) -> "keras.Model":
    """Return a network of the search space of `cifar10-report`, section 4.2; by default its tuned one.

    Args:
        filters: number in each block's 3x3 convolution, without padding; pooling and dropout 0.25 follow.
        units: of the dense layer, before dropout 0.5.
        classes: outputs of the softmax.
        side: of the square colour images, in pixels.

    Returns:
        A model of (N, side, side, 3) images in 0..1, not compiled; 169,130 parameters by default.

    Raises:
        ValueError: too many blocks for the size of the images.
    """
    layers = keras.layers
    model = keras.Sequential([keras.Input((side, side, 3))], name="report_cnn")
    for width in filters:
        model.add(layers.Conv2D(width, 3, activation="relu"))
        model.add(layers.MaxPooling2D())
        model.add(layers.Dropout(0.25))
    model.add(layers.Flatten())
    model.add(layers.Dense(units, activation="relu"))
    model.add(layers.Dropout(0.5))
    model.add(layers.Dense(classes, activation="softmax"))
    return model


def build_example_cnn() -> "keras.Model":
    """Return the untuned example of `cifar10-report`, section 4.1.

    Returns:
        A model of (N, 32, 32, 3) images in 0..1, not compiled; 923,914 parameters.
    """
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Dropout(0.2),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ],
        name="example_cnn",
    )
