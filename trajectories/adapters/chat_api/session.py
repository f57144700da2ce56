"""Many calls at once, in an event loop on a thread of its own, so that storing results holds up no call."""

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self, TypeVar

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
from trajectories.adapters.chat_api.translate import estimate_usage, request_hash, to_result
from trajectories.core.identity import canonical_json
from trajectories.core.problems import ProblemError
from trajectories.core.prompts import Message, PromptError, render_messages
from trajectories.core.records import FinishReason, SampleFailure, SampleRequest, SampleResult
from trajectories.core.tokens import estimate_tokens

T = TypeVar("T")
Outcome = SampleResult | SampleFailure


class ChatSession:
    """Takes requests as they come and hands out outcomes as they are ready.

    Leaving the session cancels what is in flight. A fault that no further call can survive comes out as a failure with
    `stops`; the session then answers everything else with the same failure.
    """

    def __init__(self, settings: ChatSettings, ports: Ports, environment: Mapping[str, str]) -> None:
        self._settings, self._ports = settings, ports
        self._client = ChatClient(settings, environment)
        self._done: queue.SimpleQueue[tuple[Any, Outcome]] = queue.SimpleQueue()
        self._loop = asyncio.new_event_loop()
        self._side = ThreadPoolExecutor(max_workers=1, thread_name_prefix="chat ports")
        self._limit, self._breaker = AdaptiveLimit(settings.concurrency), Breaker()
        self._stopped: SampleFailure | None = None
        self._output_tokens = settings.max_output_tokens / 4
        self._resume_at = 0.0
        self._last_prompt: tuple[Any, tuple[Sequence[Message], int]] = None, ((), 0)
        self._thread = threading.Thread(target=self._loop.run_forever, name="chat session", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._side.submit(self._ports.close).result()
        self._side.shutdown()

    async def _end(self) -> None:
        """Cancel every call and wait until it has let go of its connection."""
        running = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self._client.close()

    def submit(self, key: Any, request: SampleRequest) -> None:
        """Start on a request; its outcome comes with the key."""
        asyncio.run_coroutine_threadsafe(self._answer(key, request), self._loop)

    def set_concurrency(self, most: int) -> None:
        """Allow at most so many calls in flight from now on."""
        asyncio.run_coroutine_threadsafe(self._limit.set_most(most), self._loop)

    def take(self, timeout: float) -> tuple[Any, Outcome] | None:
        """The next outcome with its key; None when none came within `timeout` seconds."""
        try:
            return self._done.get(timeout=timeout)
        except queue.Empty:
            return None

    async def _answer(self, key: Any, request: SampleRequest) -> None:
        try:
            outcome: Outcome = await self._draw(request)
        except CallError as fault:
            outcome = SampleFailure(fault.kind, fault.message, fault.retryable, fault.stops)
        except (PromptError, ProblemError) as fault:
            outcome = SampleFailure("prompt", f"The prompt could not be made: {fault}")
        except Exception as fault:
            outcome = SampleFailure("sampler", f"The sampler broke: {type(fault).__name__}: {fault}")
        if isinstance(outcome, SampleFailure) and outcome.stops:
            self._stopped = outcome
        self._done.put((key, outcome))

    async def _draw(self, request: SampleRequest) -> Outcome:
        messages, input_tokens = self._prompt(request)
        wanted = request_hash(self._settings, messages, request)
        paid = await self._aside(lambda: self._ports.recall(wanted))
        if paid is not None and not self._was_cut_shorter(paid):
            return to_result(request, messages, read_reply(paid.raw), paid, self._settings, recalled=True)
        if self._settings.context_limit is not None and input_tokens > self._settings.context_limit:
            raise CallError(
                "context",
                f"The prompt has about {input_tokens:,} tokens; the model takes {self._settings.context_limit:,}.",
            )
        reply, seconds = await self._ask(request, messages, input_tokens)
        usage = reply.usage or estimate_usage(messages, reply)
        paid = PaidReply(reply.raw, usage, seconds, self._settings.max_output_tokens)
        await self._aside(lambda: self._ports.remember(wanted, paid))
        return to_result(request, messages, reply, paid, self._settings)

    def _prompt(self, request: SampleRequest) -> tuple[Sequence[Message], int]:
        """(messages, about how many tokens); samples of one prompt come one after the other, so the last is kept."""
        wanted = request.problem.content_hash, request.instruction
        if wanted != self._last_prompt[0]:
            messages = render_messages(request.instruction, request.problem)
            tokens = estimate_tokens(canonical_json(list(messages)))
            self._last_prompt = wanted, (messages, tokens)
        return self._last_prompt[1]

    def _was_cut_shorter(self, paid: PaidReply) -> bool:
        """Whether the answer ended for want of tokens and may now have more."""
        more = self._settings.max_output_tokens > paid.max_output_tokens
        return more and read_reply(paid.raw).finish_reason is FinishReason.LENGTH

    async def _ask(self, request: SampleRequest, messages: Sequence[Any], input_tokens: int) -> tuple[Reply, float]:
        """Call until there is an answer or nothing more to try; returns (answer, seconds of the last call)."""
        tries = 0
        while True:
            tries += 1
            try:
                async with self._limit.slot():
                    return await self._call(request, messages, input_tokens)
            except CallError as fault:
                await self._after_fault(fault, tries)

    async def _call(self, request: SampleRequest, messages: Sequence[Any], input_tokens: int) -> tuple[Reply, float]:
        self._check_stopped()
        reserved = round(input_tokens + self._output_tokens)
        wait = await self._aside(lambda: self._ports.reserve(reserved))
        await asyncio.sleep(max(wait, self._resume_at - time.monotonic(), 0.0))
        self._check_stopped()
        started = time.monotonic()
        reply = await self._client.complete(messages, request.temperature, request.seed)
        seconds = time.monotonic() - started
        self._breaker.succeeded()
        await self._limit.grow()
        usage = reply.usage or estimate_usage(messages, reply)
        self._output_tokens += 0.1 * (usage.output_tokens - self._output_tokens)
        spent = usage.input_tokens + usage.output_tokens - reserved
        await self._aside(lambda: self._ports.settle(spent))
        return reply, seconds

    async def _after_fault(self, fault: CallError, tries: int) -> None:
        """Wait before the next try; raises where there is none."""
        if fault.stops or not fault.retryable:
            if fault.kind == "malformed" and self._breaker.gave_up():
                raise self._open_circuit(fault) from fault
            raise fault
        if fault.shrinks:
            self._limit.shrink()
        wait = max(fault.retry_after or 0.0, backoff_seconds(tries))
        if wait > LONGEST_RETRY_AFTER:
            reason = f"{fault.message} It asks to be left alone for {wait:,.0f} s."
            await self._aside(lambda: self._ports.hold(wait, reason))
            raise CallError("held", reason, retryable=True, stops=True) from fault
        if fault.retry_after:
            self._resume_at = max(self._resume_at, time.monotonic() + fault.retry_after)
        if tries >= self._settings.tries:
            raise (self._open_circuit(fault) if self._breaker.gave_up() else fault) from fault
        await asyncio.sleep(wait)

    @staticmethod
    def _open_circuit(fault: CallError) -> CallError:
        message = f"Call after call fails, so the run has stopped asking. The last one said: {fault.message}"
        return CallError("circuit", message, retryable=True, stops=True)

    def _check_stopped(self) -> None:
        if self._stopped is not None:
            raise CallError(self._stopped.kind, self._stopped.message, retryable=True, stops=True)

    async def _aside(self, act: Callable[[], T]) -> T:
        """Run what may wait for the database without holding up the calls."""
        return await self._loop.run_in_executor(self._side, act)
