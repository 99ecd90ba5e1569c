import numpy as np
import pytest

from helpers.images.features import describe_gradients, measure_edges, trace_edges


@pytest.fixture
def step():
    """One 32x32 colour image, black on the left half and white on the right."""
    image = np.zeros((1, 32, 32, 3), np.uint8)
    image[:, :, 16:] = 255
    return image


@pytest.mark.parametrize("measure", [measure_edges, trace_edges])
def test_an_edge_stands_where_the_step_is(step, measure):
    edges = measure(step).reshape(32, 32)
    rows, columns = np.nonzero(edges > edges.max() / 2)
    assert set(columns) <= {15, 16}
    assert len(set(rows)) >= 30


@pytest.mark.parametrize("measure", [measure_edges, trace_edges, describe_gradients])
def test_a_flat_image_has_no_edges(measure):
    assert not measure(np.full((1, 32, 32, 3), 90, np.uint8)).any()


@pytest.mark.parametrize(("shape", "length"), [((2, 28, 28, 1), 1296), ((2, 32, 32, 3), 1764)])
def test_gradient_histograms_have_the_documented_length(shape, length):
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    described = describe_gradients(images)
    assert described.shape == (2, length)
    assert described.dtype == np.float32
    assert 0 <= described.min() < described.max() <= 1


def test_gradients_of_a_turned_step_lie_in_other_directions(step):
    upright, lying = (
        describe_gradients(image).reshape(-1, 9).sum(0) for image in (step, step.swapaxes(1, 2))
    )
    assert upright.argmax() != lying.argmax()


@pytest.mark.parametrize("measure", [measure_edges, trace_edges, describe_gradients])
def test_an_image_is_described_without_its_neighbours(measure):
    images = np.random.default_rng(0).integers(0, 256, (3, 28, 28, 1), dtype=np.uint8)
    alone = np.concatenate([measure(image[np.newaxis]) for image in images])
    np.testing.assert_array_equal(measure(images), alone)
