import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from tests import factories
from tests.worker import wait_for
from trajectories.models import Export
from trajectories.services.exports import export_path, request_export
from trajectories.services.jobs.bells import ring
from trajectories.services.releases import freeze_accepted
from trajectories.tasks.exports import sweep_exports

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def export(lead, curator):
    factories.make_review(trace=factories.make_trace(decision="accepted"), reviewer=curator)
    release = freeze_accepted(actor=lead, title="First", key=uuid.uuid4())
    return request_export(actor=lead, release=release, export_format="sft-messages")


def is_ready(export):
    export.refresh_from_db()
    return export.state == Export.State.READY


def test_a_rung_export_is_written_by_the_worker(export, celery_worker_process):
    ring("export", export.pk)
    wait_for(lambda: is_ready(export), "the export to be ready")
    assert export_path(export).stat().st_size == export.byte_size


def test_the_sweep_rings_for_a_lost_bell_and_for_a_dead_writer(export, celery_worker_process):
    sweep_exports()
    wait_for(lambda: is_ready(export), "the export whose bell was lost")
    Export.objects.update(state="running", lease_expires_at=timezone.now() - timedelta(seconds=1))
    export_path(export).unlink()
    sweep_exports()
    wait_for(lambda: is_ready(export), "the export whose writer died")
    assert export_path(export).is_file()
