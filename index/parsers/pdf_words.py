"""Words that a line's end divided: with or without their hyphen, by what else stands in the document."""

from __future__ import annotations

import re
from collections.abc import Iterable

from index.parsers.pdf_lines import HYPHEN

_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_FIRST_PART = re.compile(rf"((?:[^\W\d_]+-)*)([^\W\d_]+)[-{HYPHEN}]$")
# Compounds with these keep their hyphen, unless what follows is an ending ("self-ish", "well-ness").
_HYPHENATED = frozenset("twenty thirty forty fifty sixty seventy eighty ninety self well half quasi".split())
_ENDINGS = frozenset("s ed en er ers hood ing ish less ness same".split())
# Compounds with these do too, but they also begin other words ("ten-sion"): what follows must be a word.
_OFTEN_HYPHENATED = frozenset("one two three four five six seven eight nine ten quarter ill cross non".split())
# A word never divides after these: they are whole, as in "state-of-the-art".
_WITHIN_COMPOUNDS = frozenset("a an and at by for in of on or out the to up".split())
# "Pre- and post-war": the hyphen stands for a word that comes later.
_CONJUNCTIONS = frozenset("and or und oder bzw et ou y o e ed".split())


class DividedWords:
    """Decides about hyphens at line ends. It knows the words of a whole document, without the divided ones."""

    def __init__(self, pages: Iterable[Iterable[str]]) -> None:
        self._words: set[str] = set()
        for lines in pages:
            after_division = False
            for line in lines:
                divided = is_divided(line)
                words = _WORD.findall(line.lower())
                self._words.update(words[after_division : len(words) - divided])
                after_division = divided

    def join(self, line: str, following: str) -> str:
        """The two lines as one; `line` ends in a hyphen."""
        first = _FIRST_PART.search(line)
        second = _WORD.match(following)
        line = line[:-1]
        if first is None or second is None:
            return f"{line}-{following}"
        compound, left = first.group(1).lower(), first.group(2).lower()
        word = second.group().lower()
        right = word.split("-")[0]
        if left + right in self._words or left + word in self._words or compound + left + word in self._words:
            return line + following
        if word in _CONJUNCTIONS:
            return f"{line}- {following}"
        hyphenated = (
            not following[0].islower()
            or f"{compound}{left}-{word}" in self._words
            or f"{left}-{right}" in self._words
            or (left in _HYPHENATED and right not in _ENDINGS)
            or (bool(compound) and left in _WITHIN_COMPOUNDS)
            or (right in self._words and (bool(compound) or left in _OFTEN_HYPHENATED))
        )
        return f"{line}-{following}" if hyphenated else line + following


def is_divided(line: str) -> bool:
    """Whether the line ends within a word, or in a compound after its hyphen."""
    return _FIRST_PART.search(line) is not None or line.endswith(HYPHEN)
