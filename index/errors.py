"""Every error docqa raises on purpose.

    DocqaError
    ├── ConfigError            a setting is unknown, out of range or unreadable
    ├── LoadError              one file cannot be read; the others still can
    ├── CorpusError            the folder of documents is missing, empty or unreadable
    ├── IndexError_            something is wrong with the stored index
    │   ├── IndexMissing       there is none yet
    │   ├── IndexMismatch      it was made with another model, chunking or folder
    │   ├── IndexDamaged       the database cannot be read
    │   ├── IndexChanged       an update changed a document while it was being answered from
    │   ├── IndexLocked        another process is writing it
    │   └── StorageError       the disk is full or the folder cannot be written
    ├── ModelError             a model is missing, altered or does not load
    ├── QuestionError          a question that cannot be asked: empty, too long
    └── EvaluationError        a gold file, run or baseline that cannot be used

A message says what happened, to which file, and what to do next.
"""


class DocqaError(Exception):
    """Base of every error that docqa raises on purpose; its text is meant for the user."""


class ConfigError(DocqaError):
    """A setting is unknown, out of range or unreadable."""


class LoadError(DocqaError):
    """One file cannot be read. Indexing reports it and goes on with the others.

    `reason` is the message without the file's uri, to be shown beside it.
    """

    def __init__(self, reason: str, uri: str = "") -> None:
        super().__init__(f"{uri}: {reason}" if uri else reason)
        self.reason = reason


class CorpusError(DocqaError):
    """The folder of documents is missing, empty or unreadable."""


class IndexError_(DocqaError):
    """Something is wrong with the stored index."""


class IndexMissing(IndexError_):
    """There is no index yet."""


class IndexMismatch(IndexError_):
    """The index was made with another model, other chunking, another version of docqa, or from another folder."""


class IndexDamaged(IndexError_):
    """The database cannot be read."""


class IndexChanged(IndexError_):
    """An update changed a document while a question was being answered from it."""


class IndexLocked(IndexError_):
    """Another process is writing the index."""


class StorageError(IndexError_):
    """The disk is full or the index folder cannot be written."""


class ModelError(DocqaError):
    """A model is missing, altered or does not load."""


class QuestionError(DocqaError):
    """A question that cannot be asked: empty or too long."""


class EvaluationError(DocqaError):
    """A gold file, run or baseline that cannot be used."""
