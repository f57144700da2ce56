"""One call to an endpoint, by the openai client: bounded in time and size, its faults said plainly."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any

import httpx2
import openai

from trajectories.adapters.chat_api.wire.choices import split_choices
from trajectories.adapters.chat_api.wire.faults import (
    CallError,
    broken_off_fault,
    connection_fault,
    malformed_fault,
    redact,
    refused_access,
    status_fault,
)
from trajectories.adapters.chat_api.wire.options import effort_field
from trajectories.adapters.chat_api.wire.pictures import with_urls
from trajectories.adapters.chat_api.wire.questions import Question
from trajectories.adapters.chat_api.wire.settings import (
    CHAT_COMPLETIONS,
    FINAL,
    NEVER,
    RESPONSES,
    SYSTEM_ROLES,
    ChatSettings,
)
from trajectories.adapters.chat_api.wire.streams import BrokenOffError, merge_stream
from trajectories.adapters.chat_api.wire.transport import EndpointCalls, RefusedError, open_http
from trajectories.adapters.endpoints import AccessError, EndpointAccess
from trajectories.core.completions.embeddings import Embedded, read_embeddings
from trajectories.core.completions.hidden_errors import HiddenError
from trajectories.core.completions.replies import Reply, ReplyError, cut_at_limit, read_reply
from trajectories.core.records import JSON

MAX_REPLY_BYTES = 8 * 1024 * 1024
"""A longer answer is no answer: the largest models write less than 1 MB."""

Begin = Callable[[str], list[bytes]]
"""Given the key that the endpoint knows: the list for what it says."""

# As the client itself writes bodies. Made once: `json.dumps` with options makes an encoder at every call.
_BODY = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
PATHS = {CHAT_COMPLETIONS: "/chat/completions", RESPONSES: "/responses"}
EMBEDDINGS = "/embeddings"


def no_one_listens(key: str) -> list[bytes]:  # noqa: ARG001
    """A list that nobody looks at before the answer is whole."""
    return []


class ChatClient:
    """Calls to one endpoint over connections that stay open. Use within one event loop and close it there.

    Raises CallError for an endpoint or a key that `access` does not allow, whatever the sampler's row says.
    """

    def __init__(self, settings: ChatSettings, access: EndpointAccess) -> None:
        self._settings = settings
        try:
            url = access.url(settings.base_url)
            self._key = access.key(settings.key_variable, url)
        except AccessError as fault:
            raise refused_access(fault) from fault
        http = open_http(url, self._key, access, calls=settings.concurrency, seconds=settings.timeout_seconds)
        self._client = EndpointCalls(url, http)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def complete(
        self,
        messages: Sequence[Mapping[str, JSON]],
        temperature: float,
        seed: int,
        tools: Sequence[Mapping[str, JSON]] = (),
    ) -> Reply:
        """Ask once. Raises CallError; the whole call, body included, has `timeout_seconds`."""
        (reply,) = await self.complete_all(Question(messages, temperature, seed, tools))
        if isinstance(reply, CallError):
            raise reply
        return reply

    async def complete_all(
        self, asked: Question, *, n: int = 1, begin: Begin = no_one_listens
    ) -> list[Reply | CallError]:
        """Ask once for `n` samples; what comes is at least one, each read or with the fault that keeps it from that.

        `begin` gives the list to which the pieces of the answer are added as they come.

        Raises CallError where none can be read; the whole call, body included, has `timeout_seconds`.
        """
        body = request_body(self._settings, asked.messages, asked.temperature, asked.seed, asked.tools, asked.stop)
        body |= {"n": n} if n > 1 else {}
        return self._read(await self._post(PATHS[self._settings.api], body, begin(self._key)), body)

    async def embed(self, texts: Sequence[str]) -> Embedded:
        """Ask for the vectors of texts in one call. Raises CallError; the whole call has `timeout_seconds`."""
        body = {"model": self._settings.model, "input": list(texts), "encoding_format": "float"}
        raw = await self._post(EMBEDDINGS, body, [])
        text = redact_key(raw.decode("utf-8", errors="replace"), self._key)
        try:
            return read_embeddings(text, len(texts))
        except (RecursionError, ValueError) as fault:
            raise malformed_fault(_what_is_wrong(fault), text, self._key) from None

    async def _post(self, path: str, body: Mapping[str, Any], parts: list[bytes]) -> bytes:
        """What the endpoint answers, added to `parts` as it comes. Raises CallError."""
        limit = self._settings.timeout_seconds
        try:
            async with asyncio.timeout(limit):
                return await self._fetch(path, body, parts)
        except (TimeoutError, openai.APITimeoutError, httpx2.TimeoutException) as fault:
            message = f"The endpoint had not answered within {limit:g} s."
            raise CallError("timeout", message, retryable=True) from fault
        except AccessError as fault:
            raise refused_access(fault) from fault
        except RefusedError as fault:
            raise status_fault(fault.refusal, self._settings, self._key, body) from None
        except (openai.APIConnectionError, httpx2.HTTPError, httpx2.InvalidURL) as fault:
            raise connection_fault(fault, self._settings.base_url, self._key) from None

    def _read(self, raw: bytes, body: Mapping[str, Any]) -> list[Reply | CallError]:
        text = redact_key(raw.decode("utf-8", errors="replace"), self._key)
        try:
            # Streamed, a key may have come in pieces.
            whole = redact_key(merge_stream(text.splitlines()), self._key) if self._settings.streaming else text
            parts = split_choices(whole) if "n" in body else [whole]
        except (RecursionError, ValueError) as fault:
            raise self._fault(fault, text, body) from None
        found = [self._read_one(part, body) for part in parts]
        if all(isinstance(choice, CallError) for choice in found):
            raise found[0]  # type: ignore[misc]
        return found

    def _read_one(self, text: str, body: Mapping[str, Any]) -> Reply | CallError:
        try:
            return cut_at_limit(read_reply(text, just_came=True), self._settings.max_output_tokens)
        except (RecursionError, ValueError) as fault:
            return self._fault(fault, text, body)

    def _fault(self, fault: RecursionError | ValueError, text: str, body: Mapping[str, Any]) -> CallError:
        if isinstance(fault, HiddenError):
            return status_fault(fault.refusal, self._settings, self._key, body)
        if isinstance(fault, BrokenOffError):
            return broken_off_fault()
        return malformed_fault(_what_is_wrong(fault), text, self._key)

    async def _fetch(self, path: str, body: Mapping[str, Any], parts: list[bytes]) -> bytes:
        # By the client's call for any address: that for completions walks through every argument value by value.
        response = await self._client.ask(path, _BODY.encode(body).encode())
        size = 0
        async with aclosing(response) as answer:
            async for part in answer.aiter_bytes():
                size += len(part)
                if size > MAX_REPLY_BYTES:
                    raise CallError(
                        "too_large", f"The answer is larger than {MAX_REPLY_BYTES // 1024**2} MB and was cut off."
                    )
                parts.append(part)
        return b"".join(parts)


def _what_is_wrong(fault: RecursionError | ValueError) -> str:
    """What an answer is that cannot be read, without anything that stands in it."""
    if isinstance(fault, RecursionError):
        return "nested too deeply"
    if isinstance(fault, json.JSONDecodeError):
        return "not JSON"
    return str(fault) if isinstance(fault, ReplyError) else "not what the protocol says"


def redact_key(text: str, key: str) -> str:
    """An answer that repeats the key loses it; nothing else of it is touched."""
    return text.replace(key, redact(key, key)) if key else text


def request_body(
    settings: ChatSettings,
    messages: Sequence[Mapping[str, JSON]],
    temperature: float,
    seed: int,
    tools: Sequence[Mapping[str, JSON]] = (),
    stop: Sequence[str] = (),
) -> dict[str, Any]:
    """What is sent. The Responses API has no `seed` and no `stop`; the extra body has the last word, and what is None
    there is not sent at all. Raises CallError for pictures where the sampler does not see."""
    warmth = {"temperature": temperature} if settings.sends_temperature else {}
    body: dict[str, Any] = {"model": settings.model, **warmth, "stream": settings.streaming}
    said = [with_urls(_with_role(message, settings.system_role), settings) for message in messages]
    if settings.api == RESPONSES:
        body |= {"input": said, "max_output_tokens": settings.max_output_tokens, "store": False}
        included = ["message.output_text.logprobs"] if settings.logprobs else []
        included += ["reasoning.encrypted_content"] if settings.thoughts_back != NEVER else []
        body |= {"include": included} if included else {}
    else:
        body |= {"messages": said, settings.output_limit_field: settings.max_output_tokens}
        # Endpoints read the seed as a 32- or 64-bit number; the smaller fits all.
        body |= {"seed": seed & 0x7FFFFFFF} if settings.sends_seed else {}
        body |= {"logprobs": True} if settings.logprobs else {}
        body |= {"stop": list(stop)} if stop else {}
        is_begun = bool(messages) and messages[-1].get("role") == "assistant"
        # vLLM, docs/serving/openai_compatible_server: both are needed, or it begins a new message.
        wants_more = is_begun and settings.continues == FINAL
        body |= {"continue_final_message": True, "add_generation_prompt": False} if wants_more else {}
    body |= effort_field(settings)
    body |= {"tools": list(tools)} if tools else {}
    if settings.streaming and settings.api != RESPONSES:
        body["stream_options"] = {"include_usage": True}
    extra = json.loads(json.dumps(dict(settings.extra_body)))
    return {name: value for name, value in {**body, **extra}.items() if extra.get(name, value) is not None}


def _with_role(message: Mapping[str, JSON], system_role: str) -> Mapping[str, JSON]:
    """The message; one of instructions under the role that the model takes."""
    return {**message, "role": system_role} if message.get("role") in SYSTEM_ROLES else message
