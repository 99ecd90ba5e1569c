"""Use a Keras model as a scikit-learn classifier of images. Introduced in lesson 21.

Keras' own wrapper does not accept images and returns no probabilities.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from helpers.data import Split
from helpers.images.transforms import scale
from helpers.judging.predictions import predict
from helpers.training.loop import fit

if TYPE_CHECKING:
    import keras


class ImageClassifier(ClassifierMixin, BaseEstimator):
    """Classify images with a Keras model; each `fit` builds a new one and trains it with Adam.

    The loss is cross-entropy. Works where scikit-learn does not change the arrays, such as in
    `cross_val_score`, `GridSearchCV`, `VotingClassifier` and `CalibratedClassifierCV`.

    Args:
        build: function that returns an uncompiled model with one output for each class, logits or softmax.
            To search over its parameters, give several, such as `functools.partial(build_cnn, width=32)`.
        epochs: passes over the images; may be fractional.
        batch_size: images in one step.
        learning_rate: of Adam.
        prepare: function that turns uint8 images (N, H, W, C) into the inputs of the model.
        seed: of the initial weights, of dropout and of the order of the images; the same in every fold.

    Attributes:
        classes_: the classes that `fit` found in `y`, sorted.
        model_: the fitted Keras model.
    """

    def __init__(
        self,
        build: "Callable[[], keras.Model]",
        *,
        epochs: float = 1,
        batch_size: int = 128,
        learning_rate: float = 0.001,
        prepare: Callable[[np.ndarray], np.ndarray] = scale,
        seed: int = 0,
    ) -> None:
        self.build = build
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.prepare = prepare
        self.seed = seed

    def fit(self, X: np.ndarray, y: ArrayLike) -> Self:
        """Build a new model and fit it.

        Args:
            X: uint8 (N, height, width, channels).
            y: (N,) the class of each image, a number or a name.

        Raises:
            ValueError: images of another shape or type, or fewer classes in `y` than outputs of the model.
        """
        from helpers.backend import keras

        classes, labels = np.unique(y, return_inverse=True)
        split = Split(X, labels, tuple(map(str, classes)), "train", "y")
        keras.utils.set_random_seed(self.seed)
        model = self.build()
        if (outputs := model.output_shape[-1]) > len(classes):
            raise ValueError(
                f"the network has {outputs} outputs, but y holds {len(classes)} classes: "
                f"{', '.join(split.class_names)}; if this is a fold that lacks one, cut with StratifiedKFold"
            )
        training = fit(
            model,
            split,
            epochs=self.epochs,
            batch_size=self.batch_size,
            optimiser=keras.optimizers.Adam(self.learning_rate),
            prepare=self.prepare,
            seed=self.seed,
        )
        self.classes_, self.model_ = classes, training.model
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Return the probability of each class, (N, classes) float64 in the order of `classes_`."""
        check_is_fitted(self)
        return predict(self.model_, X, prepare=self.prepare)

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Return the most probable class of each image, (N,)."""
        best = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best]
