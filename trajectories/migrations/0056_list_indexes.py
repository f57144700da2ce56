"""Indexes by which traces are listed, sorted and filtered, made while everything else goes on.

Each is made without keeping anybody from writing, outside of any transaction. What an interruption left behind is made
anew when the migration is run again.
"""

from django.db import migrations, models
from django.db.models import F
from django.db.models.functions import Coalesce

SCANNED = {
    ("trace", "trace_by_time", "created_at, id"): models.Index(fields=["created_at", "id"], name="trace_by_time"),
    ("trace", "trace_by_length", "output_tokens, id"): models.Index(
        fields=["output_tokens", "id"], name="trace_by_length"
    ),
    ("trace", "trace_by_seconds", "latency_seconds, id"): models.Index(
        fields=["latency_seconds", "id"], name="trace_by_seconds"
    ),
    ("trace", "trace_by_cost", "(COALESCE(cost, -1)), id"): models.Index(
        Coalesce("cost", -1), F("id"), name="trace_by_cost"
    ),
    ("trace", "trace_by_temperature", "temperature, id"): models.Index(
        fields=["temperature", "id"], name="trace_by_temperature"
    ),
    ("verdict", "verdict_by_outcome", "verifier, outcome, trace_id"): models.Index(
        fields=["verifier", "outcome", "trace"], name="verdict_by_outcome"
    ),
}


def _made(table: str, name: str, columns: str, index: models.Index) -> migrations.SeparateDatabaseAndState:
    return migrations.SeparateDatabaseAndState(
        database_operations=[
            migrations.RunSQL(
                [
                    f"DROP INDEX CONCURRENTLY IF EXISTS {name}",
                    f"CREATE INDEX CONCURRENTLY {name} ON trajectories_{table} ({columns})",
                ],
                [f"DROP INDEX CONCURRENTLY IF EXISTS {name}"],
            )
        ],
        state_operations=[migrations.AddIndex(table, index)],
    )


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("trajectories", "0056_words_tags_views")]
    operations = [_made(*names, index) for names, index in SCANNED.items()]
