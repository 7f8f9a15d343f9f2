"""The trained reader: sentences from spans, sources that agree or contradict, and the network that ships."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from index.errors import ModelError
from index.types import Chunk
from qa.cross_encoder import ANSWER_FEATURES, Candidate, CrossEncoder, answer_features, candidates, select_sentences
from qa.pairs import MAX_QUESTION_TOKENS, MAX_TOKENS, WINDOW_OVERLAP
from qa.spans import MODEL_FILE, PassageReading, SpanNetwork, best_span, model_folder, tidy_span
from qa.types import Hit

TEXT = "The pier is old. It was built in 1964. Ole Brun drew it. Gulls nest there."
# One token a word, with its code point range.
OFFSETS = [(i, i + len(w)) for w in TEXT.split() for i in [TEXT.index(w)]]


def hit(text: str = TEXT, start: int = 100, doc_id: int = 1, title: str = "Pier", heading: str = "") -> Hit:
    chunk = Chunk(doc_id, doc_id, start, start + len(text), text, 20, heading)
    return Hit(chunk, f"{doc_id}.txt", title, None, 0.03, cosine=0.5)


SENTENCES = [(0, 16), (17, 38), (39, 56), (57, 74)]


def tokens(part: str) -> list[int]:
    begin = TEXT.index(part)
    return [i for i, (a, b) in enumerate(OFFSETS) if a < begin + len(part) and b > begin]


def reading(spans: dict[str, float], likely: dict[int, float] | None = None, null: float = 0.0) -> PassageReading:
    """A reading in which these spans have these logits and sentence number n the evidence logit likely[n]."""
    start, end = np.full(len(OFFSETS), -20, np.float32), np.full(len(OFFSETS), -20, np.float32)
    for words, logit in spans.items():
        inside = tokens(words)
        start[inside[0]] = end[inside[-1]] = logit / 2
    evidence = [
        (likely or {}).get(next(n for n, (s, e) in enumerate(SENTENCES) if s <= a < e), -9.0) for a, _ in OFFSETS
    ]
    return PassageReading(OFFSETS, start, end, np.array(evidence, np.float32), null, 2.0)


def candidate(found: PassageReading, sentence: int) -> Candidate:
    return Candidate(0, found.sentences(SENTENCES), sentence, (1, 100 + SENTENCES[sentence][0]), {})


def quotes(kind: str, found: PassageReading, sentence: int = 1) -> list[str]:
    rows = select_sentences(candidate(found, sentence), hit(), kind, 0.9)  # type: ignore[arg-type]
    return [TEXT[e.start - 100 : e.end - 100] for e in rows]


def test_a_name_or_date_gets_the_sentence_that_says_it() -> None:
    assert quotes("time", reading({"1964.": 9.0}, {0: 5, 1: 5, 2: 5, 3: 5})) == ["It was built in 1964."]


def test_a_description_also_gets_the_neighbours_that_are_evidence() -> None:
    found = reading({"1964.": 9.0}, {0: -5, 1: 5, 2: 5, 3: -5})
    assert quotes("description", found) == ["It was built in 1964.", "Ole Brun drew it."]


def test_a_sentence_behind_one_that_is_no_evidence_is_not_reached() -> None:
    found = reading({"1964.": 9.0}, {0: -5, 1: 5, 2: -5, 3: 5})
    assert quotes("description", found) == ["It was built in 1964."]


def test_a_span_over_a_border_takes_both_sentences() -> None:
    across = reading({"1964. Ole Brun": 9.0})
    assert quotes("other", across) == ["It was built in 1964.", "Ole Brun drew it."]
    rows = select_sentences(candidate(across, 1), hit(), "other", 0.9)
    spans = [TEXT[e.span[0] - 100 : e.span[1] - 100] for e in rows if e.span]
    assert spans == ["1964", "Ole Brun"]


def test_the_span_is_given_as_offsets_of_the_document() -> None:
    (row,) = select_sentences(candidate(reading({"1964.": 9.0}), 1), hit(), "time", 0.9)
    assert row.span == (100 + TEXT.index("1964"), 100 + TEXT.index("1964") + 4)


def test_every_sentence_has_its_own_best_span() -> None:
    found = reading({"1964.": 9.0, "Ole Brun": 7.0}, {1: 0.0, 2: 100.0}, null=4.0)
    _, built, drew, _ = found.sentences(SENTENCES)
    assert [TEXT[slice(*s.span)] for s in (built, drew)] == ["1964.", "Ole Brun"]
    assert [s.logit for s in (built, drew)] == [9.0, 7.0]
    assert [s.evidence for s in (built, drew)] == pytest.approx([0.5, 1.0])
    (span, lead) = found.best()
    assert (TEXT[slice(*span)], lead) == ("1964.", 5.0)


def test_a_sentences_probability_is_its_share_of_all_spans_and_no_answer() -> None:
    # Logits of 2 log 3 / 2 log 2 apart from the null's 0 weigh 9 and 4 against 1; the crossed span between them
    # begins in the first and weighs 3 * 2.
    found = reading({"1964.": 2 * np.log(3), "Ole Brun": 2 * np.log(2)})
    _, built, drew, _ = found.sentences(SENTENCES)
    assert np.exp([built.log_probability, drew.log_probability]) == pytest.approx([15 / 20, 4 / 20], abs=1e-4)


def test_a_sentence_past_the_window_is_no_candidate() -> None:
    found = reading({"1964.": 9.0})
    assert [s.sentence for s in found.sentences([*SENTENCES, (75, 90)])] == SENTENCES


def test_the_lead_is_that_over_another_place() -> None:
    own = dict.fromkeys(ANSWER_FEATURES, 0.0)
    sentences = reading({"1964.": 9.0}).sentences(SENTENCES)
    best, again, other = (Candidate(h, sentences, n, (1, n), own) for h, n in ((0, 1), (1, 1), (1, 2)))
    # Even odds against one to four: the same sentence in an overlapping passage is no rival.
    assert answer_features([best, again, other], [0.5, 0.5, 0.2])["lead"] == pytest.approx(np.log(4))
    # A sentence without any rival leads as over a weak one, no more.
    assert answer_features([best], [0.5])["lead"] == answer_features([best, other], [0.5, 0.0])["lead"] < 5


def test_the_best_span_in_closed_form() -> None:
    start, end = np.array([0, 3, 1], np.float32), np.array([5, 0, 2], np.float32)
    # 5 + 3 would be the largest sum, but an answer cannot end before it starts: 3 + 2 from 1 to 2, 0 + 5 at 0.
    assert best_span(start, end) in {(0, 0, 5.0), (1, 2, 5.0)}
    end[2] = 2.5
    assert best_span(start, end) == (1, 2, 5.5)


def test_an_answer_is_never_longer_than_the_limit() -> None:
    start, end = np.zeros(100, np.float32), np.zeros(100, np.float32)
    start[0] = end[99] = 9
    a, b, _ = best_span(start, end)
    assert b - a < 30


@pytest.mark.parametrize(
    ("text", "chosen", "tidy"),
    [
        ("by the Islamic State (ISIS) in Syria", "the Islamic State (ISIS", "the Islamic State (ISIS)"),
        ("by the Islamic State (ISIS or IS) then", "the Islamic State (ISIS", "the Islamic State"),
        ("the pier (1964) burnt", "1964)", "(1964)"),
        ("the pier, 1964) burnt", "pier, 1964) burnt", "pier, 1964"),
        ("b) the breakwater", "b) the breakwater", "the breakwater"),
        ("the song “Hello.” It ends", "the song “Hello", "the song “Hello.”"),
        ("the Islamic State, (ISIS and others)", "the Islamic State, (ISIS", "the Islamic State"),
        ("It costs £5. Then", "£5.", "£5"),
        ("he said “never again” twice", "“never again", "“never again”"),
        ("he said “never again, ever” twice", "“never", "never"),
        ("by Ole , of Skarn", ", of Skarn", "of Skarn"),
        ("It was built by Ole Brun.", "Ole Brun.", "Ole Brun"),
        ("It moved to Washington D.C. in May.", "Washington D.C.", "Washington D.C."),
        ("It fell (twice).", "It fell (twice)", "It fell (twice)"),
    ],
)
def test_a_span_has_both_brackets_of_a_pair_or_none(text: str, chosen: str, tidy: str) -> None:
    start = text.index(chosen)
    assert text[slice(*tidy_span(text, start, start + len(chosen)))] == tidy


def test_a_span_of_marks_alone_is_left_empty() -> None:
    start, end = tidy_span("Stop. ; Go", 4, 7)
    assert start == end


@pytest.fixture(scope="module")
def network() -> SpanNetwork:
    return SpanNetwork(model_folder())


def test_the_network_finds_the_span_and_prefers_the_passage_that_answers(network: SpanNetwork) -> None:
    other = "Gulls nest on the roofs of the harbour all summer long."
    right, wrong = network.read("When was the pier built?", [("Pier", TEXT), ("Gulls", other)])
    (span, margin), (_, other_margin) = right.best(), wrong.best()
    assert "1964" in TEXT[slice(*span)]
    assert right.score + margin > wrong.score + other_margin


def test_a_reading_does_not_depend_on_the_passages_beside_it(network: SpanNetwork) -> None:
    alone = network.read("When was the pier built?", [("", TEXT)])[0]
    beside = network.read("When was the pier built?", [("", "Gulls nest. " * 40), ("", TEXT)])[1]
    assert (alone.best(), alone.score) == (beside.best(), beside.score)


GULLS = " ".join(f"Gull number {n} nests on the roofs of the harbour all summer long." for n in range(60))


@pytest.mark.parametrize("extra", [-1, 0, 1, 200, 1000])
def test_windows_hold_the_whole_passage_and_one_that_fits_is_one(network: SpanNetwork, extra: int) -> None:
    question, title = "When was the pier built? " * 40, "A title " * 40
    length = network.pairs.room(question, title) + extra
    passage = " ".join(["boat"] * length)
    windows = network.pairs.windows(question, title, passage)
    assert all(len(window.ids) <= MAX_TOKENS for window in windows)
    assert windows[0] == network.pairs.assemble(question, title, *network.pairs.tokens(passage))
    assert (len(windows) == 1) == (extra <= 0)
    together = windows[0].offsets
    for window in windows[1:]:
        assert window.offsets[:WINDOW_OVERLAP] == together[-WINDOW_OVERLAP:]
        together = together + window.offsets[WINDOW_OVERLAP:]
    assert together == network.pairs.tokens(passage)[1]
    (found,) = network.read(question, [(title, passage)])
    assert found.offsets == together
    assert len(found.start) == len(found.end) == len(found.evidence) == length


@pytest.mark.parametrize("before", range(0, 61, 6))
def test_an_answer_is_found_wherever_it_stands_in_a_long_passage(network: SpanNetwork, before: int) -> None:
    sentences = GULLS.split(". ")
    text = ". ".join([*sentences[:before], TEXT.rstrip("."), *sentences[before:]])
    (found,) = network.read("When was the pier built?", [("", text)])
    span, margin = found.best()
    assert "1964" in text[slice(*span)] and margin > 0


def test_the_reader_quotes_the_end_of_a_long_passage() -> None:
    text = f"{GULLS} {TEXT}"
    found = CrossEncoder(passages=8).read("When was the pier built?", [hit("Gulls eat fish.", doc_id=2), hit(text)])
    assert [text[e.start - 100 : e.end - 100] for e in found.evidence] == ["It was built in 1964."]
    assert found.confidence > 0.5


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("Skarn was one of the hardest hit towns when the storm wounded people on the coast.", False),
        ("The storm wounded people in Skarn, one of its oldest towns.", False),
        ("The storm wounded one of the people in Skarn.", True),
        ("The storm wounded two people in Skarn, one of the oldest towns.", True),
    ],
)
def test_one_of_the_best_is_no_number(text: str, counts: bool) -> None:
    network = SpanNetwork(model_folder())
    found = candidates("How many people did the storm wound?", [hit(text)], network)
    spans = [text[slice(*c.reading.span)] for c in found]
    assert all("one of the hardest" not in span and "one of its" not in span for span in spans) or counts
    assert bool(spans) or not counts
    assert candidates("Which towns did the storm hit?", [hit(text)], network), "only numbers are asked for so strictly"


def test_the_reader_ranks_passages_and_is_sure_of_the_right_one() -> None:
    reader = CrossEncoder(passages=8)
    gulls = hit("Gulls nest on the roofs of the harbour all summer long.", doc_id=2, title="Gulls")
    found = reader.read("When was the pier built?", [gulls, hit(), hit("…", doc_id=3)])
    assert found.scores[2] is None and (found.scores[1] or 0) > (found.scores[0] or 0)
    assert [e.hit for e in found.evidence] == [1]
    nothing = reader.read("Who won the chess game in Oslo?", [gulls, hit()])
    assert nothing.confidence < found.confidence
    assert reader.read("When?", []).confidence == 0.0


def test_a_model_file_that_is_not_the_calibrated_one_is_refused(tmp_path: Path) -> None:
    for source in model_folder().iterdir():
        (tmp_path / source.name).write_bytes(source.read_bytes())
    with pytest.raises(ModelError, match="install docqa again"):
        SpanNetwork(tmp_path, digest="0" * 64)
    (tmp_path / MODEL_FILE).write_bytes(b"not a model")
    with pytest.raises(ModelError, match="cannot be loaded"):
        SpanNetwork(tmp_path)


def test_of_a_long_question_beginning_and_end_are_kept(network: SpanNetwork) -> None:
    asked = "When does the last ferry leave?"
    long = "We come with three children and a dog. " * 20 + asked
    pair = network.pairs.windows(long, "", "At ten.")[0]
    own, first, last = (network.pairs.tokens(text)[0] for text in (long, "We come with three", asked))
    assert pair.passage[0] == 1 + MAX_QUESTION_TOKENS + 1
    assert pair.ids[1 : 1 + len(first)] == first and pair.ids[: pair.passage[0] - 1][-len(last) :] == last
    assert len(own) > MAX_QUESTION_TOKENS
