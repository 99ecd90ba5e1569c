"""Independent tasks on processes or a Dask cluster."""

from helpers.tasks.parallel import open_client, run_tasks, take_values
from helpers.tasks.sandbox import Sandbox
