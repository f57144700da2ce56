from django.db import migrations, models
from django.db.models.functions import Now


class Migration(migrations.Migration):
    """Exports are held by the same lease as other jobs, and imports can be paused."""

    dependencies = [
        ("trajectories", "0047_comparisons"),
    ]

    operations = [
        migrations.AddField(
            model_name="export",
            name="lease_token",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="export",
            name="rung_at",
            field=models.DateTimeField(db_default=Now()),
        ),
        migrations.AlterField(
            model_name="import",
            name="state",
            field=models.CharField(
                choices=[
                    ("queued", "Queued"),
                    ("running", "Running"),
                    ("paused", "Paused"),
                    ("finished", "Finished"),
                    ("refused", "Refused"),
                    ("failed", "Failed"),
                    ("cancelled", "Cancelled"),
                ],
                default="queued",
                max_length=10,
            ),
        ),
    ]
