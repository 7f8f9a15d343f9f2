"""Questions in other words: found again by the mark of their paragraph, what is wrong is named, those that ship fit."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from index.errors import LoadError
from qa.train.other_words import OTHER_WORDS_FOLDER, load_other_words, paragraph_key
from qa.train.questions import Question
from qa.train.split import is_held_out, load_all, part_of

FERRY = "The ferry to Skarn was sold in 1977.\nIts buyer, Ole Brun, ran it until 1977 became 1990."


def public(title: str = "") -> Question:
    return Question("covid_qa", title, FERRY, "When was the ferry sold?", ((31, 35),))


def write(folder: Path, text: str) -> Path:
    (folder / "a.txt").write_text(text, encoding="utf-8")
    return folder


ASKED = f"""@{paragraph_key(FERRY)}
Q: who got hold of the boat
A: Ole Brun
N: What did the boat cost him?
Q: Which year did it change hands?
A: 1977
Q: What happened to the boat, and who was it?
A: 1977. Its buyer

@000000000000
Q: What is this about?
A: a paragraph of a file that is not there
"""


def test_questions_find_their_paragraph_and_its_answer(tmp_path: Path) -> None:
    buyer, price, year, lines = load_other_words(write(tmp_path, ASKED), [public()])
    assert [FERRY[a:b] for a, b in buyer.answers] == ["Ole Brun"]
    assert price.answers == () and price.adversarial and price.context == FERRY
    assert len(year.answers) == 1
    assert [FERRY[a:b] for a, b in lines.answers] == ["1977.\nIts buyer"], "the paragraph breaks its lines there"
    assert {q.title for q in load_other_words(tmp_path, [public("Ferries")])} == {"Ferries"}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("A: Ole Brun\n", "A: Ole Brown\n", "the answer 'Ole Brown' does not stand in the paragraph"),
        ("A: Ole Brun\n", "", "a Q needs an answer"),
        ("N: What", "X: What", "not a question or an answer: 'X: What"),
    ],
)
def test_what_is_wrong_is_named_with_its_paragraph(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(LoadError) as caught:
        load_other_words(write(tmp_path, ASKED.replace(old, new)), [public()])
    assert said in str(caught.value) and "a.txt" in str(caught.value) and paragraph_key(FERRY) in str(caught.value)


def test_a_paragraph_is_trained_on_or_held_out_with_all_its_questions(tmp_path: Path) -> None:
    """Real questions of the package over paragraphs that a public file brings, in training and held out alike."""
    paragraphs = [f"Pier {n} of Skarn was built in {1900 + n} by the men of the village." for n in range(60)]
    articles = []
    for n, text in enumerate(paragraphs):
        answer = {"text": str(1900 + n), "answer_start": text.index("19")}
        asked = {"question": "When was it built?", "answers": [answer]}
        articles.append({"title": str(n), "paragraphs": [{"context": text, "qas": [asked]}]})
    with gzip.open(tmp_path / "squad_v1_train_sample.json.gz", "wt", encoding="utf-8") as handle:
        json.dump({"data": articles}, handle)
    folder = tmp_path / "other_words"
    folder.mkdir()
    file = "".join(f"@{paragraph_key(text)}\nQ: Who put it up?\nA: the men of the village\n" for text in paragraphs)
    training, held_out = load_all(tmp_path, other_words=write(folder, file))
    sides = [{q.context for q in side if q.source == "other_words"} for side in (training, held_out)]
    assert all(sides) and not sides[0] & sides[1] and len(sides[0] | sides[1]) == 60
    for question in (q for q in held_out if part_of(q.source) == "public"):
        assert is_held_out(question) and question.context in sides[1]


def test_those_that_ship_are_in_the_format_and_know_one_paragraph_once() -> None:
    assert load_other_words(OTHER_WORDS_FOLDER, []) == []
    keys: list[str] = []
    asked = answered = 0
    for path in OTHER_WORDS_FOLDER.glob("*.txt"):
        lines = path.read_text(encoding="utf-8").splitlines()
        keys += [line for line in lines if line.startswith("@")]
        answered += sum(line.startswith("Q: ") for line in lines)
        asked += sum(line.startswith(("Q: ", "N: ")) for line in lines)
    assert keys and len(set(keys)) == len(keys)
    assert 0.55 < answered / asked < 0.75
