"""Tables of what is paid by the day and of daily limits, with what was paid before there were any."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

_DAY = "(%s AT TIME ZONE 'UTC')::date"
_COLUMNS = "day, kind, sampler_id, person_id, calls, unpriced, cost, input_tokens, output_tokens"
_TOOK = "(part.input_tokens > 0 OR part.output_tokens > 0 OR part.cost > 0)"


def _parts(kind: str, sampler: str, part: str, joined: str) -> str:
    """What every stored answer took, on the day when it came."""
    return f"""
    SELECT {_DAY % "part.created_at"} AS day, '{kind}' AS kind, {sampler} AS sampler_id,
        job.created_by_id AS person_id, count(*) AS calls, count(*) FILTER (WHERE part.cost IS NULL) AS unpriced,
        coalesce(sum(part.cost), 0) AS cost, sum(part.input_tokens) AS input_tokens,
        sum(part.output_tokens) AS output_tokens
    FROM trajectories_{part} part {joined} WHERE {_TOOK} AND {sampler} IS NOT NULL GROUP BY 1, 3, 4
    """


# What failed attempts took is known of a run as a whole only: it is booked on the day of its end.
_FAILED = f"""
SELECT {_DAY % "coalesce(run.finished_at, run.started_at, run.created_at)"}, 'run', run.sampler_id, run.created_by_id,
    0, 0, sum(greatest(run.cost - coalesce(kept.cost, 0), 0)),
    sum(greatest(run.input_tokens - coalesce(kept.input_tokens, 0), 0)),
    sum(greatest(run.output_tokens - coalesce(kept.output_tokens, 0), 0))
FROM trajectories_run run LEFT JOIN (
    SELECT run_id, sum(cost) cost, sum(input_tokens) input_tokens, sum(output_tokens) output_tokens
    FROM trajectories_trace WHERE run_id IS NOT NULL GROUP BY run_id
) kept ON kept.run_id = run.id
WHERE run.cost > coalesce(kept.cost, 0) OR run.input_tokens > coalesce(kept.input_tokens, 0)
    OR run.output_tokens > coalesce(kept.output_tokens, 0)
GROUP BY 1, 3, 4
"""

_BOOKED = [
    _parts("run", "job.sampler_id", "trace", "JOIN trajectories_run job ON job.id = part.run_id"),
    _FAILED,
    _parts(
        "judge_job",
        "job.sampler_id",
        "judgejobanswer",
        "JOIN trajectories_judgejobitem item ON item.id = part.item_id"
        " JOIN trajectories_judgejob job ON job.id = item.judge_job_id",
    ),
    _parts(
        "generation",
        "job.sampler_id",
        "generationcall",
        "JOIN trajectories_generationjob job ON job.id = part.job_id",
    ),
    _parts(
        "generation",
        "job.solver_id",
        "candidateanswer",
        "JOIN trajectories_problemcandidate candidate ON candidate.id = part.candidate_id"
        " JOIN trajectories_generationjob job ON job.id = candidate.job_id",
    ),
]
BOOK = f"""
INSERT INTO trajectories_spendday ({_COLUMNS})
SELECT day, kind, sampler_id, person_id, sum(calls), sum(unpriced), sum(cost), sum(input_tokens), sum(output_tokens)
FROM ({" UNION ALL ".join(_BOOKED)}) parts GROUP BY 1, 2, 3, 4
"""
"""What was paid before, in one statement: it reads, and locks no other table."""


class Migration(migrations.Migration):
    dependencies = [
        ("trajectories", "0071_import_details"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SpendLimit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "scope",
                    models.CharField(
                        choices=[("all", "whole installation"), ("sampler", "sampler"), ("person", "person")],
                        max_length=8,
                    ),
                ),
                ("sampler_name", models.SlugField(blank=True, max_length=80)),
                ("amount", models.DecimalField(decimal_places=6, max_digits=14)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
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
                    "person",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SpendAlert",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("level", models.CharField(choices=[("warning", "nearly spent"), ("reached", "spent")], max_length=8)),
                ("amount", models.DecimalField(decimal_places=6, max_digits=14)),
                ("spent", models.DecimalField(decimal_places=8, max_digits=18)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("mailed_at", models.DateTimeField(null=True)),
                ("mail_fault", models.TextField(blank=True)),
                (
                    "limit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="alerts", to="trajectories.spendlimit"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SpendWait",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=20)),
                ("job_id", models.BigIntegerField()),
                ("cost", models.DecimalField(decimal_places=8, max_digits=18)),
                ("reason", models.TextField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "person",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "sampler",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="trajectories.sampler"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SpendDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("kind", models.CharField(max_length=20)),
                ("calls", models.BigIntegerField(default=0)),
                ("unpriced", models.BigIntegerField(default=0)),
                ("cost", models.DecimalField(decimal_places=8, default=0, max_digits=18)),
                ("input_tokens", models.BigIntegerField(default=0)),
                ("output_tokens", models.BigIntegerField(default=0)),
                (
                    "person",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "sampler",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="trajectories.sampler"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("day", "kind", "sampler", "person"), name="spend_day_once", nulls_distinct=False
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SpendHold",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=20)),
                ("job_id", models.BigIntegerField()),
                ("sampler_name", models.SlugField(max_length=80)),
                ("each", models.DecimalField(decimal_places=8, default=0, max_digits=18)),
                ("cost", models.DecimalField(decimal_places=8, default=0, max_digits=18)),
                (
                    "person",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("kind", "job_id"), name="spend_hold_once")],
            },
        ),
        migrations.AddConstraint(
            model_name="spendlimit",
            constraint=models.UniqueConstraint(
                fields=("scope", "sampler_name", "person"), name="spend_limit_once", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="spendlimit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("person", None), ("sampler_name", ""), ("scope", "all")),
                    models.Q(("person", None), ("scope", "sampler"), models.Q(("sampler_name", ""), _negated=True)),
                    models.Q(("person__isnull", False), ("sampler_name", ""), ("scope", "person")),
                    _connector="OR",
                ),
                name="spend_limit_of_something",
            ),
        ),
        migrations.AddConstraint(
            model_name="spendlimit",
            constraint=models.CheckConstraint(condition=models.Q(("amount__gte", 0)), name="spend_limit_not_negative"),
        ),
        migrations.AddConstraint(
            model_name="spendalert",
            constraint=models.UniqueConstraint(fields=("day", "limit", "level"), name="spend_alert_once"),
        ),
        migrations.AddConstraint(
            model_name="spendwait",
            constraint=models.UniqueConstraint(fields=("kind", "job_id"), name="spend_wait_once"),
        ),
        migrations.RunSQL(BOOK, migrations.RunSQL.noop),
    ]
