"""Indexes that hold all that release rules ask of traces and of what people said: their funnels read no rows.

Each is made before the one that it replaces goes, without keeping anybody from writing. What PostgreSQL leaves of an
index that was stopped halfway goes first, so that this can be run again. And items are not checked for their release.
"""

from django.db import migrations, models
from django.db.models import Q

FACTS = ["run", "sampler", "created_at", "correctness", "decision", "hinted", "finish_reason", "withdrawn"]
FACT_COLUMNS = "run_id, sampler_id, created_at, correctness, decision, hinted, finish_reason, withdrawn"
OF_ACCEPTED = ["problem", "run", "sampler", "created_at", "correctness", "hinted", "finish_reason", "withdrawn"]
OF_ACCEPTED_COLUMNS = "problem_id, run_id, sampler_id, created_at, correctness, hinted, finish_reason, withdrawn"
MADE = {
    "trace_by_clauses": (
        "trace",
        f"(problem_id, id) INCLUDE ({FACT_COLUMNS})",
        models.Index(fields=["problem", "id"], include=FACTS, name="trace_by_clauses"),
    ),
    "trace_by_decision": (
        "trace",
        f"(decision, id) INCLUDE ({OF_ACCEPTED_COLUMNS}) WHERE NOT (decision = '')",
        models.Index(
            fields=["decision", "id"], include=OF_ACCEPTED, name="trace_by_decision", condition=~Q(decision="")
        ),
    ),
    "review_of_trace": (
        "review",
        "(trace_id, id) INCLUDE (decision, score, reviewer_id)",
        models.Index(fields=["trace", "id"], include=["decision", "score", "reviewer"], name="review_of_trace"),
    ),
}
REPLACED = {
    "trace_by_rule": (
        "trace",
        f"(problem_id, id) INCLUDE ({FACT_COLUMNS.removesuffix(', withdrawn')})",
    ),
    "trace_decided": ("trace", "(decision, id) WHERE NOT (decision = '')"),
}
DROP_OF_KEY = """
DO $$
DECLARE
    found record;
BEGIN
    FOR found IN
        SELECT index.indexrelid::regclass AS name FROM pg_index index
        JOIN pg_attribute attribute ON attribute.attrelid = index.indrelid AND attribute.attname = 'trace_id'
        WHERE index.indrelid = 'trajectories_review'::regclass AND NOT index.indisunique
            AND index.indkey::text = attribute.attnum::text
    LOOP
        EXECUTE format('DROP INDEX %s', found.name);
    END LOOP;
END $$
"""
"""The index of the key to the trace alone, whatever it was named when the table had another name."""

OF_REVIEW = models.ForeignKey("trajectories.trace", on_delete=models.PROTECT, related_name="reviews", db_index=False)
OF_ITEM = models.ForeignKey("trajectories.release", on_delete=models.CASCADE, related_name="items", db_constraint=False)


def _made(name: str) -> migrations.SeparateDatabaseAndState:
    table, columns, index = MADE[name]
    there, gone = _statements(name, table, columns)
    return migrations.SeparateDatabaseAndState(
        database_operations=[migrations.RunSQL(there, gone)], state_operations=[migrations.AddIndex(table, index)]
    )


def _replaced(name: str) -> migrations.SeparateDatabaseAndState:
    table, columns = REPLACED[name]
    there, gone = _statements(name, table, columns)
    return migrations.SeparateDatabaseAndState(
        database_operations=[migrations.RunSQL(gone, there)], state_operations=[migrations.RemoveIndex(table, name)]
    )


def _statements(name: str, table: str, columns: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What makes an index, and what takes it away."""
    gone = f"DROP INDEX CONCURRENTLY IF EXISTS {name}"
    return (gone, f"CREATE INDEX CONCURRENTLY {name} ON trajectories_{table} {columns}"), (gone,)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("trajectories", "0094_projects")]
    operations = [
        *map(_made, MADE),
        *map(_replaced, REPLACED),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(DROP_OF_KEY, "CREATE INDEX ON trajectories_review (trace_id)")],
            state_operations=[migrations.AlterField("review", "trace", OF_REVIEW)],
        ),
        migrations.AlterField("releaseitem", "release", OF_ITEM),
    ]
