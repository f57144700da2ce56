"""Language models that cut traces into steps, in jobs that pay them, and runs whose traces are cut as they come."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("trajectories", "0074_webhooks"),
    ]

    operations = [
        migrations.AddField(
            model_name="run",
            name="segmentation",
            field=models.CharField(blank=True, db_default="", default="", max_length=30),
        ),
        migrations.AddField(
            model_name="run",
            name="segmenter",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="trajectories.sampler",
            ),
        ),
        migrations.AddField(
            model_name="run",
            name="segmented_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="segmentationjob",
            name="sampler",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="segmentation_jobs",
                to="trajectories.sampler",
            ),
        ),
        migrations.AddField(
            model_name="segmentationjob",
            name="state_reason",
            field=models.TextField(blank=True, default=""),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="segmentationjob",
            name="budget_cost",
            field=models.DecimalField(blank=True, decimal_places=6, max_digits=14, null=True),
        ),
        migrations.AddField(
            model_name="segmentationjob",
            name="budget_tokens",
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="segmentationjob",
            name="cost",
            field=models.DecimalField(decimal_places=8, default=0, max_digits=16),
        ),
        migrations.AddField(
            model_name="segmentationjob",
            name="input_tokens",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="segmentationjob",
            name="output_tokens",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="segmentationjob",
            name="error_count",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="segmentationjob",
            name="call_count",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.CreateModel(
            name="ModelCut",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=30)),
                ("places", models.JSONField(default=list)),
                ("version", models.PositiveSmallIntegerField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "sampler",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="model_cuts",
                        to="trajectories.sampler",
                    ),
                ),
                (
                    "trace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="model_cuts",
                        to="trajectories.trace",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("trace", "name", "sampler"), name="model_cut_once"),
                ],
            },
        ),
        migrations.RunSQL(
            """
            CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON trajectories_modelcut
            FOR EACH ROW EXECUTE FUNCTION trajectories_append_only()
            """,
            "DROP TRIGGER append_only ON trajectories_modelcut",
        ),
        migrations.CreateModel(
            name="SegmentationItem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("asks", models.PositiveSmallIntegerField(default=0)),
                ("error_kind", models.CharField(blank=True, max_length=40)),
                ("message", models.TextField(blank=True)),
                ("is_done", models.BooleanField(default=False)),
                (
                    "answer",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="trajectories.text",
                    ),
                ),
                (
                    "cut",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="trajectories.modelcut",
                    ),
                ),
                (
                    "job",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="items",
                        to="trajectories.segmentationjob",
                    ),
                ),
                (
                    "trace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="segmentation_items",
                        to="trajectories.trace",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("error_kind", ""), _negated=True),
                        fields=["job", "id"],
                        name="segmentation_item_failed",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("job", "trace"), name="segmentation_item_once"),
                ],
            },
        ),
    ]
