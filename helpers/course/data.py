"""`course data`: list, fetch and verify the sets; rebuild the bundled samples."""

import hashlib
from collections.abc import Callable
from functools import wraps

import click

from helpers import paths
from helpers.course.surroundings import explain
from helpers.data.catalog import ChecksumError, DataSet, find_set, inspect, read_catalog
from helpers.data.fetching import FetchError
from helpers.data.fetching import fetch as fetch_set
from helpers.data.samples import compare_samples


def _clearly(command: Callable) -> Callable:
    """Turn the errors that name their cure into one line and exit status 1."""

    @wraps(command)
    def run(*args, **options):
        try:
            return command(*args, **options)
        except (ValueError, ChecksumError, FetchError) as error:
            raise click.ClickException(str(error)) from error
        except OSError as error:
            raise click.ClickException(explain(error) or str(error)) from error

    return run


@click.group()
def data() -> None:
    """List, fetch and verify the data sets."""


def _place(entry: DataSet) -> str:
    if entry.bundled:
        return "bundled"
    there = sum(file.path.exists() for file in entry.files)
    return {0: "not fetched", len(entry.files): "fetched"}.get(there, "in part")


@data.command("list")
def show_list() -> None:
    """Show every set: size, whether it is here, licence."""
    for name, entry in read_catalog().items():
        click.echo(f"{name:17} {entry.size / 1e6:7.1f} MB  {_place(entry):11}  {entry.title}")
        click.echo(f"{'':41}  licence: {entry.licence}")


@data.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("--mirrors", is_flag=True, help="Skip official addresses; ask the package mirrors only.")
@_clearly
def fetch(names: tuple[str, ...], mirrors: bool) -> None:
    """Fetch sets into the cache, checked byte by byte."""
    for name in names:
        fetch_set(name, say=click.echo, mirrors_only=mirrors)


@data.command()
@click.argument("names", nargs=-1, metavar="[NAME...]")
@_clearly
def verify(names: tuple[str, ...]) -> None:
    """Read every file of these sets, or of all that are here; exit status 1 where one is wrong or missing."""
    faults = 0
    for entry in map(find_set, names or read_catalog()):
        if not names and _place(entry) == "not fetched":
            click.echo(f"not fetched  {entry.name}")
            continue
        for file in entry.files:
            state = inspect(file)
            faults += state != "ok"
            click.echo(f"{state:11}  {file.path}" + ("" if state == "ok" else f"; run: {file.cure}"))
    if faults:
        raise click.ClickException(f"{faults} file{'s are' if faults > 1 else ' is'} wrong or missing")


@data.command()
@click.option("--write", is_flag=True, help="Replace the bundled files that differ.")
@_clearly
def rebuild(write: bool) -> None:
    """Make the bundled samples anew from the fetched sets and compare them with those in the repository."""
    differing = 0
    for name, content, state in compare_samples():
        click.echo(f"{state:9}  {name}")
        if state != "differs":
            continue
        differing += 1
        digest = hashlib.sha256(content).hexdigest()
        click.echo(f'           made anew: size = {len(content)}, sha256 = "{digest}"')
        if write:
            (paths.SAMPLES / name).write_bytes(content)
    if differing and write:
        click.echo(f"{differing} replaced; put the sizes and hashes above into data/catalog.toml")
    elif differing:
        raise click.ClickException(
            f"{differing} files differ; to replace them run: course data rebuild --write"
        )
