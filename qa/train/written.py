"""Documents with questions, written for training and calibration: `qa/train/written/*.txt`, format in its README."""

from __future__ import annotations

import re
from pathlib import Path

from index.errors import LoadError
from index.sentences import sentence_range
from qa.history import condense
from qa.train.question_lines import occurrence, question_lines
from qa.train.questions import CONVERSATIONS, NEAR_MISSES, TABLES, WRITTEN, Question
from qa.types import Turn

WRITTEN_FOLDER = Path(__file__).parent / WRITTEN
# Where in it the documents of each source are.
PARTS = {WRITTEN: "", NEAR_MISSES: "near_misses", TABLES: "tables", CONVERSATIONS: "conversations"}

_DOCUMENT = re.compile(r"^# (.+)$", re.M)
_QUESTIONS = re.compile(r"^## Questions *$", re.M)


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
        conversation: list[Turn] = []
        for mark, typed, answer in question_lines(asked[0], r"[QNF]\d+", wrong):
            place = int(mark[1:]) - 1
            if not 0 <= place < len(paragraphs):
                raise wrong(f"there is no paragraph for '{mark}: {typed}'")
            if mark[0] != "F":
                conversation = []
            elif not conversation:
                raise wrong(f"a follow-up needs a question before it: '{mark}: {typed}'")
            context = paragraphs[place]
            if answer and answer not in context:
                raise wrong(f"the answer {answer!r} does not stand in paragraph {place + 1}")
            start = occurrence(context, answer, typed) if answer else 0
            spans = ((start, start + len(answer)),) if answer else ()
            standalone = condense(typed, conversation).question
            questions.append(Question(source, title.strip(), context, standalone, spans, not spans, paragraphs))
            conversation.append(Turn("user", typed))
            if spans:
                conversation.append(Turn("assistant", context[slice(*sentence_range(context, *spans[0]))]))
    return questions
