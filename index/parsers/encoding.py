"""Bytes to text when the encoding is not told, or told wrongly."""

from __future__ import annotations

import codecs
import re

from charset_normalizer import from_bytes

from index.errors import LoadError

# The longer marks first: that of UTF-32 begins with that of UTF-16.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_SAMPLE_BYTES = 64_000
# The share of control characters above which text is no text; a stray one is forgiven.
_MAX_CONTROLS = 0.01
# A file is UTF-8 with a flaw, not another encoding, when so many times more of its characters are right than wrong.
_RIGHT_TO_WRONG = 4


def decode(data: bytes, declared: str | None = None) -> str:
    """The text of `data`: by its byte order mark, as UTF-8, as declared, else by the most likely encoding.

    Raises:
        LoadError: the bytes are no text.
    """
    text = _decode(data, declared)
    sample = text[:_SAMPLE_BYTES]
    if len(_CONTROLS.findall(sample)) > _MAX_CONTROLS * len(sample):
        raise LoadError(_BINARY)
    return text


_BINARY = "Holds binary data, not text. Give it the suffix of its type, or save it as text."


def _decode(data: bytes, declared: str | None) -> str:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    if (wide := _wide(data[:_SAMPLE_BYTES])) is not None:
        return data.decode(wide, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    if declared is not None:
        try:
            return data.decode(declared)
        except (LookupError, UnicodeError):
            pass  # UnicodeError: some of Python's codecs, such as "undefined", raise no narrower one.
    flawed = data.decode("utf-8", "replace")
    wrong = flawed.count("\N{REPLACEMENT CHARACTER}")
    if sum(c > "\x7f" for c in flawed) - wrong > _RIGHT_TO_WRONG * wrong:
        return flawed
    best = from_bytes(data).best()
    if best is None:
        raise LoadError(_BINARY)
    return str(best)


def _wide(sample: bytes) -> str | None:
    """UTF-16 without a mark: mostly one byte of each pair is zero in any text with ASCII blanks and line ends."""
    pairs = len(sample) // 2
    if pairs == 0:
        return None
    for zeros, encoding in ((sample[1::2], "utf-16-le"), (sample[0::2], "utf-16-be")):
        other = sample[0::2] if encoding == "utf-16-le" else sample[1::2]
        if zeros.count(0) > pairs // 3 and other.count(0) == 0:
            return encoding
    return None
