"""Many calls at once, in an event loop on a thread of its own, so that storing results holds up no call."""

import asyncio
import queue
import threading
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

from trajectories.adapters.acting import carried
from trajectories.adapters.chat_api.calls.caller import Caller
from trajectories.adapters.chat_api.calls.glimpses import Glimpse, Glimpses
from trajectories.adapters.chat_api.calls.ports import Ports
from trajectories.adapters.chat_api.calls.records import Answered, ChatCall
from trajectories.adapters.chat_api.wire.faults import CallError
from trajectories.adapters.chat_api.wire.settings import ChatSettings
from trajectories.adapters.endpoints import EndpointAccess
from trajectories.adapters.garbage import garbage_of_now
from trajectories.adapters.log_context import about, ids_of
from trajectories.adapters.turns import short_turns
from trajectories.core.problems import ProblemError
from trajectories.core.prompts import PromptError
from trajectories.core.records import SampleFailure


class Charged(Protocol):
    """What is asked for."""

    @property
    def payer(self) -> str:
        """Whom its calls are charged to, by name."""
        ...


Asked = TypeVar("Asked", bound=Charged)
Given = TypeVar("Given")


class Limit(Protocol):
    """How many calls may be in flight."""

    async def set_most(self, most: int) -> None:
        """Change it."""
        ...


class Callee(Protocol):
    """Who makes the calls of a session: see caller.Caller."""

    settings: ChatSettings
    glimpses: Glimpses
    """The samples that are being drawn."""

    @property
    def limit(self) -> Limit:
        """How many calls may be in flight."""
        ...

    async def ask(self, call: ChatCall) -> Answered:
        """The answer. Raises CallError."""
        ...

    async def ask_together(self, calls: Sequence[ChatCall]) -> list[Answered | CallError]:
        """An outcome for each of several calls that read the same."""
        ...

    def stop(self, failure: SampleFailure) -> None:
        """Let every further call fail with this."""
        ...

    async def close(self) -> None:
        """Let go of what it holds."""
        ...


class Session(Generic[Asked, Given]):
    """Takes requests as they come and hands out outcomes as they are ready; `answer` makes the one of the other, for
    several requests at once where they were handed in together, by the caller that `open_caller` gives.

    Leaving the session cancels what is in flight. A fault that no further call can survive comes out as a failure with
    `stops`; the session then answers everything else with the same failure.
    """

    def __init__(
        self,
        open_caller: Callable[[Executor], Callee],
        ports: Ports,
        answer: Callable[[Callee, Sequence[Asked]], Awaitable[Sequence[Given | SampleFailure | CallError]]],
    ) -> None:
        self._ports, self._answer = ports, answer
        self._done: queue.SimpleQueue[tuple[Any, Given | SampleFailure]] = queue.SimpleQueue()
        self._enough, self._awaited = threading.Event(), 0
        """What tells that so many more outcomes are there, see take_all."""
        self._side = ThreadPoolExecutor(max_workers=1, thread_name_prefix="chat ports")
        self._tasks: set[asyncio.Task[None]] = set()
        self._caller = open_caller(self._side)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="chat session", daemon=True)
        self._held = ExitStack()
        """What holds for the whole process while the session is open."""

    def __enter__(self) -> Self:
        self._held.enter_context(short_turns())
        self._held.enter_context(garbage_of_now())
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
            self._side.submit(carried(self._ports.close)).result()
            self._side.shutdown()
        finally:
            self._held.close()

    async def _end(self) -> None:
        """Cancel every call and wait until it has let go of its connection."""
        running = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self._caller.close()

    def submit(self, key: Any, request: Asked) -> None:
        """Start on a request; its outcome comes with the key."""
        self.submit_all([[(key, request)]])

    def submit_all(self, groups: Sequence[Sequence[tuple[Any, Asked]]]) -> None:
        """Start on requests, each with its key; those of one group are answered together."""
        self._loop.call_soon_threadsafe(self._start, groups)

    def _start(self, groups: Sequence[Sequence[tuple[Any, Asked]]]) -> None:
        for group in groups:
            task = self._loop.create_task(self._handle(group))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def set_concurrency(self, most: int) -> None:
        """Allow at most so many calls in flight from now on."""
        asyncio.run_coroutine_threadsafe(self._caller.limit.set_most(most), self._loop)

    def glimpse(self, payer: str) -> Glimpse | None:
        """What has come so far of a sample that is being drawn, by who pays for it. To be asked by one thread only."""
        return self._caller.glimpses.of(payer)

    def take(self, timeout: float) -> tuple[Any, Given | SampleFailure] | None:
        """The next outcome with its key; None when none came within `timeout` seconds."""
        try:
            return self._done.get(timeout=timeout)
        except queue.Empty:
            return None

    def take_all(self, timeout: float, most: int, company: float = 0.0) -> list[tuple[Any, Given | SampleFailure]]:
        """The outcomes that are there, `most` of them at the most; waits up to `timeout` seconds for the first, which
        waits up to `company` seconds for others."""
        taken = self.take(timeout)
        found = [] if taken is None else [taken]
        if found and company:
            # Woken by each one that comes, this thread would stop the calls each time.
            self._enough, self._awaited = threading.Event(), most - len(found)
            if self._done.qsize() < self._awaited:
                self._enough.wait(company)
        while found and len(found) < most:
            try:
                found.append(self._done.get_nowait())
            except queue.Empty:
                break
        return found

    async def _handle(self, group: Sequence[tuple[Any, Asked]]) -> None:
        outcomes: Sequence[Given | SampleFailure | CallError]
        try:
            with about(**ids_of(request.payer for _, request in group)):
                outcomes = await self._answer(self._caller, [request for _, request in group])
        except CallError as fault:
            outcomes = [fault] * len(group)
        except (PromptError, ProblemError) as fault:
            outcomes = [SampleFailure("prompt", f"The prompt could not be made: {fault}")] * len(group)
        except Exception as fault:
            outcomes = [SampleFailure("sampler", f"The sampler broke: {type(fault).__name__}: {fault}")] * len(group)
        for (key, _), given in zip(group, outcomes, strict=True):
            outcome = _failure(given) if isinstance(given, CallError) else given
            if isinstance(outcome, SampleFailure) and outcome.stops:
                self._caller.stop(outcome)
            self._done.put((key, outcome))
        if self._done.qsize() >= self._awaited:
            self._enough.set()


def _failure(fault: CallError) -> SampleFailure:
    return SampleFailure(fault.kind, fault.message, fault.retryable, fault.stops)


class CallSession(Session[ChatCall, Answered]):
    """A session for calls whose answers somebody else reads."""

    def __init__(self, settings: ChatSettings, access: EndpointAccess, ports: Ports) -> None:
        super().__init__(lambda side: Caller(settings, access, ports, side), ports, _ask_together)


async def _ask_together(caller: Callee, calls: Sequence[ChatCall]) -> list[Answered | CallError]:
    return await caller.ask_together(calls)
