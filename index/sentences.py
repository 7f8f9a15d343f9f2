"""Where sentences begin and end."""

from __future__ import annotations

import re


_PARAGRAPH = re.compile(r"\S(?:.*\S)?")


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """The sentences of `text` as half-open code point ranges, in order, without the blanks around them."""
    return [match.span() for match in _PARAGRAPH.finditer(text)]
