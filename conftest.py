"""Settings of pytest for the lessons, which nbval executes beside the tests."""

import os
import tempfile

import nbval.kernel
from jupyter_client.manager import KernelManager


class LocalKernelManager(KernelManager):
    """Talk to kernels over sockets in the file system: with the network cut there may be no loopback."""

    def __init__(self, **traits) -> None:
        self._sockets = tempfile.TemporaryDirectory(prefix="course-", ignore_cleanup_errors=True)
        super().__init__(
            transport="ipc", connection_file=os.path.join(self._sockets.name, "k.json"), **traits
        )


if os.name == "posix":
    nbval.kernel.KernelManager = LocalKernelManager
