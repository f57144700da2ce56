import errno
import json
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now

from tests import factories
from trajectories.adapters.spools import Spool
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.core.identity import content_hash
from trajectories.core.releases.rules import Reviews, Rule
from trajectories.core.selections import Selection
from trajectories.models import AuditEvent, Freezing, Problem, Release, ReleaseItem, Trace
from trajectories.models.job_kinds import CANCEL
from trajectories.selectors.disk import NO_SPACE
from trajectories.selectors.release_rules import accepted_rule, count_removed
from trajectories.services.curation.reviews import submit_review
from trajectories.services.jobs.leases import MOST_CLAIMS
from trajectories.services.jobs.steering import JobError, steer
from trajectories.services.releases import freezing
from trajectories.services.releases.contents import Contents
from trajectories.services.releases.freezing import (
    Order,
    ReleaseError,
    freeze_accepted,
    freeze_next,
    lost_freezings,
    plan_freezing,
    retry_freezing,
)


def accepted(reviewer, score=None, **values):
    trace = factories.make_trace(decision="accepted", **values)
    factories.make_review(trace=trace, reviewer=reviewer, score=score)
    return trace


def freeze(actor, rule=None, key=None, **options):
    return freeze_accepted(actor=actor, title="First", rule=rule, key=key or uuid.uuid4(), **options)


def released(release):
    return list(release.items.order_by("position").values_list("trace_id", flat=True))


def test_only_accepted_traces_are_released_ordered_by_problem_hash_and_trace(curator, lead):
    late = factories.make_problem(content_hash="f" * 64)
    early = factories.make_problem(content_hash="0" * 64, split="eval")
    first, second = accepted(curator, problem=late), accepted(curator, problem=early)
    third = accepted(curator, problem=early)
    factories.make_trace(problem=early, decision="rejected")
    factories.make_trace(problem=early)
    release = freeze(lead)
    assert released(release) == [second.pk, third.pk, first.pk]
    assert release.item_count == 3
    assert release.manifest["counts"] == {"traces": 3, "problems": 2, "splits": {"eval": 2, "train": 1}}
    assert list(release.items.order_by("position").values_list("split", flat=True)) == ["eval", "eval", "train"]


def test_the_rule_narrows_by_score_set_and_run(curator, lead):
    good, poor, unscored = accepted(curator, score=4), accepted(curator, score=2), accepted(curator)
    assert count_removed(Rule())[1] == 3
    assert released(freeze(lead, Rule(reviews=Reviews(least_score=3)))) == [good.pk]
    assert released(freeze(lead, accepted_rule(Selection(run=poor.run_id)))) == [poor.pk]
    by_set = Selection(problem_set=unscored.problem.problem_set_id)
    assert released(freeze(lead, accepted_rule(by_set))) == [unscored.pk]


def test_the_mean_of_standing_scores_is_frozen(curator, lead):
    trace = accepted(curator, score=5)
    factories.make_review(trace=trace, reviewer=lead, score=2)
    assert freeze(lead).items.get().score == 3.5


def test_nothing_to_release_is_said_and_makes_nothing(lead):
    with pytest.raises(ReleaseError, match="No accepted trace matches"):
        freeze(lead)
    assert (Release.objects.count(), AuditEvent.objects.count()) == (0, 0)


def test_the_manifest_names_what_verified_and_no_person(curator, lead):
    trace = accepted(curator, score=5, instruction=factories.make_instruction(name="grid", view="grid"))
    factories.make_verdict(trace=trace, version=1, outcome="fail")
    factories.make_verdict(trace=trace, version=2)
    factories.make_review(trace=trace, reviewer=lead)
    release = freeze(lead)
    manifest = release.manifest
    assert manifest["verifiers"] == [{"name": "arc_test", "version": 2, "traces": 1}]
    assert manifest["reviewers"] == [{"name": "reviewer-1", "reviews": 1}, {"name": "reviewer-2", "reviews": 1}]
    assert manifest["samplers"][0]["name"] == trace.sampler.name
    assert manifest["instructions"][0]["traces"] == 1
    assert curator.username not in json.dumps(manifest)
    assert release.content_hash == content_hash(manifest)


