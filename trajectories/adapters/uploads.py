"""Files from outside: plain files, folders and zips as named documents, read within limits and never trusted by name.

Nothing is ever unpacked to disk. A zip is bounded by its number of entries, the size of its directory and the bytes
that really come out of it, whatever its headers claim.
"""

import gzip
import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Collection, Container
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath, PurePosixPath
from typing import IO, Self

import zstandard

from trajectories.adapters.parquet_rows import PARQUET_MARK, lines_of_parquet
from trajectories.core.problems import ImportFault, ProblemError
from trajectories.core.problems.documents import MAX_BYTES
from trajectories.core.problems.question_files import HEAD_BYTES, suffix_of
from trajectories.core.problems.question_files import SUFFIXES as QUESTION_SUFFIXES

MAX_ENTRIES = 20_000
MAX_EXPANDED = 512 * 1024 * 1024
MAX_RATIO = 100
"""Expanded to packed bytes of a whole zip, once it expands past what one document may hold. ARC tasks pack 10 to 40."""
MAX_DIRECTORY = 8 * 1024 * 1024
SUFFIXES = frozenset({".json"}) | QUESTION_SUFFIXES
READ = ", ".join(sorted(SUFFIXES))
"""The endings of names that are looked for in folders and zips, for people."""
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
GZIP_MARK, ZSTD_MARK = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
ARCHIVES = frozenset({".zip", ".gz", ".tgz", ".tar", ".bz2", ".xz", ".7z", ".rar", ".zst"})


@dataclass(frozen=True, slots=True)
class Document:
    """One file by name; `read` gives all its bytes, `head` its first HEAD_BYTES; both may raise ProblemError."""

    name: str
    read: Callable[[], bytes]
    head: Callable[[], bytes]


class ByteBudget:
    """The bytes that may still be read, of `total` in all."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.left = total

    def spend(self, size: int) -> None:
        """Take off what was read. Raises ProblemError when there was more than was left."""
        self.left -= size
        if self.left < 0:
            raise ProblemError("", f"found files that expand past {self.total >> 20} MB, expected less")


class OpenFiles:
    """The documents of some files, zips and folders, readable in any order until this context ends.

    `max_expanded` bounds the bytes read from all of them together.
    """

    def __init__(self, max_expanded: int = MAX_EXPANDED) -> None:
        self._budget = ByteBudget(max_expanded)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stack.close()

    def add_path(self, path: Path) -> list[Document | ImportFault]:
        """The documents of a file, a zip, or a folder (files of SUFFIXES), in the order of their names."""
        if path.is_dir():
            return self._add_folder(path) or [
                ImportFault(shown_path(path), "", f"found no file in this folder that is read ({READ})")
            ]
        if not path.is_file():
            return [ImportFault(shown_path(path), "", "found no file or folder of this name")]
        if path.suffix.lower() != ".zip":
            return [self.add_file(path)]
        try:
            return self.add_stream(self._stack.enter_context(path.open("rb")), shown_path(path))
        except OSError as fault:
            return [ImportFault(shown_path(path), "", f"cannot be read: {fault.strerror}")]

    def add_file(self, path: Path) -> Document:
        """A file as one document, whatever its name says; what is packed as gzip or Zstandard is unpacked."""
        return Document(shown_path(path), partial(self._read_path, path), partial(self._read_path, path, HEAD_BYTES))

    def _add_folder(self, path: Path) -> list[Document | ImportFault]:
        documents: list[Document | ImportFault] = []
        for folder, names, files in os.walk(path):
            names.sort()
            for name in sorted(files):
                inside = Path(folder) / name
                if suffix_of(name) in SUFFIXES and not is_litter(inside.relative_to(path)):
                    documents.append(self.add_file(inside))
        return documents

    def _read_path(self, path: Path, most: int | None = None) -> bytes:
        try:
            with path.open("rb") as stream:
                return self._read(stream) if most is None else _head(stream, most)
        except OSError as fault:
            raise ProblemError("", f"cannot be read: {fault.strerror}") from fault

    def add_stream(self, stream: IO[bytes], name: str) -> list[Document | ImportFault]:
        """The documents of an open, seekable file: itself, or what is inside if its name says it is a zip."""
        if PurePosixPath(name).suffix.lower() != ".zip":
            return [Document(name, partial(self._read_again, stream), partial(head_of, stream))]
        try:
            packed_size = check_directory(stream)
            archive = self._stack.enter_context(zipfile.ZipFile(stream))
        except ProblemError as fault:
            return [ImportFault(name, fault.path, fault.detail)]
        except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError) as fault:
            return [ImportFault(name, "", f"is no zip file that can be read ({_damage(fault)})")]
        entries = archive.infolist()
        if len(entries) > MAX_ENTRIES:
            detail = f"found {len(entries):,} files in the zip, expected at most {MAX_ENTRIES:,}"
            return [ImportFault(name, "", detail)]
        budget = ByteBudget(max(MAX_BYTES, MAX_RATIO * packed_size))
        return self._zip_documents(archive, entries, name, budget) or [
            ImportFault(name, "", f"found no file in this zip that is read ({READ})")
        ]

    def _zip_documents(
        self, archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], name: str, budget: ByteBudget
    ) -> list[Document | ImportFault]:
        documents: list[Document | ImportFault] = []
        for entry in sorted(entries, key=lambda entry: entry.filename):
            if reason := distrust(entry):
                documents.append(ImportFault(name, repr(entry.orig_filename[:200])[1:-1], reason))
            elif is_file_with(entry, SUFFIXES):
                read = partial(self._read_entry, archive, entry, budget)
                head = partial(self._read_entry, archive, entry, budget, HEAD_BYTES)
                documents.append(Document(f"{name}/{entry.filename}", read, head))
        return documents

    def _read_entry(
        self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, budget: ByteBudget, most: int | None = None
    ) -> bytes:
        try:
            with archive.open(entry) as stream:
                return self._read(stream, budget) if most is None else stream.read(most)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError) as fault:
            if isinstance(fault, ProblemError):
                raise
            raise ProblemError("", f"cannot be unpacked ({_damage(fault)}), expected a whole zip") from fault

    def _read_again(self, stream: IO[bytes]) -> bytes:
        """An open file from its beginning."""
        if stream.seekable():
            stream.seek(0)
        return self._read(stream)

    def _read(self, stream: IO[bytes], *budgets: ByteBudget) -> bytes:
        """Read to the end, holding at most one document's worth; what is packed counts unpacked, and Parquet as
        the lines of JSON that come of it."""
        bounds = [self._budget, *budgets]
        most = max(0, min(MAX_BYTES, *(budget.left for budget in bounds))) + 1
        data = _unpacked(stream, most)
        if data.startswith(PARQUET_MARK) and len(data) < most:
            data = lines_of_parquet(data, most)
        for budget in bounds:
            budget.spend(len(data))
        if len(data) > MAX_BYTES:
            raise ProblemError("", f"found more than {MAX_BYTES >> 20} MB in one document, expected less")
        return data


def _unpacked(stream: IO[bytes], most: int) -> bytes:
    """The next bytes of a stream, unpacked where they begin as gzip or Zstandard does. Raises ProblemError."""
    data = stream.read(most)
    if not data.startswith((GZIP_MARK, ZSTD_MARK)) or not stream.seekable():
        return data
    stream.seek(-len(data), os.SEEK_CUR)
    if data.startswith(ZSTD_MARK):
        unpacker = zstandard.ZstdDecompressor(max_window_size=2**27)
        try:
            return unpacker.stream_reader(stream, read_across_frames=True, closefd=False).read(most)
        except zstandard.ZstdError as fault:
            raise ProblemError("", "is no file of Zstandard that can be read (its data is damaged)") from fault
    try:
        with gzip.GzipFile(fileobj=stream) as packed:
            return packed.read(most)
    except (OSError, EOFError, zlib.error) as fault:
        raise ProblemError("", f"is no gzip file that can be read ({_damage(fault)})") from fault


def _head(stream: IO[bytes], most: int) -> bytes:
    try:
        return _unpacked(stream, most)
    except ProblemError:
        return b""


def head_of(stream: IO[bytes]) -> bytes:
    """How an open file begins, unpacked where it is packed; it is left at its beginning."""
    stream.seek(0)
    head = _head(stream, HEAD_BYTES)
    stream.seek(0)
    return head


def _damage(fault: Exception) -> str:
    """What is wrong with a packed file in its reader's words, where these say something to whoever packed it."""
    telling = zipfile.BadZipFile | gzip.BadGzipFile | EOFError | NotImplementedError
    return str(fault) if isinstance(fault, telling) else "its data is damaged"


