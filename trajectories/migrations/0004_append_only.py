from django.db import migrations

TABLES = ("review", "release", "releaseitem")

FUNCTION = """
CREATE FUNCTION trajectories_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: rows are never changed or deleted', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$
"""


def _trigger(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"""
        CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON trajectories_{table}
        FOR EACH ROW EXECUTE FUNCTION trajectories_append_only()
        """,
        f"DROP TRIGGER append_only ON trajectories_{table}",
    )


class Migration(migrations.Migration):
    """Reviews and releases stay what they were, whoever writes to the database."""

    dependencies = [
        ("trajectories", "0003_rung_at"),
    ]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION trajectories_append_only()"),
        *(_trigger(table) for table in TABLES),
    ]
