"""How a program's requests reach an installation: what is sent again, what every refusal is told as, and bodies."""

import hashlib
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx2

MOST_PUSHED = 1_000
"""Rows of one push; more are sent in several."""
PUSHED_BYTES = 6_000_000
"""So many bytes of rows are sent at once, as long as no single row has more: the server takes 8 MB."""
MOST_WAITS = 10
TOO_MANY, OUTAGE = 429, 503
LOST_WAITS = (0.5, 1.0, 2.0)
"""Seconds before a request whose connection was lost is sent again, once for each."""
LOST = (httpx2.NetworkError, httpx2.TimeoutException, httpx2.RemoteProtocolError)
NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout)
KEY = "Idempotency-Key"
NO_STATUS = 0

Row = dict[str, Any]


class MinicolumnError(Exception):
    """A request that was refused, or that found nobody who answers as the API does.

    `status` is that of the answer, 0 where there was none; `errors` has the field and a sentence for each. Of several
    pushes `came_in` has what those before it brought in, as `push_traces` would have told; else it is None.
    """

    def __init__(
        self, status: int, detail: str, errors: list[Row] | None = None, *, came_in: Row | None = None
    ) -> None:
        super().__init__(detail)
        self.status, self.errors, self.came_in = status, errors or [], came_in


class Connection:
    """The API of an installation at `url`, asked with a token."""

    def __init__(self, url: str, token: str, *, timeout: float, transport: httpx2.BaseTransport | None) -> None:
        secret = token.strip()
        if not secret or not secret.isascii() or not secret.isprintable():
            found = "characters that no token has" if secret else "no token"
            expected = "expected one made on the page “API tokens”, as an argument or in MINICOLUMN_TOKEN"
            raise MinicolumnError(NO_STATUS, f"Found {found}, {expected}.")
        self._url = f"{url.rstrip('/')}/api/v1"
        try:
            self._http = httpx2.Client(
                base_url=self._url,
                headers={"Authorization": f"Bearer {secret}"},
                timeout=timeout,
                transport=transport,
            )
        except httpx2.InvalidURL as fault:
            raise MinicolumnError(NO_STATUS, f"Found the address {url!r}, expected https://… ({fault}).") from fault

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def ask(self, method: str, path: str, **options: Any) -> Row:
        """What the API answers. Raises MinicolumnError."""
        for _ in range(MOST_WAITS):
            answer = self._send(method, path, options)
            if answer.status_code not in (TOO_MANY, OUTAGE):
                break
            time.sleep(seconds_of(answer.headers.get("Retry-After", "")))
        return self._read(answer)

    def _send(self, method: str, path: str, options: Mapping[str, Any]) -> httpx2.Response:
        """The answer. What can be sent twice is, where the connection is lost: it may have been done already."""
        twice = LOST if method == "GET" or KEY in options.get("headers", {}) else NEVER_SENT
        for wait in (*LOST_WAITS, None):
            try:
                return self._http.request(method, path, **options)
            except httpx2.RequestError as fault:
                if wait is None or not isinstance(fault, twice):
                    raise self._no_answer(fault) from fault
                time.sleep(wait)
        raise AssertionError("the last try neither returned nor raised")

    def _no_answer(self, fault: Exception) -> MinicolumnError:
        said = str(fault) or type(fault).__name__
        return MinicolumnError(NO_STATUS, f"Found no answer from {self._url} ({said}), expected an installation there.")

    def _read(self, answer: httpx2.Response) -> Row:
        """The JSON of an answer. Raises MinicolumnError for a refusal, and for what the API never answers."""
        status = answer.status_code
        if answer.is_redirect:
            said = f"Found a redirect ({status}) to {answer.headers.get('Location', 'nowhere')[:200]}"
            raise MinicolumnError(status, f"{said}, expected an answer of the API: give the address that it leads to.")
        try:
            told = answer.json()
        except ValueError:
            told = None
        if not isinstance(told, dict) or (answer.is_error and "detail" not in told):
            kind = answer.headers.get("Content-Type", "no type") or "no type"
            found = f"Found an answer of {self._url} with status {status} and of {kind[:80]}"
            raise MinicolumnError(status, f"{found}, expected one of the API of Minicolumn.")
        if answer.is_error:
            raise MinicolumnError(status, str(told["detail"]), told.get("errors"))
        return told

    def fetch(self, url: str, path: Path, *, byte_size: int, sha256: str) -> None:
        """Write what is at a signed address of this installation to a file, which is there whole or not at all.

        Where the connection is lost, it goes on from where it was. Raises MinicolumnError, also where what came is not
        of that size and hash.
        """
        # The installation is reached at our address, which a proxy may hide from it.
        address = httpx2.URL(self._url).copy_with(raw_path=httpx2.URL(url).raw_path)
        partial = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            with partial.open("wb") as file:
                for wait in (*LOST_WAITS, None):
                    try:
                        self._append(address, file)
                        break
                    except httpx2.RequestError as fault:
                        if wait is None or not isinstance(fault, LOST):
                            raise self._no_answer(fault) from fault
                        time.sleep(wait)
            with partial.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
            size = partial.stat().st_size
            if (size, found) != (byte_size, sha256):
                expected = f"expected {byte_size:,} with {sha256[:12]}…"
                raise MinicolumnError(
                    NO_STATUS, f"Found {size:,} bytes with SHA-256 {found[:12]}… for {path.name}, {expected}."
                )
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)

    def _append(self, address: httpx2.URL, file: Any) -> None:
        start = file.tell()
        with self._http.stream("GET", address, headers={"Range": f"bytes={start}-"} if start else {}) as answer:
            if answer.status_code not in (200, 206):
                answer.read()
                said = f"Found the status {answer.status_code} where the file should be, expected 200."
                raise MinicolumnError(answer.status_code, said)
            if answer.status_code == 200:
                file.seek(0)
                file.truncate()
            for chunk in answer.iter_bytes():
                file.write(chunk)


def seconds_of(retry_after: str) -> float:
    """How long a refusal asks to wait; a second where it does not say so in seconds."""
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        return 1.0


def encoded(row: Mapping[str, Any], number: int) -> bytes:
    """A row, counted from 1, as it is sent. Raises MinicolumnError where it is no JSON."""
    try:
        return json.dumps(row, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as fault:
        raise MinicolumnError(NO_STATUS, f"line {number}: {str(fault)[:200]}, expected a row of JSON.") from fault


def batches(rows: Iterable[Mapping[str, Any]]) -> Iterator[list[bytes]]:
    """The encoded rows of each push: at most MOST_PUSHED, and PUSHED_BYTES. Raises MinicolumnError."""
    batch: list[bytes] = []
    size = 0
    for number, row in enumerate(rows, start=1):
        sent = encoded(row, number)
        if batch and (len(batch) >= MOST_PUSHED or size + len(sent) > PUSHED_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(sent)
        size += len(sent) + 1
    if batch:
        yield batch
