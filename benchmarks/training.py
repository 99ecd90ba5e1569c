"""Images trained on a second: our `fit`, plain `Model.fit`, the report's generator, and PyTorch.

The same network for all, the tuned one of `cifar10-report` section 4.3, RMSprop, batches of 64, float32, on
the 5,000 bundled CIFAR-10 images. The first epoch of each, which compiles, is not counted; what a call takes
before and after its steps is. PyTorch takes part where it is installed; the course does not need it.
"""

import importlib.util
import subprocess
import sys

from benchmarks._rate import ROUND, Train, measure
from benchmarks._report import BATCH, augment, build_compiled, make_generator
from helpers.data import Split, load
from helpers.images.transforms import scale
from helpers.models.report_cnn import build_report_cnn
from helpers.training.loop import fit


def train_with_helpers(train: Split, augmented: bool) -> Train:
    model = build_report_cnn()
    model.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
    change = augment if augmented else None
    return lambda epochs: fit(model, train, epochs=epochs, batch_size=BATCH, augment=change)


def train_with_keras(train: Split) -> Train:
    model, images = build_compiled(), scale(train.images)
    return lambda epochs: model.fit(images, train.labels, batch_size=BATCH, epochs=epochs, verbose=0)


def train_with_generator(train: Split) -> Train:
    model, images = build_compiled(), scale(train.images)
    flow = make_generator().flow(images, train.labels, batch_size=BATCH, seed=0)
    return lambda epochs: model.fit(flow, epochs=epochs, verbose=0)


def measure_torch() -> float:
    """Return the rate of PyTorch, from a process of its own: two compilers in one process do not agree."""
    command = [sys.executable, "-m", "benchmarks._torch"]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


if __name__ == "__main__":
    train = load("cifar10-sample", validation=0).train
    contenders = {
        "helpers.training.loop.fit": train_with_helpers(train, augmented=False),
        "Model.fit on arrays": train_with_keras(train),
        "helpers.training.loop.fit, augmented": train_with_helpers(train, augmented=True),
        "Model.fit, ImageDataGenerator": train_with_generator(train),
    }
    rates = {name: measure(contender, len(train)) for name, contender in contenders.items()}
    if importlib.util.find_spec("torch"):
        rates["PyTorch"] = measure_torch()
    print(f"training the report's network, one call of {ROUND} epochs")
    for name, rate in rates.items():
        print(f"  {name:30} {rate:7,.0f} images/s   {rate / rates['Model.fit on arrays']:4.2f} of Model.fit")
    if "PyTorch" not in rates:
        print("  PyTorch is not installed")
