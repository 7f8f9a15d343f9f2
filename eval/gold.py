"""Gold questions: reading a questions file and finding its evidence. The format is in docs/evaluation.md."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from qa import EvaluationError, normalise

TABLE_SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson")


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """The characters [start, end) of a document's text, in code points."""

    doc_id: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the conversation before a question."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """A gold question. `evidence` holds the quotes; `extra` the keys that this program does not know."""

    id: str
    question: str
    answerable: bool
    answers: tuple[str, ...] = ()
    doc_ids: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    history: tuple[Message, ...] = ()
    type: str = ""
    meta: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The question as one line of a questions file holds it."""
        return {
            "id": self.id,
            "question": self.question,
            "answerable": self.answerable,
            "answers": list(self.answers),
            "doc_ids": list(self.doc_ids),
            "evidence": list(self.evidence),
            "history": [{"role": message.role, "text": message.text} for message in self.history],
            "type": self.type,
            "meta": self.meta,
            **self.extra,
        }


@dataclass(frozen=True, slots=True)
class Quote:
    """A piece of evidence and every place where it stands; one that stands twice is met by either place."""

    text: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Gold:
    """A question with its evidence found in the documents."""

    question: Question
    quotes: tuple[Quote, ...]


def doc_id_of(uri: str) -> str:
    """The gold file's name of a document: its uri without the file's suffix, a table's `#row` kept."""
    path, mark, row = uri.rpartition("#")
    if mark and row.isdigit() and path.lower().endswith(TABLE_SUFFIXES):
        return f"{PurePosixPath(path).with_suffix('')}#{row}"
    return str(PurePosixPath(uri).with_suffix(""))


def read_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the 1-based line number and the object of every line that is not blank.

    Raises:
        EvaluationError: the file cannot be read, or a line is not a JSON object.
    """
    try:
        with path.open(encoding="utf-8-sig") as handle:
            for number, line in enumerate(handle, 1):
                if not line.strip():
                    continue
                value = json.loads(line)
                if not isinstance(value, dict):
                    raise EvaluationError(f"{path}:{number}: expected an object, found {line.strip()[:40]}.")
                yield number, value
    except OSError as error:
        raise EvaluationError(f"{path} cannot be read: {error.strerror}.") from None
    except json.JSONDecodeError as error:
        raise EvaluationError(f"{path}:{number}: not valid JSON: {error.msg}.") from None
    except UnicodeDecodeError:
        raise EvaluationError(f"{path} is not UTF-8. Save it as UTF-8 and try again.") from None


def load_questions(path: Path) -> list[Question]:
    """Read a questions file.

    Raises:
        EvaluationError: naming file, line and key of what is missing, of the wrong type or used twice.
    """
    questions: list[Question] = []
    lines: dict[str, int] = {}
    for number, row in read_lines(path):
        question = _question(row, f"{path}:{number}")
        if question.id in lines:
            first = lines[question.id]
            raise EvaluationError(f"{path}:{number}: id: {question.id!r} is already used on line {first}.")
        lines[question.id] = number
        questions.append(question)
    if not questions:
        raise EvaluationError(f"{path} holds no questions.")
    return questions


def find_quote(quote: str, doc_ids: Sequence[str], texts: Callable[[str], Sequence[str]]) -> Quote:
    """Find every place of a quote in the documents named. `texts` gives the texts known under a document's name."""
    wanted = normalise(quote)
    spans = []
    for doc_id in doc_ids:
        for text in texts(doc_id):
            start = text.find(wanted) if wanted else -1
            while start >= 0:
                spans.append(Span(doc_id, start, start + len(wanted)))
                start = text.find(wanted, start + 1)
    return Quote(quote, tuple(spans))


def locate(questions: Sequence[Question], texts: Callable[[str], Sequence[str]], source: Path) -> list[Gold]:
    """Find all evidence in the documents as the index holds them.

    Raises:
        EvaluationError: a document is not in the corpus or a quote is not in its document; the first one is shown.
    """
    problems: list[str] = []
    found = []
    for question in questions:
        missing = [doc_id for doc_id in question.doc_ids if not texts(doc_id)]
        problems += [f"question {question.id}: there is no document {doc_id}" for doc_id in missing]
        quotes = tuple(find_quote(quote, question.doc_ids, texts) for quote in question.evidence)
        for quote in quotes:
            if not quote.spans:
                where = ", ".join(question.doc_ids) or "any document, doc_ids is empty"
                problems.append(f"question {question.id}: the evidence {quote.text[:60]!r} is not in {where}")
        found.append(Gold(question, quotes))
    if problems:
        others = f" ({len(problems) - 1} more like it)" if len(problems) > 1 else ""
        raise EvaluationError(f"{source}: {problems[0]}{others}. `python -m eval check` lists all and can repair some.")
    return found


def _question(row: dict[str, Any], where: str) -> Question:
    known = dict(row)

    def take(key: str, kind: type, required: bool = False) -> Any:
        if key not in known:
            if required:
                raise EvaluationError(f"{where}: {key}: this required key is missing.")
            return kind()
        value = known.pop(key)
        if value is None and not required:
            return kind()
        if not isinstance(value, kind):
            raise EvaluationError(f"{where}: {key}: expected {_NAMES[kind]}, found {json.dumps(value)[:40]}.")
        return value

    def strings(key: str) -> tuple[str, ...]:
        values = take(key, list)
        if not all(isinstance(value, str) for value in values):
            raise EvaluationError(f"{where}: {key}: expected a list of strings.")
        return tuple(values)

    history = []
    for message in take("history", list):
        fits = isinstance(message, dict) and isinstance(message.get("text"), str)
        if not fits or message.get("role") not in ("user", "assistant"):
            raise EvaluationError(f'{where}: history: each message is {{"role": "user" or "assistant", "text": "…"}}.')
        history.append(Message(message["role"], message["text"]))
    question = Question(
        id=take("id", str, required=True),
        question=take("question", str, required=True),
        answerable=take("answerable", bool, required=True),
        answers=strings("answers"),
        doc_ids=strings("doc_ids"),
        evidence=strings("evidence"),
        history=tuple(history),
        type=take("type", str),
        meta=take("meta", dict),
        extra=known,
    )
    if not question.id:
        raise EvaluationError(f"{where}: id: it is empty.")
    return question


_NAMES: dict[type, str] = {str: "a string", bool: "true or false", list: "a list", dict: "an object"}
