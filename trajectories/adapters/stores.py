"""Where finished files are: a folder, or what Django calls a storage, such as a bucket of S3.

A file appears whole or not at all. What is written goes to a folder here first and only then to where it belongs.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage

from trajectories.adapters.acting import name_of
from trajectories.adapters.files import CHUNK, WrittenFile, write_whole


class StoreError(OSError):
    """The store does not do what it was asked for; the message says what went wrong, without any key."""


class FileStore(Protocol):
    """Finished files by name."""

    def put(self, name: str, chunks: Iterable[bytes]) -> WrittenFile:
        """Write a file, in place of one of that name. Raises OSError, and whatever `chunks` raises."""
        ...

    def has(self, name: str) -> bool:
        """Whether there is a file of that name. Raises StoreError."""
        ...

    def read(self, name: str, start: int, length: int) -> Iterator[bytes]:
        """So many bytes of a file from a place on. Raises FileNotFoundError, StoreError, before the first bytes."""
        ...

    def drop(self, name: str) -> None:
        """Delete a file; one that is not there is no error. Raises StoreError."""
        ...


class FolderStore:
    """Files of a folder of this machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, name: str, chunks: Iterable[bytes]) -> WrittenFile:
        """See FileStore."""
        return write_whole(self._folder / name, chunks)

    def has(self, name: str) -> bool:
        """See FileStore."""
        return (self._folder / name).is_file()

    def read(self, name: str, start: int, length: int) -> Iterator[bytes]:
        """See FileStore."""
        file = (self._folder / name).open("rb")
        file.seek(start)
        return _pieces(file, length)

    def drop(self, name: str) -> None:
        """See FileStore."""
        (self._folder / name).unlink(missing_ok=True)


class RemoteStore:
    """Files of a Django storage elsewhere; `folder` is where a file is written before it goes there. The files of each
    project are under its own name there.

    `save` of a storage for S3 sends a file in one piece, or in parts that become a file with the last one: nobody ever
    sees half of it. Django's own way of writing in place would store what a writer that failed has left half-written.
    """

    def __init__(self, storage: Storage, folder: Path) -> None:
        self._storage, self._folder = storage, folder

    def put(self, name: str, chunks: Iterable[bytes]) -> WrittenFile:
        """See FileStore."""
        aside, name = self._folder / f"{name}.sending", name_of(name)
        try:
            written = write_whole(aside, chunks)
            with aside.open("rb") as file, _told("stored"):
                stored = self._storage.save(name, File(file))
            if stored != name:
                # A storage that keeps what is there gives another name: what is asked for later is this one.
                self._storage.delete(stored)
                raise StoreError(f"The storage kept another file as {name}: expected one that overwrites.")
        finally:
            aside.unlink(missing_ok=True)
        return written

    def has(self, name: str) -> bool:
        """See FileStore."""
        with _told("looked for"):
            return self._storage.exists(name_of(name))

    def read(self, name: str, start: int, length: int) -> Iterator[bytes]:
        """See FileStore."""
        name = name_of(name)
        bucket: Any = getattr(self._storage, "bucket", None)
        with _told("read"):
            if bucket is None:
                file: Any = self._storage.open(name, "rb")
                file.seek(start)
                return _pieces(file, length)
            # Opened as a file, all of an object is fetched for its first byte.
            key = f"{self._storage.location}/{name}".lstrip("/")  # type: ignore[attr-defined]
            answer = bucket.Object(key).get(Range=f"bytes={start}-{start + length - 1}") if length else None
        return iter(()) if answer is None else _of_body(answer["Body"])

    def drop(self, name: str) -> None:
        """See FileStore."""
        with _told("deleted"):
            self._storage.delete(name_of(name))


def open_store(storage: Storage, folder: Path) -> FileStore:
    """The store of a Django storage: the folder where it is one of this machine."""
    return FolderStore(folder) if isinstance(storage, FileSystemStorage) else RemoteStore(storage, folder)


class _told:  # noqa: N801 (read as a statement)
    """Turns what a storage raises into a StoreError: its libraries have errors of their own, some with addresses that
    are signed with a key."""

    def __init__(self, done: str) -> None:
        self._done = done

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is None or not isinstance(error, Exception) or isinstance(error, StoreError):
            return
        answer = getattr(error, "response", None)
        code = answer.get("Error", {}).get("Code", "") if isinstance(answer, dict) else ""
        if isinstance(error, FileNotFoundError) or code in ("NoSuchKey", "404"):
            raise FileNotFoundError("The storage has no such file.") from None
        raise StoreError(
            f"The file could not be {self._done} in the storage: {code or type(error).__name__}."
        ) from None


def _pieces(file: Any, length: int) -> Iterator[bytes]:
    with file:
        while length > 0 and (chunk := file.read(min(CHUNK, length))):
            length -= len(chunk)
            yield chunk


def _of_body(body: Any) -> Iterator[bytes]:
    try:
        yield from body.iter_chunks(CHUNK)
    finally:
        with suppress(Exception):
            body.close()
