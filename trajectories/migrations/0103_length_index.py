"""The index of traces by their tokens holds seconds, cost and decision too: lists of several ranges are counted from it.

It is made under a name of its own before the one that it replaces goes, without keeping anybody from writing. What
PostgreSQL leaves of an index that was stopped halfway goes first, so that this can be run again.
"""

from django.db import migrations, models

NAME, BEFORE = "trace_by_size", "trace_by_length"
GONE, GONE_BEFORE = (f"DROP INDEX CONCURRENTLY IF EXISTS {name}" for name in (NAME, BEFORE))
THERE = (
    f"CREATE INDEX CONCURRENTLY {NAME} ON trajectories_trace (output_tokens, id)"
    " INCLUDE (latency_seconds, cost, decision, withdrawn)"
)
THERE_BEFORE = f"CREATE INDEX CONCURRENTLY {BEFORE} ON trajectories_trace (output_tokens, id)"


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("trajectories", "0098_rule_indexes")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL((GONE, THERE), (GONE,))],
            state_operations=[
                migrations.AddIndex(
                    "trace",
                    models.Index(
                        fields=["output_tokens", "id"],
                        include=["latency_seconds", "cost", "decision", "withdrawn"],
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
