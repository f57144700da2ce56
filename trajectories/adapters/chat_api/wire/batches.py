"""The batch service of an OpenAI-compatible provider: files go up, a batch of calls is asked for, files come down.

Seen at OpenAI, Azure, Groq and Together: a batch whose every request failed has no output file but an error file
(567-labs/instructor#2657); the id of a file that there is not may be null, "" or missing; a refused file comes as a
batch that has failed, with the reason in `errors` (stdapi-ai/stdapi.ai#240); old batches are gone (404).
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeVar
from urllib.parse import quote

import httpx2

from trajectories.adapters.chat_api.wire.batch_lines import ENDPOINTS
from trajectories.adapters.chat_api.wire.faults import (
    CallError,
    connection_fault,
    malformed_fault,
    redact,
    refused_access,
    status_fault,
)
from trajectories.adapters.chat_api.wire.settings import ChatSettings
from trajectories.adapters.chat_api.wire.transport import RefusedError, open_http
from trajectories.adapters.endpoints import AccessError, EndpointAccess
from trajectories.core.completions.hidden_errors import error_words

T = TypeVar("T")
MAX_REQUESTS = 50_000
MAX_BYTES = 190 * 1024 * 1024
"""OpenAI takes files of 200 MB."""

MAX_ANSWER_BYTES = 2 * 1024 * 1024
"""More than any provider says of a batch, or of a page of them."""

MOST_DOWNLOADED = 8 * 1024**3
"""Fifty thousand answers of 160 kB: a file beyond that would fill the disk."""

WINDOW = "24h"
MARK = "minicolumn"
"""The name in a batch's metadata under which our own word for it stands."""

_TOO_LARGE = f"A file of the batch service is larger than {MOST_DOWNLOADED // 1024**3} GB, and was left there."
PAGE = 100
MOST_PAGES = 20
ENDED = ("completed", "failed", "expired", "cancelled", "canceled")


@dataclass(frozen=True, slots=True)
class BatchState:
    """What a provider says of a batch. `files` are those with answers and errors, where there are any; `reason` is why
    it took none of the requests, in the provider's own words."""

    provider_id: str
    status: str
    mark: str
    file_id: str
    files: tuple[str, ...]
    completed: int
    failed: int
    reason: str

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self.status in ENDED

    @property
    def was_refused(self) -> bool:
        """Whether the file was not taken, so that no request of it was made."""
        return self.status == "failed"


