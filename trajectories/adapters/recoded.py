"""Text files as the readers of rows expect them: UTF-8, with a line feed at the end of a line."""

import codecs
import io
from collections.abc import Callable
from typing import IO, Any

from trajectories.adapters.reread import Reread
from trajectories.core.problems import ProblemError

CHUNK = 1024 * 1024
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""How files of other encodings begin; the longer marks first, since one begins like a shorter one."""
Recode = Callable[[bytes, bool], bytes]
"""What becomes of the next bytes, which are the last or not."""


def as_text(stream: IO[bytes], most: int) -> IO[bytes]:
    """A seekable text file from its beginning on, as UTF-8 with line feeds, where its byte order mark names another
    encoding, or the first `most` bytes part their lines by carriage returns alone."""
    stream.seek(0)
    head = stream.read(4)
    encoding = next((name for mark, name in MARKS if head.startswith(mark)), "")
    found: Any = io.BufferedReader(_Recoded(stream, lambda: _decoding(encoding)), CHUNK) if encoding else stream
    if _parts_by_returns(found, most):
        found = io.BufferedReader(_Recoded(found, lambda: _with_line_feeds), CHUNK)
    found.seek(0)
    return found  # type: ignore[no-any-return]


def _decoding(encoding: str) -> Recode:
    """From an encoding that a byte order mark names. Raises ProblemError for what is none of it."""
    decoder = codecs.getincrementaldecoder(encoding)()

    def recode(data: bytes, is_last: bool) -> bytes:
        try:
            return decoder.decode(data, is_last).encode()
        except UnicodeError as fault:
            name = encoding.upper()
            raise ProblemError("", f"found bytes that are no {name}, expected {name} as the mark says") from fault

    return recode


def _with_line_feeds(data: bytes, _is_last: bool) -> bytes:
    return data.replace(b"\r", b"\n")


def _parts_by_returns(stream: IO[bytes], most: int) -> bool:
    """Whether the first line of a file ends with a carriage return that no line feed follows."""
    stream.seek(0)
    read = 0
    while read < most and (data := stream.read(CHUNK)):
        read += len(data)
        at, feed = data.find(b"\r"), data.find(b"\n")
        if at >= 0 and (feed < 0 or at < feed):
            return (data[at + 1 : at + 2] or stream.read(1)) != b"\n"
        if feed >= 0:
            return False
    return False


class _Recoded(Reread):
    """A file as it is recoded while it is read."""

    def __init__(self, stream: IO[bytes], recoder: Callable[[], Recode]) -> None:
        self._stream, self._recoder = stream, recoder
        super().__init__()

    def begin(self) -> None:
        """See Reread."""
        self._stream.seek(0)
        self._recode = self._recoder()
        self._left, self._is_over = b"", False

    def fill(self, buffer: Any) -> int:
        """See Reread. Raises ProblemError for bytes that are none of the encoding."""
        while not self._left and not self._is_over:
            data = self._stream.read(CHUNK)
            self._is_over = not data
            self._left = self._recode(data, self._is_over)
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count
