"""HTTP/1.1 over real sockets: answers of every length and shape, whole or broken off, and what comes after them."""

import asyncio
import ssl

import httpcore2
import pytest

from tests.adapters.endpoints.test_streams import ask, calls_to, over, server_context
from tests.endpoint import access_to
from trajectories.adapters.endpoints import http11
from trajectories.adapters.endpoints.http11 import Call
from trajectories.adapters.endpoints.pools import FreeConnections
from trajectories.adapters.endpoints.urls import EndpointUrl

OK = b"HTTP/1.1 200 OK\r\n"
LENGTH = OK + b"Content-Length: 5\r\n\r\nhello"
CHUNKS = OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nTrailer: t\r\n\r\n"


def served(*answers: bytes, piece: int = 1_000_000, closes: bool = False):
    """(the ports that calls came from, a server that gives one answer for each call, in pieces of so many bytes)."""
    ports: list[int] = []
    left = list(answers)

    async def serve(reader, writer):
        while left and await reader.readline():
            while (await reader.readline()).strip():
                pass
            ports.append(writer.get_extra_info("peername")[1])
            answer = left.pop(0)
            for start in range(0, len(answer), piece):
                writer.write(answer[start : start + piece])
                await writer.drain()
                await asyncio.sleep(0)
            if closes:
                break
        if not closes:
            await reader.read()
        writer.close()  # from Python 3.12 on a server waits for it

    return ports, serve


def answers_of(*answers: bytes, **options) -> tuple[list[bytes], list[int]]:
    """(what was read of each answer, the ports that calls came from)."""
    ports, serve = served(*answers, **options)
    found: list[bytes] = []

    async def use(port):
        connections, call = calls_to(port)
        for _ in answers:
            found.append(await ask(connections, call))
        await connections.aclose()

    over(serve, use)
    return found, ports


@pytest.mark.parametrize("piece", [1, 2, 7, 1_000_000])
@pytest.mark.parametrize("answer", [LENGTH, CHUNKS], ids=["length", "chunks"])
def test_an_answer_is_read_however_its_bytes_come_and_the_connection_stays(answer, piece):
    found, ports = answers_of(answer, answer, piece=piece)
    assert found == [b"hello"] * 2
    assert len(set(ports)) == 1


@pytest.mark.parametrize(
    ("answer", "ports_used"),
    [
        (b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", 1),
        (OK + b"X: folded\r\n header\r\nContent-Length: 5\r\n\r\nhello", 1),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n", 1),
        (OK + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 2),
    ],
    ids=["LF alone", "folded", "a space after a size", "two lengths"],
)
def test_what_servers_write_that_are_not_strict_is_read(answer, ports_used):
    found, ports = answers_of(answer, answer)
    assert found == [b"hello"] * 2
    assert len(set(ports)) == ports_used


def test_a_body_that_says_nothing_of_its_length_ends_with_the_connection():
    found, ports = answers_of(OK + b"\r\nhello", OK + b"\r\n", closes=True)
    assert found == [b"hello", b""]
    assert len(set(ports)) == 2


def test_an_answer_without_a_body_is_whole_and_one_that_only_says_to_wait_is_none():
    wait = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    found, ports = answers_of(b"HTTP/1.1 204 No Content\r\n\r\n", wait + wait + LENGTH, LENGTH, piece=3)
    assert found == [b"", b"hello", b"hello"]
    assert len(set(ports)) == 1


def test_headers_come_as_they_were_sent_each_time_anew():
    _, serve = served(OK + b"A: 1\r\na: 2\r\nContent-Length: 0\r\n\r\n", LENGTH)

    async def use(port):
        connections, call = calls_to(port)
        for expected in ([(b"A", b"1"), (b"a", b"2"), (b"Content-Length", b"0")], [(b"Content-Length", b"5")]):
            answer = await connections.send(call)
            assert (answer.status, answer.headers) == (200, expected)
            assert b"".join([part async for part in answer]) in (b"", b"hello")
            await answer.aclose()
        await connections.aclose()

    over(serve, use)


@pytest.mark.parametrize(
    ("last", "ports_used"),
    [(b"Connection: close\r\n", 2), (b"Connection: keep-alive\r\n", 1)],
    ids=["close", "keep-alive"],
)
def test_who_says_that_it_closes_gets_no_other_call(last, ports_used):
    answer = OK + last + b"Content-Length: 5\r\n\r\nhello"
    found, ports = answers_of(answer, answer)
    assert found == [b"hello"] * 2
    assert len(set(ports)) == ports_used


@pytest.mark.parametrize("more", [LENGTH.replace(b"hello", b"other"), b"rubbish", OK])
def test_what_follows_an_answer_unasked_is_not_the_next_one(more):
    found, ports = answers_of(LENGTH + more, LENGTH)
    assert found == [b"hello"] * 2
    assert len(set(ports)) == 2


def test_what_comes_behind_an_answer_changes_neither_its_status_nor_its_headers():
    _, serve = served(CHUNKS + b"HTTP/1.1 500 Broken\r\nB: 2\r\nContent-Length: 5\r\n\r\nother")

    async def use(port):
        connections, call = calls_to(port)
        answer = await connections.send(call)
        assert b"".join([part async for part in answer]) == b"hello"
        assert (answer.status, answer.headers) == (200, [(b"Transfer-Encoding", b"chunked")])
        await answer.aclose()

    over(serve, use)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"", "without sending"),
        (OK + b"Content-Le", "without sending"),
        (OK + b"Content-Length: 9\r\n\r\nhello", "in the middle"),
        (CHUNKS[:-10], "in the middle"),
        (b"SSH-2.0-OpenSSH\r\n", "Found no HTTP in b'SSH-2.0"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", "Found no HTTP"),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", "Found no HTTP"),
    ],
)
def test_what_is_broken_off_or_no_http_is_no_answer(answer, words):
    with pytest.raises(httpcore2.RemoteProtocolError, match=words):
        answers_of(answer, closes=True)


