"""Asks the chain one gold question and writes down what came back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from eval.answers import Cited, Record, Retrieved
from eval.gold import Question, doc_id_of
from qa import Answer, AnswerChain, Corpus, DocqaError, EvaluationError, Hit, Turn

log = logging.getLogger(__name__)

KEPT_PASSAGES = 10
CONTEXT = 240

Passages = dict[tuple[str, int, int], str]


def texts_of(corpus: Corpus) -> Callable[[str], list[str]]:
    """The texts that the index holds under a gold file's document name, read when they are first asked for."""
    ids: dict[str, list[int]] = {}
    for info in corpus.documents():
        ids.setdefault(doc_id_of(info.uri), []).append(info.id)
    texts: dict[str, list[str]] = {}

    def lookup(doc_id: str) -> list[str]:
        if doc_id not in texts:
            texts[doc_id] = [corpus.document(number).text for number in ids.get(doc_id, ())]
        return texts[doc_id]

    return lookup


def ask(
    chain: AnswerChain,
    question: Question,
    passages: Passages,
) -> Record:
    """Ask one question and write down what came back; the text of what was retrieved is added to `passages`.

    A question that fails becomes a record with an error: one broken question must not cost the others their answers.
    """
    retrieved: tuple[Hit, ...] = ()
    answer: Answer | None = None
    turns = [Turn(message.role, message.text) for message in question.history]
    try:
        for event in chain.stream({"question": question.question, "history": turns, "filter": None}):
            if event.kind == "retrieved":
                retrieved = event.hits
            answer = event.answer or answer
        if answer is None:
            raise EvaluationError("the chain ended without an answer")
        return _record(chain.corpus, question.id, answer, retrieved[:KEPT_PASSAGES], passages)
    except Exception as error:
        if not isinstance(error, DocqaError):
            log.exception("question %s failed", question.id)
        return Record(question.id, "", None, False, 0.0, error=f"{type(error).__name__}: {error}")


def _record(
    corpus: Corpus,
    question_id: str,
    answer: Answer,
    hits: Sequence[Hit],
    passages: Passages,
) -> Record:
    citations = []
    for citation in answer.citations:
        # Read from the index and not taken from the answer: this is where a wrong offset comes to light.
        text = corpus.document(citation.doc_id).text
        citations.append(
            Cited(
                n=citation.n,
                doc_id=doc_id_of(citation.uri),
                uri=citation.uri,
                start=citation.start,
                end=citation.end,
                quote=citation.quote,
                before=text[max(0, citation.start - CONTEXT) : citation.start],
                after=text[citation.end : citation.end + CONTEXT],
                matches=text[citation.start : citation.end] == citation.quote != "",
            )
        )
    closest = _retrieved(answer.hits[0]) if answer.abstained and answer.hits else None
    for hit in (*hits, *answer.hits[:1]):
        passages[doc_id_of(hit.uri), hit.chunk.start, hit.chunk.end] = hit.chunk.text
    reader = {hit.chunk.id: hit.reader for hit in answer.hits}
    return Record(
        id=question_id,
        answer="" if answer.abstained else answer.text,
        short_answer=None if answer.abstained else answer.short_answer,
        abstained=answer.abstained,
        confidence=answer.confidence,
        citations=tuple(citations),
        retrieved=tuple(_retrieved(replace(hit, reader=reader.get(hit.chunk.id))) for hit in hits),
        timings_s=dict(answer.timings_s),
        searched=answer.question,
        reason=answer.reason,
        closest=closest,
    )


def _retrieved(hit: Hit) -> Retrieved:
    names = ("cosine", "cosine_rank", "bm25", "bm25_rank", "fused", "reader")
    parts = {name: float(value) for name in names if (value := getattr(hit, name)) is not None}
    return Retrieved(doc_id_of(hit.uri), hit.chunk.start, hit.chunk.end, float(hit.score), parts)
