import errno
import hashlib
import json
import shutil
import subprocess
import uuid
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone
from psycopg.errors import AdminShutdown

from tests import factories
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.core.exporters import Reads, Thoughts
from trajectories.core.exporters.conversations import prompt_messages
from trajectories.models import AuditEvent, Export, Problem
from trajectories.models.job_kinds import CANCEL
from trajectories.selectors.exports import iterate_items
from trajectories.services.curation.reviews import submit_review
from trajectories.services.jobs.leases import MOST_CLAIMS
from trajectories.services.jobs.steering import JobError, steer
from trajectories.services.releases import exports, writing
from trajectories.services.releases.exports import (
    ExportError,
    export_path,
    lost_exports,
    rebuild_export,
    request_export,
    write_export,
)
from trajectories.services.releases.freezing import freeze_accepted


@pytest.fixture(autouse=True)
def _export_dir(settings, tmp_path):
    settings.EXPORT_DIR = tmp_path / "exports"


@pytest.fixture
def release(curator, lead):
    for _ in range(3):
        trace = factories.make_trace()
        factories.make_verdict(trace=trace, evidence={"pairs": []})
        accepted = ReviewDraft(Decision.ACCEPT, score=4)
        submit_review(reviewer=curator, trace=trace, draft=accepted, key=uuid.uuid4())
    return freeze_accepted(actor=lead, title="First", key=uuid.uuid4())


@pytest.fixture
def export(engineer, release):
    return request_export(actor=engineer, release=release, export_format="sft-messages")


def unheard():
    """The exports that a sweep rings for, where every bell is long unanswered."""
    Export.objects.update(rung_at=timezone.now() - timedelta(hours=1))
    return lost_exports()


