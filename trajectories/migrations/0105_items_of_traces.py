"""Items of releases with two indexes fewer, and without a check of each trace as they come: both took longer than
writing the rows. What the check was for, that no trace goes that a release holds, is asked where a trace is deleted.
"""

from django.db import migrations, models

ONCE = models.UniqueConstraint(fields=["trace", "release"], name="item_of_trace_once")
MADE = (
    "DROP INDEX CONCURRENTLY IF EXISTS item_of_trace_once",
    "CREATE UNIQUE INDEX CONCURRENTLY item_of_trace_once ON trajectories_releaseitem (trace_id, release_id)",
    "ALTER TABLE trajectories_releaseitem ADD CONSTRAINT item_of_trace_once UNIQUE USING INDEX item_of_trace_once",
)
GONE = "ALTER TABLE trajectories_releaseitem DROP CONSTRAINT IF EXISTS item_of_trace_once"
OF_RELEASE = models.ForeignKey(
    "trajectories.release", on_delete=models.CASCADE, related_name="items", db_constraint=False, db_index=False
)
OF_TRACE = models.ForeignKey(
    "trajectories.trace", on_delete=models.PROTECT, related_name="release_items", db_constraint=False, db_index=False
)
HELD = """
CREATE OR REPLACE FUNCTION trajectories_trace_is_released() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM trajectories_releaseitem WHERE trace_id = OLD.id) THEN
        RAISE EXCEPTION 'trace % is in a release and cannot be deleted', OLD.id
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN OLD;
END $$;
DROP TRIGGER IF EXISTS trace_is_released ON trajectories_trace;
CREATE TRIGGER trace_is_released BEFORE DELETE ON trajectories_trace
    FOR EACH ROW EXECUTE FUNCTION trajectories_trace_is_released();
"""
NOT_HELD = """
DROP TRIGGER IF EXISTS trace_is_released ON trajectories_trace;
DROP FUNCTION IF EXISTS trajectories_trace_is_released();
"""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("trajectories", "0103_length_index")]
    operations = [
        migrations.RunSQL(HELD, NOT_HELD),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL((GONE, *MADE), GONE)],
            state_operations=[migrations.AddConstraint("releaseitem", ONCE)],
        ),
        migrations.RemoveConstraint("releaseitem", "release_trace_once"),
        migrations.AlterField("releaseitem", "trace", OF_TRACE),
        migrations.AlterField("releaseitem", "release", OF_RELEASE),
    ]
