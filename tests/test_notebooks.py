"""Every stored lesson is clean, complete and readable by everyone."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from functools import cache

import pytest
import yaml
from packaging.requirements import Requirement

from helpers.course.bands import read_bands
from helpers.course.lessons import find_lessons
from helpers.course.site import format_value
from helpers.ledger import read_claims
from helpers.paths import NOTEBOOKS, RESULTS, ROOT
from helpers.provenance import is_dirty
from helpers.results import Result

LESSONS = [lesson.stem for lesson in find_lessons()]  # the notebooks of a learner beside them are not tested
CLOSING = ("What we found", "Limits", "What this says about the papers", "Exercises", "Where next")
MODULES = {"scikit-image": "skimage", "scikit-learn": "sklearn", "pillow": "PIL", "pyyaml": "yaml"}
MACHINE_PATH = re.compile(r"(?:/(?:home|root|Users|tmp|work|usr|opt|var)/|[A-Za-z]:\\\\)")


@cache
def read_lesson(stem: str) -> dict:
    return json.loads((NOTEBOOKS / f"{stem}.ipynb").read_text(encoding="utf-8"))


def text_of(part: str | list[str]) -> str:
    return part if isinstance(part, str) else "".join(part)


@pytest.fixture(params=LESSONS)
def lesson(request):
    return read_lesson(request.param) | {"stem": request.param}


@pytest.fixture
def code_cells(lesson):
    return [cell for cell in lesson["cells"] if cell["cell_type"] == "code"]


@pytest.fixture
def outputs(code_cells):
    return [output for cell in code_cells for output in cell["outputs"]]


@pytest.fixture
def prose(lesson):
    return "\n\n".join(text_of(c["source"]) for c in lesson["cells"] if c["cell_type"] == "markdown")


def test_there_are_lessons():
    assert len(LESSONS) >= 4
    assert all(re.fullmatch(r"\d\d_[a-z0-9_]+", stem) for stem in LESSONS)


def test_every_committed_notebook_is_a_lesson():
    if not (ROOT / ".git").exists():
        pytest.skip("needs the repository of git")
    listed = subprocess.check_output(["git", "ls-files", "-z", "*.ipynb"], cwd=ROOT, text=True).split("\0")
    assert set(filter(None, listed)) <= {f"notebooks/{stem}.ipynb" for stem in LESSONS}


def test_file_is_small(lesson):
    assert (NOTEBOOKS / f"{lesson['stem']}.ipynb").stat().st_size < 2_000_000


def test_metadata_hold_what_the_course_needs_and_nothing_else(lesson):
    assert set(lesson["metadata"]) == {"course", "kernelspec", "language_info"}
    assert lesson["metadata"]["kernelspec"]["name"] == "python3"
    assert lesson["metadata"]["language_info"] == {"name": "python"}
    about = lesson["metadata"]["course"]
    assert {
        "title",
        "paper",
        "summary",
        "data",
        "full_data",
        "headline",
        "cpu_seconds",
        "memory_mib",
    } == set(about)
    assert all(set(cell["metadata"]) <= {"tags"} for cell in lesson["cells"])


def test_one_cell_holds_the_parameters(code_cells):
    assert sum("parameters" in cell["metadata"].get("tags", []) for cell in code_cells) == 1
    assert "parameters" in code_cells[0]["metadata"]["tags"]


def test_cells_were_run_in_order_on_a_fresh_kernel(code_cells):
    assert [cell["execution_count"] for cell in code_cells] == list(range(1, len(code_cells) + 1))


def test_outputs_are_clean(outputs):
    assert all(output["output_type"] != "error" for output in outputs)
    assert all(output.get("name") != "stderr" for output in outputs)
    for output in outputs:
        data = output.get("data", {})
        text = text_of(output.get("text", "")) + "".join(
            text_of(part) for kind, part in data.items() if kind.startswith("text/")
        )
        assert not MACHINE_PATH.search(text)
        assert "\r" not in text, "a progress bar left its traces"
        assert not re.search(r" at 0x[0-9a-f]{6,}", text), "an object's address changes with every run"


def test_every_figure_has_alternative_text(outputs):
    for output in outputs:
        for kind in output.get("data", {}):
            if kind.startswith("image/"):
                alt = output["metadata"].get(kind, {}).get("alt", "")
                assert len(alt) > 20, "show a figure with helpers.figures.drawings.show(figure, alt=...)"


def test_cells_are_short(code_cells):
    """At most thirty lines; an import counts as one, on however many the formatter writes it."""
    for cell in code_cells:
        source = text_of(cell["source"])
        imports = [node for node in ast.parse(source).body if isinstance(node, ast.Import | ast.ImportFrom)]
        wrapped = sum(node.end_lineno - node.lineno for node in imports)
        assert len(source.splitlines()) - wrapped <= 30


def test_imports_come_from_helpers_and_declared_packages(code_cells):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {Requirement(line).name for line in project["dependencies"]}
    allowed = {MODULES.get(name, name.replace("-", "_")) for name in declared} | {"helpers"}
    for cell in code_cells:
        tree = ast.parse(text_of(cell["source"]))  # and so no magics and no shell
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert name.split(".")[0] in allowed | sys.stdlib_module_names
                assert not name.startswith("helpers.course"), "no lesson imports what runs it"


def test_opening_says_what_a_reader_wants_to_know(lesson):
    opening = text_of(lesson["cells"][0]["source"])
    number, title = lesson["stem"][:2], lesson["metadata"]["course"]["title"]
    assert opening.startswith(f"# {number} {title}\n")
    for part in ("**Result", "**Time", "**Needs", "**You will be able to", "**Paper", "**Claims"):
        assert part in opening


def test_promised_time_covers_the_measured_one(lesson):
    promised = re.search(r"default: under (\d+) minutes? on two cores", text_of(lesson["cells"][0]["source"]))
    cpu_seconds = lesson["metadata"]["course"]["cpu_seconds"]
    assert 60 * int(promised[1]) * 2 >= cpu_seconds, "two cores give two seconds of processor time a second"
    assert cpu_seconds <= 200


def test_closing_sections_stand_at_the_end(prose):
    headings = re.findall(r"^## (.+)$", prose, re.MULTILINE)
    assert tuple(headings[-5:]) == CLOSING


def test_no_heading_is_empty(lesson):
    blocks = []
    for cell in lesson["cells"]:
        if cell["cell_type"] == "code":
            blocks.append("code")
        else:
            blocks += [block for block in text_of(cell["source"]).split("\n") if block.strip()]
    for heading, following in zip(blocks, [*blocks[1:], ""], strict=True):
        if match := re.match(r"(#+) ", heading):
            deeper = re.match(r"(#+) ", following)
            assert following, f"nothing follows {heading!r}"
            assert not deeper or len(deeper[1]) > len(match[1]), f"nothing follows {heading!r}"


def test_a_mistake_is_made_on_purpose_and_marked(lesson, prose):
    if lesson["stem"] != "00_start_here":
        assert re.search(r"^##+ Wrong on purpose", prose, re.MULTILINE)


def test_named_claims_exist(lesson, prose, code_cells):
    known = set(read_claims().index)
    papers = {claim.rsplit("-", 1)[0] for claim in known}
    text = prose + "\n".join(text_of(cell["source"]) for cell in code_cells)
    named = re.findall(rf"\b((?:{'|'.join(papers)})-\d+)\b", text)
    assert named
    assert set(named) <= known


def test_no_verdict_is_typed_in_a_lesson(code_cells):
    """Outcomes are computed in `helpers/ledger`, and a lesson ends with its rows."""
    calls = [node for cell in code_cells for node in ast.walk(ast.parse(text_of(cell["source"])))]
    names = {node.func.id for node in calls if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert names.isdisjoint({"answer", "decide"}) and "show_claims" in names
    texts = {node.value for node in calls if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    assert texts.isdisjoint({"reproduced", "refuted", "partly", "undetermined"})


def test_some_outputs_are_compared_exactly(code_cells):
    marked = [cell for cell in code_cells if "# NBVAL_CHECK_OUTPUT" in text_of(cell["source"])]
    assert len(marked) >= 2
    assert all(cell["outputs"] for cell in marked)
    assert not any("display_data" in {o["output_type"] for o in cell["outputs"]} for cell in marked)


def test_full_runs_are_recorded_with_their_manifest():
    full = yaml.safe_load((NOTEBOOKS / "full.yaml").read_text(encoding="utf-8"))
    recorded = {path.stem: path for path in RESULTS.glob("*.json")}
    experiments = {name for name, entry in full.items() if "experiment" in entry}
    assert set(recorded) <= set(full)
    assert set(full) - experiments <= set(recorded), "an experiment may be declared before it is run"
    for path in recorded.values():
        result = json.loads(path.read_text(encoding="utf-8"))
        manifest = result["manifest"]
        assert manifest["status"] == "passed"
        assert manifest["profile"] == "full"
        assert re.fullmatch(r"[0-9a-f]{40}", manifest["commit"])
        assert not is_dirty(manifest), "all parts of a recorded run must be of committed files"
        assert {"parameters", "inputs", "versions", "device", "started", "seconds"} <= set(manifest)
        assert not MACHINE_PATH.search(path.read_text(encoding="utf-8"))


def test_headlines_are_recorded(lesson):
    path = RESULTS / f"{lesson['stem'][3:]}.json"
    if path.exists():
        values = json.loads(path.read_text(encoding="utf-8"))["values"]
        assert set(lesson["metadata"]["course"]["headline"]) <= set(values)


def test_bands_are_of_lessons():
    assert set(read_bands()) <= {stem[3:] for stem in LESSONS}


def read_cell(result: Result, where: str) -> float:
    """Return what `table: column, name = value, ...` says: the mean of a column over the rows that match.

    `index` names the table's index; `A / B` is one such mean divided by another.
    """
    if " / " in where:
        top, bottom = where.split(" / ")
        return read_cell(result, top) / read_cell(result, bottom)
    name, _, rest = where.partition(": ")
    column, *conditions = rest.split(", ")
    rows = result.table(name).rename_axis("index").reset_index()
    for condition in conditions:
        key, _, value = condition.partition(" = ")
        rows = rows[rows[key].astype(str) == value]
    assert len(rows), f"{where}: no row of the recorded table matches"
    return float(rows[column].mean())


def test_the_readme_says_what_was_recorded():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d\d) \| [^|]+ \| `([^`|]+)` \| ([^|]+) \|$", readme, re.MULTILINE)
    names = {stem[:2]: stem[3:] for stem in LESSONS}
    assert {number for number, *_ in rows} == names.keys()
    for number, name, shown in rows:
        result = json.loads((RESULTS / f"{names[number]}.json").read_text(encoding="utf-8"))
        if ": " in name:
            unit = "fraction" if shown.endswith(" %") else ""
            assert shown == format_value(read_cell(Result(**result), name), unit), name
        else:
            assert shown == format_value(**result["values"][name])


def test_a_recorded_cell_is_the_mean_of_the_rows_that_match():
    table = {"index": [0, 1, 2], "columns": ["way", "a"], "data": [["x", 1.0], ["x", 3.0], ["y", 8.0]]}
    result = Result(tables={"t": table})
    assert read_cell(result, "t: a, way = x") == 2
    assert read_cell(result, "t: a, index = 2") == 8
    assert read_cell(result, "t: a, way = x / t: a, way = y") == 0.25
    with pytest.raises(AssertionError, match="no row"):
        read_cell(result, "t: a, way = z")


def test_the_readme_links_every_lesson():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"\(notebooks/(\w+)\.ipynb\)", readme) == LESSONS
