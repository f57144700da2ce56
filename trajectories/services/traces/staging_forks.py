"""Setting large files aside in several processes: forks make of rows what the spool holds, this one matches problems.

Nothing else differs from services.traces.staging: batches come back in their order, with the same lines for the spool
and the same faults, and nothing counts as read before it is set aside. Rows of many megabytes are not handed to a fork,
where each would be in memory several times more: this process sets them aside by itself, with nothing else under way.
"""

import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import astuple, dataclass, field
from types import TracebackType
from typing import Any, Self

from django.conf import settings

from trajectories.adapters.forked import Forked, answered
from trajectories.adapters.spools import Spool, line_of
from trajectories.core.importers.foreign_traces import ForeignTrace, ProblemKey
from trajectories.core.problems import ImportFault, ProblemError
from trajectories.core.records import JSON
from trajectories.models import Problem
from trajectories.services.problems.imports import FaultTally
from trajectories.services.traces.finding import KEPT, ProblemFinder
from trajectories.services.traces.staging import (
    Placed,
    ReadRow,
    Stated,
    Told,
    TraceStage,
    next_rows,
    read_batch,
    stage_batch,
    stage_found,
)

LARGE = 16 * 1024 * 1024
"""Files of so many bytes are read by forks, if at all: more than a request to the API may send, since a web server with
its threads is not to be forked, and enough to be worth their start."""
LONG = 16 * 1024 * 1024
"""A batch of so many bytes, which ends with a long row, stays here."""
AHEAD = 2
"""Batches for each fork that are read and not set aside yet."""
OF_PROBLEM = ("id", "name", "kind", "statement", "spec", "content_hash")
"""What a fork is told of a problem: what staging asks of it, and no reference answer."""


def open_stage(stack: ExitStack, stage: TraceStage, size: int) -> "TraceStage | ForkedStage":
    """What sets files of so many bytes aside: the stage, or forks that do the same for it, which the stack ends.

    Where problems are made the stage alone does it, since one that is made is known to the rows behind it.
    """
    readers = min(settings.IMPORT_PROCESSES, len(os.sched_getaffinity(0)))
    if size < LARGE or readers < 2 or stage.maker is not None:
        return stage
    return stack.enter_context(ForkedStage(stage, readers))


class _Reader:
    """In a fork: reads a batch, and stages it once the problems are known."""

    def __init__(self, adopting: bool, stated: Stated) -> None:
        self._adopting, self._stated = adopting, stated
        self._problems: dict[int, Problem] = {}
        self._traces: list[Placed] = []
        self._keys: list[ProblemKey] = []

    def answer(self, message: Mapping[str, Any]) -> dict[str, JSON]:
        """Of `rows` the keys, with faults and counts; of what these keys `found` the lines for the spool, with faults.

        What is found is for each key the id of a problem, why it is not clear which is meant, or null; `new` are the
        problems that this fork did not know, and with `forget` it drops all others first.
        """
        return self._read(message["rows"]) if "rows" in message else self._stage(message)

    def _read(self, rows: Sequence[Sequence[Any]]) -> dict[str, JSON]:
        read = read_batch(map(_row_from_json, rows), self._stated)
        self._traces, self._keys = read.traces, list(read.keys)
        return {"keys": [astuple(key) for key in self._keys], "faults": _told(read.faults), "counts": read.counts}

    def _stage(self, matched: Mapping[str, Any]) -> dict[str, JSON]:
        if matched["forget"]:
            self._problems.clear()
        for problem in matched["new"]:
            self._problems[problem["id"]] = Problem(**problem)
        problems = {
            key: self._problems[found] if isinstance(found, int) else found
            for key, found in zip(self._keys, matched["found"], strict=True)
        }

        def staged(trace: ForeignTrace, _file: str, _span: str) -> JSON:
            return stage_found(problems[trace.problem], trace, adopting=self._adopting)

        lines: list[JSON] = []
        faults = stage_batch(self._traces, staged, lambda row: lines.append(line_of(row)))
        self._traces, self._keys = [], []
        return {"lines": lines, "faults": _told(faults)}


def _row_to_json(read: ReadRow) -> list[JSON]:
    """A row on its way to a fork; a fault by its place and its words."""
    is_fault = isinstance(read.row, ProblemError)
    row: JSON = [read.row.path, read.row.detail] if isinstance(read.row, ProblemError) else read.row
    return [read.file, read.span, row, read.size, is_fault, read.path]


def _row_from_json(told: Sequence[Any]) -> ReadRow:
    file, span, row, size, is_fault, path = told
    return ReadRow(file, span, ProblemError(*row) if is_fault else row, size, path)


