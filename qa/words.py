"""The content words of a question or sentence, for lexical agreement."""

from __future__ import annotations

import re
import threading
import unicodedata
from functools import lru_cache

import snowballstemmer

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_STATED = re.compile(rf"({_WORD.pattern})|([$£€¥%‰°]|(?<!\w)[-−+](?=\d))")
_ARTICLES = {"a", "an", "the"}
_STEMMER = snowballstemmer.stemmer("english")
# The stemmer keeps the word it works on in itself.
_STEMMING = threading.Lock()

# Function words and the words that only shape a question.
STOP_WORDS = frozenset((
    "a", "about", "after", "again", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be", "because",
    "been", "before", "being", "between", "both", "but", "by", "can", "could", "describe", "did", "do", "does",
    "doing", "down", "during", "each", "explain", "few", "for", "from", "further", "get", "give", "had", "has",
    "have", "having", "he", "her", "here", "hers", "him", "his", "how", "i", "if", "in", "into", "is", "it",
    "its", "itself", "just", "know", "let", "like", "many", "may", "me", "might", "more", "most", "much",
    "must", "my", "name", "no", "nor", "not", "of", "off", "on", "once", "one", "only", "or", "other", "our",
    "out", "over", "own", "please", "same", "shall", "she", "should", "show", "so", "some", "such", "tell",
    "than", "that", "the", "their", "them", "then", "there", "these", "they", "this", "those", "through", "to",
    "too", "under", "until", "up", "us", "use", "used", "very", "was", "we", "were", "what", "whats", "when",
    "where", "which", "while", "who", "whom", "whose", "why", "will", "with", "would", "you", "your",
))  # fmt: skip

# With them the words that are content in a passage, but name nothing that a passage could lack.
IDLE_WORDS = STOP_WORDS | frozenset((
    "according", "called", "exactly", "happen", "happened", "happens", "kind", "known", "located", "mean", "meant",
    "people", "person", "place", "somebody", "someone", "something", "sort", "take", "takes", "thing", "things", "took",
    "type",
))  # fmt: skip


def words(text: str) -> list[str]:
    """Lower-case words of the text without accents or possessive endings, in order."""
    folded = unicodedata.normalize("NFKD", text.lower())
    folded = "".join(c for c in folded if not unicodedata.combining(c))
    return [re.sub(r"['’]s?$", "", w) for w in _WORD.findall(folded)]


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """The Snowball English stem, so that "commanders" and "commander" agree."""
    with _STEMMING:
        return str(_STEMMER.stemWord(word))


def content_stems(text: str) -> list[str]:
    """Stems of the content words, each once, in order of first appearance."""
    return list(dict.fromkeys(stem(w) for w in words(text) if w not in STOP_WORDS))


def statement(text: str) -> tuple[str, ...]:
    """The words and signs that make the statement, in order: two texts with the same ones say the same.

    Case, accents, articles and punctuation do not count; a currency, a percent sign and a minus do.
    """
    parts = (sign or " ".join(words(word)) for word, sign in _STATED.findall(text))
    return tuple(part for part in parts if part not in _ARTICLES)
