"""Connections to one endpoint over which calls go one after the other: HTTP/1.1 as h11 reads it, over the checked
network, with headers of our own and no others.

A call here takes a sixth of what it takes through the openai client and its pool of connections, which build, copy and
merge what every call of an endpoint shares.
"""

import asyncio
import ssl
import time
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from http import HTTPStatus

import h11
import httpcore2
import httpx2

from trajectories.adapters.endpoints import EndpointAccess, EndpointUrl
from trajectories.adapters.endpoints.network import CheckedNetwork, first_to_connect
from trajectories.core.completions.hidden_errors import Refusal

MAX_ERROR_BYTES = 64 * 1024
"""So much is read of an answer with an error status."""

CONNECT_SECONDS = 10.0
IDLE_SECONDS = 5.0
READ_BYTES = 64 * 1024
Headers = list[tuple[bytes, bytes]]


class RefusedError(Exception):
    """An answer with another status than OK."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"status {refusal.status}")
        self.refusal = refusal


def headers_of(url: EndpointUrl, key: str) -> Headers:
    """The headers that every call of an endpoint shares."""
    headers = [
        (b"Host", url.authority.encode()),
        (b"Accept", b"application/json, text/event-stream"),
        (b"Accept-Encoding", b"gzip, deflate"),
        (b"User-Agent", b"minicolumn"),
    ]
    return headers + ([(b"Authorization", f"Bearer {key}".encode())] if key else [])


@contextmanager
def faults_of_httpx() -> Iterator[None]:
    """Faults of the connection by the names that all clients of endpoints share."""
    try:
        yield
    except (
        httpcore2.TimeoutException,
        httpcore2.NetworkError,
        httpcore2.ProtocolError,
        httpcore2.ProxyError,
        httpcore2.UnsupportedProtocol,
    ) as fault:
        kind = next(kind for kind in type(fault).__mro__ if hasattr(httpx2, kind.__name__))
        raise getattr(httpx2, kind.__name__)(str(fault)) from fault


class Connections:
    """Connections to the endpoint at a URL; each call takes one that is free, or opens another. How many calls run at
    once is bounded by who makes them. Use within one event loop and close it there."""

    def __init__(self, url: EndpointUrl, key: str, access: EndpointAccess) -> None:
        self._url, self._headers = url, headers_of(url, key)
        self._network = CheckedNetwork(access.addresses)
        self._context = _tls() if url.scheme == "https" else None
        self._free: list[_Connection] = []

    async def post(self, path: str, content: bytes) -> AsyncGenerator[bytes, None]:
        """The body of the answer to JSON that is sent to a path below the URL, piece by piece as it comes.

        Raises RefusedError for a status other than OK, AccessError for an address that is not allowed, and
        httpx2.TransportError for what goes wrong on the way. Close it where it is not read to its end.
        """
        connection = self._take() or await self._open()
        is_whole = False
        try:
            await connection.send(f"{self._url.path}{path}", self._headers, content)
            answer = await connection.answer()
            pieces = connection.pieces(answer)
            if answer.status_code != HTTPStatus.OK:
                raise RefusedError(await _refusal(answer, pieces))
            async for piece in pieces:
                yield piece
            is_whole = connection.begin_again()
        finally:
            if is_whole:
                self._free.append(connection)
            else:
                connection.abort()

    async def close(self) -> None:
        """Close the connections that are free."""
        while self._free:
            await self._free.pop().aclose()

    def _take(self) -> "_Connection | None":
        """A free connection; those that the endpoint has closed, or may close any moment, are let go."""
        while self._free:
            connection = self._free.pop()
            if connection.is_open(IDLE_SECONDS):
                return connection
            connection.abort()
        return None

    async def _open(self) -> "_Connection":
        url = self._url
        try:
            with faults_of_httpx():
                async with asyncio.timeout(CONNECT_SECONDS):
                    addresses = await self._network.allowed(url.host, url.port)
                    return await first_to_connect(
                        [partial(_Connection.open, each, url, self._context) for each in addresses]
                    )
        except TimeoutError as fault:
            raise httpx2.ConnectTimeout("no connection in time") from fault
        except OSError as fault:
            raise httpx2.ConnectError(str(fault)) from fault


class _Connection:
    """One connection, and how far the exchange on it is."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._protocol = h11.Connection(h11.CLIENT)
        self._free_since = time.monotonic()

    @classmethod
    async def open(cls, address: str, url: EndpointUrl, context: ssl.SSLContext | None) -> "_Connection":
        """A connection to one address of the URL's host. Raises OSError."""
        name = None if context is None else url.host
        return cls(*await asyncio.open_connection(address, url.port, ssl=context, server_hostname=name))

    def is_open(self, seconds: float) -> bool:
        """Whether the other end has not closed it, and it was used within so many seconds."""
        is_fresh = time.monotonic() - self._free_since < seconds
        return is_fresh and not self._reader.at_eof() and not self._writer.transport.is_closing()

    async def send(self, target: str, headers: Headers, content: bytes) -> None:
        """Send a request."""
        for event in (_request(target, tuple(headers), len(content)), h11.Data(content), h11.EndOfMessage()):
            self._writer.write(self._protocol.send(event) or b"")
        try:
            await self._writer.drain()
        except OSError:
            return  # it may have said why before it closed

    async def answer(self) -> h11.Response:
        """The status and headers of the answer. Raises httpx2.TransportError."""
        while True:
            event = await self._next()
            if isinstance(event, h11.Response):
                return event

    async def pieces(self, answer: h11.Response) -> AsyncIterator[bytes]:
        """What comes after the headers, as it was before it was compressed. Raises httpx2.TransportError."""
        unpack = _Unpacker(next((value for name, value in answer.headers if name == b"content-encoding"), b""))
        while True:
            event = await self._next()
            if isinstance(event, h11.EndOfMessage):
                return
            if isinstance(event, h11.Data):
                for piece in unpack.pieces(bytes(event.data)):
                    yield piece

    async def _next(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        try:
            while (event := self._protocol.next_event()) is h11.NEED_DATA:
                data = await self._reader.read(READ_BYTES)
                if not data and self._protocol.their_state == h11.SEND_RESPONSE:
                    raise httpx2.RemoteProtocolError("Server disconnected without sending a response.")
                self._protocol.receive_data(data)
        except h11.RemoteProtocolError as fault:
            raise httpx2.RemoteProtocolError(str(fault)) from fault
        except OSError as fault:
            raise httpx2.ReadError(str(fault)) from fault
        return event

    def begin_again(self) -> bool:
        """Be ready for the next exchange; False where the connection has had its last one."""
        if self._protocol.our_state != h11.DONE or self._protocol.their_state != h11.DONE:
            return False
        self._protocol.start_next_cycle()
        self._free_since = time.monotonic()
        return True

    def abort(self) -> None:
        """Close it at once."""
        self._writer.transport.abort()

    async def aclose(self) -> None:
        """Close it at once."""
        self.abort()


@lru_cache(maxsize=64)
def _request(target: str, headers: tuple[tuple[bytes, bytes], ...], length: int) -> h11.Request:
    """A request with a body of so many bytes. Calls of one prompt differ in a few digits, and so seldom in length."""
    of_body = [(b"Content-Type", b"application/json"), (b"Content-Length", str(length).encode())]
    return h11.Request(method="POST", target=target, headers=[*headers, *of_body])


class _Unpacker:
    """Takes off the compression that an answer names; any other is left as it is."""

    def __init__(self, encoding: bytes) -> None:
        self._is_deflate = encoding.strip().lower() == b"deflate"
        is_packed = self._is_deflate or encoding.strip().lower() in (b"gzip", b"x-gzip")
        # 32: the head of gzip or of zlib, whichever comes.
        self._stream = zlib.decompressobj(zlib.MAX_WBITS | 32) if is_packed else None

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """The data unpacked, at most READ_BYTES at a time: a little may become very much. Raises
        httpx2.DecodingError."""
        if self._stream is None:
            yield data
            return
        while data:
            try:
                piece = self._unpack(data)
            except zlib.error as fault:
                raise httpx2.DecodingError(str(fault)) from fault
            data = self._stream.unconsumed_tail
            if piece:
                yield piece

    def _unpack(self, data: bytes) -> bytes:
        assert self._stream is not None
        try:
            return self._stream.decompress(data, READ_BYTES)
        except zlib.error:
            if not self._is_deflate:
                raise
            # Some send what zlib calls raw where the standard says deflate.
            self._is_deflate, self._stream = False, zlib.decompressobj(-zlib.MAX_WBITS)
            return self._stream.decompress(data, READ_BYTES)


async def _refusal(answer: h11.Response, pieces: AsyncIterator[bytes]) -> Refusal:
    """An answer that is none, with the beginning of what it says."""
    parts, size = [], 0
    async for piece in pieces:
        parts.append(piece)
        size += len(piece)
        if size > MAX_ERROR_BYTES:
            break
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in answer.headers}
    return Refusal(answer.status_code, headers, b"".join(parts).decode("utf-8", errors="replace"))


def _tls() -> ssl.SSLContext:
    context = httpx2.create_ssl_context()
    context.set_alpn_protocols(["http/1.1"])
    return context
