"""A set of two files, `letters`, that the tests of fetching use."""

import hashlib
from pathlib import Path

LETTERS = {"a.bin": b"alpha" * 100, "deep/b.bin": b"beta" * 100}


def write_catalogue(folder: Path, sources: list[str]) -> None:
    rows = [
        f'{{ path = "{name}", size = {len(content)}, sha256 = "{hashlib.sha256(content).hexdigest()}" }},'
        for name, content in LETTERS.items()
    ]
    words = 'title = "two letters"\nlicence = "none"\ncitation = "none"\nhomepage = "none"'
    text = f"[letters]\n{words}\nsources = {sources!r}\nfiles = [\n" + "\n".join(rows) + "\n]\n"
    (folder / "catalog.toml").write_text(text, encoding="utf-8")
