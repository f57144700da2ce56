import os
import time
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from tests import factories
from tests.worker import wait_for
from trajectories.adapters.files import UNTOUCHED_SECONDS
from trajectories.models import Export
from trajectories.services.jobs.ringers import ring
from trajectories.services.releases.exports import export_path, request_export, write_export
from trajectories.services.releases.freezing import freeze_accepted
from trajectories.tasks.jobs import sweep_kind
from trajectories.tasks.uploads import sweep_uploads

pytestmark = pytest.mark.django_db(transaction=True)
WORKER_INCLUDES = ["tests.worker_slow"]


@pytest.fixture
def export(lead, curator):
    factories.make_review(trace=factories.make_trace(decision="accepted"), reviewer=curator)
    release = freeze_accepted(actor=lead, title="First", key=uuid.uuid4())
    return request_export(actor=lead, release=release, export_format="sft-messages")


def is_ready(export):
    export.refresh_from_db()
    return export.state == Export.State.READY


def sweep_exports():
    """As if every bell were long unanswered."""
    Export.objects.update(rung_at=timezone.now() - timedelta(hours=1))
    sweep_kind("export")


def test_a_rung_export_is_written_by_the_worker(export, celery_worker_process):
    ring("export", export.pk)
    wait_for(lambda: is_ready(export), "the export to be ready")
    assert export_path(export).stat().st_size == export.byte_size


@pytest.fixture
def long_export(lead, curator):
    problem, run = factories.make_problem(), factories.make_run()
    for _ in range(30):
        trace = factories.make_trace(problem=problem, run=run, decision="accepted")
        factories.make_review(trace=trace, reviewer=curator)
    release = freeze_accepted(actor=lead, title="Long", key=uuid.uuid4())
    return request_export(actor=lead, release=release, export_format="full", with_meta=True)


def is_at(export, rows):
    export.refresh_from_db()
    return export.rows_written >= rows


def parts(export):
    return list(export_path(export).parent.glob(f"export-{export.pk}.*.part"))


def test_a_writer_killed_in_the_middle_leaves_no_part_and_the_same_bytes_come_later(long_export, celery_worker_process):
    export_path(long_export).unlink(missing_ok=True)  # an earlier run of the tests had the same id
    sweep_exports()
    wait_for(lambda: is_at(long_export, 5), "a part of the rows")
    celery_worker_process.kill()
    [part] = parts(long_export)
    assert not export_path(long_export).exists()
    past = time.time() - UNTOUCHED_SECONDS - 1
    os.utime(part, (past, past))
    Export.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    celery_worker_process.start()
    sweep_exports()
    sweep_uploads()
    assert not part.exists()  # the worker may write another one by now
    wait_for(lambda: is_ready(long_export), "the export whose writer was killed")
    assert parts(long_export) == []
    written = export_path(long_export).read_bytes()
    assert written.count(b"\n") == long_export.release.item_count == 30
    Export.objects.update(state="queued")
    write_export(job_id=long_export.pk)
    assert export_path(long_export).read_bytes() == written


def test_the_sweep_rings_for_a_lost_bell_and_for_a_dead_writer(export, celery_worker_process):
    sweep_exports()
    wait_for(lambda: is_ready(export), "the export whose bell was lost")
    Export.objects.update(state="running", lease_expires_at=timezone.now() - timedelta(seconds=1))
    export_path(export).unlink()
    sweep_exports()
    wait_for(lambda: is_ready(export), "the export whose writer died")
    assert export_path(export).is_file()