def rows(export):
    return [json.loads(line) for line in export_path(export).read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("reads", [Reads.TEXTS, Reads.ASSESSMENTS, Reads.EVERYTHING])
def test_traces_without_a_prompt_stand_under_their_own_problems_question(lead, reads):
    nothing = factories.make_text("[]")
    problems = [factories.make_problem(kind="numeric", statement=f"How much is {n}?", spec={}) for n in (2, 3)]
    for problem in problems:
        trace = factories.make_trace(problem=problem, prompt=nothing)
        submit_review(reviewer=lead, trace=trace, draft=ReviewDraft(Decision.ACCEPT), key=uuid.uuid4())
    pushed = freeze_accepted(actor=lead, title="Pushed", key=uuid.uuid4())
    items = list(iterate_items(pushed, reads=reads))
    assert len(items) == 2
    for item in items:
        (message,) = prompt_messages(item, Thoughts.NONE)
        statement = next(each.statement for each in problems if each.name == item.problem_name)
        assert (message["role"], item.prompt) == ("user", ())
        assert str(message["content"]).startswith(statement)


def test_an_export_is_written_with_its_hash_and_rows(export, release):
    assert write_export(job_id=export.pk)
    export.refresh_from_db()
    content = export_path(export).read_bytes()
    assert (export.state, export.rows_written, export.byte_size) == ("ready", 3, len(content))
    assert export.sha256 == hashlib.sha256(content).hexdigest()
    first = release.items.select_related("trace__reasoning", "trace__program").get(position=0).trace
    reply = f"{first.reasoning.body}\n\n```python\n{first.program.body}```\n"
    assert rows(export)[0]["messages"] == [
        {"role": "user", "content": "Find the rule."},
        {"role": "assistant", "content": reply},
    ]


@pytest.mark.parametrize("export_format", ["sft-messages", "full", "arc-programs", "prompt-only"])
def test_made_again_it_is_the_same_bytes_whatever_was_said_since(export_format, release, engineer, lead):
    export = request_export(actor=engineer, release=release, export_format=export_format, with_meta=True)
    write_export(job_id=export.pk)
    before = export_path(export).read_bytes()
    trace = release.items.get(position=0).trace
    factories.make_verdict(trace=trace, version=2, outcome="fail")
    rejection = ReviewDraft(Decision.REJECT, reason="lucky")
    submit_review(reviewer=lead, trace=trace, draft=rejection, key=uuid.uuid4())
    export_path(export).unlink()
    again = request_export(actor=engineer, release=release, export_format=export_format, with_meta=True)
    assert (again.pk, again.state) == (export.pk, "queued")
    write_export(job_id=export.pk)
    assert export_path(export).read_bytes() == before


def test_meta_says_where_a_row_comes_from(engineer, release):
    export = request_export(actor=engineer, release=release, export_format="sft-messages", with_meta=True)
    write_export(job_id=export.pk)
    item = release.items.select_related("trace__problem", "trace__sampler").get(position=1)
    meta = rows(export)[1]["meta"]
    assert meta == {
        "problem_id": item.trace.problem.name,
        "problem_hash": item.trace.problem.content_hash,
        "trace_id": item.trace_id,
        "release": release.pk,
        "split": "train",
        "verdicts": ["arc_test 1: pass"],
        "score": 4.0,
        "sampler": f"{item.trace.sampler.name} 1",
        "instruction": None,
    }


def test_full_rows_name_reviewers_by_pseudonym_only(engineer, release, curator):
    export = request_export(actor=engineer, release=release, export_format="full")
    write_export(job_id=export.pk)
    assert {review["reviewer"] for row in rows(export) for review in row["reviews"]} == {"reviewer-1"}
    assert curator.username not in export_path(export).read_text()


def test_asking_again_gives_the_same_export_and_one_audit_event(export, release, engineer, lead):
    assert request_export(actor=lead, release=release, export_format="sft-messages") == export
    assert AuditEvent.objects.filter(verb="export.request").count() == 1


def test_an_unknown_format_is_refused(release, engineer):
    with pytest.raises(ExportError, match="found 'xlsx', expected one of sft-messages"):
        request_export(actor=engineer, release=release, export_format="xlsx")


def test_writing_twice_writes_once(export):
    assert write_export(job_id=export.pk)
    assert not write_export(job_id=export.pk)


def test_a_lease_keeps_others_out_until_it_runs_out(export):
    Export.objects.update(state="running", lease_expires_at=timezone.now() + timedelta(minutes=1))
    assert not write_export(job_id=export.pk)
    assert unheard() == []
    Export.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    assert unheard() == [export.pk]
    assert write_export(job_id=export.pk)


def test_a_writer_that_lost_its_lease_stops_and_leaves_the_row_alone(export, monkeypatch):
    monkeypatch.setattr(writing, "BEAT_SECONDS", 0)
    read = writing.iterate_items
    taken = uuid.uuid4()

    def interrupted(release, **options):
        for item in read(release, **options):
            yield item
            Export.objects.update(lease_token=taken)

    monkeypatch.setattr(writing, "iterate_items", interrupted)
    assert not write_export(job_id=export.pk)
    export.refresh_from_db()
    assert (export.state, export.lease_token) == ("running", taken)
    assert not export_path(export).exists()


def test_an_export_that_never_ends_is_given_up(export):
    past = timezone.now() - timedelta(seconds=1)
    Export.objects.update(state="running", claims=MOST_CLAIMS, lease_expires_at=past)
    assert unheard() == [export.pk]
    assert not write_export(job_id=export.pk)
    export.refresh_from_db()
    assert export.state == "failed"
    assert "Given up after 5 attempts" in export.error


def test_a_disk_that_takes_nothing_is_said_and_can_be_tried_again(export, release, engineer, settings, tmp_path):
    settings.EXPORT_DIR = tmp_path / "file" / "exports"
    (tmp_path / "file").write_text("in the way")
    assert not write_export(job_id=export.pk)
    export.refresh_from_db()
    assert export.state == "failed"
    assert export.error.startswith("The file could not be written")
    settings.EXPORT_DIR = tmp_path / "exports"
    assert request_export(actor=engineer, release=release, export_format="sft-messages").state == "queued"
    assert write_export(job_id=export.pk)


def full_disk(release, **options):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_said_costs_no_try_and_the_export_goes_on_by_itself(export, monkeypatch):
    for _ in range(MOST_CLAIMS + 1):
        with monkeypatch.context() as full:
            full.setattr(writing, "iterate_items", full_disk)
            assert not write_export(job_id=export.pk)
    export.refresh_from_db()
    assert (export.state, export.claims, export.rows_written) == ("queued", 0, 0)
    assert export.error == "No space left on the disk; goes on by itself once there is space."
    assert list(export_path(export).parent.iterdir()) == []
    monkeypatch.setattr(exports, "free_bytes", lambda folder: export.space_needed - 1)
    assert unheard() == []
    monkeypatch.setattr(exports, "free_bytes", lambda folder: export.space_needed)
    assert unheard() == [export.pk]
    assert write_export(job_id=export.pk)
    export.refresh_from_db()
    assert (export.state, export.error, export.space_needed) == ("ready", "", None)


def test_a_database_that_went_away_is_no_fault_of_the_export(export, monkeypatch):
    def away(self):
        raise OperationalError from AdminShutdown("terminating connection due to administrator command")
        yield

    with monkeypatch.context() as patched:
        patched.setattr(writing.ExportWriter, "chunks", away)
        with pytest.raises(OperationalError):
            write_export(job_id=export.pk)
    export.refresh_from_db()
    assert (export.state, export.error, export.lease_token) == ("running", "", None), "for the next bell"
    assert unheard() == [export.pk]
    assert write_export(job_id=export.pk)


@pytest.fixture
def small_disk(tmp_path):
    """A real file system of 1 MB, where this machine lets a test mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "minicolumn-test", str(folder)]
    mounted = shutil.which("mount") and subprocess.run(command, check=False, capture_output=True).returncode == 0
    if not mounted:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_on_a_disk_that_is_really_full_the_export_waits_until_there_is_space(export, small_disk, settings, monkeypatch):
    monkeypatch.setattr(exports, "SPACE_RESERVE", 1)
    settings.EXPORT_DIR = small_disk / "exports"
    settings.EXPORT_DIR.mkdir()
    with pytest.raises(OSError, match="No space"):
        (small_disk / "ballast").write_bytes(bytes(2 << 20))
    assert not write_export(job_id=export.pk)
    export.refresh_from_db()
    assert (export.state, export.claims) == ("queued", 0)
    assert export.error.startswith("No space left on the disk")
    assert list(settings.EXPORT_DIR.iterdir()) == []
    assert unheard() == []
    (small_disk / "ballast").unlink()
    assert unheard() == [export.pk]
    assert write_export(job_id=export.pk)
    assert len(rows(export)) == 3


def test_no_reference_answer_reaches_a_training_row(engineer, release):
    Problem.objects.update(reference=[[[4, 2, 4, 2]]])
    export = request_export(actor=engineer, release=release, export_format="sft-messages")
    write_export(job_id=export.pk)
    assert "4, 2, 4, 2" not in export_path(export).read_text()


def test_a_long_release_is_read_in_batches(export, django_assert_max_num_queries, monkeypatch):
    from trajectories.selectors import export_items as reading

    monkeypatch.setattr(reading, "BATCH_ROWS", 2)
    with django_assert_max_num_queries(13):
        write_export(job_id=export.pk)
    assert len(rows(export)) == 3


def test_written_again_a_damaged_file_is_what_it_was(export, lead):
    write_export(job_id=export.pk)
    export.refresh_from_db()
    before, digest = export_path(export).read_bytes(), export.sha256
    export_path(export).write_text("damaged")
    rebuild_export(actor=lead, job_id=export.pk)
    export.refresh_from_db()
    assert (export.state, export.rows_written) == ("queued", 0)
    assert write_export(job_id=export.pk)
    export.refresh_from_db()
    assert (export.state, export.sha256, export_path(export).read_bytes()) == ("ready", digest, before)
    assert AuditEvent.objects.filter(verb="export.rebuilt", actor=lead).count() == 1


def test_one_that_is_being_written_is_not_written_again(export, lead):
    with pytest.raises(JobError, match="only a ready, failed or cancelled one can be rebuilt"):
        rebuild_export(actor=lead, job_id=export.pk)


def test_cancelled_while_it_is_written_it_leaves_nothing_and_can_be_asked_for_again(
    export, release, engineer, monkeypatch
):
    monkeypatch.setattr(writing, "BEAT_SECONDS", 0)
    read = writing.iterate_items

    def cancelled_after_the_first(*arguments, **options):
        for number, item in enumerate(read(*arguments, **options)):
            if number == 1:
                steer("export", CANCEL, actor=engineer, job_id=export.pk)
            yield item

    monkeypatch.setattr(writing, "iterate_items", cancelled_after_the_first)
    assert not write_export(job_id=export.pk)
    export.refresh_from_db()
    assert export.state == "cancelled"
    assert not list(export_path(export).parent.glob("*"))
    assert export.pk not in unheard()
    monkeypatch.setattr(writing, "iterate_items", read)
    assert request_export(actor=engineer, release=release, export_format="sft-messages") == export
    assert write_export(job_id=export.pk)
