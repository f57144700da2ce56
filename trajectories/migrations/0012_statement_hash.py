"""Problems are found by their question through an index. Core may change; what this migration wrote may not."""

import hashlib
import unicodedata
from itertools import islice
from typing import Any

from django.db import migrations, models

BATCH = 500


def fill(apps: Any, schema_editor: Any) -> None:  # noqa: ARG001
    """Hash the statements there are."""
    problems = apps.get_model("trajectories", "Problem").objects
    rows = problems.exclude(statement="").only("pk", "statement").order_by("pk").iterator(BATCH)
    while batch := list(islice(rows, BATCH)):
        for problem in batch:
            words = " ".join(unicodedata.normalize("NFC", problem.statement).split())
            problem.statement_hash = hashlib.sha256(words.encode()).hexdigest() if words else ""
        problems.bulk_update(batch, ["statement_hash"])


class Migration(migrations.Migration):
    dependencies = [("trajectories", "0011_imported_judgements")]

    operations = [
        migrations.AddField(
            model_name="problem",
            name="statement_hash",
            field=models.CharField(blank=True, default="", max_length=64),
            preserve_default=False,
        ),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
        migrations.AddIndex(
            model_name="problem",
            index=models.Index(fields=["statement_hash"], name="problem_by_statement"),
        ),
    ]
