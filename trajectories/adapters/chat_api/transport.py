"""The HTTP client: many calls at once without every call looking at every connection."""

import itertools
from collections.abc import Mapping
from urllib.request import getproxies

import httpx2

CONNECT_SECONDS = 10.0
CONNECTIONS_PER_POOL = 8
"""A pool walks through its connections at every call; one pool of 64 takes as long as all else that a call does."""


class SpreadTransport(httpx2.AsyncBaseTransport):
    """Takes turns among small pools of connections. How many calls run at once is bounded by who makes them."""

    def __init__(self, calls: int) -> None:
        context = httpx2.create_ssl_context()
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=2 * CONNECTIONS_PER_POOL)
        count = -(-calls // CONNECTIONS_PER_POOL)
        self._pools = [httpx2.AsyncHTTPTransport(verify=context, limits=limits) for _ in range(count)]
        self._turns = itertools.cycle(self._pools)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send by the next pool."""
        return await next(self._turns).handle_async_request(request)

    async def aclose(self) -> None:
        """Close every connection."""
        for pool in self._pools:
            await pool.aclose()


def open_http(*, calls: int, seconds: float, headers: Mapping[str, str]) -> httpx2.AsyncClient:
    """A client for so many calls at once. Where the environment names a proxy, it is used, over one pool."""
    timeout = httpx2.Timeout(seconds, connect=min(seconds, CONNECT_SECONDS), pool=None)
    if getproxies():
        limits = httpx2.Limits(max_connections=calls, max_keepalive_connections=calls)
        return httpx2.AsyncClient(limits=limits, timeout=timeout, headers=headers, follow_redirects=False)
    return httpx2.AsyncClient(
        transport=SpreadTransport(calls), timeout=timeout, headers=headers, follow_redirects=False
    )
