"""The database of an index: its tables, how it is opened, and what SQLite's errors mean to a user."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from index.errors import IndexDamaged, IndexMissing, StorageError

DATABASE = "corpus.db"
SCHEMA = 1
APPLICATION_ID = 0x646F6371  # "docq", so that `file` and we tell this database from others

# Marks (M*) are part of a word: without them every vowel sign would split a word of Hindi, Thai or Arabic in two.
TOKENIZER = "porter unicode61 remove_diacritics 2 categories ''L* N* Co Mn Mc''"

# Chunks are keyed to their vectors by a digest of the model and the text embedded: equal passages share one vector, and
# a vector is never that of another text or model. AUTOINCREMENT: an id is never used again.
TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE files (
    uri TEXT PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, checked_ns INTEGER NOT NULL,
    sha256 TEXT NOT NULL, good_sha256 TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE left_out (uri TEXT PRIMARY KEY, reason TEXT NOT NULL, stale INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE documents (
    id INTEGER PRIMARY KEY AUTOINCREMENT, uri TEXT NOT NULL UNIQUE, file TEXT NOT NULL, suffix TEXT NOT NULL,
    title TEXT NOT NULL, media_type TEXT NOT NULL, sha256 TEXT NOT NULL, characters INTEGER NOT NULL,
    stale INTEGER NOT NULL DEFAULT 0, page_starts TEXT NOT NULL, headings TEXT NOT NULL, text TEXT NOT NULL);
CREATE INDEX documents_file ON documents (file);
CREATE TABLE chunks (
    id INTEGER PRIMARY KEY AUTOINCREMENT, doc_id INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    "start" INTEGER NOT NULL, "end" INTEGER NOT NULL, n_tokens INTEGER NOT NULL, digest BLOB NOT NULL,
    title TEXT NOT NULL, heading TEXT NOT NULL, "text" TEXT NOT NULL, bigrams TEXT NOT NULL);
CREATE INDEX chunks_document ON chunks (doc_id, "start");
CREATE INDEX chunks_digest ON chunks (digest);
CREATE TABLE vectors (digest BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE common_words (term TEXT PRIMARY KEY, chunks INTEGER NOT NULL) WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5 (
    title, heading, "text", bigrams, content = 'chunks', content_rowid = 'id', tokenize = '<tokenizer>');
CREATE VIRTUAL TABLE vocabulary USING fts5vocab (words, 'row');
CREATE TRIGGER chunks_inserted AFTER INSERT ON chunks BEGIN
    INSERT INTO words (rowid, title, heading, "text", bigrams)
    VALUES (new.id, new.title, new.heading, new."text", new.bigrams);
END;
CREATE TRIGGER chunks_deleted AFTER DELETE ON chunks BEGIN
    INSERT INTO words (words, rowid, title, heading, "text", bigrams)
    VALUES ('delete', old.id, old.title, old.heading, old."text", old.bigrams);
END;
CREATE TRIGGER chunks_retitled AFTER UPDATE OF title, heading, "text", bigrams ON chunks BEGIN
    INSERT INTO words (words, rowid, title, heading, "text", bigrams)
    VALUES ('delete', old.id, old.title, old.heading, old."text", old.bigrams);
    INSERT INTO words (rowid, title, heading, "text", bigrams)
    VALUES (new.id, new.title, new.heading, new."text", new.bigrams);
END;
"""

_FULL_OR_READ_ONLY = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_READONLY: "it is read-only",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened",
    sqlite3.SQLITE_PERM: "access is denied",
    sqlite3.SQLITE_IOERR: "reading or writing the disk failed",
}


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turns SQLite's errors into IndexDamaged or StorageError that name the file and the way out."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
        if code in _FULL_OR_READ_ONLY:
            raise StorageError(
                f"The index {path} cannot be used, {_FULL_OR_READ_ONLY[code]} ({error}). "
                "What was indexed before is kept. Make room or allow writing there, then run `docqa index` again."
            ) from error
        if code == sqlite3.SQLITE_BUSY:
            raise StorageError(f"The index {path} is in use by another program ({error}); try again.") from error
        raise IndexDamaged(
            f"The index {path} cannot be read: {error}. Delete the folder {path.parent} and run `docqa index`; "
            "the documents themselves are not touched by that."
        ) from error


def open_to_read(path: Path) -> sqlite3.Connection:
    """A read-only connection in autocommit mode. Raises IndexMissing, IndexDamaged, StorageError."""
    if not path.is_file() or path.stat().st_size == 0:
        raise IndexMissing(f"There is no index in {path.parent} yet. Run `docqa index` to make it.")
    with explained(path):
        try:
            return _connect(path, "mode=ro")
        except sqlite3.OperationalError:
            # A read-only folder has no room for the shared memory of the write-ahead log. With an empty log there is
            # no writer either, and the file can be read as it is.
            log = path.with_name(path.name + "-wal")
            if log.exists() and log.stat().st_size:
                raise
            return _connect(path, "immutable=1")


def open_to_write(path: Path) -> sqlite3.Connection:
    """A connection in autocommit mode; the tables are made if the file is new. Raises IndexDamaged, StorageError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"The index folder {path.parent} cannot be made: {error.strerror}. Allow writing there or set index_dir."
        ) from None
    with explained(path):
        connection = _connect(path, "mode=rwc")
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA cache_size = -65536")
            connection.execute("PRAGMA foreign_keys = ON")
        except sqlite3.Error:
            connection.close()
            raise
        return connection


def create_tables(connection: sqlite3.Connection) -> None:
    """Make the tables inside the transaction that is open."""
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    for statement in _statements(TABLES.replace("<tokenizer>", TOKENIZER)):
        connection.execute(statement)


def has_tables(connection: sqlite3.Connection) -> bool:
    """Whether the database has been filled before. Raises IndexDamaged for a database of another program."""
    found = connection.execute("SELECT count(*), max(name = 'meta') FROM sqlite_schema").fetchone()
    if found[0] and not found[1]:
        raise sqlite3.DatabaseError("it is a database of another program")
    return bool(found[0])


def read_meta(connection: sqlite3.Connection) -> dict[str, str]:
    """The settings and the generation that the database was made with."""
    return dict(connection.execute("SELECT key, value FROM meta"))


def write_meta(connection: sqlite3.Connection, values: dict[str, str | int]) -> None:
    """Set some of them."""
    connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", [(k, str(v)) for k, v in values.items()])


def to_json(value: object) -> str:
    """Compact JSON for a column."""
    return json.dumps(value, separators=(",", ":"))


def _connect(path: Path, options: str) -> sqlite3.Connection:
    address = f"file:{quote(os.fsencode(path.absolute()))}?{options}"
    # One connection goes from thread to thread, never in two at once.
    connection = sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False, timeout=30)
    try:
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _statements(script: str) -> Iterator[str]:
    lines: list[str] = []
    for line in script.splitlines(keepends=True):
        lines.append(line)
        statement = "".join(lines)
        if sqlite3.complete_statement(statement):
            yield statement
            lines.clear()
