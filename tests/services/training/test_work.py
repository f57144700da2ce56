"""Trainings from the bell to the sampler, with a trainer that fails in every way."""

import errno
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F

from tests.trainings import ToldTrainer, make_release, make_training, write_outcome
from trajectories.adapters.training.base import TrainerError
from trajectories.models import AuditEvent, Sampler, Training
from trajectories.models.job_kinds import CANCEL, PAUSE, RESUME
from trajectories.selectors.disk import NO_SPACE
from trajectories.services.endpoints.artefacts import ArtefactError, artefact_file
from trajectories.services.endpoints.samplers import ensure_symbolic
from trajectories.services.jobs import ringers
from trajectories.services.jobs.leases import LEASE, MOST_CLAIMS, claim_job
from trajectories.services.jobs.steering import steer
from trajectories.services.training import reports, work
from trajectories.services.training.planning import TrainingError, attach_sampler, retry_training
from trajectories.services.training.work import GIVEN_UP, lost_trainings, train_next, training_folder
from webapp.database import broker_settings

pytestmark = pytest.mark.django_db


@pytest.fixture
def told(monkeypatch):
    """A training by a trainer that is told what to do; `told(act)` does it and gives the training as it is then."""
    monkeypatch.setattr(reports, "SECONDS", 0.0)

    def do(act, **values):
        trainer = ToldTrainer(act).install(monkeypatch)
        training = make_training(make_release(3), trainer="told", **values)
        train_next(job_id=training.pk)
        training.refresh_from_db()
        training.calls = trainer.calls
        return training

    return do


def test_a_training_makes_a_sampler_of_its_release(told):
    def act(task, report):
        report.note("Going on")
        for step in range(3):
            report.progress(step + 1, 3, "steps")
            report.point(step, loss=1.0 / (step + 1))
        report.point(2, loss=0.25, accuracy=0.5)
        return write_outcome(task, facts={"told": True}, sampler_parameters={"work": 7})

    base = ensure_symbolic()
    training = told(act, base=base)
    assert (training.state, training.reason, training.note) == ("finished", "", "")
    assert (training.done_count, training.total_count, training.unit) == (3, 3, "steps")
    assert [(point.step, point.values) for point in training.points.order_by("step")] == [
        (0, {"loss": 1.0}),
        (1, {"loss": 0.5}),
        (2, {"loss": 0.25, "accuracy": 0.5}),
    ]
    sampler = training.sampler
    assert (sampler.kind, sampler.parent, sampler.artefact) == ("symbolic", base, training.artefact)
    assert (sampler.parameters, training.facts["told"]) == ({"work": 7}, True)
    assert training.facts["rests_on"]["sentence"] == (
        "Rests on what people accepted; of 3 taken, 3 are right by a reference."
    )
    assert artefact_file(training.artefact).read_text() == '{"lessons": 3}'
    assert training.artefact.byte_size == 14
    assert not training_folder(training.pk).exists()
    verbs = AuditEvent.objects.filter(object_type="training", object_id=training.pk).order_by("pk")
    assert [event.verb for event in verbs] == ["training.request", "training.finished"]


def test_a_bell_that_comes_again_trains_nothing_twice(told):
    training = told(lambda task, report: write_outcome(task))
    assert not train_next(job_id=training.pk)
    assert len(training.calls) == 1
    assert Sampler.objects.filter(training=training).count() == 1


def test_while_one_worker_trains_nobody_else_does(monkeypatch):
    """The broker hands a bell out again after its visibility timeout, however long the training takes."""
    seen = []

    def act(task, report):
        seen.append(train_next(job_id=training.pk))
        return write_outcome(task)

    trainer = ToldTrainer(act).install(monkeypatch)
    training = make_training(make_release(2), trainer="told")
    assert train_next(job_id=training.pk)
    assert (seen, len(trainer.calls)) == ([False], 1)


