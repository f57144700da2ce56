"""Leases of whatever people review, in one table, and traces that people decided differently."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

DISPUTED = """
UPDATE trajectories_trace SET disputed = true WHERE id IN (
    SELECT said.trace_id FROM trajectories_review said
    WHERE said.decision <> 'withdraw'
      AND NOT EXISTS (SELECT 1 FROM trajectories_review later WHERE later.supersedes_id = said.id)
    GROUP BY said.trace_id HAVING count(DISTINCT said.decision) > 1
)
"""


class Migration(migrations.Migration):
    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL), ("trajectories", "0030_unsplit_traces")]

    operations = [
        # Leases last two minutes: those of before are not worth carrying over.
        migrations.RemoveField(model_name="problemcandidate", name="lease_expires_at"),
        migrations.RemoveField(model_name="problemcandidate", name="lease_holder"),
        migrations.RemoveField(model_name="problemcandidate", name="lease_token"),
        migrations.AddField(model_name="trace", name="disputed", field=models.BooleanField(default=False)),
        migrations.AddIndex(
            model_name="trace",
            index=models.Index(condition=Q(("disputed", True)), fields=["id"], name="trace_disputed"),
        ),
        migrations.CreateModel(
            name="ReviewLease",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("token", models.UUIDField(unique=True)),
                ("expires_at", models.DateTimeField()),
                ("last_review", models.BigIntegerField(default=0)),
                (
                    "candidate",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="review_lease",
                        to="trajectories.problemcandidate",
                    ),
                ),
                (
                    "holder",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "trace",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="review_lease",
                        to="trajectories.trace",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="reviewlease",
            constraint=models.CheckConstraint(
                condition=Q(trace__isnull=False) ^ Q(candidate__isnull=False), name="review_lease_of_one"
            ),
        ),
        migrations.RunSQL(DISPUTED, migrations.RunSQL.noop, elidable=True),
    ]
