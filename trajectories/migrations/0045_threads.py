import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def _append_only(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"""
        CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON trajectories_{table}
        FOR EACH ROW EXECUTE FUNCTION trajectories_append_only()
        """,
        f"DROP TRIGGER append_only ON trajectories_{table}",
    )


class Migration(migrations.Migration):
    """What people remark about traces, their steps and their words, and where the steps stand that they label."""

    dependencies = [
        ("trajectories", "0050_replays"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Thread",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("step", models.PositiveIntegerField(null=True)),
                ("start", models.PositiveIntegerField(null=True)),
                ("end", models.PositiveIntegerField(null=True)),
                ("quote", models.TextField(blank=True)),
                (
                    "fault",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("wrong", "Wrong"),
                            ("unsupported", "Does not follow"),
                            ("slip", "Arithmetic or copying slip"),
                            ("hallucinated", "Made up"),
                            ("contradiction", "Contradicts itself"),
                            ("repeated", "Repetition"),
                            ("unclear", "Unclear"),
                            ("good", "Well put"),
                        ],
                        max_length=20,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="threads", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "trace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="threads", to="trajectories.trace"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ThreadEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("comment", "Comment"), ("resolve", "Resolve"), ("reopen", "Reopen")], max_length=10
                    ),
                ),
                ("body", models.TextField(blank=True)),
                ("key", models.UUIDField(unique=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "thread",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="events", to="trajectories.thread"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Mention",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("read_at", models.DateTimeField(null=True)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="mentions",
                        to="trajectories.threadevent",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("read_at__isnull", True)), fields=["person", "-id"], name="mention_unread"
                    )
                ],
                "constraints": [models.UniqueConstraint(fields=("event", "person"), name="mention_once")],
            },
        ),
        migrations.AddField(
            model_name="review",
            name="step_spans",
            field=models.JSONField(default=dict),
        ),
        _append_only("thread"),
        _append_only("threadevent"),
    ]
