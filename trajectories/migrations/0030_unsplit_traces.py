"""Traces that are still to be split are found through an index, made while others read and write."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("trajectories", "0029_parts")]

    operations = [
        AddIndexConcurrently(
            model_name="trace",
            index=models.Index(condition=models.Q(("parts__isnull", True)), fields=["id"], name="trace_unsplit"),
        ),
    ]
