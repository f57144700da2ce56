"""The Python client, against the application itself."""

import hashlib
import json
import uuid

import httpx2
import pytest
from django.core.wsgi import get_wsgi_application

from minicolumn import Client, MinicolumnError
from tests import factories
from tests.api.programs import EVERY_SCOPE, one_connection  # noqa: F401 - a fixture
from tests.queues import make_traces, queue_of
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.models import ApiToken, Assignment, Review, Run, Trace
from trajectories.services.clients.tokens import make_token
from trajectories.services.curation.reviews import submit_review
from trajectories.services.endpoints.samplers import ensure_symbolic
from trajectories.services.imports.jobs import import_next
from trajectories.services.releases.exports import write_export
from trajectories.services.releases.freezing import freeze_accepted, freeze_next


@pytest.fixture
def connect(one_connection):  # noqa: F811
    def opened(person) -> Client:
        secret = make_token(owner=person, title="A notebook", scopes=EVERY_SCOPE, days=1)[1]
        return Client("http://localhost", secret, transport=httpx2.WSGITransport(app=get_wsgi_application()))

    return opened


def test_tables_hold_every_row_of_every_page(connect, lead):
    for trace in make_traces(3, answer=[[[1]]]):
        factories.make_review(trace=trace, reviewer=lead)
    client = connect(lead)
    table = client.traces_df(limit=2)
    assert sorted(list(table["id"]) if not hasattr(table, "to_pylist") else table["id"].to_pylist()) == sorted(
        Trace.objects.values_list("pk", flat=True)
    )
    assert len(client.reviews_df(limit=1)) == 3
    assert len(client.traces_df(most=2)) == 2


def test_traces_are_pushed_runs_launched_and_items_decided(connect, lead, curator, problem):
    client = connect(lead)
    rows = [{"problem_hash": problem.content_hash, "model": "m", "response": f"Answer {n}."} for n in range(1_200)]
    told = client.push_traces(rows)
    assert (told["inserted"], len(told["traces"]), Trace.objects.count()) == (1_200, 1_200, 1_200)
    run = client.launch_run(sampler=ensure_symbolic().pk, problem_set=problem.problem_set.name)
    assert client.run(run["id"])["state"] == Run.objects.get().state == "queued"
    queue = queue_of(lead, make_traces(1))
    program = connect(curator)
    item = program.next_item(queue.pk)
    assert program.submit(queue.pk, item, "reject", reason="lucky", comment="No.")["trace"] == item["trace"]["id"]
    assert program.next_item(queue.pk) is None
    assert Review.objects.get().comment == "No."


def test_a_problem_is_asked_and_its_answer_waited_for(connect, lead, problem):
    client = connect(lead)
    wish = {"sampler": ensure_symbolic().pk, "problem": str(problem.pk), "samples": 3}
    assert client.estimate(**wish)["samples"] == 3
    asked = client.ask(**wish)
    assert [row["id"] for row in client.asks()] == [asked["id"]]
    assert client.wait_for(asked["id"], seconds=0)["state"] == "queued"
    Run.objects.filter(pk=asked["id"]).update(state="finished")
    assert client.wait_for(asked["id"])["answers"] == []
    assert client.answer(asked["id"], way="majority")["way"] == "majority"


def test_a_refusal_is_raised_with_its_sentence(connect, lead, curator):
    with pytest.raises(MinicolumnError, match="needs the permission “Can add run”") as refused:
        connect(curator).launch_run(sampler=1)
    assert refused.value.status == 403
    with pytest.raises(MinicolumnError, match="sampler: Found '9'") as refused:
        connect(lead).launch_run(sampler=9)
    assert refused.value.errors[0]["field"] == "sampler"
    ApiToken.objects.all().delete()


@pytest.fixture
def stored(settings, tmp_path):
    """Files of releases are written below the test's own folder."""
    settings.EXPORT_DIR = tmp_path / "exports"
    location = {"location": str(tmp_path / "exports")}
    backend = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": location}
    settings.STORAGES = {**settings.STORAGES, "exports": backend}


def test_a_file_of_a_release_is_asked_for_waited_for_and_written_to_disk(connect, lead, stored, tmp_path):
    trace = factories.make_trace(correctness="pass")
    submit_review(reviewer=lead, trace=trace, draft=ReviewDraft(Decision.ACCEPT), key=uuid.uuid4())
    release = freeze_accepted(actor=lead, title="First", key=uuid.uuid4())
    client = connect(lead)
    assert client.release(release.pk)["manifest"] == release.manifest
    asked = client.request_export(release.pk, "full", key="mine")
    assert client.request_export(release.pk, "full", key="mine") == asked
    assert client.wait_for_export(asked["id"], seconds=0)["state"] == "queued"
    with pytest.raises(MinicolumnError, match="only a ready one can be downloaded"):
        client.download(asked["id"], tmp_path)
    write_export(job_id=asked["id"])
    told = client.wait_for_export(asked["id"])
    path = client.download(asked["id"], tmp_path)
    assert (path, told["state"]) == (tmp_path / told["filename"], "ready")
    assert hashlib.sha256(path.read_bytes()).hexdigest() == told["sha256"]
    assert client.download(asked["id"], tmp_path / "named.jsonl").read_bytes() == path.read_bytes()
    assert [row["id"] for row in client.exports(release.pk)] == [asked["id"]]
    assert not list(tmp_path.glob(".*"))


