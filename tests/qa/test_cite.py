"""A citation proves itself, or is not made."""

from __future__ import annotations

from dataclasses import replace

import pytest

from index.types import Document
from qa.cite import cite, is_proved

TEXT = "Page one says yes. 🙂 Page two says no.\n"
DOCUMENT = Document(3, "a/b.pdf", "B", "application/pdf", TEXT, "0" * 64, page_starts=(0, 21))


def test_a_citation_is_the_text_at_its_offsets() -> None:
    citation = cite(1, DOCUMENT, 19, len(TEXT), span=(35, 37))
    assert citation.quote == "🙂 Page two says no."
    assert (citation.start, citation.end) == (19, 38)
    assert TEXT[slice(*(citation.span or (0, 0)))] == "no"
    assert citation.page == 1
    assert is_proved(citation, DOCUMENT)


def test_blanks_at_the_borders_are_cut() -> None:
    assert cite(1, DOCUMENT, 18, 39).quote == "🙂 Page two says no."


@pytest.mark.parametrize(("start", "end"), [(-1, 4), (4, 4), (9, 3), (0, 1000), (38, 39)])
def test_a_range_that_quotes_nothing_is_refused(start: int, end: int) -> None:
    with pytest.raises(ValueError, match=r"b\.pdf"):
        cite(1, DOCUMENT, start, end)


def test_a_span_outside_of_the_quote_is_refused() -> None:
    with pytest.raises(ValueError, match="span"):
        cite(1, DOCUMENT, 0, 18, span=(35, 37))


def test_an_edited_document_no_longer_proves_the_quote() -> None:
    citation = cite(1, DOCUMENT, 0, 18)
    assert not is_proved(citation, replace(DOCUMENT, text="X" + TEXT))
