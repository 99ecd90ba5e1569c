"""Build the site, `reports/html`, from the executed lessons.

Sphinx with MyST-NB does the work; `reports/site/` holds its settings, texts, templates and style. Here the
lessons are laid out beside these, in the folders that they have in the repository, so that their links hold.
"""

import hashlib
import json
import mimetypes
import os
import re
import shutil
import subprocess
import sys
import tempfile
from binascii import a2b_base64
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import nbformat
from bs4 import BeautifulSoup
from markdown_it import MarkdownIt

from helpers import paths
from helpers.course.claim_pages import stage_pages
from helpers.course.freshness import read_python
from helpers.course.lessons import CourseError, Lesson, Run, find_lessons, find_runs, reading
from helpers.course.lock import Fresh, find_fresh
from helpers.course.store import clean_notebook, join_outputs
from helpers.provenance import list_commits, sum_seconds
from helpers.results import Result, read_record

SITE = Path(__file__).resolve().parents[2] / "reports" / "site"
TIERS = {
    "0": "The images",
    "1": "The networks",
    "2": "Choosing",
    "3": "Searching",
    "4": "Trusting and using",
    "9": "The report",
}
CLAIMS = """
What we found about each claim of the five papers stands in [the list of all claims](claims.md), with the rule
that decides it and the command that computes it again. There is also a report on each paper.
"""
KINDS = {"markdown": "text cell", "code": "code cell", "raw": "raw cell"}
LONGEST_PLAIN_TEXT = 24  # characters; a column of longer texts is wide, and wraps
LONGEST_PLAIN_CELL = 12  # lines; longer code can be folded, and is at first where it only draws


def build(output: Path | None = None) -> Path:
    """Build the site into a folder, `reports/html` by default, and return the folder.

    The folder is replaced as a whole at the end, so that a build that fails leaves the old site.

    Raises:
        CourseError: there are no lessons, or Sphinx warned of something; its words are in the message.
    """
    output = Path(output or paths.HTML).resolve()
    lessons = find_lessons()
    if not lessons:
        raise CourseError(f"no lesson such as 01_look_at_the_data.ipynb in {paths.NOTEBOOKS}; add one")
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=".site-") as name:
        work = Path(name)
        stage(work / "source", lessons)
        run_sphinx(work / "source", work / "html")
        if output.exists():
            output.rename(work / "old")
        (work / "html").rename(output)
    return output


def run_sphinx(source: Path, output: Path, *options: str) -> None:
    """Build what is laid out in a folder.

    Raises:
        CourseError: Sphinx warned of something; its words are in the message.
    """
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-q", "-W", "--keep-going", *options]
    command += ["-d", str(output.with_name("doctrees")), str(source), str(output)]
    environment = {**os.environ, "NO_COLOR": "1", "PYTHONUTF8": "1"}
    done = subprocess.run(command, capture_output=True, encoding="utf-8", env=environment, check=False)
    if done.returncode:
        problems = done.stderr.replace(f"{source}{os.sep}", "").strip()
        raise CourseError(f"the site was not built:\n{problems}")


def stage(folder: Path, lessons: Sequence[Lesson], others: bool = True) -> None:
    """Lay out in a new folder all that Sphinx reads: the site's own files, lessons, claims and data cards.

    Args:
        folder: the new folder.
        lessons: the lessons.
        others: whether the pages besides the lessons are wanted: of the claims, and the data cards.

    Raises:
        CourseError: a picture that a lesson or a data card shows is not there.
    """
    shutil.copytree(SITE, folder, ignore=shutil.ignore_patterns("__pycache__", "papers"))
    pages = [describe_lesson(lesson) for lesson in lessons]  # from runs and stored outputs, executing nothing
    alternatives: dict[str, str] = {}
    tiers: dict[str, list[str]] = {}
    missing: list[str] = []
    for lesson, page in zip(lessons, pages, strict=True):
        alternatives |= _stage_lesson(lesson, page, folder, missing)
        tiers.setdefault(TIERS.get(page.number[0], "More"), []).append(page.name)
    context = {
        "lessons": {page.name: asdict(page) for page in pages},
        "tiers": tiers,
        "alternatives": alternatives,
    }
    _write(folder / "course.json", json.dumps(context, default=str))
    by_slug = {
        lesson.slug: (page.name, f"{page.number} {page.title}")
        for lesson, page in zip(lessons, pages, strict=True)
    }
    claims = stage_pages(folder, by_slug) if others else []
    contents = tiers | ({"The claims": claims} if claims else {})
    contents |= _stage_cards(folder, missing) if others else {}
    with open(folder / "index.md", "a", encoding="utf-8") as index:
        if claims:
            index.write(CLAIMS)
        for title, names in contents.items():
            lines = ["", "```{toctree}", ":hidden:", f":caption: {title}", "", *names, "```", ""]
            index.write("\n".join(lines))
    if missing:
        raise CourseError("\n".join(missing))


