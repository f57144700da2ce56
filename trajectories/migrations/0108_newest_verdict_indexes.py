"""The mark of the newest verdict off all others, and indexes from which funnels of release rules are counted.

Marks are taken off some thousand verdicts at a time, and can be once more. Each index is made before the one that it
replaces goes, without keeping anybody from writing. What PostgreSQL leaves of an index that was stopped halfway goes
first, so that this can be run again. The index of the key to the trace alone goes because another one begins with it,
so that storing a verdict writes as many indexes as before.
"""

from typing import Any

from django.db import migrations, models
from django.db.models import Q

BATCH = 50_000
MARK_OFF = """
UPDATE trajectories_verdict AS older SET is_newest = false
WHERE older.id > %s AND older.id <= %s AND older.is_newest AND EXISTS (
    SELECT FROM trajectories_verdict AS newer
    WHERE newer.trace_id = older.trace_id AND newer.verifier = older.verifier AND newer.id > older.id
)
"""
FACTS = ["run", "sampler", "created_at", "correctness", "decision", "hinted", "finish_reason", "withdrawn"]
FACT_COLUMNS = "run_id, sampler_id, created_at, correctness, decision, hinted, finish_reason, withdrawn"
MADE = {
    "verdict_newest": (
        "verdict",
        "UNIQUE INDEX",
        "(verifier, trace_id) INCLUDE (outcome, score) WHERE is_newest",
    ),
    "trace_by_votes": ("trace", "INDEX", f"(problem_id, answer_hash, id) INCLUDE (edited_by_id, {FACT_COLUMNS})"),
}
STATE = {
    "verdict_newest": migrations.AddConstraint(
        "verdict",
        models.UniqueConstraint(
            fields=["verifier", "trace"],
            include=["outcome", "score"],
            name="verdict_newest",
            condition=Q(is_newest=True),
        ),
    ),
    "trace_by_votes": migrations.AddIndex(
        "trace",
        models.Index(fields=["problem", "answer_hash", "id"], include=["edited_by", *FACTS], name="trace_by_votes"),
    ),
}
REPLACED = {"trace_by_answer": ("trace", "INDEX", "(problem_id, answer_hash, id)")}
DROP_OF_KEY = """
DO $$
DECLARE
    found record;
BEGIN
    FOR found IN
        SELECT index.indexrelid::regclass AS name FROM pg_index index
        JOIN pg_attribute attribute ON attribute.attrelid = index.indrelid AND attribute.attname = 'trace_id'
        WHERE index.indrelid = 'trajectories_verdict'::regclass AND NOT index.indisunique
            AND index.indkey::text = attribute.attnum::text
    LOOP
        EXECUTE format('DROP INDEX %s', found.name);
    END LOOP;
END $$
"""
"""The index of the key to the trace alone, whatever it was named when the table had another name."""

OF_TRACE = models.ForeignKey("trajectories.trace", on_delete=models.CASCADE, related_name="verdicts", db_index=False)


def mark_off(apps: Any, schema_editor: Any) -> None:  # noqa: ARG001
    """Take the mark of the newest off every verdict that has a newer one beside it."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM trajectories_verdict")
        (last,) = cursor.fetchone()
        for after in range(0, last, BATCH):
            cursor.execute(MARK_OFF, [after, after + BATCH])


def _made(name: str) -> migrations.SeparateDatabaseAndState:
    there, gone = _statements(name, *MADE[name])
    return migrations.SeparateDatabaseAndState(
        database_operations=[migrations.RunSQL(there, gone)], state_operations=[STATE[name]]
    )


def _replaced(name: str) -> migrations.SeparateDatabaseAndState:
    there, gone = _statements(name, *REPLACED[name])
    return migrations.SeparateDatabaseAndState(
        database_operations=[migrations.RunSQL(gone, there)],
        state_operations=[migrations.RemoveIndex(REPLACED[name][0], name)],
    )


def _statements(name: str, table: str, kind: str, columns: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What makes an index, and what takes it away."""
    gone = f"DROP INDEX CONCURRENTLY IF EXISTS {name}"
    there = kind.replace("INDEX", f"INDEX CONCURRENTLY {name} ON trajectories_{table} {columns}")
    return (gone, f"CREATE {there}"), (gone,)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("trajectories", "0107_newest_verdicts")]
    operations = [
        migrations.RunPython(mark_off, migrations.RunPython.noop),
        *map(_made, MADE),
        *map(_replaced, REPLACED),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(DROP_OF_KEY, "CREATE INDEX ON trajectories_verdict (trace_id)")],
            state_operations=[migrations.AlterField("verdict", "trace", OF_TRACE)],
        ),
    ]
