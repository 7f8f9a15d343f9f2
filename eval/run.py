"""Builds an index of its own, asks every gold question, scores the answers and writes the run into a folder."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from eval.answers import Record
from eval.ask import Passages, ask, texts_of
from eval.gold import Gold, load_questions, locate
from eval.metrics import score
from eval.report import html_report
from eval.saved import Run, write_run
from eval.summary import describe, summarise
from qa import AnswerChain, Config, Progress, UpdateReport, build_chain, build_index

log = logging.getLogger(__name__)

CACHE = Path(".eval")


def evaluation_index(config: Config, cache: Path = CACHE) -> Path:
    """The index folder of an evaluation: one for each corpus and each way of indexing it, never that of the chat."""
    settings = [part.model_dump_json() for part in (config.load, config.chunk, config.embed)]
    key = hashlib.sha256("\n".join([str(config.corpus.resolve()), *settings]).encode()).hexdigest()[:16]
    return cache / "index" / f"{config.corpus.resolve().name}-{key}"


def index_corpus(config: Config, progress: Progress | None = None) -> tuple[Config, UpdateReport]:
    """Bring the evaluation's own index up to date; returns the settings that name it and what was done."""
    config = config.model_copy(update={"index_dir": evaluation_index(config)})
    config.index_dir.mkdir(parents=True, exist_ok=True)
    return config, build_index(config, progress)


@dataclass(frozen=True, slots=True)
class Job:
    """What to run: the settings, whose `index_dir` is replaced by one of the evaluation's own, the gold file and the
    folder to write to. With `without_history` every question that has a history is asked a second time without it.
    """

    config: Config
    gold_file: Path
    out: Path
    without_history: bool = True


def run(job: Job, progress: Progress | None = None, open_chain: Callable[[Config], AnswerChain] = build_chain) -> Run:
    """Index the corpus, ask every question and write the run. `open_chain` makes the chain that is measured.

    Raises:
        EvaluationError: the gold file cannot be used with this corpus.
        DocqaError: the corpus cannot be indexed.
    """
    questions = load_questions(job.gold_file)
    config, indexed = index_corpus(job.config, progress)
    for left_out in indexed.left_out:
        log.warning("left out: %s: %s", left_out.uri, left_out.reason)
    chain = open_chain(config)
    passages: Passages = {}
    try:
        gold = locate(questions, texts_of(chain.corpus), job.gold_file)
        # The first question also pays for what is loaded lazily; asked once before, it is timed like the others.
        ask(chain, gold[0].question, passages)
        began = time.perf_counter()
        records = _ask_all(chain, gold, passages, progress, "questions")
        seconds = time.perf_counter() - began
        alone = [replace(item, question=replace(item.question, history=())) for item in gold if item.question.history]
        alone = alone if job.without_history else []
        alone_records = _ask_all(chain, alone, passages, progress, "without history")
        facts = describe(chain, job.gold_file, len(gold), indexed, seconds)
    finally:
        chain.corpus.close()
    scored = [score(item, record) for item, record in zip(gold, records, strict=True)]
    scored_alone = [score(item, record) for item, record in zip(alone, alone_records, strict=True)]
    summary = facts | summarise(scored, records, scored_alone)
    result = Run(tuple(gold), tuple(records), tuple(scored), summary, passages)
    write_run(result, job.out, alone_records)
    (job.out / "report.html").write_text(html_report(result), encoding="utf-8")
    return result


def _ask_all(
    chain: AnswerChain, gold: Sequence[Gold], passages: Passages, progress: Progress | None, step: str
) -> list[Record]:
    records = []
    for done, item in enumerate(gold, 1):
        records.append(ask(chain, item.question, passages))
        if progress is not None:
            progress(step, done, len(gold))
    return records
