"""How many samples of a run and of a problem count as right or wrong, kept beside how many are right: one share of right
ones everywhere. Samples that were cut off or refused are in no such share.

The tables are held for a moment only: columns with a fixed value are added without writing rows, and what is there is
counted after that. All of it can be run again.
"""

from django.db import migrations, models

ADDED = (
    "ALTER TABLE trajectories_{0} ADD COLUMN IF NOT EXISTS scored_count integer DEFAULT 0 NOT NULL"
    " CONSTRAINT trajectories_{0}_scored_count_check CHECK (scored_count >= 0)"
)
TAKEN = "ALTER TABLE trajectories_{0} DROP COLUMN IF EXISTS scored_count"
COUNTED = """
UPDATE trajectories_{0} AS kept SET scored_count = counted.scored FROM (
    SELECT {0}_id, count(*) AS scored FROM trajectories_trace WHERE correctness IN ('pass', 'fail') {1} GROUP BY 1
) AS counted WHERE counted.{0}_id = kept.id AND kept.scored_count <> counted.scored
"""
BY_ITSELF = "AND NOT hinted AND edited_by_id IS NULL"
"""A problem counts no sample that was shown the answer, and none that a person edited."""


def _added(table: str) -> migrations.SeparateDatabaseAndState:
    field = models.PositiveIntegerField(default=0, db_default=0)
    return migrations.SeparateDatabaseAndState(
        database_operations=[migrations.RunSQL(ADDED.format(table), TAKEN.format(table))],
        state_operations=[migrations.AddField(table, "scored_count", field)],
    )


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("trajectories", "0115_earlier_salts")]
    operations = [
        _added("problem"),
        _added("run"),
        migrations.RunSQL(COUNTED.format("problem", BY_ITSELF), migrations.RunSQL.noop),
        migrations.RunSQL(COUNTED.format("run", ""), migrations.RunSQL.noop),
    ]
