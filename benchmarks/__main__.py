"""Run every benchmark of this folder in turn, each in a process of its own, so that none warms up another."""

import subprocess
import sys
from pathlib import Path

for path in sorted(Path(__file__).parent.glob("[!_]*.py")):
    subprocess.run([sys.executable, "-m", f"benchmarks.{path.stem}"], check=True)
