"""Settings of the site; `helpers.course.site` adds the lessons and `course.json` to a copy of this folder."""

import html
import json
import re
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.util import logging

COURSE = json.loads(Path(__file__).with_name("course.json").read_text(encoding="utf-8"))
LOG = logging.getLogger(__name__)

project = "Image Classification, Checked"
html_title = project
language = "en"
extensions = ["myst_nb"]
templates_path = ["_templates"]

nb_execution_mode = "off"
nb_merge_streams = True
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3

html_theme = "sphinx_book_theme"
html_theme_options = {
    "search_bar_text": "Search the course",
    "show_toc_level": 2,
    "navbar_persistent": [],  # the side bar has the search
    "use_download_button": False,  # a lesson offers its notebook itself
    "use_fullscreen_button": False,
    "footer_content_items": [],
}
html_static_path = ["_static"]
html_css_files = ["course.css"]
html_js_files = ["course.js"]
html_favicon = "_static/favicon.svg"
html_extra_path = ["extra"]
html_context = {**COURSE, "default_mode": "auto"}
html_math_renderer = "mathml"
html_use_index = False
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
# A page opened from a disk may not read other pages; course.js lists results with excerpts elsewhere.
html_show_search_summary = False


def write_mathml(node: nodes.Element, display: str) -> str:
    """Return LaTeX as MathML, which browsers show without a script; what is not understood is a warning."""
    latex = node.astext().replace("{aligned}", "{split}")  # the same to readers, and known
    try:
        markup = convert(latex, display=display)
        unknown = re.search(r"\\[A-Za-z]+", markup)
        problem = f"{unknown.group()} is unknown" if unknown else ""
    except Exception as error:  # latex2mathml raises a dozen kinds, and IndexError
        markup, problem = html.escape(latex), repr(error)
    if problem:
        LOG.warning("no MathML for %r: %s", latex, problem, location=node)
    return markup


def visit_math(translator, node: nodes.math) -> None:
    translator.body.append(write_mathml(node, "inline"))
    raise nodes.SkipNode


def visit_math_block(translator, node: nodes.math_block) -> None:
    translator.body.append(f'<div class="math">{write_mathml(node, "block")}</div>\n')
    raise nodes.SkipNode


def describe_figures(app: Sphinx, doctree: nodes.document) -> None:
    """Give every figure the text of its output, which MyST-NB drops; the files are named by their hash.

    Other pictures are named as in an address, with %20 for a space; Sphinx looks for the name of a file.
    """
    for image in doctree.findall(nodes.image):
        if not re.match("https?:|data:|//", image["uri"], re.IGNORECASE):
            image["uri"] = unquote(image["uri"])
        name = PurePosixPath(image["uri"]).stem
        if name in COURSE["alternatives"]:
            image["alt"] = COURSE["alternatives"][name]


def unfold_cells(app: Sphinx, page: str, template: str, context: dict, doctree) -> None:
    """Show at first the long code of those cells that the lesson is about; MyST-NB folds all.

    It also labels all with the same words, which would be read out instead of the words that are seen.
    """
    cell = r'(<div class="cell tag_hide-input tag_unfolded\b[^>]*>\s*<details) '
    body = re.sub(cell, r"\1 open ", context.get("body", ""))
    context["body"] = re.sub(r'<summary aria-label="[^"]*">', "<summary>", body)


def setup(app: Sphinx) -> None:
    app.connect("html-page-context", unfold_cells)
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_math_block, None))
    app.connect("doctree-read", describe_figures, priority=400)  # before Sphinx copies the files
