"""The site and the export of a small house: one lesson run here, one whose run failed, one never run."""

import base64
import io
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
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
    for name in ("RESULTS", "RUNS", "HTML"):
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
    (paths.RESULTS / f"{PICTURES}.json").write_text(json.dumps(full))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("house")
        fill_house(folder, patch)
        yield folder


@pytest.fixture(scope="module")
def html(root: Path) -> Path:
    return site.build()


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
    assert lessons[1].code.get_text() == "cell 2: NameError: name 'x' is not defined"
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
        site.stage(tmp_path / "source")
        staged = nbformat.read(tmp_path / "source" / "notebooks" / f"{PICTURES}.ipynb", as_version=4)
        assert [cell.source for cell in staged.cells] == [cell.source for cell in notebook.cells]
        figures = [len(cell.outputs) for cell in staged.cells if cell.cell_type == "code"]
        assert figures == [0, 2, 0, 1, 1]


def test_stored_outputs_of_the_present_state_are_as_good_as_a_run(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        fill_house(tmp_path / "other", patch)
        lesson = find_lesson(1)
        write_entry(lesson, find_runs(lesson)[0], nbformat.read(lesson.path, as_version=4))
        shutil.rmtree(paths.RUNS / PICTURES)
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


def test_export_needs_nothing_beside_it(root: Path) -> None:
    path = export.export("1")
    assert path == root / "reports" / "export" / f"{PICTURES}.html"
    page = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
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


def test_search_finds_a_lesson(browser: Chromium, html: Path) -> None:
    browser.open((html / "search.html").as_uri() + "?q=augmentation", 1280)
    found = browser.evaluate("""new Promise((resolve) => setInterval(() => {
        const links = [...document.querySelectorAll("#search-results a")];
        if (links.length) resolve(links.map((link) => link.href));
    }, 50))""")
    assert f"{html.as_uri()}/notebooks/02_augmentation.html" in found[0]
    assert browser.complaints == []
