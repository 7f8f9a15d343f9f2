"""Turns other people's data sets into a folder of ours: `docs/` and `questions.jsonl`."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from eval.answers import write_lines
from eval.gold import Question, read_lines
from qa import EvaluationError, normalise, sentence_spans

_LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class Imported:
    """How many questions and documents were written."""

    questions: int
    documents: int


def import_squad(source: Path, out: Path, limit: int | None = None) -> Imported:
    """Read SQuAD 1.1 or 2.0 JSON: one document an article, and as evidence the sentences that hold the answers.

    Raises:
        EvaluationError: the file is not SQuAD's, or the folder is not empty.
    """
    try:
        articles = json.loads(source.read_text(encoding="utf-8"))["data"]
        documents: dict[str, str] = {}
        taken: set[str] = set()
        questions: list[Question] = []
        for number, article in enumerate(articles):
            doc_id = _file_name(article.get("title") or f"article-{number}", taken)
            # Normalised here, because the evidence is cut out of it and must be found in the document again.
            documents[doc_id] = "\n\n".join(normalise(part["context"]).strip() for part in article["paragraphs"])
            questions += [
                _squad_question(row, part["context"], doc_id) for part in article["paragraphs"] for row in part["qas"]
            ]
    except OSError as error:
        raise EvaluationError(f"{source} cannot be read: {error.strerror}.") from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise EvaluationError(f"{source} is not a SQuAD 1.1 or 2.0 file: {error!r}.") from None
    return _write(out, documents, questions[:limit])


def import_beir(folder: Path, out: Path, split: str = "test", limit: int | None = None) -> Imported:
    """Read a BEIR folder: `corpus.jsonl`, `queries.jsonl` and `qrels/SPLIT.tsv`.

    BEIR judges documents alone, so the questions have neither answers nor evidence.

    Raises:
        EvaluationError: naming the file, line and key that is missing, or the folder is not empty.
    """
    documents: dict[str, str] = {}
    names: dict[str, str] = {}
    taken: set[str] = set()
    for number, row in read_lines(folder / "corpus.jsonl"):
        key = _key(row, "_id", f"{folder / 'corpus.jsonl'}:{number}")
        names[key] = _file_name(key, taken)
        documents[names[key]] = f"{row.get('title') or ''}\n\n{row.get('text') or ''}".strip()
    relevant = _relevant(folder / "qrels" / f"{split}.tsv")
    questions = []
    for number, row in read_lines(folder / "queries.jsonl"):
        key = _key(row, "_id", f"{folder / 'queries.jsonl'}:{number}")
        doc_ids = tuple(names[doc] for doc in relevant.get(key, ()) if documents.get(names.get(doc, "")))
        if doc_ids:
            text = _key(row, "text", f"{folder / 'queries.jsonl'}:{number}")
            questions.append(Question(key, text, True, doc_ids=doc_ids, type="retrieval"))
    return _write(out, documents, questions[:limit])


def _squad_question(row: dict[str, Any], context: str, doc_id: str) -> Question:
    answerable = not row.get("is_impossible", False)
    answers = row["answers"] if answerable else []
    sentences = sentence_spans(context)
    evidence = {
        normalise(context[start:end]).strip(): None
        for answer in answers
        for start, end in sentences
        if start < answer["answer_start"] + len(answer["text"]) and end > answer["answer_start"]
    }
    return Question(
        id=str(row["id"]),
        question=normalise(row["question"]).strip(),
        answerable=answerable,
        answers=tuple(dict.fromkeys(answer["text"] for answer in answers)),
        doc_ids=(doc_id,) if answerable else (),
        evidence=tuple(evidence),
        type="extractive" if answerable else "unanswerable",
    )


def _relevant(path: Path) -> dict[str, list[str]]:
    """Query id to the ids of the documents judged relevant (a grade above 0)."""
    found: dict[str, list[str]] = {}
    try:
        with path.open(encoding="utf-8", newline="") as handle:
            for row in csv.DictReader(handle, delimiter="\t"):
                if int(row["score"]) > 0:
                    found.setdefault(row["query-id"], []).append(row["corpus-id"])
    except OSError as error:
        raise EvaluationError(f"{path} cannot be read: {error.strerror}.") from None
    except (KeyError, TypeError, ValueError) as error:
        raise EvaluationError(f"{path}: expected the columns query-id, corpus-id and score: {error!r}.") from None
    return found


def _key(row: dict[str, Any], key: str, where: str) -> str:
    if not isinstance(row.get(key), str):
        raise EvaluationError(f"{where}: {key}: this required key is missing or not a string.")
    return str(row[key])


def _file_name(wanted: str, taken: set[str]) -> str:
    """A file name without suffix for any id: no separators, nothing hidden, and not `taken`, to which it is added."""
    name = quote(re.sub(r"\s+", "_", wanted.strip()), safe="_-()',").lstrip(".~").replace("%", "=")[:_LONGEST_NAME]
    candidate, number = name or "document", 2
    while candidate.casefold() in taken:
        candidate, number = f"{name}-{number}", number + 1
    taken.add(candidate.casefold())
    return candidate


def _write(out: Path, documents: dict[str, str], questions: list[Question]) -> Imported:
    if out.exists() and any(out.iterdir()):
        raise EvaluationError(f"{out} is not empty: name a new folder, so that nothing is mixed.")
    if not questions:
        raise EvaluationError("There is no question in it that has an answer here: nothing was written.")
    (out / "docs").mkdir(parents=True, exist_ok=True)
    written = {name: text for name, text in documents.items() if text}
    for name, text in written.items():
        (out / "docs" / f"{name}.txt").write_text(text + "\n", encoding="utf-8", newline="\n")
    write_lines(out / "questions.jsonl", (question.to_json() for question in questions))
    return Imported(len(questions), len(written))
