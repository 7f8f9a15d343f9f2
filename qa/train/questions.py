"""One question of the training material, what the sources of questions are, and SQuAD JSON files of them."""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import dataclass
from pathlib import Path

# The documents of `qa.train.written`: those whose questions are near misses of one another, those with tables, lists or
# steps, and those asked about in conversations have a source of their own.
WRITTEN = "written"
NEAR_MISSES = "written_near_misses"
TABLES = "written_tables"
CONVERSATIONS = "written_conversations"
# The questions of `qa.train.other_words`.
OTHER_WORDS = "other_words"
# Share of a file's questions that one epoch draws (2 means every question twice). Whole-paragraph SQuAD-like sets
# count fully; single sentences (QAMR, QA-SRL), reviews, forum posts, stories and policies are sampled down.
SOURCES: dict[str, float] = {
    "squad_v1_train_sample": 1.0,
    "squad_dev-v1.1.half_A.train_articles": 1.0,
    "squad_dev-v2.0.half_A.train_articles": 1.0,
    "unansq_squad_train": 1.0,
    "unansq_dev_recased": 0.8,
    "disfl_qa.half_A": 0.5,
    "squadshifts_new_wiki.half_A": 1.0,
    "nq_open_oracle": 1.0,
    "quoref_ni": 1.0,
    "quoref_contrast": 0.4,
    "drop_contrast": 0.5,
    "ropes_contrast": 0.2,
    "covid_qa": 1.0,
    "timeqa_human_train_easy.squad": 0.8,
    "timeqa_human_train_hard.squad": 0.4,
    "policyqa_dev": 0.25,
    "policyqa_test": 0.25,
    "fairytaleqa_train.extractive": 0.4,
    "fairytaleqa_val.extractive": 0.4,
    "fairytaleqa_test.extractive": 0.4,
    "squadshifts_amazon_reviews_v1.0": 0.5,
    "squadshifts_reddit_v1.0": 0.5,
    "qamr_dev.squad": 0.3,
    "qamr_test.squad": 0.3,
    "qasrl_gs": 0.1,
    WRITTEN: 1.2,
    NEAR_MISSES: 0.8,
    TABLES: 4.0,
    CONVERSATIONS: 6.0,
    OTHER_WORDS: 2.4,
}
# Files whose contexts are one sentence each.
SINGLE_SENTENCES = {"qamr_dev.squad", "qamr_test.squad", "qasrl_gs"}
# Files whose titles name the subject of the text; in the others the title is an id.
TITLED = {
    "squad_dev-v1.1.half_A.train_articles",
    "squad_dev-v2.0.half_A.train_articles",
    "disfl_qa.half_A",
    "squadshifts_new_wiki.half_A",
    "nq_open_oracle",
    "covid_qa",
}
# The v2 file repeats the answerable questions of the v1 file; only its no-answer questions add anything.
NO_ANSWER_ONLY = {"squad_dev-v2.0.half_A.train_articles"}


@dataclass(frozen=True, slots=True)
class Question:
    """One question over one paragraph; `title` names the subject of its text, and is "" where nothing does.

    `answers` holds (start, end) in code points of `context`, half-open; empty when the paragraph has no answer.
    `paragraphs` are all of its document, in order, where they are known.
    """

    source: str
    title: str
    context: str
    text: str
    answers: tuple[tuple[int, int], ...]
    adversarial: bool = False
    paragraphs: tuple[str, ...] = ()


def load_squad(path: Path) -> list[Question]:
    """Read one SQuAD JSON file (1.1 or 2.0, gzipped or plain)."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as handle:
        content = json.load(handle)
    articles = content["data"] if isinstance(content, dict) else content
    source = path.name.removesuffix(".gz").removesuffix(".json")
    questions = []
    for article in articles:
        title = article.get("title", "").replace("_", " ") if source in TITLED else ""
        for paragraph in article["paragraphs"]:
            context = paragraph["context"]
            for qa in paragraph["qas"]:
                spans = tuple(
                    dict.fromkeys((a["answer_start"], a["answer_start"] + len(a["text"])) for a in qa["answers"])
                )
                text = re.sub(r"\s+", " ", qa["question"]).strip()
                if text and not (source in NO_ANSWER_ONLY and spans):
                    questions.append(Question(source, title, context, text, spans))
    return questions