def test_traces_are_verified_again_and_items_let_go_of(connect, lead, curator):
    client, traces = connect(lead), make_traces(2)
    job = client.verify([traces[0].pk], key="mine")
    assert client.verify([traces[0].pk], key="mine") == job == client.wait_for_verification(job["id"], seconds=0)
    assert client.verification(job["id"])["total"] == 1
    queue, program = queue_of(lead, traces), connect(curator)
    item = program.next_item(queue.pk)
    assert program.let_go(queue.pk, [item]) == {"asked": 1}
    assert Assignment.objects.get(item=item["id"]).state == Assignment.State.OPEN


def test_faults_of_later_pushes_tell_lines_of_all_rows_and_what_came_in_before(connect, lead, problem):
    client = connect(lead)
    rows = [{"problem_hash": problem.content_hash, "model": "m", "response": f"Answer {n}."} for n in range(1_200)]
    rows[1_099] = {"problem_hash": "0" * 64, "model": "m", "response": "Lost."}
    with pytest.raises(MinicolumnError, match=r"^line 1100") as refused:
        client.push_traces(rows)
    assert refused.value.errors[0]["detail"].startswith("line 1100")
    assert (refused.value.came_in["inserted"], Trace.objects.count()) == (1_000, 1_000)
    told = client.push_traces(rows, skip_bad=True)
    assert (told["inserted"], told["duplicates"], told["fault_count"]) == (199, 1_000, 1)
    assert told["faults"][0]["row"].startswith("line 1100")


def test_crossings_of_all_requests_of_a_push_are_told(connect, lead):
    rows = [{"question": f"{n} + {n}?", "answer": str(2 * n), "response": f"It is {n}."} for n in range(1_200)]
    rows = [{**row, "split": "train"} for row in rows]
    for place in (3, 1_100):
        rows.insert(place, {**rows[place], "answer": "7", "split": "test"})
    told = connect(lead).push_traces(rows, make_problems=True, set_title="Sums")
    assert told["crossing_count"] == len(told["crossings"]) == 2
    assert {(each["split"], each["known_split"]) for each in told["crossings"]} == {("train", "eval")}


def test_long_texts_of_any_language_are_pushed_in_as_many_requests_as_they_take(connect, lead, problem):
    text = "镜像对称" * 200_000  # 2.4 MB as it is sent
    rows = [{"problem_hash": problem.content_hash, "model": "m", "response": f"{n} {text}"} for n in range(5)]
    assert connect(lead).push_traces(rows)["inserted"] == 5


def test_a_queue_and_a_release_are_made(connect, lead, problem):
    client, trace = connect(lead), factories.make_trace(correctness="pass")
    submit_review(reviewer=lead, trace=trace, draft=ReviewDraft(Decision.ACCEPT), key=uuid.uuid4())
    queue = client.make_queue("Mine", selection={"traces": [trace.pk]}, key="mine")
    assert client.make_queue("Mine", selection={"traces": [trace.pk]}, key="mine") == queue == client.queue(queue["id"])
    frozen = client.freeze("First")
    assert client.wait_for_freezing(frozen["id"], seconds=0)["state"] == "queued"
    freeze_next(job_id=frozen["id"])
    told = client.wait_for_freezing(frozen["id"])
    assert [row["id"] for row in client.releases()] == [told["release"]]
    assert problem.problem_set_id in [row["id"] for row in client.problem_sets()]
    assert list(client.imports()) == []


def test_a_file_is_looked_at_imported_waited_for_and_its_differences_read(connect, lead, problem, settings, tmp_path):
    settings.VAR_DIR = tmp_path / "var"
    client, path = connect(lead), tmp_path / "rows.jsonl"
    rows = [{"problem_hash": problem.content_hash, "model": "m", "response": f"Is {n}.", "score": 1} for n in range(3)]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    seen = client.look_at_files(path)
    assert [row["fault"] for row in seen["rows"]] == [""] * 3
    job = client.import_files(uploads=[seen["uploads"][0]["upload"]], key="mine")
    assert client.wait_for_import(job["id"], seconds=0)["state"] == "queued"
    assert [row["kind"] for row in client.jobs(kind="import")] == ["import"]
    while import_next(job_id=job["id"]):
        pass
    assert client.wait_for_import(job["id"])["inserted"] == 3
    Trace.objects.update(correctness="fail")
    assert len(list(client.differences(job["id"], limit=2))) == 3
    again = client.import_files(path, places={"response": "response", "problem_hash": "problem_hash"}, model="other")
    assert client.steer_job("import", again["id"], "cancel")["state"] == "cancelled"
    with pytest.raises(MinicolumnError, match="only a paused"):
        client.steer_import(again["id"], "resume")
    with pytest.raises(MinicolumnError, match=r"none\.jsonl: cannot be read"):
        client.import_files(tmp_path / "none.jsonl")
    with pytest.raises(MinicolumnError, match="Found nothing, expected files"):
        client.import_files()


def test_a_push_takes_the_options_of_an_import_and_says_which_one_it_is_in(connect, lead):
    rows = [{"problem": "What is 2 + 2?", "response": f"It is {n}.", "expected_answer": "4"} for n in range(1_001)]
    made = {"make_problems": True, "set_title": "Pushed", "split": "train", "model": "mine"}
    told = connect(lead).push_traces(rows, **made)
    assert (told["inserted"], told["problems"], Trace.objects.first().sampler.title) == (1_001, 1, "mine")
    assert connect(lead).import_(told["import_id"])["inserted"] == 1_001