class StoppedClock:
    """In the place of the thread that keeps a lease: time passes, and the lease is renewed, when the test says so."""

    def __init__(self, renew, seconds) -> None:
        self.renew, self.seconds = renew, seconds
        StoppedClock.newest = self

    def __enter__(self) -> "StoppedClock":
        return self

    def __exit__(self, *_) -> None:
        pass

    def pass_by(self, seconds, *, beating=True) -> None:
        for _ in range(round(seconds / self.seconds)):
            Training.objects.update(lease_expires_at=F("lease_expires_at") - timedelta(seconds=self.seconds))
            Training.objects.update(rung_at=F("rung_at") - timedelta(seconds=self.seconds))
            if beating:
                assert self.renew()


def test_a_bell_that_comes_again_after_the_broker_s_hour_finds_the_lease_held(monkeypatch):
    hour = broker_settings(connection.settings_dict)["visibility_timeout"]
    seen = []

    def act(task, report):
        for _ in range(3):
            StoppedClock.newest.pass_by(hour + 60)
            seen.append((train_next(job_id=training.pk), lost_trainings()))
        return write_outcome(task)

    monkeypatch.setattr(work, "KeptLease", StoppedClock)
    trainer = ToldTrainer(act).install(monkeypatch)
    training = make_training(make_release(2), trainer="told")
    assert train_next(job_id=training.pk)
    assert (seen, len(trainer.calls)) == ([(False, [])] * 3, 1)
    assert Sampler.objects.filter(name=f"training-{training.pk}").count() == 1


def test_a_worker_that_renews_no_more_is_followed_and_its_own_end_makes_nothing(monkeypatch, tmp_path):
    def act(task, report):
        first, outcome = len(trainer.calls) == 1, write_outcome(task)
        if first:
            kept = outcome.artefact.with_name("kept")
            outcome.artefact.rename(kept)
            StoppedClock.newest.pass_by(240, beating=False)
            assert lost_trainings() == [training.pk]
            elsewhere = tmp_path / "elsewhere"  # its folder is on another machine
            monkeypatch.setattr(work, "training_folder", lambda _: elsewhere)
            assert train_next(job_id=training.pk), "another worker takes it over and comes to an end"
            kept.rename(outcome.artefact)
        return outcome

    monkeypatch.setattr(work, "KeptLease", StoppedClock)
    trainer = ToldTrainer(act).install(monkeypatch)
    training = make_training(make_release(2), trainer="told")
    assert not train_next(job_id=training.pk)
    training.refresh_from_db()
    assert (training.state, len(trainer.calls)) == ("finished", 2)
    assert Sampler.objects.filter(name=f"training-{training.pk}").count() == 1


def test_a_worker_that_was_killed_is_followed_by_another_that_finds_its_folder(monkeypatch, settings):
    def act(task, report):
        kept = task.folder / "checkpoint"
        if not kept.exists():
            kept.write_text("7")
            raise KeyboardInterrupt  # what ends a worker in the middle of it
        assert kept.read_text() == "7"
        return write_outcome(task)

    trainer = ToldTrainer(act).install(monkeypatch)
    training = make_training(make_release(2), trainer="told")
    with pytest.raises(KeyboardInterrupt):
        train_next(job_id=training.pk)
    training.refresh_from_db()
    assert (training.state, training.claims, training.sampler) == ("running", 1, None)
    train_next(job_id=training.pk)
    training.refresh_from_db()
    assert (training.state, len(trainer.calls)) == ("finished", 2)


def test_one_that_kills_its_worker_again_and_again_is_given_up(told):
    training = make_training(make_release(2))
    Training.objects.filter(pk=training.pk).update(claims=MOST_CLAIMS)
    assert train_next(job_id=training.pk)
    training.refresh_from_db()
    assert (training.state, training.reason) == ("failed", GIVEN_UP)


