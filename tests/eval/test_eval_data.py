"""Checking gold files against documents, and importing other people's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eval.answers import write_lines
from eval.check import check_questions, find_again, repair_gold
from eval.convert import import_beir, import_squad
from eval.gold import Question, find_quote, load_questions
from qa import EvaluationError

OLD = "The old stone bridge over the river was opened to all carts in 1931 by the mayor."
TEXT = "The town is small. {} The river floods in spring, and boats pass under it."


def question(quote: str = OLD) -> Question:
    return Question("a", "When was it opened?", True, ("1931",), ("bridge",), (quote,))


@pytest.mark.parametrize(
    ("now", "certain", "likely"),
    [
        ("The old stone bridge across the river was opened to all carts in 1931 by the mayor.", True, True),
        ("The old stone bridge over the river was opened to all carts in 1934 by the mayor.", False, True),
        ("The bridge, old and made of stone, was opened for carts in 1931 by the mayor.", False, True),
        ("Nothing is known of it.", False, False),
    ],
    ids=["reworded", "the fact changed", "rewritten", "gone"],
)
def test_moved_evidence(now: str, certain: bool, likely: bool) -> None:
    found = find_again(question(), OLD, lambda _: [TEXT.format(now)])
    assert found.certain == certain
    assert found.found == (now if likely else "")


def test_two_places_that_are_as_close_need_a_decision() -> None:
    twin = OLD.replace("over", "on")
    other = OLD.replace("over", "at")
    assert not find_again(question(), OLD, lambda _: [f"{twin} Then came the flood and took all. {other}"]).certain


def test_repair_writes_what_is_certain_and_leaves_the_rest(tmp_path: Path) -> None:
    now = OLD.replace("over", "across")
    path = tmp_path / "questions.jsonl"
    gone = Question("b", "Who?", True, ("nobody",), ("bridge",), ("It was never said at all.",), meta={"kept": 1})
    write_lines(path, [question().to_json(), gone.to_json()])
    findings = check_questions(load_questions(path), lambda _: [TEXT.format(now)])
    assert findings.errors == 2
    assert repair_gold(path, findings) == 1
    after = load_questions(path)
    assert after[0].evidence == (now,)
    assert after[1] == gone


def test_check_names_what_is_wrong() -> None:
    questions = [
        question("The town is small."),
        Question("b", "when was it opened", True, ("1931",), ("nowhere",)),
        Question("c", "Why?", False, evidence=("The town is small.",)),
        Question("d", "What?", True),
    ]
    texts = {"bridge": [TEXT.format(OLD)]}
    problems = "\n".join(check_questions(questions, lambda doc_id: texts.get(doc_id, [])).problems)
    assert "error: question b: there is no document nowhere" in problems
    assert "error: question c: is not answerable but has evidence" in problems
    assert "error: question d: is answerable but has neither" in problems
    assert "warning: question b: asks the same as a" in problems
    assert "warning: question a: no accepted answer stands in its evidence" in problems


def test_squad_is_imported_with_evidence_that_is_found(tmp_path: Path) -> None:
    context = "The bridge opened in 1931. It is old."
    answers = [{"text": "1931", "answer_start": 21}]
    rows = [
        {"id": "1", "question": " When? ", "answers": answers, "is_impossible": False},
        {"id": "2", "question": "Who?", "answers": [], "is_impossible": True},
    ]
    source = tmp_path / "squad.json"
    source.write_text(
        json.dumps({"data": [{"title": "../The Bridge", "paragraphs": [{"context": context, "qas": rows}]}]})
    )
    made = import_squad(source, tmp_path / "out")
    assert (made.questions, made.documents) == (2, 1)
    first, second = load_questions(tmp_path / "out/questions.jsonl")
    assert (first.question, first.answers, first.evidence) == ("When?", ("1931",), ("The bridge opened in 1931.",))
    assert (second.answerable, second.doc_ids) == (False, ())
    text = (tmp_path / "out/docs" / f"{first.doc_ids[0]}.txt").read_text("utf-8")
    assert find_quote(first.evidence[0], first.doc_ids, lambda _: [text]).spans
    with pytest.raises(EvaluationError, match="not empty"):
        import_squad(source, tmp_path / "out")
    source.write_text('{"data": [{"paragraphs": [{}]}]}')
    with pytest.raises(EvaluationError, match="not a SQuAD"):
        import_squad(source, tmp_path / "other")


def test_beir_is_imported_with_its_relevance(tmp_path: Path) -> None:
    folder = tmp_path / "beir"
    (folder / "qrels").mkdir(parents=True)
    write_lines(
        folder / "corpus.jsonl", [{"_id": "D/1", "title": "Bridge", "text": "Old."}, {"_id": "d/1", "text": "New."}]
    )
    write_lines(folder / "queries.jsonl", [{"_id": "q", "text": "bridge?"}, {"_id": "unjudged", "text": "x"}])
    (folder / "qrels/test.tsv").write_text("query-id\tcorpus-id\tscore\nq\tD/1\t1\nq\td/1\t0\n")
    made = import_beir(folder, tmp_path / "out")
    assert (made.questions, made.documents) == (1, 2)
    (only,) = load_questions(tmp_path / "out/questions.jsonl")
    assert (tmp_path / "out/docs" / f"{only.doc_ids[0]}.txt").read_text("utf-8") == "Bridge\n\nOld.\n"
