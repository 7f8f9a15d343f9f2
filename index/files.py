"""Compares the files of a corpus with those an index holds and writes what is different."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from index.errors import LoadError
from index.load import load_file
from index.passages import Passages
from index.schema import to_json
from index.settings import LoadSettings
from index.types import Document, LeftOut, Progress
from index.walk import FoundFile, Unread

# A file changed so shortly before it was looked at may be changed again with the same time stamp: the coarsest clock of
# a file system in use (FAT) counts in two seconds. Its content is compared the next time.
CLOCK_NS = 2_000_000_000


class _Known(NamedTuple):
    """What the last update knew of a file. `good_sha256` is that of the content the index holds, "" for none."""

    size: int
    mtime_ns: int
    checked_ns: int
    sha256: str
    good_sha256: str

    def surely_is(self, file: FoundFile) -> bool:
        """Whether the file need not be opened."""
        settled = self.sha256 and self.mtime_ns < self.checked_ns - CLOCK_NS
        return bool(settled) and (self.size, self.mtime_ns) == (file.size, file.mtime_ns)


class Files:
    """Writes inside the transaction that is open on a connection; `now` is when the corpus was looked at, in ns.

    Afterwards `counts` has the documents by what happened to them, `left_out` the files that could not be read by
    their uri, and `altered` says whether a search can find anything else than before.
    """

    def __init__(
        self, connection: sqlite3.Connection, root: Path, load: LoadSettings, passages: Passages, now: int
    ) -> None:
        self._sql = connection.execute
        self._root = root
        self._load = load
        self._passages = passages
        self._now = now
        self.counts = dict.fromkeys(("added", "changed", "moved", "deleted", "unchanged"), 0)
        self.left_out: dict[str, LeftOut] = {}
        self.altered = False

    def compare(
        self, found: Sequence[FoundFile], unread: Sequence[Unread], same_settings: bool, progress: Progress
    ) -> None:
        """`same_settings`: whether files were loaded with these settings the last time."""
        known = {row[0]: _Known(*row[1:]) for row in self._sql("SELECT * FROM files")}
        reasons: dict[str, str] = dict(self._sql("SELECT uri, reason FROM left_out").fetchall())
        unreadable = {item.uri: item.reason for item in unread}
        closed = {item.uri for item in unread if item.hides}
        gone = known.keys() - {file.uri for file in found}
        # What lies in a folder that cannot be listed now is not gone; what lay in one that is a file now is.
        hidden = {uri for uri in gone if uri in unreadable or not closed.isdisjoint(_folders_above(uri))}
        gone -= hidden
        movable = {known[uri].good_sha256: uri for uri in sorted(gone, reverse=True) if known[uri].good_sha256}
        for number, file in enumerate(found):
            progress("read", number, len(found))
            before = known.get(file.uri)
            if before and same_settings and before.surely_is(file):
                # A file whose content was good may have a reason too: its name or the settings have changed since.
                if file.uri in reasons or before.sha256 != before.good_sha256:
                    self._leave_out(file.uri, reasons.get(file.uri, "The file cannot be read."))
                else:
                    self.counts["unchanged"] += self._keep(file.uri)
                continue
            digest = _digest(file.path)
            good = before.good_sha256 if before else ""
            source = movable.pop(digest, None) if before is None else None
            if source is not None:
                gone.remove(source)
                good = self._rename(source, file.uri, digest)
            same = digest and digest == good and same_settings and source is None
            if same and file.uri not in reasons:
                self.counts["unchanged"] += self._keep(file.uri)
            elif self._read(file, source is not None):
                good = digest
            row = (file.uri, file.size, file.mtime_ns, self._now, digest, good)
            self._sql("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?)", row)
        progress("read", len(found), len(found))
        for uri in sorted(gone):
            self._delete([row[0] for row in self._sql("SELECT id FROM documents WHERE file = ?", (uri,))])
            self._sql("DELETE FROM files WHERE uri = ?", (uri,))
        for uri in hidden:
            self._make_stale(uri)
            # Why it cannot be reached says nothing of the file: it is looked at again once it can.
            self._sql("UPDATE files SET sha256 = '' WHERE uri = ?", (uri,))
        for uri, reason in unreadable.items():
            below = f"{uri}/"
            held = any(place == uri or place.startswith(below) for place in hidden)
            self.left_out[uri] = LeftOut(uri, reason, stale=held)
        self._sql("DELETE FROM left_out")
        for item in self.left_out.values():
            self._sql("INSERT INTO left_out VALUES (?, ?, ?)", (item.uri, item.reason, item.stale))

    def _read(self, file: FoundFile, moved: bool) -> bool:
        """Load a file and bring its documents up to date; False when it cannot be read."""
        try:
            documents = load_file(file.path, self._root, self._load)
        except LoadError as error:
            self._leave_out(file.uri, error.reason)
            return False
        old: dict[str, int] = dict(self._sql("SELECT uri, id FROM documents WHERE file = ?", (file.uri,)).fetchall())
        for document in documents:
            self._put(document, file.uri, old.pop(document.uri, None), moved)
        self._delete(list(old.values()))
        return True

    def _put(self, document: Document, file: str, doc_id: int | None, moved: bool) -> None:
        headings = to_json([(heading.start, heading.end, heading.level) for heading in document.headings])
        content = (document.title, document.media_type, document.text, to_json(document.page_starts), headings)
        if doc_id is None:
            suffix = PurePosixPath(file).suffix.lower()
            doc_id = self._sql(
                "INSERT INTO documents"
                " (title, media_type, text, page_starts, headings, sha256, characters, uri, file, suffix)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
                (*content, document.sha256, len(document.text), document.uri, file, suffix),
            ).fetchone()[0]
            self.counts["added"] += 1
        else:
            *before, stale = self._sql(
                "SELECT title, media_type, text, page_starts, headings, stale FROM documents WHERE id = ?", (doc_id,)
            ).fetchone()
            same = tuple(before) == content
            self.counts["moved" if moved else "unchanged" if same else "changed"] += 1
            self._sql(
                "UPDATE documents SET title = ?, media_type = ?, text = ?, page_starts = ?, headings = ?, sha256 = ?,"
                " characters = ?, stale = 0 WHERE id = ?",
                (*content, document.sha256, len(document.text), doc_id),
            )
            self.altered |= bool(stale)
            if same:
                return
        self.altered = True
        self._passages.put(doc_id, document)

    def _rename(self, old: str, new: str, digest: str) -> str:
        """Give the documents of a file that was moved, and its rows, their new uris. Returns the digest."""
        self._sql(
            "UPDATE documents SET uri = ? || substr(uri, length(file) + 1), file = ?, suffix = ? WHERE file = ?",
            (new, new, PurePosixPath(new).suffix.lower(), old),
        )
        self._sql("DELETE FROM files WHERE uri = ?", (old,))
        self.altered = True
        return digest

    def _delete(self, doc_ids: Sequence[int]) -> None:
        for doc_id in doc_ids:
            self._sql("DELETE FROM documents WHERE id = ?", (doc_id,))
            self.counts["deleted"] += 1
            self.altered = True

    def _keep(self, uri: str) -> int:
        """A file that is as it was: its documents are not stale (any more). Returns how many they are."""
        self.altered |= self._sql("UPDATE documents SET stale = 0 WHERE file = ? AND stale", (uri,)).rowcount > 0
        (count,) = self._sql("SELECT count(*) FROM documents WHERE file = ?", (uri,)).fetchone()
        return int(count)

    def _leave_out(self, uri: str, reason: str) -> None:
        self.left_out[uri] = LeftOut(uri, reason, stale=self._make_stale(uri))

    def _make_stale(self, uri: str) -> bool:
        """Whether the index holds an older text of the file."""
        self.altered |= self._sql("UPDATE documents SET stale = 1 WHERE file = ? AND NOT stale", (uri,)).rowcount > 0
        return self._sql("SELECT 1 FROM documents WHERE file = ?", (uri,)).fetchone() is not None


def _digest(path: Path) -> str:
    """sha256 of the file's bytes, "" when it cannot be read: `load_file` will say why."""
    try:
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError:
        return ""


def _folders_above(uri: str) -> Iterator[str]:
    """Innermost first, "." last."""
    return map(str, PurePosixPath(uri).parents)
