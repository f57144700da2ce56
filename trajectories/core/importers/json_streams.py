"""One JSON document of any size, value by value: the elements of its list, or the values of its object.

Only the value that is asked for is in memory. Where it ends is found by its brackets and strings alone; whether it is
JSON is for its parser to say.
"""

import re
from collections.abc import Iterator
from typing import IO

from trajectories.core.problems import ProblemError

CHUNK = 1024 * 1024
_SPACE = re.compile(rb"[ \t\r\n]*+")
_PLAIN = re.compile(rb'(?:[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)
"""Everything but brackets, and whole strings."""
_IN_STRING = re.compile(rb"(?:[^\"\\]++|\\.)*+", re.DOTALL)
_SCALAR = re.compile(rb"[^,\[\]{}:\"\s]*+")
MARK = b"\xef\xbb\xbf"
END = b""
OPENING = (b"[", b"{")
SIGNS = (*OPENING, b"]", b"}", b'"')


class JsonStream:
    """A document that is read from its beginning. `most` is how many bytes one value may have.

    Every method raises ProblemError where the document is none, or ends too early.
    """

    def __init__(self, stream: IO[bytes], most: int) -> None:
        self._stream, self._most = stream, most
        self._buffer, self._at = b"", 0
        self._fill(0)
        if self._buffer.startswith(MARK):
            self._at = len(MARK)

    def peek(self) -> bytes:
        """The next byte that is no space; END at the end of the file."""
        while True:
            found = _SPACE.match(self._buffer, self._at)
            self._at = self._at if found is None else found.end()
            if self._at < len(self._buffer):
                return self._buffer[self._at : self._at + 1]
            if not self._fill(self._at):
                return END

    def expect(self, *signs: bytes) -> bytes:
        """Take the next sign, one of these. Raises ProblemError for another."""
        found = self.peek()
        if found not in signs:
            shown = repr(found.decode("utf-8", "replace")) if found else "the end of the file"
            raise ProblemError("", f"found {shown}, expected {' or '.join(sign.decode() for sign in signs)}")
        self._at += 1
        return found

    def elements(self) -> Iterator[bytes | None]:
        """The values of a list, from its bracket on, as they are written; None for one that is too long."""
        self.expect(b"[")
        if self.peek() == b"]":
            self._at += 1
            return
        while True:
            yield self.value()
            if self.expect(b",", b"]") == b"]":
                return

    def object_keys(self) -> Iterator[bytes]:
        """The keys of an object, from its bracket on, as they are written. Whoever asks for them takes each value
        before the next key: with `value` or `elements`."""
        self.expect(b"{")
        if self.peek() == b"}":
            self._at += 1
            return
        while True:
            if self.peek() != b'"':
                self.expect(b'"')
            key = self.value() or b'""'
            self.expect(b":")
            yield key
            if self.expect(b",", b"}") == b"}":
                return

    def value(self) -> bytes | None:
        """One value as it is written; None, and passed over, where it is longer than it may be."""
        self.peek()
        return _Scan(self).run()

    def _fill(self, keep: int) -> bool:
        """Read on; what stands before `keep` is dropped. Whether there was more."""
        rest = self._buffer[keep:]
        more = self._stream.read(max(CHUNK, len(rest)))
        self._buffer, self._at = rest + more, self._at - keep
        return bool(more)


class _Scan:
    """Finds the end of the value that begins where a stream stands."""

    def __init__(self, stream: JsonStream) -> None:
        self._of, self._start, self._dropped = stream, stream._at, False
        self._depth, self._in_string, self._in_scalar = 0, False, False

    def run(self) -> bytes | None:
        """The value; None where it is too long. Raises ProblemError where the file ends inside of it."""
        while not self._step():
            pass
        stream = self._of
        if self._dropped:
            return None
        found = stream._buffer[self._start : stream._at]
        return found if len(found) <= stream._most else None

    def _step(self) -> bool:
        """Read as far as the buffer goes; whether the value is over."""
        stream = self._of
        if self._in_string:
            found = _IN_STRING.match(stream._buffer, stream._at)
            stream._at = stream._at if found is None else found.end()
            if stream._buffer[stream._at : stream._at + 1] != b'"':
                return self._more()
            stream._at += 1
            self._in_string = False
            return self._depth == 0
        if self._depth:
            found = _PLAIN.match(stream._buffer, stream._at)
            stream._at = stream._at if found is None else found.end()
        sign = stream._buffer[stream._at : stream._at + 1]
        if not sign and not self._in_scalar:
            return self._more()
        if sign in SIGNS and not self._in_scalar:
            return self._sign(sign)
        self._in_scalar = True
        found = _SCALAR.match(stream._buffer, stream._at)
        stream._at = stream._at if found is None else found.end()
        return stream._at < len(stream._buffer) or not self._goes_on()

    def _sign(self, sign: bytes) -> bool:
        self._of._at += 1
        if sign == b'"':
            self._in_string = True
            return False
        self._depth += 1 if sign in OPENING else -1
        if self._depth < 0:
            raise ProblemError("", f"found {sign.decode()!r}, expected a value")
        return self._depth == 0

    def _more(self) -> bool:
        """Read on. Raises ProblemError where there is no more."""
        if not self._goes_on():
            raise ProblemError("", "found the end of the file inside of a value, expected a whole JSON document")
        return False

    def _goes_on(self) -> bool:
        """Read on, and keep what was read of the value unless it is too long; whether there was more."""
        stream = self._of
        self._dropped = self._dropped or stream._at - self._start > stream._most
        keep = stream._at if self._dropped else self._start
        self._start = 0
        return stream._fill(keep)
