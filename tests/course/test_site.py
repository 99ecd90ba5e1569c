"""The site and the export of a small house: one lesson run here, one whose run failed, one never run."""

import base64
import io
import json
import re
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urlsplit

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from chromium import PROGRAM, Chromium
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from helpers import paths
from helpers.course import export, site
from helpers.course.lessons import CourseError, find_lesson, find_runs
from helpers.course.lock import write_entry
from helpers.course.manifest import make_run_folder, start_manifest

PICTURES = "01_pictures"
LONG_CODE = "\n".join(f"step_{n} = {n}" for n in range(20))
DRAWING_CODE = f"{LONG_CODE}\nshow(draw_bars(step_0), alt='')"
ALT = 'Twelve "digits" & one cat'


def make_png(shade: int) -> str:
    file = io.BytesIO()
    Image.new("L", (640, 320), shade).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def make_lesson(stem: str, *cells, about: dict | None = None) -> Path:
    """Store a lesson: a title, a parameters cell, then the given cells."""
    title = stem[3:].replace("_", " ").capitalize()
    first = new_markdown_cell(f"# {title}\n\nA first paragraph.")
    parameters = new_code_cell("seed = 0\n" + LONG_CODE, metadata={"tags": ["parameters"]})
    about = {
        "title": title,
        "summary": f"What {title} shows.",
        "paper": "Doe 2020",
        **(about or {}),
    }
    metadata = {"course": about, "language_info": {"name": "python"}}
    path = paths.NOTEBOOKS / f"{stem}.ipynb"
    nbformat.write(new_notebook(cells=[first, parameters, *cells], metadata=metadata), path)
    return path


def make_run(stem: str, status: str, started: str, error: dict | None = None, lines: tuple = ()) -> Path:
    """Store a run of a lesson; its notebook is the lesson's own."""
    lesson = find_lesson(stem[:2])
    manifest = start_manifest(lesson, "default", lesson.read_parameters())
    manifest |= {
        "status": status,
        "error": error,
        "started": started,
        "seconds": 23.4,
        "cpu_seconds": 31.2,
        "peak_memory_mib": 812.0,
    }
    folder = make_run_folder(manifest)
    (folder / "notebook.ipynb").write_bytes(lesson.path.read_bytes())
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "record.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def show_picture(shade: int, alt: str) -> dict:
    return new_output("display_data", {"image/png": make_png(shade)}, metadata={"image/png": {"alt": alt}})


