"""The pages of the claims: built from the stored rows, read as files, and used in a browser."""

import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from chromium import PROGRAM, Chromium
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from helpers import paths
from helpers.course import claim_pages, site
from helpers.course.lessons import CourseError
from helpers.ledger.claims import list_claims
from helpers.ledger.rules import read_rules

LESSON = "22_judging_models"
DATA, RESULTS = paths.DATA, paths.RESULTS
PAPERS = claim_pages.read_papers()
ROWS = claim_pages.read_rows()
BY_ID = {row["id"]: row for row in ROWS}
PAGES = ["claims", *(f"papers/{name}" for name in PAPERS)]


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a site of one lesson and the real rows."""
    root = tmp_path_factory.mktemp("house")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("NOTEBOOKS", "DATA", "REPORTS"):
            patch.setattr(paths, name, root / name.lower())
            (root / name.lower()).mkdir()
        patch.setattr(paths, "ROOT", root)
        for name in ("RESULTS", "RUNS", "HTML"):
            patch.setattr(paths, name, root / "reports" / name.lower())
        (paths.REPORTS / "bands.toml").touch()
        shutil.copy(DATA / "papers.toml", paths.DATA)
        cells = [new_markdown_cell("# Judging models\n\nText."), new_code_cell("seed = 0")]
        cells[1].metadata["tags"] = ["parameters"]
        metadata = {"course": {"title": "Judging models"}, "language_info": {"name": "python"}}
        nbformat.write(new_notebook(cells=cells, metadata=metadata), paths.NOTEBOOKS / f"{LESSON}.ipynb")
        yield site.build()


def read_page(html: Path, name: str) -> BeautifulSoup:
    return BeautifulSoup((html / f"{name}.html").read_text(encoding="utf-8"), "html.parser")


@pytest.fixture(scope="module")
def claims_page(html: Path) -> BeautifulSoup:
    return read_page(html, "claims")


def test_every_claim_has_a_row_with_all_that_is_known(claims_page: BeautifulSoup) -> None:
    rows = claims_page.select("details.claim")
    assert [row["id"] for row in rows] == [claim.id for claim in list_claims()]
    for shown in rows:
        row, text = BY_ID[shown["id"]], " ".join(shown.get_text(" ").split())
        parts = [row["claim"], row["place"], row["printed"], row["quote"], f"course ledger {row['id']}"]
        if row["outcome"] != claim_pages.UNDECIDED:
            rule = row["rule"]
            parts += [row[name] for name in ("evidence", "ours", "would_decide", "basis", "certainty")]
            parts += [f"{rule} , since {row['rule_date']}", *row["records"]]
            assert shown.select_one(f'a[href="#rule-{rule}"]')
            assert ("rule after the result" in text) is row["after_result"]
        for part in parts:
            assert " ".join(part.split()) in text, row["id"]
        assert shown.summary.b.get_text() == row["outcome"]


def test_records_are_named_with_date_and_commit(claims_page: BeautifulSoup) -> None:
    manifest = json.loads((RESULTS / "mnist_cnn.json").read_text(encoding="utf-8"))["manifest"]
    name = next(row["id"] for row in ROWS if row.get("records") == ["mnist_cnn"])
    shown = claims_page.find(id=name).get_text(" ")
    assert f"mnist_cnn, {manifest['started'][:10]}, commit {manifest['commit'][:7]}" in shown


def test_a_row_leads_to_the_page_of_its_lesson(html: Path, claims_page: BeautifulSoup) -> None:
    for page, root in (("claims", ""), ("papers/mnist-m", "../")):
        link = read_page(html, page).find(id="mnist-m-56").select_one(f'a[href*="{LESSON}"]')
        assert link["href"] == f"{root}notebooks/{LESSON}.html"
        assert link.get_text() == "22 Judging models"
        assert (html / page).parent.joinpath(link["href"]).is_file()


def test_pages_are_light_and_without_a_script_complete(html: Path, claims_page: BeautifulSoup) -> None:
    assert max((html / f"{name}.html").stat().st_size for name in PAGES) < 850_000
    assert claims_page.select_one("#claim-filter").has_attr("hidden")
    assert claims_page.select("details.claim[hidden]") == []


def test_rules_and_meanings_are_explained(claims_page: BeautifulSoup) -> None:
    text = " ".join(claims_page.get_text(" ").split())
    for name, rule in read_rules().items():
        assert claims_page.find(id=f"rule-{name}")
        assert f"{name} , since {rule['date']} {' '.join(rule['text'].split())}" in text
    for meaning in claim_pages.MEANINGS.values():
        assert meaning in text


def count_claims(**chosen: str) -> int:
    return sum(
        row["standing"] == "claim" and all(row[key] == value for key, value in chosen.items()) for row in ROWS
    )


def test_figure_and_its_text_and_its_table_have_the_numbers_of_the_rows(claims_page: BeautifulSoup) -> None:
    figure = claims_page.select_one("figure.claims")
    label = figure.svg["aria-label"]
    for paper in PAPERS:
        [part] = re.findall(rf"\b{paper}, {count_claims(paper=paper)} claims: (.*?)\.", label)
        counts = Counter(
            row["outcome"] for row in ROWS if row["paper"] == paper and row["standing"] == "claim"
        )
        assert dict(one.rsplit(" ", 1) for one in part.split(", ")) == {
            outcome: str(number) for outcome, number in counts.items()
        }
    widths = sum(float(bar["width"].rstrip("%")) for bar in figure.select("rect"))
    longest = max(count_claims(paper=paper) for paper in PAPERS)
    assert widths == pytest.approx(100 * count_claims() / longest, abs=0.5)
    heads, *lines = [
        [cell.get_text() for cell in row.select("td, th")] for row in claims_page.select(".counts tr")
    ]
    for outcome, *numbers in lines:
        if outcome in claim_pages.MEANINGS:
            expected = [count_claims(paper=paper, outcome=outcome) for paper in heads[1:-1]]
            assert [int(number or 0) for number in numbers] == [*expected, count_claims(outcome=outcome)]
    numbers = [int(number) for number in re.findall(r"\d+", figure.figcaption.get_text())]
    assert numbers[0] == sum(numbers[1:]) == count_claims()


@pytest.mark.parametrize("name", PAPERS)
def test_report_on_a_paper_has_its_parts_in_order(html: Path, name: str) -> None:
    page, paper = read_page(html, f"papers/{name}"), PAPERS[name]
    assert page.h1.get_text().rstrip("#") == paper["title"]
    assert [head.get_text().rstrip("#") for head in page.select("article h2")] == [
        "What was checked",
        "Central claims",
        "All claims by outcome",
        "What was easy",
        "What was difficult",
        "What we would ask the authors",
        "All rows",
    ]
    facts = page.select_one("article table").get_text(" ").translate({0x201C: '"', 0x201D: '"'})
    assert all(part in facts for part in (*paper["authors"], paper["kind"], paper["year"]))
    links = [link["href"] for link in page.select_one("article table").select("a")]
    assert links == [*filter(None, [paper["address"]]), "../claims.html"]
    central = page.select("#central-claims details.claim")
    assert [row.code.get_text() for row in central] == paper["central"]
    assert all(row.has_attr("open") for row in central)
    all_rows = [row["id"] for row in page.select("#all-rows details.claim")]
    assert all_rows == [row["id"] for row in ROWS if row["paper"] == name]


def test_each_paper_has_five_to_eight_central_claims() -> None:
    for name, paper in PAPERS.items():
        assert 5 <= len(set(paper["central"])) == len(paper["central"]) <= 8
        assert {BY_ID[one]["paper"] for one in paper["central"]} == {name}
        assert {BY_ID[one]["standing"] for one in paper["central"]} == {"claim"}


@pytest.mark.parametrize("name", PAPERS)
def test_texts_name_claims_that_are_there(name: str) -> None:
    text = (claim_pages.TEXTS / f"{name}.md").read_text(encoding="utf-8")
    named = re.findall(r"`([\w-]+-\d+)`", text)
    assert len(named) >= 3
    assert [one for one in named if BY_ID.get(one, {}).get("paper") != name] == []


def test_papers_are_named_as_in_the_readme() -> None:
    readme = (DATA.parent / "README.md").read_text(encoding="utf-8").casefold()
    for name, paper in PAPERS.items():
        [row] = [line for line in readme.splitlines() if line.startswith(f"| `{name}` |")]
        assert paper["title"].casefold() in row
        authors = [author.partition(" (")[0].casefold() for author in paper["authors"]]
        assert all(author in row for author in authors)
        assert paper["address"] in row


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claim_pages, "TEXTS", tmp_path)
    with pytest.raises(CourseError, match=r"mnist-m\.md is missing"):
        claim_pages.read_texts("mnist-m")
    (tmp_path / "mnist-m.md").write_text("## What was checked\n\nAll.\n\n## What was easy\n")
    with pytest.raises(
        CourseError, match="says nothing under: What was easy, What was difficult, What we would"
    ):
        claim_pages.read_texts("mnist-m")
    monkeypatch.undo()
    paper = PAPERS["mnist-m"] | {"central": ["mnist-m-999"]}
    with pytest.raises(CourseError, match="mnist-m-999"):
        claim_pages.write_paper_page("mnist-m", paper, [BY_ID["mnist-m-56"]], {})
    monkeypatch.setattr(claim_pages, "read_papers", lambda: {"mnist-m": PAPERS["mnist-m"]})
    with pytest.raises(CourseError, match=r"data/papers\.toml has \['mnist-m'\]"):
        claim_pages.stage_pages(tmp_path, {})


def test_a_row_is_escaped_and_a_record_that_is_gone_is_said_to_be() -> None:
    row = BY_ID["mnist-m-56"] | {"claim": "a < b & c", "quote": "<i>", "records": ["nowhere"], "lesson": ""}
    shown = claim_pages.write_row(row, {})
    assert "a &lt; b &amp; c" in shown and "<i>" not in shown
    assert "nowhere, which is not in reports/results" in shown


def test_a_claim_without_a_row_is_shown_without_a_finding() -> None:
    claim = next(claim for claim in list_claims() if claim.id == "mnist-m-56")
    shown = claim_pages.write_row(claim._asdict() | {"outcome": claim_pages.UNDECIDED}, {})
    text = BeautifulSoup(shown, "html.parser").get_text(" ")
    assert "no finding yet" in text and "rule" not in text and "course ledger mnist-m-56" in text


def test_without_stored_rows_there_are_no_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "LEDGER", tmp_path / "none")
    assert claim_pages.stage_pages(tmp_path, {}) == []
    assert list(tmp_path.iterdir()) == []


# In a browser


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    if PROGRAM is None:
        pytest.skip("needs Chromium on the PATH, to see the pages as a reader does")
    browser = Chromium(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


WIDTHS = pytest.mark.parametrize("width", [1280, 390])
SHOWN = "[...document.querySelectorAll('details.claim[id]')].filter((row) => row.checkVisibility())"
SHOWN_IDS = f"{SHOWN}.map((row) => row.id)"


def open_page(browser: Chromium, address: str, width: int) -> None:
    """Load a page anew, also where only the part after # differs."""
    browser.open("about:blank", width)
    browser.open(address, width)


