"""A client of the API of a Minicolumn installation; docs/api.md says what the API holds to."""

import importlib
import os
import time
import uuid
import warnings
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Self

import httpx2

MOST_PUSHED = 1_000
"""Rows of one push; more are sent in several."""
PUSHED_BYTES = 6_000_000
"""About so many bytes of rows are sent at once: the server takes 8 MB."""
MOST_WAITS = 10
TOO_MANY, OUTAGE = 429, 503

Row = dict[str, Any]


class MinicolumnError(Exception):
    """A request that was refused: its `status`, and `errors` with the field and a sentence for each."""

    def __init__(self, status: int, detail: str, errors: list[Row]) -> None:
        super().__init__(detail)
        self.status, self.errors = status, errors


class Client:
    """An installation at `url`, asked with a token; without one that in MINICOLUMN_TOKEN.

    A request that comes too often, or finds no database, is sent again after the time that the server asks for. What
    makes something is sent with a key, so that it is made once.
    """

    def __init__(
        self, url: str, token: str | None = None, *, timeout: float = 60, transport: httpx2.BaseTransport | None = None
    ) -> None:
        secret = token or os.environ.get("MINICOLUMN_TOKEN", "")
        self._http = httpx2.Client(
            base_url=f"{url.rstrip('/')}/api/v1",
            headers={"Authorization": f"Bearer {secret}"},
            timeout=timeout,
            transport=transport,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def traces(self, **filters: Any) -> Iterator[Row]:
        """Every trace that the filters leave, newest first; they are those of the list of traces. Warns where a search,
        or a filter by tools, does not find some of them yet."""
        return self._pages("/traces", filters)

    def reviews(self, **filters: Any) -> Iterator[Row]:
        """Every review that you may see, newest first."""
        return self._pages("/reviews", filters)

    def problems(self, **filters: Any) -> Iterator[Row]:
        """Every problem that the filters leave."""
        return self._pages("/problems", filters)

    def runs(self, **filters: Any) -> Iterator[Row]:
        """Every run, newest first."""
        return self._pages("/runs", filters)

    def samplers(self) -> Iterator[Row]:
        """Every sampler."""
        return self._pages("/samplers", {})

    def queues(self) -> Iterator[Row]:
        """Every queue that you may see."""
        return self._pages("/queues", {})

    def releases(self) -> Iterator[Row]:
        """Every release, newest first."""
        return self._pages("/releases", {})

    def traces_df(self, *, most: int | None = None, **filters: Any) -> Any:
        """Traces as a pandas DataFrame where pandas is installed, else as a pyarrow Table; `most` rows of them."""
        return as_table(islice(self.traces(**filters), most))

    def reviews_df(self, *, most: int | None = None, **filters: Any) -> Any:
        """Reviews, as `traces_df` gives traces."""
        return as_table(islice(self.reviews(**filters), most))

    def page(self, path: str, **given: Any) -> Row:
        """One page of a list, {"items", "next"}: `cursor`, `limit` and filters as in the reference; None and "" are not
        sent."""
        return self._ask("GET", path, params={name: value for name, value in given.items() if value not in (None, "")})

    def read(self, path: str) -> Row:
        """Whatever else the API answers to a GET."""
        return self._ask("GET", path)

    def trace(self, trace_id: int) -> Row:
        """One trace with all that you may see of it."""
        return self._ask("GET", f"/traces/{trace_id}")

    def problem(self, problem_id: int) -> Row:
        """One problem."""
        return self._ask("GET", f"/problems/{problem_id}")

    def run(self, run_id: int) -> Row:
        """One run."""
        return self._ask("GET", f"/runs/{run_id}")

    def push_traces(self, rows: Iterable[Mapping[str, Any]], *, skip_bad: bool = False) -> Row:
        """Push traces sampled elsewhere, in as many requests as it takes; what came in of all of them.

        Each request is taken whole or not at all, unless bad rows may be skipped. Those before a refused one stay, and
        may be pushed again: what is known is counted only.
        """
        total: Row = {"inserted": 0, "duplicates": 0, "fault_count": 0, "traces": [], "faults": []}
        for batch in batches(rows):
            told = self._make("/traces", {"rows": batch, "on_fault": "skip" if skip_bad else "all_or_nothing"})
            for name in total:
                total[name] += told[name]
        return total

    def add_problems(self, problem_set: str, rows: Iterable[Mapping[str, Any]], **options: Any) -> Row:
        """Add up to 1,000 questions to the set of that title."""
        return self._make("/problems", {"problem_set": problem_set, "rows": list(rows), **options})

    def launch_run(self, **plan: Any) -> Row:
        """Launch a run; `plan` is as in the reference: sampler, problem_set, samples_each, temperatures, ..."""
        return self._make("/runs", plan)

    def steer_run(self, run_id: int, verb: str) -> Row:
        """`pause` a run, `resume` or `cancel` it; the run as it is then."""
        return self._ask("POST", f"/runs/{run_id}/{verb}", json={})

    def asks(self) -> Iterator[Row]:
        """Everything that was asked, newest first."""
        return self._pages("/asks", {})

    def estimate(self, **asked: Any) -> Row:
        """What asking this may take: samples, calls, tokens, money. Nothing is asked."""
        return self._ask("POST", "/asks/estimate", json=asked)

    def ask(self, **asked: Any) -> Row:
        """Ask one problem within a budget; `asked` is as in the reference: sampler, and problem, question or task, and
        samples, budget_cost, budget_tokens, strategy, way, ..."""
        return self._make("/asks", asked)

    def answer(self, ask_id: int, *, way: str = "") -> Row:
        """What was asked comes to so far, by its own or another way of choosing."""
        return self._ask("GET", f"/asks/{ask_id}", params={"way": way} if way else {})

    def wait_for(self, ask_id: int, *, seconds: float = 600, every: float = 2) -> Row:
        """The answer once nothing more is drawn or verified, or the last one before `seconds` are over."""
        until = time.monotonic() + seconds
        while True:
            told = self.answer(ask_id)
            is_over = told["state"] not in ("queued", "running") and told["verified"] >= told["drawn"]
            if is_over or time.monotonic() >= until:
                return told
            time.sleep(every)

    def verify(self, traces: Iterable[int], verifiers: Iterable[str] = ()) -> Row:
        """Have traces verified again; the job that does it."""
        return self._make("/verifications", {"traces": list(traces), "verifiers": list(verifiers)})

    def next_item(self, queue_id: int, *, skipped: bool = False) -> Row | None:
        """Your next item of a queue; None where there is none for you now."""
        found: Row | None = self.lease_next(queue_id, skipped=skipped)["item"]
        return found

    def lease_next(self, queue_id: int, *, skipped: bool = False) -> Row:
        """Your next item of a queue as `item`, or null and `why` there is none for you now."""
        asked = {"skipped": "true"} if skipped else {}
        return self._ask("POST", f"/queues/{queue_id}/next", params=asked)

    def review(self, trace_id: int, decision: str, **said: Any) -> Row:
        """Decide on a trace; `said` is reason, score, comment, step_labels, first_error, seconds."""
        return self._make(f"/traces/{trace_id}/reviews", {"decision": decision, **said})

    def submit(self, queue_id: int, item: Row, decision: str, **said: Any) -> Row:
        """Decide on an item that `next_item` gave; `said` is reason, score, comment, step_labels, scores, tags."""
        body = {"decision": decision, "lease": item["lease"], **said}
        return self._make(f"/queues/{queue_id}/items/{item['id']}/decision", body)

    def skip(self, queue_id: int, item: Row, reason: str = "") -> Row:
        """Pass an item over."""
        return self._ask("POST", f"/queues/{queue_id}/items/{item['id']}/skip", json={"reason": reason})

    def _pages(self, path: str, filters: Mapping[str, Any]) -> Iterator[Row]:
        given: Row = {"limit": 200, **filters}
        while True:
            page = self._ask("GET", path, params=given)
            if "cursor" not in given and (waiting := page.get("unsearchable", 0)):
                told = f"{waiting:,} traces that came lately are still being read for their words and are not found yet"
                warnings.warn(told, stacklevel=3)
            yield from page["items"]
            if page["next"] is None:
                return
            given["cursor"] = page["next"]

    def _make(self, path: str, body: Row) -> Row:
        return self._ask("POST", path, json=body, headers={"Idempotency-Key": str(uuid.uuid4())})

    def _ask(self, method: str, path: str, **options: Any) -> Row:
        for _ in range(MOST_WAITS):
            answer = self._http.request(method, path, **options)
            if answer.status_code not in (TOO_MANY, OUTAGE):
                break
            time.sleep(float(answer.headers.get("Retry-After", 1)))
        told: Row = answer.json()
        if answer.is_error:
            raise MinicolumnError(answer.status_code, told["detail"], told["errors"])
        return told


def batches(rows: Iterable[Mapping[str, Any]]) -> Iterator[list[Row]]:
    """The rows of each push: at most MOST_PUSHED, and about PUSHED_BYTES."""
    batch: list[Row] = []
    size = 0
    for row in rows:
        length = len(repr(row))
        if batch and (len(batch) >= MOST_PUSHED or size + length > PUSHED_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(dict(row))
        size += length
    if batch:
        yield batch


def as_table(rows: Iterable[Row]) -> Any:
    """Rows as a pandas DataFrame where pandas is installed, else as a pyarrow Table, answers as they are written."""
    listed = list(rows)
    try:
        pandas = importlib.import_module("pandas")
    except ImportError:
        pass
    else:
        return pandas.DataFrame(listed)
    pyarrow, json = importlib.import_module("pyarrow"), importlib.import_module("json")
    for row in listed:
        if "answer" in row:  # a grid, a number, a text: one column holds one type
            row["answer"] = json.dumps(row["answer"])
    return pyarrow.Table.from_pylist(listed)
