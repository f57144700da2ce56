"""Events are written where they happen, and each arrives, however often the receiver or a worker fails."""

import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.utils import timezone

from tests import factories
from tests.jobs import make_job
from tests.queues import item_of, make_traces, queue_of
from tests.receiver import allow, receiving
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.core.records import Usage
from trajectories.models import Assignment, AuditEvent, Queue, Run, Training, Webhook, WebhookEvent, WebhookMessage
from trajectories.services.campaigns.steering import cancel_campaign, pause_campaign, resume_campaign
from trajectories.services.curation.finishing import note_finished_queues
from trajectories.services.curation.reviews import submit_review
from trajectories.services.jobs.endings import tell_parent
from trajectories.services.jobs.outbox import announce
from trajectories.services.jobs.steering import steer
from trajectories.services.releases.freezing import freeze_accepted
from trajectories.services.runs.lifecycle import cancel_run, pause_run, resume_run, settle_run
from trajectories.services.spending.alerts import note_alerts
from trajectories.services.spending.ledger import Payer, book
from trajectories.services.spending.limits import set_limit
from trajectories.services.webhooks import sending
from trajectories.services.webhooks.secrets import secret_of
from trajectories.services.webhooks.sending import forget_events, lost_messages, send_message
from trajectories.services.webhooks.steering import (
    make_webhook,
    pause_webhook,
    remove_webhook,
    renew_secret,
    resume_webhook,
    send_again,
    send_test,
)
from trajectories.tasks import webhooks as tasks

pytestmark = pytest.mark.django_db
EVERY = [kind.value for kind in WebhookEvent.Kind if kind != "webhook.test"]


@pytest.fixture
def receiver(settings):
    allow(settings, "loopback")
    with receiving() as found:
        yield found


@pytest.fixture
def hook(receiver, lead):
    """A webhook that is told of everything, and its secret."""
    return make_webhook(actor=lead, title="Team", address=receiver.url, events=EVERY)


def waiting():
    return list(WebhookMessage.objects.filter(state="waiting").order_by("pk"))


def send_all():
    return [send_message(message_id=message.pk) for message in waiting()]


def make_due(message, **changes):
    """Let time pass, as far as a message is concerned."""
    past = timezone.now() - timedelta(seconds=1)
    WebhookMessage.objects.filter(pk=message.pk).update(**{"due_at": past, **changes})


def test_what_happens_is_told_signed_with_ids_and_counts(receiver, hook, lead, curator):
    """Each kind of event by what makes it, as the library of the specification reads it."""
    _, secret = hook
    run = factories.plan(actor=lead, title="The run")
    pause_run(actor=lead, run=run, reason="Lunch.")
    resume_run(actor=lead, run=run)
    cancel_run(actor=lead, run=run)
    ended = factories.make_run(state="running", planned_count=1, done_count=1, verified_count=1)
    settle_run(run_id=ended.pk)
    traces = make_traces(2)
    queue = queue_of(lead, traces)
    assert note_finished_queues() == []
    Assignment.objects.filter(queue=queue).update(
        state="done", reviewer=curator, decided_at=timezone.now(), token=uuid.uuid4()
    )
    assert (note_finished_queues(), note_finished_queues()) == ([queue.pk], [])
    sampler = factories.make_sampler(kind="chat")
    set_limit(actor=lead, scope="all", amount=Decimal(10))
    book(payer=Payer("run", 1, sampler.pk, None), usage=Usage(1, 0, 0, 1), cost=Decimal("8.5"))
    note_alerts()
    note_alerts()
    assert all(send_all())
    told = [request.verified(secret) for request in receiver.received]
    assert [(each["type"], each["data"]["id"]) for each in told] == [
        ("run.paused", run.pk),
        ("run.ended", run.pk),
        ("run.ended", ended.pk),
        ("queue.done", queue.pk),
        ("budget.low", told[4]["data"]["id"]),
    ]
    paused, cancelled, finished, done, low = (each["data"] for each in told)
    assert (paused["reason"], paused["page"], paused["planned"]) == ("Lunch.", f"/runs/{run.pk}/", 2)
    assert (cancelled["state"], cancelled["cancelled"], finished["state"]) == ("cancelled", 2, "finished")
    assert (done["items"], done["reviews"], done["page"]) == (2, 2, f"/queues/{queue.pk}/")
    assert (low["level"], low["spent"], low["amount"]) == ("warning", "8.50000000", "10.000000")
    assert len({request.headers["webhook-id"] for request in receiver.received}) == 5


