"""Connections whose peer is checked: a name is looked up, what it leads to is checked, and that very address is called.

So a name that leads elsewhere a moment later (DNS rebinding) changes nothing. TLS goes on to verify the name.
"""

import asyncio
import socket
from collections.abc import Callable, Coroutine, Iterable, Sequence
from functools import partial
from typing import Any

import httpcore2

from trajectories.adapters.endpoints.access import address_fault
from trajectories.adapters.endpoints.addresses import AddressRules, read_address
from trajectories.adapters.endpoints.streams import AsyncioNetwork

STAGGER_SECONDS = 0.25
"""So long one address of a name has the field to itself (RFC 8305 recommends a quarter of a second)."""


async def look_up(host: str, port: int) -> list[str]:
    """The addresses that the system finds for a name, in its order. Raises OSError for a name it does not know."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class CheckedNetwork(httpcore2.AsyncNetworkBackend):
    """The network of calls to endpoints. Raises AccessError for a host with an address that the rules do not allow,
    whatever its other addresses are."""

    def __init__(self, rules: AddressRules) -> None:
        self._rules = rules
        self._network = AsyncioNetwork()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to one of the host's addresses."""
        options = None if socket_options is None else list(socket_options)

        async def connect(address: str) -> httpcore2.AsyncNetworkStream:
            return await self._network.connect_tcp(address, port, timeout, local_address, options)

        try:
            async with asyncio.timeout(timeout):
                addresses = await self._allowed(host, port)
                return await first_to_connect([partial(connect, each) for each in addresses])
        except TimeoutError as fault:
            raise httpcore2.ConnectTimeout(str(fault)) from fault

    async def _allowed(self, host: str, port: int) -> Sequence[str]:
        """The host's addresses. Raises AccessError where any is not allowed, ConnectError where there are none."""
        try:
            addresses = await look_up(host, port)
        except (OSError, UnicodeError) as fault:
            raise httpcore2.ConnectError(str(fault)) from fault
        for each in addresses:
            if not self._rules.allow(host, port, read_address(each)):
                raise address_fault(host, f"{host} leads to {each}.")
        return addresses

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ARG002
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore2.AsyncNetworkStream:
        """No endpoint is reached so."""
        raise httpcore2.UnsupportedProtocol(f"Found the socket {path}, expected a host.")

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


async def first_to_connect(
    attempts: Sequence[Callable[[], Coroutine[Any, Any, httpcore2.AsyncNetworkStream]]],
) -> httpcore2.AsyncNetworkStream:
    """The first connection that comes about. Each attempt begins when the one before has failed, or after a quarter of
    a second; raises what the last one to fail raised."""
    waiting = list(attempts)
    running: set[asyncio.Task[httpcore2.AsyncNetworkStream]] = set()
    fault: BaseException = httpcore2.ConnectError("The name leads to no address.")
    try:
        while waiting or running:
            if waiting:
                running.add(asyncio.ensure_future(waiting.pop(0)()))
            ended, running = await asyncio.wait(
                running, timeout=STAGGER_SECONDS if waiting else None, return_when=asyncio.FIRST_COMPLETED
            )
            good = [task for task in ended if task.exception() is None]
            running.update(good[1:])
            if good:
                return good[0].result()
            fault = next((task.exception() or fault for task in ended), fault)
        raise fault
    finally:
        await _let_go(running)


async def _let_go(tasks: Iterable[asyncio.Task[httpcore2.AsyncNetworkStream]]) -> None:
    """End the attempts that are not needed, and close what they have opened meanwhile."""
    for task in tasks:
        task.cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if not isinstance(outcome, BaseException):
            await outcome.aclose()
