"""Titles for a list of citations: a file name made readable, a long text cut short."""

from __future__ import annotations

import re

from index.normal import on_one_line

MAX_CHARACTERS = 120
_WORD = re.compile(r"[^\W_]+(?:['’.&+][^\W_]+)*")
_DIGEST = re.compile(r"(?=.*\d)[0-9a-f]{6,}|[0-9a-f]{16,}", re.IGNORECASE)
# Names that scanners, cameras and programs give.
_SAYS_NOTHING = frozenset(
    "copy doc document dsc export file final image img new page pdf scan text txt untitled".split()
)


def readable_name(stem: str) -> str:
    """A file name without its suffix as words ("annual-report_2024" as "annual report 2024"), "" if it tells nothing.

    Digests, and numbers at the ends that only tell files apart, are left out; so is a name made of nothing else.
    """
    stem = stem.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    words = [word for word in _WORD.findall(on_one_line(stem)) if not _DIGEST.fullmatch(word) or word.isdecimal()]
    telling = [word for word in words if sum(c.isalpha() for c in word) > 1 or _is_ideographic(word)]
    if not telling or all(word.lower() in _SAYS_NOTHING for word in telling):
        return ""
    while words and words[0].isdecimal() and not _is_year(words[0]):
        words.pop(0)
    while words and words[-1].isdecimal() and len(words[-1]) > 4:
        words.pop()
    name = " ".join(words)
    return name[:1].upper() + name[1:] if name.islower() else name


def shortened(text: str, limit: int = MAX_CHARACTERS) -> str:
    """The text on one line, cut at a word with "…" where it is longer than `limit` code points."""
    text = on_one_line(text[: 20 * limit])
    if len(text) <= limit:
        return text
    cut = text.rfind(" ", limit // 2, limit)
    return text[: cut if cut > 0 else limit - 1].rstrip(" ,;:–—-(") + "…"


def _is_year(word: str) -> bool:
    return len(word) == 4 and word.startswith(("18", "19", "20"))


def _is_ideographic(word: str) -> bool:
    return any("\u3040" <= c <= "\u9fff" or "\uac00" <= c <= "\ud7af" for c in word)
