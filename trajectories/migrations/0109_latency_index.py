"""The index of traces by their seconds holds tokens, cost and decision too, as the one by tokens holds seconds: lists of
several ranges are counted from the one whose range leaves fewer traces.

It is made under a name of its own before the one that it replaces goes, without keeping anybody from writing. What
PostgreSQL leaves of an index that was stopped halfway goes first, so that this can be run again.
"""

from django.db import migrations, models

NAME, BEFORE = "trace_by_latency", "trace_by_seconds"
GONE, GONE_BEFORE = (f"DROP INDEX CONCURRENTLY IF EXISTS {name}" for name in (NAME, BEFORE))
THERE = (
    f"CREATE INDEX CONCURRENTLY {NAME} ON trajectories_trace (latency_seconds, id)"
    " INCLUDE (output_tokens, cost, decision, withdrawn)"
)
THERE_BEFORE = f"CREATE INDEX CONCURRENTLY {BEFORE} ON trajectories_trace (latency_seconds, id)"


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("trajectories", "0108_newest_verdict_indexes")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL((GONE, THERE), (GONE,))],
            state_operations=[
                migrations.AddIndex(
                    "trace",
                    models.Index(
                        fields=["latency_seconds", "id"],
                        include=["output_tokens", "cost", "decision", "withdrawn"],
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
