"""The differences of an import: what its file says of its own traces, and of those that were here before it."""

import io
import json

import pytest
from django.urls import reverse

from tests import factories
from tests.pages import squeezed
from trajectories.core.selections import IMPORTED, Selection
from trajectories.models import Trace
from trajectories.selectors.blinding import sight_of
from trajectories.selectors.imported_scores import scores_beside
from trajectories.selectors.trace_filters import traces_in
from trajectories.services.imports.jobs import import_next, keep_files, plan_import

pytestmark = pytest.mark.django_db
QUESTION = "What is 2 + 2?"


@pytest.fixture(autouse=True)
def _sum(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    factories.make_problem(name="sum", kind="numeric", spec={}, reference="4", statement=QUESTION)


def bring(person, *rows):
    """The import of some rows, done."""
    data = "".join(f"{json.dumps({'question': QUESTION, 'model': 'm', **row})}\n" for row in rows).encode()
    kept = keep_files(owner=person, files=[("rows.jsonl", io.BytesIO(data))])
    options = {"on_fault": "all_or_nothing", "adopt_reviews": False}
    job = plan_import(actor=person, kind="traces", source="rows.jsonl", options=options, uploads=kept)
    import_next(job_id=job.pk)
    job.refresh_from_db()
    assert job.state == "finished", job.faults
    return job


def told(job, person):
    sight = sight_of(person)
    found = traces_in(Selection(import_job=job.pk, audit=IMPORTED), sight)
    scores = {row.name: (row.agree, row.passes_there, row.fails_there, row.open) for row in scores_beside(job, sight)}
    return scores, set(found.values_list("pk", flat=True))


def test_scores_of_traces_that_were_here_are_those_of_the_import_that_brought_them(lead):
    first = bring(lead, {"response": "4", "score": 1}, {"response": "5"})
    right, wrong = Trace.objects.order_by("pk")
    for trace, correctness in ((right, "pass"), (wrong, "fail")):
        Trace.objects.filter(pk=trace.pk).update(correctness=correctness)
    second = bring(lead, {"response": "4", "grade": 0, "score": 1}, {"response": "5", "grade": 1}, {"response": "6"})
    assert (second.inserted, second.duplicates) == (1, 2)
    assert told(first, lead) == ({"score": (1, 0, 0, 0)}, set())
    assert told(second, lead) == ({"grade": (0, 1, 1, 0)}, {right.pk, wrong.pk})
    third = bring(lead, {"response": "4", "grade": 0, "score": 1})
    assert told(third, lead) == ({}, set()), "what is here already was brought by another"
    own = traces_in(Selection(import_job=second.pk), sight_of(lead))
    assert own.count() == 1, "its traces are those that came with it"


def test_so_are_decisions_of_people(lead):
    bring(lead, {"response": "4"})
    trace = Trace.objects.get()
    Trace.objects.update(correctness="pass")
    result = [{"from_name": "ok", "type": "choices", "value": {"choices": ["Reject"]}}]
    data = {"question": QUESTION, "response": "4"}
    task = {"data": data, "annotations": [{"completed_by": 7, "result": result}]}
    job = bring(lead, {**task, "question": None, "model": None})
    assert told(job, lead) == ({"decisions of people": (0, 0, 1, 0)}, {trace.pk})


def test_the_page_and_its_lists_have_them(client, lead):
    bring(lead, {"response": "4"})
    Trace.objects.update(correctness="fail")
    job = bring(lead, {"response": "4", "score": 1})
    client.force_login(lead)
    shown = squeezed(client.get(reverse("import_detail", args=[job.pk])))
    assert "those that were here before it among them" in shown
    assert "Where they differ</a>" in shown
    listed = client.get(reverse("audit_detail", args=["imported"]), {"import_job": job.pk}).content.decode()
    assert f'href="{reverse("trace_detail", args=[Trace.objects.get().pk])}' in listed
