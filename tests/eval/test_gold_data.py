"""The committed gold questions hold what they promise: quotes stand in their documents, answers stand in the quotes."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from index.load import SUFFIXES, load_file
from index.settings import LoadSettings

EVAL = Path(__file__).resolve().parents[2] / "eval"
SEEDS = EVAL.parent / "seeds"
SUITES = sorted(path.parent for path in EVAL.glob("suites/*/questions.jsonl"))
FUNCTION_WORDS = {"before", "does", "from", "many", "that", "what", "where", "which", "whose", "would"}
SETS = {"gold": (EVAL / "gold.jsonl", SEEDS)} | {s.name: (s / "questions.jsonl", s / "docs") for s in SUITES}

Record = dict[str, Any]


def _questions(name: str) -> list[Record]:
    return [json.loads(line) for line in SETS[name][0].read_text(encoding="utf-8").splitlines()]


def _corpus(name: str) -> dict[str, str]:
    """Text by document id, as the index holds it."""
    root = SETS[name][1]
    texts: dict[str, str] = {}
    for path in sorted(p for p in root.rglob("*") if p.is_file()):
        doc_id = path.relative_to(root).with_suffix("").as_posix()
        assert doc_id not in texts, f"two files are called {doc_id}"
        texts[doc_id] = "\n".join(document.text for document in load_file(path, root, LoadSettings()))
    return texts


@pytest.mark.parametrize("name", SETS)
def test_evidence_is_verbatim_and_holds_the_answers(name: str) -> None:
    texts = _corpus(name)
    faults = []
    for record in _questions(name):
        documents = [texts[doc_id] for doc_id in record["doc_ids"]]
        faults += [
            f"{record['id']}: not in its documents: {quote}"
            for quote in record["evidence"]
            if not any(quote in text for text in documents)
        ]
        faults += [
            f"{record['id']}: no quote from {doc_id}"
            for doc_id in record["doc_ids"]
            if not any(quote in texts[doc_id] for quote in record["evidence"])
        ]
        faults += [
            f"{record['id']}: answer outside the evidence: {answer}"
            for answer in record["answers"]
            if not any(answer in quote for quote in record["evidence"])
        ]
    assert faults == []


@pytest.mark.parametrize("name", SETS)
def test_records_are_whole_and_unique(name: str) -> None:
    records = _questions(name)
    assert [i for i, n in Counter(r["id"] for r in records).items() if n > 1] == []
    asked = Counter((r["question"], json.dumps(r["history"])) for r in records)
    assert [q for q, n in asked.items() if n > 1] == []
    for record in records:
        parts = (record["answers"], record["doc_ids"], record["evidence"])
        assert all(parts) if record["answerable"] else not any(parts), record["id"]
        assert not (record["type"] == "unanswerable" and record["answerable"]), record["id"]


@pytest.mark.parametrize("name", SETS)
def test_follow_ups_have_a_conversation_before_them(name: str) -> None:
    for record in _questions(name):
        roles = [turn["role"] for turn in record["history"]]
        assert roles == ["user", "assistant"] * (len(roles) // 2), record["id"]
        assert all(turn["text"].strip() for turn in record["history"]), record["id"]
        assert record["history"] or record["type"] != "follow_up", record["id"]


def test_gold_is_large_enough() -> None:
    records = _questions("gold")
    assert len(records) >= 80
    assert sum(not r["answerable"] for r in records) >= 25
    kinds = Counter(r["type"] for r in records)
    wanted = {"fact", "description", "why", "how", "paraphrase", "follow_up", "false_premise", "unanswerable", "list"}
    assert wanted <= kinds.keys()


def test_gold_paraphrases_share_no_content_word_with_the_text() -> None:
    words = {word for text in _corpus("gold").values() for word in re.findall(r"[a-z]{4,}", text.lower())}
    for record in _questions("gold"):
        if record["type"] == "paraphrase":
            asked = set(re.findall(r"[a-z]{4,}", record["question"].lower())) - FUNCTION_WORDS
            assert not asked & words, record["id"]


@pytest.mark.parametrize("suite", SUITES, ids=lambda path: path.name)
def test_suite_is_large_enough(suite: Path) -> None:
    records = _questions(suite.name)
    assert len(records) >= 165
    assert sum(not r["answerable"] for r in records) >= 45
    assert sum(bool(r["history"]) for r in records) >= 32
    assert sum(bool(r["meta"].get("contradiction")) for r in records) >= 5
    files = [path for path in (suite / "docs").rglob("*") if path.is_file()]
    assert len(files) >= 42
    assert {path.suffix for path in files} >= {".txt", ".md", ".html", ".pdf", ".docx", ".csv", ".jsonl"}
    assert {path.suffix for path in files} <= SUFFIXES.keys()


@pytest.mark.parametrize("suite", SUITES, ids=lambda path: path.name)
def test_contradicting_sources_are_both_quoted(suite: Path) -> None:
    for record in _questions(suite.name):
        if record["meta"].get("contradiction"):
            assert len(record["evidence"]) >= 2 and len(record["doc_ids"]) >= 2, record["id"]
