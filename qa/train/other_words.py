"""Questions in other words about paragraphs of the public files: `qa/train/other_words/*.txt`, format in its README."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from index.errors import LoadError
from qa.train.question_lines import occurrence, question_lines
from qa.train.questions import OTHER_WORDS, Question

OTHER_WORDS_FOLDER = Path(__file__).parent / OTHER_WORDS

_PARAGRAPH = re.compile(r"^@(\w+) *$", re.M)


def paragraph_key(context: str) -> str:
    """The mark of a paragraph: the first twelve hexadecimal digits of its sha256 in UTF-8."""
    return hashlib.sha256(context.encode()).hexdigest()[:12]


def load_other_words(folder: Path, public: Iterable[Question]) -> list[Question]:
    """The questions of every file in the folder whose paragraph is one of those that the public questions are about.

    Raises:
        LoadError: when a file is not in the format, or an answer does not stand in its paragraph.
    """
    paragraphs: dict[str, tuple[str, str]] = {}
    for question in public:
        paragraphs.setdefault(paragraph_key(question.context), (question.title, question.context))
    return [question for path in sorted(folder.glob("*.txt")) for question in _read(path, paragraphs)]


def _read(path: Path, paragraphs: dict[str, tuple[str, str]]) -> Iterator[Question]:
    key = ""

    def wrong(what: str) -> LoadError:
        return LoadError(f"of @{key}: {what}. Mend it after qa/train/other_words/README.md.", str(path))

    _, *parts = _PARAGRAPH.split(path.read_text(encoding="utf-8"))
    for key, body in zip(parts[::2], parts[1::2], strict=True):
        title, context = paragraphs.get(key, ("", ""))
        for _, text, answer in question_lines(body, "[QN]", wrong):
            if not context:
                continue
            span = _place(context, answer, text) if answer else None
            if answer and span is None:
                raise wrong(f"the answer {answer!r} does not stand in the paragraph")
            yield Question(OTHER_WORDS, title, context, text, (span,) if span else (), span is None)


def _place(context: str, answer: str, question: str) -> tuple[int, int] | None:
    # A line of the file has blanks where the paragraph may break its lines.
    found = re.search(r"\s+".join(map(re.escape, answer.split())), context)
    if found is None:
        return None
    start = occurrence(context, found.group(), question)
    return start, start + len(found.group())
