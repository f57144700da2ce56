import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from trajectories.core.faults import Fault
from trajectories.core.identity import text_hash
from trajectories.models import ApiToken, AuditEvent
from trajectories.selectors.api_tokens import find_token
from trajectories.services.clients.tokens import MOST_TOKENS, make_token, revoke_token, spend_request


def test_the_secret_is_kept_nowhere(lead):
    token, secret = make_token(owner=lead, title="Laptop", scopes=["read"], days=30)
    assert re.fullmatch(r"mc_[\w-]{43}", secret)
    token.refresh_from_db()
    assert token.digest == text_hash(secret)
    kept = [str(value) for value in ApiToken.objects.values_list().get()]
    kept += [str(value) for row in AuditEvent.objects.values_list() for value in row]
    assert not any(secret[10:] in value for value in kept)
    assert find_token(secret) == token


def test_a_token_that_is_revoked_expired_or_whose_owner_is_gone_is_none(lead, curator, engineer):
    tokens = {}
    for person in (lead, curator, engineer):
        tokens[person.username] = make_token(owner=person, title="A", scopes=["read", "review"], days=1)
    assert all(find_token(secret) for _, secret in tokens.values())
    assert revoke_token(actor=lead, token=tokens["lena"][0])
    assert not revoke_token(actor=lead, token=tokens["lena"][0])
    ApiToken.objects.filter(owner=curator).update(expires_at=timezone.now() - timedelta(seconds=1))
    engineer.is_active = False
    engineer.save()
    assert [find_token(secret) for _, secret in tokens.values()] == [None] * 3
    assert find_token("mc_" + "x" * 10_000) is None
    verbs = AuditEvent.objects.filter(object_type="api_token").order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["api_token.made"] * 3 + ["api_token.revoked"]


@pytest.mark.parametrize(
    ("changed", "field"), [({"scopes": []}, "scopes"), ({"scopes": ["read", "all"]}, "scopes"), ({"days": 3}, "days")]
)
def test_what_no_token_can_have_is_refused_by_its_field(lead, changed, field):
    with pytest.raises(Fault) as refused:
        make_token(**{"owner": lead, "title": "A", "scopes": ["read"], "days": 30, **changed})
    assert refused.value.field == field
    assert not ApiToken.objects.exists()


def test_nobody_has_more_tokens_than_they_can_look_after(lead):
    for number in range(MOST_TOKENS):
        token, _ = make_token(owner=lead, title=f"{number}", scopes=["read"], days=30)
    with pytest.raises(Fault, match="Revoke one first"):
        make_token(owner=lead, title="One more", scopes=["read"], days=30)
    revoke_token(actor=lead, token=token)
    make_token(owner=lead, title="One more", scopes=["read"], days=30)


@pytest.mark.django_db(transaction=True)
def test_of_many_requests_at_once_as_many_pass_as_a_token_has_left(lead, settings):
    settings.API_REQUESTS_A_MINUTE = 6
    token, _ = make_token(owner=lead, title="A", scopes=["read"], days=30)

    def ask(_):
        try:
            return spend_request(token=token)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        waits = list(pool.map(ask, range(12)))
    assert waits.count(0.0) == 6
    assert set(waits) == {0.0, 10.0}
    ApiToken.objects.update(allowance_at=timezone.now() - timedelta(seconds=21))
    assert [spend_request(token=token) for _ in range(3)] == [0.0, 0.0, 10.0]
    token.refresh_from_db()
    assert token.last_used_at is not None