def choose(browser: Chromium, **values: str) -> None:
    """Set fields of the filter as a reader does."""
    for name, value in values.items():
        browser.evaluate(f"""(() => {{
            const field = document.querySelector("#claim-filter [name={name}]");
            field.value = {json.dumps(value)};
            field.dispatchEvent(new Event("input", {{ bubbles: true }}));
        }})()""")


def select(**chosen: str) -> list[str]:
    return [row["id"] for row in ROWS if all(row.get(key) == value for key, value in chosen.items())]


@WIDTHS
def test_pages_open_from_a_disk(browser: Chromium, html: Path, width: int) -> None:
    for name in PAGES:
        browser.open(f"{html.as_uri()}/{name}.html", width)
        assert browser.complaints == [], name
        outside = [one for one in browser.addresses if not one.startswith((html.as_uri(), "data:"))]
        assert outside == [], name
        browser.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        assert browser.evaluate("document.documentElement.scrollWidth") <= width, name


@WIDTHS
def test_filter_by_paper_and_outcome_stands_in_the_address(browser: Chromium, html: Path, width: int) -> None:
    browser.open(f"{html.as_uri()}/claims.html", width)
    assert len(browser.evaluate(SHOWN_IDS)) == len(ROWS)
    choose(browser, paper="mnist-m", outcome="fails")
    expected = select(paper="mnist-m", outcome="fails")
    assert 0 < len(expected) < 40
    assert browser.evaluate(SHOWN_IDS) == expected
    said = browser.evaluate("document.querySelector('#claim-filter output').value")
    assert said == f"{len(expected)} of {len(ROWS)} rows"
    heads = "[...document.querySelectorAll('article h2')].filter((head) => head.checkVisibility())"
    assert browser.evaluate(f"{heads}.length") == 2, "of the paper, and how to read a row"
    address = browser.evaluate("location.href")
    assert address.endswith("claims.html#paper=mnist-m&outcome=fails")
    open_page(browser, address, width)
    assert browser.evaluate(SHOWN_IDS) == expected
    browser.evaluate("document.querySelector('#claim-filter [type=reset]').click()")
    browser.evaluate("new Promise((resolve) => setTimeout(resolve, 50))")
    assert len(browser.evaluate(SHOWN_IDS)) == len(ROWS)
    assert browser.evaluate("location.hash") == ""


