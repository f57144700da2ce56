"""What a person waits for is done while floods of other work wait, with a single worker for everything."""

import uuid

import pytest
from django.db.models import Max

from tests import factories
from tests.worker import wait_for
from trajectories.models import Bell, Export, PendingVerification, Run, Trace
from trajectories.services.jobs.ringers import ring
from trajectories.services.releases.exports import request_export
from trajectories.services.releases.freezing import freeze_accepted
from trajectories.tasks.jobs import TASKS
from trajectories.tasks.runs import sample_batch
from trajectories.tasks.verdicts import ring_verification, verify_batch

pytestmark = pytest.mark.django_db(transaction=True)

WORKER_INCLUDES = ["tests.worker_samplers"]
TRACES, ROWS, STALE = 9_000, 30, 300


def flood_verification() -> None:
    """Imported traces that await their verdicts, far more than can be verified while this test looks on."""
    problem = factories.make_problem()
    first = factories.make_trace(problem=problem, run=None, reasoning="0")
    copies = [Trace(**_fields(first), content_hash=f"{number:064x}") for number in range(1, TRACES)]
    traces = Trace.objects.bulk_create(copies)
    PendingVerification.objects.bulk_create([PendingVerification(trace=trace) for trace in (first, *traces)])
    ring_verification([first.pk, *(trace.pk for trace in traces)])


def _fields(trace: Trace) -> dict[str, object]:
    skipped = {"id", "content_hash"}
    return {
        field.attname: getattr(trace, field.attname) for field in Trace._meta.concrete_fields
        if field.attname not in skipped
    }  # fmt: skip


def flood_queues() -> None:
    """Messages by the hundred in every queue of long work, as an earlier version or a broken sender left them."""
    old = ["verification", 0, 0, str(uuid.uuid4())]
    for _ in range(STALE):
        verify_batch.delay(*old)
        sample_batch.delay(*old)
        TASKS["export"].apply_async((2**31,), queue="files")


def is_ready(export: Export) -> bool:
    export.refresh_from_db()
    return export.state == Export.State.READY


def has_ended(run: Run) -> bool:
    run.refresh_from_db()
    return run.state in Run.ENDED_STATES


@pytest.fixture
def export(lead, curator):
    for _ in range(ROWS):
        factories.make_review(trace=factories.make_trace(decision="accepted"), reviewer=curator)
    release = freeze_accepted(actor=lead, title="First", key=uuid.uuid4())
    return request_export(actor=lead, release=release, export_format="sft-messages")


def test_an_export_and_a_run_are_done_while_floods_wait(export, celery_worker_process):
    others = [
        factories.plan(
            sampler=factories.make_sampler(kind="mirror"), problems=[factories.make_problem() for _ in range(30)],
            samples_each=8,
        )
        for _ in range(3)
    ]  # fmt: skip
    for other in others:
        ring("run", other.pk)
    flood_verification()
    flood_queues()
    assert Bell.objects.filter(kind="verification", source=0).count() == 4, "a handful of bells for thousands of traces"
    small = factories.plan(sampler=factories.make_sampler(kind="mirror"), samples_each=4)
    ring("run", small.pk)
    ring("export", export.pk)
    wait_for(lambda: is_ready(export), "the export")
    assert PendingVerification.objects.filter(trace__run=None).exists(), "the flood is not over"
    wait_for(lambda: has_ended(small), "the small run")
    assert (small.done_count, small.verified_count) == (4, 4)
    assert PendingVerification.objects.filter(trace__run=None).exists(), "the flood is not over"
    assert any(not has_ended(other) for other in others) or PendingVerification.objects.exists()
    assert export.rows_written == ROWS


def test_a_flood_is_worked_off_to_the_last_trace(celery_worker_process, monkeypatch):
    monkeypatch.setattr("tests.test_starvation.TRACES", 150)
    flood_verification()
    wait_for(lambda: not PendingVerification.objects.exists(), "every verdict", seconds=180)
    wait_for(lambda: not Bell.objects.exists(), "the bells to be put away")
    assert Trace.objects.aggregate(last=Max("pk"))["last"] is not None
    assert not Trace.objects.filter(correctness="").exists()
