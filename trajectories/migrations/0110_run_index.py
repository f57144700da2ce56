"""The index of traces by their run holds how each ended and what people decided: the outcomes of a run, which its page
counts again and again while it goes on, were counted from all traces there are.

It is made under a name of its own before the one that it replaces goes, without keeping anybody from writing. What
PostgreSQL leaves of an index that was stopped halfway goes first, so that this can be run again.
"""

from django.db import migrations, models

NAME, BEFORE = "trace_in_run", "trace_by_run"
GONE, GONE_BEFORE = (f"DROP INDEX CONCURRENTLY IF EXISTS {name}" for name in (NAME, BEFORE))
THERE = (
    f"CREATE INDEX CONCURRENTLY {NAME} ON trajectories_trace (run_id, id)"
    " INCLUDE (correctness, finish_reason, decision, withdrawn)"
)
THERE_BEFORE = f"CREATE INDEX CONCURRENTLY {BEFORE} ON trajectories_trace (run_id, id)"


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("trajectories", "0109_latency_index")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL((GONE, THERE), (GONE,))],
            state_operations=[
                migrations.AddIndex(
                    "trace",
                    models.Index(
                        fields=["run", "id"],
                        include=["correctness", "finish_reason", "decision", "withdrawn"],
                        name=NAME,
                    ),
                )
            ],
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL((GONE_BEFORE,), (GONE_BEFORE, THERE_BEFORE))],
            state_operations=[migrations.RemoveIndex("trace", BEFORE)],
        ),
    ]
