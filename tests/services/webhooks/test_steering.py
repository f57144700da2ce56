"""Making and steering webhooks."""

import pytest

from tests.receiver import allow
from trajectories.core.faults import Fault
from trajectories.models import AuditEvent, Webhook
from trajectories.services.webhooks import steering
from trajectories.services.webhooks.steering import (
    change_webhook,
    make_webhook,
    pause_webhook,
    remove_webhook,
    renew_secret,
    resume_webhook,
    send_test,
)

pytestmark = pytest.mark.django_db
GOOD = {"title": "Team", "address": "https://hooks.example.org/a", "events": ["run.ended"]}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"address": "https://hooks.example.org/a?token=x"}, "address"),
        ({"address": "http://192.168.0.7/a"}, "address"),
        ({"address": "http://localhost/a"}, "address"),
        ({"address": "nothing"}, "address"),
        ({"address": "https://a.org/" + "a" * 500}, "address"),
        ({"events": []}, "events"),
        ({"events": ["run.ended", "webhook.test"]}, "events"),
    ],
)
def test_what_is_no_webhook_is_refused_with_its_field(changes, field, lead, settings):
    allow(settings, "")
    webhook, _ = make_webhook(actor=lead, **GOOD)
    with pytest.raises(Fault) as made:
        make_webhook(actor=lead, **GOOD | changes)
    with pytest.raises(Fault) as changed:
        change_webhook(actor=lead, webhook=webhook, **GOOD | changes)
    assert made.value.field == changed.value.field == field
    assert Webhook.objects.get().address == GOOD["address"]


def test_every_change_is_in_the_audit_log_and_no_op_is_not(lead, monkeypatch):
    webhook, _ = make_webhook(actor=lead, **GOOD)
    change_webhook(actor=lead, webhook=webhook, **GOOD)
    change_webhook(actor=lead, webhook=webhook, **GOOD | {"title": "Us"})
    assert [pause_webhook(actor=lead, webhook=webhook) for _ in range(2)] == [True, False]
    assert [resume_webhook(actor=lead, webhook=webhook) for _ in range(2)] == [True, False]
    renew_secret(actor=lead, webhook=webhook)
    send_test(actor=lead, webhook=webhook)
    assert [remove_webhook(actor=lead, webhook=webhook) for _ in range(2)] == [True, False]
    for act in (renew_secret, send_test, resume_webhook):
        with pytest.raises(Fault, match="removed"):
            act(actor=lead, webhook=webhook)
    verbs = AuditEvent.objects.filter(object_type="webhook").order_by("pk").values_list("verb", flat=True)
    told = ["made", "changed", "paused", "resumed", "secret_renewed", "tested", "removed"]
    assert list(verbs) == [f"webhook.{word}" for word in told]
    assert Webhook.objects.get().salt == ""
    monkeypatch.setattr(steering, "MOST_WEBHOOKS", 0)
    with pytest.raises(Fault, match="Remove one first"):
        make_webhook(actor=lead, **GOOD)
