"""Suggested decisions with what became of them, items that are meant for one person, and voids within one queue."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("trajectories", "0054_queue_by_problem"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="assignment",
            name="is_control",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="assignment",
            name="meant_for",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="assignment",
            name="suggestion",
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name="queue",
            name="suggestions",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "None"),
                    ("verdicts", "By verdicts: right is to be accepted, wrong to be rejected"),
                    ("judge", "By a model judge: what its newest verdict says"),
                ],
                db_default="",
                default="",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="review",
            name="suggestion",
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name="review",
            name="suggestion_use",
            field=models.CharField(
                blank=True,
                choices=[("", ""), ("taken", "taken"), ("changed", "changed"), ("control", "control")],
                db_default="",
                default="",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="reviewvoid",
            name="queue",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="trajectories.queue",
            ),
        ),
        migrations.AddIndex(
            model_name="assignment",
            index=models.Index(
                condition=models.Q(("meant_for__isnull", False), models.Q(("state", "done"), _negated=True)),
                fields=["meant_for", "queue"],
                name="assignment_meant",
            ),
        ),
    ]
