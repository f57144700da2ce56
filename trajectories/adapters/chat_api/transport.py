"""The HTTP client below the openai client: many calls at once without every call looking at every connection."""

import itertools
from http import HTTPStatus
from urllib.request import getproxies

import httpx2
import openai

from trajectories.adapters.chat_api.faults import Refusal

MAX_ERROR_BYTES = 64 * 1024
"""So much is read of an answer with an error status; the client itself would read all of it."""

CONNECT_SECONDS = 10.0
CONNECTIONS_PER_POOL = 2
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


class RefusedError(openai.OpenAIError):
    """An answer with another status than OK. The client hands errors of its own kind on as they are."""

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


def open_http(*, calls: int, seconds: float) -> httpx2.AsyncClient:
    """A client for so many calls at once. Where the environment names a proxy, it is used, over one pool."""
    timeout = httpx2.Timeout(seconds, connect=min(seconds, CONNECT_SECONDS), pool=None)
    hooks = {"response": [refuse]}
    if getproxies():
        limits = httpx2.Limits(max_connections=calls, max_keepalive_connections=calls)
        return httpx2.AsyncClient(limits=limits, timeout=timeout, event_hooks=hooks, follow_redirects=False)
    return httpx2.AsyncClient(
        transport=SpreadTransport(calls), timeout=timeout, event_hooks=hooks, follow_redirects=False
    )