def test_filter_by_basis_certainty_standing_and_text(browser: Chromium, html: Path) -> None:
    browser.open(f"{html.as_uri()}/claims.html", 1280)
    choose(browser, basis="data", certainty="proof")
    assert browser.evaluate(SHOWN_IDS) == select(basis="data", certainty="proof") != []
    choose(browser, basis="", certainty="", standing="remark")
    assert browser.evaluate(SHOWN_IDS) == select(standing="remark") != []
    choose(browser, standing="", text="979/980  SPECIFICITY")
    assert browser.evaluate(SHOWN_IDS) == ["mnist-m-56"]
    choose(browser, text="no such words anywhere")
    assert browser.evaluate(SHOWN_IDS) == []
    browser.evaluate("location.hash = '#outcome=nonsense&paper=de-nas'")
    browser.evaluate("new Promise((resolve) => setTimeout(resolve, 50))")
    assert browser.evaluate(SHOWN_IDS) == select(paper="de-nas"), "what is no choice is left out"


@WIDTHS
def test_a_row_opens_by_the_keyboard(browser: Chromium, html: Path, width: int) -> None:
    open_page(browser, f"{html.as_uri()}/claims.html#paper=mnist-m&outcome=fails", width)
    row = "document.getElementById('mnist-m-56')"
    browser.evaluate("document.querySelector('#claim-filter [type=reset]').focus()")
    for _ in range(40):  # from the button through the rows in between
        for kind in ("keyDown", "keyUp"):
            browser.call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
        if browser.evaluate(f"document.activeElement === {row}.querySelector('summary')"):
            break
    else:
        pytest.fail("the row is not reached by Tab")
    assert not browser.evaluate(f"{row}.querySelector('dl').checkVisibility()")
    assert browser.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    for kind in ("keyDown", "keyUp"):
        browser.call("Input.dispatchKeyEvent", type=kind, key="Enter", text="\r", windowsVirtualKeyCode=13)
    assert browser.evaluate(f"{row}.querySelector('dl').checkVisibility()")