def shown_path(path: Path) -> str:
    """A path as text that can be printed and stored, whatever bytes the file system has for it."""
    return os.fsencode(path).decode("utf-8", "replace").replace("\0", "\ufffd")


def distrust(entry: zipfile.ZipInfo, methods: Collection[int] = METHODS, archives: Collection[str] = ARCHIVES) -> str:
    """Why an entry is refused, or nothing; `methods` are the compressions that its reader knows, `archives` the endings
    of names by which it is refused as one."""
    name = entry.orig_filename
    if not name or "\0" in name or "\\" in name or name.startswith("/") or name[1:2] == ":":
        return "found an absolute or odd name in the zip, expected a relative path with forward slashes"
    if ".." in PurePosixPath(name).parts:
        return 'found ".." in a name in the zip, expected a path inside it'
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "found a symbolic link in the zip, expected a file"
    if entry.flag_bits & 1:
        return "found an encrypted file in the zip, expected one without a password"
    if entry.compress_type not in methods:
        return "found an unusual compression in the zip, expected deflate or none"
    if PurePosixPath(name).suffix.lower() in archives:
        return "found an archive inside the zip, expected plain files"
    return ""


def is_file_with(entry: zipfile.ZipInfo, suffixes: Container[str]) -> bool:
    """Whether an entry of a zip is a file with one of the suffixes, which nobody's desktop left behind."""
    path = PurePosixPath(entry.filename)
    return path.suffix.lower() in suffixes and not entry.is_dir() and not is_litter(path)


def is_litter(path: PurePath) -> bool:
    """What desktop systems leave behind: __MACOSX/ and hidden files. A way out of a zip is none: it is refused."""
    return any(part == "__MACOSX" or (part.startswith(".") and part != "..") for part in path.parts)


def check_directory(stream: IO[bytes], most: int = MAX_DIRECTORY) -> int:
    """Bound the zip's directory before zipfile reads it whole into memory; return the size of the file in bytes.

    Layout of the end record: APPNOTE.TXT 4.3.16; a ZIP64 locator (4.3.15) would stand right before it. Raises
    ProblemError.
    """
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - 65_557 - 20))
    tail = stream.read()
    stream.seek(0)
    end = tail.rfind(b"PK\5\6")
    if end < 0 or len(tail) - end < 22:
        raise ProblemError("", "is no whole zip (its end is missing): send it again, whole")
    directory = int.from_bytes(tail[end + 12 : end + 16], "little")
    if b"PK\6\7" in tail[max(0, end - 20) : end] or directory > most:
        raise ProblemError("", f"found a zip with a directory for far more than {MAX_ENTRIES:,} files, expected fewer")
    return size
