"""Checks a gold file against its documents, and finds evidence again that moved because a document was edited."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rapidfuzz import fuzz

from eval.answers import write_lines
from eval.ask import texts_of
from eval.gold import Question, find_quote, load_questions
from eval.run import Job, index_corpus
from eval.text_metrics import answer_contained, normalise_answer, short_answers
from qa import Progress, build_chain, normalise, sentence_spans

# Per cent of the quote's characters that the passage found must share with it, by edit distance.
CERTAIN = 90.0
LIKELY = 70.0
# A certain match must also be better than the next best place by this much, or it could as well be that one.
LEAD = 10.0


@dataclass(frozen=True, slots=True)
class Moved:
    """Evidence that is no longer in its documents verbatim, and the text that it seems to have become ("" if none)."""

    question: str
    quote: str
    found: str
    similarity: float
    certain: bool


@dataclass(frozen=True, slots=True)
class Findings:
    """What is wrong with a gold file: `problems` one line each; errors make it unusable, warnings do not."""

    questions: int
    problems: tuple[str, ...]
    errors: int
    warnings: int
    moved: tuple[Moved, ...]


def check_gold(job: Job, progress: Progress | None = None) -> Findings:
    """Index the corpus as a run does and check every question against it.

    Raises:
        EvaluationError: the gold file cannot be read at all.
        DocqaError: the corpus cannot be indexed.
    """
    questions = load_questions(job.gold_file)
    config, _ = index_corpus(job.config, progress)
    chain = build_chain(config)
    try:
        return check_questions(questions, texts_of(chain.corpus))
    finally:
        chain.corpus.close()


def check_questions(questions: Sequence[Question], texts: Callable[[str], Sequence[str]]) -> Findings:
    """Check questions against the documents' texts, by their names in the gold file."""
    errors: list[str] = []
    warnings: list[str] = []
    moved: list[Moved] = []
    seen: dict[str, str] = {}
    for question in questions:
        where = f"question {question.id}"
        asked = " ".join([*(message.text for message in question.history), question.question])
        if (first := seen.setdefault(normalise_answer(asked), question.id)) != question.id:
            warnings.append(f"warning: {where}: asks the same as {first}")
        for doc_id in question.doc_ids:
            held = len(texts(doc_id))
            if not held:
                errors.append(f"error: {where}: there is no document {doc_id}")
            elif held > 1:
                warnings.append(f"warning: {where}: {held} documents are called {doc_id}; evidence counts in each")
        for quote in question.evidence:
            if not find_quote(quote, question.doc_ids, texts).spans:
                moved.append(find_again(question, quote, texts))
                errors.append(f"error: {where}: {_told(moved[-1])}")
        errors += [f"error: {where}: {problem}" for problem in _contradictions(question)]
        warnings += [f"warning: {where}: {problem}" for problem in _doubts(question)]
    return Findings(len(questions), (*errors, *warnings), len(errors), len(warnings), tuple(moved))


def find_again(question: Question, quote: str, texts: Callable[[str], Sequence[str]]) -> Moved:
    """Look for the sentences of a question's documents that a quote has become.

    Runs of as many sentences as the quote has, one fewer and one more, are compared with it by normalised edit distance
    (Levenshtein's, insertions and deletions only). The match is certain if at least 90 % is the same and no other place
    comes within ten points of it.
    """
    wanted = normalise(quote)
    length = max(1, len(sentence_spans(wanted)))
    found: list[tuple[float, str, tuple[str, int, int]]] = []
    for doc_id in question.doc_ids:
        for text in texts(doc_id):
            spans = sentence_spans(text)
            for count in {max(1, length - 1), length, length + 1}:
                for first in range(len(spans) - count + 1):
                    start, end = spans[first][0], spans[first + count - 1][1]
                    similarity = fuzz.ratio(wanted, text[start:end], score_cutoff=LIKELY)
                    if similarity:
                        found.append((similarity, text[start:end], (doc_id, start, end)))
    if not found:
        return Moved(question.id, quote, "", 0.0, False)
    best = max(found)
    rivals = [
        item[0] for item in found if item[2][0] != best[2][0] or item[2][1] >= best[2][2] or item[2][2] <= best[2][1]
    ]
    certain = best[0] >= CERTAIN and best[0] - max(rivals, default=0.0) >= LEAD
    return Moved(question.id, quote, best[1], best[0], certain and _still_answers(question, quote, best[1]))


def repair_gold(path: Path, findings: Findings) -> int:
    """Replace evidence that was found again with certainty, and return how many quotes that were."""
    certain = {(item.question, item.quote): item.found for item in findings.moved if item.certain}
    if not certain:
        return 0
    questions = [
        replace(question, evidence=tuple(certain.get((question.id, quote), quote) for quote in question.evidence))
        for question in load_questions(path)
    ]
    temporary = path.with_name(path.name + ".new")
    write_lines(temporary, (question.to_json() for question in questions))
    temporary.replace(path)
    return len(certain)


def _still_answers(question: Question, quote: str, found: str) -> bool:
    """False if an accepted answer stood in the quote and none stands in what it became: the fact itself was edited."""
    return not answer_contained(quote, question.answers) or bool(answer_contained(found, question.answers))


def _told(moved: Moved) -> str:
    shown = json.dumps(moved.quote[:80], ensure_ascii=False)
    if not moved.found:
        return f"the evidence {shown} is not in its documents and nothing like it is"
    became = "has become" if moved.certain else "may have become (decide)"
    found = json.dumps(moved.found, ensure_ascii=False)
    return f"the evidence {shown} {became}, {moved.similarity:.0f} % the same: {found}"


def _contradictions(question: Question) -> list[str]:
    if not question.answerable:
        return ["is not answerable but has evidence"] if question.evidence else []
    problems = []
    if not question.question.strip():
        problems.append("the question is empty")
    if not (question.answers or question.evidence or question.doc_ids):
        problems.append("is answerable but has neither answers nor evidence nor doc_ids to judge it by")
    if question.evidence and not question.doc_ids:
        problems.append("has evidence but no doc_ids")
    return problems


def _doubts(question: Question) -> list[str]:
    problems = []
    short = short_answers(question.answers)
    if question.answerable and question.evidence and short and not answer_contained(" ".join(question.evidence), short):
        problems.append(f"no accepted answer stands in its evidence ({', '.join(short[:3])})")
    if len(set(question.evidence)) < len(question.evidence):
        problems.append("the same evidence stands there twice")
    if question.history and question.history[-1].role == "user":
        problems.append("its history ends with the user, who then asks twice in a row")
    return problems
