"""How the reader sees a question and a passage: `[CLS] question [SEP] title [SEP] passage [SEP]`."""

from __future__ import annotations

from dataclasses import dataclass

from tokenizers import Tokenizer

from index.errors import ModelError

MAX_QUESTION_TOKENS = 48
# Of a longer question its beginning and its end are kept: what is asked mostly stands in one of them.
FIRST_QUESTION_TOKENS = 16
MAX_TITLE_TOKENS = 16
MAX_TOKENS = 320
# More than twice the longest answer: where one runs over the middle of what two windows share, both read all of it.
WINDOW_OVERLAP = 64


@dataclass(frozen=True, slots=True)
class Pair:
    """A question and a passage as token ids.

    `types` is 0 for the question and 1 for the rest; `passage` is the half-open range of the passage's tokens;
    `offsets` has the code point range in the passage's text for each of them.
    """

    ids: list[int]
    types: list[int]
    passage: tuple[int, int]
    offsets: list[tuple[int, int]]


class PairEncoder:
    """Encodes pairs of at most `MAX_TOKENS` tokens. Of a long question the middle is left
    out, of a long title or passage the end.

    The tokenizer's own truncation and padding are switched off.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer = tokenizer
        self._cls, self._sep = _special(tokenizer, "[CLS]"), _special(tokenizer, "[SEP]")

    def tokens(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """Token ids and their code point ranges, without special tokens."""
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        return encoding.ids, encoding.offsets

    def room(self, question: str, title: str) -> int:
        """How many passage tokens fit beside this question and title."""
        return MAX_TOKENS - len(self._head(question, title)[0]) - 1

    def windows(self, question: str, title: str, passage: str) -> list[Pair]:
        """The pairs that together hold a whole passage; each begins with the last `WINDOW_OVERLAP` tokens of the one
        before. A passage that fits is one pair. An empty title is left out with its separator.
        """
        ids, offsets = self.tokens(passage)
        step = self.room(question, title) - WINDOW_OVERLAP
        starts = range(0, max(1, len(ids) - WINDOW_OVERLAP), step)
        return [self.assemble(question, title, ids[start:], offsets[start:]) for start in starts]

    def assemble(self, question: str, title: str, ids: list[int], offsets: list[tuple[int, int]]) -> Pair:
        """Encode one pair whose passage is already tokenised."""
        head, types = self._head(question, title)
        room = MAX_TOKENS - len(head) - 1
        body = ids[:room]
        return Pair(
            ids=[*head, *body, self._sep],
            types=[*types, *[1] * (len(body) + 1)],
            passage=(len(head), len(head) + len(body)),
            offsets=offsets[:room],
        )

    def _head(self, question: str, title: str) -> tuple[list[int], list[int]]:
        asked = self.tokens(question)[0]
        if len(asked) > MAX_QUESTION_TOKENS:
            asked = [*asked[:FIRST_QUESTION_TOKENS], *asked[FIRST_QUESTION_TOKENS - MAX_QUESTION_TOKENS :]]
        ids = [self._cls, *asked, self._sep]
        types = [0] * len(ids)
        if title:
            ids += [*self.tokens(title)[0][:MAX_TITLE_TOKENS], self._sep]
            types += [1] * (len(ids) - len(types))
        return ids, types


def _special(tokenizer: Tokenizer, token: str) -> int:
    found = tokenizer.token_to_id(token)
    if found is None:
        raise ModelError(f"The reader's tokenizer has no {token}: it is not the one the reader was trained with.")
    return int(found)
