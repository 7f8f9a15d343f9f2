"""Finds the files of a corpus folder that can be read, and says why the others cannot."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from index.errors import CorpusError
from index.load import SUFFIXES, uri_of


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file that looks readable: its suffix is supported and it, or what it links to, lies below the corpus root."""

    path: Path
    uri: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Unread:
    """A file or folder that cannot be indexed, and why; `hides`: what may lie below it cannot be seen either."""

    uri: str
    reason: str
    hides: bool


def check_folder(root: Path) -> None:
    """Raises CorpusError when `root` is missing, is not a folder or cannot be listed."""
    try:
        if not root.is_dir():
            what = "is a file, not a folder" if root.exists() else "does not exist"
            raise CorpusError(f"The folder of documents {root} {what}. Name another with --corpus.")
        next(root.iterdir(), None)
    except OSError as error:
        raise CorpusError(
            f"The folder of documents {root} cannot be opened: {error.strerror}. "
            "Allow reading it, or name another with --corpus."
        ) from None


def walk(root: Path) -> tuple[list[FoundFile], list[Unread]]:
    """Every file below `root`: those that can be indexed and those that cannot, each in the order of their uris.

    Hidden files and folders (a leading full stop) are passed over in silence, as is a link to a file or folder that the
    walk meets under its own name: no document is read twice, and a folder that leads back to itself ends there. A file
    name that is not UTF-8 is read under a uri in which the odd bytes are escaped.

    Raises:
        CorpusError: `root` is missing, is not a folder or cannot be listed.
    """
    check_folder(root)
    search = _Search(root)
    search.folders()
    search.links()
    return [search.found[uri] for uri in sorted(search.found)], [search.unread[uri] for uri in sorted(search.unread)]


class _Search:
    """One walk. Links are looked at last, when it is known what the walk met by itself."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._real_root = Path(os.path.realpath(root))
        self._links: list[Path] = []
        self._met: set[Path] = set()
        self.found: dict[str, FoundFile] = {}
        self.unread: dict[str, Unread] = {}

    def folders(self) -> None:
        waiting = [self._root]
        while waiting:
            folder = waiting.pop()
            self._met.add(Path(os.path.realpath(folder)))
            try:
                paths = sorted(folder.iterdir())
            except OSError as error:
                self._leave_out(folder, f"The folder cannot be listed: {error.strerror}.", hides=True)
                continue
            # Office programs put a file "~$name" beside one that is open.
            for path in (path for path in paths if not path.name.startswith((".", "~$"))):
                try:
                    is_link = path.is_symlink()
                    is_folder = not is_link and path.is_dir()
                except OSError as error:
                    # A folder may be listed and yet not be entered (its x permission).
                    self._leave_out(path, f"The file or folder cannot be reached: {error.strerror}.", hides=True)
                    continue
                if is_link:
                    self._links.append(path)
                elif is_folder:
                    waiting.append(path)
                else:
                    self._met.add(Path(os.path.realpath(path)))
                    self._file(path)

    def links(self) -> None:
        for path in self._links:
            try:
                target = Path(os.path.realpath(path, strict=True))
            except OSError as error:
                self._leave_out(path, f"The link leads nowhere: {error.strerror}.")
                continue
            if not target.is_relative_to(self._real_root):
                self._leave_out(path, "The link leads out of the corpus folder; copy its target into the folder.")
            elif target in self._met:
                continue
            elif target.is_dir():
                self._leave_out(path, "The link leads to a hidden folder.")
            else:
                # A file kept in a hidden folder and shown by a link: git-annex and others store large files so.
                self._met.add(target)
                self._file(path)

    def _file(self, path: Path) -> None:
        try:
            status = path.stat()
        except OSError as error:
            self._leave_out(path, f"The file cannot be read: {error.strerror}.", hides=True)
            return
        uri = uri_of(path, self._root)
        if not stat.S_ISREG(status.st_mode):
            self._leave_out(path, "Not a regular file.")
        elif path.suffix.lower() not in SUFFIXES:
            what = f"Files of type {uri_of(Path(path.suffix), Path())}" if path.suffix else "Files without a type"
            self._leave_out(path, f"{what} are not supported; known are {', '.join(sorted(SUFFIXES))}.")
        elif uri in self.found:
            self._leave_out(path, "Two file names are the same once their odd bytes are escaped; rename one.")
        else:
            self.found[uri] = FoundFile(path, uri, status.st_size, status.st_mtime_ns)

    def _leave_out(self, path: Path, reason: str, hides: bool = False) -> None:
        uri = uri_of(path, self._root)
        self.unread[uri] = Unread(uri, reason, hides)