def test_a_head_without_an_end_is_given_up(monkeypatch):
    monkeypatch.setattr(http11, "MAX_HEAD_BYTES", 2048)
    with pytest.raises(httpcore2.RemoteProtocolError, match="longer than 2 kB"):
        answers_of(OK + b"A: 1\r\n" * 1000, piece=500)


def test_who_refuses_while_much_is_still_on_its_way_is_heard():
    async def refuse(reader, writer):
        await reader.readline()
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
        await writer.drain()
        await reader.read(64 * 1024)
        await asyncio.sleep(0.2)
        writer.close()

    async def parts():
        for _ in range(64):
            yield b"x" * 64 * 1024

    async def use(port):
        connections, _ = calls_to(port)
        call = Call("POST", b"/", [(b"Host", b"here"), (b"Content-Length", b"4194304")], parts(), {"write": 10.0})
        answer = await connections.send(call)
        assert answer.status == 413
        assert b"".join([part async for part in answer]) == b"no"
        await answer.aclose()

    over(refuse, use)


def test_an_answer_that_does_not_go_on_is_late():
    _, serve = served(OK + b"Content-Length: 9\r\n\r\nhello")

    async def use(port):
        connections, call = calls_to(port)
        answer = await connections.send(Call(call.method, call.target, call.headers, b"", {"read": 0.05}))
        with pytest.raises(httpcore2.ReadTimeout):
            assert [part async for part in answer] == [b"hello"]
        await answer.aclose()

    over(serve, use)


@pytest.mark.parametrize(
    ("target", "header"),
    [
        (b"/a b", (b"A", b"1")),
        (b"/a\r\nB: 2", (b"A", b"1")),
        (b"/", (b"A", b"1\r\nB: 2")),
        (b"/", (b"A", b"1\n")),
        (b"/", (b"A", b"1\0")),
        (b"/", (b"A: 1\r\nB", b"2")),
        (b"/", (b"A ", b"2")),
    ],
)
def test_nothing_is_sent_of_a_call_that_would_be_read_as_another(target, header):
    ports, serve = served(LENGTH)

    async def use(port):
        connections = FreeConnections(EndpointUrl("http", "127.0.0.1", port, ""), access_to(), None, idle_seconds=1.0)
        with pytest.raises(httpcore2.LocalProtocolError) as caught:
            await connections.send(Call("GET", target, [(b"Host", b"here"), header], b"", {}))
        assert "B" not in str(caught.value)

    over(serve, use)
    assert ports == []


def test_calls_go_under_tls_with_who_has_the_certificate_of_the_name(certificate):
    ports, serve = served(LENGTH, CHUNKS)
    trusting = ssl.create_default_context(cafile=str(certificate))

    async def use(port):
        connections = FreeConnections(
            EndpointUrl("https", "localhost", port, ""), access_to(), trusting, idle_seconds=5.0
        )
        for _ in range(2):
            assert await ask(connections, Call("GET", b"/", [(b"Host", b"localhost")], b"", {})) == b"hello"
        await connections.aclose()

    over(serve, use, ssl=server_context(certificate))
    assert len(set(ports)) == 1