def _stage_lesson(lesson: Lesson, page: "Page", folder: Path, missing: list[str]) -> dict[str, str]:
    """Put a lesson in place; return the alternative texts of its figures, and note missing pictures."""
    with reading(page.source, "notebook"):
        notebook = clean_notebook(nbformat.read(page.source, as_version=4))
    if page.fresh and page.source != lesson.path:  # of a run, with the present prose
        present = nbformat.read(lesson.path, as_version=4)
        join_outputs(present, notebook)
        notebook = present
    # Papermill's and the runner's notes would be read as settings of the page.
    notebook.metadata = {"language_info": {"name": "python", "pygments_lexer": "ipython3"}}
    counts = {"markdown": 0, "code": 0, "raw": 0}
    for cell in notebook.cells:
        counts[cell.cell_type] += 1
        where = f"lesson {lesson.number}: {KINDS[cell.cell_type]} {counts[cell.cell_type]}"
        if cell.cell_type == "markdown":
            _place_attachments(cell, folder / "notebooks")
            first = " ".join(cell.source.split()[:6])
            missing += _copy_files(cell.source, f'{where} ("{first}")', lesson.path.parent, folder)
        tags = cell.metadata.get("tags", [])
        if len(cell.source.splitlines()) > LONGEST_PLAIN_CELL and "parameters" not in tags:
            draws = re.search(r"^\s*show\(", cell.source, re.MULTILINE)
            cell.metadata["tags"] = [*tags, "hide-input", *([] if draws else ["unfolded"])]
            name = f"the code of cell {counts['code']}"  # as in the lines about errors
            cell.metadata["mystnb"] = {"code_prompt_show": f"Show {name}", "code_prompt_hide": f"Hide {name}"}
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            for kind in data.keys() & {"text/html", "text/markdown"}:
                out = f"{where}, its output"
                missing += _copy_files(data[kind], out, lesson.path.parent, folder, kind == "text/html")
            if 'class="dataframe"' in data.get("text/html", ""):
                data["text/html"] = mark_columns(data["text/html"])
    _write(folder / f"{page.name}.ipynb", nbformat.writes(notebook))
    _write(folder / "extra" / f"{page.name}.ipynb", lesson.path.read_text(encoding="utf-8"))
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return dict(_find_alternatives(outputs))


def mark_columns(html: str) -> str:
    """Mark the cells of the columns of text in a table of Pandas, so that the style can let them wrap.

    Pandas sets every column to the right, as suits numbers. Cells of text get the class `text`, and `long`
    too where a cell of the column holds more than fits beside others. Names may break after an underscore.
    """
    page = BeautifulSoup(html, "html.parser")
    for table in page.select("table.dataframe"):
        body = [row.find_all(["th", "td"]) for row in table.select("tbody tr")]
        heads = [row.find_all("th") for row in table.select("thead tr") if not row.select("[colspan]")]
        # From the right: an index of several levels leaves out cells on the left.
        for place in range(1, max(map(len, body), default=0) + 1):
            texts = [row[-place].get_text(strip=True) for row in body if len(row) >= place]
            filled = [text for text in texts if text]
            if 2 * sum(_is_number(text) for text in filled) >= len(filled):
                continue
            kinds = ["text", "long"] if max(map(len, filled)) > LONGEST_PLAIN_TEXT else ["text"]
            for row in [*heads, *body]:
                if len(row) >= place:
                    row[-place]["class"] = kinds
        for head in table.select("thead th"):
            if head.string and "_" in head.string:
                parts = head.string.split("_")
                head.string = parts[0]
                for part in parts[1:]:
                    head.append("_")
                    head.append(page.new_tag("wbr"))
                    head.append(part)
    return str(page)