def fill_house(root: Path, patch: pytest.MonkeyPatch) -> None:
    for name in ("NOTEBOOKS", "DATA", "REPORTS"):
        patch.setattr(paths, name, root / name.lower())
        (root / name.lower()).mkdir(parents=True)
    patch.setattr(paths, "ROOT", root)
    for name in ("RESULTS", "RUNS", "HTML", "LEDGER"):
        patch.setattr(paths, name, root / "reports" / name.lower())
    (paths.REPORTS / "bands.toml").touch()
    (paths.DATA / "README.md").write_text("# Data cards\n\nAll in the [catalogue](catalog.toml).\n")
    (paths.DATA / "catalog.toml").write_text("[mnist]\n")
    (paths.REPORTS / "bands.toml").touch()
    table = "<table class='dataframe'><tr>" + "<td>a wide cell</td>" * 30 + "</tr></table>"
    claims = pd.DataFrame(
        {
            "verdict": ["refuted", "reproduced"],
            "mean_accuracy": [0.5, -1e-7],
            "gain": ["3.2 %", "\N{MINUS SIGN}1 %"],
            "evidence": ["what was measured, on which images and by how much " * 4, "short"],
        },
        index=["report-01", "report-02"],
    )
    make_lesson(
        PICTURES,
        new_markdown_cell(
            "## A section\n\nInline $\\frac{a}{b}$ and\n\n$$\\begin{aligned}a&=b\\\\c&=d\\end{aligned}$$"
        ),
        new_code_cell(DRAWING_CODE, outputs=[show_picture(200, ALT), show_picture(90, "Another")]),
        new_code_cell(LONG_CODE),
        new_code_cell("short = 1", outputs=[new_output("execute_result", {"text/html": table})]),
        new_code_cell("answers", outputs=[new_output("execute_result", {"text/html": claims.to_html()})]),
        new_markdown_cell("See the [next](02_augmentation.ipynb) and the [catalogue](../data/catalog.toml)."),
        about={"headline": ["test_accuracy", "spread"]},
    )
    make_lesson("02_augmentation", new_markdown_cell("Flips and shifts."))
    make_lesson("03_never_run", new_code_cell("x", outputs=[show_picture(5, "A stored figure")]))
    value = {"kind": "value", "name": "test_accuracy", "value": 0.7784, "unit": "fraction"}
    make_run(PICTURES, "passed", "2026-03-01T10:00:00+00:00", lines=(value,))
    error = {"cell": 2, "name": "NameError", "message": "name 'x' is not defined\nmore"}
    make_run("02_augmentation", "failed", "2026-03-02T10:00:00+00:00", error)
    full = {
        "manifest": {
            "started": "2026-01-31T00:00:00+00:00",
            "seconds": 300,
            "commit": "b" * 40,
            "dirty": False,
            "device": {"cpu": "Some CPU", "cores": 2},
            "earlier": [{"seconds": 7000, "commit": "a" * 40, "dirty": True}],
        },
        "values": {"test_accuracy": {"value": 0.94061, "unit": "fraction"}},
    }
    paths.RESULTS.mkdir()
    (paths.RESULTS / f"{PICTURES[3:]}.json").write_text(json.dumps(full))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("house")
        fill_house(folder, patch)
        yield folder


@pytest.fixture(scope="module")
def html(root: Path) -> Path:
    return site.build()


@pytest.fixture(scope="module")
def exported(root: Path) -> Path:
    return export.export("1")


@pytest.fixture
def export_second(html: Path) -> Iterator[Callable[[], Path]]:
    """Return a function that exports lesson 02 of a house, with its page in `html` for what Sphinx builds.

    Sphinx, which takes seconds, is given lesson 02 alone: it can miss nothing of another page.
    """

    def take_built(source: Path, output: Path, *options: str) -> None:
        assert [path.stem for path in (source / "notebooks").iterdir()] == ["02_augmentation"]
        assert not (source / "data" / "README.md").exists(), "the data cards are not built"
        shutil.copytree(html, output)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(export, "run_sphinx", take_built)
        yield lambda: export.export("2")


def list_pages(html: Path) -> list[Path]:
    """Return all pages; the theme leaves templates of its own among its files."""
    return [path for path in sorted(html.rglob("*.html")) if "_static" not in path.parts]


def read_page(html: Path, name: str = f"notebooks/{PICTURES}") -> BeautifulSoup:
    return BeautifulSoup((html / f"{name}.html").read_text(encoding="utf-8"), "html.parser")


def test_no_page_loads_from_elsewhere(html: Path) -> None:
    loaded = [
        tag.get("src") or tag.get("href")
        for path in list_pages(html)
        for tag in BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser").select("[src], link[href]")
    ]
    styles = "".join(path.read_text(encoding="utf-8") for path in html.rglob("*.css"))
    loaded += re.findall(r"(?:url\(|@import )[\"']?([^\"')]+)", styles)
    assert len(loaded) > 50
    assert [address for address in loaded if re.match(r"(https?:)?//", address)] == []


def test_every_figure_keeps_its_text(html: Path) -> None:
    images = read_page(html).select("article img")
    assert [image["alt"] for image in images] == [ALT, "Another"]
    assert all((html / "notebooks" / image["src"]).is_file() for image in images)


