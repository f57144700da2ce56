"""Reading old traces for their words, newest first, while everything else goes on.

New traces are read by the database itself as they are stored, see migration 0056. What is left is said by the one row
of SearchBacklog, which moves in the transaction that stores the words: a worker that dies loses nothing.
"""

from django.db import connection, transaction

from trajectories.models import SearchBacklog
from trajectories.services.jobs.batches import repeat_for

BATCH = 200
"""Traces of one transaction."""
SWEEP_SECONDS = 3.0
"""How long one sweep may take: others wait for it."""

READ = """
WITH old AS MATERIALIZED (
    SELECT id, reasoning_id, program_id, steps FROM trajectories_trace WHERE id <= %s ORDER BY id DESC LIMIT %s
), read AS (
    INSERT INTO trajectories_tracesearch (trace_id, words, tools)
    SELECT old.id, trajectories_words(coalesce(reasoning.body, ''), program.body), trajectories_tools(old.steps)
    FROM old
    LEFT JOIN trajectories_text AS reasoning ON reasoning.content_hash = old.reasoning_id
    LEFT JOIN trajectories_text AS program ON program.content_hash = old.program_id
    ON CONFLICT (trace_id) DO NOTHING
)
SELECT min(id), count(*) FROM old
"""


@transaction.atomic
def read_batch() -> int:
    """Read the next old traces, unless somebody else does; returns how many."""
    backlog = SearchBacklog.objects.select_for_update(skip_locked=True).first()
    if backlog is None:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(READ, [backlog.newest, BATCH])
        oldest, count = cursor.fetchone()
    if count < BATCH:
        backlog.delete()
    else:
        backlog.newest = oldest - 1
        backlog.save(update_fields=["newest"])
    return int(count)


def read_for(seconds: float) -> int:
    """Read old traces for so long, or until none is left; returns how many."""
    return repeat_for(seconds, read_batch)
