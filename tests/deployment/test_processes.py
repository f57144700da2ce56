"""The processes of docker-compose.yml, started here with its commands and environment, on the PostgreSQL of the tests
and on a RabbitMQ of their own; and the main path, from a run to a sampler that learnt from it, by pages alone.

No container engine runs here: the addresses of database, broker and web server are those of this machine.
"""

import json
import re
import uuid

import httpx2
import pytest

from tests.deployment.compose import NEEDED
from tests.deployment.processes import started
from tests.dumps import own_database
from tests.person import Person, redirected
from tests.rabbitmq import NEEDS_RABBITMQ, running_broker
from tests.worker import wait_for
from trajectories.models import (
    AuditEvent,
    Export,
    Freezing,
    Instruction,
    ProblemSet,
    Queue,
    Review,
    Run,
    Sampler,
    Trace,
    Training,
    Worker,
)

pytestmark = NEEDS_RABBITMQ

HOST = NEEDED["SITE_NAME"]
RUNNING = ("web", "files", "sampling", "verification", "training", "beat")
SERVING = {
    ("quick worker", "sweeps interactive"), ("file worker", "files"), ("worker 1", "starts sampling"),
    ("worker 1", "verification"), ("worker 1", "models"), ("training worker", "training"),
}  # fmt: skip
"""The workers by name and queues."""
TASKS = "67a3c6ac 68b16354 74dd1130"
"""Tasks that a search finds at once: an embedded learner needs programs of two at least."""


@pytest.fixture
def deployment(transactional_db, tmp_path):
    with (
        own_database("test_deployment"),
        running_broker(tmp_path / "broker") as broker,
        started(tmp_path, broker) as deployment,
    ):
        yield deployment


@pytest.mark.long
def test_the_deployment_starts_and_the_main_path_is_walked_to_its_end(deployment):
    told = deployment.finish("prepare")
    password = re.search(r"Log in as admin with the password (\S+)", told)
    assert password, told
    for name in RUNNING:
        deployment.start(name)
    # To look at the health of workers starts a program each time: not before they can be healthy.
    wait_for(lambda: deployment.has_workers(len(SERVING)), "the workers")
    for name in RUNNING:
        wait_for(lambda: deployment.is_healthy(name), f"{name} to be healthy")  # noqa: B023
    assert {(worker.name, worker.queues) for worker in Worker.objects.all()} == SERVING
    assert deployment.broker.consumers() == {queue: 1 for _, queues in SERVING for queue in queues.split()}
    person = Person(deployment.port, host=HOST, https=True)
    assert_https(deployment.port)
    home = person.send("/login/", username="admin", password=password[1])
    assert home.status_code == 302, home.text[:2000]
    assert home.headers["strict-transport-security"] == "max-age=2592000"
    run = launch(person)
    review(person, run)
    export = export_what_is_accepted(person, run)
    sampler = train(person, export)
    assert sampler.artefact
    assert person.ask("GET", f"/samplers/{sampler.pk}/").status_code == 200
    assert "password" not in deployment.log("web").lower()
    for name in RUNNING:
        assert deployment.is_healthy(name), f"{name}:\n{deployment.log(name)}"


def assert_https(port: int) -> None:
    """Who comes by HTTP is sent to HTTPS."""
    plain = httpx2.get(f"http://127.0.0.1:{port}/runs/", headers={"Host": HOST})
    assert (plain.status_code, plain.headers["location"]) == (301, f"https://{HOST}/runs/")


def launch(person: Person) -> Run:
    """A run from the form to its last verdict. The page makes the first instructions."""
    assert person.ask("GET", "/runs/new/").status_code == 200
    plan = {
        "title": "",
        "sampler": Sampler.objects.get(kind="symbolic").pk,
        "problem_set": ProblemSet.objects.get(name="arc-agi-1-training").pk,
        "names": TASKS,
        "instructions": [Instruction.objects.filter(view="grid").latest("pk").pk],
        "samples_each": 1,
        "temperatures": "0",
    }
    address = redirected(person.send("/runs/new/", **plan))
    run = Run.objects.latest("pk")
    assert address == f"/runs/{run.pk}/"
    wait_for(lambda: (run.refresh_from_db(), run.state in Run.ENDED_STATES)[1], "the run")
    wait_for(lambda: (run.refresh_from_db(), run.verified_count == run.done_count)[1], "its verdicts")
    assert (run.state, run.done_count) == ("finished", 3)
    assert person.ask("GET", address).status_code == 200
    assert set(Trace.objects.filter(run=run).values_list("correctness", flat=True)) == {"pass"}
    return run


def review(person: Person, run: Run) -> None:
    """Accept every trace of a run: in a queue by the link to the next one, until nothing is left."""
    asked = {"title": "Right ones", "item_order": "newest", "reviews_each": 1, "doubled_percent": 0, "steps": "each",
             "gold_count": 0, "training_count": 0, "gold_every": 0}  # fmt: skip
    address = redirected(person.send(f"/queues/new/?run={run.pk}", **asked))
    queue = Queue.objects.latest("pk")
    assert address == f"/queues/{queue.pk}/"
    wait_for(lambda: queue.items.count() == run.done_count, "the traces in the queue")
    for _ in range(run.done_count):
        item = redirected(person.ask("GET", f"{address}next/"))
        answer = person.send(item, f"{item}decide/", decision="accept", then="next")
        assert answer.status_code in (200, 302), answer.text[:2000]
    nothing = person.ask("GET", f"{address}next/")
    assert (nothing.status_code, "Every trace has its reviews" in nothing.text) == (200, True)
    assert Review.objects.filter(trace__run=run, decision="accept").count() == run.done_count
    assert set(Trace.objects.filter(run=run).values_list("decision", flat=True)) == {"accepted"}


def export_what_is_accepted(person: Person, run: Run) -> Export:
    """Freeze a release and download its file; each trace of the run is a row of it."""
    asked = person.send("/runs/", f"/releases/export-accepted/?run={run.pk}", key=str(uuid.uuid4()))
    page = redirected(asked)
    job = Freezing.objects.latest("pk")
    assert page == f"/releases/freezing/{job.pk}/"
    wait_for(lambda: (job.refresh_from_db(), job.state == "finished")[1], "the release")
    assert redirected(person.ask("GET", page)) == f"/releases/{job.release_id}/"
    export = wait_for(lambda: Export.objects.filter(release=job.release, state="ready").first(), "the file")
    file = person.ask("GET", f"/exports/{export.pk}/download/")
    assert file.status_code == 200, file.text[:2000]
    rows = [json.loads(line) for line in file.text.splitlines()]
    assert len(rows) == job.release.item_count == run.done_count
    assert all(row["messages"][-1]["role"] == "assistant" for row in rows)
    assert AuditEvent.objects.filter(verb="export.download", object_id=export.pk).exists()
    return export


def train(person: Person, export: Export) -> Sampler:
    """What the embedded learner makes of a release, on the worker that is meant to train."""
    address = f"/trainings/new/?trainer=embedded&release={export.release_id}"
    asked = {"release": export.release_id, "take": "correct", "parameter_method": "counts", "seed": 1}
    page = redirected(person.send(address, **asked))
    training = Training.objects.latest("pk")
    assert page == f"/trainings/{training.pk}/"
    wait_for(lambda: (training.refresh_from_db(), training.state in Training.ENDED_STATES)[1], "the training")
    assert (training.state, training.reason) == ("finished", "")
    assert person.ask("GET", page).status_code == 200
    return Sampler.objects.get(training=training)
