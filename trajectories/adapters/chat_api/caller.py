"""Calls that recall what was paid for, keep to limits, try again where that may help, and give up where it cannot."""

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import TypeVar

from trajectories.adapters.chat_api.calls import Answered, ChatCall, call_hash, estimate_usage, input_tokens_of
from trajectories.adapters.chat_api.client import ChatClient
from trajectories.adapters.chat_api.faults import CallError
from trajectories.adapters.chat_api.limits import (
    LONGEST_RETRY_AFTER,
    AdaptiveLimit,
    Breaker,
    backoff_seconds,
)
from trajectories.adapters.chat_api.ports import PaidReply, Ports
from trajectories.adapters.chat_api.replies import Reply, read_reply
from trajectories.adapters.chat_api.settings import ChatSettings
from trajectories.core.records import FinishReason, SampleFailure, Usage

T = TypeVar("T")


class Caller:
    """Used within one event loop; `side` runs what may wait for the database, one at a time.

    After a fault that no further call can survive, `stopped` holds it, and every further call fails with it.
    """

    def __init__(self, settings: ChatSettings, ports: Ports, environment: Mapping[str, str], side: Executor) -> None:
        self.settings = settings
        self.limit = AdaptiveLimit(settings.concurrency)
        self.stopped: SampleFailure | None = None
        self._ports, self._side = ports, side
        self._client = ChatClient(settings, environment)
        self._breaker = Breaker()
        self._output_tokens = settings.max_output_tokens / 4
        self._resume_at = 0.0

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def aside(self, act: Callable[[], T]) -> T:
        """Run what may wait for the database without holding up the calls."""
        return await asyncio.get_running_loop().run_in_executor(self._side, act)

    async def ask(self, call: ChatCall) -> Answered:
        """The answer, paid for now or before. Raises CallError."""
        wanted = call_hash(self.settings, call)
        paid = await self.aside(lambda: self._ports.recall(wanted, call.payer))
        if paid is not None and not self._was_cut_shorter(paid):
            return self._recalled(paid, call)
        tokens = input_tokens_of(call.messages)
        if self.settings.context_limit is not None and tokens > self.settings.context_limit:
            raise CallError(
                "context", f"The prompt has about {tokens:,} tokens; the model takes {self.settings.context_limit:,}."
            )
        reply, seconds = await self._ask(call, tokens)
        usage = reply.usage or estimate_usage(call.messages, reply)
        bought = PaidReply(reply.raw, usage, seconds, self.settings.max_output_tokens, call.payer)
        await self.aside(lambda: self._ports.remember(wanted, bought))
        return Answered(reply, usage, self.settings.cost_of(usage), seconds, taken=usage)

    def _recalled(self, paid: PaidReply, call: ChatCall) -> Answered:
        """Free of charge, unless the one who asks has paid and never got it."""
        reply = read_reply(paid.raw)
        if call.payer and paid.payer == call.payer:
            return Answered(reply, paid.usage, self.settings.cost_of(paid.usage), paid.seconds, taken=paid.usage)
        return Answered(reply, Usage(), self.settings.cost_of(Usage()), 0.0, recalled=True, taken=paid.usage)

    def _was_cut_shorter(self, paid: PaidReply) -> bool:
        """Whether the answer ended for want of tokens and may now have more."""
        more = self.settings.max_output_tokens > paid.max_output_tokens
        return more and read_reply(paid.raw).finish_reason is FinishReason.LENGTH

    async def _ask(self, call: ChatCall, input_tokens: int) -> tuple[Reply, float]:
        """Call until there is an answer or nothing more to try; returns (answer, seconds of the last call)."""
        tries = 0
        while True:
            tries += 1
            try:
                async with self.limit.slot():
                    return await self._call(call, input_tokens)
            except CallError as fault:
                await self._after_fault(fault, tries)

    async def _call(self, call: ChatCall, input_tokens: int) -> tuple[Reply, float]:
        self._check_stopped()
        reserved = round(input_tokens + self._output_tokens)
        wait = await self.aside(lambda: self._ports.reserve(reserved))
        await asyncio.sleep(max(wait, self._resume_at - time.monotonic(), 0.0))
        self._check_stopped()
        started = time.monotonic()
        reply = await self._client.complete(call.messages, call.temperature, call.seed, call.tools)
        seconds = time.monotonic() - started
        self._breaker.succeeded()
        await self.limit.grow()
        usage = reply.usage or estimate_usage(call.messages, reply)
        self._output_tokens += 0.1 * (usage.output_tokens - self._output_tokens)
        spent = usage.input_tokens + usage.output_tokens - reserved
        await self.aside(lambda: self._ports.settle(spent))
        return reply, seconds

    async def _after_fault(self, fault: CallError, tries: int) -> None:
        """Wait before the next try; raises where there is none."""
        if fault.stops or not fault.retryable:
            if fault.kind == "malformed" and self._breaker.gave_up():
                raise self._open_circuit(fault) from fault
            raise fault
        if fault.shrinks:
            self.limit.shrink()
        wait = max(fault.retry_after or 0.0, backoff_seconds(tries))
        if wait > LONGEST_RETRY_AFTER:
            reason = f"{fault.message} It asks to be left alone for {wait:,.0f} s."
            await self.aside(lambda: self._ports.hold(wait, reason))
            raise CallError("held", reason, retryable=True, stops=True) from fault
        if fault.retry_after:
            self._resume_at = max(self._resume_at, time.monotonic() + fault.retry_after)
        if tries >= self.settings.tries:
            raise (self._open_circuit(fault) if self._breaker.gave_up() else fault) from fault
        await asyncio.sleep(wait)

    @staticmethod
    def _open_circuit(fault: CallError) -> CallError:
        message = f"Call after call fails, so the run has stopped asking. The last one said: {fault.message}"
        return CallError("circuit", message, retryable=True, stops=True)

    def _check_stopped(self) -> None:
        if self.stopped is not None:
            raise CallError(self.stopped.kind, self.stopped.message, retryable=True, stops=True)