def test_the_same_key_gives_the_same_release(curator, lead):
    accepted(curator)
    key = uuid.uuid4()
    first = freeze(lead, key=key)
    accepted(curator)
    assert freeze(lead, key=key) == first
    assert first.item_count == 1


@pytest.mark.django_db(transaction=True)
def test_one_key_many_times_at_once_is_one_release(curator, lead):
    accepted(curator)
    key = uuid.uuid4()
    start = threading.Barrier(6)

    def ask() -> int:
        try:
            start.wait()
            job = plan_freezing(actor=lead, order=Order("First"), key=key)
            freeze_next(job_id=job.pk)
            return job.pk
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(ask) for _ in range(6)]
        assert len({each.result() for each in asked}) == 1
    assert Freezing.objects.get().release == Release.objects.get()
    assert ReleaseItem.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_release_is_what_was_accepted_at_one_moment_and_reviews_go_on_meanwhile(curator, lead, monkeypatch):
    traces = [accepted(curator, score=4) for _ in range(3)]
    Problem.objects.update(accepted_count=1)
    expected = freeze(lead).content_hash
    monkeypatch.setattr(freezing, "BATCH", 1)
    add, waited = Contents.add, []

    def reviewed_meanwhile(self, trace_ids):
        add(self, trace_ids)
        if not waited:
            with ThreadPoolExecutor(1) as pool:
                pool.submit(reject_all).result(timeout=30)

    def reject_all() -> None:
        try:
            for trace in traces:
                rejection = ReviewDraft(Decision.REJECT, reason="lucky")
                submit_review(reviewer=lead, trace=trace, draft=rejection, key=uuid.uuid4())
            waited.append(None)
        finally:
            connection.close()

    monkeypatch.setattr(Contents, "add", reviewed_meanwhile)
    assert freeze(lead).content_hash == expected
    assert waited == [None]
    with pytest.raises(ReleaseError, match="No accepted trace matches"):
        freeze(lead)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("breaking", ["add", "manifest"])
def test_one_whose_worker_breaks_leaves_nothing_and_is_frozen_later(curator, lead, monkeypatch, breaking):
    for _ in range(3):
        accepted(curator)
    job = plan_freezing(actor=lead, order=Order("First"), key=uuid.uuid4())

    def broken(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Contents, breaking, broken)
        with pytest.raises(KeyboardInterrupt):
            freeze_next(job_id=job.pk)
    assert (Release.objects.count(), ReleaseItem.objects.count()) == (0, 0)
    freeze_next(job_id=job.pk)
    job.refresh_from_db()
    assert job.release.content_hash == freeze(lead).content_hash


def test_a_full_disk_is_said_and_the_release_comes_later(curator, lead, monkeypatch):
    accepted(curator)
    job = plan_freezing(actor=lead, order=Order("First"), key=uuid.uuid4())

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Spool, "append_lines", full)
        freeze_next(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.claims, job.reason) == ("queued", 0, NO_SPACE)
    Freezing.objects.update(rung_at=Now() - timedelta(hours=1))
    monkeypatch.setattr(freezing, "free_bytes", lambda folder: job.space_needed - 1)
    assert lost_freezings() == []
    monkeypatch.setattr(freezing, "free_bytes", lambda folder: job.space_needed)
    assert lost_freezings() == [job.pk]
    freeze_next(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.reason) == ("finished", "")


def test_one_that_ends_its_worker_every_time_is_given_up(curator, lead):
    accepted(curator)
    job = plan_freezing(actor=lead, order=Order("First"), key=uuid.uuid4())
    Freezing.objects.update(claims=MOST_CLAIMS)
    freeze_next(job_id=job.pk)
    job.refresh_from_db()
    assert job.state == "failed"
    assert "Begun 5 times" in job.reason


def test_a_release_of_the_version_before_keeps_its_key(curator, lead):
    accepted(curator)
    key = uuid.uuid4()
    release = freeze(lead, key=key)
    Freezing.objects.all().delete()  # that version had none
    assert plan_freezing(actor=lead, order=Order("First"), key=key).release == release
    assert freeze(lead, key=key) == release
    assert Release.objects.count() == 1


