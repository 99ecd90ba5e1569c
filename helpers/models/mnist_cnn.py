"""Build two networks for digits: that of Table II of `alexnet-mnist`, and a small one of this course.

The text of that paper (V.A.3, VIII.A) claims residual connections, batch normalisation and dropout, but its
table shows none of them. Both functions can build with or without each. Introduced in lesson 11.
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
    """Return the network of Table II of `alexnet-mnist`, by default without changes.

    The table prints 25,689,600 parameters for its first dense layer; computed from its 200,704 inputs and 128
    units they are 25,690,240, and 25,710,922 for the whole network. The paper gives no padding, strides or
    activations: zero padding and stride 1 reproduce its shapes; ReLU is our choice.

    Args:
        image_shape: (H, W, C); the paper enlarges all images to 224 x 224 in three colours.
        residual: add the input of each convolution to its output, through a 1 x 1 convolution without bias
            for equal channels; 96 and 2,048 parameters more. The paper does not say where to add.
        normalised: normalise after each convolution (V.A.3); 384 parameters more, half of them trained.
        dropout: share (0..1) of the flattened values dropped in training; 0.5 is the paper's example. The
            paper does not say in which place.
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

    Pooling follows the first convolution of a stage, so that the second computes a quarter of the positions.
    After three stages 4 x 4 positions are left, from 28 pixels and from 32.

    Args:
        image_shape: (28, 28, 1) for MNIST, (32, 32, 3) for MNIST-M.
        widths: number of kernels of each convolution, by stage.
        residual: add the input of the second convolution of a stage to its output; this has no parameters,
            so their number is the same without it. Source: He et al., CVPR 2016.
        normalised: normalise after each convolution, instead of a bias. Source: Ioffe, Szegedy, ICML 2015.
        dropout: share (0..1) of the values before the dense layer that are dropped in training.
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
        # Pooled before the normalisation, which then has a quarter of the work.
        pooled = layers.MaxPooling2D(padding="same", dtype=precision)(convolve(x, width))
        x = before = activate(normalise(pooled))
        x = normalise(convolve(x, width))
        x = activate(layers.Add(dtype=precision)([x, before]) if residual else x)
    x = layers.Flatten(dtype=precision)(x)
    if dropout:
        x = layers.Dropout(dropout, dtype=precision)(x)
    outputs = layers.Dense(classes, activation="softmax", dtype="float32")(x)
    return keras.Model(images, outputs, name="mnist_cnn")
