"""Write the pages of the site about the papers' claims: one of all rows that filters, and one of each paper.

The rows are those that `course ledger --store` wrote to `reports/ledger`, the papers are described in
`data/papers.toml`, and what we say of each stands in `reports/site/papers`. Here all of it becomes Markdown
that Sphinx reads, with the rows as HTML inside.
"""

import json
import re
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from helpers import paths
from helpers.course.ledger import UNDECIDED, WAITS
from helpers.course.lessons import CourseError
from helpers.course.surroundings import show
from helpers.ledger.claims import list_claims
from helpers.ledger.findings import BASES, CERTAINTIES, OUTCOMES
from helpers.ledger.rules import read_rules
from helpers.provenance import list_commits
from helpers.results import load_result

TEXTS = Path(__file__).resolve().parents[2] / "reports" / "site" / "papers"
SECTIONS = ("What was checked", "What was easy", "What was difficult", "What we would ask the authors")
MEANINGS = OUTCOMES | {UNDECIDED: "Nobody has written down yet what decides it."}
ENDS = {  # outcomes that the title of the figure adds up; of the others it gives the sum
    ("holds", "replicated"): "hold or are replicated",
    ("holds in part", "reached otherwise"): "hold in part or are reached otherwise",
    ("fails", "not replicated"): "fail or are not replicated",
    ("inconclusive", WAITS): "are not decided yet",
    (UNDECIDED,): "have no finding yet",
}
NARROWEST = 0.055  # of the longest bar; a part of it that is narrower has no number inside

Row = dict[str, Any]
Lessons = Mapping[str, tuple[str, str]]


def read_rows() -> list[Row]:
    """Return all stored rows, and one of each claim that has none yet, in the order of the claims."""
    stored = {
        row["id"]: row
        for path in sorted(paths.LEDGER.glob("*.json"))
        for row in json.loads(path.read_text(encoding="utf-8"))
    }
    return [stored.get(claim.id) or claim._asdict() | {"outcome": UNDECIDED} for claim in list_claims()]


def read_papers() -> dict[str, dict[str, Any]]:
    """Return short name -> what `data/papers.toml` says of a paper."""
    return tomllib.loads((paths.DATA / "papers.toml").read_text(encoding="utf-8"))


def stage_pages(folder: Path, lessons: Lessons) -> list[str]:
    """Write the pages into the folder that Sphinx reads; none where no row is stored.

    Args:
        folder: where the site is laid out.
        lessons: name of a lesson without its number -> its page, such as `notebooks/11_mnist_cnn`, and title.

    Returns:
        Their entries for the table of contents.

    Raises:
        CourseError: a paper or a text is missing.
    """
    if not any(paths.LEDGER.glob("*.json")):
        return []
    rows, papers = read_rows(), read_papers()
    by_paper = {name: list(group) for name, group in groupby(rows, key=lambda row: row["paper"])}
    if by_paper.keys() != papers.keys():
        raise CourseError(f"data/papers.toml has {sorted(papers)}, the claims are of {sorted(by_paper)}")
    (folder / "papers").mkdir(parents=True, exist_ok=True)
    page = write_claims_page(by_paper, papers, lessons)
    (folder / "claims.md").write_text(page, encoding="utf-8")
    for name, paper in papers.items():
        page = write_paper_page(name, paper, by_paper[name], lessons)
        (folder / "papers" / f"{name}.md").write_text(page, encoding="utf-8")
    return ["All claims <claims>", *(f"{name} <papers/{name}>" for name in papers)]


# The page of all claims


def write_claims_page(
    by_paper: Mapping[str, Sequence[Row]],
    papers: Mapping[str, Mapping[str, Any]],
    lessons: Lessons,
) -> str:
    """Return the page of all claims as Markdown."""
    claims = {name: select_claims(rows) for name, rows in by_paper.items()}
    number = sum(map(len, claims.values()))
    remarks = sum(map(len, by_paper.values())) - number
    parts = [
        "# The claims, and what we found",
        f"The five papers make {number} claims that we wrote down one by one. Beside them stand {remarks} "
        "remarks of ours: something that a paper leaves out, or criticism. The outcome of each row follows "
        "from a rule. Open a row to see what was compared, by which rule, and how to compute it again.",
        _put_raw(draw_figure(claims), _write_counts(by_paper, "claims.html"), _write_filter(by_paper)),
    ]
    for name, rows in by_paper.items():
        parts += [
            f"## {name}",
            f"*{papers[name]['title']}*: [our report on this paper](papers/{name}.md).",
            _put_raw(*(write_row(row, lessons) for row in rows)),
        ]
    parts += ["## How to read a row", _put_raw(*_write_meanings()), _put_raw(SCRIPT.format("")), ""]
    return "\n\n".join(parts)


