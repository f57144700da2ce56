"""The pages of webhooks."""

import re

import pytest
from django.urls import reverse

from tests.pages import squeezed
from tests.receiver import allow, receiving
from trajectories.models import Webhook, WebhookMessage
from trajectories.services.webhooks.sending import send_message
from trajectories.services.webhooks.steering import make_webhook

pytestmark = pytest.mark.django_db
FORM = {"title": "Team", "address": "https://hooks.example.org/a", "events": ["run.ended"]}


def test_a_webhook_is_made_and_its_secret_shown_this_once(client, lead):
    client.force_login(lead)
    page = squeezed(client.post(reverse("webhook_list"), FORM))
    (secret,) = set(re.findall(r"whsec_[\w+/]+=", page))
    webhook = Webhook.objects.get()
    for address in (reverse("webhook_list"), reverse("webhook_detail", args=[webhook.pk])):
        response = client.get(address)
        assert "whsec_" not in squeezed(response)
        assert "no-store" in response["Cache-Control"]
        assert "Team" in squeezed(response)
    renewed = client.post(reverse("webhook_secret", args=[webhook.pk]))
    assert re.findall(r"whsec_[\w+/]+=", squeezed(renewed)) != [secret]
    assert "for 24 hours" in squeezed(renewed)


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
