"""Exports know the form of the arguments of tool calls, and the types of their columns. Files that are there keep their
rows, with arguments as they came; those that are still to be written have them as text."""

from typing import Any

from django.db import migrations, models

WITH_CALLS = ("sft-messages", "sft-prompt-completion", "prompt-only")


def write_text(apps: Any, schema_editor: Any) -> None:  # noqa: ARG001
    """Files still to be written have arguments as text."""
    exports = apps.get_model("trajectories", "Export").objects
    exports.exclude(state="ready").filter(format__in=WITH_CALLS).update(arguments="text")


class Migration(migrations.Migration):
    dependencies = [("trajectories", "0032_review_leases")]

    operations = [
        migrations.AddField(
            model_name="export",
            name="arguments",
            field=models.CharField(blank=True, default="", max_length=10),
            preserve_default=False,
        ),
        migrations.AddField(model_name="export", name="columns", field=models.JSONField(null=True)),
        migrations.RunPython(write_text, migrations.RunPython.noop, elidable=True),
        migrations.RemoveConstraint(model_name="export", name="export_once"),
        migrations.AddConstraint(
            model_name="export",
            constraint=models.UniqueConstraint(
                fields=("release", "format", "with_meta", "thoughts", "arguments"), name="export_once"
            ),
        ),
    ]