SCRIPT = '<script src="{}_static/claims.js" defer></script>'


def select_claims(rows: Sequence[Row]) -> list[Row]:
    """Return the rows of what a paper says, without our remarks."""
    return [row for row in rows if row["standing"] == "claim"]


def _put_raw(*html: str) -> str:
    return "\n".join(["``````{raw} html", *html, "``````"])


def _write_filter(by_paper: Mapping[str, Sequence[Row]]) -> str:
    rows = [row for group in by_paper.values() for row in group]
    there = {row["outcome"] for row in rows}
    choices = {
        "paper": ("Paper", list(by_paper)),
        "outcome": ("Outcome", [outcome for outcome in MEANINGS if outcome in there]),
        "basis": ("Basis", list(BASES)),
        "certainty": ("Certainty", list(CERTAINTIES)),
        "standing": ("Said by", {"claim": "the paper", "remark": "us, as a remark"}),
    }
    parts = ['<form id="claim-filter" hidden>']
    for name, (label, values) in choices.items():
        named = values if isinstance(values, dict) else {value: value for value in values}
        options = "".join(f'<option value="{value}">{text}</option>' for value, text in named.items())
        parts.append(
            f'<label>{label} <select name="{name}"><option value="">all</option>{options}</select></label>'
        )
    parts.append('<label>Text <input type="search" name="text" autocomplete="off"></label>')
    parts.append('<button type="reset">Show all</button>')
    parts.append(f'<output aria-live="polite">{len(rows)} of {len(rows)} rows</output></form>')
    return "\n".join(parts)


def _write_meanings() -> list[str]:
    """Return the lists of outcomes, bases, certainties and rules."""
    parts = []
    rules = {
        f'<span id="rule-{name}">{name}</span>, since {rule["date"]}': rule["text"]
        for name, rule in read_rules().items()
    }
    for title, meanings in (
        ("Outcomes", MEANINGS),
        ("Bases", BASES),
        ("Certainties", CERTAINTIES),
        ("Rules", rules),
    ):
        items = "".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>\n" for name, text in meanings.items())
        parts.append(f"<h3>{title}</h3>\n<dl class='meanings'>\n{items}</dl>")
    parts.append(
        "<p>A rule that is younger than a record that it judges is marked <em>rule after the result</em>.</p>"
    )
    return parts


# A row


def write_row(row: Row, lessons: Lessons, root: str = "", *, central: bool = False, rules: str = "") -> str:
    """Return a row as HTML: claim and outcome in sight, the rest to be opened.

    Args:
        row: as stored.
        lessons: name of a lesson without its number -> its page and title.
        root: leads from the page to the first folder of the site, such as `../`.
        central: whether it stands open among the central claims, and once more below.
        rules: the page that explains the rules, if it is another.
    """
    outcome = row["outcome"]
    attributes = {"class": "claim"} if central else {"class": "claim", "id": row["id"]}
    if not central:
        attributes |= {f"data-{name}": row.get(name, "") for name in ("outcome", "basis", "certainty")}
        attributes |= {"data-standing": row["standing"], "data-paper": row["paper"]}
    opening = " ".join(f'{name}="{value}"' for name, value in attributes.items())
    remark = "<em>remark</em> " if row["standing"] == "remark" else ""
    facts = "".join(
        f"<dt>{label}</dt><dd>{text}</dd>" for label, text in _list_facts(row, lessons, root, rules)
    )
    return (
        f"<details {opening}{' open' * central}><summary><code>{row['id']}</code> "
        f'<b class="{name_class(outcome)}">{outcome}</b> {remark}'
        f"<span>{escape(row['claim'])}</span></summary>"
        f"<p>{escape(row.get('evidence', MEANINGS[UNDECIDED]))}</p><dl>{facts}</dl></details>"
    )


