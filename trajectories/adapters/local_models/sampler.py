"""The local sampler: a model of this machine as a source of samples, by the same prompts as one behind an endpoint."""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from trajectories.adapters.chat_api import Answered, CallError, ChatCall, ChatSession, ChatSettings
from trajectories.adapters.chat_api.calls.glimpses import Glimpses, Hearing
from trajectories.adapters.chat_api.calls.ports import NoPorts
from trajectories.adapters.chat_api.samples.drawing import SampleDrawer
from trajectories.adapters.chat_api.samples.sampler import outcomes_of
from trajectories.adapters.local_models.children import ModelChildError
from trajectories.adapters.local_models.serving import ServedModel, Server, shared_server
from trajectories.adapters.local_models.settings import LocalSettings
from trajectories.adapters.log_context import about, ids_of
from trajectories.adapters.tracing import span
from trajectories.core.completions.replies import read_reply
from trajectories.core.records import SampleFailure, SampleRequest, SampleResult, Usage

Key = TypeVar("Key")
LINGER_SECONDS = 0.02
"""So long a batch waits for company."""

FREE = Decimal(0)


def chat_settings(settings: LocalSettings, name: str) -> ChatSettings:
    """The settings by which runs count and budget: a model that costs nothing, with a batch in flight."""
    return ChatSettings(
        base_url="local:",
        model=name,
        input_price=FREE,
        output_price=FREE,
        concurrency=settings.batch,
        max_output_tokens=settings.max_output_tokens,
        logprobs=settings.logprobs,
    )


class LocalSampler:
    """Samples of a model of this machine (core.samplers.base.Sampler)."""

    name = "local"
    version = 1

    def __init__(self, local: LocalSettings, model: ServedModel, title: str, server: Server | None = None) -> None:
        self.settings = chat_settings(local, title)
        self._local, self._model = local, model
        self._server = shared_server() if server is None else server

    def open_session(self) -> ChatSession:
        """A session for requests that come one after the other."""
        caller = _LocalCaller(self.settings, self._local, self._model, self._server)
        return ChatSession(lambda _: caller, NoPorts(), SampleDrawer().draw)

    @staticmethod
    def groups_of(requests: Sequence[tuple[Key, SampleRequest]]) -> list[list[tuple[Key, SampleRequest]]]:
        """Each alone: batches are made of whatever waits, whether it reads the same or not."""
        return [[item] for item in requests]

    def sample(self, requests: Sequence[SampleRequest]) -> Iterator[tuple[int, SampleResult | SampleFailure]]:
        """Yield each outcome as it comes, whatever the order."""
        yield from outcomes_of(self.open_session(), self.groups_of(list(enumerate(requests))))


