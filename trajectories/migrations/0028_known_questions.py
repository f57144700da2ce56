"""ARC tasks are found by their inputs, whatever the order of their pairs. Core may change; what this wrote may not."""

import hashlib
import json
from itertools import islice
from typing import Any

from django.db import migrations, models

BATCH = 200


def fill(apps: Any, schema_editor: Any) -> None:  # noqa: ARG001
    """Hash the inputs of the ARC tasks there are, in batches."""
    problems = apps.get_model("trajectories", "Problem").objects
    rows = problems.filter(kind="arc").only("pk", "spec").order_by("pk").iterator(BATCH)
    while batch := list(islice(rows, BATCH)):
        for problem in batch:
            pairs = [*problem.spec.get("train", ()), *problem.spec.get("test", ())]
            inputs = sorted(json.dumps(pair["input"], separators=(",", ":")) for pair in pairs)
            problem.statement_hash = hashlib.sha256("\n".join(["arc", *inputs]).encode()).hexdigest()
        problems.bulk_update(batch, ["statement_hash"])


class Migration(migrations.Migration):
    dependencies = [("trajectories", "0027_freezings")]

    operations = [
        migrations.AddField(model_name="import", name="crossing_count", field=models.PositiveIntegerField(default=0)),
        migrations.AddField(model_name="import", name="crossings", field=models.JSONField(default=list)),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
    ]
