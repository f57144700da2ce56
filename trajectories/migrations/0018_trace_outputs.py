"""Samples vote by what their programs gave. Core may change; what this migration wrote may not."""

import hashlib
import json
from itertools import islice
from typing import Any

from django.db import migrations, models
from django.db.models import OuterRef, Subquery

BATCH = 200
MOST_INPUTS = 10
NO_RUN = ("unsupported", "crashed", "stated")


def fill(apps: Any, schema_editor: Any) -> None:  # noqa: ARG001
    """Take the outputs from the newest verdict on the test inputs."""
    traces = apps.get_model("trajectories", "Trace").objects
    verdicts = apps.get_model("trajectories", "Verdict").objects.filter(trace=OuterRef("pk"), verifier="arc_test")
    newest = Subquery(verdicts.order_by("-pk").values("evidence")[:1])
    judged = traces.exclude(program=None).filter(problem__kind="arc").annotate(judged=newest)
    rows = judged.order_by("pk").only("pk").iterator(BATCH)
    while batch := list(islice(rows, BATCH)):
        changed = [trace for trace in batch if _take(trace, (trace.judged or {}).get("pairs") or ())]
        traces.bulk_update(changed, ["outputs", "answer_hash"])
    nothing = [_hash([None] * count) for count in range(MOST_INPUTS + 1)]
    traces.filter(problem__kind="arc", answer_hash__in=nothing).update(answer_hash=_hash(None))


def _take(trace: Any, pairs: Any) -> bool:
    if not pairs or any(pair["status"] in NO_RUN for pair in pairs):
        return False
    trace.outputs = [grid if _is_grid(grid) else None for grid in (pair.get("predicted") for pair in pairs)]
    trace.answer_hash = _hash(trace.outputs if any(grid is not None for grid in trace.outputs) else None)
    return True


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, separators=(",", ":")).encode()).hexdigest()


def _is_grid(value: Any) -> bool:
    return isinstance(value, list) and len({len(row) for row in value}) == 1


def leave_hinted_out(apps: Any, schema_editor: Any) -> None:  # noqa: ARG001
    """A problem whose answer was shown is not solved by that."""
    traces = apps.get_model("trajectories", "Trace").objects
    hinted = traces.filter(hinted=True, correctness="pass").order_by().values("problem")
    for row in hinted.annotate(count=models.Count("pk")):
        problems = apps.get_model("trajectories", "Problem").objects.filter(pk=row["problem"])
        problems.update(correct_count=models.F("correct_count") - row["count"])


class Migration(migrations.Migration):
    dependencies = [("trajectories", "0017_trace_orders")]

    operations = [
        migrations.AddField(model_name="trace", name="outputs", field=models.JSONField(null=True)),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
        migrations.RunPython(leave_hinted_out, migrations.RunPython.noop, elidable=True),
    ]
