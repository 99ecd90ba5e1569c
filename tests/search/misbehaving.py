"""A function that a search judges candidates with, in a file of its own.

The process of a sandbox imports the file that its function is from; this one needs no package, and each of
the processes that end on its account is there in a fraction of a second.
"""

import math
import os
import time
from pathlib import Path


def misbehave(genome: str, folder: Path) -> dict:
    kind = genome.split()[0]
    with open(folder / "started", "a") as file:
        file.write(f"{genome}\n")
    if genome == "b a a a":
        return {"error": math.nan}
    if genome == "b a a b":
        ballast = b"x" * (400 << 20)
        time.sleep(60)
        del ballast
    if genome == "b a a c":
        time.sleep(60)
    if genome == "b a b b" and (folder / "started").read_text().splitlines().count(genome) == 1:
        os.kill(os.getpid(), 9)
    if kind == "c":
        os.kill(os.getpid(), 9)
    return {"error": 0.25}
