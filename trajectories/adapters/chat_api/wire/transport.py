"""The HTTP client below the openai client: many calls at once without every call looking at every connection, each to
the endpoint's own checked address, with headers of our own and no others."""

import itertools
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from contextlib import contextmanager
from http import HTTPStatus

import httpcore2
import httpx2
import openai

from trajectories.adapters.endpoints import EndpointAccess, EndpointUrl
from trajectories.adapters.endpoints.pools import open_pool, open_proxy
from trajectories.core.completions.hidden_errors import Refusal

MAX_ERROR_BYTES = 64 * 1024
"""So much is read of an answer with an error status; the client itself would read all of it."""

CONNECT_SECONDS = 10.0
IDLE_SECONDS = 5.0
CONNECTIONS_PER_POOL = 2
"""A pool walks through its connections at every call; one pool of 64 takes as long as all else that a call does."""

Headers = list[tuple[bytes, bytes]]


class EndpointTransport(httpx2.AsyncBaseTransport):
    """Sends to one endpoint, taking turns among small pools of connections. How many calls run at once is bounded by
    who makes them.

    The openai client adds headers that variables of the environment ask for (OPENAI_CUSTOM_HEADERS, OPENAI_ORG_ID):
    only the body of what it makes is sent, and the header with the key only where there is one.
    """

    def __init__(self, url: EndpointUrl, key: str, access: EndpointAccess, calls: int) -> None:
        self._url = url
        self._headers: Headers = [
            (b"Host", url.authority.encode()),
            (b"Accept", b"application/json, text/event-stream"),
            (b"Accept-Encoding", b"gzip, deflate"),
            (b"User-Agent", b"minicolumn"),
        ]
        self._headers += [(b"Authorization", f"Bearer {key}".encode())] if key else []
        self._pools = _open_pools(access, access.proxy_for(url), calls)
        self._turns = itertools.cycle(self._pools)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send by the next pool. Raises AccessError for an address that is not allowed, httpx2.TransportError for what
        goes wrong on the way, and ValueError for a request to somewhere else."""
        url = request.url
        if (url.scheme, url.host, url.port or self._url.port) != (self._url.scheme, self._url.host, self._url.port):
            raise ValueError(f"Found a call to {url.host}, expected {self._url.host}.")
        if not url.path.startswith(f"{self._url.path}/"):
            raise ValueError(f"Found a call to the path {url.path}, expected one below {self._url.path}/.")
        headers, content = await _content_of(request)
        call = httpcore2.Request(
            request.method,
            httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=[*self._headers, *headers],
            content=content,
            extensions={"timeout": request.extensions.get("timeout", {})},
        )
        with _faults_of_httpx():
            answer = await next(self._turns).handle_async_request(call)
        return httpx2.Response(answer.status, headers=answer.headers, stream=_Body(answer))

    async def aclose(self) -> None:
        """Close every connection."""
        for pool in self._pools:
            await pool.aclose()


async def _content_of(request: httpx2.Request) -> tuple[Headers, bytes | AsyncIterable[bytes]]:
    """What is sent, and the headers that say so. A form with a file goes out as it is read from the disk."""
    kind = request.headers.get("content-type", "")
    if kind.startswith("multipart/form-data"):
        assert isinstance(request.stream, AsyncIterable), request.stream
        length = request.headers["content-length"]
        return [(b"Content-Type", kind.encode()), (b"Content-Length", length.encode())], request.stream
    body = await request.aread()
    if request.method == "GET":
        return [], body
    return [(b"Content-Type", b"application/json"), (b"Content-Length", str(len(body)).encode())], body


def _open_pools(access: EndpointAccess, proxy: str, calls: int) -> list[httpcore2.AsyncConnectionPool]:
    """Pools for so many calls at once; one where a proxy is on the way, which then decides what may be reached."""
    context = httpx2.create_ssl_context()
    if proxy:
        return [open_proxy(proxy, context, connections=calls, idle_seconds=IDLE_SECONDS)]
    return [
        open_pool(access, context, idle_connections=2 * CONNECTIONS_PER_POOL, idle_seconds=IDLE_SECONDS)
        for _ in range(-(-calls // CONNECTIONS_PER_POOL))
    ]


class _Body(httpx2.AsyncByteStream):
    """What comes after the headers of an answer."""

    def __init__(self, answer: httpcore2.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _faults_of_httpx():
            async for part in self._answer.aiter_stream():
                yield part

    async def aclose(self) -> None:
        await self._answer.aclose()


@contextmanager
def _faults_of_httpx() -> Iterator[None]:
    """Faults of the connection by the names that the openai client knows."""
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


class RefusedError(openai.OpenAIError):
    """An answer whose status is not 200 (OK). The client changes errors of any other kind than its own."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"status {refusal.status}")
        self.refusal = refusal


async def refuse(response: httpx2.Response) -> None:
    """Raise RefusedError for a status other than OK, with the beginning of what it says."""
    if response.status_code == HTTPStatus.OK:
        return
    parts, size = [], 0
    async for part in response.aiter_bytes():
        parts.append(part)
        size += len(part)
        if size > MAX_ERROR_BYTES:
            break
    await response.aclose()
    text = b"".join(parts).decode("utf-8", errors="replace")
    raise RefusedError(Refusal(response.status_code, response.headers, text))


def open_http(url: EndpointUrl, key: str, access: EndpointAccess, *, calls: int, seconds: float) -> httpx2.AsyncClient:
    """A client of one endpoint for so many calls at once. It follows no redirect and no proxy of the environment."""
    timeout = httpx2.Timeout(seconds, connect=min(seconds, CONNECT_SECONDS), pool=None)
    return httpx2.AsyncClient(
        transport=EndpointTransport(url, key, access, calls),
        timeout=timeout,
        event_hooks={"response": [refuse]},
        follow_redirects=False,
        trust_env=False,
    )
