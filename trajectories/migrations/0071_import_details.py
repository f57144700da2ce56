"""Which import a trace came in with, and what an import says of its files besides its faults."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("trajectories", "0069_api_tokens")]

    operations = [
        migrations.AddField("import", "told", models.JSONField(default=dict)),
        migrations.AddField(
            "trace",
            "import_job",
            models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="traces",
                to="trajectories.import",
            ),
        ),
        migrations.AddIndex(
            "trace",
            models.Index(fields=["import_job", "id"], name="trace_by_import", condition=Q(import_job__isnull=False)),
        ),
    ]