def test_campaigns_and_trainings_are_told(receiver, hook, lead):
    campaign, training, other = make_job("campaign"), make_job("training"), make_job("training")
    pause_campaign(actor=lead, job_id=campaign.pk)
    resume_campaign(actor=lead, job_id=campaign.pk)
    cancel_campaign(actor=lead, job_id=campaign.pk)
    Training.objects.filter(pk=training.pk).update(state="waiting")
    with transaction.atomic():
        tell_parent(training)
    steer("training", "cancel", actor=lead, job_id=other.pk)
    assert all(send_all())
    told = [request.verified(hook[1]) for request in receiver.received]
    assert [(each["type"], each["data"]["id"], each["data"]["state"]) for each in told] == [
        ("campaign.paused", campaign.pk, "paused"),
        ("campaign.ended", campaign.pk, "cancelled"),
        ("training.waiting", training.pk, "waiting"),
        ("training.ended", other.pk, "cancelled"),
    ]
    assert told[0]["data"]["page"] == f"/campaigns/{campaign.pk}/"
    assert (told[0]["data"]["generations"], told[2]["data"]["title"]) == (2, "A training")


def test_a_frozen_release_is_told(receiver, hook, lead):
    trace = factories.make_trace(correctness="pass")
    submit_review(reviewer=lead, trace=trace, draft=ReviewDraft(Decision.ACCEPT), key=uuid.uuid4())
    release = freeze_accepted(actor=lead, title="First", key=uuid.uuid4())
    assert send_all() == [True]
    told = receiver.received[0].verified(hook[1])
    assert told["type"] == "release.frozen"
    assert told["data"]["sha256"] == release.content_hash


def test_an_event_is_written_with_what_it_reports_or_not_at_all(
    hook, lead, django_capture_on_commit_callbacks, monkeypatch
):
    rung = []
    monkeypatch.setattr(tasks.send_webhook, "delay", rung.append)
    run = factories.make_run(state="running", planned_count=1, done_count=1, verified_count=1)
    with transaction.atomic():
        assert settle_run(run_id=run.pk)
        assert WebhookMessage.objects.count() == 1
        transaction.set_rollback(True)
    assert not WebhookEvent.objects.exists()
    assert Run.objects.get(pk=run.pk).state == "running"
    with django_capture_on_commit_callbacks(execute=True):
        settle_run(run_id=run.pk)
    assert rung == [WebhookMessage.objects.get().pk]


@pytest.mark.django_db(transaction=True)
def test_an_event_outside_a_transaction_is_refused():
    assert not connection.in_atomic_block
    with pytest.raises(RuntimeError, match="no transaction"):
        announce(WebhookEvent.Kind.RUN_ENDED, {})


def test_only_who_listens_is_told(receiver, lead):
    make_webhook(actor=lead, title="Releases", address=receiver.url, events=["release.frozen"])
    gone, _ = make_webhook(actor=lead, title="Gone", address=receiver.url, events=EVERY)
    remove_webhook(actor=lead, webhook=gone)
    factories.plan(actor=lead)
    cancel_run(actor=lead, run=Run.objects.get())
    assert not WebhookEvent.objects.exists()


