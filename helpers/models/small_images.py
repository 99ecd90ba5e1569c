"""Build VGG16, ResNet50, MobileNetV2 for images of 28 or 32 pixels: the baselines of Table 1 of `mnist-m`.

Their weights are random. All three halve the image five times, so that one position is left of 32 pixels,
and end in one dense layer. Introduced in lesson 13.
"""

from helpers.backend import keras

Shape = tuple[int, int, int]


def border_to_32(images):
    """Pad a tensor of images of 28 pixels with two zeros on every side; return one of 32 pixels unchanged.

    Raises:
        ValueError: images of another size.
    """
    side = images.shape[1]
    if tuple(images.shape[1:3]) not in {(28, 28), (32, 32)}:
        raise ValueError(f"images are {images.shape[1]}x{images.shape[2]}; the network takes 28x28 or 32x32")
    return images if side == 32 else keras.layers.ZeroPadding2D(2)(images)


def build_small_vgg16(image_shape: Shape = (32, 32, 3), *, classes: int = 10) -> "keras.Model":
    """Return the 13 convolutions of VGG16, each normalised, and one dense layer.

    Configuration D of Simonyan and Zisserman, *Very Deep Convolutional Networks* (arXiv:1409.1556, 2014).
    Two parts are ours: one dense layer instead of three, and batch normalisation after every convolution,
    so that all layers can start from random weights (the paper starts from a trained shallower network,
    section 3.1). In Table 3 of `de-nas` the 92.64 % belong to this network, but the 138 million parameters
    beside them to the ImageNet network; this one has 14,728,266 trained parameters.

    Args:
        image_shape: (28, 28, C), padded with zeros to 32 pixels, or (32, 32, C).
        classes: outputs of the softmax.

    Returns:
        A model of (N, *image_shape) images, not compiled.

    Raises:
        ValueError: another image shape.
    """
    layers = keras.layers
    images = keras.Input(image_shape)
    x = border_to_32(images)
    for filters, convolutions in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(convolutions):
            x = layers.Conv2D(filters, 3, padding="same", kernel_initializer="he_normal")(x)
            x = layers.Activation("relu")(layers.BatchNormalization(momentum=0.9)(x))
        x = layers.MaxPooling2D()(x)
    outputs = layers.Dense(classes, activation="softmax")(layers.Flatten()(x))
    return keras.Model(images, outputs, name="small_vgg16")


def build_small_resnet50(image_shape: Shape = (32, 32, 3), *, classes: int = 10) -> "keras.Model":
    """Return ResNet50 of `keras.applications`: He et al., *Deep Residual Learning*, CVPR 2016.

    Arguments, result and error as of `build_small_vgg16`.
    """
    return _adapt(keras.applications.ResNet50, image_shape, classes, "small_resnet50")


def build_small_mobilenet_v2(image_shape: Shape = (32, 32, 3), *, classes: int = 10) -> "keras.Model":
    """Return MobileNetV2 of `keras.applications`, of full width: Sandler et al., CVPR 2018.

    Arguments, result and error as of `build_small_vgg16`.
    """
    return _adapt(keras.applications.MobileNetV2, image_shape, classes, "small_mobilenet_v2")


def _adapt(build, image_shape: Shape, classes: int, name: str) -> "keras.Model":
    images = keras.Input(image_shape)
    base = build(weights=None, input_tensor=border_to_32(images), classes=classes)
    for layer in base.layers:
        # Keras gives MobileNetV2 a momentum of 0.999: after a few hundred steps the moving averages, which
        # prediction uses, still consist mostly of their initial values.
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.9
    return keras.Model(images, base.output, name=name)
