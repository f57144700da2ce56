"""The pages of webhooks."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.pages import squeezed
from tests.receiver import allow, receiving
from trajectories.models import AuditEvent, Webhook, WebhookMessage
from trajectories.services.webhooks.secrets import secret_of, secrets_of
from trajectories.services.webhooks.sending import send_message
from trajectories.services.webhooks.steering import MOST_SECRETS, make_webhook, renew_secret

pytestmark = pytest.mark.django_db
FORM = {"title": "Team", "address": "https://hooks.example.org/a", "events": ["run.ended"]}


def secrets_in(response):
    return re.findall(r"whsec_[\w+/]+=", squeezed(response))


def test_a_webhook_is_made_and_its_secret_shown_this_once(client, lead):
    client.force_login(lead)
    made = client.post(reverse("webhook_list"), FORM)
    webhook = Webhook.objects.get()
    page = reverse("webhook_detail", args=[webhook.pk])
    assert made.url == page
    assert secrets_in(client.get(page)) == [secret_of(webhook.salt)]
    for address in (reverse("webhook_list"), page):
        response = client.get(address)
        assert "whsec_" not in squeezed(response)
        assert "no-store" in response["Cache-Control"]
        assert "Team" in squeezed(response)
    renewed = client.post(reverse("webhook_secret", args=[webhook.pk]), follow=True)
    old, webhook = secret_of(webhook.salt), Webhook.objects.get()
    assert secrets_in(renewed) == [secret_of(webhook.salt)] != [old]
    assert "Messages are signed with the secret before, too, until" in squeezed(renewed)


def test_a_form_that_is_sent_twice_makes_one_webhook_and_one_secret(client, lead):
    """Both answers lead to the same secret: a browser shows that to the second of two clicks only."""
    client.force_login(lead)
    for _ in range(2):
        client.post(reverse("webhook_list"), {**FORM, "form_key": "a"})
    webhook = Webhook.objects.get()
    page = reverse("webhook_detail", args=[webhook.pk])
    (first,) = secrets_in(client.get(page))
    for _ in range(2):
        client.post(reverse("webhook_secret", args=[webhook.pk]), {"form_key": "b"})
    (second,) = secrets_in(client.get(page))
    webhook.refresh_from_db()
    assert secrets_of(webhook, now=timezone.now()) == [second, first]
    assert AuditEvent.objects.filter(verb="webhook.secret_renewed").count() == 1
    client.post(reverse("webhook_secret", args=[webhook.pk]), {"form_key": "c"})
    client.post(reverse("webhook_secret", args=[webhook.pk]), {"form_key": "b"})
    assert secrets_in(client.get(page)) == []  # it is not the newest any more


def test_a_secret_that_is_none_of_ours_is_not_shown(client, lead):
    client.force_login(lead)
    webhook, _ = make_webhook(actor=lead, **FORM)
    client.cookies["shown_once"] = "whsec_AAAA="
    assert "whsec_" not in squeezed(client.get(reverse("webhook_detail", args=[webhook.pk])))
    client.cookies["shown_once"] = "mc_AAAA"
    assert "mc_AAAA" not in squeezed(client.get(reverse("api_tokens")))


def test_no_more_secrets_are_made_than_may_sign(client, lead):
    client.force_login(lead)
    webhook, _ = make_webhook(actor=lead, **FORM)
    for _ in range(MOST_SECRETS - 1):
        renew_secret(actor=lead, webhook=webhook)
    refused = client.post(reverse("webhook_secret", args=[webhook.pk]), {"form_key": "a"}, follow=True)
    assert "Found 10 secrets that sign" in squeezed(refused)
    assert len(secrets_of(Webhook.objects.get(), now=timezone.now())) == MOST_SECRETS


def test_what_is_wrong_is_said_beside_its_field(client, lead, settings):
    allow(settings, "")
    client.force_login(lead)
    response = client.post(reverse("webhook_list"), {**FORM, "address": "http://127.0.0.1/x", "events": []})
    assert response.status_code == 422
    assert "Found nothing" in squeezed(response)
    response = client.post(reverse("webhook_list"), {**FORM, "address": "http://127.0.0.1/x"})
    assert response.status_code == 422
    assert "127.0.0.1 is not a public address" in squeezed(response)
    assert not Webhook.objects.exists()


def test_a_test_is_sent_shown_and_sent_again(client, lead, settings):
    allow(settings, "loopback")
    client.force_login(lead)
    with receiving() as receiver:
        webhook, secret = make_webhook(actor=lead, title="Team", address=receiver.url, events=["run.ended"])
        page = reverse("webhook_detail", args=[webhook.pk])
        receiver.answers.append((500, {}))
        assert "A test is on its way" in squeezed(
            client.post(reverse("webhook_steer", args=[webhook.pk, "test"]), follow=True)
        )
        message = WebhookMessage.objects.get()
        send_message(message_id=message.pk)
        shown = squeezed(client.get(page))
        assert "The receiver answered 500, expected 200 to 299." in shown
        assert "Nothing has arrived" in shown
        client.post(reverse("webhook_again", args=[message.pk]))
        send_message(message_id=message.pk)
        assert "The receiver answered 204." in squeezed(client.get(page))
        assert "webhook.test" in squeezed(client.get(f"{page}?state=arrived"))
        assert "No message is in this state." in squeezed(client.get(f"{page}?state=failed"))
        assert receiver.received[-1].verified(secret)


def test_it_is_changed_paused_resumed_and_removed(client, lead):
    client.force_login(lead)
    webhook, _ = make_webhook(actor=lead, **FORM)
    page = reverse("webhook_detail", args=[webhook.pk])
    client.post(page, {**FORM, "title": "Us", "events": ["queue.done", "budget.low"]})
    for verb, said in (("pause", "is paused"), ("pause", "was paused before"), ("resume", "is sent to again")):
        answer = client.post(reverse("webhook_steer", args=[webhook.pk, verb]), follow=True)
        assert f"“Us” {said}" in squeezed(answer)
    assert client.post(reverse("webhook_steer", args=[webhook.pk, "sing"])).status_code == 404
    assert "is removed" in squeezed(client.post(reverse("webhook_steer", args=[webhook.pk, "remove"]), follow=True))
    assert client.get(page).status_code == 404
    webhook.refresh_from_db()
    assert webhook.events == ["queue.done", "budget.low"]


@pytest.mark.parametrize("name", ["curator", "engineer"])
def test_only_leads_and_admins_have_webhooks(client, request, name, lead):
    webhook, _ = make_webhook(actor=lead, **FORM)
    client.force_login(request.getfixturevalue(name))
    assert client.get(reverse("webhook_list")).status_code == 403
    assert client.get(reverse("webhook_detail", args=[webhook.pk])).status_code == 403
    for verb in ("test", "remove"):
        assert client.post(reverse("webhook_steer", args=[webhook.pk, verb])).status_code == 403
    assert client.get(reverse("webhook_steer", args=[webhook.pk, "test"])).status_code == 405
    assert not WebhookMessage.objects.exists()
