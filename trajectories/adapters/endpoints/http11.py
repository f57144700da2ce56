"""HTTP/1.1 over one connection, one call after the other. Answers are read by httptools, which is llhttp of Node.js: by
httpcore and h11, which are Python, heads and bodies took a third of what a whole call takes."""

import re
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus

import httpcore2
import httptools

READ_BYTES = 256 * 1024
"""So much of an answer is read at once."""

MAX_HEAD_BYTES = 100 * 1024
"""Status and headers of an answer are no longer."""

SHOWN_BYTES = 200
"""So much of what is no HTTP is told to who may see what came."""

Headers = list[tuple[bytes, bytes]]

_LENIENCIES = dict.fromkeys(
    (
        "lenient_headers",
        "lenient_chunked_length",
        "lenient_optional_cr_before_lf",
        "lenient_spaces_after_chunk_size",
    ),
    True,
)
"""Servers write lines that end in LF alone, fold headers, and give the length of what comes in chunks. To read that is
dangerous where an answer of one is passed on to another; here a connection serves one endpoint and nobody else."""

_HEADER = re.compile(
    rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+: (?:[\x21-\x7e\x80-\xff](?:[\t \x21-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?"
)
_LENGTHS = {b"content-length", b"transfer-encoding"}
_TARGET = re.compile(rb"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class Call:
    """What is sent. `target` is the path as it is asked for; `timeouts` may say how many seconds to `connect`, for each
    `read` and for each `write`, and what it leaves out has no limit."""

    method: str
    target: bytes
    headers: Headers
    content: bytes | AsyncIterable[bytes]
    timeouts: Mapping[str, float | None]

    def head(self) -> bytes:
        """The first line and the headers. Raises httpcore2.LocalProtocolError for what would be read as something else,
        and repeats nothing of it, since it may be a key."""
        if not _TARGET.fullmatch(self.target):
            raise httpcore2.LocalProtocolError("Found a path with other characters than an address has.")
        lines = [name + b": " + value for name, value in self.headers]
        for number, line in enumerate(lines, start=1):
            if not _HEADER.fullmatch(line):
                raise httpcore2.LocalProtocolError(f"Found characters in header {number} that no header may have.")
        return b"\r\n".join((self.method.encode() + b" " + self.target + b" HTTP/1.1", *lines, b"", b""))


class Connection:
    """One connection to an endpoint, opened and checked by who gives the stream."""

    def __init__(
        self, stream: httpcore2.AsyncNetworkStream, idle_seconds: float, release: Callable[["Connection"], None]
    ) -> None:
        """`release` is told when the connection can have another call."""
        self._stream, self._idle_seconds, self._release = stream, idle_seconds, release
        self._parser = httptools.HttpResponseParser(self)
        self._parser.set_dangerous_leniencies(**_LENIENCIES)
        self._idle_until = 0.0
        self._is_broken = self._stays_open = False
        self._begin()

    def _begin(self) -> None:
        self.headers: Headers = []
        self._parts: list[bytes] = []
        self._head_size = self._status = 0
        self._has_head = self._is_whole = False

    def has_expired(self) -> bool:
        """Whether a free one has waited for too long, was closed, or has something to say unasked."""
        return time.monotonic() > self._idle_until or bool(self._stream.get_extra_info("is_readable"))

    async def send(self, call: Call) -> "Answer":
        """Send, and wait for the head of the answer. Raises httpcore2's ReadError, ReadTimeout, WriteTimeout and
        RemoteProtocolError; the connection is closed then."""
        self._begin()
        try:
            with suppress(httpcore2.WriteError):  # who closes before all was sent may have said why
                await self._write(call, call.head())
            while not self._has_head:
                await self._read(call.timeouts.get("read"))
        except BaseException:
            await self.aclose()
            raise
        return Answer(self, self._status, self.headers, call.timeouts.get("read"))

    async def _write(self, call: Call, head: bytes) -> None:
        timeout = call.timeouts.get("write")
        await self._stream.write(head, timeout)
        if isinstance(call.content, bytes):
            await self._stream.write(call.content, timeout)
            return
        async for part in call.content:
            await self._stream.write(part, timeout)

    async def next_parts(self, timeout: float | None) -> list[bytes]:
        """What has come of the body since; none where all of it has. Raises as `send`, without closing."""
        while not self._parts and not self._is_whole:
            await self._read(timeout)
        parts, self._parts = self._parts, []
        return parts

    async def _read(self, timeout: float | None) -> None:
        data = await self._stream.read(READ_BYTES, timeout)
        if not data:
            self._end()
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as fault:
            self._is_broken = True
            if not self._is_whole:
                raise httpcore2.RemoteProtocolError(f"Found no HTTP in {data[:SHOWN_BYTES]!r}.") from fault
        if not self._has_head:
            self._head_size += len(data)
            if self._head_size > MAX_HEAD_BYTES:
                raise httpcore2.RemoteProtocolError(f"The head is longer than {MAX_HEAD_BYTES // 1024} kB.")

    def _end(self) -> None:
        """The other side has closed, which ends a body that says nothing of its length."""
        self._is_broken = True
        if not self._has_head:
            raise httpcore2.RemoteProtocolError("It was closed without sending an answer.")
        names = {name.lower(): value.lower() for name, value in self.headers}
        if b"content-length" in names or b"chunked" in names.get(b"transfer-encoding", b""):
            raise httpcore2.RemoteProtocolError("It was closed in the middle of the answer.")
        self._is_whole = True

    async def end_call(self) -> None:
        """The call is over: the connection can have another one, or is closed."""
        if self._is_whole and self._stays_open and not self._is_broken:
            self._idle_until = time.monotonic() + self._idle_seconds
            self._release(self)
        else:
            await self.aclose()

    async def aclose(self) -> None:
        """Close it."""
        await self._stream.aclose()

    # What the parser calls.

    def on_message_begin(self) -> None:
        """An answer begins; a second one to the same call is none."""
        if self._is_whole:
            self._is_broken = True
        else:
            self.headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header; what comes behind a body is none."""
        if not self._has_head:
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is there. After one that only says to wait (103 and the like) comes another."""
        if not self._has_head:
            self._status = self._parser.get_status_code()
            self._has_head = self._status >= HTTPStatus.OK

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        if not self._is_broken:
            self._parts.append(body)

    def on_message_complete(self) -> None:
        """The answer is whole."""
        self._is_whole = self._has_head
        # What says two things of its length may end where its sender thinks that it goes on.
        is_plain = len({name.lower() for name, _ in self.headers} & _LENGTHS) < len(_LENGTHS)
        self._stays_open = is_plain and self._parser.should_keep_alive()


class Answer:
    """The answer to a call, whose body is still to come. Once it is closed, the connection can have another call."""

    def __init__(self, connection: Connection, status: int, headers: Headers, timeout: float | None) -> None:
        self.status, self.headers = status, headers
        self._connection, self._timeout = connection, timeout
        self._is_closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while parts := await self._connection.next_parts(self._timeout):
            for part in parts:
                yield part

    async def aclose(self) -> None:
        """Close it; a connection whose answer was not read to its end is closed with it."""
        if not self._is_closed:
            self._is_closed = True
            await self._connection.end_call()
