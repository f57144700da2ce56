"""Files and batches as OpenAI's API has them: what goes up, what is asked of it, what comes down."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

SHELF_PATHS = ("/v1/files", "/v1/batches")
OPEN = ("validating", "in_progress", "cancelling")
NOT_FOUND = 404, b'{"error": {"message": "No such object."}}'


@dataclass(slots=True)
class KeptBatch:
    """A batch; `output` and `errors` are the lines of its files."""

    id: str
    file_id: str
    endpoint: str
    metadata: Mapping[str, str]
    requests: list[dict[str, Any]]
    status: str = "validating"
    began: float = field(default_factory=time.monotonic)
    output: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    fault: str = ""

    def answer(self, line: Mapping[str, Any], body: Any) -> None:
        """Answer a request."""
        self.output.append(_line(line, {"status_code": 200, "request_id": "r", "body": body}, None))

    def refuse(self, line: Mapping[str, Any], status: int, body: Any) -> None:
        """Say that a request failed."""
        self.errors.append(_line(line, {"status_code": status, "request_id": "r", "body": body}, None))

    def end(self, unanswered: int) -> None:
        """End it; its last requests stay without an answer, where it expires or was cancelled."""
        code = "batch_cancelled" if self.status == "cancelling" else "batch_expired"
        for line in self.requests[len(self.requests) - unanswered :]:
            self.errors.append(_line(line, None, {"code": code, "message": "It was not executed."}))
        self.status = "cancelled" if self.status == "cancelling" else "expired" if unanswered else "completed"

    def to_json(self) -> dict[str, Any]:
        """As the API has it."""
        ended = self.status not in OPEN
        return {
            "id": self.id,
            "object": "batch",
            "endpoint": self.endpoint,
            "input_file_id": self.file_id,
            "completion_window": "24h",
            "status": self.status,
            "output_file_id": f"{self.id}-output" if ended and self.output else None,
            "error_file_id": f"{self.id}-errors" if ended and self.errors else None,
            "errors": {"data": [{"code": "invalid_json_line", "message": self.fault}]} if self.fault else None,
            "metadata": dict(self.metadata),
            "request_counts": {
                "total": len(self.requests),
                "completed": len(self.output),
                "failed": len(self.errors),
            },
        }


def _line(line: Mapping[str, Any], response: Any, error: Any) -> str:
    return json.dumps({"id": "b", "custom_id": line.get("custom_id"), "response": response, "error": error})


class Shelf:
    """What has come up, by id, in order."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, KeptBatch] = {}

    def due(self, seconds: float | None) -> Iterator[KeptBatch]:
        """The batches whose requests are to be answered now: those whose time is over, and those that are cancelled."""
        now = time.monotonic()
        for batch in list(self.batches.values()):
            over = seconds is not None and now >= batch.began + seconds
            if batch.status == "cancelling" or (batch.status in OPEN and over):
                yield batch

    def serve(self, method: str, path: str, body: Any, query: Mapping[str, str], way: str) -> tuple[int, bytes]:
        """Status and body of an answer."""
        parts = path.removeprefix("/v1/").split("/")
        if (method, path) == ("POST", "/v1/files") and isinstance(body, bytes):
            return self._take(body)
        if (method, path) == ("POST", "/v1/batches") and isinstance(body, dict):
            return self._begin(body, way)
        if (method, path) == ("GET", "/v1/batches"):
            return self._list(query)
        if parts[0] == "files" and method == "GET" and parts[2:] == ["content"]:
            content = self._content(parts[1])
            return NOT_FOUND if content is None else (200, content)
        batch = self.batches.get(parts[1]) if parts[0] == "batches" and len(parts) > 1 else None
        if batch is None:
            return NOT_FOUND
        if method == "POST" and parts[2:] == ["cancel"] and batch.status in OPEN:
            batch.status = "cancelling"
        elif batch.status == "validating":
            batch.status = "in_progress"
        return 200, json.dumps(batch.to_json()).encode()

    def _take(self, body: bytes) -> tuple[int, bytes]:
        """Keep the file of a form."""
        boundary = body.partition(b"\r\n")[0]
        parts = [part.partition(b"\r\n\r\n") for part in body.split(boundary)]
        files = [content[:-2] for head, _, content in parts if b'name="file"' in head]
        if len(files) != 1 or b'name="purpose"\r\n\r\nbatch' not in body:
            return 400, b'{"error": {"message": "Expected one file and the purpose batch."}}'
        name = f"file-{len(self.files) + 1}"
        self.files[name] = files[0]
        return 200, json.dumps({"id": name, "object": "file", "bytes": len(files[0]), "purpose": "batch"}).encode()

    def _begin(self, body: Mapping[str, Any], way: str) -> tuple[int, bytes]:
        content = self.files.get(str(body.get("input_file_id")))
        if content is None:
            return NOT_FOUND
        lines = [json.loads(line) for line in content.splitlines()]
        names = [line.get("custom_id") for line in lines]
        batch = KeptBatch(
            f"batch_{len(self.batches) + 1}",
            str(body["input_file_id"]),
            str(body.get("endpoint")),
            {} if way == "unmarked" else dict(body.get("metadata") or {}),
            lines,
        )
        if way == "refused" or len(set(names)) < len(names):
            batch.status, batch.fault = "failed", "This line is not parseable as valid JSON."
        self.batches[batch.id] = batch
        return 200, json.dumps(batch.to_json()).encode()

    def _list(self, query: Mapping[str, str]) -> tuple[int, bytes]:
        """The newest first, a page of them."""
        newest = list(reversed(self.batches.values()))
        after = next((at + 1 for at, batch in enumerate(newest) if batch.id == query.get("after")), 0)
        end = after + int(query.get("limit", "20"))
        data = [batch.to_json() for batch in newest[after:end]]
        return 200, json.dumps({"object": "list", "data": data, "has_more": end < len(newest)}).encode()

    def _content(self, name: str) -> bytes | None:
        batch = self.batches.get(name.rpartition("-")[0])
        if batch is None or batch.status in OPEN:
            return self.files.get(name)
        lines = batch.output if name.endswith("-output") else batch.errors
        return "".join(f"{line}\n" for line in lines).encode()
