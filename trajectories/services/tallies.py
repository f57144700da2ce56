"""Counting what has happened: for metrics, over all processes and restarts."""

from collections.abc import Mapping

from django.db import connection

from trajectories.models import Tally
from trajectories.services.rows import insert_rows

ROWS_KEPT = 50
"""So many rows may wait to be made one."""

ROWS_AT_ONCE = 10_000

_FOLD = """
WITH gone AS (
    DELETE FROM trajectories_tally WHERE id IN (
        SELECT id FROM trajectories_tally ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
    ) RETURNING name, label, count
)
INSERT INTO trajectories_tally (name, label, count) SELECT name, label, sum(count) FROM gone GROUP BY name, label
"""


def count_up(*, name: str, counts: Mapping[str, int]) -> None:
    """Count so many more of each sort, in the transaction of the caller; nobody waits for anybody else who counts."""
    insert_rows(Tally, [{"name": name, "label": label, "count": more} for label, more in counts.items() if more])


def fold_tallies() -> None:
    """Make one row of all that count the same. Safe to run at any time, twice at once included."""
    if len(Tally.objects.values("pk")[: ROWS_KEPT + 1]) > ROWS_KEPT:
        with connection.cursor() as cursor:
            cursor.execute(_FOLD, [ROWS_AT_ONCE])
