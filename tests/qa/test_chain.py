"""The chain over a real index: every form of asking, every kind of question."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler

from qa import (
    Answer,
    AnswerChain,
    Config,
    Document,
    Event,
    Filter,
    IndexChanged,
    QuestionError,
    Turn,
    build_chain,
    build_index,
)
from qa.config import RetrievalSettings

FERRY = """Skarn ferry

The ferry to Skarn leaves the north quay at 7:40 every morning. It was built in 1964 by the Orm shipyard.
Dogs travel free of charge, but bicycles cost two crowns. The crossing takes fifty minutes.

In winter the ferry does not sail on Mondays, because the ice pilot rests on that day.
"""
LIBRARY = "# Library\n\nThe library lends books for four weeks. Mira Vance has led the library since 2019.\n"
QUESTION = "When does the ferry to Skarn leave?"


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    root = tmp_path_factory.mktemp("chain")
    docs = root / "docs"
    docs.mkdir()
    (docs / "ferry.txt").write_text(FERRY)
    (docs / "library.md").write_text(LIBRARY)
    config = Config(corpus=docs, index_dir=root / "index")
    build_index(config)
    return config


@pytest.fixture(scope="module")
def chain(config: Config) -> AnswerChain:
    return build_chain(config)


def assert_proved(chain: AnswerChain, answer: Answer) -> None:
    assert answer.citations
    for citation in answer.citations:
        assert chain.corpus.document(citation.doc_id).text[citation.start : citation.end] == citation.quote
        assert f"[{citation.n}]" in answer.text


def test_an_answer_quotes_its_source(chain: AnswerChain) -> None:
    answer = chain.invoke({"question": QUESTION})
    assert not answer.abstained
    assert "7:40" in answer.text
    assert answer.citations[0].uri == "ferry.txt"
    assert_proved(chain, answer)
    assert set(answer.timings_s) == {"condense", "retrieve", "read", "verify", "total"}


def test_what_the_documents_do_not_say_is_not_answered(chain: AnswerChain) -> None:
    answer = chain.invoke({"question": "What is the capital of Mongolia?"})
    assert answer.abstained and answer.text == "" and answer.citations == ()
    assert "“Mongolia”" in answer.reason
    assert answer.hits


def test_a_follow_up_is_understood(chain: AnswerChain) -> None:
    history = [
        Turn("user", "Who leads the library?"),
        Turn("assistant", "Mira Vance has led the library since 2019. [1]"),
    ]
    answer = chain.invoke({"question": "Since when has she led it?", "history": history})
    assert "Mira Vance" in answer.question
    assert "2019" in answer.text


def test_history_may_be_plain_records(chain: AnswerChain) -> None:
    history = [{"role": "user", "text": "Who leads the library?"}, {"role": "assistant", "text": "Mira Vance. [1]"}]
    assert "Mira Vance" in chain.invoke({"question": "Since when has she led it?", "history": history}).question


def test_a_filter_keeps_other_documents_out(chain: AnswerChain) -> None:
    answer = chain.invoke({"question": QUESTION, "filter": Filter(suffixes=(".md",))})
    assert {h.uri for h in answer.hits} == {"library.md"}
    assert answer.abstained


def test_a_stream_shows_hits_then_text_then_the_verified_answer(chain: AnswerChain) -> None:
    events = list(chain.stream({"question": QUESTION}))
    assert events[0].kind == "retrieved" and events[-1].kind == "answer"
    assert events[0].hits
    texts = [e.text for e in events if e.kind == "text"]
    final = events[-1].answer
    assert final is not None and texts[-1] == final.text
    assert without_timings(final) == without_timings(chain.invoke({"question": QUESTION}))


def test_every_form_of_asking_gives_the_same_answer(chain: AnswerChain) -> None:
    expected = without_timings(chain.invoke({"question": QUESTION}))
    batch = chain.batch([{"question": QUESTION}, {"question": "Who has led the library since 2019?"}])
    assert without_timings(batch[0]) == expected
    assert "Mira Vance" in batch[1].text

    async def ask() -> tuple[Answer, list[Event], list[Any]]:
        events = [event async for event in chain.astream({"question": QUESTION})]
        return await chain.ainvoke({"question": QUESTION}), events, await chain.abatch([{"question": QUESTION}])

    answer, events, batched = asyncio.run(ask())
    assert without_timings(answer) == without_timings(batched[0]) == expected
    assert events[-1].answer is not None and without_timings(events[-1].answer) == expected


def without_timings(answer: Answer) -> tuple[object, ...]:
    return (answer.question, answer.text, answer.citations, answer.hits, answer.confidence, answer.short_answer)


class Recorder(BaseCallbackHandler):
    def __init__(self) -> None:
        self.started: list[str] = []

    def on_chain_start(self, *_: Any, **kwargs: Any) -> None:
        self.started.append(kwargs.get("name", ""))

    def on_retriever_start(self, serialized: Any, query: str, **_: Any) -> None:  # noqa: ARG002
        self.started.append(f"retriever: {query}")


def test_callbacks_see_every_step(chain: AnswerChain) -> None:
    expected = ["AnswerChain", "condense", "retrieve", f"retriever: {QUESTION}", "answer", "verify"]
    recorder = Recorder()
    chain.invoke({"question": QUESTION}, {"callbacks": [recorder]})
    assert recorder.started == expected
    recorder = Recorder()
    list(chain.stream({"question": QUESTION}, {"callbacks": [recorder]}))
    assert recorder.started == expected


@pytest.mark.parametrize(
    ("question", "says"),
    [("", "empty"), ("  \n", "empty"), ("?!… --", "no word"), ("why " * 25_000, "100,000 characters")],
)
def test_a_question_that_cannot_be_asked_says_why(chain: AnswerChain, question: str, says: str) -> None:
    with pytest.raises(QuestionError, match=says):
        chain.invoke({"question": question})


@pytest.mark.parametrize("question", ["À quelle heure part le bac ?", "フェリーはいつ出ますか", "متى تغادر العبارة؟"])
def test_a_question_in_another_language_gets_passages_and_no_invention(chain: AnswerChain, question: str) -> None:
    answer = chain.invoke({"question": question})
    assert answer.hits
    if not answer.abstained:
        assert_proved(chain, answer)


@pytest.mark.parametrize(
    "question", ['ferry" OR text:*', "NEAR(ferry skarn, 2)", "'; DROP TABLE chunks; --", "ferry\x00quay"]
)
def test_search_syntax_in_a_question_is_only_words(chain: AnswerChain, question: str) -> None:
    assert chain.invoke({"question": question}).hits


def test_a_search_finds_as_many_passages_as_asked_for(config: Config, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    for number in range(30):
        (docs / f"{number}.txt").write_text(f"Boat {number} lies in the harbour of Skarn.\n")
    few = {"retrieval": RetrievalSettings(candidates=5)}
    own = config.model_copy(update={"corpus": docs, "index_dir": tmp_path / "index", **few})
    build_index(own)
    chain = build_chain(own)
    found = chain.search("harbour of Skarn", 20)
    assert len({hit.uri for hit in found}) == 20
    assert len(chain.search("harbour of Skarn", 1000)) == 30
    assert len(chain.search("harbour of Skarn", 3)) == 3


def test_a_document_is_loaded_once_for_all_its_sentences(chain: AnswerChain, monkeypatch: pytest.MonkeyPatch) -> None:
    (hit,) = (hit for hit in chain.search(QUESTION) if hit.uri == "ferry.txt")
    load = chain.corpus.document
    loaded: list[int] = []

    def counted(doc_id: int) -> Document:
        loaded.append(doc_id)
        return load(doc_id)

    monkeypatch.setattr(chain.corpus, "document", counted)
    assert list(chain._documents([hit.chunk] * 3)) == [hit.chunk.doc_id]
    assert loaded == [hit.chunk.doc_id]


def test_a_running_chain_sees_what_was_indexed_since(config: Config, chain: AnswerChain) -> None:
    before = chain.invoke({"question": "How many bells hang in the chapel of Vell?"})
    assert before.abstained
    (config.corpus / "chapel.txt").write_text("Three bells hang in the chapel of Vell.\n")
    build_index(config)
    answer = chain.invoke({"question": "How many bells hang in the chapel of Vell?"})
    assert "Three bells" in answer.text
    assert_proved(chain, answer)


@pytest.mark.parametrize("step", ["answer", "verify"])
@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE documents SET text = replace(text, '7:40', '9:99')",
        "UPDATE documents SET text = 'Fireworks are forbidden on board. ' || text",
        "UPDATE documents SET text = substr(text, 1, 20)",
        "DELETE FROM documents",
    ],
)
def test_a_document_that_changed_under_the_answer_is_not_quoted(
    config: Config, tmp_path: Path, step: str, edit: str
) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "ferry.txt").write_text(FERRY)
    own = config.model_copy(update={"corpus": docs, "index_dir": tmp_path / "index"})
    build_index(own)
    chain = build_chain(own)

    class Edit(BaseCallbackHandler):
        def on_chain_start(self, *_: Any, **kwargs: Any) -> None:
            if kwargs.get("name") == step:
                with sqlite3.connect(tmp_path / "index" / "corpus.db") as database:
                    database.execute(edit)

    with pytest.raises(IndexChanged, match="please ask again"):
        chain.invoke({"question": QUESTION}, {"callbacks": [Edit()]})
