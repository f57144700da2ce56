"""The page of tokens."""

import re

import pytest
from django.urls import reverse

from tests.pages import squeezed
from trajectories.core.identity import text_hash
from trajectories.models import ApiToken, Submission

pytestmark = pytest.mark.django_db
FORM = {"title": "A notebook", "scopes": ["read"], "days": "30"}


def secrets_in(response):
    return re.findall(r">(mc_[\w-]{43})<", response.content.decode())


def test_a_token_is_shown_once_however_often_its_form_is_sent(client, lead):
    client.force_login(lead)
    answers = [client.post(reverse("api_tokens"), {**FORM, "form_key": "a"}) for _ in range(2)]
    assert [answer.url for answer in answers] == [reverse("api_tokens")] * 2
    cookie = answers[0].cookies["shown_once"]
    assert [cookie[name] for name in ("path", "httponly", "samesite")] == [reverse("api_tokens"), True, "Strict"]
    (secret,) = secrets_in(client.get(reverse("api_tokens")))
    assert ApiToken.objects.get().digest == text_hash(secret)
    assert secrets_in(client.get(reverse("api_tokens"))) == []
    client.post(reverse("api_tokens"), {**FORM, "form_key": "b"})
    client.post(reverse("api_tokens"), FORM)
    assert ApiToken.objects.values("digest").distinct().count() == 3
    assert not any(part in secret for part in Submission.objects.values_list("digest", flat=True))


def test_what_is_wrong_makes_nothing_and_can_be_mended_with_the_same_page(client, lead):
    client.force_login(lead)
    refused = client.post(reverse("api_tokens"), {**FORM, "scopes": [], "form_key": "a"})
    assert (refused.status_code, "shown_once" in refused.cookies) == (422, False)
    client.post(reverse("api_tokens"), {**FORM, "form_key": "a"})
    assert ApiToken.objects.count() == 1


def test_a_token_of_somebody_else_is_not_shown(client, lead, curator):
    client.force_login(lead)
    client.post(reverse("api_tokens"), FORM)
    client.force_login(curator)
    assert secrets_in(client.get(reverse("api_tokens"))) == []


def test_revoking_asks_first(client, lead):
    client.force_login(lead)
    client.post(reverse("api_tokens"), FORM)
    token = ApiToken.objects.get()
    assert "What uses it is refused from now on" in squeezed(client.get(reverse("api_tokens")))
    told = client.post(reverse("api_token_revoke", args=[token.pk]), follow=True)
    assert "is revoked: it works no more" in squeezed(told)
