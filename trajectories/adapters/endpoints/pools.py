"""Connections to one endpoint: over the checked network, or by the proxy that the settings name."""

import ssl
from collections.abc import AsyncIterator
from typing import Protocol

import httpcore2
import httpx2

from trajectories.adapters.endpoints.access import EndpointAccess
from trajectories.adapters.endpoints.http11 import Answer, Call, Connection
from trajectories.adapters.endpoints.network import CheckedNetwork
from trajectories.adapters.endpoints.urls import DEFAULT_PORTS, EndpointUrl


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


class Connections(Protocol):
    """Connections to one endpoint, for calls at the same time."""

    async def send(self, call: Call) -> "Answer | ProxyAnswer":
        """Send, and wait for the head of the answer. Raises AccessError for an address that the settings do not allow,
        and faults of httpcore2."""

    async def aclose(self) -> None:
        """Close those without a call."""


class FreeConnections:
    """Connections to one endpoint that take one call after the other, to addresses that the settings allow. They follow
    no proxy. How many there are is bounded by who makes calls.

    A pool of httpcore looks at each of its connections and calls twice for every call, since it may have to share a few
    among endpoints and to let calls wait.
    """

    def __init__(
        self, url: EndpointUrl, access: EndpointAccess, context: ssl.SSLContext | None, *, idle_seconds: float
    ) -> None:
        self._url, self._context, self._idle_seconds = url, context, idle_seconds
        self._network = CheckedNetwork(access.addresses)
        self._free: list[Connection] = []
        """Those without a call, the one whose call ended last at the end."""

    async def send(self, call: Call) -> Answer:
        """Send over the connection that was used last, or over a new one."""
        connection = await self._take(call.timeouts.get("connect"))
        return await connection.send(call)

    async def aclose(self) -> None:
        """Close those without a call."""
        while self._free:
            await self._free.pop().aclose()

    async def _take(self, seconds: float | None) -> Connection:
        # Those that have waited longest stand first: one is let go at a time, more than come to wait meanwhile. Where
        # there is one only, it is looked at below.
        if len(self._free) > 1 and self._free[0].has_expired():
            await self._free.pop(0).aclose()
        while self._free:
            connection = self._free.pop()
            if not connection.has_expired():
                return connection
            await connection.aclose()
        stream = await self._network.connect_tcp(self._url.host, self._url.port, seconds)
        if self._context is not None:
            self._context.set_alpn_protocols(["http/1.1"])
            stream = await stream.start_tls(self._context, self._url.host, seconds)
        return Connection(stream, self._idle_seconds, self._free.append)


class ProxyConnections:
    """Connections of a proxy to one endpoint."""

    def __init__(self, url: EndpointUrl, pool: httpcore2.AsyncConnectionPool) -> None:
        self._url, self._pool = url, pool

    async def send(self, call: Call) -> "ProxyAnswer":
        """Send by the proxy."""
        scheme, host, port = self._url.scheme, self._url.host, self._url.port
        url = httpcore2.URL(
            scheme=scheme.encode(),
            host=host.encode(),
            port=None if port == DEFAULT_PORTS[scheme] else port,
            target=call.target,
        )
        extensions = {"timeout": dict(call.timeouts)}
        request = httpcore2.Request(call.method, url, headers=call.headers, content=call.content, extensions=extensions)
        return ProxyAnswer(await self._pool.handle_async_request(request))

    async def aclose(self) -> None:
        """Close all."""
        await self._pool.aclose()


class ProxyAnswer:
    """The answer to a call by a proxy."""

    def __init__(self, response: httpcore2.Response) -> None:
        self.status, self.headers = response.status, response.headers
        self._response = response

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._response.aiter_stream()

    async def aclose(self) -> None:
        """Close it."""
        await self._response.aclose()
