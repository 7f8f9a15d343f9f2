"""Citations and their proof: a quote is only ever `document.text[start:end]`."""

from __future__ import annotations

from index.types import Document
from qa.types import Citation


def cite(n: int, document: Document, start: int, end: int, span: tuple[int, int] | None = None) -> Citation:
    """The citation of [start, end) of the document, without the blanks at its borders.

    Raises:
        ValueError: when the range is empty or lies outside the document, or the span outside the range.
    """
    if not 0 <= start < end <= len(document.text):
        raise ValueError(f"{document.uri}: [{start}, {end}) is not a range of its {len(document.text)} characters")
    while start < end and document.text[start].isspace():
        start += 1
    while end > start and document.text[end - 1].isspace():
        end -= 1
    if start == end:
        raise ValueError(f"{document.uri}: a quote of blanks only")
    if span is not None and not start <= span[0] < span[1] <= end:
        raise ValueError(f"{document.uri}: the span {span} lies outside of the quote [{start}, {end})")
    return Citation(
        n=n,
        doc_id=document.id,
        uri=document.uri,
        title=document.title,
        page=document.page(start),
        start=start,
        end=end,
        quote=document.text[start:end],
        span=span,
    )


def is_proved(citation: Citation, document: Document) -> bool:
    """True when the quote stands in the document at exactly the cited place."""
    return bool(citation.quote) and document.text[citation.start : citation.end] == citation.quote
