"""Looking at the first rows of files of traces, and saying what is where in them."""

import io
import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse

from tests import factories
from tests.pages import squeezed
from trajectories.models import Import, Problem, Trace
from trajectories.services.imports.jobs import import_next

pytestmark = pytest.mark.django_db
ODD = [{"task": {"text": "What is 2 + 2?"}, "out": {"said": f"It is \\boxed{{{n}}}."}, "by": "m-1"} for n in (4, 5)]


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.VAR_DIR = tmp_path


@pytest.fixture
def problem(db):
    return factories.make_problem(kind="numeric", name="sum", statement="What is 2 + 2?", spec={}, reference="4")


def send(client, rows, **more):
    """Send a file of rows to be looked at; where the page of them is."""
    file = io.BytesIO("\n".join(map(json.dumps, rows)).encode())
    file.name = "rows.jsonl"
    answer = client.post(reverse("trace_import"), {"traces": file, "look": "1", **more})
    assert answer.status_code == 302, squeezed(answer)
    return answer["Location"]


def test_rows_of_no_known_shape_come_in_once_it_is_said_what_is_where(client, lead, problem):
    client.force_login(lead)
    page = send(client, ODD)
    assert urlsplit(page).path == reverse("trace_import_look")
    shown = squeezed(client.get(page))
    assert "No row has a shape that is known: say what is where." in shown
    assert "2 of 2 would not come in" in shown
    assert re.search(r'<option value="out.said">out.said: It is', shown)
    places = {"response": "out.said", "question": "task.text", "model": "by"}
    looked = squeezed(client.post(page, {**places, "look": "1"}))
    assert "all 2 would come in" in looked
    assert ">sum</a>" in looked
    assert not Import.objects.exists()
    answer = client.post(page, places)
    job = Import.objects.get()
    assert answer["Location"] == reverse("import_detail", args=[job.pk])
    assert job.options["places"] == places
    while import_next(job_id=job.pk):
        pass
    job.refresh_from_db()
    assert (job.state, job.inserted, job.told["shapes"]) == ("finished", 2, {"plain": 2})
    assert sorted(Trace.objects.values_list("answer", flat=True)) == ["4", "5"]
    assert client.get(page).status_code in (302, 404)  # they are imported


def test_rows_of_a_known_shape_are_shown_as_they_would_come_in(client, lead, problem):
    client.force_login(lead)
    rows = [
        {"problem_id": "sum", "response": "<think>Two and two.</think>\\boxed{4}", "model": "m"},
        {"question": "What is 3 + 3?", "response": "6", "answer": "6"},
    ]
    shown = squeezed(client.get(send(client, rows)))
    assert "2 rows: question and response." in shown
    assert "Two and two." in shown
    assert "1 of 2 would not come in" in shown
    assert "found no problem" in shown
    silent = squeezed(client.get(send(client, rows, make_problems="on", set_title="Sums")))
    assert "found nothing that says train or eval" in silent
    more = {"make_problems": "on", "set_title": "Sums", "skip_bad": "on", "split": "train"}
    page = send(client, rows, **more)
    shown = squeezed(client.get(page))
    assert "all 2 would come in" in shown
    assert "new:</span> What is 3 + 3?" in shown
    assert "none read" not in shown
    assert not Problem.objects.exclude(name="sum").exists()
    client.post(page, {})
    options = Import.objects.get().options
    assert {**options, "places": {}} == options
    assert (options["on_fault"], options["set_title"], options["split"]) == ("skip", "Sums", "train")


def test_rows_of_known_shapes_stand_in_their_order_with_what_the_file_says_of_them(client, lead, problem):
    client.force_login(lead)
    record = {
        "fields": {"prompt": "What is 2 + 2?", "response": "It is 4.", "score": 0.5},
        "responses": {"ok": [{"user_id": 7, "value": "accept"}], "topic": [{"user_id": 7, "value": ["sums", "easy"]}]},
        "suggestions": {"ok": {"value": "perhaps", "agent": "judge"}},
    }
    failed = {"custom_id": "sum", "response": None, "error": {"message": "It expired."}}
    shown = squeezed(client.get(send(client, [record, failed, {"problem_id": "sum", "response": "5"}])))
    places = [shown.index(f"rows.jsonl line {number}<") for number in (1, 2, 3)]
    assert places == sorted(places)
    assert "annotator-7: accept<br>score: fail" in shown
    assert "judge ok: perhaps" in shown
    assert "It expired." in shown
    assert "Read by their own shape" in shown
    assert '<details class="disclosure"><summary>Say what is where' in shown
    asked = squeezed(client.get(send(client, ODD)))
    assert '<details class="disclosure" open><summary>Say what is where' in asked


def test_a_file_of_which_no_row_can_be_read_has_nothing_to_choose(client, lead):
    client.force_login(lead)
    file = io.BytesIO(b"question,answer\n2 + 2?,4\n")
    file.name = "questions.csv"
    page = client.post(reverse("trace_import"), {"traces": file, "look": "1"})["Location"]
    shown = squeezed(client.get(page))
    assert "a table of questions is imported as problems" in shown
    assert ("Nothing to import" in shown, "as the rows’ own shape says" in shown) == (True, False)


def test_places_of_which_some_are_missing_are_refused_beside_their_field(client, lead, problem):
    client.force_login(lead)
    page = send(client, ODD)
    answer = client.post(page, {"response": "out.said"})
    assert answer.status_code == 422
    assert "expected where the question stands" in squeezed(answer)
    assert client.post(page, {"response": "nowhere", "question": "task.text"}).status_code == 422
    assert not Import.objects.exists()


def test_a_set_that_cannot_be_made_is_refused_on_either_page(client, lead, problem):
    client.force_login(lead)
    page = send(client, ODD, make_problems="on", set_title="Sums")
    places = {"response": "out.said", "question": "task.text"}
    answer = client.post(page.replace("set_title=Sums", "set_title=%21%21%21"), places)
    assert answer.status_code == 422
    assert client.post(page.replace("set_title=Sums", "set_title=a%E2%80%AEb"), places).status_code == 422
    assert not Import.objects.exists()
    assert client.post(page, places).status_code == 302


def test_files_of_somebody_else_and_files_that_are_gone_are_none(client, lead, curator, admin_user):
    client.force_login(lead)
    page = send(client, ODD)
    assert "token" in parse_qs(urlsplit(page).query)
    client.force_login(admin_user)
    assert client.get(page).status_code == 404
    assert client.get(reverse("trace_import_look")).status_code == 404
    client.force_login(curator)
    assert client.get(page).status_code == 403


def test_the_model_of_rows_that_name_none_is_asked_for_and_shown(client, lead, problem):
    client.force_login(lead)
    rows = [{"problem_id": "sum", "response": "It is 4."}, {"problem_id": "sum", "response": "It is 5.", "model": "m"}]
    assert "none named" in squeezed(client.get(send(client, rows)))
    page = send(client, rows, model=" lab/m-2 ")
    shown = squeezed(client.get(page))
    assert ("none named" in shown, "lab/m-2" in shown) == (False, True)
    client.post(page, {})
    job = Import.objects.get()
    while import_next(job_id=job.pk):
        pass
    titles = Trace.objects.order_by("pk").values_list("sampler__title", flat=True)
    assert (job.options["model"], list(titles)) == ("lab/m-2", ["lab/m-2", "m"])
    longer = client.post(reverse("trace_import"), {"model": "x" * 201})
    assert longer.status_code == 422
    assert "at most 200" in squeezed(longer)
