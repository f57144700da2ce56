"""What workers tell of attempts that somebody looks at while they are sampled."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("trajectories", "0080_votes_by_rules_5")]

    operations = [
        migrations.CreateModel(
            name="AttemptWatch",
            fields=[
                (
                    "attempt",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="watch",
                        serialize=False,
                        to="trajectories.attempt",
                    ),
                ),
                ("wanted_until", models.DateTimeField()),
                ("take", models.PositiveIntegerField(default=0)),
                ("steps", models.JSONField(default=list)),
                ("calls", models.PositiveIntegerField(default=0)),
                ("asked_at", models.DateTimeField(null=True)),
                ("revision", models.PositiveIntegerField(default=0)),
                ("thoughts", models.TextField(blank=True)),
                ("text", models.TextField(blank=True)),
                ("told_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name_plural": "attempt watches",
                "indexes": [models.Index(fields=["wanted_until"], name="attempt_watched")],
            },
        ),
    ]