def test_a_message_is_sent_again_with_the_same_id_until_it_arrives(receiver, hook, lead):
    webhook, secret = hook
    receiver.answers += [(500, {}), (503, {"Retry-After": "900"})]
    send_test(actor=lead, webhook=webhook)
    (message,) = waiting()
    assert send_all() == [True]
    assert send_all() == [False]  # not due before five seconds are over
    assert lost_messages() == []
    webhook.refresh_from_db()
    assert webhook.failing_since is not None
    make_due(message)
    assert send_all() == [True]
    message.refresh_from_db()
    assert (message.due_at - timezone.now()) > timedelta(seconds=890)
    make_due(message, rung_at=timezone.now() - timedelta(minutes=1))
    assert lost_messages() == [message.pk]
    assert send_all() == [True]
    message.refresh_from_db()
    assert (message.state, [each["status"] for each in message.tries]) == ("arrived", [500, 503, 204])
    assert {request.headers["webhook-id"] for request in receiver.received} == {message.event.message_id}
    assert len({request.body for request in receiver.received}) == 1
    assert receiver.received[-1].verified(secret)["type"] == "webhook.test"
    webhook.refresh_from_db()
    assert webhook.failing_since is None
    assert not send_message(message_id=message.pk)


def test_a_worker_that_is_killed_at_it_loses_nothing(receiver, hook, lead, monkeypatch):
    send_test(actor=lead, webhook=hook[0])
    (message,) = waiting()

    def killed(*_):
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(sending, "_keep", killed)
        with pytest.raises(SystemExit):
            send_message(message_id=message.pk)
    assert send_all() == [False]  # its lease holds
    past = timezone.now() - timedelta(minutes=2)
    make_due(message, lease_expires_at=past, rung_at=past)
    assert lost_messages() == [message.pk]
    assert send_all() == [True]
    assert len({request.headers["webhook-id"] for request in receiver.received}) == 1
    assert len(receiver.received) == 2


def test_a_receiver_that_is_dead_for_days_is_paused_with_a_sentence(receiver, hook, lead):
    webhook, _ = hook
    send_test(actor=lead, webhook=webhook)
    send_test(actor=lead, webhook=webhook)
    first, second = waiting()
    receiver.answers += [(500, {})] * (len(sending.WAITS) + 1)
    for number in range(len(sending.WAITS)):
        make_due(first)
        assert send_message(message_id=first.pk)
        first.refresh_from_db()
        assert first.failures == number + 1
    # The other one waits meanwhile, however long the first has to.
    assert not send_message(message_id=second.pk)
    second.refresh_from_db()
    assert timedelta(0) < second.due_at - timezone.now() <= sending.OTHERS_WAIT
    Webhook.objects.filter(pk=webhook.pk).update(failing_since=timezone.now() - timedelta(days=3, minutes=1))
    make_due(first)
    assert send_message(message_id=first.pk)
    first.refresh_from_db()
    webhook.refresh_from_db()
    assert first.state == "failed"
    assert webhook.paused_at is not None
    assert "Nothing has arrived there since" in webhook.pause_reason
    assert webhook.pause_reason.endswith("The receiver answered 500, expected 200 to 299.")
    assert AuditEvent.objects.get(verb="webhook.paused").actor is None
    make_due(second, rung_at=timezone.now() - timedelta(minutes=1))
    assert (lost_messages(), send_message(message_id=second.pk)) == ([], False)
    assert resume_webhook(actor=lead, webhook=webhook)
    assert send_all() == [True]
    second.refresh_from_db()
    assert second.state == "arrived"


@pytest.mark.parametrize("why", ["gone", "address", "key"])
def test_where_nothing_can_arrive_nothing_is_tried_for_days(why, receiver, hook, lead, settings):
    webhook, _ = hook
    send_test(actor=lead, webhook=webhook)
    if why == "gone":
        receiver.answers.append((410, {}))
    elif why == "address":
        allow(settings, "")
    else:
        settings.SECRET_KEY = "another one, of another installation"
    send_all()
    webhook.refresh_from_db()
    expected = {"gone": "gone for good", "address": "not a public address", "key": "SECRET_KEY is not the one"}[why]
    assert expected in webhook.pause_reason
    assert len(receiver.received) == (why == "gone")
    assert [message.state for message in waiting()] == ["waiting"]
    if why == "key":
        secret = renew_secret(actor=lead, webhook=webhook)
        assert resume_webhook(actor=lead, webhook=webhook)
        assert send_all() == [True]
        assert receiver.received[0].verified(secret)
        assert receiver.received[0].headers["webhook-signature"].count("v1,") == 1


