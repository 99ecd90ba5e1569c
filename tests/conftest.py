"""Worker processes for the tests, and whether this machine can have any."""

import socket

import pytest

from helpers.parallel import open_client


@pytest.fixture(scope="session")
def loopback():
    """Skip the test where worker processes cannot talk: the interface 127.0.0.1 is down."""
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            socket.create_connection(server.getsockname(), timeout=1).close()
    except OSError:
        pytest.skip("worker processes need the interface 127.0.0.1, which is down here")


@pytest.fixture(scope="module")
def client(loopback):
    with open_client(2) as client:
        yield client
