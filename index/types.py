"""What travels between loading, chunking and storing. Offsets are code points of `Document.text`, half-open."""

from __future__ import annotations

import bisect
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading that stands at [start, end) of the text; level 1 is the highest."""

    start: int
    end: int
    level: int


@dataclass(frozen=True, slots=True)
class Document:
    """One document as it is searched and cited.

    `id` is given by the store (0 before that) and never reused; `uri` is the path below the corpus root with forward
    slashes, plus `#row` for a row of a table; `sha256` is the digest of the file's raw bytes (of the row's text for a
    row); `page_starts` holds the offset at which each page begins, empty for a format without pages. The text was
    normalised when it was loaded and is never changed again.
    """

    id: int
    uri: str
    title: str
    media_type: str
    text: str
    sha256: str
    page_starts: tuple[int, ...] = ()
    headings: tuple[Heading, ...] = ()

    def page(self, offset: int) -> int | None:
        """The 1-based page that holds the offset, or None for a format without pages."""
        return _page(self.page_starts, offset)


@dataclass(frozen=True, slots=True)
class Source:
    """What a citation says of a document, without its text; `stale` as in `LeftOut`."""

    uri: str
    title: str
    page_starts: tuple[int, ...]
    stale: bool

    def page(self, offset: int) -> int | None:
        """The 1-based page that holds the offset, or None for a format without pages."""
        return _page(self.page_starts, offset)


def _page(page_starts: tuple[int, ...], offset: int) -> int | None:
    return bisect.bisect_right(page_starts, offset) if page_starts else None


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage: `text == document.text[start:end]`. `heading` is the trail of headings above it, outermost first."""

    id: int
    doc_id: int
    start: int
    end: int
    text: str
    n_tokens: int
    heading: str = ""

    def part(self, start: int, end: int) -> str:
        """The passage's text from one offset of the document to another."""
        return self.text[start - self.start : end - self.start]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that could not be read. `stale` says that its last good text is still in the index."""

    uri: str
    reason: str
    stale: bool = False


class Progress(Protocol):
    """Is told how far long work is: the step it is at, how much of it is done, and of how much in all."""

    def __call__(self, step: str, done: int, total: int, /) -> None: ...


@dataclass(frozen=True, slots=True)
class UpdateReport:
    """What one update did: counts of documents, the files left out, the generation it made and how long it took."""

    added: int
    changed: int
    moved: int
    deleted: int
    unchanged: int
    left_out: tuple[LeftOut, ...]
    documents: int
    chunks: int
    generation: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Filter:
    """Restricts a search. Each field is OR-ed within itself, the fields are AND-ed; an empty field does not restrict.

    `uris` are whole document uris, `folders` path prefixes without a trailing slash, `suffixes` like ".pdf".
    """

    uris: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.uris or self.folders or self.suffixes)


@dataclass(frozen=True, slots=True)
class TextMatch:
    """A full-text match: the chunk and its BM25 score, higher is better."""

    chunk_id: int
    bm25: float


@dataclass(frozen=True, slots=True)
class VectorMatch:
    """A vector match: the chunk and its cosine to the query, -1 to 1."""

    chunk_id: int
    cosine: float


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """What a list of documents shows; `characters` and `chunks` are counts, `stale` as in LeftOut."""

    id: int
    uri: str
    title: str
    media_type: str
    characters: int
    chunks: int
    stale: bool


@dataclass(frozen=True, slots=True)
class CorpusStatus:
    """The state of an index. `size` is its bytes on disk, vectors included; `model` and `model_digest` made them.

    `root` is the folder of its documents, "" for an index that was last updated before that was kept.
    """

    generation: int
    documents: int
    chunks: int
    stale: int
    left_out: tuple[LeftOut, ...]
    size: int
    model: str
    model_digest: str
    dimension: int
    max_tokens: int
    overlap_sentences: int
    schema: int
    root: str
