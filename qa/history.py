"""A follow-up question made to stand alone, by rules: no model, English."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from qa.types import Turn
from qa.words import STOP_WORDS, content_stems, words

# How far back a conversation is read. A subject older than that is rarely what "it" means.
MAX_TURNS = 12
# How much of the answer before is searched for along with a question that goes on from it, in characters.
LONGEST_CONTEXT = 300

_MARKER = re.compile(r"\s*\[\d+\]")
_PERSON = re.compile(r"\b(he|him|his|she|her|hers)\b", re.I)
_THING = re.compile(
    r"\b(it|its|they|them|their|theirs|there|(?:this|that|these|those|the same|such an?)"
    r"(?= (?:\w+ ?){1,2}[?.,]|\?|$)|this|these|those|"
    r"(?<=about )that|(?<=of )that|(?<=after )that|(?<=was )that|(?<=did )that)\b",
    re.I,
)  # fmt: skip
_POSSESSIVE = {"his", "her", "hers", "its", "their", "theirs"}
# "her" after a verb or at the end is an object, before a noun a possessive.
_OBJECT_HER = re.compile(
    r"\bher\b(?=\s*(?:[?.,!]|$|(?:in|at|on|to|for|with|after|before|and|as|from|by|about)\b))", re.I
)
_EMPTY_IT = re.compile(
    r"\bit (?:is |was |be )?(?:possible|necessary|true|likely|rain)\b|\bit (?:take|cost)\b(?=.* to\b)|"
    r"\bit mean\b(?= (?:that|to|if|when)\b)|\bit be\b(?=.* to\b)|"
    r"\bis it (?:true|possible)\b|\b(?:is|are|was|were) there\b|\bthere (?:is|are|was|were|any|be)\b",
    re.I,
)
_CONTINUES = re.compile(
    r"^\s*(?:and|but|so|or|also|then|what about|how about|what else|who else|where else|anything else|"
    r"why(?: not| so|(?: is| was|['’]s) (?:that|this|it))?\s*\?|even\b|how so|how come\s*\?|when\s*\?|where\s*\?|"
    r"who\s*\?|how\s*\?|which one|tell me more|more details?|go on|any others?)(?![\w-])",
    re.I,
)
# The same question for another year or thing; what follows "why?" and its like goes on from the last one instead.
_ALTERNATIVE = re.compile(r"^\s*(?:and|but|or|also|what about|how about)\b(?! (?:why|how|when|where|who)\b)", re.I)
# "So how many people live in Port Ellen?" continues nothing.
_NEW_QUESTION = re.compile(r"^\s*(?:and|but|so|or|also|then),? (?=(?:who|what|when|where|which|why|how)\b)", re.I)
_OF_A_NOUN = re.compile(r"^\s*(?:who|what|where|when)(?:['’]s| is| are| was| were) (?:the|an?) \w", re.I)
# A noun of the question's own with what it does: "Does the council publish its minutes?".
_NOUN_THAT_DOES = re.compile(
    r"\b(?:the|an?|every|each) ([\w-]+) (?:[\w-]+ )*(?!(?:about|of|on|for|with|in|at|to|from|by) $)[\w-]+ $", re.I
)
_NEXT_CLAUSE = re.compile(r"(?:,|\b(?:and|but|or|when|while|after|before|if))\s[^,]*$", re.I)
_ELSE = re.compile(r"\b(else|others?|another|besides|too|instead)\b", re.I)
_NAME_WORD = r"(?:(?:al|el|ibn|bin|as|ad)-)?[A-Z](?:[\w’'.-]*\w)?"
_NAME = re.compile(
    rf"{_NAME_WORD}(?:\s+(?:(?:of|the|de|da|del|der|van|von|al|bin|and|for|&)\s+)*(?:{_NAME_WORD}|[0-9]\w*))*"
)
# A name after one of these is a place or a thing rather than a person.
_DETERMINED = re.compile(r"\b(?:the|an?|this|that|these|those|my|your|our|which|how (?:many|much)) +$", re.I)
# "the pier in" before a name: what is asked about is the pier, not the place.
_THING_IN = re.compile(r"\b(?:the|an?|this|our) ((?:[a-z][\w-]* ){1,2}(?:in|at|on|from|to|near) (?:the )?)$")
_PLACED = re.compile(r"\b(?:in|at|on|from|to|into|for|the|an?|called|named)\s+$", re.I)
_ASKS_WHO = re.compile(r"\s*(?:who|whom|which \w+ (?:person|man|woman))\b", re.I)
# "Who was Ada Lovelace?" is about her, whoever else is named in the answer.
_ASKS_ABOUT = re.compile(r"\s*[Ww]ho(?:['’]s| is| are| was| were) [A-Z]")
_ASKS_WHICH = re.compile(r"\s*(?:where|which)\b", re.I)
_AUXILIARY = re.compile(r"\b(?:do|does|did|can|could|will|would|should|may|must)\b", re.I)
# A question with one of these is a whole sentence, however short: "Can I fish?", "How much is parking?".
_PREDICATE = re.compile(rf"{_AUXILIARY.pattern}|\b(?:is|are|was|were|am|has|have|had|shall|might)\b|['’]s\b", re.I)
_OF_ONE = re.compile(r"\bones?\b", re.I)
_NOT_A_NAME = STOP_WORDS | {
    "yes", "however", "january", "february", "march", "april", "june", "july", "august", "september", "october",
    "november", "december", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "mondays",
    "tuesdays", "wednesdays", "thursdays", "fridays", "saturdays", "sundays", "according",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Subject:
    """What a conversation is about: the names and the noun phrase that a pronoun may stand for.

    `person` stays the one the user named last: answers are full of names that "he" does not mean. `base` is the
    question without the one that continued it ("And in 2015?"). `answer` is that to `question`, without its markers.
    """

    person: str
    names: tuple[str, ...]
    answer_names: tuple[str, ...]
    phrase: str
    question: str
    answer: str
    base: str


@dataclass(frozen=True, slots=True)
class Condensed:
    """A question made to stand alone, and what else to search for.

    `context` is the question before it and the answer, where it left something unsaid: that mostly stands near what was
    found last. It is "" for a question that stood alone.
    """

    question: str
    context: str = ""


def condense(question: str, history: Sequence[Turn]) -> Condensed:
    """The question with what it leaves unsaid put in; unchanged when it stands alone or nothing fits.

    A pronoun is replaced by the name the conversation is about; a question that only continues the one before
    ("What about 2015?", "Why?") gets that one in front. A question that names its own subject is not touched. Earlier
    questions are resolved in the same way first, so a chain of pronouns leads back to its name.
    """
    if not history:
        return Condensed(question)
    text = " ".join(question.split())
    turns = [t for t in history if t.text.strip()][-MAX_TURNS:]
    subject: _Subject | None = None
    for i, turn in enumerate(turns):
        if turn.role == "user":
            asked = " ".join(turn.text.split())
            answer = turns[i + 1].text if i + 1 < len(turns) and turns[i + 1].role == "assistant" else ""
            subject = _subject(asked, _resolve(asked, subject), _MARKER.sub("", answer), subject)
    resolved = _resolve(text, subject)
    if subject is None or not _leaves_unsaid(text, resolved):
        return Condensed(resolved)
    return Condensed(resolved, f"{subject.question} {subject.answer[:LONGEST_CONTEXT]}".strip())


def _leaves_unsaid(text: str, resolved: str) -> bool:
    if _NEW_QUESTION.sub("", text) != _NEW_QUESTION.sub("", resolved):
        return True
    pronouns = (_PERSON.search(text), _thing_pronoun(text))
    return any(pronoun and not _own_subject(text, pronoun) for pronoun in pronouns)


def _thing_pronoun(text: str) -> re.Match[str] | None:
    return None if _EMPTY_IT.search(text) else _THING.search(text)


def _resolve(text: str, subject: _Subject | None) -> str:
    if subject is None or not text:
        return text
    named, size = bool(_names(text)), len(content_stems(text))
    if named and (match := _NEW_QUESTION.match(text)):
        text = text[match.end() :]
    if match := _PERSON.search(text):
        return _replace(text, match, _person(subject))
    thing = _thing_pronoun(text)
    whole = size == 1 and _PREDICATE.search(text) and not _OF_ONE.search(text)
    bare = size <= 1 and not named and not thing and not whole
    if (bare or _CONTINUES.match(text)) and content_stems(subject.question):
        return f"{subject.base if _ALTERNATIVE.match(text) else subject.question} {text}"
    if thing:
        return _replace(text, thing, _thing(subject))
    # Without a name of its own it may be about the same as before: "What is the population?".
    other = bool(_ELSE.search(text))
    referent = _thing(subject) if other else next(iter(subject.names), "")
    alone = named or not referent or (size > 3 and not other)
    return text if alone else f"{text.rstrip(' ?.!')} ({referent})?"


def _own_subject(text: str, pronoun: re.Match[str]) -> bool:
    """True when the question itself names what the pronoun stands for."""
    before, word = text[: pronoun.start()], pronoun.group().lower()
    possessive = _is_possessive(text, pronoun)
    if possessive and (noun := _NOUN_THAT_DOES.search(before)):
        return word in {"their", "theirs"} or (word == "its" and not noun.group(1).endswith("s"))
    if not _names(before):
        return False
    # "When did Grace Hopper publish her first paper?", but "What did Grace Hopper say about it?".
    return possessive or word in {"he", "she", "they"} or bool(_NEXT_CLAUSE.search(before))


def _is_possessive(text: str, pronoun: re.Match[str]) -> bool:
    return pronoun.group().lower() in _POSSESSIVE and not _OBJECT_HER.match(text, pronoun.start())


def _person(subject: _Subject) -> str:
    # "Who led it?" - "Ann Lee." - "When was she born?": the person is the answer, not what was asked about.
    if subject.answer_names and _ASKS_WHO.match(subject.question) and not _ASKS_ABOUT.match(subject.question):
        return subject.answer_names[0]
    return subject.person


def _thing(subject: _Subject) -> str:
    # "Where was it?" - "In Skarn." - "Who holds it?": the same for places, and for a choice of one among many.
    if subject.answer_names and _ASKS_WHICH.match(subject.question):
        return subject.answer_names[-1 if subject.question.lower().startswith("where") else 0]
    if not subject.names:
        return subject.phrase
    name = subject.names[0]
    before, _, after = subject.question.partition(name)
    held = _THING_IN.search(before)
    # "Did the leader die in Skarn?": with an auxiliary the word before "in" is the verb, unless one follows.
    if held and (not _AUXILIARY.search(before) or content_stems(after)):
        return f"the {held.group(1)}{name}"
    return name


def _replace(text: str, match: re.Match[str], name: str) -> str:
    if not name or name.lower() in text.lower() or _own_subject(text, match):
        return text
    word = match.group().lower()
    new = f"{name}’s" if _is_possessive(text, match) else name
    if word == "there" and not _PLACED.search(text[: match.start()]):
        new = f"in {name}"
    rest = text[match.end() :]
    if word in {"this", "that", "these", "those"}:
        rest = re.sub(r"^ ones?\b", "", rest)
    # "this town" and "the same year" keep their noun: "this town (Port Ellen)".
    if re.match(r"(?:this|that|these|those|the same|such)", word) and re.match(r"\s+\w", rest) and " " not in word:
        noun = re.match(r"\s+\w+", rest)
        if noun and noun.group().strip().lower() not in STOP_WORDS:
            return f"{text[: match.end()]}{noun.group()} ({name}){rest[noun.end() :]}"
    return text[: match.start()] + new + rest


def _subject(asked: str, resolved: str, answer: str, before: _Subject | None) -> _Subject:
    names = _names(resolved)
    phrase = _noun_phrase(resolved)
    named = [n for n in _names(asked) if not _PLACED.search(asked[: asked.index(n)])]
    person = named[0] if named else ""
    answer_names = tuple(_names(answer))
    if before is not None:
        person = person or before.person
        if not names:
            names, phrase = list(before.names), phrase or before.phrase
    continued = before is not None and resolved in {f"{before.base} {asked}", f"{before.question} {asked}"}
    base = before.base if before is not None and continued else resolved
    person = person or (names or [*answer_names, ""])[0]
    return _Subject(person, tuple(names), answer_names, phrase, resolved, answer, base)


def _names(text: str) -> list[str]:
    """Capitalised names in order of appearance, without a question word or other common word at their front."""
    found: list[str] = []
    if text.isupper():
        return found  # everything looks like a name
    for match in _NAME.finditer(text):
        tokens = match.group().split()
        while tokens and _is_common(tokens[0]):
            tokens.pop(0)
        name = re.sub(r"['’]s$", "", " ".join(tokens)).strip(" .,'’")
        if not name[:1].isalpha():
            continue
        at_start = match.start() == 0 or text[: match.start()].rstrip().endswith((".", "?", "!", ":"))
        # One capital word at the start of a sentence is more often a plain word than a name.
        if len(name) > 1 and not (at_start and " " not in name and name == match.group() and not name.isupper()):
            found.append(name)
    return list(dict.fromkeys(found))


def _is_common(token: str) -> bool:
    """True for a function word and the like, "I've" among them."""
    return any(re.split("['’]", word)[0] in _NOT_A_NAME for word in words(token)[:1])


def _noun_phrase(question: str) -> str:
    """The longest run of content words: what a question without names is about ("the ferry timetable")."""
    runs: list[tuple[bool, list[str]]] = [(False, [])]
    for token in re.finditer(r"[\w’'-]+|[^\w\s]", question):
        word = words(token.group())
        if word and not _is_common(token.group()) and not word[0].isdigit():
            if not runs[-1][1]:
                runs[-1] = bool(_DETERMINED.search(question[: token.start()])), []
            runs[-1][1].append(token.group())
        elif runs[-1][1]:
            runs.append((False, []))
    filled = [run for run in runs if run[1]]
    if not filled:
        return ""
    # After "did", "does" and their like the last word of a question is its verb: "when does the night bus leave", "when
    # was the station founded".
    last = filled[-1][1]
    if len(last) > 1 and (_AUXILIARY.search(question) or last[-1].endswith("ed")):
        last.pop()
    # A noun has an article before it more often than a verb.
    best = max(filled, key=lambda run: (run[0], len(run[1])))[1]
    return ("the " + " ".join(best)) if not best[0][0].isupper() else " ".join(best)
