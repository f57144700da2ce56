"""Release rules as records with versions, and what applying one removed. Jobs that are there keep what they ask for."""

from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

MOVED = {"run": "runs", "problem_set": "problem_sets", "sampler": "samplers"}


def rewrite(stored: dict[str, Any]) -> dict[str, Any]:
    """A rule as jobs kept it before (scope, min_score, with_hinted) in the stored form of core.releases.rules."""
    filters = {name: value for name, value in stored.get("scope", {}).items() if value not in (None, "")}
    filters.pop("decision", None)
    hinted = filters.pop("hinted", "") or ("too" if stored.get("with_hinted") else "none")
    source: dict[str, Any] = {MOVED[name]: [filters.pop(name)] for name in MOVED if name in filters}
    if filters:
        source["filter"] = filters
    rule: dict[str, Any] = {"version": 1}
    if source:
        rule["source"] = source
    if stored.get("min_score") is not None:
        rule["reviews"] = {"least_score": stored["min_score"]}
    if hinted != "none":
        rule["hinted"] = hinted
    return rule


def rewrite_jobs(apps: Any, schema_editor: Any) -> None:  # noqa: ARG001
    """Rewrite the rules of all jobs, which can be tried again."""
    freezings = apps.get_model("trajectories", "Freezing").objects
    for job in freezings.filter(rule__has_key="scope").only("rule").iterator():
        freezings.filter(pk=job.pk).update(rule=rewrite(job.rule))


class Migration(migrations.Migration):
    dependencies = [
        ("trajectories", "0045_threads"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ReleaseRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.SlugField(max_length=80)),
                ("version", models.PositiveIntegerField(default=1)),
                ("title", models.CharField(max_length=200)),
                ("rule", models.JSONField(default=dict)),
                ("rule_hash", models.CharField(max_length=64)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="Removal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("clause", models.CharField(max_length=20)),
                ("evidence", models.JSONField(default=dict)),
            ],
        ),
        migrations.AddField(
            model_name="freezing",
            name="changes",
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name="freezing",
            name="funnel",
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name="freezing",
            name="notes",
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name="freezing",
            name="previous",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="trajectories.release"
            ),
        ),
        migrations.AddField(
            model_name="freezing",
            name="trial",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="release",
            name="notes",
            field=models.TextField(blank=True),
        ),
        migrations.AlterField(
            model_name="freezing",
            name="release",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="freezings",
                to="trajectories.release",
            ),
        ),
        migrations.AlterField(
            model_name="releaseitem",
            name="split",
            field=models.CharField(
                choices=[("train", "training"), ("validation", "validation"), ("eval", "evaluation")], max_length=10
            ),
        ),
        migrations.AddIndex(
            model_name="trace",
            index=models.Index(
                fields=["problem", "id"],
                include=("run", "sampler", "created_at", "correctness", "decision", "hinted", "finish_reason"),
                name="trace_by_rule",
            ),
        ),
        migrations.AddField(
            model_name="releaserule",
            name="cloned_from",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="trajectories.releaserule"
            ),
        ),
        migrations.AddField(
            model_name="releaserule",
            name="created_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="freezing",
            name="named_rule",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="trajectories.releaserule"
            ),
        ),
        migrations.AddField(
            model_name="release",
            name="named_rule",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="releases",
                to="trajectories.releaserule",
            ),
        ),
        migrations.AddField(
            model_name="removal",
            name="freezing",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="removals", to="trajectories.freezing"
            ),
        ),
        migrations.AddField(
            model_name="removal",
            name="other_problem",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="trajectories.problem"
            ),
        ),
        migrations.AddField(
            model_name="removal",
            name="other_trace",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="trajectories.trace"
            ),
        ),
        migrations.AddField(
            model_name="removal",
            name="trace",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="trajectories.trace"
            ),
        ),
        migrations.AddConstraint(
            model_name="releaserule",
            constraint=models.UniqueConstraint(fields=("name", "version"), name="release_rule_once"),
        ),
        migrations.AddConstraint(
            model_name="removal",
            constraint=models.UniqueConstraint(fields=("freezing", "clause", "trace"), name="removal_once"),
        ),
        migrations.RunPython(rewrite_jobs, migrations.RunPython.noop, elidable=True),
    ]
