"""Export one lesson as one HTML file that needs nothing beside it: to mail, to hand in, to keep."""

import mimetypes
import re
from base64 import b64encode
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote

from bs4 import BeautifulSoup, Tag

from helpers import paths
from helpers.course.lessons import CourseError, find_lesson
from helpers.course.site import SITE, is_elsewhere, run_sphinx, stage

# Without the site's switch the page follows the system: light or dark.
PAGE = """<!DOCTYPE html>
<html lang="en" data-theme="light">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
<script>
if (matchMedia("(prefers-color-scheme: dark)").matches) document.documentElement.dataset.theme = "dark";
{script}
</script>
</head>
<body class="exported">
{article}
</body>
</html>
"""


def export(lesson: str | int, output: Path | None = None) -> Path:
    """Write a lesson, as the site shows it, to one file, `reports/export/<stem>.html` by default.

    Only this lesson is built, so that nothing wrong in another one is in the way. A picture on the web stays
    there; all others are in the file.

    Raises:
        CourseError: unknown lesson, a folder as output, or the page cannot be built.
    """
    lesson = find_lesson(lesson)
    stem = lesson.stem
    output = Path(output or paths.REPORTS / "export" / f"{stem}.html").resolve()
    if output.is_dir():
        raise CourseError(f"-o {output} is a folder; name a file, such as {output / stem}.html")
    output.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        source, html = Path(folder, "source"), Path(folder, "html")
        stage(source, [lesson], others=False)
        # Links to other pages are not missed: only their texts are kept.
        run_sphinx(source, html, "-D", "suppress_warnings=myst.xref_missing")
        output.write_text(inline_page(html / "notebooks" / f"{stem}.html"), encoding="utf-8")
    return output


def inline_page(path: Path) -> str:
    """Return the article of a built page as a page of its own, with its style and images inside."""
    page = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
    article = page.find("article", class_="bd-article")
    for image in article.select("img[src]"):
        if not is_elsewhere(image["src"]):
            image["src"] = _embed(path.parent / unquote(image["src"]))
    article.select_one(".lesson-head a[download]").decompose()
    for link in article.find_all("a", href=True):
        _cut_link(link)
    styles = [link["href"] for link in page.find_all("link", rel="stylesheet")]
    style = "\n".join(_read_style(path.parent / href.partition("?")[0]) for href in styles)
    script = (SITE / "_static" / "course.js").read_text(encoding="utf-8")
    title = escape(page.title.get_text(strip=True))
    return PAGE.format(title=title, style=style, script=script, article=article)


def _embed(path: Path) -> str:
    kind = mimetypes.guess_type(path.name)[0]
    return f"data:{kind};base64,{b64encode(path.read_bytes()).decode()}"


def _cut_link(link: Tag) -> None:
    """Leave only the text of a link to another file of the site."""
    if not link["href"].startswith("#") and not is_elsewhere(link["href"]):
        link.unwrap()


def _read_style(path: Path) -> str:
    """Return a style sheet with those it imports, without its icon fonts: the article has no icons."""
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"@font-face\s*{[^}]*}", "", text)
    return re.sub(r'@import "([^"]+)";', lambda match: _read_style(path.parent / match[1]), text)
