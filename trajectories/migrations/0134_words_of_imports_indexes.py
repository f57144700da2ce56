"""What an import said of traces that were here is found through indexes, made while others read and write."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("trajectories", "0133_words_of_imports")]
    operations = [
        AddIndexConcurrently(
            model_name=model,
            index=models.Index(
                fields=["import_job", "trace"], name=f"{model}_by_import", condition=models.Q(import_job__isnull=False)
            ),
        )
        for model in ("importedverdict", "importedreview")
    ]
