"""The written documents: what the format allows is read, what it does not is named, and those that ship are right."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from index.errors import LoadError
from qa.train.harder import other_paragraphs, with_neighbours
from qa.train.questions import CONVERSATIONS, NEAR_MISSES, TABLES
from qa.train.split import even_out, load_all
from qa.train.written import PARTS, WRITTEN_FOLDER, load_written

DOCUMENT = """# The harbour of Skarn
The harbour was dredged in May. In May the keeper, Mayor Ole Brun, left.

Mira Vance runs the ferry. It sails twice a day, unless there is fog.

Nobody lives on the island.

## Questions
Q1: When did the keeper go?
A: May
Q2: who runs the ferry
A: Mira Vance
N2: How old is Mira Vance?
"""


def write(folder: Path, text: str) -> Path:
    (folder / "news.txt").write_text(text, encoding="utf-8")
    return folder


def test_questions_are_read_with_their_paragraph_and_document(tmp_path: Path) -> None:
    keeper, ferry, age = load_written(write(tmp_path, DOCUMENT))
    assert [keeper.context[a:b] for a, b in keeper.answers] == ["May"]
    assert keeper.answers[0][0] == keeper.context.index("In May") + 3, "the sentence about the keeper is meant"
    assert ferry.text == "who runs the ferry" and ferry.title == "The harbour of Skarn"
    assert age.context == ferry.context and age.answers == () and age.adversarial
    assert len(age.paragraphs) == 3


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("A: May\n", "A: June\n", "the answer 'June' does not stand in paragraph 1"),
        ("A: May\n", "", "a Q needs an answer"),
        ("Q2:", "Q7:", "there is no paragraph for 'Q7"),
        ("N2:", "X2:", "not a question or an answer: 'X2"),
        ("## Questions\n", "", "it needs one line '## Questions'"),
        ("## Questions\n", "## Questions\nF1: And since when?\n", "a follow-up needs a question before it"),
    ],
)
def test_what_is_wrong_is_named_with_its_document(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(LoadError) as caught:
        load_written(write(tmp_path, DOCUMENT.replace(old, new)))
    assert said in str(caught.value) and "news.txt" in str(caught.value) and "The harbour of Skarn" in str(caught.value)


def test_a_follow_up_is_asked_as_the_chain_would_ask_it(tmp_path: Path) -> None:
    more = "F2: How often does she sail?\nA: twice a day\nF3: And in winter?\nQ3: Who lives there?\nA: Nobody\n"
    *_, often, winter, alone = load_written(write(tmp_path, DOCUMENT.replace("N2: How old is Mira Vance?\n", more)))
    assert often.text == "How often does Mira Vance sail?"
    assert winter.text == "How often does Mira Vance sail? And in winter?" and winter.answers == ()
    assert alone.text == "Who lives there?", "a new conversation"


def test_two_documents_with_one_title_are_named(tmp_path: Path) -> None:
    write(tmp_path, DOCUMENT)
    (tmp_path / "other.txt").write_text(DOCUMENT.replace("Brun", "Berg"), encoding="utf-8")
    with pytest.raises(LoadError, match=r'other\.txt.* the title "The harbour of Skarn"'):
        load_written(tmp_path)


def test_no_opening_of_a_question_tells_that_it_has_no_answer(tmp_path: Path) -> None:
    more = "".join(f"N2: How old was the {word} brother?\n" for word in ("oldest", "younger", "second", "dead"))
    answered = "Q1: How long did the dredging take?\nA: May\nQ2: Who sails?\nA: Mira Vance\nN3: Who fishes?\n"
    questions = load_written(write(tmp_path, DOCUMENT + answered + more))
    kept = even_out(questions, most=0.5)
    assert [q for q in kept if q.answers] == [q for q in questions if q.answers]
    assert sum(q.text.startswith("How old") for q in kept) == 1, "none of five is answered"
    assert "Who fishes?" in {q.text for q in kept}, "two of three are"


def test_a_passage_of_the_document_keeps_the_answer(tmp_path: Path) -> None:
    ferry = load_written(write(tmp_path, DOCUMENT))[1]
    contexts = set()
    for seed in range(40):
        wider = with_neighbours(ferry, 200, random.Random(seed))
        assert [wider.context[a:b] for a, b in wider.answers] == ["Mira Vance"]
        assert ferry.context in wider.context and len(wider.context) <= 202
        assert not any(text in wider.context for text in other_paragraphs(wider))
        contexts.add(wider.context)
    assert len(contexts) > 2


def test_paragraphs_that_say_the_answer_are_no_negatives(tmp_path: Path) -> None:
    keeper = load_written(write(tmp_path, DOCUMENT.replace("Nobody lives", "In May nobody lives")))[0]
    assert other_paragraphs(keeper) == [keeper.paragraphs[1]]


def test_the_documents_that_ship_are_in_the_format_and_part_by_document(tmp_path: Path) -> None:
    questions = load_written(WRITTEN_FOLDER)
    assert 0.2 < sum(not q.answers for q in questions) / len(questions) < 0.45
    training, held_out = load_all(tmp_path)
    assert training and held_out
    assert not {q.title for q in training} & {q.title for q in held_out}
    for kind in (TABLES, CONVERSATIONS):
        titles = {q.title for q in load_written(WRITTEN_FOLDER / PARTS[kind], kind)}
        assert titles & {q.title for q in training} and titles & {q.title for q in held_out}
    near_misses = {q.title for q in load_written(WRITTEN_FOLDER / PARTS[NEAR_MISSES], NEAR_MISSES)}
    assert near_misses and near_misses <= {q.title for q in training}
