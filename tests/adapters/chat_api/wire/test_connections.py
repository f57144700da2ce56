"""Connections of calls: used again while they last, unpacked, and bounded, whatever the endpoint does with them."""

import asyncio
import gzip
import os
import zlib
from contextlib import aclosing, asynccontextmanager

import httpx2
import pytest

from trajectories.adapters.chat_api.wire.connections import MAX_ERROR_BYTES, Connections, RefusedError
from trajectories.adapters.endpoints import AddressRules, EndpointAccess, KeyBindings

TEXT = b'{"choices": []}' * 1_000


@asynccontextmanager
async def endpoint(*answers, closes=False):
    """Connections to a server that gives one answer after the other, and the heads that came, by connection."""
    heads, left = [], list(answers)

    async def serve(reader, writer):
        mine = []
        heads.append(mine)
        while left and not (closes and mine):
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                break
            mine.append(head)
            await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
            writer.write(left.pop(0))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    access = EndpointAccess(KeyBindings.read(""), AddressRules.read(f"127.0.0.1:{port}"))
    connections = Connections(access.url(f"http://127.0.0.1:{port}/v1"), "a-key", access)
    try:
        yield connections, heads
    finally:
        await connections.close()
        server.close()


def ok(body, *headers):
    lines = [b"HTTP/1.1 200 OK", b"Content-Length: " + str(len(body)).encode(), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


async def ask(connections):
    async with aclosing(connections.post("/chat/completions", b"{}")) as pieces:
        return [piece async for piece in pieces]


def raw_deflate(data):
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def test_calls_follow_each_other_on_one_connection_with_our_headers_only():
    async def go():
        async with endpoint(ok(b"one"), ok(b"two")) as (connections, heads):
            assert [b"".join(await ask(connections)) for _ in range(2)] == [b"one", b"two"]
            ((first, second),) = heads
            assert first == second
            assert first.startswith(b"POST /v1/chat/completions HTTP/1.1\r\n")
            names = [line.split(b":")[0].lower() for line in first.split(b"\r\n")[1:] if line]
            assert names == [
                *(b"host", b"accept", b"accept-encoding", b"user-agent", b"authorization"),
                *(b"content-type", b"content-length"),
            ]

    asyncio.run(go())


def test_a_connection_that_was_closed_meanwhile_is_not_used_again():
    async def go():
        async with endpoint(ok(b"one"), ok(b"two"), closes=True) as (connections, heads):
            assert await ask(connections) == [b"one"]
            await asyncio.sleep(0.1)  # until its end has come
            assert await ask(connections) == [b"two"]
            assert [len(mine) for mine in heads] == [1, 1]

    asyncio.run(go())


@pytest.mark.parametrize(
    ("name", "pack"), [(b"gzip", gzip.compress), (b"deflate", zlib.compress), (b"deflate", raw_deflate)]
)
def test_what_is_compressed_is_unpacked(name, pack):
    async def go():
        async with endpoint(ok(pack(TEXT), b"Content-Encoding: " + name)) as (connections, _):
            assert b"".join(await ask(connections)) == TEXT

    asyncio.run(go())


def test_a_little_that_unpacks_to_very_much_comes_in_small_pieces():
    async def go():
        bomb = gzip.compress(bytes(64 * 1024 * 1024))
        async with (
            endpoint(ok(bomb, b"Content-Encoding: gzip")) as (connections, _),
            aclosing(connections.post("/chat/completions", b"{}")) as pieces,
        ):
            assert len(await anext(pieces)) <= 64 * 1024

    asyncio.run(go())


@pytest.mark.parametrize(
    "answer",
    [b"", b"SSH-2.0-OpenSSH_9.2\r\n\r\n", ok(TEXT)[:-1], ok(os.urandom(64), b"Content-Encoding: gzip")],
    ids=["nothing", "no-http", "cut-off", "no-gzip"],
)
def test_what_is_no_answer_is_a_fault_of_the_connection(answer):
    async def go():
        async with endpoint(answer, closes=True) as (connections, _):
            with pytest.raises(httpx2.HTTPError):
                await ask(connections)

    asyncio.run(go())


def test_of_a_refusal_only_the_beginning_is_read():
    async def go():
        body = b"x" * (4 * MAX_ERROR_BYTES)
        answer = ok(body, b"Retry-After: 7").replace(b"200 OK", b"429 Too Many Requests")
        async with endpoint(answer) as (connections, _):
            with pytest.raises(RefusedError) as refused:
                await ask(connections)
        refusal = refused.value.refusal
        assert (refusal.status, refusal.headers["retry-after"]) == (429, "7")
        assert MAX_ERROR_BYTES < len(refusal.text) < len(body)

    asyncio.run(go())
