import django.db.models.deletion
from django.db import migrations, models

TABLES = ("importedverdict", "importedreview")


def _trigger(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"""
        CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON trajectories_{table}
        FOR EACH ROW EXECUTE FUNCTION trajectories_append_only()
        """,
        f"DROP TRIGGER append_only ON trajectories_{table}",
    )


class Migration(migrations.Migration):
    dependencies = [
        ("trajectories", "0010_reverification_claims"),
    ]

    operations = [
        migrations.CreateModel(
            name="ImportedVerdict",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("verifier", models.CharField(max_length=40)),
                ("version", models.PositiveIntegerField()),
                (
                    "outcome",
                    models.CharField(
                        choices=[("pass", "pass"), ("fail", "fail"), ("unscored", "unscored"), ("error", "error")],
                        max_length=10,
                    ),
                ),
                ("score", models.FloatField(null=True)),
                ("message", models.TextField(blank=True)),
                ("evidence", models.JSONField(default=dict)),
                ("seconds", models.FloatField(default=0.0)),
                ("engine", models.CharField(blank=True, max_length=120)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "trace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="imported_verdicts",
                        to="trajectories.trace",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ImportedReview",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("pseudonym", models.CharField(max_length=80)),
                (
                    "decision",
                    models.CharField(
                        choices=[("accept", "Accept"), ("reject", "Reject"), ("withdraw", "Withdraw")], max_length=10
                    ),
                ),
                ("score", models.PositiveSmallIntegerField(null=True)),
                ("reason", models.CharField(blank=True, max_length=40)),
                ("comment", models.TextField(blank=True)),
                ("step_labels", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "trace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="imported_reviews",
                        to="trajectories.trace",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("trace", "pseudonym"), name="imported_review_once")],
            },
        ),
        *(_trigger(table) for table in TABLES),
    ]
