"""The networks of the course by name: year, source and size of images; what they cost is counted on request.

Not listed is `fast_cnn`, whose first kernels are measured on the training images. Introduced in lesson 10.
"""

import importlib
from typing import TYPE_CHECKING, Any, NamedTuple

from helpers.naming import suggest

if TYPE_CHECKING:
    import keras


class Architecture(NamedTuple):
    """A network that can be built by name.

    Attributes:
        name: in this registry.
        year: of its source; none where the source is this course or one of the papers it checks.
        source: where it is described.
        image_shape: (H, W, C) of the images it takes unless told otherwise.
        builder: module, of this package or of Keras, and function.
    """

    name: str
    year: int | None
    source: str
    image_shape: tuple[int, int, int]
    builder: str

    def build(self, **options: Any) -> "keras.Model":
        """Return the network with random weights, not compiled; `options` go to its function."""
        import helpers.backend  # noqa: F401  Keras first comes in here, without TensorFlow's messages

        module, _, function = self.builder.rpartition(".")
        if module == "keras.applications":
            options.setdefault("weights", None)
        else:
            module = f"helpers.models.{module}"
        return getattr(importlib.import_module(module), function)(**options)


_ROWS = (
    # Table I of alexnet-mnist; its Inception may be the first, which Keras does not have
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
    """Return one network of the registry, to `build()`.

    Raises:
        ValueError: no such network; the message names the nearest and all.
    """
    if name not in ARCHITECTURES:
        raise ValueError(f"unknown model {name!r}{suggest(name, ARCHITECTURES)}")
    return ARCHITECTURES[name]