def _list_facts(row: Row, lessons: Lessons, root: str, rules: str) -> list[tuple[str, str]]:
    """Return the labelled parts of an opened row, as HTML; those that are empty are left out."""
    facts = [
        ("place", escape(row["place"])),
        ("quote", f"<q>{escape(row['quote'])}</q>" if row["quote"] else ""),
        ("printed", escape(row["printed"])),
    ]
    if row["outcome"] != UNDECIDED:
        late = " <b>rule after the result</b>" if row["after_result"] else ""
        lesson = row["lesson"]
        if lesson in lessons:
            page, title = lessons[lesson]
            lesson = f'<a href="{root}{page}.html">{escape(title)}</a>'
        facts += [
            ("ours", escape(row["ours"])),
            ("basis", row["basis"]),
            ("certainty", row["certainty"]),
            (
                "rule",
                f'<a href="{rules}#rule-{row["rule"]}">{row["rule"]}</a>, since {row["rule_date"]}{late}',
            ),
            ("waits for" if row["outcome"] == WAITS else "would decide", escape(row["would_decide"])),
            ("records", "<br>".join(map(_describe_record, row["records"]))),
            ("lesson", lesson),
        ]
    facts.append(("recompute", f"<code>course ledger {row['id']}</code>"))
    return [(label, text) for label, text in facts if text]


@cache
def _describe_record(name: str) -> str:
    try:
        manifest = load_result(name).manifest
    except ValueError:
        manifest = {}
    if not manifest:  # course ledger --check complains of it
        return f"{name}, which is not in reports/results"
    return f"{name}, {manifest['started'][:10]}, commit {', '.join(list_commits(manifest))}"


def name_class(outcome: str) -> str:
    """Return the class of the style sheet that gives an outcome its colour."""
    return f"o o-{outcome.replace(' ', '-')}"


# Counts


def count_by_outcome(rows: Sequence[Row]) -> dict[str, int]:
    """Return outcome -> number of rows, in the order of `OUTCOMES`, without those that do not occur."""
    counts = Counter(row["outcome"] for row in rows)
    return {outcome: counts[outcome] for outcome in MEANINGS if counts[outcome]}


def describe_counts(claims: Mapping[str, Sequence[Row]]) -> str:
    """Return in words what the figure shows: of each paper how many claims have which outcome."""
    return "Claims by outcome. " + " ".join(
        f"{name}, {len(rows)} claims: "
        + ", ".join(f"{outcome} {number}" for outcome, number in count_by_outcome(rows).items())
        + "."
        for name, rows in claims.items()
    )


def title_figure(claims: Mapping[str, Sequence[Row]]) -> str:
    """Return the finding of the figure in a sentence."""
    counts = count_by_outcome([row for rows in claims.values() for row in rows])
    total, said = sum(counts.values()), []
    for outcomes, end in ENDS.items():
        number = sum(counts.pop(outcome, 0) for outcome in outcomes)
        said += [f"{number} {end}"] * (number > 0)
    said += [f"{sum(counts.values())} have no result to compare"] * bool(counts)
    return f"Of {total} claims, {', '.join(said[:-1])}{' and ' * (len(said) > 1)}{said[-1]}."


def draw_figure(claims: Mapping[str, Sequence[Row]]) -> str:
    """Draw a bar for each paper, divided by outcome, as an SVG whose text keeps its size on a narrow page."""
    longest = max(map(len, claims.values()))
    marks = []
    for place, (name, rows) in enumerate(claims.items()):
        top, start = 50 * place, 0
        marks.append(f'<text class="name" x="0" y="{top + 14}">{name}: {len(rows)} claims</text>')
        for outcome, number in count_by_outcome(rows).items():
            x, width = 100 * start / longest, 100 * number / longest
            start += number
            inside = f'<text x="{x + width / 2:.2f}%" y="{top + 36}">{number}</text>'
            marks.append(
                f'<g class="{name_class(outcome)}"><rect x="{x:.2f}%" y="{top + 20}" width="{width:.2f}%" '
                f'height="24"><title>{name}, {outcome}: {number}</title></rect>'
                f"{inside * (width >= 100 * NARROWEST)}</g>"
            )
    together = count_by_outcome([row for rows in claims.values() for row in rows])
    legend = "".join(
        f'<li><b class="{name_class(outcome)}">{outcome}</b> {number}</li>'
        for outcome, number in together.items()
    )
    return (
        f'<figure class="claims"><figcaption>{title_figure(claims)}</figcaption>\n'
        f'<svg role="img" aria-label="{describe_counts(claims)}" width="100%" height="{50 * len(claims)}">\n'
        + "\n".join(marks)
        + f'\n</svg>\n<ul aria-label="Outcomes and their claims">{legend}</ul></figure>'
    )


