"""Runs whose steps a model judge scores: the lease of who asks it, and why it gave no score."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("trajectories", "0105_items_of_traces")]
    operations = [
        migrations.AddField("run", "lease_token", models.UUIDField(null=True)),
        migrations.AddField("run", "lease_expires_at", models.DateTimeField(null=True)),
        migrations.AddField("run", "claims", models.PositiveSmallIntegerField(default=0, db_default=0)),
        migrations.AddField(
            "attempt", "step_fault", models.CharField(max_length=200, blank=True, default="", db_default="")
        ),
    ]
