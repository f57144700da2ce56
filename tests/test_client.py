"""The Python client, against the application itself."""

import httpx2
import pytest
from django.core.wsgi import get_wsgi_application

from minicolumn import Client, MinicolumnError
from minicolumn.client import batches
from tests import factories
from tests.api.programs import EVERY_SCOPE, one_connection  # noqa: F401 - a fixture
from tests.queues import make_traces, queue_of
from trajectories.models import ApiToken, Review, Run, Trace
from trajectories.services.clients.tokens import make_token
from trajectories.services.endpoints.samplers import ensure_symbolic


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


def test_batches_are_bounded_by_rows_and_by_bytes():
    assert [len(batch) for batch in batches({"n": n} for n in range(2_500))] == [1_000, 1_000, 500]
    long = "x" * 4_000_000
    assert [len(batch) for batch in batches([{"text": long}, {"text": long}, {"text": ""}])] == [1, 2]


def test_the_client_waits_as_long_as_it_is_asked_to(monkeypatch):
    answers, slept = [429, 503, 200], []
    monkeypatch.setattr("minicolumn.client.time.sleep", slept.append)

    def answer(request):
        status = answers.pop(0)
        return httpx2.Response(status, headers={"Retry-After": "7"}, json={"items": [], "next": None})

    assert list(Client("http://localhost", "x", transport=httpx2.MockTransport(answer)).runs()) == []
    assert slept == [7.0, 7.0]