def test_an_address_opens_one_row(browser: Chromium, html: Path) -> None:
    for page in ("claims", "papers/mnist-m"):
        open_page(browser, f"{html.as_uri()}/{page}.html#mnist-m-56", 390)
        top = "document.getElementById('mnist-m-56').getBoundingClientRect().top"
        assert browser.evaluate("document.getElementById('mnist-m-56').open")
        assert 0 <= browser.evaluate(top) < 450


def test_numbers_of_the_table_lead_to_their_rows(browser: Chromium, html: Path) -> None:
    for page in ("claims", "papers/mnist-m"):
        open_page(browser, f"{html.as_uri()}/{page}.html", 1280)
        address = browser.evaluate(
            "[...document.querySelectorAll('.counts a')].find((link) => "
            "link.href.includes('paper=mnist-m&outcome=fails')).href"
        )
        open_page(browser, address, 1280)
        assert browser.evaluate(SHOWN_IDS) == select(paper="mnist-m", outcome="fails", standing="claim")


def test_without_a_script_all_rows_are_shown_and_no_filter(browser: Chromium, html: Path) -> None:
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        open_page(browser, f"{html.as_uri()}/claims.html", 1280)
        assert len(browser.evaluate(SHOWN_IDS)) == len(ROWS)
        assert not browser.evaluate("document.getElementById('claim-filter').checkVisibility()")
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)


def test_every_field_has_a_label_that_is_seen(browser: Chromium, html: Path) -> None:
    browser.open(f"{html.as_uri()}/claims.html", 390)
    names = browser.evaluate("""[...document.querySelectorAll("#claim-filter :is(select, input)")]
        .map((field) => [...field.labels].filter((label) => label.checkVisibility())
            .map((label) => label.firstChild.textContent.trim()).join())""")
    assert names == ["Paper", "Outcome", "Basis", "Certainty", "Said by", "Text"]


LUMINANCE = """(colour) => colour.match(/[\\d.]+/g).slice(0, 3).map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0)"""


def test_numbers_in_the_figure_can_be_read_on_their_colour(browser: Chromium, html: Path) -> None:
    browser.open(f"{html.as_uri()}/claims.html", 390)
    pairs = browser.evaluate(f"""[...document.querySelectorAll("figure.claims g")].map((group) => {{
        const style = getComputedStyle(group);
        const probe = document.body.appendChild(document.createElement("i"));
        const [on, ground] = ["--on", "--o"].map((name) => {{
            probe.style.color = style.getPropertyValue(name);
            return ({LUMINANCE})(getComputedStyle(probe).color);
        }});
        probe.remove();
        return [group.getAttribute("class"), (Math.max(on, ground) + 0.05) / (Math.min(on, ground) + 0.05)];
    }})""")
    assert len(pairs) > 20
    assert [pair for pair in pairs if pair[1] < 4.5] == []


def test_outcomes_have_a_colour_each() -> None:
    style = (site.SITE / "_static" / "course.css").read_text(encoding="utf-8")
    colours = [
        re.search(rf"\.{claim_pages.name_class(outcome).split()[1]} {{ --o: (#\w+);", style)[1]
        for outcome in claim_pages.MEANINGS
    ]
    assert len(set(colours)) == len(colours)
