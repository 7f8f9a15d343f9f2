"""Questions and their answers, a line each: what the files of `qa.train.written` and `qa.train.other_words` share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from index.errors import LoadError
from index.sentences import sentence_range
from qa.words import words


def question_lines(text: str, mark: str, wrong: Callable[[str], LoadError]) -> Iterator[tuple[str, str, str | None]]:
    """The mark, the question and the answer, if there is one, of every question in the text.

    `mark` is a pattern of what stands before the colon. It begins with Q where there is an answer, with N where there
    is none, with another letter where there may be one. `wrong` makes the error to raise of what is wrong.

    Raises:
        LoadError: when a line is neither a question nor an answer, or an answer is missing or one too many.
    """
    asked = re.compile(rf"({mark}): (.+?)(?:\nA: (.+))?$", re.M)
    lines = "\n".join(line.strip() for line in text.splitlines() if line.strip())
    if rest := asked.sub("", lines).strip():
        raise wrong(f"not a question or an answer: {rest.splitlines()[0]!r}")
    for match in asked.finditer(lines):
        kind, answer = match[1][0], match[3]
        if kind in "QN" and (kind == "Q") != bool(answer):
            raise wrong(f"a Q needs an answer and an N must not have one: {match[0]!r}")
        yield match[1], match[2], answer


def occurrence(context: str, answer: str, question: str) -> int:
    """Where the answer stands: of several places the one whose sentence shares most words with the question."""
    places = [m.start() for m in re.finditer(rf"(?<!\w){re.escape(answer)}(?!\w)", context)] or [context.index(answer)]
    asked = set(words(question))

    def shared(place: int) -> int:
        return len(asked & set(words(context[slice(*sentence_range(context, place, place + 1))])))

    return max(places, key=shared)