class BatchClient:
    """Each method opens connections of its own and closes them, has the sampler's time limit, and raises CallError.

    Raises CallError for an endpoint or a key that `access` does not allow.
    """

    def __init__(self, settings: ChatSettings, access: EndpointAccess) -> None:
        self._settings, self._access = settings, access
        try:
            self._url = access.url(settings.base_url)
            self.key = access.key(settings.key_variable, self._url)
        except AccessError as fault:
            raise refused_access(fault) from fault

    def upload(self, file: IO[bytes], name: str) -> str:
        """Send a file of requests; returns its id."""

        async def act(http: httpx2.AsyncClient) -> str:
            parts = {"file": (name, file, "application/jsonl")}
            found = await self._json(http.stream("POST", self._at("/files"), data={"purpose": "batch"}, files=parts))
            return _text(found, "id")

        return self._do(act)

    def create(self, file_id: str, mark: str) -> BatchState:
        """Ask for a batch of the requests in a file; it can be found again by its mark."""
        asked = {"input_file_id": file_id, "endpoint": ENDPOINTS[self._settings.api], "completion_window": WINDOW}

        async def act(http: httpx2.AsyncClient) -> BatchState:
            body = {**asked, "metadata": {MARK: mark}}
            return _state(await self._json(http.stream("POST", self._at("/batches"), json=body)))

        return self._do(act)

    def look(self, provider_id: str) -> BatchState:
        """How a batch stands."""
        return self._ask("GET", f"/batches/{_segment(provider_id)}")

    def cancel(self, provider_id: str) -> BatchState:
        """Ask that a batch be ended; what was answered by then can be fetched."""
        return self._ask("POST", f"/batches/{_segment(provider_id)}/cancel")

    def find(self, mark: str, file_id: str) -> BatchState | None:
        """The batch with the mark, or of the file; None where there is none among the newest two thousand."""

        async def act(http: httpx2.AsyncClient) -> BatchState | None:
            after = ""
            for _ in range(MOST_PAGES):
                words = {"limit": str(PAGE), **({"after": after} if after else {})}
                page = await self._json(http.stream("GET", self._at("/batches"), params=words))
                rows = page.get("data")
                states = [_state(row) for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
                ours = (state for state in states if state.mark == mark or (file_id and state.file_id == file_id))
                found = next(ours, None)
                if found is not None or not page.get("has_more") or not states:
                    return found
                after = states[-1].provider_id
            return None

        return self._do(act)

    def download(self, file_id: str, path: Path) -> None:
        """Write a file's content to the disk. One that is larger than MOST_DOWNLOADED is a CallError."""

        async def act(http: httpx2.AsyncClient) -> None:
            left = MOST_DOWNLOADED
            async with http.stream("GET", self._at(f"/files/{_segment(file_id)}/content")) as answer:
                with path.open("wb") as file:
                    async for part in answer.aiter_bytes():
                        if (left := left - len(part)) < 0:
                            raise CallError("too_large", _TOO_LARGE, stops=True)
                        file.write(part)

        self._do(act)

    def _ask(self, method: str, path: str) -> BatchState:
        async def act(http: httpx2.AsyncClient) -> BatchState:
            return _state(await self._json(http.stream(method, self._at(path))))

        return self._do(act)

    def _at(self, path: str) -> str:
        return f"{self._url}{path}"

    async def _json(self, answering: Any) -> dict[str, Any]:
        parts, size = [], 0
        async with answering as answer:
            async for part in answer.aiter_bytes():
                parts.append(part)
                size += len(part)
                if size > MAX_ANSWER_BYTES:
                    raise malformed_fault("larger than anything said of a batch", "", self.key)
        text = b"".join(parts).decode("utf-8", errors="replace")
        try:
            found = json.loads(text)
        except (RecursionError, ValueError):
            raise malformed_fault("not JSON", text, self.key) from None
        if not isinstance(found, dict):
            raise malformed_fault("not what the protocol says", text, self.key)
        return found

    def _do(self, act: Callable[[httpx2.AsyncClient], Awaitable[T]]) -> T:
        """What `act` gives within the time limit, its faults said plainly."""
        limit = self._settings.timeout_seconds

        async def bounded() -> T:
            async with asyncio.timeout(limit), self._open() as http:
                return await act(http)

        try:
            return asyncio.run(bounded())
        except (TimeoutError, httpx2.TimeoutException) as fault:
            message = f"The endpoint's batch service had not answered within {limit:g} s."
            raise CallError("timeout", message, retryable=True) from fault
        except AccessError as fault:
            raise refused_access(fault) from fault
        except RefusedError as fault:
            raise self._refused(fault) from None
        except (httpx2.HTTPError, httpx2.InvalidURL) as fault:
            raise connection_fault(fault, self._settings.base_url, self.key) from None

    def _refused(self, fault: RefusedError) -> CallError:
        found = status_fault(fault.refusal, self._settings, self.key, {})
        if found.kind != "not_found":
            return found
        message = "The endpoint knows no such batch, or has no batch service (404)."
        return CallError(found.kind, message, stops=True, detail=found.detail)

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[httpx2.AsyncClient]:
        http = open_http(self._url, self.key, self._access, calls=1, seconds=self._settings.timeout_seconds)
        try:
            yield http
        finally:
            await http.aclose()


def _segment(given: str) -> str:
    """An id that came from outside as one part of a path."""
    return quote(given, safe="").replace(".", "%2E")


def _state(found: Mapping[str, Any]) -> BatchState:
    """Read the state of a batch from what a provider answers. Raises CallError where the answer is no batch."""
    given = found.get("metadata")
    counted = found.get("request_counts")
    counts: Mapping[str, Any] = counted if isinstance(counted, dict) else {}
    files = (found.get(name) for name in ("output_file_id", "error_file_id"))
    return BatchState(
        _text(found, "id"),
        _text(found, "status").lower(),
        str(given.get(MARK) or "") if isinstance(given, dict) else "",
        str(found.get("input_file_id") or ""),
        tuple(dict.fromkeys(name for name in files if isinstance(name, str) and name)),
        _count(counts.get("completed")),
        _count(counts.get("failed")),
        _reason(found.get("errors")),
    )


def _count(given: Any) -> int:
    return min(given, 2**31 - 1) if isinstance(given, int) and given > 0 else 0


def _reason(errors: Any) -> str:
    rows = errors.get("data") if isinstance(errors, dict) else errors
    first = rows[0] if isinstance(rows, list) and rows else None
    return redact(error_words({"error": first}), "") if first else ""


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= 200:
        raise malformed_fault(f"an object without {name!r}", "", "")
    return value
