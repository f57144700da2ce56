"""An invitation makes one account of its role, once."""

import threading
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from trajectories.core.faults import Fault
from trajectories.models import AuditEvent, Invitation
from trajectories.services.people.invitations import (
    INVITABLE,
    accept_invitation,
    invite,
    open_invitation,
    revoke_invitation,
)

PASSWORD = "a long enough password"


@pytest.mark.parametrize("role", INVITABLE)
def test_it_makes_an_account_of_its_role_and_no_second(role, admin_user):
    invitation, token = invite(actor=admin_user, role=role, days=7, note="Kim")
    person = accept_invitation(token=token, username="kim", password=PASSWORD)
    assert person.check_password(PASSWORD)
    assert person.is_superuser == (role == "admin")
    assert [group.name for group in person.groups.all()] == ([] if role == "admin" else [role])
    with pytest.raises(Fault, match="used, revoked, too old or none"):
        accept_invitation(token=token, username="another", password=PASSWORD)
    verbs = list(AuditEvent.objects.filter(object_id=invitation.pk).order_by("pk").values_list("verb", "actor"))
    assert verbs == [("invitation.made", admin_user.pk), ("invitation.used", person.pk)]


def test_the_token_is_kept_nowhere(admin_user):
    invitation, token = invite(actor=admin_user, role="curator", days=7)
    row = Invitation.objects.filter(pk=invitation.pk).values().get()
    assert token not in str(row)
    assert token not in str(list(AuditEvent.objects.values()))


@pytest.mark.parametrize("how", ["revoked", "too old"])
def test_one_that_is_over_opens_nothing(admin_user, how):
    invitation, token = invite(actor=admin_user, role="curator", days=7)
    assert open_invitation(token) == invitation
    if how == "revoked":
        assert revoke_invitation(actor=admin_user, invitation=invitation)
        assert not revoke_invitation(actor=admin_user, invitation=invitation)
    else:
        Invitation.objects.filter(pk=invitation.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    for tried in (token, token[:-1], "", "\ud800"):
        with pytest.raises(Fault, match="used, revoked, too old or none"):
            accept_invitation(token=tried, username="kim", password=PASSWORD)
    assert not User.objects.filter(username="kim").exists()


@pytest.mark.parametrize(
    ("username", "password", "field", "said"),
    [
        ("ADMIN", PASSWORD, "username", "'ADMIN' already"),
        ("kim", "short", "password", "Found 5 characters, expected 12 or more"),
        ("kim", "password1234", "password", "many people use"),
        ("kim-of-the-hills", "kim-of-the-hills", "password", "like the name"),
    ],
)
def test_what_makes_no_account_leaves_it_open(admin_user, username, password, field, said):
    _, token = invite(actor=admin_user, role="curator", days=7)
    with pytest.raises(Fault, match=said) as refused:
        accept_invitation(token=token, username=username, password=password)
    assert refused.value.field == field
    assert open_invitation(token)
    assert User.objects.count() == 1


@pytest.mark.parametrize(("role", "days", "field"), [("king", 7, "role"), ("lead", 0, "days"), ("lead", 31, "days")])
def test_what_cannot_be_invited_is_refused(admin_user, role, days, field):
    with pytest.raises(Fault) as refused:
        invite(actor=admin_user, role=role, days=days)
    assert refused.value.field == field
    assert not Invitation.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_many_who_use_it_at_once_one_gets_an_account(admin_user):
    _, token = invite(actor=admin_user, role="curator", days=7)
    start, made = threading.Barrier(6), []

    def use(number: int) -> None:
        start.wait()
        try:
            made.append(accept_invitation(token=token, username=f"kim{number}", password=PASSWORD).username)
        except Fault:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=use, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert list(User.objects.exclude(pk=admin_user.pk).values_list("username", flat=True)) == made
