"""Documents with questions, written for training and calibration: `qa/train/written/*.txt`, format in its README."""

from __future__ import annotations

import re
from pathlib import Path

from index.errors import LoadError
from index.sentences import sentence_range
from qa.history import condense
from qa.train.questions import WRITTEN, Question
from qa.types import Turn
from qa.words import words

WRITTEN_FOLDER = Path(__file__).parent / WRITTEN
NEAR_MISSES_FOLDER = "near_misses"
TABLES_FOLDER = "tables"
CONVERSATIONS_FOLDER = "conversations"

_DOCUMENT = re.compile(r"^# (.+)$", re.M)
_QUESTIONS = re.compile(r"^## Questions *$", re.M)
_ASKED = re.compile(r"(?P<kind>[QNF])(?P<place>\d+): (?P<text>.+?)(?:\nA: (?P<answer>.+))?$", re.M)


def load_written(folder: Path = WRITTEN_FOLDER, source: str = WRITTEN) -> list[Question]:
    """The questions of every file in the folder, marked as of this source; a follow-up as the chain would ask it.

    Raises:
        LoadError: when a file is not in the format, an answer does not stand in its paragraph, or two documents have
            one title: they would be taken for one.
    """
    questions: list[Question] = []
    documents: dict[str, tuple[str, ...]] = {}
    for path in sorted(folder.glob("*.txt")):
        for question in _read(path, source):
            if documents.setdefault(question.title, question.paragraphs) != question.paragraphs:
                raise LoadError(f'another document has the title "{question.title}", too. Change one.', str(path))
            questions.append(question)
    return questions


def _read(path: Path, source: str) -> list[Question]:
    title = ""

    def wrong(what: str) -> LoadError:
        return LoadError(f'in "{title}": {what}. Mend it after qa/train/written/README.md.', str(path))

    questions = []
    _, *parts = _DOCUMENT.split(path.read_text(encoding="utf-8"))
    for title, body in zip(parts[::2], parts[1::2], strict=True):
        text, *asked = _QUESTIONS.split(body)
        if len(asked) != 1:
            raise wrong("it needs one line '## Questions'")
        paragraphs = tuple(p.strip() for p in re.split(r"\n\s*\n", text) if p.strip())
        lines = "\n".join(line.strip() for line in asked[0].splitlines() if line.strip())
        if rest := _ASKED.sub("", lines).strip():
            raise wrong(f"not a question or an answer: {rest.splitlines()[0]!r}")
        conversation: list[Turn] = []
        for match in _ASKED.finditer(lines):
            place, answer = int(match["place"]) - 1, match["answer"]
            if not 0 <= place < len(paragraphs):
                raise wrong(f"there is no paragraph for {match[0]!r}")
            if match["kind"] != "F":
                conversation = []
                if (match["kind"] == "Q") != bool(answer):
                    raise wrong(f"a Q needs an answer and an N must not have one: {match[0]!r}")
            elif not conversation:
                raise wrong(f"a follow-up needs a question before it: {match[0]!r}")
            context = paragraphs[place]
            if answer and answer not in context:
                raise wrong(f"the answer {answer!r} does not stand in paragraph {place + 1}")
            start = occurrence(context, answer, match["text"]) if answer else 0
            spans = ((start, start + len(answer)),) if answer else ()
            asked_as = condense(match["text"], conversation).question
            questions.append(Question(source, title.strip(), context, asked_as, spans, not spans, paragraphs))
            conversation.append(Turn("user", match["text"]))
            if spans:
                conversation.append(Turn("assistant", context[slice(*sentence_range(context, *spans[0]))]))
    return questions


def occurrence(context: str, answer: str, question: str) -> int:
    """Where the answer stands: of several places the one whose sentence shares most words with the question."""
    places = [m.start() for m in re.finditer(rf"(?<!\w){re.escape(answer)}(?!\w)", context)] or [context.index(answer)]
    asked = set(words(question))

    def shared(place: int) -> int:
        return len(asked & set(words(context[slice(*sentence_range(context, place, place + 1))])))

    return max(places, key=shared)
