"""An environment of their own for the tests, and worker processes, where this machine can have any."""

import os
import socket

import pytest

from helpers.provenance import leave_out_git
from helpers.tasks.parallel import open_client

# What a git hook or a running lesson has set would lead the tests, and every process that they start, into
# another repository or another run. Pytest reads this file before it runs a test.
_OF_A_RUN = ("COURSE_RUN_DIR", "COURSE_STATE_DIR", "COURSE_WORKERS", "COURSE_SCHEDULER")
for name in {*(os.environ.keys() - leave_out_git(os.environ).keys()), *_OF_A_RUN}:
    os.environ.pop(name, None)


@pytest.fixture(scope="session")
def loopback():
    """Skip the test where worker processes cannot talk: the interface 127.0.0.1 is down."""
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            socket.create_connection(server.getsockname(), timeout=1).close()
    except OSError:
        pytest.skip("worker processes need the interface 127.0.0.1, which is down here")


@pytest.fixture(scope="session")
def client(loopback):
    """Two worker processes for all tests of this process: to start them takes seconds."""
    with open_client(2) as client:
        yield client
