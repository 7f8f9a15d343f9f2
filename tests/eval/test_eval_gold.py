"""Reading gold files: every mistake is named by file, line and key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from eval.gold import Question, Span, doc_id_of, find_quote, load_questions, locate
from qa import EvaluationError

LINE: dict[str, Any] = {"id": "a", "question": "When?", "answerable": True}


def written(folder: Path, *rows: object) -> Path:
    path = folder / "questions.jsonl"
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows), "utf-8")
    return path


def test_a_full_question_survives_a_round_trip(tmp_path: Path) -> None:
    row = LINE | {
        "answers": ["1931"],
        "doc_ids": ["council/minutes"],
        "evidence": ["It opened in 1931."],
        "history": [{"role": "user", "text": "Tell me of the bridge."}],
        "type": "fact",
        "meta": {"source": "made up"},
        "unknown": [1, 2],
    }
    question = load_questions(written(tmp_path, row))[0]
    assert question.extra == {"unknown": [1, 2]}
    assert question.to_json() == row


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ({"question": "When?", "answerable": True}, "id"),
        ({"id": "b", "answerable": True}, "question"),
        ({"id": "b", "question": "When?"}, "answerable"),
        (LINE | {"id": "b", "answerable": "yes"}, "answerable: expected true or false"),
        (LINE | {"id": "b", "answers": "1931"}, "answers: expected a list"),
        (LINE | {"id": "b", "answers": [1931]}, "answers: expected a list of strings"),
        (LINE | {"id": "b", "history": [{"role": "system", "text": "x"}]}, "history"),
        (LINE, "id: 'a' is already used on line 1"),
        (["a"], "expected an object"),
        ("{broken", "not valid JSON"),
    ],
)
def test_mistakes_name_file_line_and_key(tmp_path: Path, row: object, named: str) -> None:
    path = written(tmp_path, LINE, row)
    with pytest.raises(EvaluationError) as caught:
        load_questions(path)
    assert str(caught.value).startswith(f"{path}:2: ")
    assert named in str(caught.value)


def test_an_empty_or_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="holds no questions"):
        load_questions(written(tmp_path, ""))
    with pytest.raises(EvaluationError, match="cannot be read"):
        load_questions(tmp_path / "nowhere.jsonl")


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("council/minutes.v2.txt", "council/minutes.v2"),
        ("boats.csv#12", "boats#12"),
        ("boats.csv", "boats"),
        ("a#12.txt", "a#12"),
        ("notes.md#12", "notes"),
        ("README", "README"),
    ],
)
def test_document_names(uri: str, name: str) -> None:
    assert doc_id_of(uri) == name


def test_quotes_are_found_at_every_place_after_normalisation() -> None:
    texts = {"a": ["cafe\u0301 one. café one.".replace("e\u0301", "é")], "b": ["café one.\nTwo"]}
    found = find_quote("cafe\u0301 one.", ["a", "b"], texts.__getitem__)
    assert found.spans == (Span("a", 0, 9), Span("a", 10, 19), Span("b", 0, 9))
    assert find_quote("one.\r\nTwo", ["b"], texts.__getitem__).spans == (Span("b", 5, 13),)


def test_evidence_that_is_not_in_its_document_stops_everything() -> None:
    questions = [Question("a", "When?", True, doc_ids=("x",), evidence=("It opened in 1931.", "never said"))]
    with pytest.raises(EvaluationError, match="'never said' is not in x"):
        locate(questions, lambda _: ["It opened in 1931."], Path("gold.jsonl"))
    with pytest.raises(EvaluationError, match=r"there is no document x \(2 more like it\)"):
        locate(questions, lambda _: [], Path("gold.jsonl"))