def test_mathematics_is_mathml(html: Path) -> None:
    inline, block = read_page(html).select("article math")
    assert inline.mfrac and inline["display"] == "inline"
    assert len(block.select("mtr")) == 2 and block["display"] == "block"


def test_long_code_can_be_folded_and_what_draws_is_but_parameters_cannot(html: Path) -> None:
    page = read_page(html)
    drawing, open_at_first = page.select("details.hide")
    assert "draw_bars" in drawing.get_text() and not drawing.has_attr("open")
    assert "step_19" in open_at_first.get_text() and open_at_first.has_attr("open")
    assert page.select_one(".tag_parameters .cell_input").find_parent("details") is None


def test_folded_code_is_called_by_what_is_seen_and_each_by_its_own_name(html: Path) -> None:
    folds = read_page(html).select("details.hide > summary")
    assert [[part.get_text() for part in fold.select("p")] for fold in folds] == [
        [f"{word} the code of cell {number}" for word in ("Show", "Hide")] for number in (2, 3)
    ]
    assert not any(fold.has_attr("aria-label") for fold in folds)


def test_columns_of_text_are_told_from_columns_of_numbers(html: Path) -> None:
    *_, table = read_page(html).select("table.dataframe")
    kinds = [[" ".join(cell.get("class", [])) for cell in row.select("th, td")] for row in table.select("tr")]
    assert kinds == [["text", "text", "", "", "text long"]] * 3
    assert "mean_<wbr/>accuracy" in str(table)


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["12", "1,234.5", "NaN", ""], None),
        (["1e-05", "\N{MINUS SIGN}0.5", "94.0 %", "12 s"], None),
        (["lesson 31", "3 of 4"], ["text"]),
        (["True", "False"], ["text"]),
        (["not reached", "3", "4"], None),
        (["a text that does not fit beside other columns"], ["text", "long"]),
    ],
)
def test_kind_of_a_column(texts: list[str], kind: list[str] | None) -> None:
    table = pd.DataFrame({"column": texts}, index=pd.MultiIndex.from_product([["a"], range(len(texts))]))
    page = BeautifulSoup(site.mark_columns(table.to_html()), "html.parser")
    cells = page.select("tr > :last-child")
    assert [cell.get_text() for cell in cells] == ["column", *texts]
    assert [cell.get("class") for cell in cells] == [kind] * len(cells)


def test_manifest_is_at_the_foot(html: Path) -> None:
    text = read_page(html).select_one("details #this-run").get_text(" ")
    for part in (
        "of a run on this computer",
        "seed = 0",
        "2026-03-01 10:00:00 UTC",
        "23 s, 31 s of processor time, 812 MiB",
        "numpy",
    ):
        assert part in text


def test_every_commit_of_the_recorded_run_is_at_the_foot(html: Path) -> None:
    text = " ".join(read_page(html).select_one("#recorded").get_text().split())
    assert text == (
        "Recorded: full run of 2026-01-31, 121.7 minutes on 2 cores (Some CPU), "
        "in 2 parts from 2 commits: aaaaaaa with changes, bbbbbbb."
    )


def test_links_lead_to_files(html: Path) -> None:
    for page in list_pages(html):
        for link in BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser").select("a[href]"):
            parts = urlsplit(link["href"])
            if not parts.scheme and parts.path:
                assert (page.parent / unquote(parts.path)).is_file(), f"{page.name}: {link['href']}"


def test_notebook_is_offered_as_stored(html: Path, root: Path) -> None:
    link = read_page(html).select_one(".lesson-head a[download]")
    stored = root / "notebooks" / f"{PICTURES}.ipynb"
    assert (html / "notebooks" / link["href"]).read_bytes() == stored.read_bytes()


