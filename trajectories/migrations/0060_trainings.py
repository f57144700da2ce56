import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Trainings, the files they make, and the samplers that use these."""

    dependencies = [
        ("trajectories", "0056_list_indexes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Artefact",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sha256", models.CharField(max_length=64, unique=True)),
                ("name", models.CharField(max_length=120)),
                ("byte_size", models.PositiveBigIntegerField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.AddField(
            model_name="sampler",
            name="artefact",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="samplers",
                to="trajectories.artefact",
            ),
        ),
        migrations.CreateModel(
            name="Training",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("lease_token", models.UUIDField(null=True)),
                ("lease_expires_at", models.DateTimeField(null=True)),
                ("rung_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("claims", models.PositiveSmallIntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("parent_kind", models.CharField(blank=True, max_length=20)),
                ("parent_id", models.BigIntegerField(null=True)),
                ("title", models.CharField(max_length=200)),
                ("trainer", models.SlugField(max_length=40)),
                ("parameters", models.JSONField(default=dict)),
                ("rule", models.JSONField(default=dict)),
                ("seed", models.BigIntegerField(default=0)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "Queued"),
                            ("running", "Running"),
                            ("paused", "Paused"),
                            ("waiting", "waiting for its sampler"),
                            ("finished", "Finished"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="queued",
                        max_length=10,
                    ),
                ),
                ("reason", models.TextField(blank=True)),
                ("note", models.TextField(blank=True)),
                ("done_count", models.PositiveBigIntegerField(default=0)),
                ("total_count", models.PositiveBigIntegerField(default=0)),
                ("unit", models.CharField(blank=True, max_length=40)),
                ("funnel", models.JSONField(default=list)),
                ("facts", models.JSONField(default=dict)),
                ("started_at", models.DateTimeField(null=True)),
                ("space_needed", models.PositiveBigIntegerField(null=True)),
                (
                    "artefact",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="trainings",
                        to="trajectories.artefact",
                    ),
                ),
                (
                    "base",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="trajectories.sampler",
                    ),
                ),
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
                    "release",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="trainings", to="trajectories.release"
                    ),
                ),
                (
                    "sampler",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="training",
                        to="trajectories.sampler",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="TrainingPoint",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("step", models.PositiveBigIntegerField()),
                ("values", models.JSONField(default=dict)),
                (
                    "training",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="points", to="trajectories.training"
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="training",
            index=models.Index(fields=["-created_at", "-id"], name="training_newest"),
        ),
        migrations.AddIndex(
            model_name="training",
            index=models.Index(
                condition=models.Q(("state__in", ("failed", "refused", "paused"))),
                fields=["-created_at", "-id"],
                name="training_trouble",
            ),
        ),
        migrations.AddIndex(
            model_name="training",
            index=models.Index(
                condition=models.Q(("state__in", ("queued", "running", "paused"))),
                fields=["state"],
                name="training_unfinished",
            ),
        ),
        migrations.AddConstraint(
            model_name="trainingpoint",
            constraint=models.UniqueConstraint(fields=("training", "step"), name="training_step_once"),
        ),
    ]