def test_what_happens_while_it_is_paused_waits(receiver, hook, lead):
    webhook, _ = hook
    assert pause_webhook(actor=lead, webhook=webhook)
    factories.plan(actor=lead)
    cancel_run(actor=lead, run=Run.objects.get())
    assert send_all() == [False]
    assert resume_webhook(actor=lead, webhook=webhook)
    assert send_all() == [True]
    assert len(receiver.received) == 1


def run_out(webhook, *, of=0):
    """Let the oldest of the earlier secrets, or another one, have signed for its day."""
    webhook.refresh_from_db()
    webhook.earlier_salts[of]["until"] = (timezone.now() - timedelta(seconds=1)).isoformat()
    webhook.save(update_fields=["earlier_salts"])


def test_every_secret_of_the_last_day_signs(receiver, hook, lead):
    """Who makes a second new secret before the receiver has the first one loses no message."""
    webhook, first = hook
    second, third = (renew_secret(actor=lead, webhook=webhook) for _ in range(2))
    send_test(actor=lead, webhook=webhook)
    send_all()
    run_out(webhook)
    send_test(actor=lead, webhook=webhook)
    send_all()
    all_three, two = receiver.received
    assert all_three.verified(first) == all_three.verified(second) == all_three.verified(third)
    assert two.verified(second) == two.verified(third)
    assert two.headers["webhook-signature"].count("v1,") == 2
    renew_secret(actor=lead, webhook=webhook)
    webhook.refresh_from_db()
    assert [secret_of(each["salt"]) for each in webhook.earlier_salts] == [second, third]


def test_both_secrets_sign_for_a_day_and_none_is_stored(receiver, hook, lead):
    webhook, old = hook
    new = renew_secret(actor=lead, webhook=webhook)
    send_test(actor=lead, webhook=webhook)
    send_all()
    run_out(webhook)
    send_test(actor=lead, webhook=webhook)
    send_all()
    both, alone = receiver.received
    assert both.verified(old) == both.verified(new)
    assert alone.headers["webhook-signature"].count("v1,") == 1
    assert alone.verified(new)
    tables = (Webhook, AuditEvent, WebhookEvent)
    kept = [str(value) for model in tables for row in model.objects.values_list() for value in row]
    assert not any(secret[6:] in value for value in kept for secret in (old, new))
    assert secret_of(Webhook.objects.get().salt) == new


def test_a_message_can_be_sent_again_by_a_person(receiver, hook, lead):
    send_test(actor=lead, webhook=hook[0])
    send_all()
    message = WebhookMessage.objects.get()
    send_again(actor=lead, message=message)
    assert send_all() == [True]
    message.refresh_from_db()
    assert (message.state, len(message.tries), len(receiver.received)) == ("arrived", 2, 2)


def test_old_events_are_forgotten_with_their_messages(hook, lead):
    for _ in range(2):
        send_test(actor=lead, webhook=hook[0])
    newest = WebhookEvent.objects.order_by("pk").last()
    WebhookEvent.objects.exclude(pk=newest.pk).update(created_at=timezone.now() - timedelta(days=31))
    assert forget_events() == 1
    assert WebhookMessage.objects.get().event == newest


def test_a_live_queue_is_told_of_each_time_it_is_done(hook, lead, curator):
    queue = queue_of(lead, make_traces(1))
    item_of(queue, queue.items.get().trace)
    done = {"state": "done", "reviewer": curator, "decided_at": timezone.now()}
    Assignment.objects.filter(queue=queue).update(**done)
    assert note_finished_queues() == [queue.pk]
    Queue.objects.filter(pk=queue.pk).update(review_count=2)
    assert note_finished_queues() == [queue.pk]
    assert [message.event.data["reviews"] for message in waiting()] == [1, 2]
