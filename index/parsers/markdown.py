"""Markdown (CommonMark with tables), read as the web page that it stands for."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt

from index.normal import on_one_line
from index.parsers.encoding import decode
from index.parsers.html import from_html
from index.parsers.parsed import Parsed, Source

_FRONT_MATTER = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)\r?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_TITLE = re.compile(r"^title[ \t]*:[ \t]*(.+)$", re.MULTILINE | re.IGNORECASE)


def parse(source: Source) -> list[Parsed]:
    """One document; its title is that of the front matter, else its first heading."""
    text = decode(source.data)
    title = ""
    if front := _FRONT_MATTER.match(text):
        if named := _TITLE.search(front.group(1)):
            title = on_one_line(named.group(1)).strip("\"'")
        text = text[front.end() :]
    return [from_html(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(text), title)]
