"""The one normalisation of text. It happens when a file is loaded, never later: offsets count what it returns."""

from __future__ import annotations

import re
import unicodedata

_LINE_ENDS = re.compile(r"\r\n?|[\v\x85\u2028]")
_PARAGRAPH_ENDS = re.compile(r"[\f\u2029]")
# Ogham's space mark is drawn as a stroke, so it stays.
_SPACES = re.compile(r"[\u00a0\u2000-\u200a\u202f\u205f\u3000]")
# Seen by nobody: NUL and other controls, soft hyphen, zero width space, word joiner, byte order mark, and the marks
# that turn the direction of all text after them, which a quote cut out of its document would leave unclosed. The zero
# width joiner and non-joiner stay: Persian, the scripts of India and emoji are spelled with them.
_INVISIBLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_LONE_SURROGATES = re.compile(r"[\ud800-\udfff]")
_BLANKS = re.compile(r"\s+")


def normalise(text: str) -> str:
    """Unicode NFC, line ends as "\\n", every kind of space as " ", nothing invisible; a second time changes nothing."""
    text = _LINE_ENDS.sub("\n", text)
    text = _PARAGRAPH_ENDS.sub("\n\n", text)
    text = _SPACES.sub(" ", text)
    text = _INVISIBLE.sub("", text)
    text = _LONE_SURROGATES.sub("\N{REPLACEMENT CHARACTER}", text)
    return unicodedata.normalize("NFC", text)


def on_one_line(text: str) -> str:
    """Normalised, with every run of blanks, line ends too, as one space and none at the ends."""
    return _BLANKS.sub(" ", normalise(text)).strip()


CELL_SEPARATOR = " | "


def is_row(line: str) -> bool:
    """Whether the line is a row of a table, as the parsers write one."""
    return CELL_SEPARATOR in line
