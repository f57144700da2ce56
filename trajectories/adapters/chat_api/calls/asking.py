"""One call kept to limits, tried again where that may help, and given up where it cannot."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol, TypeVar

from trajectories.adapters.chat_api.calls.glimpses import Hearing
from trajectories.adapters.chat_api.calls.limits import LONGEST_RETRY_AFTER, AdaptiveLimit, Breaker, backoff_seconds
from trajectories.adapters.chat_api.calls.ports import Ports
from trajectories.adapters.chat_api.calls.records import ChatCall, estimate_usage
from trajectories.adapters.chat_api.wire.faults import CallError
from trajectories.adapters.chat_api.wire.questions import Question
from trajectories.adapters.chat_api.wire.settings import ChatSettings
from trajectories.adapters.tracing import note, span
from trajectories.core.completions.replies import Reply
from trajectories.core.records import SampleFailure, Usage

if TYPE_CHECKING:
    from trajectories.adapters.chat_api.wire.client import ChatClient

T = TypeVar("T")
NOTE_SECONDS = 10.0
"""Faults of one kind come by the thousand: so often what the endpoint said with one is kept."""


class Aside(Protocol):
    """Runs what may wait for the database without holding up the calls."""

    async def __call__(self, act: Callable[[], T]) -> T:
        """What `act` returns."""
        ...


@dataclass(frozen=True, slots=True)
class Heard:
    """What a call brought: a reply, or a fault, for each choice that came (at least one), and what all of it took.

    `faults` counts by kind the tries that failed before. `cost` is what the endpoint says all of it cost, None where it
    says nothing.
    """

    choices: list[Reply | CallError]
    usage: Usage
    seconds: float
    faults: Mapping[str, int] = field(default_factory=dict)
    cost: Decimal | None = None


class Asker:
    """Used within one event loop. After a fault that no further call can survive, `stopped` holds it, and every further
    call fails with it."""

    def __init__(
        self,
        settings: ChatSettings,
        ports: Ports,
        client: "ChatClient",
        aside: Aside,
        note_fault: Callable[[str, str], None],
    ) -> None:
        self.limit = AdaptiveLimit(settings.concurrency)
        self.stopped: SampleFailure | None = None
        self._settings, self._ports, self._client, self._aside = settings, ports, client, aside
        self._note_later, self._noted_at = note_fault, dict[str, float]()
        self._told = {"gen_ai.operation.name": "chat", "gen_ai.request.model": settings.model}
        self._breaker = Breaker()
        self._output_tokens = settings.max_output_tokens / 4
        self._resume_at = 0.0
        self._limited = settings.requests_per_minute is not None or settings.tokens_per_minute is not None

    async def ask(self, call: ChatCall, input_tokens: int, hearing: Hearing, n: int = 1) -> Heard:
        """Call until there is an answer or nothing more to try; `hearing` hears what comes of it meanwhile.

        Raises CallError.
        """
        faults: Counter[str] = Counter()
        while True:
            try:
                async with self.limit.slot():
                    return await self._call(call, input_tokens, hearing, n, faults)
            except CallError as fault:
                if n > 1 and fault.kind == "bad_request":
                    raise  # it may be the `n`: the same call for one sample shows
                faults[fault.kind] += 1
                self._note(fault)
                wait = self._wait_after(fault, faults.total())
                if wait > LONGEST_RETRY_AFTER:
                    await self._hold(fault, wait)
                await asyncio.sleep(wait)

    async def _call(
        self, call: ChatCall, input_tokens: int, hearing: Hearing, n: int, faults: Mapping[str, int]
    ) -> Heard:
        self._check_stopped()
        reserved = round(input_tokens + n * self._output_tokens)
        wait = await self._reserve(reserved)
        wait = max(wait, self._resume_at - time.monotonic())
        if wait > 0:
            await asyncio.sleep(wait)
            self._check_stopped()
        started = time.monotonic()
        asked = Question(call.messages, call.temperature, call.seed, call.tools, call.stop)
        with span(f"chat {self._settings.model}", self._told):
            choices = await self._client.complete_all(asked, n=n, begin=hearing.begin)
            seconds = time.monotonic() - started
            usage = usage_of(call, choices, self._settings.picture_tokens)
            note({"gen_ai.usage.input_tokens": usage.input_tokens, "gen_ai.usage.output_tokens": usage.output_tokens})
        self._breaker.succeeded()
        self.limit.grow()
        self._output_tokens += 0.1 * (usage.output_tokens / len(choices) - self._output_tokens)
        if self._limited:
            spent = usage.input_tokens + usage.output_tokens - reserved
            await self._aside(lambda: self._ports.settle(spent))
        stated = (choice.stated_cost for choice in choices if isinstance(choice, Reply))
        return Heard(choices, usage, seconds, faults, next((cost for cost in stated if cost is not None), None))

    async def _reserve(self, tokens: int) -> float:
        """Seconds to wait; nobody is asked where nothing is limited."""
        if not self._limited:
            return 0.0
        return await self._aside(lambda: self._ports.reserve(tokens))

    def _wait_after(self, fault: CallError, tries: int) -> float:
        """Seconds before the next try; raises where there is none. Nothing else runs between the fault and its end: a
        fault that stops all must not let another call slip through."""
        if fault.stops:
            raise self._stop_with(fault)
        if not fault.retryable:
            if fault.kind == "malformed" and self._breaker.gave_up():
                raise self._stop_with(_open_circuit(fault)) from fault
            raise fault
        if fault.shrinks:
            self.limit.shrink()
        wait = max(fault.retry_after or 0.0, backoff_seconds(tries))
        if wait > LONGEST_RETRY_AFTER:
            return wait
        if fault.retry_after:
            self._resume_at = max(self._resume_at, time.monotonic() + fault.retry_after)
        if tries >= self._settings.tries:
            raise (self._stop_with(_open_circuit(fault)) if self._breaker.gave_up() else fault) from fault
        return wait

    def _note(self, fault: CallError) -> None:
        """Have what the endpoint said kept, unless that was done for this kind a moment ago."""
        now = time.monotonic()
        if fault.detail and now - self._noted_at.get(fault.kind, -NOTE_SECONDS) >= NOTE_SECONDS:
            self._noted_at[fault.kind] = now
            self._note_later(fault.kind, fault.detail)

    async def _hold(self, fault: CallError, wait: float) -> None:
        reason = f"{fault.message} It asks to be left alone for {wait:,.0f} s."
        held = self._stop_with(CallError("held", reason, retryable=True, stops=True))
        await self._aside(lambda: self._ports.hold(wait, reason))
        raise held from fault

    def _stop_with(self, fault: CallError) -> CallError:
        self.stopped = self.stopped or SampleFailure(fault.kind, fault.message, fault.retryable, fault.stops)
        return fault

    def _check_stopped(self) -> None:
        if self.stopped is not None:
            raise CallError(self.stopped.kind, self.stopped.message, retryable=True, stops=True)


def _open_circuit(fault: CallError) -> CallError:
    message = f"Call after call fails, so the run has stopped asking. The last one said: {fault.message}"
    return CallError("circuit", message, retryable=True, stops=True)


def usage_of(call: ChatCall, choices: list[Reply | CallError], picture_tokens: int) -> Usage:
    """What the endpoint counted for the whole call, else an estimate: the input once and every answer."""
    replies = [choice for choice in choices if isinstance(choice, Reply)]
    given = next((reply.usage for reply in replies if reply.usage is not None), None)
    if given is not None:
        return given
    total = Usage()
    for place, reply in enumerate(replies):
        one = estimate_usage(call.messages, reply, picture_tokens)
        total += one if place == 0 else Usage(0, 0, one.reasoning_tokens, one.output_tokens)
    return total
