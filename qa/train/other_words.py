"""Questions in other words about paragraphs of the public files: `qa/train/other_words/*.txt`, format in its README."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from index.errors import LoadError
from qa.train.questions import OTHER_WORDS, TITLED, Question
from qa.train.written import occurrence

OTHER_WORDS_FOLDER = Path(__file__).parent / OTHER_WORDS

_PARAGRAPH = re.compile(r"^@(\w+) *$", re.M)
_ASKED = re.compile(r"(?P<kind>[QN]): (?P<text>.+?)(?:\nA: (?P<answer>.+))?$", re.M)


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
        title = question.title if question.source in TITLED else ""
        paragraphs.setdefault(paragraph_key(question.context), (title, question.context))
    return [question for path in sorted(folder.glob("*.txt")) for question in _read(path, paragraphs)]


def _read(path: Path, paragraphs: dict[str, tuple[str, str]]) -> Iterator[Question]:
    key = ""

    def wrong(what: str) -> LoadError:
        return LoadError(f"of @{key}: {what}. Mend it after qa/train/other_words/README.md.", str(path))

    _, *parts = _PARAGRAPH.split(path.read_text(encoding="utf-8"))
    for key, body in zip(parts[::2], parts[1::2], strict=True):
        lines = "\n".join(line.strip() for line in body.splitlines() if line.strip())
        if rest := _ASKED.sub("", lines).strip():
            raise wrong(f"not a question or an answer: {rest.splitlines()[0]!r}")
        title, context = paragraphs.get(key, ("", ""))
        for match in _ASKED.finditer(lines):
            answer = match["answer"]
            if (match["kind"] == "Q") != bool(answer):
                raise wrong(f"a Q needs an answer and an N must not have one: {match[0]!r}")
            if not context:
                continue
            span = _place(context, answer, match["text"]) if answer else None
            if answer and span is None:
                raise wrong(f"the answer {answer!r} does not stand in the paragraph")
            yield Question(OTHER_WORDS, title, context, match["text"], (span,) if span else (), span is None)


def _place(context: str, answer: str, question: str) -> tuple[int, int] | None:
    # A line of the file has blanks where the paragraph may break its lines.
    found = re.search(r"\s+".join(map(re.escape, answer.split())), context)
    if found is None:
        return None
    start = occurrence(context, found.group(), question)
    return start, start + len(found.group())
