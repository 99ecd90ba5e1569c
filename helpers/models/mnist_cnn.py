"""Two networks for digits: the one that Table II of `alexnet-mnist` prints, and a small one that learns.

The text of that paper (V.A.3, VIII.A) claims residual connections, batch normalisation and dropout, which
its table does not have. Both functions can build with and without each. Introduced in lesson 11.
"""

from collections.abc import Sequence

from helpers.backend import keras

Shape = tuple[int, int, int]


def build_table_2_cnn(
    image_shape: Shape = (224, 224, 3),
    *,
    residual: bool = False,
    normalised: bool = False,
    dropout: float = 0.0,
    classes: int = 10,
) -> "keras.Model":
    """Return the network of Table II of `alexnet-mnist`, by default exactly.

    The table prints 25,689,600 parameters for its first dense layer; the 200,704 values before it and the 128
    units after it give 25,690,240, and the whole network 25,710,922. Padding, strides and activations are not
    printed: its shapes follow from zeros around every convolution and stride 1; ReLU is ours.

    Args:
        image_shape: (H, W, C); the paper enlarges all images to 224 x 224 in three colours.
        residual: add the input of each convolution to its output, by a 1 x 1 convolution without offsets that
            gives it as many channels; 96 and 2,048 parameters more. Where they go is not printed.
        normalised: normalise after each convolution (V.A.3); 384 parameters more, half of them trained.
        dropout: share of the flattened values that training drops; 0.5 is the paper's example, its place is
            not printed.
        classes: outputs of the softmax.

    Returns:
        A model of (N, *image_shape) images in 0..1, not compiled.
    """
    layers = keras.layers
    images = x = keras.Input(image_shape)
    for filters in (32, 64):
        before = x
        x = layers.Conv2D(filters, 3, padding="same")(x)
        if normalised:
            x = layers.BatchNormalization()(x)
        if residual:
            x = layers.Add()([x, layers.Conv2D(filters, 1, use_bias=False)(before)])
        x = layers.MaxPooling2D()(layers.Activation("relu")(x))
    x = layers.Flatten()(x)
    if dropout:
        x = layers.Dropout(dropout)(x)
    x = layers.Dense(128, activation="relu")(x)
    outputs = layers.Dense(classes, activation="softmax")(x)
    return keras.Model(images, outputs, name="table_2_cnn")


def build_mnist_cnn(
    image_shape: Shape = (28, 28, 1),
    *,
    widths: Sequence[int] = (32, 64, 80),
    residual: bool = True,
    normalised: bool = True,
    dropout: float = 0.2,
    classes: int = 10,
    precision: str = "float32",
) -> "keras.Model":
    """Return our small network for digits: stages of two 3 x 3 convolutions, and one dense layer.

    Pooling follows the first convolution of a stage, so that the second works on a quarter of the places. Of
    28 pixels as of 32, three stages leave 4 x 4 places.

    Args:
        image_shape: (28, 28, 1) for MNIST, (32, 32, 3) for MNIST-M.
        widths: kernels of the convolutions of each stage.
        residual: add the input of the second convolution of a stage to its output; no parameters, so that
            switching it off leaves their number as it is. Source: He et al., CVPR 2016.
        normalised: normalise after each convolution, in place of offsets. Source: Ioffe, Szegedy, ICML 2015.
        dropout: share of the values before the dense layer that training drops; 0 for none.
        classes: outputs of the softmax.
        precision: a Keras dtype policy; the outputs are float32.

    Returns:
        A model of (N, *image_shape) images in 0..1, not compiled; 182,698 parameters by default.
    """
    layers = keras.layers

    def convolve(x, width):
        return layers.Conv2D(
            width, 3, padding="same", use_bias=not normalised, kernel_initializer="he_normal", dtype=precision
        )(x)

    def normalise(x):
        return layers.BatchNormalization(momentum=0.9, dtype=precision)(x) if normalised else x

    def activate(x):
        return layers.Activation("relu", dtype=precision)(x)

    images = x = keras.Input(image_shape)
    for width in widths:
        # Pooling before the normalisation leaves it a quarter of the work.
        pooled = layers.MaxPooling2D(padding="same", dtype=precision)(convolve(x, width))
        x = before = activate(normalise(pooled))
        x = normalise(convolve(x, width))
        x = activate(layers.Add(dtype=precision)([x, before]) if residual else x)
    x = layers.Flatten(dtype=precision)(x)
    if dropout:
        x = layers.Dropout(dropout, dtype=precision)(x)
    outputs = layers.Dense(classes, activation="softmax", dtype="float32")(x)
    return keras.Model(images, outputs, name="mnist_cnn")
