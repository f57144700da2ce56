"""Connections to one endpoint: over the checked network, or by the proxy that the settings name."""

import ssl
from collections.abc import AsyncIterable, AsyncIterator

import httpcore2
import httpx2

from trajectories.adapters.endpoints.access import EndpointAccess
from trajectories.adapters.endpoints.network import CheckedNetwork


def open_pool(
    access: EndpointAccess, context: ssl.SSLContext, *, idle_connections: int, idle_seconds: float
) -> httpcore2.AsyncConnectionPool:
    """A pool whose every connection goes to an address that the settings allow. It follows no proxy."""
    return httpcore2.AsyncConnectionPool(
        ssl_context=context,
        max_connections=None,
        max_keepalive_connections=idle_connections,
        keepalive_expiry=idle_seconds,
        network_backend=CheckedNetwork(access.addresses),
    )


def open_proxy(
    proxy: str, context: ssl.SSLContext, *, connections: int, idle_seconds: float
) -> httpcore2.AsyncConnectionPool:
    """A pool of a proxy's connections; the proxy then decides what may be reached."""
    parts = httpx2.Proxy(proxy)
    url = parts.url
    return httpcore2.AsyncHTTPProxy(
        proxy_url=httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
        proxy_auth=parts.raw_auth,
        ssl_context=context,
        max_connections=connections,
        max_keepalive_connections=connections,
        keepalive_expiry=idle_seconds,
    )


class FreeConnections:
    """Connections to one endpoint that take one call after the other, to addresses that the settings allow. They follow
    no proxy. How many there are is bounded by who makes calls.

    A pool of httpcore looks at each of its connections and calls twice for every call, since it may have to share a few
    among endpoints and to let calls wait.
    """

    def __init__(
        self, origin: httpcore2.Origin, access: EndpointAccess, context: ssl.SSLContext | None, *, idle_seconds: float
    ) -> None:
        self._origin, self._context, self._idle_seconds = origin, context, idle_seconds
        self._network = CheckedNetwork(access.addresses)
        self._free: list[httpcore2.AsyncHTTPConnection] = []
        """Those without a call, the one whose call ended last at the end."""

    async def handle_async_request(self, request: httpcore2.Request) -> httpcore2.Response:
        """Send over the connection that was used last, or over a new one. Raises as httpcore2.AsyncConnectionPool."""
        connection = await self._take()
        response = await connection.handle_async_request(request)
        assert isinstance(response.stream, AsyncIterable), response.stream
        content = _Answer(response, connection, self._free)
        return httpcore2.Response(response.status, headers=response.headers, content=content)

    async def aclose(self) -> None:
        """Close those without a call."""
        while self._free:
            await self._free.pop().aclose()

    async def _take(self) -> httpcore2.AsyncHTTPConnection:
        # Those that have waited longest stand first: one is let go at a time, more than come to wait meanwhile. Where
        # there is one only, it is looked at below.
        if len(self._free) > 1 and self._free[0].has_expired():
            await self._free.pop(0).aclose()
        while self._free:
            connection = self._free.pop()
            if not connection.has_expired():
                return connection
            await connection.aclose()
        return httpcore2.AsyncHTTPConnection(
            self._origin,
            ssl_context=self._context,
            keepalive_expiry=self._idle_seconds,
            network_backend=self._network,
        )


class _Answer:
    """The body of an answer; closed, its connection is free again where it can have another call."""

    def __init__(
        self,
        response: httpcore2.Response,
        connection: httpcore2.AsyncHTTPConnection,
        free: list[httpcore2.AsyncHTTPConnection],
    ) -> None:
        self._response, self._connection, self._free = response, connection, free
        self._closed = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._response.aiter_stream()

    async def aclose(self) -> None:
        """Close it; a connection whose answer was not read to its end is closed with it."""
        if self._closed:
            return
        self._closed = True
        await self._response.aclose()
        if self._connection.is_idle():
            self._free.append(self._connection)
