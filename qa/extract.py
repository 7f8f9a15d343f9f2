"""From what the reader found to an answer of cited sentences, or to an abstention that says what was found instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from index.normal import on_one_line
from index.types import Document
from qa.cite import cite
from qa.read import Evidence, Reading
from qa.types import Answer, Citation, Hit
from qa.words import IDLE_WORDS, statement, stem, words

# How much of a word must agree for it to be taken for a misspelling of another: one slip in five letters.
ALIKE = 0.79
CONFLICT_NOTE = "The documents differ on this:"


def extractive_answer(
    question: str, hits: Sequence[Hit], reading: Reading, documents: Mapping[int, Document], threshold: float
) -> Answer:
    """Compose the answer. `documents` holds every document the evidence stands in, by id."""
    ranked = _by_reader(hits, reading)
    if not reading.evidence or reading.confidence < threshold:
        return abstention(question, ranked, reading.confidence)
    order = [reading.best, *[i for i in range(len(reading.evidence)) if i != reading.best]]
    best = reading.evidence[order[0]]
    # Sentences of the best passage come in document order; other sources follow.
    own = sorted((e for e in reading.evidence if e.hit == best.hit), key=lambda e: e.start)
    others = [reading.evidence[i] for i in order if reading.evidence[i].hit != best.hit]
    parts, citations = _compose([*own, *others], hits, documents)
    text = "\n".join([CONFLICT_NOTE, *parts]) if reading.conflict else " ".join(parts)
    short = None
    if best.span is not None:
        short = hits[best.hit].chunk.part(*best.span)
    return Answer(
        question=question,
        text=text,
        citations=tuple(citations),
        hits=ranked,
        mode="extractive",
        abstained=False,
        reason="",
        confidence=reading.confidence,
        short_answer=short,
    )


def _compose(
    evidence: Sequence[Evidence], hits: Sequence[Hit], documents: Mapping[int, Document]
) -> tuple[list[str], list[Citation]]:
    citations: list[Citation] = []
    parts: dict[tuple[str, ...], tuple[str, str]] = {}
    for n, item in enumerate(evidence, start=1):
        citation = cite(n, documents[hits[item.hit].chunk.doc_id], item.start, item.end, item.span)
        citations.append(citation)
        # Sentences of the same words are shown once, with the markers of all their sources.
        key = statement(citation.quote)
        sentence, markers = parts.get(key, (on_one_line(citation.quote), ""))
        parts[key] = (sentence, f"{markers}[{n}]")
    return [f"{sentence} {markers}" for sentence, markers in parts.values()], citations


def abstention(question: str, hits: tuple[Hit, ...], confidence: float) -> Answer:
    """The answer that is none; its reason names what is missing in the closest passages, as far as words can tell."""
    return Answer(
        question=question,
        text="",
        citations=(),
        hits=hits,
        mode="extractive",
        abstained=True,
        reason=_reason(question, hits),
        confidence=confidence,
    )


def _reason(question: str, hits: Sequence[Hit]) -> str:
    if not hits:
        return "No passage of the documents resembles the question."
    texts = [f"{h.title} {h.chunk.heading} {h.chunk.text}" for h in hits[:5]]
    stems = {stem(w) for text in texts for w in words(text)}
    # The words as the reader of the chat typed them, not their stems; names, numbers and longer words, since that a
    # passage lacks "live" or "big" tells nobody anything.
    typed = _typed_words(question)
    missing = [w for w in typed if stem(words(w)[0]) not in stems]
    telling = sorted((w for w in missing if len(w) > 4 or not w.islower()), key=str.islower)
    title = hits[0].title
    if telling:
        spelled = {words(w)[0]: w for text in texts for w in _typed_words(text)}
        named = ", ".join(f"“{w}”{_alike(w, spelled)}" for w in telling[:3])
        return f"The closest passages, first of all in “{title}”, do not mention {named}."
    if missing or not typed:
        return f"The closest passages are in “{title}”."
    return f"The closest passages, first of all in “{title}”, speak of this, but not of what is asked."


def _alike(word: str, spelled: Mapping[str, str]) -> str:
    """What the reader may have meant by a word that no passage holds: one of theirs, spelled nearly the same."""
    if not word.isalpha():
        return ""
    similarity = DamerauLevenshtein.normalized_similarity
    found = process.extractOne(words(word)[0], spelled.keys(), scorer=similarity, score_cutoff=ALIKE)
    return f" (they do mention “{spelled[found[0]]}”)" if found else ""


def _typed_words(text: str) -> list[str]:
    typed = [w.strip("?!.,;:\"“”'’()[]") for w in text.split()]
    return [w for w in dict.fromkeys(typed) if words(w) and words(w)[0] not in IDLE_WORDS and len(w) > 1]


def _by_reader(hits: Sequence[Hit], reading: Reading) -> tuple[Hit, ...]:
    """The passages in the reader's order; those it did not read keep theirs, behind."""
    read = [h if s is None else replace(h, reader=s, score=s) for h, s in zip(hits, reading.scores, strict=True)]
    return tuple(sorted(read, key=lambda h: (h.reader is None, -(h.reader or 0.0))))