def test_equal_content_has_an_equal_hash_and_can_be_reused(curator, lead):
    accepted(curator, score=3)
    first, again = freeze(lead), freeze(lead)
    assert (first.content_hash, first.pk != again.pk) == (again.content_hash, True)
    assert freeze(lead, reuse=True) == first
    accepted(curator)
    assert freeze(lead, reuse=True) not in (first, again)


def test_a_review_after_freezing_changes_a_new_release_but_not_the_old_one(curator, lead):
    trace = accepted(curator)
    first = freeze(lead)
    factories.make_review(trace=trace, reviewer=lead, score=1)
    assert freeze(lead).content_hash != first.content_hash
    assert first.items.get().score is None


def test_the_database_itself_refuses_to_change_a_release(curator, lead):
    accepted(curator)
    release = freeze(lead)
    for change in (
        lambda: Release.objects.filter(pk=release.pk).update(title="Other"),
        lambda: ReleaseItem.objects.filter(release=release).update(split="eval"),
        lambda: ReleaseItem.objects.filter(release=release).delete(),
    ):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            change()


def test_the_database_itself_keeps_a_trace_that_is_in_a_release(curator, lead):
    kept, other = accepted(curator), factories.make_trace()
    freeze(lead)
    assert released(Release.objects.get()) == [kept.pk]
    refused = pytest.raises(IntegrityError, match=f"trace {kept.pk} is in a release")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM trajectories_trace WHERE id = %s", [kept.pk])
    other.delete()
    assert list(Trace.objects.values_list("pk", flat=True)) == [kept.pk]


def test_freezing_is_audited(curator, lead):
    accepted(curator)
    release = freeze(lead)
    event = AuditEvent.objects.get(verb="release.freeze")
    assert (event.actor, event.object_id, event.data["sha256"]) == (lead, release.pk, release.content_hash)


def test_many_traces_are_frozen_in_few_queries(curator, lead, django_assert_max_num_queries):
    problem, run = factories.make_problem(), factories.make_run()
    for _ in range(20):
        accepted(curator, problem=problem, run=run)
    with django_assert_max_num_queries(36):  # most of them are the job's, whatever its size
        freeze(lead)


def test_hinted_traces_are_left_out_unless_asked_for(curator, lead):
    plain, hinted = accepted(curator), accepted(curator, hinted=True)
    release = freeze(lead)
    assert released(release) == [plain.pk]
    assert release.rule == {"version": 1}
    assert count_removed(Rule())[0]["hinted"] == 1
    both = freeze(lead, Rule(hinted="too"))
    assert set(released(both)) == {plain.pk, hinted.pk}
    assert both.rule["hinted"] == "too"
    only = freeze(lead, accepted_rule(Selection(hinted="only")))
    assert released(only) == [hinted.pk]
    assert only.rule["hinted"] == "only"


def test_one_that_is_cancelled_while_it_is_read_makes_no_release_and_can_be_tried_again(curator, lead, monkeypatch):
    trace = accepted(curator)
    job = plan_freezing(actor=lead, order=Order("Cancelled"), key=uuid.uuid4())
    read = Contents.manifest

    def cancelled(contents, rule):
        steer("freezing", CANCEL, actor=lead, job_id=job.pk)
        return read(contents, rule)

    monkeypatch.setattr(Contents, "manifest", cancelled)
    freeze_next(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.release) == ("cancelled", None)
    assert not Release.objects.exists()
    monkeypatch.setattr(Contents, "manifest", read)
    with pytest.raises(JobError, match="cancelled already"):
        steer("freezing", CANCEL, actor=lead, job_id=job.pk)
    retry_freezing(actor=lead, job_id=job.pk)
    freeze_next(job_id=job.pk)
    job.refresh_from_db()
    assert job.state == "finished"
    assert released(job.release) == [trace.pk]
    with pytest.raises(JobError, match="is finished; only a failed or cancelled one can be retried"):
        retry_freezing(actor=lead, job_id=job.pk)
