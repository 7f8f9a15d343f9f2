"""The same question in other words, for readers who do not know those of the documents.

Synonyms come from a WordNet 3.0 database (Fellbaum 1998) in the format of wndb(5WN); Debian's package wordnet-base puts
one into /usr/share/wordnet.
"""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Container, Iterator
from functools import cache
from pathlib import Path

from index.embed import Embedder

# Part of speech: the number it has in sense keys, and the endings that morphy(7WN) takes off a word.
_PARTS = {
    "noun": ("1", (("ses", "s"), ("xes", "x"), ("zes", "z"), ("ches", "ch"), ("shes", "sh"), ("men", "man"),
                   ("ies", "y"), ("s", ""))),
    "verb": ("2", (("ies", "y"), ("es", "e"), ("es", ""), ("s", ""), ("ed", "e"), ("ed", ""), ("ing", "e"),
                   ("ing", ""))),
    "adj": ("3", ()),
    "adv": ("4", ()),
}  # fmt: skip
# A synonym is taken only when it is tagged this often in WordNet's own texts: readers do not type rare words.
LEAST_TAGGED = 3
# A question reworded by a wrong sense is further than this from the original. On a sample, most of those below were.
LEAST_COSINE = 0.9
_WORD = re.compile(r"\b[a-z]{4,}\b")
# What shapes the question, and what WordNet's first sense has wrong in most questions.
_KEPT = frozenset((
    "what", "when", "where", "which", "whose", "whom", "does", "have", "been", "were", "many", "much", "more", "most",
    "than", "that", "this", "they", "their", "there", "with", "from", "into", "about", "also", "other", "some", "will",
    "would", "could", "should", "year", "years", "time", "make", "made", "name", "named", "called", "used", "like",
    "first", "last", "long", "often", "ever", "still", "only", "such", "very", "well", "before", "after", "besides",
))  # fmt: skip


class Synonyms:
    """Substitutes for English words in the same inflection, by the most frequent sense of each."""

    def __init__(self, folder: Path, vocabulary: Container[str]) -> None:
        """Read the database in `folder`; every substitute is a word of `vocabulary`.

        Raises:
            OSError: when a file of the database is missing.
        """
        self._vocabulary = vocabulary
        self._first: dict[str, dict[str, tuple[str, ...]]] = {}
        self._irregular: dict[str, list[str]] = defaultdict(list)
        self._lemma: dict[str, dict[str, list[str]]] = {}
        for part in _PARTS:
            self._first[part] = dict(_first_synsets(folder, part))
            exceptions = [line.split() for line in (folder / f"{part}.exc").read_text("utf-8").splitlines()]
            self._lemma[part] = {row[0]: row[1:] for row in exceptions if row}
            if part == "verb":
                for word, *lemmas in exceptions:
                    for lemma in lemmas:
                        self._irregular[lemma].append(word)
        self._tagged = _tagged(folder)
        self.of = cache(self._of)

    def _of(self, word: str) -> tuple[str, ...]:
        """The substitutes for a lower-case word, none where its part of speech or inflection is in doubt."""
        readings = [(self._tagged[lemma, part], part, lemma) for part in _PARTS for lemma in self._lemmas(word, part)]
        if not readings or word in _KEPT:
            return ()
        _, part, lemma = max(readings)
        found = []
        for other in self._first[part][lemma]:
            if other != lemma and self._tagged[other, part] >= LEAST_TAGGED:
                form = self._inflect(other, word, lemma)
                if form is not None and form in self._vocabulary and form != word:
                    found.append(form)
        return tuple(found)

    def _lemmas(self, word: str, part: str) -> list[str]:
        known = self._first[part]
        if word in self._lemma[part]:
            return [lemma for lemma in self._lemma[part][word] if lemma in known]
        if word in known:
            return [word]
        bases = (word.removesuffix(end) + new for end, new in _PARTS[part][1] if word.endswith(end))
        return [base for base in bases if base in known][:1]

    def _inflect(self, other: str, word: str, lemma: str) -> str | None:
        if word == lemma:
            return other
        stem = other[:-1] + "i" if re.search(r"[^aeiou]y$", other) else other
        if word.endswith("ing"):
            forms = [other.removesuffix("e") + "ing", other + other[-1] + "ing"]
        elif word.endswith("s"):
            forms = [stem + "es" if stem != other or re.search(r"(?:s|x|z|ch|sh)$", other) else other + "s"]
        else:
            forms = [form for form in self._irregular[other] if not form.endswith(("ing", "s"))]
            if len(forms) > 1:
                return None  # "broke" or "broken"
            forms = forms or [other + "d" if other.endswith("e") else stem + "ed", other + other[-1] + "ed"]
        return next((form for form in forms if form in self._vocabulary), None)


class Rewording:
    """Replaces words of a question by synonyms; a question that comes to mean something else stays as it was."""

    def __init__(self, synonyms: Synonyms, embedder: Embedder) -> None:
        self._synonyms = synonyms
        self._embedder = embedder

    def __call__(self, text: str, rng: random.Random) -> str:
        """The question with about half of the words that have a synonym replaced, at least one of them."""
        places = [match for match in _WORD.finditer(text) if self._synonyms.of(match.group())]
        if not places:
            return text
        chosen = [place for place in places if rng.random() < 0.5] or [rng.choice(places)]
        new = text
        for place in reversed(chosen):
            new = new[: place.start()] + rng.choice(self._synonyms.of(place.group())) + new[place.end() :]
        alike = self._embedder.embed_query(text) @ self._embedder.embed_query(new)
        return new if alike >= LEAST_COSINE else text


def _first_synsets(folder: Path, part: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each single-word lemma with the words of its most frequent sense."""
    data = (folder / f"data.{part}").read_bytes()
    for line in (folder / f"index.{part}").read_text("utf-8").splitlines():
        if line.startswith(" ") or "_" in line.split(" ", 1)[0]:
            continue
        fields = line.split()
        offset = int(fields[-int(fields[2])])
        synset = data[offset : data.index(b"\n", offset)].decode("utf-8").split()
        words = synset[4 : 4 + 2 * int(synset[3], 16) : 2]
        yield fields[0], tuple(w for w in words if w.isascii() and w.isalpha() and w.islower())


def _tagged(folder: Path) -> Counter[tuple[str, str]]:
    names = {number: part for part, (number, _) in _PARTS.items()} | {"5": "adj"}
    tagged: Counter[tuple[str, str]] = Counter()
    for line in (folder / "cntlist.rev").read_text("utf-8").splitlines():
        key, _, count = line.split()
        lemma, rest = key.split("%", 1)
        tagged[lemma, names[rest[0]]] += int(count)
    return tagged
