"""Which import said something of a trace that was here before it, for its page of differences."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("trajectories", "0132_endpoint_gates")]
    operations = [
        migrations.AddField(
            model,
            "import_job",
            models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="trajectories.import",
            ),
        )
        for model in ("importedverdict", "importedreview")
    ]
