"""How the process keeps its memory while it trains."""

from __future__ import annotations

import ctypes
import sys

# Options of mallopt(3), glibc's malloc.h.
_M_TRIM_THRESHOLD = -1
_M_MMAP_MAX = -4
_LARGEST_INT = 2**31 - 1


def keep_memory() -> None:
    """Have glibc reuse freed memory; elsewhere, nothing happens.

    By default every large tensor is mapped anew and given back at once, and the kernel clears its pages each time: a
    sixth of a training step on a processor.
    """
    if sys.platform != "linux":
        return
    library = ctypes.CDLL(None)
    if hasattr(library, "gnu_get_libc_version"):
        library.mallopt(_M_MMAP_MAX, 0)
        library.mallopt(_M_TRIM_THRESHOLD, _LARGEST_INT)
