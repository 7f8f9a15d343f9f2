"""What is searched as text: the words of a query as FTS5 terms, and two-character pieces for scripts without spaces."""

from __future__ import annotations

import itertools
import sqlite3
import unicodedata
from collections.abc import Iterable, Mapping

from index.schema import TOKENIZER

MOST_TERMS = 64
# Han, kana and Hangul with their extensions; Thai, Lao, Myanmar and Khmer: no spaces between words, or none that help.
_UNSPACED = (
    (0x0E00, 0x0EFF),
    (0x1000, 0x109F),
    (0x1780, 0x17FF),
    (0x3005, 0x3007),
    (0x3040, 0x30FF),
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xAC00, 0xD7AF),
    (0xF900, 0xFAFF),
    (0xFF66, 0xFF9D),
    (0x20000, 0x3FFFF),
)


def bigrams(text: str) -> str:
    """Every two neighbouring characters of each run in an unspaced script, separated by spaces; "" for other text.

    The tokenizer would take a whole run (in Chinese a clause) for one word. Overlapping pairs find any word of two or
    more characters, as Lucene's CJKAnalyzer does.
    """
    if text.isascii():
        return ""
    pieces: list[str] = []
    for unspaced, run in itertools.groupby(text, key=_is_unspaced):
        if unspaced:
            characters = "".join(run)
            pieces += [characters[i : i + 2] for i in range(max(1, len(characters) - 1))]
    return " ".join(pieces)


def query_words(text: str) -> list[str]:
    """The distinct words of a query in order, and its bigrams. No character that means something to FTS5 is left."""
    words = ["".join(run) for inside, run in itertools.groupby(text, key=_is_word) if inside]
    return list(dict.fromkeys([*words, *bigrams(text).split()]))


class Stemmer:
    """Asks SQLite's own tokenizer for the terms of words: the same ones that the index holds. Not thread-safe."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._connection.execute(f"CREATE VIRTUAL TABLE words USING fts5 (word, tokenize = '{TOKENIZER}')")
        self._connection.execute("CREATE VIRTUAL TABLE terms USING fts5vocab (words, 'instance')")

    def terms(self, words: Iterable[str]) -> dict[str, str]:
        """Each term with the first word that has it. A word without one (a lone mark) is left out."""
        listed = list(words)
        self._connection.execute("BEGIN")
        try:
            self._connection.executemany("INSERT INTO words (rowid, word) VALUES (?, ?)", enumerate(listed))
            rows = self._connection.execute("SELECT term, min(doc) FROM terms GROUP BY term ORDER BY 2").fetchall()
        finally:
            self._connection.execute("ROLLBACK")
        return {term: listed[row] for term, row in rows}

    def close(self) -> None:
        self._connection.close()


def match_expression(terms: Mapping[str, str], common: Mapping[str, int]) -> str:
    """An FTS5 expression that OR-s the words whose terms are not common; the rarest of them where all are common.

    `common` has the terms that stand in many chunks with the number of chunks. A very long query keeps its first
    words. "" when there is nothing to search for.
    """
    rare = [word for term, word in terms.items() if term not in common]
    if not rare and terms:
        rare = [terms[min(terms, key=lambda term: common[term])]]
    return " OR ".join(f'"{word}"' for word in rare[:MOST_TERMS])


def _is_word(character: str) -> bool:
    return unicodedata.category(character) in _WORD_CATEGORIES


_WORD_CATEGORIES = {"Lu", "Ll", "Lt", "Lm", "Lo", "Nd", "Nl", "No", "Co", "Mn", "Mc"}


def _is_unspaced(character: str) -> bool:
    code = ord(character)
    return code >= _UNSPACED[0][0] and any(first <= code <= last for first, last in _UNSPACED)
