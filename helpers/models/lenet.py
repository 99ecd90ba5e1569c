"""Build LeNet-5 for images of 28 or 32 pixels.

Source: LeCun, Bottou, Bengio, Haffner, Gradient-based learning applied to document recognition, 1998.
"""

from helpers.backend import keras
from helpers.models.small_images import border_to_32


def build_lenet5(image_shape: tuple[int, int, int] = (28, 28, 1), *, classes: int = 10) -> "keras.Model":
    """Return LeNet-5 as it is usually built today: 61,706 parameters for grey digits.

    The paper (section II.B) has 60,000. Three parts of it are simplified here. Its second convolution sees
    chosen subsets of the six maps (900 weights fewer). Its averaging layers have a coefficient and a
    bias for each map (44 more). Its outputs are distances to fixed pictures of the characters, without
    weights; the dense layer here has 850. The paper also scales its tanh. Colour images add 300 weights to
    the first convolution. Introduced in lesson 13.

    Args:
        image_shape: (28, 28, C), padded with zeros to 32 pixels as in the paper, or (32, 32, C).
        classes: outputs of the softmax.

    Returns:
        A model of (N, *image_shape) images, not compiled.

    Raises:
        ValueError: another image shape.
    """
    layers = keras.layers
    images = keras.Input(image_shape)
    x = border_to_32(images)
    for filters in (6, 16):
        x = layers.Conv2D(filters, 5, activation="tanh")(x)
        x = layers.AveragePooling2D(2)(x)
    x = layers.Flatten()(x)
    for units in (120, 84):
        x = layers.Dense(units, activation="tanh")(x)
    outputs = layers.Dense(classes, activation="softmax")(x)
    return keras.Model(images, outputs, name="lenet5")
