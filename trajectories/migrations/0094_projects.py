"""Projects, memberships, and which project a token or an invitation is for. What there is belongs to the first one."""

from typing import Any

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import trajectories.models.titles

FIRST = 1
SHARED = {"shared": True}


def of_project() -> models.ForeignKey[Any, Any]:
    return models.ForeignKey(
        default=FIRST, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="trajectories.project"
    )


def make_first(apps: Any, schema_editor: Any) -> None:  # noqa: ARG001
    apps.get_model("trajectories", "Project").objects.create(id=FIRST, name="first", title="First project")


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("trajectories", "0093_words_by_pattern"),
    ]

    operations = [
        migrations.CreateModel(
            name="Project",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.SlugField(max_length=40, unique=True)),
                ("title", trajectories.models.titles.TitleField(max_length=200)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("archived_at", models.DateTimeField(null=True)),
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
                "permissions": [("manage_project", "Can say who works in a project, and as what")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("id", FIRST), _negated=True), ("archived_at", None), _connector="OR"
                        ),
                        name="first_project_open",
                    )
                ],
            },
        ),
        migrations.RunPython(make_first, migrations.RunPython.noop, hints=SHARED),
        # The first one was given its number; the next is given by the sequence.
        migrations.RunSQL(
            "SELECT setval(pg_get_serial_sequence('trajectories_project', 'id'), 1)",
            migrations.RunSQL.noop,
            hints=SHARED,
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("role", models.CharField(max_length=20)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "project",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to="trajectories.project",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("project", "user"), name="membership_once"),
                    models.CheckConstraint(
                        condition=models.Q(("project", FIRST), _negated=True), name="membership_of_others"
                    ),
                ],
            },
        ),
        migrations.AddField("apitoken", "project", of_project()),
        migrations.AddField("invitation", "project", of_project()),
    ]