class _Places:
    """How many answers are made together."""

    def __init__(self, most: int) -> None:
        self.most = most

    async def set_most(self, most: int) -> None:
        """Change it."""
        self.most = most


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A call that waits for its answer; it is the one at `place` of those that `hearing` listens to."""

    call: ChatCall
    future: "asyncio.Future[Answered | CallError]"
    hearing: Hearing
    place: int


class _Ears:
    """Lets each call of a batch be heard while it is answered (serving.Listener)."""

    def __init__(self, batch: Sequence[_Waiting]) -> None:
        self._batch = batch
        self._pieces: dict[int, list[bytes]] = {}

    def begin(self) -> None:
        """Forget what an earlier try said."""
        self._pieces = {id(each.hearing): each.hearing.begin("") for each in self._batch}

    def hear(self, place: int, text: str) -> None:
        """Hand on what a call says, in the form in which endpoints stream it."""
        heard = self._batch[place]
        event = {"choices": [{"index": heard.place, "delta": {"content": text}}]}
        self._pieces[id(heard.hearing)].append(b"data:" + json.dumps(event).encode() + b"\n")


class _LocalCaller:
    """Makes batches of the calls that wait, one batch at a time. Used within one event loop."""

    def __init__(self, settings: ChatSettings, local: LocalSettings, model: ServedModel, server: Server) -> None:
        self.settings = settings
        self.glimpses = Glimpses()
        self.limit = _Places(local.batch)
        self._local, self._model, self._server = local, model, server
        self._waiting: list[_Waiting] = []
        self._pump: asyncio.Task[None] | None = None
        self._side = ThreadPoolExecutor(1, thread_name_prefix="local model")
        self._stopped: SampleFailure | None = None
        self._closed = False

    async def ask(self, call: ChatCall) -> Answered:
        """The answer. Raises CallError."""
        (outcome,) = await self.ask_together([call])
        if isinstance(outcome, CallError):
            raise outcome
        return outcome

    async def ask_together(self, calls: Sequence[ChatCall]) -> list[Answered | CallError]:
        """An outcome for each."""
        loop = asyncio.get_running_loop()
        futures = [loop.create_future() for _ in calls]
        with self.glimpses.listening([call.payer for call in calls]) as hearing:
            asked = enumerate(zip(calls, futures, strict=True))
            self._waiting += [_Waiting(call, future, hearing, place) for place, (call, future) in asked]
            if self._pump is None or self._pump.done():
                self._pump = loop.create_task(self._work())
            return list(await asyncio.gather(*futures))

    def stop(self, failure: SampleFailure) -> None:
        """Let every further call fail with this."""
        self._stopped = failure

    async def close(self) -> None:
        """Let the child finish no batch that nobody waits for."""
        self._closed = True
        await asyncio.get_running_loop().run_in_executor(None, self._side.shutdown)

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            await asyncio.sleep(LINGER_SECONDS)
            batch, self._waiting = self._waiting[: self.limit.most], self._waiting[self.limit.most :]
            outcomes = await loop.run_in_executor(self._side, copy_context().run, self._outcomes, batch)
            for each, outcome in zip(batch, outcomes, strict=True):
                if not each.future.done():
                    each.future.set_result(outcome)

    def _outcomes(self, batch: Sequence[_Waiting]) -> list[Answered | CallError]:
        """In a thread of its own. A child that cannot answer is the outcome of each call."""
        if (stopped := self._stopped) is not None:
            return [CallError(stopped.kind, stopped.message, stops=True)] * len(batch)
        request = {
            "calls": [self._asked(each.call) for each in batch],
            "logprobs": self._local.logprobs,
            "seconds": self._local.seconds,
        }
        told = {"gen_ai.operation.name": "chat", "gen_ai.request.model": self.settings.model}
        try:
            with span(f"chat {self.settings.model}", told), about(**ids_of(each.call.payer for each in batch)):
                found = self._server.answer(
                    self._model, request, self._local.seconds, lambda: not self._closed, _Ears(batch)
                )
        except ModelChildError as fault:
            return [CallError(fault.kind, f"The local model gave no answer. {fault}", stops=True)] * len(batch)
        except OSError as fault:
            return [CallError("local", f"The local model did not start: {fault}", stops=True)] * len(batch)
        return [self._answered(answer) for answer in found]

    def _asked(self, call: ChatCall) -> dict[str, Any]:
        return {
            "messages": list(call.messages),
            "temperature": call.temperature,
            "seed": call.seed,
            "most": self._local.max_output_tokens,
            "top_p": self._local.top_p,
        }

    def _answered(self, answer: Mapping[str, Any]) -> Answered | CallError:
        if "fault" in answer:
            return CallError("bad_request", str(answer["fault"]))
        usage = Usage(input_tokens=answer["input_tokens"], output_tokens=answer["output_tokens"])
        reply = read_reply(json.dumps(_completion(self.settings.model, answer), ensure_ascii=False))
        return Answered(reply, usage, self.settings.cost_of(usage), float(answer.get("seconds", 0.0)), taken=usage)


def _completion(model: str, answer: Mapping[str, Any]) -> dict[str, Any]:
    """The answer in the form that answers of endpoints are kept in."""
    logprobs = [{"logprob": float(value)} for value in answer["logprobs"]]
    return {
        "object": "chat.completion",
        "model": model,
        "choices": [
            {
                "index": 0,
                "finish_reason": answer["finish_reason"],
                "message": {"role": "assistant", "content": answer["text"]},
                "logprobs": {"content": logprobs} if logprobs else None,
            }
        ],
        "usage": {
            "prompt_tokens": answer["input_tokens"],
            "completion_tokens": answer["output_tokens"],
            "total_tokens": answer["input_tokens"] + answer["output_tokens"],
        },
    }


def model_of(folder: Path, environment: Any, settings: LocalSettings, threads: int) -> ServedModel:
    """What a local sampler serves."""
    return ServedModel(environment, folder, settings.precision, threads, int(settings.memory_gib * 1024**3))
