"""Questions in other words, from a WordNet database of a few words and the real embedding model."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from index.embed import load_embedder
from index.settings import EmbedSettings
from qa.train.synonyms import Rewording, Synonyms

# Part of speech, words of one sense, and how often each is tagged: that of wndb(5WN).
SENSES = (
    ("verb", "start", ("start", "begin", "commence"), (40, 60, 1)),
    ("verb", "purchase", ("buy", "purchase"), (50, 9)),
    ("verb", "break", ("break", "smash"), (30, 5)),
    ("noun", "movie", ("film", "movie", "picture_show"), (30, 12, 4)),
    ("noun", "race", ("race", "rush"), (20, 8)),
)
PARTS = {"noun": ("n", "1"), "verb": ("v", "2"), "adj": ("a", "3"), "adv": ("r", "4")}
EXCEPTIONS = {"verb": "began begin\nbegun begin\nbought buy\nbroke break\nbroken break\n"}
VOCABULARY = (
    "start starts started begin begins buy bought buying purchase purchased purchasing film films movie movies smash "
    "smashed break broke broken race rush"
).split()


@pytest.fixture(scope="module")
def wordnet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wordnet")
    counts = []
    for part, (letter, number) in PARTS.items():
        data, index = "  1 a licence\n", ["  1 a licence"]
        for own, _, words, tagged in SENSES:
            if own != part:
                continue
            offset = len(data)
            data += f"{offset:08d} 30 {letter} {len(words):02x} {' '.join(f'{w} 0' for w in words)} 000 | a gloss\n"
            index += [f"{w} {letter} 1 0 1 1 {offset:08d}" for w in words]
            counts += [f"{w}%{number}:30:00:: 1 {n}" for w, n in zip(words, tagged, strict=True)]
        (folder / f"data.{part}").write_text(data)
        (folder / f"index.{part}").write_text("\n".join(index) + "\n")
        (folder / f"{part}.exc").write_text(EXCEPTIONS.get(part, ""))
    (folder / "cntlist.rev").write_text("\n".join(counts) + "\n")
    return folder


def test_a_substitute_has_the_inflection_of_the_word(wordnet: Path) -> None:
    synonyms = Synonyms(wordnet, set(VOCABULARY))
    assert synonyms.of("films") == ("movies",)
    assert synonyms.of("begins") == ("starts",)
    assert synonyms.of("began") == ("started",)
    assert synonyms.of("purchased") == ("bought",)
    assert synonyms.of("purchasing") == ("buying",)


def test_words_in_doubt_have_no_substitute(wordnet: Path) -> None:
    synonyms = Synonyms(wordnet, set(VOCABULARY))
    assert synonyms.of("smashed") == ()  # broke, or broken
    assert "commence" not in synonyms.of("start")  # rare
    assert "picture_show" not in synonyms.of("film")
    assert synonyms.of("pier") == ()


def test_a_question_is_reworded_where_it_goes_on_meaning_the_same(wordnet: Path, tmp_path: Path) -> None:
    reword = Rewording(Synonyms(wordnet, set(VOCABULARY)), load_embedder(EmbedSettings(), tmp_path))
    asked = {reword("When was the film bought?", random.Random(seed)) for seed in range(20)}
    assert asked == {"When was the movie bought?", "When was the film purchased?", "When was the movie purchased?"}
    race = "What does the word race mean?"
    assert reword(race, random.Random(1)) == race  # "rush" would be another question
    assert reword("Who sold the pier?", random.Random(1)) == "Who sold the pier?"


def test_a_folder_without_the_database_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"data\.noun"):
        Synonyms(tmp_path, set())
