"""How well a question's words are covered by a text, and what kind of answer it asks for."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from qa.words import content_stems

AnswerKind = Literal["person", "time", "place", "number", "description", "other"]

_KINDS: tuple[tuple[AnswerKind, re.Pattern[str]], ...] = (
    ("description", re.compile(r"\b(why|describe|explain|how (?:come|do|does|did|is|are|was|were|can|could|should|to)|"
                               r"what (?:happened|happens|kind of|is meant|does .{1,60} mean|are the|were the)|"
                               r"tell me|reasons? (?:for|why)|difference|purpose)\b|^\s*(?:please )?list\b", re.I)),
    ("time", re.compile(r"\b(when|what (?:year|date|day|month|time|century|decade)|which (?:year|date|day|month)|"
                        r"how (?:long|old|often))\b", re.I)),
    ("number", re.compile(r"\b(how (?:many|much|far|high|big|large|tall|deep|fast)|"
                          r"what (?:do|does|did|will) .{1,60} (?:cost|weigh|pay)|what (?:percent\w*|number|amount|"
                          r"price|cost|population|share|fee))\b", re.I)),
    ("person", re.compile(r"\b(who|whom|whose)\b", re.I)),
    ("place", re.compile(r"\b(where|what (?:city|country|town|place|state|street|region)|which (?:city|country|town|"
                         r"place|state|region))\b", re.I)),
)  # fmt: skip
_DEFINITION = re.compile(
    r"^\s*(?:and )?what(?:'s|’s| is| are| was| were) (?:an? |the )?(?:(?!of\b|for\b|in\b)[\w'’-]+ ?){1,3}\??$", re.I
)
_DIGIT = re.compile(r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|dozen|hundred|thousand|million|billion|"
                    r"half|once|twice)\b", re.I)  # fmt: skip
_TIME = re.compile(r"\d{3,4}|\d+(?::\d\d| ?(?:am|pm|days?|weeks?|months?|years?|hours?|minutes?))|\b(?:january|"
                   r"february|march|april|may|june|july|august|september|october|november|december|monday|tuesday|wednesday|"
                   r"thursday|friday|saturday|sunday|century|noon|midnight|yesterday|today|annual|daily|weekly)\b",
                   re.I)  # fmt: skip
# "One of the hardest hit" counts nothing; "one of the ships" may.
_ONE_OF_THE_BEST = re.compile(r"one of (?:the|its|his|her|our|their) (?:most|least|best|worst|\w{2,}est)\b", re.I)
_CAPITALISED = re.compile(r"(?<=[\w,;:'\"“(-] )[\"“(]?[A-Z][\w'’-]+")


def answer_kind(question: str) -> AnswerKind:
    """What the question asks for, by its wording (English)."""
    for kind, pattern in _KINDS:
        if pattern.search(question):
            return kind
    return "description" if _DEFINITION.match(question) else "other"


def has_kind(kind: AnswerKind, text: str) -> float:
    """1.0 when the text holds something of the kind asked for, else 0.0; 0.5 for kinds that no surface form shows."""
    if kind == "time":
        return float(bool(_TIME.search(text)))
    if kind == "number":
        return float(bool(_DIGIT.search(text)))
    if kind in ("person", "place"):
        return float(bool(_CAPITALISED.search(text)))
    return 0.5


def counts_nothing(text: str, span: tuple[int, int]) -> bool:
    """True when the only number in the span is the "one" of "one of the largest"."""
    start, end = span
    one = _ONE_OF_THE_BEST.search(text, start)
    if one is None or one.start() >= end:
        return False
    return not has_kind("number", f"{text[start : one.start()]} {text[one.end() : end]}")


@dataclass(frozen=True, slots=True)
class Terms:
    """A question's content words with their inverse document frequency over the passages retrieved for it."""

    idf: dict[str, float]

    @classmethod
    def of(cls, question: str, passages: Sequence[str]) -> Terms:
        """Weigh each content stem t of the question by log(1 + N / (1 + passages that hold t))."""
        held = [set(content_stems(p)) for p in passages]
        count = len(held)
        return cls({t: math.log(1 + count / (1 + sum(t in h for h in held))) for t in content_stems(question)})

    def coverage(self, text: str) -> float:
        """The share, 0 to 1, of the weighted content words that stand in the text; 1.0 when there are none."""
        total = sum(self.idf.values())
        if not total:
            return 1.0
        held = set(content_stems(text))
        return sum(w for t, w in self.idf.items() if t in held) / total
