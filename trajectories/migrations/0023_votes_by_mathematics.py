"""Equal mathematics is one vote: the hashes by which votes are counted are made anew, by the present form.

Unlike other migrations it calls the core: what counts is the form that new traces get. Where that form changes again,
another recount comes with it (tests/core/verifiers/test_normal_forms.py says so).
"""

from itertools import islice
from typing import Any

from django.db import migrations

from trajectories.core.identity import content_hash
from trajectories.core.verifiers.normal_forms import normal_answer

BATCH = 500
KINDS = ("numeric", "choice", "text", "procedural")


def recount(apps: Any, schema_editor: Any) -> None:  # noqa: ARG001
    """Hash the answers of all traces that state one, in batches."""
    traces = apps.get_model("trajectories", "Trace").objects
    rows = traces.filter(problem__kind__in=KINDS, answer__isnull=False).select_related("problem").order_by("pk")
    rows = rows.only("pk", "answer", "answer_hash", "problem__kind", "problem__spec").iterator(BATCH)
    while batch := list(islice(rows, BATCH)):
        changed = []
        for trace in batch:
            form = content_hash(normal_answer(trace.problem.kind, trace.problem.spec, trace.answer))
            if form != trace.answer_hash:
                trace.answer_hash = form
                changed.append(trace)
        traces.bulk_update(changed, ["answer_hash"])


class Migration(migrations.Migration):
    dependencies = [("trajectories", "0022_endpoint_faults")]

    operations = [migrations.RunPython(recount, migrations.RunPython.noop, elidable=True)]
