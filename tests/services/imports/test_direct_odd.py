"""Files of traces in which one value of each row is of a wrong type: what is stored, and the pages of what is."""

import io
import json

import pytest

from tests.core.importers.test_trace_files_odd import ROWS
from tests.factories import make_problem
from tests.mutations import mutations
from trajectories.models import Trace
from trajectories.services.imports.direct import import_traces

pytestmark = pytest.mark.django_db
PAGES = 12


@pytest.mark.parametrize("name", ROWS)
def test_every_row_is_imported_or_a_fault_and_every_page_shows_what_came_of_it(name, client, lead):
    problem = make_problem(name="p-1", statement="What is 2 + 2?")
    row = ROWS[name]
    if name == "full":
        row = {**row, "problem": {**row["problem"], "name": "p-1"}, "meta": {"problem_hash": problem.content_hash}}
    lines = [json.dumps(changed) for _, _, changed in mutations(row)]
    file = ("odd.jsonl", io.BytesIO("\n".join(lines).encode()))
    report = import_traces(actor=lead, files=[file], on_fault="skip", adopt_reviews=True)
    assert report.inserted > 0
    assert report.fault_count > 0
    client.force_login(lead)
    stored = list(Trace.objects.order_by("pk").values_list("pk", flat=True))
    for trace_id in stored[:: max(1, len(stored) // PAGES)]:
        assert client.get(f"/traces/{trace_id}/").status_code == 200
    for address in ("/traces/", f"/problems/{problem.pk}/"):
        assert client.get(address).status_code == 200
