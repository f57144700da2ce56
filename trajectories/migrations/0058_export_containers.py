"""What the rows of a file are in, the options of pairs, and of how many traces rows were made."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("trajectories", "0055_suggestions"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="export",
            name="export_once",
        ),
        migrations.AddField(
            model_name="export",
            name="container",
            field=models.CharField(default="jsonl", max_length=10),
        ),
        migrations.AddField(
            model_name="export",
            name="items_taken",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="export",
            name="options",
            field=models.JSONField(default=dict),
        ),
        migrations.AddConstraint(
            model_name="export",
            constraint=models.UniqueConstraint(
                fields=("release", "format", "with_meta", "thoughts", "arguments", "container", "options"),
                name="export_once",
            ),
        ),
    ]
