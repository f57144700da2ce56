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
    """Traces that people have edited: who did, and that they took it back."""

    dependencies = [
        ("trajectories", "0042_queues"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Repair",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("changed", models.JSONField(default=list)),
                ("note", models.TextField(blank=True)),
                ("key", models.UUIDField(unique=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="RepairWithdrawal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.AddField(
            model_name="trace",
            name="edited_by",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="trace",
            name="withdrawn",
            field=models.BooleanField(default=False),
        ),
        migrations.AddIndex(
            model_name="trace",
            index=models.Index(condition=models.Q(("edited_by__isnull", False)), fields=["id"], name="trace_edited"),
        ),
        migrations.AddField(
            model_name="repair",
            name="author",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="repairs", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="repair",
            name="original",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="repairs", to="trajectories.trace"
            ),
        ),
        migrations.AddField(
            model_name="repair",
            name="trace",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="repair", to="trajectories.trace"
            ),
        ),
        migrations.AddField(
            model_name="repairwithdrawal",
            name="author",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="repairwithdrawal",
            name="repair",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="withdrawal", to="trajectories.repair"
            ),
        ),
        _append_only("repair"),
        _append_only("repairwithdrawal"),
    ]
