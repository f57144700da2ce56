"""Counts of verdicts and reviews, kept by the database: metrics counted tables row by row before.

Rows are counted before the triggers are made, which lock their tables until the end, and after it only those that came
in between.
"""

from typing import Any

from django.db import migrations, models

COUNT_VERDICTS = """
CREATE FUNCTION trajectories_tally_verdicts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO trajectories_tally (name, label, count)
    SELECT 'verdicts', outcome, count(*) FROM added GROUP BY outcome;
    RETURN NULL;
END $$
"""
COUNT_REVIEWS = """
CREATE FUNCTION trajectories_tally_reviews() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO trajectories_tally (name, label, count)
    SELECT 'reviews', '', count(*) FROM added HAVING count(*) > 0;
    RETURN NULL;
END $$
"""
LABELS = {"verdict": "outcome", "review": "''"}


def count(_apps: Any, editor: Any) -> None:
    """Make the triggers, and count what is there."""
    with editor.connection.cursor() as cursor:
        newest = {}
        for table in LABELS:
            cursor.execute(f"SELECT coalesce(max(id), 0) FROM trajectories_{table}")
            (newest[table],) = cursor.fetchone()
            tally(cursor, table, f"id <= {newest[table]}")
        for table in LABELS:
            cursor.execute(
                f"CREATE TRIGGER tally AFTER INSERT ON trajectories_{table} REFERENCING NEW TABLE AS added "
                f"FOR EACH STATEMENT EXECUTE FUNCTION trajectories_tally_{table}s()"
            )
            tally(cursor, table, f"id > {newest[table]}")


def tally(cursor: Any, table: str, where: str) -> None:
    """Add what a table has of each sort."""
    label = LABELS[table]
    cursor.execute(
        "INSERT INTO trajectories_tally (name, label, count) "
        f"SELECT '{table}s', sort, count(*) FROM (SELECT {label} AS sort FROM trajectories_{table} WHERE {where}) AS rows "
        "GROUP BY sort"
    )


def drop(_apps: Any, editor: Any) -> None:
    with editor.connection.cursor() as cursor:
        for table in LABELS:
            cursor.execute(f"DROP TRIGGER tally ON trajectories_{table}")


class Migration(migrations.Migration):
    dependencies = [("trajectories", "0129_scheduler")]
    operations = [
        migrations.CreateModel(
            name="Tally",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=20)),
                ("label", models.CharField(blank=True, max_length=20)),
                ("count", models.BigIntegerField()),
            ],
            options={"verbose_name_plural": "tallies"},
        ),
        migrations.RunSQL(COUNT_VERDICTS, "DROP FUNCTION trajectories_tally_verdicts()"),
        migrations.RunSQL(COUNT_REVIEWS, "DROP FUNCTION trajectories_tally_reviews()"),
        migrations.RunPython(count, drop),
    ]
