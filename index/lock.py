"""One writer at a time: a file lock that the system releases when its holder ends, however it ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from index.errors import IndexLocked, StorageError

LOCK = "write.lock"
HOLDER = "write.pid"


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Holds the index for writing; makes the folder if need be.

    Raises:
        IndexLocked: another process holds it; the message has its process id.
        StorageError: the folder cannot be written.
    """
    lock = FileLock(folder / LOCK)
    holder = folder / HOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        raise IndexLocked(
            f"The index in {folder} is being written by another docqa (process {_holder(holder)}). "
            "Wait until it is done and try again; questions can be asked meanwhile."
        ) from None
    except (OSError, NotImplementedError) as error:
        raise _cannot_write(folder, error) from error
    try:
        try:
            holder.write_text(str(os.getpid()), "ascii")
        except OSError as error:
            raise _cannot_write(folder, error) from error
        yield
    finally:
        lock.release()


def _holder(path: Path) -> str:
    try:
        return path.read_text("ascii") or "unknown"
    except (OSError, ValueError):
        return "unknown"


def _cannot_write(folder: Path, error: Exception) -> StorageError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else error
    return StorageError(
        f"The index folder {folder} cannot be written: {reason}. What was indexed before is kept. "
        "Make room or allow writing there, or choose another folder with index_dir."
    )
