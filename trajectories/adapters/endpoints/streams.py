"""Connections of httpcore by asyncio itself: by anyio, its own way, each piece that is read or written takes twice the
time."""

import asyncio
import select
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore2

HELD_BYTES = 64 * 1024
"""So much that is written waits for more, or for an answer to be read, so that a call goes out in one piece."""

READ_AHEAD_BYTES = 256 * 1024
"""So much may have come before it is asked for; beyond that the other end waits."""


class AsyncioStream(asyncio.Protocol, httpcore2.AsyncNetworkStream):
    """One connection. What is written goes out when an answer is waited for, at the latest."""

    _transport: asyncio.Transport

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._held, self._came = bytearray(), bytearray()
        self._ended, self._paused = False, False
        self._fault: Exception | None = None
        self._comes: asyncio.Future[None] | None = None
        self._may_write = asyncio.Event()
        self._may_write.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The loop has connected it."""
        assert isinstance(transport, asyncio.Transport), transport
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Something has come."""
        self._came += data
        if len(self._came) > READ_AHEAD_BYTES and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        """Nothing more comes. The loop closes the connection, which can have no other call."""
        self._ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is closed, by a fault or without one."""
        self._ended, self._fault = True, exc
        self._wake()
        self._may_write.set()

    def pause_writing(self) -> None:
        """The other end reads more slowly than this one writes."""
        self._may_write.clear()

    def resume_writing(self) -> None:
        """It has caught up."""
        self._may_write.set()

    def _wake(self) -> None:
        if self._comes is not None and not self._comes.done():
            self._comes.set_result(None)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """The next bytes, none where the other end has closed. Raises ReadTimeout and ReadError."""
        self._send()
        if not self._came and not self._ended:
            self._comes = self._loop.create_future()
            if timeout is None:
                await self._comes
            else:
                with _faults(httpcore2.ReadTimeout, httpcore2.ReadError):
                    async with asyncio.timeout(timeout):
                        await self._comes
        data = bytes(self._came[:max_bytes])
        del self._came[:max_bytes]
        if self._paused and len(self._came) <= READ_AHEAD_BYTES:
            self._paused = False
            self._transport.resume_reading()
        if not data and self._fault is not None:
            raise httpcore2.ReadError(str(self._fault)) from self._fault
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write. Raises WriteTimeout and WriteError."""
        self._held += buffer
        if len(self._held) < HELD_BYTES:
            return
        self._send()
        with _faults(httpcore2.WriteTimeout, httpcore2.WriteError):
            async with asyncio.timeout(timeout):
                await self._may_write.wait()
        if self._fault is not None:
            raise httpcore2.WriteError(str(self._fault)) from self._fault

    def _send(self) -> None:
        if self._held:
            self._transport.write(bytes(self._held))
            self._held.clear()

    async def aclose(self) -> None:
        """Close at once: nothing is on its way over a connection that has had its last call."""
        self._transport.abort()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.AsyncNetworkStream:
        """The connection from here on under TLS. Raises ConnectTimeout and ConnectError."""
        try:
            with _faults(httpcore2.ConnectTimeout, httpcore2.ConnectError):
                async with asyncio.timeout(timeout):
                    begun = self._loop.start_tls(self._transport, self, ssl_context, server_hostname=server_hostname)
                    transport = await begun
        except BaseException:
            await self.aclose()
            raise
        assert transport is not None
        self._transport = transport
        return self

    def get_extra_info(self, info: str) -> Any:
        """What httpcore asks of a connection."""
        if info == "is_readable":
            return self._has_ended()
        names = {"client_addr": "sockname", "server_addr": "peername"}
        return self._transport.get_extra_info(names.get(info, info))

    def _has_ended(self) -> bool:
        """Whether a connection that waits for its next call was closed, or has something to say unasked."""
        if self._ended or self._came or self._transport.is_closing():
            return True
        poll = select.poll()
        poll.register(self._transport.get_extra_info("socket"), select.POLLIN)
        return bool(poll.poll(0))


class AsyncioNetwork(httpcore2.AsyncNetworkBackend):
    """Opens such connections."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to an address. Raises ConnectTimeout and ConnectError."""
        local = None if local_address is None else (local_address, 0)
        with _faults(httpcore2.ConnectTimeout, httpcore2.ConnectError):
            async with asyncio.timeout(timeout):
                loop = asyncio.get_running_loop()
                transport, stream = await loop.create_connection(AsyncioStream, host, port, local_addr=local)
        for option in socket_options or ():
            transport.get_extra_info("socket").setsockopt(*option)
        return stream

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


@contextmanager
def _faults(late: type[Exception], lost: type[Exception]) -> Iterator[None]:
    """Faults of the connection by httpcore's names: `late` where the time is over, `lost` for every other."""
    try:
        yield
    except TimeoutError as fault:
        raise late(str(fault)) from fault
    except OSError as fault:
        raise lost(str(fault)) from fault
