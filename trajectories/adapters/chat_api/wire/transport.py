"""The HTTP client below the openai client: many calls at once without every call looking at every connection, each to
the endpoint's own checked address, with headers of our own and no others."""

from collections.abc import AsyncIterable, AsyncIterator, Mapping
from copy import copy
from http import HTTPStatus
from typing import Any, Self, cast

import httpcore2
import httpx2
import openai
from openai._models import FinalRequestOptions

from trajectories.adapters.endpoints import EndpointAccess, EndpointUrl
from trajectories.adapters.endpoints.http11 import Answer, Call, Headers
from trajectories.adapters.endpoints.pools import (
    Connections,
    FreeConnections,
    ProxyAnswer,
    ProxyConnections,
    open_proxy,
)
from trajectories.core.completions.hidden_errors import Refusal

MAX_ERROR_BYTES = 64 * 1024
"""So much is read of an answer with an error status; the client itself would read all of it."""

CONNECT_SECONDS = 10.0
IDLE_SECONDS = 5.0


class EndpointTransport(httpx2.AsyncBaseTransport):
    """Sends to one endpoint, over connections that stay open. How many calls run at once is bounded by who makes them.

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
        self._connections = _open_connections(url, access, calls)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send. Raises AccessError for an address that is not allowed, httpx2.TransportError for what
        goes wrong on the way, and ValueError for a request to somewhere else."""
        url = request.url
        if (url.scheme, url.host, url.port or self._url.port) != (self._url.scheme, self._url.host, self._url.port):
            raise ValueError(f"Found a call to {url.host}, expected {self._url.host}.")
        if not url.path.startswith(f"{self._url.path}/"):
            raise ValueError(f"Found a call to the path {url.path}, expected one below {self._url.path}/.")
        headers, content = await _content_of(request)
        timeouts = request.extensions.get("timeout", {})
        call = Call(request.method, url.raw_path, [*self._headers, *headers], content, timeouts)
        try:
            answer = await self._connections.send(call)
        except _FAULTS as fault:
            raise _fault_of_httpx(fault) from fault
        return httpx2.Response(answer.status, headers=answer.headers, stream=_Body(answer))

    async def aclose(self) -> None:
        """Close every connection."""
        await self._connections.aclose()


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


def _open_connections(url: EndpointUrl, access: EndpointAccess, calls: int) -> Connections:
    """Connections for so many calls at once; those of a proxy where one is on the way, which then decides what may be
    reached."""
    if proxy := access.proxy_for(url):
        pool = open_proxy(proxy, httpx2.create_ssl_context(), connections=calls, idle_seconds=IDLE_SECONDS)
        return ProxyConnections(url, pool)
    # Reading the certificates of this machine takes a while, and is nothing that plain HTTP needs.
    context = httpx2.create_ssl_context() if url.scheme == "https" else None
    return FreeConnections(url, access, context, idle_seconds=IDLE_SECONDS)


class _Body(httpx2.AsyncByteStream):
    """What comes after the headers of an answer."""

    def __init__(self, answer: Answer | ProxyAnswer) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for part in self._answer:
                yield part
        except _FAULTS as fault:
            raise _fault_of_httpx(fault) from fault

    async def aclose(self) -> None:
        await self._answer.aclose()


_FAULTS = (
    httpcore2.TimeoutException,
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.ProxyError,
    httpcore2.UnsupportedProtocol,
)


def _fault_of_httpx(fault: Exception) -> Exception:
    """A fault of the connection by the name that the openai client knows."""
    kind = next(kind for kind in type(fault).__mro__ if hasattr(httpx2, kind.__name__))
    found: Exception = getattr(httpx2, kind.__name__)(str(fault))
    return found


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


class EndpointHttp(httpx2.AsyncClient):
    """A client of one endpoint. It sends a request as it is: there is no sign-in, no cookie and no redirect to follow,
    for which its base looks at every call, and an answer that is refused is an error."""

    def __init__(self, transport: EndpointTransport, timeout: httpx2.Timeout) -> None:
        super().__init__(transport=transport, timeout=timeout, follow_redirects=False, trust_env=False)
        self._endpoint = transport

    async def send(self, request: httpx2.Request, *, stream: bool = False, **_: Any) -> httpx2.Response:
        """Send a request. Raises RefusedError, and what the transport raises."""
        response = await self._endpoint.handle_async_request(request)
        response.request = request
        try:
            await refuse(response)
            if not stream:
                await response.aread()
        except BaseException:
            await response.aclose()
            raise
        return response


def open_http(url: EndpointUrl, key: str, access: EndpointAccess, *, calls: int, seconds: float) -> EndpointHttp:
    """A client of one endpoint for so many calls at once. It follows no redirect and no proxy of the environment."""
    timeout = httpx2.Timeout(seconds, connect=min(seconds, CONNECT_SECONDS), pool=None)
    return EndpointHttp(EndpointTransport(url, key, access, calls), timeout)


class _Options(FinalRequestOptions):  # type: ignore[misc] # closed to type checkers only
    """What is asked of the client in one call. It copies that twice, so that a second try gets it unchanged: there is
    none, and nothing is changed."""

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """The same; a true copy where something of it shall differ."""
        return super().model_copy(update=update, deep=deep) if update or deep else self


NO_KEY = "none"
_STREAM = openai.AsyncStream[Any]


class EndpointCalls(openai.AsyncOpenAI):
    """The openai client, for calls whose body is there as bytes. For each it would put together an address, headers and
    limits of time: the address is one of few, the transport has its own headers and leaves out all others."""

    def __init__(self, url: EndpointUrl, http: EndpointHttp) -> None:
        super().__init__(
            api_key=NO_KEY,  # the client insists on one; the transport sends the real one
            base_url=str(url),
            max_retries=0,
            timeout=http.timeout,
            http_client=http,
        )
        self._extensions = {"timeout": {"connect": http.timeout.connect}}
        self._base = str(url)
        self._known: dict[str, tuple[FinalRequestOptions, httpx2.URL]] = {}

    async def ask(self, path: str, content: bytes) -> httpx2.Response:
        """Send JSON to a path below the endpoint's URL; the answer, whose body is still to come. How long that may take
        is for the caller to limit, but for the connecting.

        Raises RefusedError, openai.APIConnectionError, openai.APITimeoutError and what the transport raises.
        """
        if path not in self._known:
            # No header is sent, so none of the keys is needed that tell a call from the same one tried again.
            options = _Options.construct(method="post", url=path, idempotency_key="")
            self._known[path] = options, httpx2.URL(f"{self._base}{path}")
        options = copy(self._known[path][0])
        options.__dict__["content"] = content  # set by name, pydantic would look for what else it may mean
        return cast(httpx2.Response, await self.request(httpx2.Response, options, stream=True, stream_cls=_STREAM))

    def _build_request(self, options: FinalRequestOptions, *, retries_taken: int = 0) -> httpx2.Request:  # noqa: ARG002
        assert isinstance(options.content, bytes), options
        content, url = httpx2.ByteStream(options.content), self._known[options.url][1]
        return httpx2.Request(options.method, url, stream=content, extensions=self._extensions)
