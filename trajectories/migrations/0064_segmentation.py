"""How texts are cut into steps: of traces, queues and the labels of reviews; jobs that have traces cut anew."""

import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("trajectories", "0063_worlds"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="importedreview",
            name="segmentation",
            field=models.CharField(blank=True, db_default="", default="", max_length=30),
        ),
        migrations.AddField(
            model_name="queue",
            name="segmentation",
            field=models.CharField(blank=True, db_default="", default="", max_length=30),
        ),
        migrations.AddField(
            model_name="review",
            name="segmentation",
            field=models.CharField(blank=True, db_default="", default="", max_length=30),
        ),
        migrations.AddField(
            model_name="trace",
            name="segmentation",
            field=models.CharField(blank=True, db_default="", default="", max_length=30),
        ),
        migrations.CreateModel(
            name="SegmentationJob",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("lease_token", models.UUIDField(null=True)),
                ("lease_expires_at", models.DateTimeField(null=True)),
                ("rung_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("claims", models.PositiveSmallIntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("selection", models.JSONField(default=dict)),
                ("segmentation", models.CharField(blank=True, max_length=30)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "Queued"),
                            ("running", "Running"),
                            ("paused", "Paused"),
                            ("finished", "Finished"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="queued",
                        max_length=10,
                    ),
                ),
                ("cursor", models.BigIntegerField(default=0)),
                ("last_id", models.BigIntegerField()),
                ("total_count", models.PositiveIntegerField()),
                ("done_count", models.PositiveIntegerField(default=0)),
                ("changed_count", models.PositiveIntegerField(default=0)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["-created_at", "-id"], name="segmentation_newest"),
                    models.Index(
                        condition=models.Q(("state__in", ("failed", "refused", "paused"))),
                        fields=["-created_at", "-id"],
                        name="segmentation_trouble",
                    ),
                    models.Index(
                        condition=models.Q(("state__in", ("queued", "running", "paused"))),
                        fields=["state"],
                        name="segmentation_unfinished",
                    ),
                ],
            },
        ),
    ]
