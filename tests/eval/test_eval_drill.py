"""The drill: break one part of the real chain at a time; the gate must go red and name that part's metric first."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from langchain_core.runnables import RunnableConfig

from eval.gate import REGRESSION, judge, read_baseline, write_baseline
from eval.run import Job, run
from eval.saved import Run, read_run
from index.types import Filter
from qa import AnswerChain, Config, Event, Hit, build_chain, load_config
from qa.build import load_reader, open_retriever
from qa.read import Evidence, Reader, Reading, answer_sentences
from qa.retrieve import HybridRetriever

ROOT = Path(__file__).parents[2]
TYPES = ("fact", "description", "how", "unanswerable")

Open = Callable[[Config], AnswerChain]


class WorstFirst(HybridRetriever):
    """Retrieval with its order turned round."""

    def hits(
        self, query: str, where: Filter | None = None, candidates: int | None = None, context: str = ""
    ) -> tuple[Hit, ...]:
        return super().hits(query, where, candidates, context)[::-1]


class LastSentence:
    """A reader that answers with the last sentence of the passage it should answer from, as sure as ever."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.name, self.digest, self.threshold = reader.name, reader.digest, reader.threshold

    def read(self, question: str, hits: Sequence[Hit]) -> Reading:
        reading = self._reader.read(question, hits)
        number = reading.evidence[reading.best].hit
        chunk = hits[(number + 1) % len(hits)].chunk
        start, end = answer_sentences(hits[(number + 1) % len(hits)])[-1]
        evidence = Evidence((number + 1) % len(hits), chunk.start + start, chunk.start + end, 1.0)
        return replace(reading, evidence=(evidence,), best=0)


class OffByOne(AnswerChain):
    """Citations that begin one character too late, after the chain has proved them."""

    def stream(
        self, input: dict[str, Any], config: RunnableConfig | None = None, **kwargs: Any | None
    ) -> Iterator[Event]:
        for event in super().stream(input, config, **kwargs):
            if event.answer is None:
                yield event
            else:
                citations = tuple(replace(cited, start=cited.start + 1) for cited in event.answer.citations)
                yield replace(event, answer=replace(event.answer, citations=citations))


def broken_retrieval(config: Config) -> AnswerChain:
    whole = open_retriever(config)
    retriever = WorstFirst(corpus=whole.corpus, embedder=whole.embedder, settings=whole.settings)
    return AnswerChain(config, retriever, load_reader(config, whole.embedder))


def broken_reader(config: Config) -> AnswerChain:
    retriever = open_retriever(config)
    return AnswerChain(config, retriever, LastSentence(load_reader(config, retriever.embedder)))


def broken_offset(config: Config) -> AnswerChain:
    retriever = open_retriever(config)
    return OffByOne(config, retriever, load_reader(config, retriever.embedder))


def with_threshold(threshold: float) -> Open:
    def opened(config: Config) -> AnswerChain:
        return build_chain(config.model_copy(update={"read": config.read.model_copy(update={"threshold": threshold})}))

    return opened


@pytest.fixture(scope="module")
def measure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Open], Run]]:
    """Runs a third of the gold questions over the seed document with the embedded models."""
    folder = tmp_path_factory.mktemp("drill")
    rows = [json.loads(line) for line in (ROOT / "eval/gold.jsonl").read_text("utf-8").splitlines()]
    gold_file = folder / "gold.jsonl"
    kept = [row for row in rows if row["type"] in TYPES and not row.get("history")]
    gold_file.write_text("".join(json.dumps(row) + "\n" for row in kept[::2]), "utf-8")
    config = load_config({"corpus": ROOT / "seeds"}, environment={})

    def run_with(open_chain: Open) -> Run:
        return run(Job(config, gold_file, folder / "run"), open_chain=open_chain)

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)  # the evaluation's cache is made in the working folder
        yield run_with


@pytest.fixture(scope="module")
def baseline(measure: Callable[[Open], Run], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("baseline") / "baseline.json"
    write_baseline(measure(build_chain), path)
    return path


def test_nothing_broken_is_no_regression(measure: Callable[[Open], Run], baseline: Path) -> None:
    verdict = judge(measure(build_chain), read_baseline(baseline))
    assert verdict.code == 0, verdict.why
    assert verdict.comparison is not None
    assert all(found.difference == pytest.approx(0, abs=1e-5) for found in verdict.comparison.differences)


@pytest.mark.parametrize(
    ("open_chain", "named"),
    [
        (broken_retrieval, "evidence_"),
        (broken_reader, "evidence_first"),
        (broken_offset, "quotes_exact"),
        (with_threshold(0.0), "abstention_recall"),
        (with_threshold(1.0), "answered"),
    ],
    ids=["retrieval", "reader", "citation offset", "threshold too low", "threshold too high"],
)
def test_a_broken_part_turns_the_gate_red(
    measure: Callable[[Open], Run], baseline: Path, open_chain: Open, named: str
) -> None:
    verdict = judge(measure(open_chain), read_baseline(baseline))
    assert verdict.code == REGRESSION, verdict.why
    assert verdict.comparison is not None
    assert verdict.comparison.faults[0].difference.metric.startswith(named), verdict.why


def test_a_run_read_again_is_the_same(measure: Callable[[Open], Run]) -> None:
    made = measure(build_chain)
    again = read_run(Path("run"))
    assert again.gold == tuple(
        replace(item, question=replace(item.question, extra=again.gold[n].question.extra))
        for n, item in enumerate(made.gold)
    )
    assert (again.records, again.scored, again.passages) == (made.records, made.scored, made.passages)
