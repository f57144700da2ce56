"""Reading traces for their words after they came, newest first, while everything else goes on.

Of traces that come a few at a time the database reads the words as they are stored, see migration 0111. What is left
the rows of SearchBacklog say, which move in the transaction that stores the words: a worker that dies loses nothing.
"""

import time
from functools import partial

from django.db import connection, transaction

from trajectories.models import SearchBacklog
from trajectories.services.jobs.bells import WORDS, Ticket, answer, keep, put_away, ring, ring_on
from trajectories.services.jobs.outages import patiently

BATCH = 100
"""Traces of one transaction: of the longest texts, a second or two."""
SECONDS_PER_BELL = 5.0
"""What else waits for a worker waits no longer for a bell of words."""

# In the order of ids: two workers that read the same traces wait for each other, and never in a circle.
READ = """
WITH unread AS MATERIALIZED (
    SELECT id, reasoning_id, program_id, steps FROM trajectories_trace AS trace WHERE id BETWEEN %s AND %s
    AND NOT EXISTS (SELECT FROM trajectories_tracesearch WHERE trace_id = trace.id) ORDER BY id DESC LIMIT %s
), read AS (
    INSERT INTO trajectories_tracesearch (trace_id, words, tools)
    SELECT unread.id, trajectories_words(coalesce(reasoning.body, ''), program.body), trajectories_tools(unread.steps)
    FROM unread
    LEFT JOIN trajectories_text AS reasoning ON reasoning.content_hash = unread.reasoning_id
    LEFT JOIN trajectories_text AS program ON program.content_hash = unread.program_id
    ORDER BY unread.id
    ON CONFLICT (trace_id) DO NOTHING
)
SELECT min(id), count(*) FROM unread
"""


def words_bells() -> list[Ticket]:
    """The message that tells a worker of traces to read; none where it is out, or where all are read."""
    return ring(kind=WORDS, source=0, bells=1) if SearchBacklog.objects.exists() else []


def read_for(ticket: Ticket, *, seconds: float = SECONDS_PER_BELL) -> list[Ticket]:
    """Read traces for a bell, for so long at most; returns the messages to send for what is left."""
    if not patiently(partial(answer, ticket)):
        return []
    until = time.monotonic() + seconds
    while patiently(read_batch):
        if time.monotonic() > until:
            again = patiently(partial(ring_on, ticket))
            return [] if again is None else [again]
        patiently(partial(keep, ticket))
    patiently(partial(put_away, ticket))
    # What came in between the last look and now found this bell out, and did not ring.
    return patiently(words_bells)


def read_all() -> None:
    """Read every trace that waits, for who may miss none; `read_for` has done most of it where workers are alive."""
    while patiently(read_batch):
        pass


@transaction.atomic
def read_batch() -> bool:
    """Read the newest traces that wait; False where none does. Others who read wait for their turn."""
    waiting = SearchBacklog.objects.select_for_update().order_by("-newest", "pk").first()
    if waiting is None:
        return False
    with connection.cursor() as cursor:
        cursor.execute(READ, [waiting.oldest, waiting.newest, BATCH])
        oldest, count = cursor.fetchone()
    if count < BATCH:
        waiting.delete()
    else:
        waiting.newest, waiting.count = oldest - 1, max(1, waiting.count - count)
        waiting.save(update_fields=["newest", "count"])
    return True