def _is_number(text: str) -> bool:
    """Whether a reader sees a number: with a sign, a power, per cent or a short unit, or none measured."""
    number = r"[+\-\u2212]?(\d[\d,]*\.?\d*|\.\d+|inf)(e[+-]?\d+)?(\s?(%|[A-Za-z/]{1,8}))?"
    return text in ("NaN", "None", "-", "\N{EN DASH}") or re.fullmatch(number, text) is not None


def _stage_cards(folder: Path, missing: list[str]) -> dict[str, list[str]]:
    """Put the data cards in place; return their part of the table of contents, if there are any."""
    cards = paths.DATA / "README.md"
    if not cards.exists():
        return {}
    text = cards.read_text(encoding="utf-8")
    missing += _copy_files(text, "data/README.md", paths.DATA, folder)
    _write(folder / "data" / "README.md", text)
    return {"Reference": ["data/README"]}


def _find_alternatives(outputs: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield the SHA-256 of each figure, by which MyST-NB names its file, with its alternative text."""
    for output in outputs:
        if "image/png" in output.get("data", {}):
            content = a2b_base64(output["data"]["image/png"])
            about = output.get("metadata", {}).get("image/png", {})
            yield (
                hashlib.sha256(content).hexdigest(),
                about.get("alt") or "A figure without a description.",
            )


def _place_attachments(cell: nbformat.NotebookNode, folder: Path) -> None:
    """Put the pictures pasted into a cell beside the page, and let the text of the cell name these files."""
    for name, bundle in sorted(cell.pop("attachments", {}).items(), key=lambda item: -len(item[0])):
        for kind, text in bundle.items():
            content = text.encode() if text.lstrip().startswith("<") else a2b_base64(text)
            file = f"pasted-{hashlib.sha256(content).hexdigest()[:16]}{mimetypes.guess_extension(kind) or ''}"
            _put(content, Path(folder.name, file), folder.parent)
            for form in (quote(name), name):
                cell.source = cell.source.replace(f"attachment:{form}", file)


def _copy_files(text: str, where: str, origin: Path, folder: Path, html: bool = False) -> Iterator[str]:
    """Copy the files other than pages that a text shows or links to, so that its pictures and links work.

    Args:
        text: Markdown, or HTML.
        where: the cell or file of the text, for the lines.
        origin: the folder in the repository that the text is read in.
        folder: the one where Sphinx finds the site laid out.
        html: whether the text is HTML.

    Yields:
        A line about each picture of the text that is no file in the repository.
    """
    root = paths.NOTEBOOKS.parent.resolve()
    pasted = {path.name for path in (folder / origin.name).glob("pasted-*")}
    for target, is_picture in _list_html_targets(text) if html else _list_targets(text):
        name = unquote(target if is_picture else target.partition("#")[0])
        path = origin / name
        inside = path.resolve().is_relative_to(root) and not Path(name).is_absolute()
        if inside and path.is_file():
            if path.suffix not in (".ipynb", ".md"):
                # Under the name that the text says: the file may be a link to one of another name.
                _put(path.read_bytes(), Path(os.path.normpath(Path(origin.name, name))), folder)
        elif is_picture and name not in pasted:
            cure = "put the file there, or name the right one"
            yield f'{where} shows the picture "{name}", which is no file in the repository; {cure}'


def _list_targets(markdown: str) -> Iterator[tuple[str, bool]]:
    """Yield what a text shows or links to, but not on the web or embedded, and whether it is a picture."""
    tokens = MarkdownIt("commonmark").parse(markdown)
    for token in [inner for outer in tokens for inner in (outer, *(outer.children or []))]:
        if token.type in ("html_inline", "html_block"):
            yield from _list_html_targets(token.content)
        elif token.type in ("image", "link_open"):
            target = token.attrs["src" if token.type == "image" else "href"]
            if not is_elsewhere(target):
                yield target, token.type == "image"


def _list_html_targets(html: str) -> Iterator[tuple[str, bool]]:
    for tag in BeautifulSoup(html, "html.parser").select("img[src], a[href]"):
        target = tag["src" if tag.name == "img" else "href"]
        if not is_elsewhere(target):
            yield target, tag.name == "img"


def is_elsewhere(address: str) -> bool:
    """Whether an address is on the web, or holds its content itself, rather than naming a file."""
    return re.match(r"(https?:|data:|mailto:|//)", address.strip(), re.IGNORECASE) is not None


def _put(content: bytes, place: Path, folder: Path) -> None:
    """Write a file where Sphinx finds it, and once more beside the built pages, where plain HTML looks."""
    for base in (folder, folder / "extra"):
        (base / place).parent.mkdir(parents=True, exist_ok=True)
        (base / place).write_bytes(content)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@dataclass(frozen=True)
class Page:
    """A lesson as the site shows it; all texts are ready to be read.

    Attributes:
        name: of the page, such as `notebooks/01_look_at_the_data`.
        source: the notebook whose outputs are shown.
        fresh: whether these outputs are of the present code, helpers, data, bands and versions.
        status: of the newest run, `passed`, `failed` or `interrupted`; `stored` where there has been none.
        note: what a reader must know of the outputs, if anything.
        error: cell and first line of the newest run's error, if it failed.
        here: when the run shown was made, and how long it took.
        full: the same of the recorded full run.
        headline: names and values of the numbers that stand for the lesson, here and of the full run.
        run: how the run shown was made, as labelled lines.
        origin: when, on what and from which commits the recorded full run was made.
    """

    name: str
    number: str
    title: str
    summary: str
    paper: str
    source: Path
    fresh: bool
    status: str
    note: str
    error: str
    here: dict[str, str] | None
    full: dict[str, str] | None
    headline: list[dict[str, str]]
    run: list[tuple[str, list[str]]]
    origin: str


def describe_lesson(lesson: Lesson) -> Page:
    """Gather what the site says of a lesson: from its notebook, its runs here and its recorded full run."""
    runs = [run for run in find_runs(lesson) if run.status != "running"]
    passed = next((run for run in runs if run.status == "passed"), None)
    failed = runs[0] if runs and runs[0] is not passed else None
    try:
        fresh, reason = find_fresh(lesson)
    except CourseError as error:
        fresh, reason = None, str(error)
    if fresh:  # a run here, or None for the stored outputs
        passed, failed = fresh.run, None
    live = Result(values=fresh.values) if fresh else read_record(passed.record) if passed else Result()
    recorded = paths.RESULTS / f"{lesson.slug}.json"
    with reading(recorded, "recorded result"):
        full = Result(**json.loads(recorded.read_text(encoding="utf-8"))) if recorded.exists() else Result()
    return Page(
        name=f"notebooks/{lesson.stem}",
        number=lesson.number,
        title=lesson.title,
        summary=lesson.about.get("summary", ""),
        paper=lesson.about.get("paper", ""),
        source=passed.notebook if passed else lesson.path,
        fresh=fresh is not None,
        status="stored" if fresh and not passed else runs[0].status if runs else "stored",
        note="" if fresh else _explain(passed, failed, reason),
        error=describe_error(failed.manifest) if failed else "",
        here=_describe_time(passed.manifest) if passed else None,
        full=_describe_time(full.manifest) if full.manifest else None,
        headline=[
            {"name": name.replace("_", " "), "here": _show(live, name), "full": _show(full, name)}
            for name in lesson.about.get("headline", [])
        ],
        run=list(_list_origin(fresh, passed)) + (list(list_facts(passed.manifest)) if passed else []),
        origin=full.origin if full.manifest else "",
    )


def _list_origin(fresh: Fresh | None, passed: Run | None) -> Iterator[tuple[str, list[str]]]:
    """Yield where the outputs of a page come from, and for stored ones what they were made with."""
    same = "code, helpers, data, bands and packages are the present ones"
    if fresh and fresh.run:
        yield "Outputs", [f"of a run on this computer; {same}"]
    elif fresh:
        yield "Outputs", [f"as stored in the notebook; {same}, so it was not run again"]
        entry = fresh.entry
        yield (
            "Data",
            [f"{name}, SHA-256 {digest[:12]}…" for name, digest in entry["inputs"].items() if digest],
        )
        versions = {"python": read_python(), **entry["versions"]}
        yield "Versions", [", ".join(f"{name} {version}" for name, version in versions.items())]
    elif passed:
        yield "Outputs", ["of a run on this computer of an earlier state"]
    else:
        yield "Outputs", ["as stored in the notebook, of an earlier state"]


def _explain(passed: Run | None, failed: Run | None, reason: str) -> str:
    """Return what a reader must know of outputs that are not fresh."""
    shown = "the run before it" if passed else "the outputs stored in the notebook"
    if failed:
        was = "failed" if failed.status == "failed" else "was interrupted"
        return f"The newest run {was}; this page shows {shown}."
    if not passed:
        earlier = "" if reason == "not run yet" else f", which are of an earlier state: {reason}"
        return f"Not executed here; this page shows {shown}{earlier}."
    return f"This run is out of date: {reason}."


def _describe_time(manifest: dict[str, Any]) -> dict[str, str]:
    return {"when": manifest["started"][:10], "took": format_duration(sum_seconds(manifest))}


def _show(result: Result, name: str) -> str:
    return format_value(**result.values[name]) if name in result.values else "\N{EN DASH}"


def describe_error(manifest: dict[str, Any]) -> str:
    """Return cell, name and first line of the error that ended a run; nothing where none was noted."""
    error = manifest["error"]
    if not error:
        return ""
    first = str(error["message"]).strip().partition("\n")[0]
    where = f"code cell {error['cell']}" if error["cell"] else ""
    return ": ".join(part for part in (where, error["name"], first) if part)


def format_duration(seconds: float) -> str:
    """Return a duration in the unit that suits it: `23 s`, `12 min`, `3.5 h`."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def format_value(value: Any, unit: str = "") -> str:
    """Return a recorded value as a reader expects it: a fraction in per cent, a measure to three digits."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if unit == "fraction":
        return f"{100 * value:.1f} %"
    digits = f"{value:,.0f}" if isinstance(value, int) or abs(value) >= 1000 else f"{value:.3g}"
    return f"{digits} {'' if unit in ('count', 'ratio') else unit}".strip()


def list_facts(manifest: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Yield what a manifest says, as a label and its lines."""
    device = manifest["device"]
    yield "Commit", list_commits(manifest, digits=40)
    yield "Started", [f"{manifest['started'][:19].replace('T', ' ')} UTC"]
    took = [format_duration(sum_seconds(manifest)), f"{manifest['peak_memory_mib']:,.0f} MiB of memory"]
    if manifest.get("cpu_seconds"):
        took.insert(1, f"{format_duration(manifest['cpu_seconds'])} of processor time")
    yield "Took", [", ".join(took)]
    machine = f"{device['cpu']}, {device['cores']} cores, {device['memory_gib']:.0f} GiB of memory"
    yield "Machine", [machine, f"{device['os']}, GPU: {device['gpu'] or 'none'}"]
    yield (
        "Parameters",
        [f"{name} = {json.dumps(value)}" for name, value in manifest["parameters"].items()],
    )
    yield "Seeds", [f"{name} = {json.dumps(value)}" for name, value in manifest["seeds"].items()]
    inputs = [file for file in manifest["inputs"] if file["sha256"]]  # without: looked for and not there
    yield "Data", [f"{file['path']}, SHA-256 {file['sha256'][:12]}…" for file in inputs]
    versions = {"python": device["python"], **manifest["versions"]}
    yield "Versions", [", ".join(f"{name} {version}" for name, version in versions.items())]