@pytest.mark.parametrize("ahead", [True, False])
def test_claims_count_until_it_comes_farther_than_ever(monkeypatch, ahead):
    """A training of days outlives any number of restarts; one that dies in the same place each time does not."""

    def act(task, report):
        step = len(trainer.calls)
        report.point(step if ahead else 1, loss=1.0)
        report.flush()
        if step == MOST_CLAIMS + 2 and ahead:
            return write_outcome(task)
        raise KeyboardInterrupt

    trainer = ToldTrainer(act).install(monkeypatch)
    training = make_training(make_release(2), trainer="told")
    for _ in range(MOST_CLAIMS + 1):
        with pytest.raises(KeyboardInterrupt):
            train_next(job_id=training.pk)
    train_next(job_id=training.pk)
    training.refresh_from_db()
    assert (training.state, training.reason) == (("finished", "") if ahead else ("failed", GIVEN_UP))


@pytest.mark.parametrize(
    ("fault", "told_as"),
    [
        (
            TrainerError("The base folder has no tokenizer; expected tokenizer.json."),
            "The base folder has no tokenizer",
        ),
        (MemoryError(), "needed more memory"),
    ],
)
def test_what_goes_wrong_is_one_sentence(told, fault, told_as):
    def act(task, report):
        raise fault

    training = told(act)
    assert training.state == "failed"
    assert told_as in training.reason
    assert training.finished_at is not None


def test_a_loss_that_is_no_number_ends_the_training(told):
    training = told(lambda task, report: report.point(4, eval_loss=float("nan")))
    assert (training.state, training.reason) == ("failed", "The eval loss at step 4 was nan; expected a number.")


def test_a_training_that_does_not_end_is_stopped(told, settings):
    settings.TRAINING_HOURS = 0

    def act(task, report):
        while True:
            report.check()

    assert told(act).reason == "The training had not ended after 0 hours (TRAINING_HOURS) and was stopped."


class Hours:
    """In the place of the clock by which trainings are timed: it goes on when the test says so."""

    def __init__(self, monkeypatch) -> None:
        self.seconds = 0.0
        monkeypatch.setattr(reports, "time", self)

    def monotonic(self) -> float:
        return self.seconds

    def go_on(self, hours: float) -> None:
        self.seconds += hours * 3600


def test_a_training_that_says_nothing_is_ended_by_the_beat_of_its_lease(monkeypatch):
    clock = Hours(monkeypatch)
    monkeypatch.setattr(work, "KeptLease", StoppedClock)
    states = []

    def act(task, report):
        for hours in (47, 2):
            clock.go_on(hours)
            states.append((StoppedClock.newest.renew(), Training.objects.get().state))
        return write_outcome(task)

    ToldTrainer(act).install(monkeypatch)
    training = make_training(make_release(2), trainer="told")
    assert not train_next(job_id=training.pk)
    training.refresh_from_db()
    assert states == [(True, "running"), (False, "failed")]
    assert training.reason == "The training had not ended after 48 hours (TRAINING_HOURS) and was stopped."
    assert (training.sampler, training.lease_token) == (None, None), "what it makes too late is not used"


def test_the_time_of_a_training_is_counted_over_all_that_began_it_but_not_while_it_is_paused(monkeypatch, lead):
    clock = Hours(monkeypatch)
    monkeypatch.setattr(work, "KeptLease", StoppedClock)

    def act(task, report):
        clock.go_on(20)
        if not StoppedClock.newest.renew():
            return write_outcome(task)
        raise KeyboardInterrupt  # what ends a worker in the middle of it

    trainer = ToldTrainer(act).install(monkeypatch)
    training = make_training(make_release(2), trainer="told")
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            train_next(job_id=training.pk)
    steer("training", PAUSE, actor=lead, job_id=training.pk)
    clock.go_on(100)
    steer("training", RESUME, actor=lead, job_id=training.pk)
    training.refresh_from_db()
    assert (training.state, training.worked_seconds) == ("queued", 40 * 3600)
    train_next(job_id=training.pk)
    training.refresh_from_db()
    assert (training.state, len(trainer.calls)) == ("failed", 3)
    retry_training(actor=lead, job_id=training.pk)
    training.refresh_from_db()
    assert (training.state, training.worked_seconds) == ("queued", 0)


