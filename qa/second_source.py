"""How a second source relates to the first: it says the same, contradicts it, or speaks of something else."""

from __future__ import annotations

import re
from typing import Literal

from index.normal import CELL_SEPARATOR, is_row
from qa.agreement import AnswerKind
from qa.words import content_stems, statement, words

Relation = Literal["repeats", "contradicts", "unrelated"]

# A price, a time of day or a date in figures is one number: 6:30 and 7:30 have nothing in common.
_NUMBER = re.compile(r"\d+(?:[.,:/]\d+)*")
_PARTICULAR = re.compile(r"(?<=[\w,;:)’'] )[A-Z][\w’'-]+|\b(?:1[0-9]|20)\d\d\b")
# "On Sundays from 9" and "on weekdays from 7" do not contradict each other.
_LIMITING = frozenset(content_stems(
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday weekday weekend holiday daily morning afternoon evening "
    "night spring summer autumn fall winter adult child children senior pensioner student member guest resident single "
    "return minimum maximum"
))  # fmt: skip

# A beginning and an end, or a rule and its exception, are two things, whatever else they share.
_PHASES = {
    "beginning": frozenset(content_stems("begin began begun start open opened premiere")),
    "end": frozenset(content_stems("end ended finish conclude close stop")),
}
_NEGATION = re.compile(r"\b(?:not|never|no|cannot|without)\b|n['’]t\b", re.I)


def compare(quote: str, span: str, other_quote: str, other_span: str, kind: AnswerKind) -> Relation:
    """Compare two sentences, each with the part of it that answers, which may be "".

    One repeats the other when it says it in the same words. They contradict each other when the answers in them hold
    different numbers and all else speaks for one thing: two thirds of their content words agree, they are not rows of
    one table, and neither is of another day, season or group, nor does each name a person, a place, a year or a unit
    that the other does not, nor is one negated or a beginning and the other not or an end.
    """
    if statement(quote) == statement(other_quote):
        return "repeats"
    numbers, other_numbers = _numbers(span), _numbers(other_span)
    # One date may be more exact than the other: "1964" and "4 May 1964" agree.
    if kind == "description" or numbers <= other_numbers or other_numbers <= numbers:
        return "unrelated"
    rest, other_rest = quote.replace(span, " ", 1), other_quote.replace(other_span, " ", 1)
    a, b = (set(content_stems(_NUMBER.sub("", text))) for text in (rest, other_rest))
    limited = _limits(a) and _limits(b) and _limits(a) != _limits(b)
    # Rows of one table share the names of their columns.
    if limited or (is_row(quote) and is_row(other_quote) and _first_cell(quote) != _first_cell(other_quote)):
        return "unrelated"
    if bool(_NEGATION.search(rest)) != bool(_NEGATION.search(other_rest)) or any(
        one - other and other - one  # what only one of them has is a detail more
        for one, other in (
            (_particulars(rest), _particulars(other_rest)),
            (_units(quote, span), _units(other_quote, other_span)),
            (_phases(a), _phases(b)),
        )
    ):
        return "unrelated"
    return "contradicts" if len(a & b) >= max(1, min(len(a), len(b)) * 2 / 3) else "unrelated"


def _particulars(text: str) -> set[str]:
    """The names and years of a sentence, apart from the word that it begins with."""
    return {word for found in _PARTICULAR.findall(text) for word in words(found)}


def _units(quote: str, span: str) -> set[str]:
    """What the numbers of the answer count: the content words that follow them within two words."""
    start = quote.find(span)
    after = (quote[start + m.end() :].split()[:2] for m in _NUMBER.finditer(span)) if start >= 0 else ()
    return {stem for following in after for stem in content_stems(" ".join(following)) if not stem[0].isdigit()}


def _phases(stems: set[str]) -> set[str]:
    return {name for name, words_of_it in _PHASES.items() if stems & words_of_it}


def _numbers(text: str) -> set[str]:
    """The numbers in one spelling each: "1,000" is 1000, and "9:00" and "9.00" are 9."""
    whole = (re.sub(r",(?=\d{3}\b)", "", number) for number in _NUMBER.findall(text))
    return {re.sub(r"[.:]00$", "", number) for number in whole}


def _limits(stems: set[str]) -> set[str]:
    return {"child" if s == "children" else s for s in stems & _LIMITING}


def _first_cell(row: str) -> list[str]:
    return content_stems(row.split(CELL_SEPARATOR, 1)[0])
