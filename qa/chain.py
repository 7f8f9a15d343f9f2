"""The chain: condense | retrieve | answer | verify, as one LangChain Runnable from a question to an `Answer`."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForChainRun, CallbackManagerForChainRun
from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda, patch_config

from index.errors import IndexChanged, QuestionError
from index.store import Corpus
from index.types import Chunk, Document, Filter
from qa.cite import is_proved
from qa.config import Config
from qa.extract import extractive_answer
from qa.history import condense
from qa.read import Reader
from qa.retrieve import HybridRetriever
from qa.types import Answer, Event, Hit, Turn
from qa.words import words

MAX_QUESTION_CHARACTERS = 2_000
CHANGED = "A document changed while this was answered from it: please ask again."
# The marker, or the last of several, that ends a sentence.
_LAST_MARKER = re.compile(r"\[\d+\](?=\s|$)")


@dataclass(frozen=True, slots=True)
class _State:
    """What the first steps hand on: the stand-alone question, what to search for with it, and, once retrieved, hits."""

    question: str
    context: str
    where: Filter
    hits: tuple[Hit, ...] = ()
    timings_s: dict[str, float] = field(default_factory=dict)


class AnswerChain(Runnable[dict[str, Any], Any]):
    """Answers questions over one corpus.

    Input: `{"question": str, "history": [Turn or {"role", "text"}], "filter": Filter or None}`; the last two may be
    left out. `invoke`, `batch` and their async forms return an `Answer`. `stream` and `astream` yield `Event`s: the
    hits, the text sentence by sentence, then the verified answer. LangChain callbacks see each step as its own run.
    """

    def __init__(self, config: Config, retriever: HybridRetriever, reader: Reader) -> None:
        self.config = config
        self.retriever = retriever
        self.corpus: Corpus = retriever.corpus
        self.models = {retriever.embedder.name: retriever.embedder.digest, reader.name: reader.digest}
        self._reader = reader
        self._prepare: tuple[Runnable[Any, Any], ...] = (
            RunnableLambda(self._condense, name="condense"),
            RunnableLambda(self._retrieve, name="retrieve"),
        )
        self._finish: tuple[Runnable[Any, Any], ...] = (
            RunnableLambda(self._answer, name="answer"),
            RunnableLambda(self._verify, name="verify"),
        )

    def search(self, query: str, k: int = 10, where: Filter | None = None) -> tuple[Hit, ...]:
        """The best `k` passages for words or a question, without reading them for an answer."""
        return self.retriever.hits(_checked(query), where, max(self.retriever.settings.candidates, k))[:k]

    def invoke(self, input: dict[str, Any], config: RunnableConfig | None = None, **kwargs: Any) -> Answer:
        """Answer one question.

        Raises:
            QuestionError: when it is empty, has no word in it or is too long.
            IndexChanged: when a document that the answer would cite changed while it was made.
        """
        answer: Answer = self._call_with_config(self._invoke, input, config, **kwargs)
        return answer

    async def ainvoke(self, input: dict[str, Any], config: RunnableConfig | None = None, **kwargs: Any) -> Answer:
        """`invoke` for an event loop: each step runs in a worker thread."""
        answer: Answer = await self._acall_with_config(self._ainvoke, input, config, **kwargs)
        return answer

    def stream(
        self, input: dict[str, Any], config: RunnableConfig | None = None, **kwargs: Any | None
    ) -> Iterator[Event]:
        """Yield the hits as soon as they are found, the answer's sentences, and last the verified answer."""
        yield from self._transform_stream_with_config(iter([input]), self._stream, config, **kwargs)

    async def astream(
        self, input: dict[str, Any], config: RunnableConfig | None = None, **kwargs: Any | None
    ) -> AsyncIterator[Event]:
        """`stream` for an event loop."""

        async def inputs() -> AsyncIterator[dict[str, Any]]:
            yield input

        async for event in self._atransform_stream_with_config(inputs(), self._astream, config, **kwargs):
            yield event

    def _invoke(self, asked: dict[str, Any], run_manager: CallbackManagerForChainRun, config: RunnableConfig) -> Answer:
        state: Any = asked
        for step in (*self._prepare, *self._finish):
            state = step.invoke(state, patch_config(config, callbacks=run_manager.get_child()))
        answer: Answer = state
        return answer

    async def _ainvoke(
        self, asked: dict[str, Any], run_manager: AsyncCallbackManagerForChainRun, config: RunnableConfig
    ) -> Answer:
        state: Any = asked
        for step in (*self._prepare, *self._finish):
            state = await step.ainvoke(state, patch_config(config, callbacks=run_manager.get_child()))
        answer: Answer = state
        return answer

    def _stream(
        self, inputs: Iterator[dict[str, Any]], run_manager: CallbackManagerForChainRun, config: RunnableConfig
    ) -> Iterator[Event]:
        for asked in inputs:
            state: Any = asked
            for step in self._prepare:
                state = step.invoke(state, patch_config(config, callbacks=run_manager.get_child()))
            yield Event("retrieved", hits=state.hits)
            for step in self._finish:
                state = step.invoke(state, patch_config(config, callbacks=run_manager.get_child()))
            yield from _closing_events(state)

    async def _astream(
        self,
        inputs: AsyncIterator[dict[str, Any]],
        run_manager: AsyncCallbackManagerForChainRun,
        config: RunnableConfig,
    ) -> AsyncIterator[Event]:
        async for asked in inputs:
            state: Any = asked
            for step in self._prepare:
                state = await step.ainvoke(state, patch_config(config, callbacks=run_manager.get_child()))
            yield Event("retrieved", hits=state.hits)
            for step in self._finish:
                state = await step.ainvoke(state, patch_config(config, callbacks=run_manager.get_child()))
            for event in _closing_events(state):
                yield event

    def _condense(self, asked: dict[str, Any]) -> _State:
        began = time.perf_counter()
        question = _checked(asked["question"])
        history = [_turn(t) for t in asked.get("history") or ()]
        condensed = condense(question, history)
        where = asked.get("filter") or Filter()
        return _State(condensed.question, condensed.context, where, timings_s=_timed({}, "condense", began))

    def _retrieve(self, state: _State, config: RunnableConfig) -> _State:
        began = time.perf_counter()
        found = self.retriever.invoke(state.question, config, where=state.where, context=state.context)
        hits = tuple(d.metadata["hit"] for d in found)
        return replace(state, hits=hits, timings_s=_timed(state.timings_s, "retrieve", began))

    def _answer(self, state: _State) -> Answer:
        began = time.perf_counter()
        reading = self._reader.read(state.question, state.hits)
        threshold = self.config.read.threshold
        if threshold is None:
            threshold = self._reader.threshold
        documents = self._documents([state.hits[e.hit].chunk for e in reading.evidence])
        answer = extractive_answer(state.question, state.hits, reading, documents, threshold)
        return replace(answer, timings_s=_timed(state.timings_s, "read", began))

    def _documents(self, chunks: Sequence[Chunk]) -> dict[int, Document]:
        """The documents of the passages by id, as they were when their passages were found."""
        documents: dict[int, Document] = {}
        for chunk in chunks:
            if chunk.doc_id not in documents:
                try:
                    documents[chunk.doc_id] = self.corpus.document(chunk.doc_id)
                except KeyError:
                    raise IndexChanged(CHANGED) from None
            if documents[chunk.doc_id].text[chunk.start : chunk.end] != chunk.text:
                raise IndexChanged(CHANGED)
        return documents

    def _verify(self, answer: Answer) -> Answer:
        began = time.perf_counter()
        # Read again from the store: an update may have finished since the quotes were cut.
        try:
            proved = all(is_proved(c, self.corpus.document(c.doc_id)) for c in answer.citations)
        except KeyError:
            proved = False
        if not proved:
            raise IndexChanged(CHANGED)
        timings = _timed(answer.timings_s, "verify", began)
        return replace(answer, timings_s={**timings, "total": sum(timings.values())})


def _closing_events(answer: Answer) -> Iterator[Event]:
    for marker in _LAST_MARKER.finditer(answer.text):
        yield Event("text", text=answer.text[: marker.end()])
    yield Event("answer", hits=answer.hits, text=answer.text, answer=answer)


def _timed(timings_s: Mapping[str, float], step: str, began: float) -> dict[str, float]:
    return {**timings_s, step: time.perf_counter() - began}


def _turn(turn: Turn | Mapping[str, str]) -> Turn:
    if isinstance(turn, Turn):
        return turn
    return Turn("user" if turn["role"] == "user" else "assistant", turn["text"])


def _checked(question: str) -> str:
    if not question.strip():
        raise QuestionError("The question is empty: type what you want to know.")
    if len(question) > MAX_QUESTION_CHARACTERS:
        raise QuestionError(
            f"The question has {len(question):,} characters; {MAX_QUESTION_CHARACTERS:,} is the most. "
            "Ask for one thing at a time."
        )
    if not words(question):
        raise QuestionError("The question has no word in it: ask in a few words what you want to know.")
    return question