def test_a_full_disk_keeps_it_waiting(told):
    def act(task, report):
        raise OSError(errno.ENOSPC, "No space left on device")

    training = told(act)
    assert (training.state, training.reason, training.claims) == ("queued", NO_SPACE, 0)
    assert training.space_needed > 0
    Training.objects.update(rung_at="2020-01-01T00:00Z", space_needed=2**60)
    assert lost_trainings() == []
    Training.objects.update(space_needed=1)
    assert lost_trainings() == [training.pk]


def test_a_worker_that_lacks_the_trainer_says_so_and_leaves_it(monkeypatch):
    trainer = ToldTrainer(write_outcome).install(monkeypatch)
    monkeypatch.setattr(trainer, "missing", lambda: "torch is not installed.", raising=False)
    training = make_training(make_release(2), trainer="told")
    train_next(job_id=training.pk)
    training.refresh_from_db()
    assert (training.state, trainer.calls) == ("paused", [])
    assert training.reason.endswith("cannot do this training: torch is not installed.")


@pytest.mark.parametrize(("verb", "state"), [(PAUSE, "paused"), (CANCEL, "cancelled")])
def test_somebody_who_stops_it_is_heeded(told, lead, verb, state):
    def act(task, report):
        steer("training", verb, actor=lead, job_id=Training.objects.get().pk)
        report.check()
        raise AssertionError("it went on")

    training = told(act)
    assert (training.state, training.sampler) == (state, None)


def test_a_lease_lost_at_the_last_moment_makes_no_sampler(told):
    def act(task, report):
        outcome = write_outcome(task)
        report.flush = lambda: Training.objects.update(lease_token=uuid.uuid4())
        return outcome

    training = told(act)
    assert (training.state, training.sampler, Sampler.objects.filter(name__startswith="training-").count()) == (
        "running",
        None,
        0,
    )


def test_a_package_for_another_machine_waits_for_its_sampler(told, lead):
    training = told(lambda task, report: write_outcome(task, sampler_kind=""))
    assert (training.state, training.sampler, training.finished_at) == ("waiting", None, None)
    made = ensure_symbolic()
    attach_sampler(by=lead, training_id=training.pk, sampler=made)
    training.refresh_from_db()
    assert (training.state, training.sampler) == ("finished", made)
    with pytest.raises(TrainingError, match="only one that waits"):
        attach_sampler(by=lead, training_id=training.pk, sampler=made)


def test_the_job_that_waits_for_it_is_rung_for(told, monkeypatch, django_capture_on_commit_callbacks):
    rung = []
    monkeypatch.setitem(ringers._ringers, "run", rung.append)
    parent = make_training(make_release(2))  # any job will do
    parent.job_kind = type("Kind", (), {"word": "run"})()
    with django_capture_on_commit_callbacks(execute=True):
        training = told(lambda task, report: write_outcome(task), parent_job=parent)
    assert (training.parent_kind, training.parent_id, rung) == ("run", parent.pk, [parent.pk])
    with django_capture_on_commit_callbacks(execute=True):
        other = make_training(training.release, parent_job=parent)
        steer("training", CANCEL, actor=None, job_id=other.pk)
    assert rung == [parent.pk] * 2


def test_one_that_was_paused_goes_on_at_once(told, lead):
    training = make_training(make_release(2))
    claim_job(Training.objects.filter(pk=training.pk), uuid.uuid4(), state="running")
    steer("training", PAUSE, actor=lead, job_id=training.pk)
    steer("training", RESUME, actor=lead, job_id=training.pk)
    assert train_next(job_id=training.pk)
    assert LEASE.total_seconds() > work.BEAT_SECONDS * 3, "a lease outlives some beats that were missed"


def test_a_file_that_was_changed_after_its_training_is_not_used(told, settings):
    training = told(lambda task, report: write_outcome(task))
    path = artefact_file(training.artefact)
    path.write_text('{"lessons": 4}')
    with pytest.raises(ArtefactError, match="it was changed after its training"):
        artefact_file(training.artefact)
    path.unlink()
    with pytest.raises(ArtefactError, match="put it back, or train again"):
        artefact_file(training.artefact)
