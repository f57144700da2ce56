"""What hangs on a trace, so that a page does not ask in vain for what is rarely there."""

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import connection

from trajectories.models import Trace

ATTACHED = """
SELECT EXISTS (SELECT 1 FROM trajectories_trace WHERE parent_id = %(trace)s),
    EXISTS (SELECT 1 FROM trajectories_verdict WHERE trace_id = %(trace)s),
    EXISTS (SELECT 1 FROM trajectories_importedverdict WHERE trace_id = %(trace)s),
    EXISTS (SELECT 1 FROM trajectories_importedreview WHERE trace_id = %(trace)s),
    EXISTS (SELECT 1 FROM trajectories_thread WHERE trace_id = %(trace)s),
    EXISTS (SELECT 1 FROM trajectories_review WHERE trace_id = %(trace)s AND reviewer_id = %(reader)s)
"""


@dataclass(frozen=True, slots=True)
class Attached:
    """Which kinds of rows refer to a trace: relatives, verdicts, imported verdicts and reviews, threads, and the
    reader's own reviews, withdrawn ones included. That a kind is there does not mean that the reader may see it."""

    family: bool = True
    verdicts: bool = True
    imported: bool = True
    threads: bool = True
    own_reviews: bool = True


EVERYTHING_ATTACHED = Attached()
"""Nothing is known to be missing."""


def attached_to(trace: Trace, reader: User) -> Attached:
    """What hangs on a trace, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(ATTACHED, {"trace": trace.pk, "reader": reader.pk})
        children, verdicts, imported, said, threads, own = cursor.fetchone()
    return Attached(children or trace.parent_id is not None, verdicts, imported or said, threads, own)
