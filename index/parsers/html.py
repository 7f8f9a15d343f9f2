"""Web pages: the text a reader sees, without scripts, styles, navigation and forms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from index.normal import on_one_line
from index.parsers.encoding import decode
from index.parsers.parsed import Parsed, Source, TextBuilder
from index.parsers.rows import add_rows

# fmt: off
_UNSEEN = frozenset([
    "script", "style", "noscript", "template", "head", "svg", "math", "iframe", "object", "nav", "button",
    "select", "textarea", "dialog", "audio", "video", "canvas",
])
_BLOCKS = frozenset([
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "div", "dl", "dt",
    "fieldset", "figcaption", "figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr",
    "html", "li", "main", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead",
    "tr", "ul",
])
# fmt: on
_HEADINGS = {f"h{level}": level for level in range(1, 7)}

# Where browsers look, and a little further (WHATWG HTML, 13.2.3.2: the first 1024 bytes).
_ENCODING_BYTES = 4096
_DECLARED_ENCODING = re.compile(
    rb"""<(?:meta\b[^>]*?\bcharset|\?xml\b[^>]*?\bencoding)\s*=\s*["']?\s*([\w:.-]+)""", re.IGNORECASE
)
_LINE_BREAK = "\x00"


def parse(source: Source) -> list[Parsed]:
    """One document, titled by <title>, else by its first heading."""
    declared = _DECLARED_ENCODING.search(source.data[:_ENCODING_BYTES])
    return [from_html(decode(source.data, declared.group(1).decode("ascii", "replace") if declared else None))]


def from_html(markup: str, title: str = "") -> Parsed:
    """The document of an HTML text."""
    tree = _Tree()
    # A tree of lxml's own would end 2,048 levels deep; what is told event by event does not.
    parser = etree.HTMLParser(target=tree, encoding="utf-8", huge_tree=True)
    parser.feed(markup.replace(_LINE_BREAK, "").encode("utf-8", "replace"))
    parser.close()
    builder = TextBuilder()
    _Writer(builder).write(tree.root)
    return builder.build(title or on_one_line(tree.title))


@dataclass(slots=True, eq=False)
class _Element:
    """An element that a reader sees.

    `holds_table` says that another table stands in this one, `spans` that a cell takes the place of several.
    """

    name: str
    parent: _Element | None = None
    start: str = ""
    spans: bool = False
    holds_table: bool = False
    children: list[_Element | str] = field(default_factory=list)


class _Tree:
    """Takes the parser's events and keeps what is seen, and the first <title>."""

    def __init__(self) -> None:
        self.root = _Element("")
        self.title = ""
        self._open = self.root
        self._tables: list[_Element] = []
        self._unseen_depth = 0
        self._title_parts: list[str] | None = None
        self._in_title = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "title" and self._title_parts is None:
            self._title_parts = []
            self._in_title = True
        if self._unseen_depth or name in _UNSEEN or "hidden" in attributes:
            self._unseen_depth += 1
            return
        spans = any(attributes.get(key, "1").strip() not in ("", "1") for key in ("colspan", "rowspan"))
        element = _Element(name, self._open, attributes.get("start", ""), spans)
        self._open.children.append(element)
        self._open = element
        if name == "table":
            if self._tables:
                self._tables[-1].holds_table = True
            self._tables.append(element)

    def end(self, name: str) -> None:
        if name == "title" and self._in_title:
            self._in_title = False
            self.title = "".join(self._title_parts or ())
        if self._unseen_depth:
            self._unseen_depth -= 1
            return
        if name == "table" and self._tables:
            self._tables.pop()
        self._open = self._open.parent or self.root

    def data(self, text: str) -> None:
        if self._in_title and self._title_parts is not None:
            self._title_parts.append(text)
        if not self._unseen_depth:
            self._open.children.append(text)

    def close(self) -> None:
        """The parser asks for it."""


