"""Doing together what is asked for one by one: while one batch is being done, what comes meanwhile makes the next."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Given = TypeVar("Given")


class Batches(Generic[Asked, Given]):
    """`act` gets some of what was asked for, in order, and gives something for each. Nothing waits for company: what
    comes alone goes alone. Used within one event loop."""

    def __init__(self, act: Callable[[Sequence[Asked]], Awaitable[Sequence[Given]]], most: int = 256) -> None:
        self._act, self._most = act, most
        self._waiting: list[tuple[Asked, asyncio.Future[Given]]] = []
        self._worker: asyncio.Task[None] | None = None

    async def do(self, item: Asked) -> Given:
        """What `act` gives for the item. What it raises is raised for every item of the batch.

        An item whose asker is cancelled is done all the same.
        """
        future: asyncio.Future[Given] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        return await future

    async def finish(self) -> None:
        """Wait until everything asked for is done; also after the worker was cancelled."""
        if self._worker is not None:
            await asyncio.gather(self._worker, return_exceptions=True)
        await self._work()

    async def _work(self) -> None:
        while self._waiting:
            batch = self._waiting[: self._most]
            try:
                given = await self._act([item for item, _ in batch])
            except asyncio.CancelledError:
                raise
            except Exception as fault:
                del self._waiting[: len(batch)]
                for _, future in batch:
                    if not future.done():
                        future.set_exception(fault)
                continue
            del self._waiting[: len(batch)]
            for (_, future), value in zip(batch, given, strict=True):
                if not future.done():
                    future.set_result(value)
