"""Calls that are not made now but collected for a batch; what was paid for before is recalled as ever."""

from collections.abc import Sequence
from concurrent.futures import Executor
from typing import Protocol

from trajectories.adapters.chat_api.calls.caller import Caller
from trajectories.adapters.chat_api.calls.ports import Ports
from trajectories.adapters.chat_api.calls.records import Answered, ChatCall
from trajectories.adapters.chat_api.wire.faults import CallError
from trajectories.adapters.chat_api.wire.settings import ChatSettings
from trajectories.adapters.endpoints import EndpointAccess

COLLECTED = "collected"
"""The kind of the failure by which a call says that it was put into the basket."""


class Basket(Protocol):
    """Where calls are collected; used from the session's own thread."""

    def asks_live(self, payer: str) -> bool:
        """Whether this payer's call is made at once all the same."""
        ...

    def put(self, key: str, call: ChatCall, input_tokens: int) -> None:
        """Take a call by its hash, with about how many tokens it sends."""
        ...


class BatchCaller(Caller):
    """A caller whose calls go into a basket."""

    def __init__(
        self, settings: ChatSettings, access: EndpointAccess, ports: Ports, side: Executor, basket: Basket
    ) -> None:
        super().__init__(settings, access, ports, side)
        self.takes_n = False  # a line of a batch is one sample
        self._basket = basket

    async def _buy(self, calls: Sequence[ChatCall], hashes: Sequence[str]) -> list[Answered | CallError]:
        """Nothing for now, but of calls that are made live after all."""
        ((call, key),) = zip(calls, hashes, strict=True)
        if self._basket.asks_live(call.payer):
            return await super()._buy(calls, hashes)
        try:
            self._basket.put(key, call, self._input_tokens(call))
        except CallError as fault:
            return [fault]
        return [CallError(COLLECTED, "The call is in the next batch.", retryable=True)]
