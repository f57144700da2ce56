"""The HTTP server: asyncio streams, HTTP/1.1 with connections that stay open, on a thread of its own."""

import asyncio
import json
import random
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl

from trajectories.core.text.tokens import estimate_tokens
from trajectories.stand_ins.fake_endpoint import bodies
from trajectories.stand_ins.fake_endpoint.agents import Converser
from trajectories.stand_ins.fake_endpoint.answers import Answer, Answerer, canned, continued, stopped
from trajectories.stand_ins.fake_endpoint.batches import SHELF_PATHS, KeptBatch, Shelf
from trajectories.stand_ins.fake_endpoint.behaviour import Behaviour, Play
from trajectories.stand_ins.fake_endpoint.embeddings import PATH as EMBEDDINGS
from trajectories.stand_ins.fake_endpoint.embeddings import Embedder, embeddings, words_of
from trajectories.stand_ins.fake_endpoint.pictures import TOKENS, colour_asked_for, pictures_in, seen, words_in
from trajectories.stand_ins.fake_endpoint.refusals import refusal_of

HOST = "127.0.0.1"
MAX_HEAD = 64 * 1024
HUGE = 30 * 1024 * 1024
DRIP_SECONDS = 0.1
REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}
ANSWER_PATHS = ("/v1/chat/completions", "/v1/responses", EMBEDDINGS)
Pause = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class HeardCall:
    """One request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any
    query: Mapping[str, str] = field(default_factory=dict)

    @property
    def messages(self) -> list[Any]:
        """What was said before, in the form of its API, pictures as the digits of their grids."""
        return [seen(message) for message in self._said]

    @property
    def _said(self) -> list[Any]:
        return list(self.body.get("messages") or self.body.get("input") or ())

    @property
    def input_tokens(self) -> int:
        """What it is counted as."""
        words = "\n\n".join(filter(None, map(words_in, self._said)))
        return estimate_tokens(words) + TOKENS * sum(len(pictures_in(message)) for message in self._said)

    @property
    def prompt(self) -> str:
        """All its messages as one text, results of tools included."""
        texts = (message.get("content") or message.get("output") for message in self.messages)
        return "\n\n".join(text for text in texts if isinstance(text, str))

    @property
    def samples(self) -> int:
        """How many it asks for."""
        asked = self.body.get("n")
        return asked if isinstance(asked, int) and asked > 0 else 1

    @property
    def key(self) -> str:
        """The key it came with."""
        return self.headers.get("authorization", "").removeprefix("Bearer ")


class FakeEndpoint:
    """`with FakeEndpoint() as endpoint:` serves at `endpoint.url` until the block ends.

    `script` says how the first calls go, one after the other; then `behaviour` draws. `calls` holds what was asked,
    `answered` counts answers sent in full and `spent` their tokens ("input", "output"), `most_in_flight` is the largest
    number of calls at once. `shelf` has the files and batches; the requests of a batch are among the `calls` once it
    is over.
    """

    def __init__(
        self,
        behaviour: Behaviour | None = None,
        answerer: Answerer | Converser | None = None,
        script: Iterable[Play] = (),
        port: int = 0,
    ) -> None:
        self.behaviour = behaviour or Behaviour()
        self.script = list(script)
        self.calls: list[HeardCall] = []
        self.answered = 0
        self.spent: Counter[str] = Counter()
        self.in_flight = 0
        self.most_in_flight = 0
        self.port = port
        self.shelf = Shelf()
        self.embedder: Embedder = words_of
        self._answerer = answerer or canned()
        self._asked: Counter[str] = Counter()
        self._seeded: dict[tuple[Any, ...], int] = {}
        self._chance = random.Random(self.behaviour.seed)
        self._thinker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="endpoint answers")
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="fake endpoint", daemon=True)

    @property
    def url(self) -> str:
        """The base address for clients."""
        return f"http://{HOST}:{self.port}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._thinker.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, HOST, self.port, limit=MAX_HEAD))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        try:
            self._loop.run_forever()
        finally:
            server.close()
            tasks = asyncio.all_tasks(self._loop)
            for task in tasks:
                task.cancel()
            if tasks:
                self._loop.run_until_complete(asyncio.wait(tasks))
            self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection in turn."""
        try:
            while (call := await _read_call(reader)) is not None:
                self.in_flight += 1
                self.most_in_flight = max(self.most_in_flight, self.in_flight)
                try:
                    await self._handle(call, writer)
                finally:
                    self.in_flight -= 1
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            return  # the client has gone, or the server is being stopped
        finally:
            writer.close()

    async def _handle(self, call: HeardCall, writer: asyncio.StreamWriter) -> None:
        if call.method == "GET" and call.path == "/v1/models":
            models = [{"id": name, "object": "model"} for name in self.behaviour.models or ("fake",)]
            await _send(writer, 200, json.dumps({"object": "list", "data": models}).encode())
            return
        if call.path.startswith(SHELF_PATHS):
            await self._serve_batches(call, writer)
            return
        if call.method != "POST" or call.path not in ANSWER_PATHS or not isinstance(call.body, dict):
            await _send(writer, 404, b'{"error": {"message": "No such address."}}')
            return
        self.calls.append(call)
        play = self._play(call)
        if self.behaviour.latency:
            await asyncio.sleep(self.behaviour.latency)
        await self._perform(play, call, writer)

    async def _serve_batches(self, call: HeardCall, writer: asyncio.StreamWriter) -> None:
        """Files and batches; a batch whose time is over is answered when somebody asks how it stands."""
        way = self.behaviour.batch_way
        if self.behaviour.key and call.key != self.behaviour.key:
            await _send(writer, *bodies.error_body("401", call.key))
            return
        if way == "none" or (way == "busy" and (call.method, call.path) == ("POST", "/v1/batches")):
            await _send(writer, *bodies.error_body("404" if way == "none" else "429", call.key))
            return
        for batch in self.shelf.due(self.behaviour.batch_seconds):
            await self._answer_batch(batch)
        status, body = self.shelf.serve(call.method, call.path, call.body, call.query, way)
        if (call.method, call.path) == ("POST", "/v1/batches") and way in ("unheard", "unmarked"):
            writer.transport.abort()
            raise ConnectionAbortedError
        if (call.method, call.path) == ("POST", "/v1/batches") and way == "silent":
            await asyncio.sleep(3600)
        await _send(writer, status, body)

    async def _answer_batch(self, batch: KeptBatch) -> None:
        count = round(len(batch.requests) * self.behaviour.batch_answers)
        for line in batch.requests[:count]:
            call = HeardCall("POST", str(line.get("url")), {}, line.get("body"))
            self.calls.append(call)
            play = self.script.pop(0) if self.script else self.behaviour.draw(self._chance)
            if words := refusal_of(call.body, self.behaviour.takes):
                batch.refuse(line, 400, json.loads(bodies.refusal_body(words)))
            elif play.failure in bodies.ERRORS:
                status, body = bodies.error_body(play.failure, call.key)
                batch.refuse(line, status, json.loads(body))
            else:
                whole = await self._body(play.failure, call)
                batch.answer(line, bodies.spoil(whole, play.failure) if play.failure in bodies.SPOILT else whole)
                self.answered += 1
                self.spent += Counter(bodies.tokens_of(whole))
        batch.end(len(batch.requests) - count)

    def _play(self, call: HeardCall) -> Play:
        """How this call goes."""
        behaviour = self.behaviour
        if behaviour.key and call.key != behaviour.key:
            return Play("401")
        if behaviour.models and call.body.get("model") not in behaviour.models:
            return Play("404")
        if behaviour.n == "refused" and call.samples > 1:
            return Play("400")
        if behaviour.in_flight is not None and self.in_flight > behaviour.in_flight:
            return Play("429", behaviour.retry_after)
        return self.script.pop(0) if self.script else behaviour.draw(self._chance)

    async def _perform(self, play: Play, call: HeardCall, writer: asyncio.StreamWriter) -> None:
        if not play.failure and (words := refusal_of(call.body, self.behaviour.takes)):
            await _send(writer, 400, bodies.refusal_body(words))
        elif play.failure in bodies.ERRORS:
            status, body = bodies.error_body(play.failure, call.key)
            headers = {"Retry-After": play.retry_after} if play.failure in ("429", "503") else {}
            await _send(writer, status, body, headers)
        elif play.failure == "reset":
            writer.transport.abort()
            raise ConnectionAbortedError
        elif play.failure == "hang":
            await asyncio.sleep(3600)
        else:
            await self._answer(play.failure, call, writer)

    async def _pause(self) -> None:
        """Between two pieces of an answer; how long may change meanwhile."""
        if self.behaviour.pace:
            await asyncio.sleep(self.behaviour.pace)

    def _say(self, call: HeardCall, prompt: str, asked_before: int) -> Answer:
        return stopped(self._whole(call, prompt, asked_before), call.body.get("stop"))

    def _whole(self, call: HeardCall, prompt: str, asked_before: int) -> Answer:
        """What is said where nothing stops it."""
        messages = call.messages
        if "pictures" in self.behaviour.takes and (colour := colour_asked_for(messages)):
            return Answer(colour)
        begun = str(messages[-1].get("content")) if messages and messages[-1].get("role") == "assistant" else ""
        if begun and "strips" in self.behaviour.takes:
            begun = begun.rstrip()
            messages = [*messages[:-1], {**messages[-1], "content": begun}]
        goes_on = bool(begun) and "continues" in self.behaviour.takes
        if isinstance(self._answerer, Converser):
            said = messages[:-1] if goes_on else messages
            answer = self._answerer.converse(said, bool(call.body.get("tools")), asked_before)
        else:
            answer = self._answerer(
                prompt.removesuffix(call.messages[-1]["content"]) if goes_on else prompt, asked_before
            )
        return continued(answer, begun) if goes_on else answer

    async def _one(self, failure: str, call: HeardCall, asked_before: int) -> Answer:
        """One sample."""
        if failure not in ("", "no_usage", "truncated", "not_utf8", "drip", "cut", *bodies.SPOILT):
            return Answer("", refusal="I cannot help with that.") if failure == "refused" else Answer("")
        answer = await self._loop.run_in_executor(self._thinker, self._say, call, call.prompt, asked_before)
        return Answer(answer.text[: len(answer.text) // 3], answer.reasoning) if failure == "truncated" else answer

    def _asked_before(self, call: HeardCall, count: int) -> int:
        """How many samples of the prompt were drawn before: the same number for the same seed and temperature, so that
        the same call has the same answer."""
        takes, prompt, seed = self.behaviour.takes, call.prompt, call.body.get("seed")
        if "ignores_temperature" in takes:
            return 0
        number, self._asked[prompt] = self._asked[prompt], self._asked[prompt] + count
        keeps = seed is not None and not {"ignores_seed", "no_seed"} & set(takes)
        key = (prompt, seed, call.body.get("temperature"), count)
        return self._seeded.setdefault(key, number) if keeps else number

    async def _body(self, failure: str, call: HeardCall) -> dict[str, Any]:
        """The body of an answer, before anything is spoilt."""
        if call.path == EMBEDDINGS:
            return embeddings(call.body, self.embedder)
        takes = self.behaviour.takes
        count = self.behaviour.choices(call.samples)
        asked_before = self._asked_before(call, count)
        answers = [await self._one(failure, call, asked_before + number) for number in range(count)]
        model = str(call.body.get("model", ""))
        if call.path == "/v1/responses":
            whole = bodies.response(model, call.input_tokens, answers[0], failure)
        else:
            logprobs = bool(call.body.get("logprobs")) and "ignores_logprobs" not in takes
            whole = bodies.completion(model, call.input_tokens, answers, failure, logprobs=logprobs)
            if "stop_reason" in takes:
                bodies.name_stops(whole, answers)
        if self.behaviour.stated_cost is not None and "usage" in whole:
            whole["usage"]["cost"] = self.behaviour.stated_cost
        return whole

    async def _answer(self, failure: str, call: HeardCall, writer: asyncio.StreamWriter) -> None:
        whole, responses = await self._body(failure, call), call.path == "/v1/responses"
        pieces = [json.dumps(whole).encode()]
        if call.body.get("stream"):
            events = [*(bodies.stream_response(whole) if responses else bodies.stream_completion(whole))]
            events = bodies.spoil_stream(events, failure) if failure in bodies.SPOILT else events
            pieces = [event.encode() for event in events]
        elif failure in bodies.SPOILT:
            pieces = [json.dumps(bodies.spoil(whole, failure)).encode()]
        await _deliver(writer, failure, pieces, self._pause if call.body.get("stream") else None)
        self.answered += 1
        self.spent += Counter(bodies.tokens_of(whole))


async def _read_call(reader: asyncio.StreamReader) -> HeardCall | None:
    """The next request; None where the client has closed the connection."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    except asyncio.IncompleteReadError:
        return None
    method, path, _ = head[0].split(" ", 2)
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    raw = await reader.readexactly(int(headers.get("content-length", "0")))
    path, _, query = path.partition("?")
    words = dict(parse_qsl(query))
    if headers.get("content-type", "").startswith("multipart/form-data"):
        return HeardCall(method, path, headers, raw, words)
    try:
        body = json.loads(raw) if raw else None
    except ValueError:
        body = None
    return HeardCall(method, path, headers, body, words)


async def _send(
    writer: asyncio.StreamWriter, status: int, body: bytes, headers: Mapping[str, str] | None = None
) -> None:
    lines = {"Content-Type": "application/json", "Content-Length": str(len(body)), **(headers or {})}
    writer.write(_head(status, lines) + body)
    await writer.drain()


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} {REASONS.get(status, 'Error')}\r\n{lines}\r\n".encode("latin-1")


SPOILT: Mapping[str, Callable[[bytes], bytes]] = {
    "huge": lambda _: b'{"choices": "' + b"x" * HUGE + b'"}',
    "malformed": lambda whole: whole[: len(whole) // 2],
    "html": lambda _: b"<!doctype html><title>Log in</title>",
    "nested": lambda _: b"[" * 100_000 + b"]" * 100_000,
    "no_choices": lambda _: b'{"object": "chat.completion", "choices": []}',
    "not_utf8": lambda whole: whole.replace(b"rule", b"r\xff\xfele"),
}
"""What becomes of an answer's body, by the word of the failure."""


async def _deliver(writer: asyncio.StreamWriter, failure: str, pieces: Sequence[bytes], pause: Pause | None) -> None:
    """Send an answer, or what is left of it; `pause` is waited for between its pieces, None where it comes whole."""
    whole = b"".join(pieces)
    if failure in SPOILT:
        await _send(writer, 200, SPOILT[failure](whole))
    elif failure == "cut":
        writer.write(_head(200, {"Content-Type": "application/json", "Content-Length": str(len(whole))}))
        writer.write(whole[: len(whole) // 2])
        await writer.drain()
        raise ConnectionAbortedError
    elif failure == "drip":
        writer.write(_head(200, {"Content-Type": "application/json", "Content-Length": str(len(whole))}))
        for index in range(len(whole)):
            writer.write(whole[index : index + 1])
            await writer.drain()
            await asyncio.sleep(DRIP_SECONDS)
    elif pause is not None:
        await _stream(writer, pieces, pause)
    else:
        await _send(writer, 200, whole)


async def _stream(writer: asyncio.StreamWriter, pieces: Sequence[bytes], pause: Pause) -> None:
    """Events in chunks of their own."""
    writer.write(_head(200, {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"}))
    for piece in (*pieces, b""):
        writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        await writer.drain()
        await pause()
