"""What goes into a parser and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass

from index.normal import normalise
from index.settings import LoadSettings
from index.types import Heading


@dataclass(frozen=True, slots=True)
class Source:
    """A file's bytes, its suffix in lower case (".csv") and how it is to be read."""

    data: bytes
    suffix: str
    settings: LoadSettings


@dataclass(frozen=True, slots=True)
class Parsed:
    """A document as its file tells it; `title` is "" when it names none, `row` is 1-based for a row of a table."""

    text: str
    title: str = ""
    page_starts: tuple[int, ...] = ()
    headings: tuple[Heading, ...] = ()
    row: int | None = None


class TextBuilder:
    """Puts a text together block by block, so that headings and pages get their offsets as they are written."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._pages_waiting = 0
        self._page_starts: list[int] = []
        self._headings: list[Heading] = []

    def page(self) -> None:
        """A page begins: at the next block."""
        self._pages_waiting += 1

    def add(self, block: str, separator: str = "\n\n", heading: int = 0) -> None:
        """Write a block after a separator; `heading` is its level, 0 for text. A blank block is not written."""
        block = normalise(block).strip()
        if not block:
            return
        if self._length:
            self._parts.append(separator)
            self._length += len(separator)
        self._flush_pages()
        if heading:
            self._headings.append(Heading(self._length, self._length + len(block), heading))
        self._parts.append(block)
        self._length += len(block)

    def build(self, title: str = "") -> Parsed:
        """The document so far; without a title of its own the first heading is its title."""
        self._flush_pages()
        text = "".join(self._parts)
        if not title and self._headings:
            title = text[self._headings[0].start : self._headings[0].end]
        return Parsed(text, title, tuple(self._page_starts), tuple(self._headings))

    def _flush_pages(self) -> None:
        self._page_starts += [self._length] * self._pages_waiting
        self._pages_waiting = 0
