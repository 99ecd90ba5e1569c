"""Build AlexNet with one tower: whole, its convolutions trained on ImageNet, or a version for 32 pixels.

The layers are those of the bundled weights, torchvision's: the single-GPU network of Krizhevsky's
cuda-convnet2, which belongs to *One weird trick for parallelizing convolutional neural networks*
(arXiv:1404.5997, 2014). Its fourth convolution has 256 kernels, where a footnote of that paper has 384. The
network of 2012 (Krizhevsky, Sutskever, Hinton, NeurIPS) had 96, 256, 384, 384 and 256 kernels in two towers,
and local response normalisation, which is left out here. Introduced in lesson 10.
"""

import numpy as np

from helpers.backend import keras
from helpers.data.weights import load_alexnet_convolutions

# The ImageNet weights expect RGB in 0..1, standardised with these, and resized bilinearly.
IMAGENET_MEAN = np.array([0.485, 0.456, 0.406])
IMAGENET_DEVIATION = np.array([0.229, 0.224, 0.225])

SMALLEST = 31  # side in pixels of the smallest images that the convolutions can take


def _extract(images, *, first_size: int, first_stride: int, precision: str):
    """Apply the five convolutions, each with ReLU, and the poolings of 3 pixels with stride 2."""
    layers = keras.layers

    def convolve(x, filters, size, name, stride=1, padding="same"):
        return layers.Conv2D(
            filters,
            size,
            stride,
            padding,
            activation="relu",
            kernel_initializer="he_normal",
            name=name,
            dtype=precision,
        )(x)

    def pool(x, name):
        # From the smallest images less than three pixels are left here, too few to pool.
        fits = min(x.shape[1:3]) >= 3
        return layers.MaxPooling2D(3, 2, name=name, dtype=precision)(x) if fits else x

    # Padded here, since with a stride above 1 "same" would not pad all sides equally.
    x = layers.ZeroPadding2D(2, name="border", dtype=precision)(images)
    x = convolve(x, 64, first_size, "conv1", first_stride, "valid")
    x = convolve(pool(x, "pool1"), 192, 5, "conv2")
    x = convolve(pool(x, "pool2"), 384, 3, "conv3")
    x = convolve(convolve(x, 256, 3, "conv4"), 256, 3, "conv5")
    return pool(x, "pool5")


def _open_images(size: int):
    if size < SMALLEST:
        raise ValueError(f"AlexNet leaves nothing of images of {size} pixels; give at least {SMALLEST}")
    return keras.Input((size, size, 3), name="images")


def build_alexnet(classes: int = 1000) -> "keras.Model":
    """Return the whole network for images of 224 pixels, with its dense layers and a dropout of 0.5.

    Its 8 layers with weights are those that Table I of `alexnet-mnist` counts. For larger images
    torchvision averages the last maps down to 6 x 6; at 224 pixels they already are 6 x 6.

    Args:
        classes: outputs of the softmax.

    Returns:
        A model of standardised (N, 224, 224, 3) images, not compiled, with random weights; 61,100,840
        parameters for 1000 classes. Trained weights exist for the convolutions: `build_alexnet_features`.
    """
    layers = keras.layers
    images = _open_images(224)
    x = layers.Flatten()(_extract(images, first_size=11, first_stride=4, precision="float32"))
    for name in ("dense6", "dense7"):
        x = layers.Dropout(0.5)(x)
        x = layers.Dense(4096, activation="relu", name=name)(x)
    outputs = layers.Dense(classes, activation="softmax", name="dense8")(x)
    return keras.Model(images, outputs, name="alexnet")


def build_alexnet_features(
    size: int = 224, *, pretrained: bool = True, precision: str = "float32"
) -> "keras.Model":
    """Return AlexNet's convolutions and poolings, by default with the weights trained on ImageNet.

    The weights expect RGB images that `helpers.images.transforms.standardise` prepared with `IMAGENET_MEAN`
    and `IMAGENET_DEVIATION`, and objects as large as in photos of 224 pixels: enlarge small images bilinearly
    (`keras.layers.Resizing`), since at 32 pixels a first kernel covers a third of the image's side. All
    weights are trainable; set `trainable` to False to freeze them.

    Args:
        size: of the square images in pixels, at least 31; below 63 `pool5` has nothing to pool and is left
            out.
        pretrained: False gives random weights (He et al., 2015), to compare the ImageNet weights with.
        precision: a Keras dtype policy.

    Returns:
        A model of (N, size, size, 3) images, not compiled: 2,469,696 parameters; features (N, 6, 6, 256) for
        224 pixels, (N, 3, 3, 256) for 128, (N, 1, 1, 256) for 64 and for 32. Its layers `conv1` to `conv5`
        give the activations after ReLU; `pool1`, `pool2` and `pool5` give them pooled.

    Raises:
        ValueError: `size` below 31.
        ChecksumError: the file of the weights is damaged.
    """
    images = _open_images(size)
    features = _extract(images, first_size=11, first_stride=4, precision=precision)
    model = keras.Model(images, features, name="alexnet_features")
    if pretrained:
        weights = load_alexnet_convolutions()
        for name in ("conv1", "conv2", "conv3", "conv4", "conv5"):
            model.get_layer(name).set_weights([weights[f"{name}_kernel"], weights[f"{name}_bias"]])
    return model


def build_small_alexnet(classes: int = 10, *, precision: str = "float32") -> "keras.Model":
    """Return AlexNet for images of 32 pixels, to be trained from scratch.

    The widths, the last four convolutions and the poolings are AlexNet's. Two parts are ours. The first
    kernel is 5 x 5 with stride 2, not 11 x 11 with stride 4: maps have 16, 7 and 3 pixels; AlexNet's have 55,
    27 and 13. One dense layer after dropout 0.5 replaces three, which hold 58.6 of AlexNet's 61.1 million
    parameters.

    Args:
        classes: outputs of the softmax.
        precision: a Keras dtype policy; the outputs are float32.

    Returns:
        A model of standardised (N, 32, 32, 3) images, not compiled; 2,453,834 parameters for 10 classes.
    """
    layers = keras.layers
    images = _open_images(32)
    x = _extract(images, first_size=5, first_stride=2, precision=precision)
    x = layers.Dropout(0.5, dtype=precision)(layers.Flatten(dtype=precision)(x))
    outputs = layers.Dense(classes, activation="softmax", dtype="float32")(x)
    return keras.Model(images, outputs, name="small_alexnet")
