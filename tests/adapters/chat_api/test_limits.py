"""Places for calls in flight: given in turn, never more than there are, none lost with a call that is given up."""

import asyncio
from collections.abc import Awaitable, Callable

from trajectories.adapters.chat_api.calls.limits import AdaptiveLimit


class Callers:
    """Calls that hold a place of the limit until they are told to end."""

    def __init__(self, limit: AdaptiveLimit) -> None:
        self.limit, self.began = limit, list[str]()
        self._ends: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def call(self, *names: str) -> None:
        for name in names:
            self._ends[name] = asyncio.Event()
            self._tasks[name] = asyncio.create_task(self._hold(name))
        await settle()

    async def _hold(self, name: str) -> None:
        async with self.limit.slot():
            self.began.append(name)
            await self._ends[name].wait()

    async def end(self, name: str) -> None:
        self._ends[name].set()
        await settle()

    def give_up(self, name: str) -> None:
        self._tasks[name].cancel()

    def hand_over(self, name: str) -> None:
        """End a call in this very step of the loop."""
        self._ends[name].set()


async def settle() -> None:
    """Let every task go as far as it can."""
    for _ in range(10):
        await asyncio.sleep(0)


def run(most: int, act: Callable[[Callers], Awaitable[None]]) -> list[str]:
    """The calls that got a place, in order."""

    async def within() -> list[str]:
        callers = Callers(AdaptiveLimit(most))
        await act(callers)
        return callers.began

    return asyncio.run(within())


def test_places_are_given_in_the_order_they_were_asked_for():
    async def act(callers: Callers) -> None:
        await callers.call("a", "b", "c", "d")
        assert callers.began == ["a", "b"]
        await callers.end("b")
        await callers.end("a")

    assert run(2, act) == ["a", "b", "c", "d"]


def test_who_gives_up_while_waiting_takes_no_place():
    async def act(callers: Callers) -> None:
        await callers.call("a", "b", "c")
        callers.give_up("b")
        await settle()
        assert callers.began == ["a"]
        await callers.end("a")

    assert run(1, act) == ["a", "c"]


def test_a_place_that_was_just_given_is_passed_on_by_who_gives_up():
    async def act(callers: Callers) -> None:
        await callers.call("a", "b", "c")
        callers.hand_over("a")
        await asyncio.sleep(0)  # "a" has left and its place is given to "b", which has not gone on yet
        callers.give_up("b")
        await settle()

    assert run(1, act) == ["a", "c"]


def test_more_places_let_those_in_that_wait_and_fewer_keep_them_out():
    async def act(callers: Callers) -> None:
        await callers.call("a", "b", "c", "d")
        await callers.limit.set_most(3)
        await settle()
        assert callers.began == ["a", "b", "c"]
        await callers.limit.set_most(1)
        await callers.end("a")
        await callers.end("b")
        assert callers.began == ["a", "b", "c"]
        await callers.end("c")

    assert run(1, act) == ["a", "b", "c", "d"]


def test_after_a_fault_there_are_fewer_places_and_each_success_gives_back_one(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("trajectories.adapters.chat_api.calls.limits.time.monotonic", lambda: now[0])

    async def act(callers: Callers) -> None:
        callers.limit.shrink()
        assert callers.limit.allowed == 8
        await callers.call(*"abcdefghi")
        assert len(callers.began) == 8
        callers.limit.grow()
        await settle()
        assert len(callers.began) == 8, "not so soon after the fault"
        now[0] += 10
        callers.limit.grow()
        await settle()

    assert run(10, act) == list("abcdefghi")
