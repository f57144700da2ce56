import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from tests import factories
from trajectories.adapters.stores import FolderStore, StoreError
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.models import AuditEvent, Delivery, Export
from trajectories.services.curation.reviews import submit_review
from trajectories.services.releases.deliveries import deliver_next, request_environment
from trajectories.services.releases.exports import export_path, record_download, request_export, write_export
from trajectories.services.releases.freezing import freeze_accepted
from trajectories.services.releases.retention import drop_unused, goes_on, pin_file
from trajectories.services.releases.stores import file_folder

LONG_AGO = timedelta(days=31)


@pytest.fixture(autouse=True)
def _export_dir(settings, tmp_path):
    settings.EXPORT_DIR = tmp_path / "exports"
    settings.EXPORT_DAYS = 30


@pytest.fixture
def release(lead, curator):
    trace = factories.make_trace()
    submit_review(reviewer=curator, trace=trace, draft=ReviewDraft(Decision.ACCEPT), key=uuid.uuid4())
    return freeze_accepted(actor=lead, title="First", key=uuid.uuid4())


@pytest.fixture
def export(release, engineer):
    made = request_export(actor=engineer, release=release, export_format="full")
    assert write_export(job_id=made.pk)
    return Export.objects.get(pk=made.pk)


def age(model=Export):
    model.objects.update(used_at=timezone.now() - LONG_AGO)


def test_a_file_that_nobody_asked_for_goes_and_comes_again_when_it_is_asked_for(export, engineer):
    before = export_path(export).read_bytes()
    assert drop_unused() == 0
    age()
    assert drop_unused() == 1
    export.refresh_from_db()
    assert (export.state, export.dropped_at is None, export_path(export).exists()) == ("ready", False, False)
    assert AuditEvent.objects.get(verb="export.drop").data == {"sha256": export.sha256, "days": 30}
    assert drop_unused() == 0, "once is enough"
    again = request_export(actor=engineer, release=export.release, export_format="full")
    assert (again.pk, again.state) == (export.pk, "queued")
    assert write_export(job_id=again.pk)
    again.refresh_from_db()
    assert (again.dropped_at, export_path(export).read_bytes()) == (None, before)
    assert drop_unused() == 0


def test_a_download_and_asking_for_it_keep_it(export, engineer):
    age()
    record_download(actor=engineer, export=export)
    assert drop_unused() == 0
    age()
    request_export(actor=engineer, release=export.release, export_format="full")
    assert drop_unused() == 0


def test_an_older_file_without_a_date_of_use_goes_by_its_age(export):
    Export.objects.update(used_at=None)
    assert drop_unused() == 0
    Export.objects.update(finished_at=timezone.now() - LONG_AGO)
    assert drop_unused() == 1


def test_a_pinned_file_stays_until_it_is_let_go(export, engineer):
    pin_file(actor=engineer, kind="export", job_id=export.pk, pinned=True)
    age()
    assert drop_unused() == 0
    assert goes_on(Export.objects.get()) is None
    pin_file(actor=engineer, kind="export", job_id=export.pk, pinned=False)
    assert goes_on(Export.objects.get()) > timezone.now() + timedelta(days=29)
    age()
    assert drop_unused() == 1


def test_without_a_number_of_days_everything_stays(export, settings):
    settings.EXPORT_DAYS = 0
    age()
    assert drop_unused() == 0
    assert goes_on(export) is None


def test_packages_go_too_and_what_is_being_made_does_not(export, engineer):
    made = request_environment(actor=engineer, release=export.release)
    age(Delivery)
    assert drop_unused() == 0
    assert deliver_next(job_id=made.pk)
    age(Delivery)
    assert drop_unused() == 1
    assert [path.name for path in file_folder().iterdir()] == [f"export-{export.pk}.jsonl"]


def test_a_store_that_fails_for_one_file_keeps_no_other(export, engineer, monkeypatch):
    other = request_export(actor=engineer, release=export.release, export_format="prompt-only")
    write_export(job_id=other.pk)
    age()
    drop = FolderStore.drop

    def failing(store, name):
        if name == f"export-{export.pk}.jsonl":
            raise StoreError("no")
        drop(store, name)

    monkeypatch.setattr(FolderStore, "drop", failing)
    assert drop_unused() == 1
    export.refresh_from_db()
    assert export.dropped_at is None, "what is there is not called gone"
