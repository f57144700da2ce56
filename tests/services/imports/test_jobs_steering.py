"""Imports that somebody pauses, cancels or tries again, that lack space, and what they leave behind."""

import errno
import io
import os
import time
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.db.models.functions import Now

from tests.services.imports.planned import files, plan, row, work
from trajectories.adapters import kept_uploads
from trajectories.adapters.spools import Spool
from trajectories.models import Import, Trace
from trajectories.models.job_kinds import PAUSE, RESUME
from trajectories.services.imports import jobs, writing
from trajectories.services.imports.jobs import (
    ImportJobError,
    cancel_import,
    import_next,
    keep_files,
    lost_imports,
    retry_import,
    sweep_spools,
    tokens_in_use,
)
from trajectories.services.jobs.steering import JobError, steer
from trajectories.services.problems.uploads import KEPT_SECONDS, drop_uploads, find_upload
from trajectories.tasks.uploads import sweep_uploads

pytestmark = pytest.mark.django_db


def test_a_cancelled_import_brings_nothing(lead, sums, tmp_path, django_capture_on_commit_callbacks):
    job = plan(lead, row(1))
    with django_capture_on_commit_callbacks(execute=True):
        cancel_import(actor=lead, job_id=job.pk)
    assert work(job).state == "cancelled"
    assert not Trace.objects.exists()
    assert files(tmp_path) == []
    with pytest.raises(JobError, match="cancelled already"):
        cancel_import(actor=lead, job_id=job.pk)


def test_a_paused_import_keeps_what_it_has_and_goes_on_where_it_was(lead, sums, monkeypatch, tmp_path):
    monkeypatch.setattr(jobs, "CHECKPOINT_SECONDS", 0)
    monkeypatch.setattr("trajectories.services.traces.staging.BATCH", 2)
    job = plan(lead, *(row(number) for number in range(5)))
    take = jobs._Slice._checkpoint

    def paused_after_the_first(self, *arguments, **options):
        take(self, *arguments, **options)
        if self._job.cursor == 2:
            steer("import", PAUSE, actor=lead, job_id=job.pk)

    monkeypatch.setattr(jobs._Slice, "_checkpoint", paused_after_the_first)
    assert work(job).state == "paused"
    assert (job.cursor, Trace.objects.count()) == (2, 0)
    assert not import_next(job_id=job.pk)
    for path in (*(tmp_path / "uploads").glob("*"), *(tmp_path / "imports").glob("*")):
        age(path, KEPT_SECONDS + 60)
    kept = files(tmp_path)
    sweep_uploads()
    assert files(tmp_path) == kept, "what a paused import has still to read"
    monkeypatch.setattr(jobs._Slice, "_checkpoint", take)
    steer("import", RESUME, actor=lead, job_id=job.pk)
    assert work(job).state == "finished"
    assert (job.inserted, Trace.objects.count()) == (5, 5)


def test_a_failed_import_is_read_again_from_the_first_row(lead, sums):
    job = plan(lead, row(1), row(2))
    Import.objects.update(state="failed", reason="Begun 5 times.", cursor=1, staged_count=1, restarts=3, fault_count=1)
    retry_import(actor=lead, job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.reason, job.cursor, job.restarts, job.fault_count) == ("queued", "", 0, 0, 0)
    assert work(job).state == "finished"
    assert job.inserted == 2
    with pytest.raises(JobError, match="is finished; only a failed one can be retried"):
        retry_import(actor=lead, job_id=job.pk)


def test_a_failed_import_whose_files_are_gone_is_not_tried_again(lead, sums):
    job = plan(lead, row(1))
    Import.objects.update(state="failed")
    drop_uploads(tokens_of(job))
    with pytest.raises(ImportJobError, match=r"The files are gone\. Send them again\."):
        retry_import(actor=lead, job_id=job.pk)
    job.refresh_from_db()
    assert job.state == "failed"


def tokens_of(job):
    return [file["token"] for file in job.files]


class TestFullDisk:
    """What happens where the disk takes no more."""

    def test_an_import_waits_says_so_and_goes_on_by_itself(self, lead, sums, monkeypatch):
        job = plan(lead, row(1), row(2))
        with monkeypatch.context() as full:
            full.setattr(Spool, "append", no_space)
            assert not import_next(job_id=job.pk)
        job.refresh_from_db()
        assert (job.state, job.claims, job.lease_token) == ("queued", 0, None)
        assert job.reason == "No space left on the disk; goes on by itself once there is space."
        Import.objects.update(rung_at=Now() - timedelta(hours=1))
        monkeypatch.setattr(jobs, "free_bytes", lambda folder: job.space_needed - 1)
        assert lost_imports() == []
        monkeypatch.setattr(jobs, "free_bytes", lambda folder: job.space_needed)
        assert lost_imports() == [job.pk]
        assert work(job).inserted == 2
        assert (job.reason, job.space_needed) == ("", None)

    def test_it_may_be_the_database_that_has_none(self, lead, sums, monkeypatch):
        import psycopg

        job = plan(lead, row(1))

        def full(**_):
            raise OperationalError("could not extend file") from psycopg.errors.DiskFull()

        with monkeypatch.context() as patch:
            patch.setattr(writing, "write_traces", full)
            assert not import_next(job_id=job.pk)
        job.refresh_from_db()
        assert job.state == "queued"
        assert work(job).inserted == 1

    def test_files_that_do_not_fit_are_not_kept(self, lead, tmp_path):
        class Full(io.BytesIO):
            def read(self, *_):
                no_space()

        with pytest.raises(OSError, match="No space"):
            keep_files(owner=lead, files=[("a", io.BytesIO(b"1")), ("b", Full())])
        assert files(tmp_path) == []


def no_space(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


def age(path, seconds):
    past = time.time() - seconds
    os.utime(path, (past, past))


def test_files_of_an_import_under_way_stay_however_old_they_are(lead, sums, tmp_path):
    waiting = plan(lead, row(1))
    [token] = tokens_in_use()
    other = kept_uploads.keep(tmp_path / "uploads", lead.pk, "other", io.BytesIO(b"2"))
    for path in (tmp_path / "uploads").iterdir():
        age(path, KEPT_SECONDS + 60)
    sweep_uploads()
    assert {path.stem for path in (tmp_path / "uploads").iterdir()} == {token}
    assert find_upload(owner=lead, token=other.token) is None
    assert work(waiting).inserted == 1


def test_what_ended_imports_left_set_aside_is_swept(lead, sums, tmp_path):
    job = plan(lead, row(1))
    folder = tmp_path / "imports"
    folder.mkdir()
    for name in (f"import-{job.pk}.rows", f"import-{job.pk + 1}.rows", f"import-{job.pk + 2}.rows"):
        (folder / name).write_bytes(b"")
    age(folder / f"import-{job.pk}.rows", 7200)
    age(folder / f"import-{job.pk + 1}.rows", 7200)
    assert sweep_spools(seconds=3600) == 1
    assert files(folder.parent)[-2:] == sorted([f"import-{job.pk}.rows", f"import-{job.pk + 2}.rows"])
