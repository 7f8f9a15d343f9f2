"""How a second source relates to the first: it says the same, contradicts it, or speaks of something else."""

from __future__ import annotations

import re
from typing import Literal

from index.normal import CELL_SEPARATOR, is_row
from qa.agreement import AnswerKind
from qa.words import content_stems, statement_stems

Relation = Literal["repeats", "contradicts", "unrelated"]

# A price, a time of day or a date in figures is one number: 6:30 and 7:30 have nothing in common.
_NUMBER = re.compile(r"\d+(?:[.,:/]\d+)*")
# "On Sundays from 9" and "on weekdays from 7" do not contradict each other.
_LIMITING = frozenset(content_stems(
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday weekday weekend holiday daily morning afternoon evening "
    "night spring summer autumn fall winter adult child children senior pensioner student member guest resident single "
    "return minimum maximum"
))  # fmt: skip


def compare(quote: str, span: str, other_quote: str, other_span: str, kind: AnswerKind) -> Relation:
    """Compare two sentences, each with the part of it that answers, which may be "".

    One repeats the other when it says it in the same words. They contradict each other when they are about the same
    thing (half of their content words agree, and neither is of another day, season or group, or another row of a table)
    and the answers in them hold different numbers.
    """
    if statement_stems(quote) == statement_stems(other_quote):
        return "repeats"
    numbers, other_numbers = _numbers(span), _numbers(other_span)
    # One date may be more exact than the other: "1964" and "4 May 1964" agree.
    if kind == "description" or numbers <= other_numbers or other_numbers <= numbers:
        return "unrelated"
    a, b = (set(content_stems(_NUMBER.sub("", text))) for text in (quote, other_quote))
    if _limits(a) and _limits(b) and _limits(a) != _limits(b):
        return "unrelated"
    if is_row(quote) and is_row(other_quote) and _first_cell(quote) != _first_cell(other_quote):
        return "unrelated"  # rows of one table share the names of their columns
    return "contradicts" if len(a & b) >= max(1, min(len(a), len(b))) / 2 else "unrelated"


def _numbers(text: str) -> set[str]:
    """The numbers in one spelling each: "1,000" is 1000, and "9:00" and "9.00" are 9."""
    whole = (re.sub(r",(?=\d{3}\b)", "", number) for number in _NUMBER.findall(text))
    return {re.sub(r"[.:]00$", "", number) for number in whole}


def _limits(stems: set[str]) -> set[str]:
    return {"child" if s == "children" else s for s in stems & _LIMITING}


def _first_cell(row: str) -> list[str]:
    return content_stems(row.split(CELL_SEPARATOR, 1)[0])
