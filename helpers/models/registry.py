"""List the networks of the course by name, with year, source and size of images, and build them.

`fast_cnn` is not listed, because its first kernels are measured on the training images.
`helpers.judging.cost.list_models` counts what the networks cost. Introduced in lesson 10.
"""

import importlib
from typing import TYPE_CHECKING, Any, NamedTuple

from helpers.naming import suggest

if TYPE_CHECKING:
    import keras


class Architecture(NamedTuple):
    """Describe a network that can be built by name.

    Attributes:
        name: in this registry.
        year: of its source; None if the source is this course or one of the papers it checks.
        source: where it is described.
        image_shape: (H, W, C) of the images that it takes by default.
        builder: module (of `helpers.models`, or `keras.applications`) and function, joined by a dot.
    """

    name: str
    year: int | None
    source: str
    image_shape: tuple[int, int, int]
    builder: str

    def build(self, **options: Any) -> "keras.Model":
        """Return the network with random weights, not compiled; `options` are passed to its function."""
        import helpers.backend  # noqa: F401  imports Keras first, without TensorFlow's messages

        module, _, function = self.builder.rpartition(".")
        if module == "keras.applications":
            options.setdefault("weights", None)
        else:
            module = f"helpers.models.{module}"
        return getattr(importlib.import_module(module), function)(**options)


_ROWS = (
    # Table I of alexnet-mnist; its Inception may be version 1, which Keras does not have
    ("alexnet", 2012, "Krizhevsky, Sutskever, Hinton, NeurIPS", (224, 224, 3), "alexnet.build_alexnet"),
    ("vgg16", 2014, "Simonyan, Zisserman, arXiv:1409.1556", (224, 224, 3), "keras.applications.VGG16"),
    ("resnet50", 2015, "He et al., arXiv:1512.03385", (224, 224, 3), "keras.applications.ResNet50"),
    (
        "inception_v3",
        2015,
        "Szegedy et al., arXiv:1512.00567",
        (299, 299, 3),
        "keras.applications.InceptionV3",
    ),
    # small images
    ("lenet5", 1998, "LeCun et al., Proceedings of the IEEE 86", (28, 28, 1), "lenet.build_lenet5"),
    ("small_alexnet", 2012, "after alexnet", (32, 32, 3), "alexnet.build_small_alexnet"),
    ("small_vgg16", 2014, "after vgg16", (32, 32, 3), "small_images.build_small_vgg16"),
    ("small_resnet50", 2015, "as resnet50", (32, 32, 3), "small_images.build_small_resnet50"),
    (
        "small_mobilenet_v2",
        2018,
        "Sandler et al., arXiv:1801.04381",
        (32, 32, 3),
        "small_images.build_small_mobilenet_v2",
    ),
    # the papers of the course, and the course
    ("table_2_cnn", None, "alexnet-mnist, Table II", (224, 224, 3), "mnist_cnn.build_table_2_cnn"),
    ("report_cnn", None, "cifar10-report, 4.2", (32, 32, 3), "report_cnn.build_report_cnn"),
    ("mnist_cnn", None, "this course, lesson 11", (28, 28, 1), "mnist_cnn.build_mnist_cnn"),
)
ARCHITECTURES = {row[0]: Architecture(*row) for row in _ROWS}


def find_architecture(name: str) -> Architecture:
    """Return the entry of a network in the registry; its `build()` builds the network.

    Raises:
        ValueError: an unknown name; the message gives the nearest name and all names.
    """
    if name not in ARCHITECTURES:
        raise ValueError(f"unknown model {name!r}{suggest(name, ARCHITECTURES)}")
    return ARCHITECTURES[name]