class _Writer:
    """Writes blocks in reading order; inline text is gathered until a block begins or ends."""

    def __init__(self, builder: TextBuilder) -> None:
        self._builder = builder
        self._inline: list[str] = []
        self._bullet = ""
        self._in_list = False
        self._numbers: dict[_Element, int] = {}

    def write(self, root: _Element) -> None:
        """Write what stands below `root`. A stack instead of recursion: pages are nested thousands deep at times."""
        work: list[tuple[bool, _Element | str]] = [(True, root)]
        while work:
            opens, node = work.pop()
            if isinstance(node, str):
                self._inline.append(node)
            elif not opens:
                self._flush()
                if node.name in ("ul", "ol"):
                    self._in_list = False
            elif node.name in _HEADINGS:
                self._flush()
                self._builder.add(_text(node), heading=_HEADINGS[node.name])
            elif node.name == "table" and not node.holds_table:
                self._flush()
                add_rows(self._builder, *_rows(node))
            elif node.name == "pre":
                self._flush()
                self._builder.add("".join(part if isinstance(part, str) else "" for part in _walk(node)))
            elif node.name == "br":
                self._inline.append(_LINE_BREAK)
            else:
                if node.name in _BLOCKS:
                    self._flush()
                    if node.name == "li":
                        self._bullet = self._mark(node)
                    work.append((False, node))
                work += [(True, child) for child in reversed(node.children)]
        self._flush()

    def _flush(self) -> None:
        lines = [on_one_line(line) for line in "".join(self._inline).split(_LINE_BREAK)]
        self._inline.clear()
        text = "\n".join(line for line in lines if line)
        if text:
            tight = bool(self._bullet) and self._in_list
            self._builder.add(self._bullet + text, separator="\n" if tight else "\n\n")
            self._in_list = bool(self._bullet)
            self._bullet = ""

    def _mark(self, item: _Element) -> str:
        """The dash or number that a list item begins with."""
        parent = item.parent
        if parent is None or parent.name != "ol":
            return "- "
        number = self._numbers.get(parent, int(parent.start) if parent.start.isdecimal() else 1)
        self._numbers[parent] = number + 1
        return f"{number}. "


def _walk(root: _Element) -> Iterator[_Element | str]:
    """What stands below `root`, in the order of the page; an element once before and once after its content."""
    work: list[tuple[bool, _Element | str]] = [(True, child) for child in reversed(root.children)]
    while work:
        opens, node = work.pop()
        yield node
        if opens and isinstance(node, _Element):
            work.append((False, node))
            work += [(True, child) for child in reversed(node.children)]


def _rows(table: _Element) -> tuple[list[list[str]], int | None]:
    """The caption and the rows of a table that holds no other; a cell within a cell is part of it.

    With them the number of the row that names the columns: the first, where it alone is made of header cells only. A
    table with cells that span others has none, since it cannot be told which name belongs to which cell.
    """
    rows: dict[_Element, list[_Element]] = {}
    cells: list[_Element] = []
    cell: _Element | None = None
    for node in _walk(table):
        if isinstance(node, str):
            continue
        if node is cell:
            cell = None
        elif cell is None:
            if node.name in ("tr", "caption"):
                cells = rows.setdefault(node, [])
            if node.name in ("td", "th", "caption") and (node.name != "caption" or not cells):
                cell = node
                cells.append(node)
    found = [row for row in rows.values() if row]
    headers = [n for n, row in enumerate(found) if all(each.name == "th" for each in row)]
    first = next((n for n, row in enumerate(found) if row[0].name != "caption"), None)
    named = headers == [first] and not any(each.spans for row in found for each in row)
    return [[_text(each) for each in row] for row in found], first if named else None


def _text(node: _Element) -> str:
    """The text of a heading or cell on one line; blocks and line breaks within part words, inline tags do not."""
    return on_one_line(
        "".join(
            part if isinstance(part, str) else " " if part.name == "br" or part.name in _BLOCKS else ""
            for part in _walk(node)
        )
    )
