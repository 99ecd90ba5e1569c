"""Images a second of anything that trains."""

import time
from collections.abc import Callable

ROUND = 3  # epochs that are timed together

Train = Callable[[int], object]


def measure(train: Train, images: int) -> float:
    """Return images a second over one call of `ROUND` epochs, after one epoch that warms up."""
    train(1)
    start = time.perf_counter()
    train(ROUND)
    return ROUND * images / (time.perf_counter() - start)
