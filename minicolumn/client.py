"""A client of the API of a Minicolumn installation; docs/api.md says what the API holds to."""

import importlib
import json
import os
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, Self

import httpx2

from minicolumn.connection import KEY, Connection, MinicolumnError, Row, batches
from minicolumn.importing import WAITING, has_ended, wait
from minicolumn.making import MakingClient
from minicolumn.managing import ManagingClient

__all__ = ["Client", "MinicolumnError", "Row"]

JSON_HEADERS = {"Content-Type": "application/json"}
COUNTED = ("inserted", "duplicates", "verdicts", "reviews", "problems", "fault_count", "crossing_count")
"""What a push counts."""
LINE = re.compile(r"^line (\d+)")


class Client(MakingClient, ManagingClient):
    """An installation at `url`, asked with a token; without one that in MINICOLUMN_TOKEN.

    A request that comes too often, or finds no database, is sent again after the time that the server asks for. What
    makes something is sent with a key, so that it is made once, and again with the same key where the connection is
    lost. Give a `key` of your own to have it made once even if your program is started again. Raises MinicolumnError
    for what is refused, for a token that is none, and where nobody answers as the API does.
    """

    def __init__(
        self, url: str, token: str | None = None, *, timeout: float = 60, transport: httpx2.BaseTransport | None = None
    ) -> None:
        secret = os.environ.get("MINICOLUMN_TOKEN", "") if token is None else token
        self._connection = Connection(url, secret, timeout=timeout, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

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

    def sampler(self, sampler_id: int) -> Row:
        """One version of a sampler, with its settings."""
        return self._ask("GET", f"/samplers/{sampler_id}")

    def add_sampler(self, *, key: str | None = None, **wanted: Any) -> Row:
        """Add a language model; `wanted` is as in the reference: name, title, preset, settings."""
        return self._make("/samplers", wanted, key)

    def test_sampler(self, sampler_id: int) -> Row:
        """Make a few short calls to a language model, and say how they went."""
        return self._ask("POST", f"/samplers/{sampler_id}/test", json={})

    def problem_sets(self) -> Iterator[Row]:
        """Every set of problems."""
        return self._pages("/problem_sets", {})

    def instructions(self) -> Iterator[Row]:
        """Every instruction, in its newest version."""
        return self._pages("/instructions", {})

    def scorers(self) -> Iterator[Row]:
        """Every scorer, newest first."""
        return self._pages("/scorers", {})

    def rubrics(self) -> Iterator[Row]:
        """Every rubric, in its newest version."""
        return self._pages("/rubrics", {})

    def imports(self) -> Iterator[Row]:
        """Every import of files, newest first."""
        return self._pages("/imports", {})

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

    def push_traces(
        self, rows: Iterable[Mapping[str, Any]], *, skip_bad: bool = False, key: str | None = None, **options: Any
    ) -> Row:
        """Push traces sampled elsewhere, in as many requests as it takes; what came in of all of them. `options` are as
        in the reference: make_problems, set_title, split, places, model, adopt_reviews.

        Each request is taken whole or not at all, unless bad rows may be skipped. Where one is refused, those before it
        stay: `came_in` of the MinicolumnError has what they brought in, and lines are counted from the first row of
        all. They may be pushed again: what is known is counted only.
        """
        total: Row = {**dict.fromkeys(COUNTED, 0), "traces": [], "faults": [], "crossings": [], "import_id": None}
        first, key = 0, key or str(uuid.uuid4())
        more = {"on_fault": "skip" if skip_bad else "all_or_nothing", **options}
        end = b"]," + json.dumps(more).encode()[1:]
        try:
            for number, batch in enumerate(batches(rows)):
                body = b'{"rows":[' + b",".join(batch) + end
                headers = {**JSON_HEADERS, KEY: f"{key}-{number}"}
                told = self._push(first, len(batch), content=body, headers=headers)
                for name in (*COUNTED, "traces", "faults", "crossings"):
                    total[name] += told.get(name, type(total[name])())  # an older installation tells less
                total["import_id"] = told.get("import_id") or total["import_id"]
                first += len(batch)
        except MinicolumnError as refusal:
            refusal.came_in = total
            raise
        return total

    def _push(self, first: int, count: int, **options: Any) -> Row:
        """What came in of `count` rows, the first of which is row `first`, from 0. Faults tell lines of all rows."""
        try:
            told = self._ask("POST", "/traces", **options)
        except MinicolumnError as refusal:
            said = moved(str(refusal), first)
            said = said if LINE.match(said) else f"lines {first + 1} to {first + count}: {said}"
            errors = [{**each, "detail": moved(each["detail"], first)} for each in refusal.errors]
            raise MinicolumnError(refusal.status, said, errors) from refusal
        return {**told, "faults": [{**fault, "row": moved(fault["row"], first)} for fault in told["faults"]]}

    def add_problems(
        self, problem_set: str, rows: Iterable[Mapping[str, Any]], *, key: str | None = None, **options: Any
    ) -> Row:
        """Add up to 1,000 questions to the set of that title."""
        return self._make("/problems", {"problem_set": problem_set, "rows": list(rows), **options}, key)

    def launch_run(self, *, key: str | None = None, **plan: Any) -> Row:
        """Launch a run; `plan` is as in the reference: sampler, problem_set, samples_each, temperatures, ..."""
        return self._make("/runs", plan, key)

    def steer_run(self, run_id: int, verb: str) -> Row:
        """`pause` a run, `resume` or `cancel` it, or `retry` what failed once it has ended; the run as it is then."""
        return self._ask("POST", f"/runs/{run_id}/{verb}", json={})

    def asks(self) -> Iterator[Row]:
        """Everything that was asked, newest first."""
        return self._pages("/asks", {})

    def estimate(self, **asked: Any) -> Row:
        """What asking this may take: samples, calls, tokens, money. Nothing is asked."""
        return self._ask("POST", "/asks/estimate", json=asked)

    def ask(self, *, key: str | None = None, **asked: Any) -> Row:
        """Ask one problem within a budget; `asked` is as in the reference: sampler, and problem, question or task, and
        samples, budget_cost, budget_tokens, strategy, way, ..."""
        return self._make("/asks", asked, key)

    def answer(self, ask_id: int, *, way: str = "") -> Row:
        """What was asked comes to so far, by its own or another way of choosing."""
        return self._ask("GET", f"/asks/{ask_id}", params={"way": way} if way else {})

    def wait_for(self, ask_id: int, *, seconds: float = 600, every: float = 2) -> Row:
        """The answer once nothing more is drawn or verified, or the last one before `seconds` are over."""

        def is_over(told: Row) -> bool:
            return told["state"] not in WAITING and told["verified"] >= told["drawn"]

        return wait(lambda: self.answer(ask_id), is_over, seconds=seconds, every=every)

    def verify(self, traces: Iterable[int], verifiers: Iterable[str] = (), *, key: str | None = None) -> Row:
        """Have traces verified again; the job that does it."""
        return self._make("/verifications", {"traces": list(traces), "verifiers": list(verifiers)}, key)

    def verification(self, job_id: int) -> Row:
        """How far a job that verifies traces again is."""
        return self._ask("GET", f"/verifications/{job_id}")

    def wait_for_verification(self, job_id: int, *, seconds: float = 600, every: float = 2) -> Row:
        """The job once it is at its end, or as it is when `seconds` are over."""
        return wait(lambda: self.verification(job_id), has_ended, seconds=seconds, every=every)

    def queue(self, queue_id: int) -> Row:
        """One queue, with its guidelines and what it asks."""
        return self._ask("GET", f"/queues/{queue_id}")

    def make_queue(self, title: str, *, key: str | None = None, **wanted: Any) -> Row:
        """Make a queue; `wanted` is as in the reference: selection, guidelines, reviews_each, hide_verdicts, ..."""
        return self._make("/queues", {"title": title, **wanted}, key)

    def next_item(self, queue_id: int, *, skipped: bool = False) -> Row | None:
        """Your next item of a queue; None where there is none for you now."""
        found: Row | None = self.lease_next(queue_id, skipped=skipped)["item"]
        return found

    def lease_next(self, queue_id: int, *, skipped: bool = False) -> Row:
        """Your next item of a queue as `item`, or null and `why` there is none for you now."""
        asked = {"skipped": "true"} if skipped else {}
        return self._ask("POST", f"/queues/{queue_id}/next", params=asked)

    def review(self, trace_id: int, decision: str, *, key: str | None = None, **said: Any) -> Row:
        """Decide on a trace; `said` is reason, score, comment, step_labels, first_error, seconds."""
        return self._make(f"/traces/{trace_id}/reviews", {"decision": decision, **said}, key)

    def submit(self, queue_id: int, item: Row, decision: str, *, key: str | None = None, **said: Any) -> Row:
        """Decide on an item that `next_item` gave; `said` is reason, score, comment, step_labels, scores, tags."""
        body = {"decision": decision, "lease": item["lease"], **said}
        return self._make(f"/queues/{queue_id}/items/{item['id']}/decision", body, key)

    def skip(self, queue_id: int, item: Row, reason: str = "") -> Row:
        """Pass an item over."""
        return self._ask("POST", f"/queues/{queue_id}/items/{item['id']}/skip", json={"reason": reason})

    def let_go(self, queue_id: int, items: Iterable[Row]) -> Row:
        """Let go of items that `next_item` gave, so that others may be handed them at once."""
        return self._ask("POST", f"/queues/{queue_id}/release", json={"leases": [item["lease"] for item in items]})

    def release(self, release_id: int) -> Row:
        """One release, with its rule and its manifest."""
        return self._ask("GET", f"/releases/{release_id}")

    def freeze(self, title: str, *, key: str | None = None, **wanted: Any) -> Row:
        """Freeze a release, which a worker does; `wanted` is notes, rule, trial."""
        return self._make("/releases", {"title": title, **wanted}, key)

    def wait_for_freezing(self, freezing_id: int, *, seconds: float = 3_600, every: float = 2) -> Row:
        """What `freeze` gave, with the id of the `release` once it is there, or as it is when `seconds` are over."""
        return wait(lambda: self.read(f"/freezings/{freezing_id}"), has_ended, seconds=seconds, every=every)

    def exports(self, release_id: int) -> Iterator[Row]:
        """The files of a release, newest first."""
        return self._pages(f"/releases/{release_id}/exports", {})

    def request_export(self, release_id: int, format: str, *, key: str | None = None, **wanted: Any) -> Row:  # noqa: A002
        """Have a file of a release made; `wanted` is container, thoughts, arguments, template, with_meta, and of
        pairs longest, most, rewrite."""
        return self._make(f"/releases/{release_id}/exports", {"format": format, **wanted}, key)

    def export(self, export_id: int) -> Row:
        """How far a file is."""
        return self._ask("GET", f"/exports/{export_id}")

    def wait_for_export(self, export_id: int, *, seconds: float = 3_600, every: float = 2) -> Row:
        """The file once it is ready or has failed, or as it is when `seconds` are over."""
        return wait(lambda: self.export(export_id), has_ended, seconds=seconds, every=every)

    def download(self, export_id: int, to: str | os.PathLike[str]) -> Path:
        """Write a file that is ready to disk: to that path, or under its own name into that folder; where it is then.

        It is there whole, with the hash that the server names, or not at all.
        """
        link = self._ask("GET", f"/exports/{export_id}/link")
        path = Path(to)
        path = path / Path(link["filename"]).name if path.is_dir() else path
        self._connection.fetch(link["url"], path, byte_size=link["byte_size"], sha256=link["sha256"])
        return path


def moved(place: str, first: int) -> str:
    """A place such as “line 2” of a push, counted from the first row of all pushes."""
    return LINE.sub(lambda found: f"line {int(found[1]) + first}", place)


def as_table(rows: Iterable[Row]) -> Any:
    """Rows as a pandas DataFrame where pandas is installed, else as a pyarrow Table, answers as they are written."""
    listed = list(rows)
    try:
        pandas = importlib.import_module("pandas")
    except ImportError:
        pass
    else:
        return pandas.DataFrame(listed)
    pyarrow = importlib.import_module("pyarrow")
    for row in listed:
        if "answer" in row:  # a grid, a number, a text: one column holds one type
            row["answer"] = json.dumps(row["answer"])
    return pyarrow.Table.from_pylist(listed)
