"""Web pages: the text a reader sees, without scripts, styles, navigation and forms."""

from __future__ import annotations

from bs4 import BeautifulSoup
from bs4.dammit import EncodingDetector
from bs4.element import NavigableString, PreformattedString, Tag

from index.normal import on_one_line
from index.parsers.encoding import decode
from index.parsers.parsed import Parsed, Source, TextBuilder
from index.parsers.rows import add_rows

# fmt: off
_UNSEEN = [
    "script", "style", "noscript", "template", "head", "svg", "math", "iframe", "object", "nav", "button",
    "select", "textarea", "dialog", "audio", "video", "canvas",
]
_BLOCKS = frozenset([
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "div", "dl", "dt",
    "fieldset", "figcaption", "figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr",
    "html", "li", "main", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead",
    "tr", "ul",
])
# fmt: on
_HEADINGS = {f"h{level}": level for level in range(1, 7)}


def parse(source: Source) -> list[Parsed]:
    """One document, titled by <title>, else by its first heading."""
    declared = EncodingDetector.find_declared_encoding(source.data, is_html=True)
    return [from_html(decode(source.data, declared))]


def from_html(markup: str, title: str = "") -> Parsed:
    """The document of an HTML text."""
    soup = BeautifulSoup(markup, "lxml")
    if not title and soup.title is not None:
        title = on_one_line(soup.title.get_text())
    for tag in soup.find_all(_UNSEEN):
        tag.decompose()
    for tag in soup.find_all(hidden=True):
        tag.decompose()
    builder = TextBuilder()
    _Writer(builder).write(soup)
    return builder.build(title)


class _Writer:
    """Writes blocks in reading order; inline text is gathered until a block begins or ends."""

    def __init__(self, builder: TextBuilder) -> None:
        self._builder = builder
        self._inline: list[str] = []
        self._bullet = ""
        self._in_list = False
        self._numbers: dict[int, int] = {}

    def write(self, root: Tag) -> None:
        """Write what stands below `root`. A stack instead of recursion: pages are nested thousands deep at times."""
        work: list[tuple[str, Tag | NavigableString]] = [("open", root)]
        while work:
            action, node = work.pop()
            if isinstance(node, NavigableString):
                if not isinstance(node, PreformattedString):
                    self._inline.append(str(node))
            elif action == "close":
                self._flush()
                if node.name in ("ul", "ol"):
                    self._in_list = False
            elif node.name in _HEADINGS:
                self._flush()
                self._builder.add(_text(node), heading=_HEADINGS[node.name])
            elif node.name == "table" and node.find("table") is None:
                self._flush()
                add_rows(self._builder, _rows(node))
            elif node.name == "pre":
                self._flush()
                self._builder.add(node.get_text())
            elif node.name == "br":
                self._inline.append("\x00")
            else:
                if node.name in _BLOCKS:
                    self._flush()
                    if node.name == "li":
                        self._bullet = self._mark(node)
                    work.append(("close", node))
                work += [
                    ("open", child) for child in reversed(node.contents) if isinstance(child, Tag | NavigableString)
                ]
        self._flush()

    def _flush(self) -> None:
        lines = [on_one_line(line) for line in "".join(self._inline).split("\x00")]
        self._inline.clear()
        text = "\n".join(line for line in lines if line)
        if text:
            tight = bool(self._bullet) and self._in_list
            self._builder.add(self._bullet + text, separator="\n" if tight else "\n\n")
            self._in_list = bool(self._bullet)
            self._bullet = ""

    def _mark(self, item: Tag) -> str:
        """The dash or number that a list item begins with."""
        parent = item.parent
        if parent is None or parent.name != "ol":
            return "- "
        start = str(parent.get("start") or 1)
        number = self._numbers.get(id(parent), int(start) if start.isdecimal() else 1)
        self._numbers[id(parent)] = number + 1
        return f"{number}. "


def _rows(table: Tag) -> list[list[str]]:
    return [[_text(cell) for cell in row.find_all(["td", "th"])] for row in table.find_all(["tr", "caption"])]


def _text(node: Tag) -> str:
    """The text of a heading or cell on one line; blocks and line breaks within part words, inline tags do not."""
    for inner in node.find_all(["br", *_BLOCKS]):
        inner.insert_before(" ")
        inner.insert_after(" ")
    return on_one_line(node.get_text())
