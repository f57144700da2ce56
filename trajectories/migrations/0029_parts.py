"""Traces know their parts, and exports how they write thoughts. Traces that are there are split by a sweep, a few at a
time, and files that are there keep their rows."""

from typing import Any

from django.db import migrations, models

WITH_THOUGHTS = ("sft-messages", "sft-prompt-completion", "prompt-only")


def write_apart(apps: Any, schema_editor: Any) -> None:  # noqa: ARG001
    """Files still to be written have thoughts in a field of their own."""
    exports = apps.get_model("trajectories", "Export").objects
    exports.exclude(state="ready").filter(format__in=WITH_THOUGHTS).update(thoughts="reasoning_content")


class Migration(migrations.Migration):
    dependencies = [("trajectories", "0028_known_questions")]

    operations = [
        migrations.AddField(model_name="trace", name="parts", field=models.JSONField(null=True)),
        migrations.AddField(
            model_name="export",
            name="thoughts",
            field=models.CharField(blank=True, default="", max_length=20),
            preserve_default=False,
        ),
        migrations.RunPython(write_apart, migrations.RunPython.noop, elidable=True),
        migrations.RemoveConstraint(model_name="export", name="export_once"),
        migrations.AddConstraint(
            model_name="export",
            constraint=models.UniqueConstraint(
                fields=("release", "format", "with_meta", "thoughts"), name="export_once"
            ),
        ),
    ]
