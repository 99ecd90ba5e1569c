"""The command `course`. Each subcommand imports what it needs, so that `course --help` is quick."""

import sys
from pathlib import Path
from typing import Any

import click

from helpers.course.lessons import CourseError, find_lesson, find_lessons, read_full_runs


class _Commands(click.Group):
    """Report a wrong request, or what the surroundings do wrong, in one line, with exit status 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CourseError as error:
            click.echo(error, err=True)
            ctx.exit(2)
        except OSError as error:
            from helpers.course.surroundings import explain

            line = explain(error, ctx.invoked_subcommand or "")
            if not line:
                raise
            click.echo(line, err=True)
            ctx.exit(2)


class _DataCommands(click.Group):
    """The commands of `helpers.course.data`, imported when one is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        from helpers.course.data import data

        return data.list_commands(ctx)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        from helpers.course.data import data

        return data.get_command(ctx, name)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Run the lessons of the course, build its site, fetch its data."""


main.add_command(_DataCommands("data", help="List, fetch and verify the data sets."))


@main.command()
@click.argument("lessons", nargs=-1, metavar="[LESSON]...")
@click.option(
    "--full",
    is_flag=True,
    help="All the data, at the scale of the paper: the parameters of full.yaml.",
)
@click.option(
    "-p",
    "assignments",
    multiple=True,
    metavar="NAME=VALUE",
    help="Set a parameter of the one lesson named.",
)
@click.option(
    "--time-limit",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="For each lesson.",
)
@click.option("--force", is_flag=True, help="Run also lessons that are up to date; begin full runs anew.")
@click.option(
    "--keep-state",
    is_flag=True,
    help="With --full: continue an interrupted run, although code or settings have changed since.",
)
@click.option(
    "--changed",
    is_flag=True,
    help="Leave out lessons whose stored outputs are of the present state, by notebooks/lessons.lock.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    metavar="NUMBER",
    help="Lessons side by side; by default one a core, as memory allows, and full runs one by one.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    metavar="NUMBER",
    help="Processes for the tasks of a lesson that can run side by side.",
)
@click.option("--scheduler", metavar="ADDRESS", help="A Dask cluster for them, as tcp://scheduler:8786.")
def run(
    lessons: tuple[str, ...],
    full: bool,
    assignments: tuple[str, ...],
    time_limit: float | None,
    force: bool,
    keep_state: bool,
    changed: bool,
    jobs: int | None,
    workers: int | None,
    scheduler: str | None,
) -> None:
    """Run the lessons named by number, name or notebook, or all; leave out those that are up to date.

    A lesson runs again when its code cells, the helpers it imports, its parameters, its data, its bands, or
    the versions of Python and of packages changed. After an interruption give the same command again: lessons
    that passed do not run again, and a full run continues from its checkpoints. Executed notebooks go to
    reports/runs, the results of full runs to reports/results.
    """
    from helpers.course.progress import open_console
    from helpers.course.runner import Request, run_request

    profile = "full" if full else "custom" if assignments else "default"
    if assignments and (full or len(lessons) != 1):
        raise CourseError("-p sets parameters of exactly one lesson, in a run that is not --full")
    if changed and (profile != "default" or force):
        raise CourseError("--changed is for the default run; leave out --full, -p and --force")
    if keep_state and (not full or force):
        raise CourseError("--keep-state is for --full, and not with --force, which forgets the state")
    parameters = _read_assignments(assignments)
    request = Request(
        list(lessons), profile, parameters, time_limit, force, changed, jobs, workers, scheduler, keep_state
    )
    sys.exit(run_request(request, open_console()))


def _read_assignments(assignments: tuple[str, ...]) -> dict[str, Any]:
    import yaml

    values = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        try:
            if not equals:
                raise CourseError(f"-p {assignment}: write it NAME=VALUE")
            values[name] = yaml.safe_load(text)
        except yaml.YAMLError:
            raise CourseError(f"-p {assignment}: the value is no YAML") from None
    return values


@main.command()
@click.argument("lessons", nargs=-1, required=True, metavar="LESSON...")
def store(lessons: tuple[str, ...]) -> None:
    """Put the outputs of the last default run into the notebooks, clean, for a commit."""
    from helpers.course.store import store as store_outputs

    for lesson in [find_lesson(name) for name in lessons]:
        store_outputs(lesson)
        click.echo(f"stored the outputs of notebooks/{lesson.path.name}")


@main.command()
def site() -> None:
    """Build the site from fresh runs, and from stored outputs where they are fresh; execute nothing."""
    from helpers.course.site import build

    click.echo(f"the site is at {build() / 'index.html'}")


@main.command()
@click.argument("lesson")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Where to; reports/export otherwise.")
def export(lesson: str, output: Path | None) -> None:
    """Write one lesson as a single HTML file that needs nothing else."""
    from helpers.course.export import export as export_lesson

    click.echo(export_lesson(lesson, output))


@main.command()
def records() -> None:
    """List the recorded full runs: their commits, and what has changed since."""
    from helpers.course.progress import open_console
    from helpers.course.records import print_records

    print_records(open_console())


@main.command()
@click.argument("claim", required=False, metavar="[CLAIM]")
@click.option(
    "--check", "checks", is_flag=True, help="Say what is wrong with it; exit with 1 if anything is."
)
@click.option(
    "--store", "stores", is_flag=True, help="Write the rows to reports/ledger, for lessons and site."
)
def ledger(claim: str | None, checks: bool, stores: bool) -> None:
    """Compute what we found about the papers' claims: all in numbers, or one claim, by its id, in full."""
    from helpers.course import ledger as rows
    from helpers.course.progress import open_console

    if (claim is not None) + checks + stores > 1:
        raise CourseError("the id of a claim, --check and --store are for one call each")
    console = open_console()
    if checks:
        sys.exit(1 if rows.print_problems(console) else 0)
    elif stores:
        rows.store_rows(console)
    elif claim:
        rows.print_claim(console, claim)
    else:
        rows.print_summary(console)


@main.command()
def check() -> None:
    """Tell what this machine has, and which lessons can run on it and for how long."""
    from helpers.course.machine import print_report
    from helpers.course.progress import open_console

    full_runs = read_full_runs()
    lessons = [(lesson, full_runs.get(lesson.slug)) for lesson in find_lessons()]
    sys.exit(0 if print_report(open_console(), lessons) else 1)
