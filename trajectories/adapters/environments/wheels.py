"""Wheels: installable packages of Python, written piece by piece; the same files give the same bytes."""

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterable, Iterator

TIME = (2020, 1, 1, 0, 0, 0)
"""What every file in a wheel is dated: nothing of when it was made is in it."""

FILE_MODE = 0o100644


def wheel_chunks(
    *, name: str, version: str, metadata: str, files: Iterable[tuple[str, Iterable[bytes]]]
) -> Iterator[bytes]:
    """The bytes of a wheel (binary distribution format 1.0), with its `files` (path, content) in the order given.

    `name` is the distribution's name in its normal form, with underscores. At no time is more of it in memory than one
    piece of one file.
    """
    info = f"{name}-{version}.dist-info"
    wheel = "Wheel-Version: 1.0\nGenerator: minicolumn\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    sink = _Sink()
    records: list[str] = []
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in ((f"{info}/METADATA", metadata), (f"{info}/WHEEL", wheel)):
            data = text.encode()
            archive.writestr(_entry(path), data)
            records.append(_record(path, hashlib.sha256(data).digest(), len(data)))
        for path, content in files:
            digest, size = hashlib.sha256(), 0
            with archive.open(_entry(path), "w", force_zip64=True) as member:
                for chunk in content:
                    member.write(chunk)
                    digest.update(chunk)
                    size += len(chunk)
                    yield from sink.taken()
            records.append(_record(path, digest.digest(), size))
        archive.writestr(_entry(f"{info}/RECORD"), "\n".join([*records, f"{info}/RECORD,,", ""]))
    yield from sink.taken()


def wheel_filename(name: str, version: str) -> str:
    """What a wheel is called; installers read name and version from it."""
    return f"{name}-{version}-py3-none-any.whl"


def _entry(path: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(path, TIME)
    entry.compress_type, entry.external_attr, entry.create_system = zipfile.ZIP_DEFLATED, FILE_MODE << 16, 3
    return entry


def _record(path: str, digest: bytes, size: int) -> str:
    encoded = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return f"{path},sha256={encoded},{size}"


class _Sink(io.RawIOBase):
    """A stream that cannot be sought in: what is written to it is taken from it."""

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, data: object) -> int:
        """Keep the bytes until they are taken."""
        taken = bytes(data)  # type: ignore[call-overload]
        self._written.append(taken)
        return len(taken)

    def taken(self) -> Iterator[bytes]:
        """What was written since, in one piece; nothing where nothing was."""
        data, self._written = b"".join(self._written), []
        if data:
            yield data
