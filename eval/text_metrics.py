"""Metrics that compare the words of an answer with the accepted answers. All return a number from 0 to 1."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Collection, Sequence

SHORT_ANSWER_TOKENS = 10

_ARTICLE = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_MARKER = re.compile(r"\s?\[(\d{1,3})\]")


def without_markers(answer: str, numbers: Collection[int]) -> str:
    """The answer without its own citation markers; a bracketed number that the document itself holds stays.

    Without this an accepted answer of "2" would be found in every text that carries the marker [2].
    """
    return _MARKER.sub(lambda match: "" if int(match[1]) in numbers else match[0], answer)


def normalise_answer(text: str) -> str:
    """Lower case, without ASCII punctuation, without English articles, white space run together.

    Source: Rajpurkar et al. (2016), "SQuAD: 100,000+ Questions for Machine Comprehension of Text", section 6.1, in the
    order of the scorer that was published with it.
    """
    return " ".join(_ARTICLE.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def exact_match(answer: str, accepted: Sequence[str]) -> float:
    """1 if the normalised answer equals a normalised accepted answer, else 0 (Rajpurkar et al. 2016, section 6.1)."""
    given = normalise_answer(answer)
    return float(any(given == normalise_answer(gold) for gold in accepted))


def token_f1(answer: str, accepted: Sequence[str]) -> float:
    """The best F1 of normalised tokens over the accepted answers (Rajpurkar et al. 2016, section 6.1).

    With c the tokens in common (as bags): precision = c / tokens of the answer, recall = c / tokens of the gold answer,
    F1 = 2 · precision · recall / (precision + recall). Where either side has no tokens left: 1 if both have none, else
    0 (Rajpurkar et al. 2018, "Know What You Don't Know").
    """
    return max((_pair_f1(answer, gold) for gold in accepted), default=0.0)


def answer_contained(answer: str, accepted: Sequence[str]) -> float:
    """1 if a normalised accepted answer stands in the normalised answer at word borders, else 0.

    The accuracy of Mallen et al. (2023), "When Not to Trust Language Models", with word borders added, so that "7" is
    not found in "1973". An accepted answer that normalises to nothing is never contained.
    """
    text = f" {normalise_answer(answer)} "
    wanted = [normalise_answer(gold) for gold in accepted]
    return float(any(gold and f" {gold} " in text for gold in wanted))


def answer_recall(answer: str, accepted: Sequence[str]) -> float:
    """The best share of an accepted answer's normalised tokens (as a bag) that stand in the answer.

    The token recall of Adlakha et al. (2024), "Evaluating Correctness and Faithfulness of Instruction-Following Models
    for Question Answering", section 4: for answers longer than the gold one it agrees with people better than F1 does.
    """
    return max((_pair_recall(answer, gold) for gold in accepted), default=0.0)


def short_answers(accepted: Sequence[str]) -> list[str]:
    """The accepted answers that a text can be asked to contain literally: of 1 to 10 normalised tokens.

    A longer one is a sentence of somebody's own making, and a correct answer need not hold it word for word.
    """
    return [gold for gold in accepted if 0 < len(normalise_answer(gold).split()) <= SHORT_ANSWER_TOKENS]


def _common(answer: str, gold: str) -> tuple[int, int, int]:
    given, wanted = normalise_answer(answer).split(), normalise_answer(gold).split()
    return (Counter(given) & Counter(wanted)).total(), len(given), len(wanted)


def _pair_f1(answer: str, gold: str) -> float:
    common, given, wanted = _common(answer, gold)
    if not given or not wanted:
        return float(given == wanted)
    return 2 * common / (given + wanted)


def _pair_recall(answer: str, gold: str) -> float:
    common, _, wanted = _common(answer, gold)
    return common / wanted if wanted else 0.0