def test_landing_page_tells_how_each_lesson_stands(html: Path) -> None:
    lessons = read_page(html, "index").select("article.lesson")
    assert [lesson.select_one(".status").get_text() for lesson in lessons] == [
        "passed",
        "failed",
        "stored",
    ]
    assert lessons[1].code.get_text() == "code cell 2: NameError: name 'x' is not defined"
    assert "here in 23 s, 2026-03-01 full run in 2.0 h, 2026-01-31" in " ".join(
        lessons[0].get_text(" ").split()
    )
    rows = [[cell.get_text() for cell in row.select("th, td")] for row in lessons[0].select("tbody tr")]
    assert rows == [["test accuracy", "77.8 %", "94.1 %"], ["spread", "\N{EN DASH}", "\N{EN DASH}"]]


@pytest.mark.parametrize(
    ("name", "note"),
    [
        (
            "02_augmentation",
            "The newest run failed; this page shows the outputs stored in the notebook.",
        ),
        ("03_never_run", "Not executed here; this page shows the outputs stored in the notebook."),
    ],
)
def test_outputs_of_another_origin_are_marked(html: Path, name: str, note: str) -> None:
    assert read_page(html, f"notebooks/{name}").select_one("article .admonition-title").get_text() == note


def test_page_says_what_changed_since_its_run(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        fill_house(tmp_path / "other", patch)
        assert site.describe_lesson(find_lesson(1)).note == ""
        make_lesson(PICTURES, new_code_cell("changed = True"))
        note = site.describe_lesson(find_lesson(1)).note
        assert note == "This run is out of date: its code cells changed."


def test_page_joins_the_present_prose_with_the_outputs_of_a_fresh_run(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        fill_house(tmp_path / "other", patch)
        path = paths.NOTEBOOKS / f"{PICTURES}.ipynb"
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            cell.pop("outputs", None) if cell.cell_type == "markdown" else cell.update(outputs=[])
        del notebook.cells[2]
        notebook.cells.insert(1, new_markdown_cell("Added after the run."))
        notebook.cells.append(new_markdown_cell("Added at the end."))
        nbformat.write(notebook, path)
        site.stage(tmp_path / "source", [find_lesson(1)])
        staged = nbformat.read(tmp_path / "source" / "notebooks" / f"{PICTURES}.ipynb", as_version=4)
        assert [cell.source for cell in staged.cells] == [cell.source for cell in notebook.cells]
        figures = [len(cell.outputs) for cell in staged.cells if cell.cell_type == "code"]
        assert figures == [0, 2, 0, 1, 1]


def test_stored_outputs_of_the_present_state_are_as_good_as_a_run(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        fill_house(tmp_path / "other", patch)
        lesson = find_lesson(1)
        write_entry(lesson, find_runs(lesson)[0], nbformat.read(lesson.path, as_version=4))
        shutil.rmtree(paths.RUNS / PICTURES[3:])
        page = site.describe_lesson(lesson)
        assert (page.status, page.note, page.source, page.here) == ("stored", "", lesson.path, None)
        assert page.run[0] == (
            "Outputs",
            [
                "as stored in the notebook; code, helpers, data, bands and packages are the present ones, "
                "so it was not run again"
            ],
        )
        assert page.headline[0]["here"] == "77.8 %"
        make_lesson(PICTURES, new_code_cell("changed = True"))
        page = site.describe_lesson(find_lesson(1))
        assert page.note.endswith("which are of an earlier state: its code cells changed.")
        assert page.run == [("Outputs", ["as stored in the notebook, of an earlier state"])]


def make_cell_with(pictures: dict[str, int], text: str) -> nbformat.NotebookNode:
    """Return a text cell into which pictures of a shade each were pasted."""
    pasted = {name: {"image/png": make_png(shade)} for name, shade in pictures.items()}
    return new_markdown_cell(text, attachments=pasted)


SVG = '<svg xmlns="http://www.w3.org/2000/svg"><rect width="9" height="9"/></svg>'
REMOTE = "https://example.org/cat.png"


def make_lesson_of_pictures(stem: str) -> dict[str, bytes | str]:
    """Store a lesson that shows pictures in all ways; return what each, by its `alt`, must hold."""
    files = {name: base64.b64decode(make_png(shade)) for shade, name in enumerate(
        ["a cat.png", "café.png", "a(1).png", "100%.png", "shapes/deep one.png", "printed.png"], start=10
    )}  # fmt: skip
    for name, content in files.items():
        path = paths.NOTEBOOKS / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    (paths.DATA / "shared.png").write_bytes(files["a cat.png"])
    (paths.NOTEBOOKS / "linked.png").symlink_to("a cat.png")
    pasted = make_cell_with(
        {"image.png": 1, "my image.png": 2},
        "![pasted](attachment:image.png) ![spaced](attachment:my%20image.png)\n\n"
        '<p><img alt="tag" src="attachment:image.png"></p>',
    )
    drawn = new_markdown_cell("![drawn](attachment:d.svg)", attachments={"d.svg": {"image/svg+xml": SVG}})
    embedded = f"data:image/png;base64,{make_png(3)}"
    texts = (
        f"![embedded]({embedded}) ![remote]({REMOTE}) <img alt='remote tag' src='{REMOTE}'>",
        "![cat](<a cat.png>) ![cat 2](a%20cat.png) ![café](café.png) ![one](a(1).png) ![all](100%25.png)",
        '<div align="center">\n  <img alt="deep" src="shapes/deep one.png">\n</div>',
        "![linked](linked.png)",
        "![shared][s], not `![x](no.png)`\n\n```\n![x](no.png)\n```\n\n[s]: ../data/shared.png",
    )
    printed = f"<p>\n\n    <img alt='printed' src='printed.png'></p><img alt='data' src='{embedded}'>"
    outputs = [new_output("display_data", {"text/html": printed})]
    code = new_code_cell("display(html)", outputs=outputs)
    make_lesson(stem, pasted, drawn, *map(new_markdown_cell, texts), code)
    first, second, third = (base64.b64decode(make_png(shade)) for shade in (1, 2, 3))
    cat = files["a cat.png"]
    return {
        **{"pasted": first, "spaced": second, "tag": first, "drawn": SVG.encode(), "embedded": third},
        **{"remote": REMOTE, "remote tag": REMOTE, "cat": cat, "cat 2": cat, "café": files["café.png"]},
        **{"one": files["a(1).png"], "all": files["100%.png"], "deep": files["shapes/deep one.png"]},
        **{"shared": cat, "linked": cat, "printed": files["printed.png"], "data": third},
    }


def read_pictures(path: Path, page: BeautifulSoup) -> dict[str, bytes | str]:
    """Return what the pictures of a page hold, by their `alt`; for one on the web its address."""
    found = {}
    for image in page.select("article img"):
        kind, comma, content = image["src"].partition(";base64,")
        if comma and kind.startswith("data:image/"):
            found[image["alt"]] = base64.b64decode(content)
        elif image["src"] == REMOTE:
            found[image["alt"]] = REMOTE
        else:
            found[image["alt"]] = (path.parent / unquote(image["src"])).read_bytes()
    return found


def test_pictures_of_every_kind_are_on_the_site_and_in_the_export(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        fill_house(tmp_path / "other", patch)
        expected = make_lesson_of_pictures("04_kinds_of_pictures")
        page = site.build() / "notebooks" / "04_kinds_of_pictures.html"
        assert read_pictures(page, BeautifulSoup(page.read_text(), "html.parser")) == expected
        moved = export.export("4").rename(tmp_path / "alone.html")
        alone = BeautifulSoup(moved.read_text(encoding="utf-8"), "html.parser")
        assert read_pictures(moved, alone) == expected
        addresses = {image["src"] for image in alone.select("article img")}
        assert {address for address in addresses if not address.startswith("data:")} == {REMOTE}


def test_a_missing_picture_is_named_with_its_lesson_and_cell(
    tmp_path: Path, export_second: Callable[[], Path]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        fill_house(tmp_path / "other", patch)
        outside = tmp_path / "outside.png"
        outside.write_bytes(b"")
        printed = new_output("display_data", {"text/html": "<img src='gone.png'>"})
        make_lesson(
            "03_never_run",
            new_markdown_cell("See ![x](pictures/my%20cat.png) and [this](../../outside.png)."),
            make_cell_with({"a.png": 1}, "![x](attachment:b.png)"),
            new_code_cell("display(html)", outputs=[printed]),
            new_markdown_cell(f"<img src='{outside}'>"),
        )
        with pytest.raises(CourseError) as caught:
            site.build()
        lines = [
            line.partition(", which is no file in the repository; ") for line in str(caught.value).split("\n")
        ]
        assert [line[0] for line in lines] == [
            'lesson 03: text cell 2 ("See ![x](pictures/my%20cat.png) and [this](../../outside.png).") '
            'shows the picture "pictures/my cat.png"',
            'lesson 03: text cell 3 ("![x](attachment:b.png)") shows the picture "attachment:b.png"',
            'lesson 03: code cell 2, its output shows the picture "gone.png"',
            f'lesson 03: text cell 4 ("<img src=\'{outside}\'>") shows the picture "{outside}"',
        ]
        assert all(line[2] for line in lines)
        with pytest.raises(CourseError, match=r"my cat\.png"):
            export.export("3")
        assert export_second().is_file(), "another lesson does not need the picture"


def test_a_missing_picture_of_a_data_card_is_named(tmp_path: Path, export_second: Callable[[], Path]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        fill_house(tmp_path / "other", patch)
        (paths.DATA / "README.md").write_text("# Data cards\n\n![x](gone.png)\n")
        with pytest.raises(CourseError, match=r'^data/README.md shows the picture "gone\.png", which is no'):
            site.build()
        assert export_second().is_file(), "a lesson does not need the cards"


def test_killed_run_is_called_interrupted(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        fill_house(tmp_path / "other", patch)
        make_run("03_never_run", "running", "2000-01-01T00:00:00+00:00")  # nobody holds it
        page = site.describe_lesson(find_lesson(3))
        assert (page.status, page.error) == ("interrupted", "")
        assert page.note.startswith("The newest run was interrupted;")


def test_failed_build_leaves_the_old_site(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        fill_house(tmp_path / "other", patch)
        make_lesson("03_never_run", new_markdown_cell("A [link](nowhere.ipynb) and $\\nonsense$."))
        paths.HTML.mkdir()
        (paths.HTML / "index.html").write_text("old")
        with pytest.raises(CourseError, match=r"nowhere\.ipynb(.|\n)*nonsense is unknown"):
            site.build()
        assert (paths.HTML / "index.html").read_text() == "old"
        assert sorted(path.name for path in paths.REPORTS.iterdir()) == [
            "bands.toml",
            "html",
            "results",
            "runs",
        ]


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.98765, "fraction", "98.8 %"),
        (0.5, "fraction", "50.0 %"),
        (60000, "count", "60,000"),
        (0.5, "count", "0.5"),
        (1.234, "points", "1.23 points"),
        (308123.4, "images/s", "308,123 images/s"),
        (2.0, "ratio", "2"),
        (True, "", "yes"),
        ("airplane", "", "airplane"),
    ],
)
def test_values_are_written_by_unit(value: object, unit: str, text: str) -> None:
    assert site.format_value(value, unit) == text


def test_export_needs_nothing_beside_it(root: Path, exported: Path) -> None:
    assert exported == root / "reports" / "export" / f"{PICTURES}.html"
    page = BeautifulSoup(exported.read_text(encoding="utf-8"), "html.parser")
    assert [image["alt"] for image in page.select("img")] == [ALT, "Another"]
    assert all(image["src"].startswith("data:image/png;base64,iVBOR") for image in page.select("img"))
    assert page.select("link, script[src]") == []
    assert re.findall(r"url\((?![\"']?data:)|@import", page.style.string) == []
    assert {link["href"][0] for link in page.select("a[href]")} == {"#"}
    assert page.select("math") and page.select_one("#this-run")
    assert "See the next and the catalogue." in page.get_text()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    if PROGRAM is None:
        pytest.skip("needs Chromium on the PATH, to see the pages as a reader does")
    browser = Chromium(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_pages_open_from_a_disk(browser: Chromium, html: Path, width: int) -> None:
    for path in list_pages(html):
        browser.open(path.as_uri(), width)
        assert browser.complaints == [], path.name
        assert [
            address for address in browser.addresses if not address.startswith((html.as_uri(), "data:"))
        ] == []
        assert browser.evaluate("document.documentElement.scrollWidth") <= width, path.name


CUT_CELLS = """[...document.querySelectorAll("table.dataframe td.long")].filter((cell) => {
    const [inner, box] = [cell, cell.closest(".output")].map((element) => element.getBoundingClientRect());
    return inner.left < box.left - 1 || inner.right > box.right + 1;
}).length"""
# Whether the wide table scrolls, and what its box and its rows draw behind the cells
WIDE = """(() => {
    const box = document.querySelector("table.dataframe").closest(".output");
    const style = getComputedStyle(box);
    const rows = [...box.querySelectorAll("tr")].map((row) => getComputedStyle(row).backgroundColor);
    return [box.scrollWidth > box.clientWidth, style.backgroundAttachment, rows];
})()"""


def test_text_of_a_table_is_in_sight_and_a_cut_edge_has_a_shadow(browser: Chromium, html: Path) -> None:
    browser.open((html / "notebooks" / f"{PICTURES}.html").as_uri(), 1280)
    assert browser.evaluate("document.querySelectorAll('table.dataframe td.long').length") == 2
    assert browser.evaluate(CUT_CELLS) == 0
    scrolls, attachment, rows = browser.evaluate(WIDE)
    assert scrolls
    assert attachment == "local, local, scroll, scroll", "covers that move, shadows that stay"
    assert all(re.search(r"[,/] ?0(\.\d+)?\)$", colour) for colour in rows), "rows hide the shadow"


PAPER = 702  # pixels between the margins of a sheet
PRINTED = """(() => {
    const [code] = document.querySelectorAll(".tag_parameters pre");
    code.textContent = "x = " + "a_long_name ".repeat(40) + "b".repeat(200);
    const wide = document.querySelector("table.dataframe").closest(".cell");
    wide.remove();
    const seen = (element) => element.getClientRects().length > 0;
    const outside = (element) => seen(element) && element.getBoundingClientRect().right > innerWidth + 1;
    const all = (selector) => [...document.querySelectorAll(selector)];
    const [drawing, unfolded] = all("details.hide");
    return {
        outside: all("article *").filter(outside).map((element) => element.outerHTML),
        scrolls: all("article pre").some((pre) => pre.scrollWidth > pre.clientWidth),
        folded: seen(drawing),
        unfolded: seen(unfolded.querySelector("pre")),
        prompts: all("details.hide > summary").some(seen),
        fading: getComputedStyle(unfolded.querySelector(".cell_input")).animationName,
        avoided: all(".cell_input, .cell_input *")
            .some((element) => getComputedStyle(element).breakInside == "avoid"),
    };
})()"""


def test_on_paper_nothing_is_cut_off_and_no_box_is_empty(
    browser: Chromium, html: Path, exported: Path
) -> None:
    for path in (html / "notebooks" / f"{PICTURES}.html", exported):
        browser.open(path.as_uri(), PAPER)
        browser.call("Emulation.setEmulatedMedia", media="print")
        try:
            assert browser.evaluate(PRINTED) == {
                "outside": [],
                "scrolls": False,
                "folded": False,
                "unfolded": True,
                "prompts": False,
                "fading": "none",
                "avoided": False,
            }
        finally:
            browser.call("Emulation.setEmulatedMedia", media="")


def test_a_dark_page_is_printed_in_light_colours(browser: Chromium, html: Path, exported: Path) -> None:
    theme = "document.documentElement.dataset.theme"
    for path in (html / "notebooks" / f"{PICTURES}.html", exported):
        browser.open(path.as_uri(), 1280)
        browser.evaluate(f"{theme} = 'dark'; addEventListener('beforeprint', () => window.seen = {theme})")
        assert browser.call("Page.printToPDF")["data"]
        assert browser.evaluate(f"[seen, {theme}]") == ["light", "dark"]


CONTRAST = """(element) => {
    const light = ([r, g, b]) => [r, g, b].map((part) => part / 255)
        .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
        .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0);
    const read = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const front = light(read(getComputedStyle(element).color));
    const ground = () => read(getComputedStyle(element).backgroundColor);
    while (ground()[3] === 0) element = element.parentElement;
    const [low, high] = [front, light(ground())].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
}"""


def test_comments_are_quieter_than_the_code_and_can_be_read(browser: Chromium, html: Path) -> None:
    browser.open((html / "notebooks" / f"{PICTURES}.html").as_uri(), 1280)
    browser.evaluate("""document.querySelector(".tag_parameters pre").innerHTML =
        '<span class="n">x</span><span class="c1"># why</span>'""")
    for theme in ("light", "dark"):
        browser.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
        spans = "[...document.querySelectorAll('.tag_parameters pre span')]"
        code, comment = browser.evaluate(f"{spans}.map({CONTRAST})")
        assert 4.5 <= comment < code, theme
        colour = browser.evaluate(f"getComputedStyle({spans}[1]).color")
        parts = [int(part) for part in re.findall(r"\d+", colour)]
        assert max(parts) - min(parts) < 64, f"{theme}: {colour} is a bright colour"


def test_pages_say_what_they_are(html: Path) -> None:
    index, lesson = read_page(html, "index"), read_page(html)
    assert index.title.get_text() == "Image Classification, Checked"
    title = " ".join(lesson.title.get_text().split())
    assert title == "Pictures \N{EM DASH} Image Classification, Checked"
    described = [page.select_one("meta[name=description]")["content"] for page in (index, lesson)]
    assert described == ["Image Classification, Checked", "What Pictures shows."]
    assert all(
        (html / page.select_one("link[rel=icon]")["href"].removeprefix("../")).is_file()
        for page in (index, lesson)
    )


SEARCHED = """new Promise((resolve) => setInterval(() => {
    const results = [...document.querySelectorAll("#search-results li")];
    if (results.length && !document.querySelector("#search-progress:not(:empty)"))
        setTimeout(() => resolve(results.map((result) => result.innerText)), 500);
}, 50))"""


def test_search_on_a_server_shows_where_the_word_stands(browser: Chromium, html: Path, loopback) -> None:
    handler = partial(SimpleHTTPRequestHandler, directory=html)
    handler.func.log_message = lambda *_: None
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            browser.open(f"http://127.0.0.1:{server.server_port}/search.html?q=shifts", 1280)
            [result] = browser.evaluate(SEARCHED)
        finally:
            server.shutdown()
    assert "Flips and shifts." in result


def test_search_finds_a_lesson(browser: Chromium, html: Path) -> None:
    browser.open((html / "search.html").as_uri() + "?q=augmentation", 1280)
    found = browser.evaluate("""new Promise((resolve) => setInterval(() => {
        const links = [...document.querySelectorAll("#search-results a")];
        if (links.length) resolve(links.map((link) => link.href));
    }, 50))""")
    assert f"{html.as_uri()}/notebooks/02_augmentation.html" in found[0]
    assert browser.complaints == []