def _write_counts(by_paper: Mapping[str, Sequence[Row]], page: str) -> str:
    """Return a table of the numbers, whose cells lead to the rows that they count."""

    def link(number: int, **chosen: str) -> str:
        address = f"{page}#{urlencode(chosen)}"
        return f'<td><a href="{escape(address)}">{number}</a></td>' if number else "<td></td>"

    counts = {name: count_by_outcome(select_claims(rows)) for name, rows in by_paper.items()}
    heads = "".join(f'<th scope="col">{name}</th>' for name in (*counts, *(["all"] * (len(counts) > 1))))
    lines = []
    for outcome in MEANINGS:
        numbers = {name: of.get(outcome, 0) for name, of in counts.items()}
        if not any(numbers.values()):
            continue
        cells = [
            link(number, paper=name, outcome=outcome, standing="claim") for name, number in numbers.items()
        ]
        cells += [link(sum(numbers.values()), outcome=outcome, standing="claim")] * (len(counts) > 1)
        lines.append(f'<tr><th scope="row">{outcome}</th>{"".join(cells)}</tr>')
    for standing, label in (("claim", "all claims"), ("remark", "our remarks")):
        numbers = {name: sum(row["standing"] == standing for row in rows) for name, rows in by_paper.items()}
        cells = [link(number, paper=name, standing=standing) for name, number in numbers.items()]
        cells += [link(sum(numbers.values()), standing=standing)] * (len(counts) > 1)
        lines.append(f'<tr><th scope="row">{label}</th>{"".join(cells)}</tr>')
    return (
        '<details class="counts"><summary>The numbers of the figure</summary>\n<div class="lesson-numbers" '
        'tabindex="0" role="region" aria-label="Numbers of claims"><table>'
        f"<thead><tr><td></td>{heads}</tr></thead>\n<tbody>{''.join(lines)}</tbody></table></div></details>"
    )


# The page of a paper


def write_paper_page(name: str, paper: Mapping[str, Any], rows: Sequence[Row], lessons: Lessons) -> str:
    """Return the report on one paper as Markdown."""
    texts = read_texts(name)
    by_id = {row["id"]: row for row in rows}
    if unknown := [one for one in paper["central"] if one not in by_id]:
        raise CourseError(f"data/papers.toml calls {', '.join(unknown)} central, which is no claim of {name}")
    central = [write_row(by_id[one], lessons, "../", central=True, rules=RULES) for one in paper["central"]]
    claims = {name: select_claims(rows)}
    parts = [
        f"# {paper['title']}",
        _write_facts(name, paper),
        f"## {SECTIONS[0]}",
        texts[SECTIONS[0]],
        "## Central claims",
        "Chosen by us: what a reader takes away from the paper, and what the rest of it builds on.",
        _put_raw(*central),
        "## All claims by outcome",
        _put_raw(draw_figure(claims), _write_counts({name: rows}, "../claims.html")),
    ]
    for title in SECTIONS[1:]:
        parts += [f"## {title}", texts[title]]
    parts += [
        "So far we have not asked them.",
        "## All rows",
        _put_raw(
            *(write_row(row, lessons, "../", rules=RULES) for row in rows),
            SCRIPT.format("../"),
        ),
        "",
    ]
    return "\n\n".join(parts)


RULES = "../claims.html"


def _write_facts(name: str, paper: Mapping[str, Any]) -> str:
    address = paper["address"]
    facts = {
        "short name": f"`{name}`",
        "authors": ", ".join(paper["authors"]) or "not stated",
        "kind": paper["kind"],
        "year": paper["year"],
        "address": f"<{address}>, {paper['address_of']}" if address else "not stated",
        "claims": "also [in the list of all](../claims.md), with the rules",
    }
    lines = [f"| {label} | {text} |" for label, text in facts.items()]
    return "\n".join(["| | |", "|---|---|", *lines])


def read_texts(name: str) -> dict[str, str]:
    """Return heading -> text of what we say of a paper.

    Raises:
        CourseError: there is no such text, or one of `SECTIONS` is missing in it.
    """
    path = TEXTS / f"{name}.md"
    if not path.exists():
        raise CourseError(f"{show(path)} is missing; say there {', '.join(SECTIONS)}")
    parts = re.split(r"^## (.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    texts = {title.strip(): text.strip() for title, text in zip(parts[1::2], parts[2::2], strict=True)}
    if missing := [title for title in SECTIONS if not texts.get(title)]:
        raise CourseError(f"{show(path)} says nothing under: {', '.join(missing)}")
    return texts
