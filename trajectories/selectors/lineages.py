"""Lineages: a trace with those it goes on from and those that go on from it, as a tree."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db import connection

from trajectories.models import Trace
from trajectories.selectors.blinding import Sight, veil

MAX_SHOWN = 40
"""Nodes that a page draws."""

FAMILY = """
WITH RECURSIVE up AS (
    SELECT id, parent_id FROM trajectories_trace WHERE id = %s
    UNION ALL
    SELECT trace.id, trace.parent_id FROM trajectories_trace trace JOIN up ON trace.id = up.parent_id
), down AS (
    SELECT id, parent_id, 0 AS depth FROM up WHERE parent_id IS NULL
    UNION ALL
    SELECT trace.id, trace.parent_id, down.depth + 1
    FROM trajectories_trace trace JOIN down ON trace.parent_id = down.id
)
SELECT down.id, down.parent_id FROM down JOIN trajectories_trace trace USING (id)
WHERE trace.edited_by_id IS NULL OR NOT %s OR trace.edited_by_id = %s OR down.id IN (SELECT id FROM up)
ORDER BY depth, down.id
"""
"""(id, id of the parent) of everything that hangs on the first ancestor, parents before children."""


@dataclass(frozen=True, slots=True)
class LineageNode:
    """One trace of a lineage. `train_error` is the mean share of wrong cells in [0, 1], None where no program ran.
    `is_edited` says that a person made it by editing its parent, `is_withdrawn` that they withdrew it."""

    trace_id: int
    kind: str
    correctness: str
    train_error: float | None
    is_edited: bool
    is_withdrawn: bool
    children: "tuple[LineageNode, ...]"


@dataclass(frozen=True, slots=True)
class Lineage:
    """The tree of a trace from its first ancestor on. `size` counts all its traces, of which `shown` are in `root`;
    `has_edits` says that people wrote some of these."""

    root: LineageNode
    size: int
    shown: int
    has_edits: bool = False

    @property
    def hidden(self) -> int:
        """Traces of the tree that are left out."""
        return self.size - self.shown


def get_lineage(trace: Trace, sight: Sight, *, reader_id: int | None = None, most: int = MAX_SHOWN) -> Lineage | None:
    """The tree that a trace belongs to, None where it stands alone; three queries. Verdicts that queues hide are left
    out.

    With `reader_id`, for somebody who may not know what others think of the trace, edits of others are left out, with
    what goes on from them.
    Of a tree with more than `most` traces these are chosen first: the ancestors of the trace, itself, what goes on from
    it, then the others from the root on. A trace is in it with its parent or not at all.
    """
    with connection.cursor() as cursor:
        cursor.execute(FAMILY, [trace.pk, reader_id is not None, reader_id])
        family = _connected(cursor.fetchall())
    if len(family) < 2:
        return None
    parents = dict(family)
    chosen = _choose(trace.pk, parents, most)
    rows = {row.pk: row for row in _rows(chosen)}
    veil(rows.values(), sight)
    children: dict[int | None, list[int]] = {}
    for key in parents:
        if key in rows:
            children.setdefault(parents[key], []).append(key)
    has_edits = any(row.is_edited for row in rows.values())
    return Lineage(_node(family[0][0], rows, children), len(family), len(rows), has_edits)


def _connected(rows: Sequence[tuple[int, int | None]]) -> list[tuple[int, int | None]]:
    """Those whose parent is there; parents come before their children."""
    kept: dict[int, int | None] = {}
    for key, parent in rows:
        if parent is None or parent in kept:
            kept[key] = parent
    return list(kept.items())


def _choose(trace_id: int, parents: Mapping[int, int | None], most: int) -> list[int]:
    line = list(_ancestors(trace_id, parents))
    below = {trace_id}
    for key, parent in parents.items():  # parents come before their children
        if parent in below:
            below.add(key)
    wanted = [*reversed(line), *(key for key in parents if key in below), *parents]
    return list(dict.fromkeys(wanted))[: max(most, len(line) + 1)]


def _ancestors(trace_id: int, parents: Mapping[int, int | None]) -> Iterator[int]:
    parent = parents[trace_id]
    while parent is not None:
        yield parent
        parent = parents[parent]


def _rows(keys: Sequence[int]) -> Iterator[Trace]:
    return Trace.objects.filter(pk__in=keys).select_related("attempt").only(
        "pk", "correctness", "train_error", "hinted", "edited_by", "withdrawn", "attempt__kind"
    ).iterator()  # fmt: skip


def _node(key: int, rows: Mapping[int, Trace], children: Mapping[int | None, Sequence[int]]) -> LineageNode:
    """As deep as a run has rounds, which is far less than Python calls deep."""
    row = rows[key]
    return LineageNode(
        trace_id=key,
        kind=row.attempt.kind if row.attempt else "",
        correctness=row.correctness,
        train_error=row.train_error,
        is_edited=row.is_edited,
        is_withdrawn=row.withdrawn,
        children=tuple(_node(child, rows, children) for child in children.get(key, ())),
    )
