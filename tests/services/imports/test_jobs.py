"""Imports as jobs: all or nothing, resumed where they were, and clean at the end."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now

from tests import factories
from tests.services.imports.planned import files, let_the_lease_run_out, plan, row, work
from trajectories.core.records import ProblemKind, ProblemRecord
from trajectories.models import AuditEvent, Import, PendingVerification, Problem, Review, Sampler, Trace
from trajectories.services.imports import jobs, writing
from trajectories.services.imports.jobs import (
    ImportJobError,
    import_again,
    import_next,
)
from trajectories.services.jobs.leases import MOST_CLAIMS
from trajectories.services.locks import one_writer_at_a_time
from trajectories.services.problems.imports import import_records

pytestmark = pytest.mark.django_db
TASK = {"train": [{"input": [[1]], "output": [[2]]}], "test": [{"input": [[3]], "output": [[4]]}]}


def test_traces_come_in_with_a_report_and_leave_no_file(lead, sums, tmp_path):
    job = work(plan(lead, row(1), row(2), row(1)))
    assert (job.state, job.inserted, job.duplicates, job.fault_count) == ("finished", 2, 1, 0)
    assert (job.done, job.cursor) == (job.total, 3)
    assert Trace.objects.count() == PendingVerification.objects.count() == 2
    sampler = Sampler.objects.get(kind="imported")
    assert job.samplers == [{"id": sampler.pk, "title": "m-1"}]
    sums[1].refresh_from_db()
    assert sums[1].trace_count == 1
    assert files(tmp_path) == []
    assert job.lease_token is None
    assert list(AuditEvent.objects.order_by("pk").values_list("verb", flat=True)) == ["import.planned", "import"]


def test_it_does_in_small_steps_what_it_does_in_one(lead, sums, monkeypatch):
    monkeypatch.setattr("trajectories.services.traces.staging.BATCH", 2)
    monkeypatch.setattr(jobs, "SLICE_SECONDS", 0.0)
    job = plan(lead, *[row(number) for number in range(9)])
    turns = 1
    while import_next(job_id=job.pk):
        turns += 1
        job.refresh_from_db()
        assert (job.state, Trace.objects.count()) == ("running", 0)
        assert job.staged_count == job.cursor
    assert turns > 3
    job.refresh_from_db()
    assert (job.state, job.inserted) == ("finished", 9)
    responses = Trace.objects.order_by("pk").values_list("reasoning__body", flat=True)
    assert list(responses) == [f"It is {number}." for number in range(9)]


def test_bad_rows_keep_everything_out_and_are_kept_row_by_row(lead, sums, tmp_path):
    job = work(plan(lead, row(1), row(2, problem_id="none"), row(0)))
    assert (job.state, job.inserted, job.fault_count, job.staged_count) == ("refused", 0, 1, 2)
    assert job.faults == [["rows.jsonl", "line 2", "found no problem named 'none'; import it first"]]
    assert not Trace.objects.exists()
    assert not Sampler.objects.filter(kind="imported").exists()
    assert [name.rpartition(".")[2] for name in files(tmp_path)] == ["data", "json"]


def test_a_refused_import_can_be_had_without_its_bad_rows(lead, sums, tmp_path):
    refused = work(plan(lead, row(1), row(2, problem_id="none")))
    again = work(import_again(actor=lead, job_id=refused.pk))
    assert (again.state, again.inserted, again.fault_count) == ("finished", 1, 1)
    assert files(tmp_path) == []
    with pytest.raises(ImportJobError, match="The files are gone"):
        import_again(actor=lead, job_id=refused.pk)
    with pytest.raises(ImportJobError, match="only a refused one"):
        import_again(actor=lead, job_id=again.pk)


def test_nobody_else_can_take_ones_files(lead, curator, sums):
    refused = work(plan(lead, row(1), row(2, problem_id="none")))
    with pytest.raises(ImportJobError, match="somebody else has sent them"):
        import_again(actor=curator, job_id=refused.pk)


def test_problems_come_into_their_set(lead):
    job = work(plan(lead, TASK, kind=Import.Kind.ARC, name="task.json", set_title="My tasks", split="eval"))
    assert (job.state, job.inserted, job.problem_set.title) == ("finished", 1, "My tasks")
    assert Problem.objects.get().split == "eval"
    assert (job.done, job.total) == (1, 1)


def test_a_title_that_makes_no_set_is_refused_at_once(lead):
    with pytest.raises(ValidationError):
        plan(lead, TASK, kind=Import.Kind.ARC, name="task.json", set_title="???", split="")
    assert not Import.objects.exists()


def test_questions_go_on_behind_the_last_one_checked(lead, monkeypatch):
    monkeypatch.setattr("trajectories.services.imports.readers.RECORDS_AT_ONCE", 1)
    monkeypatch.setattr(jobs, "SLICE_SECONDS", 0.0)
    rows = [{"question": f"What is {n} + {n}?", "answer": str(2 * n), "family": str(n)} for n in range(5)]
    checked = []
    from trajectories.services.problems import questions

    check = questions.reference_fault
    monkeypatch.setattr(questions, "reference_fault", lambda record: checked.append(record.family) or check(record))
    options = {"columns": {}, "set_title": "Sums", "split": ""}
    job = work(plan(lead, *rows, kind=Import.Kind.QUESTIONS, name="q.jsonl", **options))
    assert (job.state, job.inserted, job.total) == ("finished", 5, 5)
    assert checked == [str(n) for n in range(5)]


def killed_at(monkeypatch, batch, cls=jobs._Slice, name="_checkpoint"):
    """A worker that is gone at its n-th checkpoint (or call of another method)."""
    seen = []
    do = getattr(cls, name)

    def die(self, *arguments, **options):
        seen.append(None)
        if len(seen) == batch:
            raise KeyboardInterrupt
        return do(self, *arguments, **options)

    monkeypatch.setattr(cls, name, die)


@pytest.mark.parametrize("checkpoint", [1, 2, 4])
def test_another_worker_goes_on_where_one_was_killed(lead, sums, monkeypatch, checkpoint, tmp_path):
    monkeypatch.setattr("trajectories.services.traces.staging.BATCH", 2)
    monkeypatch.setattr(jobs, "CHECKPOINT_SECONDS", 0.0)
    job = plan(lead, *[row(number) for number in range(9)])
    with monkeypatch.context() as killing:
        killed_at(killing, checkpoint)
        with pytest.raises(KeyboardInterrupt):
            import_next(job_id=job.pk)
    job.refresh_from_db()
    assert job.cursor == 2 * (checkpoint - 1)
    let_the_lease_run_out(job)
    work(job)
    assert (job.state, job.inserted, job.duplicates) == ("finished", 9, 0)
    assert Trace.objects.count() == 9
    assert files(tmp_path) == []


def test_one_killed_while_it_writes_has_written_nothing(lead, sums, monkeypatch):
    job = plan(lead, *[row(number) for number in range(9)])
    with monkeypatch.context() as killing:
        killed_at(killing, 3, name="_update")  # the third is the end, after everything was written
        with pytest.raises(KeyboardInterrupt):
            import_next(job_id=job.pk)
    assert not Trace.objects.exists()
    job.refresh_from_db()
    assert (job.state, job.writing) == ("running", True)
    let_the_lease_run_out(job)
    assert work(job).inserted == 9


def test_what_was_set_aside_and_lost_is_read_again(lead, sums, monkeypatch, tmp_path):
    monkeypatch.setattr("trajectories.services.traces.staging.BATCH", 2)
    monkeypatch.setattr(jobs, "SLICE_SECONDS", 0.0)
    job = plan(lead, *[row(number) for number in range(6)], row(1, problem_id="none"), on_fault="skip")
    assert import_next(job_id=job.pk)
    (tmp_path / "imports" / f"import-{job.pk}.rows").write_bytes(b"")
    work(job)
    assert (job.state, job.inserted, job.fault_count) == ("finished", 6, 1)


def damage(tmp_path, job):
    """What a power cut leaves of a file that the disk had not taken yet: its length, and nothing in it."""
    path = tmp_path / "imports" / f"import-{job.pk}.rows"
    path.write_bytes(bytes(path.stat().st_size))


def test_what_was_set_aside_and_damaged_is_read_again(lead, sums, monkeypatch, tmp_path):
    monkeypatch.setattr("trajectories.services.traces.staging.BATCH", 2)
    monkeypatch.setattr(jobs, "SLICE_SECONDS", 0.0)
    job = plan(lead, *[row(number) for number in range(6)], row(1, problem_id="none"), on_fault="skip")
    assert import_next(job_id=job.pk)
    damage(tmp_path, job)
    work(job)
    assert (job.state, job.inserted, job.fault_count, job.restarts) == ("finished", 6, 1, 1)


def test_an_import_on_a_disk_that_damages_everything_is_given_up(lead, sums, monkeypatch, tmp_path):
    job = plan(lead, row(1))
    write = jobs._Slice._write

    def damaged(self, spool):
        spool.flush()
        damage(tmp_path, job)
        return write(self, spool)

    monkeypatch.setattr(jobs._Slice, "_write", damaged)
    work(job)
    assert (job.state, job.restarts) == ("failed", jobs.MOST_RESTARTS)
    assert job.reason.startswith("What had been read was damaged on the disk")
    assert not Trace.objects.exists()
    assert len(files(tmp_path)) == 2, "the file that was sent, so that it can be tried again"


def test_a_worker_that_ends_every_time_ends_the_import(lead, sums, monkeypatch):
    job = plan(lead, row(1))
    Import.objects.update(claims=MOST_CLAIMS)
    work(job)
    assert job.state == "failed"
    assert job.reason.startswith(f"Begun {MOST_CLAIMS} times without getting on")
    assert not Trace.objects.exists()


def test_a_lease_keeps_others_out(lead, sums):
    job = plan(lead, row(1))
    Import.objects.update(lease_token=uuid.uuid4(), lease_expires_at=Now() + timedelta(minutes=1))
    assert not import_next(job_id=job.pk)
    assert not Trace.objects.exists()
    let_the_lease_run_out(job)
    assert work(job).inserted == 1


def test_one_that_lost_its_lease_writes_nothing(lead, sums, monkeypatch):
    job = plan(lead, row(1))
    take = writing.write_traces

    def taken_over(**options):
        written = take(**options)
        Import.objects.update(lease_token=uuid.uuid4())
        return written

    monkeypatch.setattr(writing, "write_traces", taken_over)
    assert not import_next(job_id=job.pk)
    assert not Trace.objects.exists()


def test_files_that_are_gone_are_named(lead, sums, tmp_path):
    job = plan(lead, row(1))
    for path in (tmp_path / "uploads").iterdir():
        path.unlink()
    assert work(job).state == "failed"
    assert job.reason == "The file rows.jsonl is gone; send it again."


def test_an_import_that_no_longer_fits_is_read_again_and_then_given_up(lead, sums, monkeypatch):
    job = plan(lead, row(1))
    tried = []

    def refuse(**_):
        tried.append(None)
        raise IntegrityError("a problem is gone")

    monkeypatch.setattr(writing, "write_traces", refuse)
    work(job)
    assert (job.state, len(tried)) == ("failed", jobs.MOST_RESTARTS + 1)
    assert "changed every time" in job.reason


def test_adopted_reviews_are_written_once(lead):
    factories.make_problem(name="flip")
    said = {"reviewer": "reviewer-1", "decision": "accept", "score": 4, "reason": "", "comment": "", "step_labels": {}}
    trace = {"prompt": [], "reasoning": "Mirror.", "program": "", "answer": [[[9, 8, 7]]], "steps": []}
    full = {"problem": {"name": "flip"}, "trace": trace, "verdicts": [], "reviews": [said]}
    assert work(plan(lead, full, full, adopt_reviews=True)).inserted == 1
    review = Review.objects.get()
    assert (review.reviewer, review.decision, review.trace.decision) == (lead, "accept", "accepted")
    assert Problem.objects.get().accepted_count == 1
    assert AuditEvent.objects.get(verb="review.accept").object_id == review.trace_id
    again = work(plan(lead, full, adopt_reviews=True))
    assert (again.inserted, Review.objects.count()) == (0, 1)
    assert again.told["left_out"] == {"decisions that were not taken over: their traces were here already": 1}


@pytest.mark.django_db(transaction=True)
def test_while_somebody_writes_others_read_and_a_single_problem_comes_in(lead, sums, monkeypatch):
    """Only the few seconds of writing take turns; what a page does never waits for them."""
    writing, done = threading.Event(), threading.Event()

    def write_for_long() -> None:
        try:
            with transaction.atomic():
                one_writer_at_a_time("import traces")
                one_writer_at_a_time("import problems")
                writing.set()
                assert done.wait(60)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        writer = pool.submit(write_for_long)
        assert writing.wait(60)
        try:
            job = plan(lead, row(1), row(2))
            with monkeypatch.context() as reading_only:
                reading_only.setattr(jobs._Slice, "_finish", lambda self, spool: False)
                import_next(job_id=job.pk)
            job.refresh_from_db()
            record = ProblemRecord(ProblemKind.TEXT, "one", "Why?", {}, "Because.", "train")
            report = import_records(
                actor=lead, set_name="s", set_title="S", source="", records=[record], on_fault="all_or_nothing"
            )
        finally:
            done.set()
        writer.result()
    assert (job.writing, job.staged_count, report.inserted) == (True, 2, 1)
    assert work(job).inserted == 2