def _told(faults: Sequence[ImportFault]) -> list[JSON]:
    return [astuple(fault) for fault in faults]


class _Fork:
    """A fork with what it knows."""

    def __init__(self, fork: Forked) -> None:
        self.fork = fork
        self.known: set[int] = set()

    def match(self, keys: Sequence[ProblemKey], problems: Mapping[ProblemKey, Problem | str]) -> None:
        """Tell it the problems of its keys."""
        forget = len(self.known) > KEPT
        if forget:
            self.known.clear()
        found = [problems.get(key) for key in keys]
        new = {each.pk: each for each in found if isinstance(each, Problem) and each.pk not in self.known}
        self.known |= new.keys()
        told = [each.pk if isinstance(each, Problem) else each for each in found]
        rows = [{name: getattr(problem, name) for name in OF_PROBLEM} for problem in new.values()]
        self.fork.send({"found": told, "new": rows, "forget": forget})


@dataclass
class _Batch:
    """Some rows on their way; `wrapper` is what is known of the words around questions once they are matched."""

    fork: _Fork
    rows: int
    reached: int
    wrapper: dict[str, Any] | None = None
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    faults: list[ImportFault] = field(default_factory=list)
    lines: list[str] | None = None


class ForkedStage:
    """Does what a stage does, in several processes. Raises ForkError where one of them is killed."""

    def __init__(self, stage: TraceStage, readers: int) -> None:
        self._stage, self._readers = stage, readers
        self._finder = stage.finder = ProblemFinder(dict(stage.told.wrapper))
        self._forks = ExitStack()
        self._idle: deque[_Fork] = deque()
        self._batches: deque[_Batch] = deque()
        self._all_read = False
        self._long: list[ReadRow] = []

    @property
    def told(self) -> Told:
        """What the import says of what is set aside."""
        return self._stage.told

    @property
    def reached(self) -> int:
        """How many bytes of the files are set aside."""
        return self._stage.reached

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for number in range(self._readers):
                reader = _Reader(self._stage.adopting, self._stage.stated)
                self._idle.append(_Fork(stack.enter_context(Forked(reader.answer, name=f"import {number}"))))
            self._forks = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._forks.close()

    def take_next(self, rows: Iterator[ReadRow], spool: Spool, faults: FaultTally) -> int:
        """As that of the stage; the rows behind them are read meanwhile."""
        self._hand_out(rows)
        while self._batches and self._batches[0].lines is None:
            self._hear()
            self._hand_out(rows)
        if not self._batches:
            rows_here, self._long = self._long, []
            if rows_here:
                self._stage.take(rows_here, spool, faults)
                self.told.wrapper.update(self._finder.said)
            self._stage.reached = self._stage.position()
            return len(rows_here)
        batch = self._batches.popleft()
        spool.append_lines(batch.lines or [])
        for fault in batch.faults:
            faults.add(fault)
        self.told.count(batch.counts)
        self.told.wrapper.update(batch.wrapper or {})
        self._stage.reached = batch.reached
        return batch.rows

    def _hand_out(self, rows: Iterator[ReadRow]) -> None:
        """Give the next rows to whoever has nothing to do."""
        while self._idle and not (self._all_read or self._long) and len(self._batches) < AHEAD * self._readers:
            batch = next_rows(rows)
            if not batch:
                self._all_read = True
                return
            if sum(row.size for row in batch) >= LONG:
                self._long = batch
                return
            fork = self._idle.popleft()
            fork.fork.send({"rows": [_row_to_json(row) for row in batch]})
            self._batches.append(_Batch(fork, len(batch), self._stage.position()))

    def _hear(self) -> None:
        """Wait until a fork answers, and go on with its batch. Batches are matched in their order."""
        unmatched = next((batch for batch in self._batches if batch.wrapper is None), None)
        at_work = [batch for batch in self._batches if batch.lines is None]
        asked = [batch for batch in at_work if batch.wrapper is not None or batch is unmatched]
        heard = answered([batch.fork.fork for batch in asked])
        for batch in asked:
            if batch.fork.fork not in heard:
                continue
            answer = batch.fork.fork.receive()
            batch.faults += [ImportFault(*fault) for fault in answer["faults"]]
            if batch is unmatched:
                keys = [ProblemKey(*key) for key in answer["keys"]]
                batch.fork.match(keys, self._finder.find(set(keys)))
                batch.counts = answer["counts"]
                batch.wrapper = dict(self._finder.said)
            else:
                batch.lines = answer["lines"]
                self._idle.append(batch.fork)
