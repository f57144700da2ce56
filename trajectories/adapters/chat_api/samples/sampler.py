"""The chat sampler: any OpenAI-compatible endpoint as a source of samples."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from typing import TypeVar

from trajectories.adapters.chat_api.calls.batching import Basket, BatchCaller
from trajectories.adapters.chat_api.calls.caller import Caller
from trajectories.adapters.chat_api.calls.ports import NoPorts, Ports
from trajectories.adapters.chat_api.calls.session import Session
from trajectories.adapters.chat_api.samples.agents import RunPython
from trajectories.adapters.chat_api.samples.conversion import same_prompt
from trajectories.adapters.chat_api.samples.drawing import SampleDrawer
from trajectories.adapters.chat_api.wire.faults import CallError
from trajectories.adapters.chat_api.wire.settings import ChatSettings
from trajectories.adapters.endpoints import EndpointAccess
from trajectories.core.records import SampleFailure, SampleRequest, SampleResult

WAIT_SECONDS = 1.0
Key = TypeVar("Key")

ChatSession = Session[SampleRequest, SampleResult]
"""A session whose requests are samples."""


def outcomes_of(
    session: ChatSession, groups: Sequence[Sequence[tuple[int, SampleRequest]]]
) -> Iterator[tuple[int, SampleResult | SampleFailure]]:
    """Send all groups of requests, yield each outcome with its request's key as it comes, and close the session."""
    with session:
        session.submit_all(groups)
        left = sum(map(len, groups))
        while left:
            taken = session.take(WAIT_SECONDS)
            if taken is not None:
                left -= 1
                yield taken


class ChatSampler:
    """Samples of a language model behind an endpoint (core.samplers.base.Sampler). `run` is the tool of agents.

    With a `basket` what is not kept is put there to be asked for later, and fails for now.
    """

    name = "chat"
    version = 1

    def __init__(
        self,
        settings: ChatSettings,
        access: EndpointAccess,
        ports: Ports | None = None,
        run: RunPython | None = None,
        basket: Basket | None = None,
    ) -> None:
        self.settings = settings
        self._ports = NoPorts() if ports is None else ports
        self._access, self._run, self._basket = access, run, basket

    def open_session(self) -> ChatSession:
        """A session for requests that come one after the other. Raises CallError where address or key are not allowed,
        or the key is missing."""
        return ChatSession(
            self._open_caller,
            self._ports,
            SampleDrawer(self._run).draw,
        )

    def _open_caller(self, side: Executor) -> Caller:
        if self._basket is not None:
            return BatchCaller(self.settings, self._access, self._ports, side, self._basket)
        return Caller(self.settings, self._access, self._ports, side)

    def groups_of(self, requests: Sequence[tuple[Key, SampleRequest]]) -> list[list[tuple[Key, SampleRequest]]]:
        """Neighbours that read the same together, as many as may come of one call."""
        most = self.settings.samples_per_call if self.settings.takes_n else 1
        groups: list[list[tuple[Key, SampleRequest]]] = []
        for item in requests:
            if groups and len(groups[-1]) < most and same_prompt(groups[-1][0][1], item[1]):
                groups[-1].append(item)
            else:
                groups.append([item])
        return groups

    def sample(self, requests: Sequence[SampleRequest]) -> Iterator[tuple[int, SampleResult | SampleFailure]]:
        """Yield each outcome as it comes, whatever the order."""
        try:
            session = self.open_session()
        except CallError as fault:
            yield from (
                (at, SampleFailure(fault.kind, fault.message, stops=fault.stops)) for at in range(len(requests))
            )
            return
        yield from outcomes_of(session, self.groups_of(list(enumerate(requests))))
