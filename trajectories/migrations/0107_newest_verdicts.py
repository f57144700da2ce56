"""Which verdict of a verifier on a trace is its newest, kept with the verdict: rules ask for nothing else.

The database keeps it, whoever writes: a new verdict takes the mark off the one before, in the same transaction. What was
there before is marked as if it were the newest, until the next migration has looked.
"""

from django.db import migrations, models

KEEP = """
CREATE OR REPLACE FUNCTION trajectories_verdict_is_newest() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE trajectories_verdict SET is_newest = false
        WHERE trace_id = NEW.trace_id AND verifier = NEW.verifier AND is_newest AND id < NEW.id;
    RETURN NEW;
END $$;
CREATE TRIGGER verdict_is_newest BEFORE INSERT ON trajectories_verdict
    FOR EACH ROW EXECUTE FUNCTION trajectories_verdict_is_newest();
"""
KEEP_NOT = """
DROP TRIGGER IF EXISTS verdict_is_newest ON trajectories_verdict;
DROP FUNCTION IF EXISTS trajectories_verdict_is_newest();
"""


class Migration(migrations.Migration):
    dependencies = [("trajectories", "0106_step_judges")]
    operations = [
        migrations.AddField("verdict", "is_newest", models.BooleanField(default=True, db_default=True)),
        migrations.RunSQL(KEEP, KEEP_NOT),
    ]
