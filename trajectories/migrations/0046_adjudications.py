"""Final decisions of leads, and reviews that are voided and restored."""

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
    dependencies = [
        ("trajectories", "0044_repairs"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="review",
            name="decided_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.CreateModel(
            name="Adjudication",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "decision",
                    models.CharField(
                        choices=[("accept", "Accept"), ("reject", "Reject"), ("reopen", "Reopen")], max_length=10
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=40)),
                ("comment", models.TextField(blank=True)),
                ("last_review", models.BigIntegerField(default=0)),
                ("key", models.UUIDField(unique=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "adjudicator",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "supersedes",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="superseded_by",
                        to="trajectories.adjudication",
                    ),
                ),
                (
                    "trace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="adjudications",
                        to="trajectories.trace",
                    ),
                ),
            ],
            options={
                "permissions": [("see_quality", "Can see how far reviewers agree and how reliable each is")],
            },
        ),
        migrations.CreateModel(
            name="ReviewVoid",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("since", models.DateTimeField()),
                ("reason", models.TextField(blank=True)),
                ("review_count", models.PositiveIntegerField(default=0)),
                ("key", models.UUIDField(unique=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "actor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "reviewer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "undoes",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="undone_by",
                        to="trajectories.reviewvoid",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="review",
            name="void",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="reviews",
                to="trajectories.reviewvoid",
            ),
        ),
        migrations.AddIndex(
            model_name="review",
            index=models.Index(
                condition=models.Q(("void__isnull", False)), fields=["void", "id"], name="review_by_void"
            ),
        ),
        migrations.AddConstraint(
            model_name="adjudication",
            constraint=models.UniqueConstraint(
                condition=models.Q(("supersedes__isnull", True)), fields=("trace",), name="adjudication_first_once"
            ),
        ),
        migrations.AddIndex(
            model_name="reviewvoid",
            index=models.Index(fields=["reviewer", "-id"], name="review_void_by_reviewer"),
        ),
        _append_only("adjudication"),
        _append_only("reviewvoid"),
    ]
