"""Connections that stay open: what comes and goes over them, and which of them are used again."""

import asyncio
import ssl
import struct
from collections.abc import Awaitable, Callable
from socket import SO_LINGER, SOL_SOCKET

import httpcore2
import pytest

from tests.endpoint import access_to
from trajectories.adapters.endpoints import streams
from trajectories.adapters.endpoints.http11 import Call
from trajectories.adapters.endpoints.pools import FreeConnections
from trajectories.adapters.endpoints.streams import AsyncioNetwork
from trajectories.adapters.endpoints.urls import EndpointUrl

Served = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Used = Callable[[int], Awaitable[None]]


def over(served: Served, use: Used, **options) -> None:
    """Use a server at a port of this machine, within some seconds."""

    async def both():
        async with await asyncio.start_server(served, "127.0.0.1", 0, **options) as server:
            await asyncio.wait_for(use(server.sockets[0].getsockname()[1]), 20)

    asyncio.run(both())


async def open_stream(port: int) -> httpcore2.AsyncNetworkStream:
    return await AsyncioNetwork().connect_tcp("127.0.0.1", port, 5.0)


def test_what_is_written_goes_out_when_an_answer_is_waited_for():
    async def echo(reader, writer):
        writer.write(await reader.readexactly(6))
        writer.close()

    async def use(port):
        stream = await open_stream(port)
        await stream.write(b"one")
        await stream.write(b"two")
        assert await stream.read(4, 5.0) == b"onet"
        assert await stream.read(4, 5.0) == b"wo"
        assert await stream.read(4, 5.0) == b""
        assert stream.get_extra_info("is_readable")
        await stream.aclose()

    over(echo, use)


def test_much_goes_both_ways_though_neither_side_reads_all_at_once(monkeypatch):
    monkeypatch.setattr(streams, "READ_AHEAD_BYTES", 4096)
    size = 4 * 1024 * 1024

    async def echo(reader, writer):
        await asyncio.sleep(0.1)
        data = await reader.readexactly(size)
        writer.write(data)
        await writer.drain()
        writer.close()

    async def use(port):
        stream = await open_stream(port)
        sent = bytes(range(256)) * (size // 256)
        for start in range(0, size, 100_000):
            await stream.write(sent[start : start + 100_000], 10.0)
        came = b""
        while part := await stream.read(1_000_000, 10.0):
            came += part
        assert came == sent

    over(echo, use)


def test_who_says_nothing_is_late_and_who_breaks_off_is_lost():
    async def break_off(reader, writer):
        await reader.readexactly(3)
        # Closed so, it is reset and not ended.
        writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    async def use(port):
        stream = await open_stream(port)
        with pytest.raises(httpcore2.ReadTimeout):
            await stream.read(1, 0.05)
        await stream.write(b"now")
        with pytest.raises(httpcore2.ReadError):
            await stream.read(1, 5.0)

    over(break_off, use)


def test_nobody_listens():
    async def use(port):
        with pytest.raises(httpcore2.ConnectError) as caught:
            await open_stream(1)
        assert isinstance(caught.value.__cause__, ConnectionRefusedError)

    async def silent(reader, writer):
        pass

    over(silent, use)


def server_context(certificate) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


async def echo_line(reader, writer):
    writer.write(await reader.readline())
    await writer.drain()
    writer.close()


def test_tls_is_spoken_with_who_has_the_certificate_of_the_name(certificate):
    async def use(port):
        trusting = ssl.create_default_context(cafile=str(certificate))
        stream = await (await open_stream(port)).start_tls(trusting, "localhost", 5.0)
        assert stream.get_extra_info("ssl_object").version().startswith("TLS")
        await stream.write(b"hello\n")
        assert await stream.read(100, 5.0) == b"hello\n"
        assert await stream.read(100, 5.0) == b""

    over(echo_line, use, ssl=server_context(certificate))


def test_tls_is_not_spoken_under_another_name_nor_by_a_certificate_of_nobody(certificate):
    async def use(port):
        for context, name in (
            (ssl.create_default_context(cafile=str(certificate)), "models.example"),
            (ssl.create_default_context(), "localhost"),
        ):
            with pytest.raises(httpcore2.ConnectError) as caught:
                await (await open_stream(port)).start_tls(context, name, 5.0)
            assert isinstance(caught.value.__cause__, ssl.SSLCertVerificationError)

    over(echo_line, use, ssl=server_context(certificate))


def calls_to(port: int, idle_seconds: float = 5.0) -> tuple[FreeConnections, Call]:
    url = EndpointUrl("http", "127.0.0.1", port, "")
    call = Call("GET", b"/", [(b"Host", b"here")], b"", {})
    return FreeConnections(url, access_to(), None, idle_seconds=idle_seconds), call


def answering(*, closes: bool = False, half: bool = False) -> tuple[list[int], Served]:
    """(the ports that calls came from, a server that answers each with two bytes, or with one of them only)."""
    ports: list[int] = []

    async def serve(reader, writer):
        while await reader.readline():
            while (await reader.readline()).strip():
                pass
            ports.append(writer.get_extra_info("peername")[1])
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + (b"o" if half else b"ok"))
            await writer.drain()
            if closes:
                break
        writer.close()

    return ports, serve


async def ask(connections: FreeConnections, call: Call) -> bytes:
    answer = await connections.send(call)
    body = b"".join([part async for part in answer])
    await answer.aclose()
    return body


def test_a_connection_has_one_call_after_the_other():
    ports, serve = answering()

    async def use(port):
        connections, call = calls_to(port)
        for _ in range(3):
            assert await ask(connections, call) == b"ok"
        assert len(set(ports)) == 1
        await asyncio.gather(*(ask(connections, call) for _ in range(3)))
        assert len(set(ports)) == 3, "calls at the same time have connections of their own"
        await connections.aclose()

    over(serve, use)


def test_a_connection_is_not_used_again_once_it_was_closed_or_has_waited_for_long():
    for closes, idle_seconds in ((True, 5.0), (False, 0.01)):
        ports, serve = answering(closes=closes)

        async def use(port, ports=ports, idle_seconds=idle_seconds):
            connections, call = calls_to(port, idle_seconds)
            for _ in range(3):
                assert await ask(connections, call) == b"ok"
                await asyncio.sleep(0.05)
            assert len(set(ports)) == 3
            await connections.aclose()

        over(serve, use)


def test_an_answer_that_is_not_read_takes_its_connection_along():
    ports, serve = answering(half=True)

    async def use(port):
        connections, call = calls_to(port)
        for _ in range(2):
            answer = await connections.send(call)
            await answer.aclose()
            await answer.aclose()
        assert len(set(ports)) == 2
        await connections.aclose()

    over(serve, use)
