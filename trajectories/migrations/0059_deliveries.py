import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Packages made of releases and pushes to a hub; how long files stay; the places of steps in imported reviews."""

    dependencies = [
        ("trajectories", "0052_release_tags"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="import",
            name="kind",
            field=models.CharField(
                choices=[
                    ("arc", "ARC tasks"),
                    ("questions", "questions"),
                    ("procedural", "procedural problems"),
                    ("traces", "traces"),
                    ("archive", "archive of a release"),
                ],
                max_length=12,
            ),
        ),
        migrations.AddField(
            model_name="export",
            name="dropped_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="export",
            name="pinned",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="export",
            name="used_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="importedreview",
            name="step_spans",
            field=models.JSONField(default=dict),
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("lease_token", models.UUIDField(null=True)),
                ("lease_expires_at", models.DateTimeField(null=True)),
                ("rung_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("claims", models.PositiveSmallIntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("what", models.CharField(choices=[("environment", "environment"), ("push", "push")], max_length=12)),
                ("target", models.JSONField(default=dict)),
                ("outcome", models.JSONField(default=dict)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "Queued"),
                            ("running", "Running"),
                            ("ready", "Ready"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="queued",
                        max_length=10,
                    ),
                ),
                ("reason", models.TextField(blank=True)),
                ("done_count", models.PositiveIntegerField(default=0)),
                ("total_count", models.PositiveIntegerField(default=0)),
                ("byte_size", models.PositiveBigIntegerField(null=True)),
                ("sha256", models.CharField(blank=True, max_length=64)),
                ("space_needed", models.PositiveBigIntegerField(null=True)),
                ("pinned", models.BooleanField(default=False)),
                ("used_at", models.DateTimeField(null=True)),
                ("dropped_at", models.DateTimeField(null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "export",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="trajectories.export",
                    ),
                ),
                (
                    "release",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deliveries",
                        to="trajectories.release",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "deliveries",
                "indexes": [
                    models.Index(fields=["-created_at", "-id"], name="delivery_newest"),
                    models.Index(
                        condition=models.Q(("state__in", ("failed", "refused", "paused"))),
                        fields=["-created_at", "-id"],
                        name="delivery_trouble",
                    ),
                    models.Index(
                        condition=models.Q(("state__in", ("queued", "running", "paused"))),
                        fields=["state"],
                        name="delivery_unfinished",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("what", "environment")), fields=("release",), name="environment_once"
                    )
                ],
            },
        ),
    ]
