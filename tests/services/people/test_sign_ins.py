"""Where people are logged in, and being logged out from elsewhere."""

import pytest
from django.test import Client
from django.urls import reverse

from trajectories.core.faults import Fault
from trajectories.models import AuditEvent, SignIn
from trajectories.selectors.people import list_sign_ins
from trajectories.services.people.sign_ins import browser_words, end_sign_ins, set_standing

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def logged_in(person, agent=FIREFOX) -> Client:
    client = Client(HTTP_USER_AGENT=agent)
    client.post(reverse("login"), {"username": person.username, "password": "a long enough password"})
    return client


def may_read(client: Client) -> bool:
    return client.get(reverse("account")).status_code == 200


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", ""),
        ("x" * 500, "x" * 60),
        ("a\0b", "ab"),
    ],
)
def test_browsers_are_called_as_people_call_them(agent, words):
    assert browser_words(agent) == words


@pytest.fixture
def person(curator):
    curator.set_password("a long enough password")
    curator.save()
    return curator


def test_each_browser_is_listed_while_it_is_logged_in(person):
    here, there = logged_in(person), logged_in(person, "curl/8.5.0")
    assert {each.browser for each in list_sign_ins(person)} == {"Firefox on Linux", "curl/8.5.0"}
    there.post(reverse("logout"))
    assert [each.browser for each in list_sign_ins(person)] == ["Firefox on Linux"]
    logged_in(person)
    assert SignIn.objects.filter(user=person).count() == 2, "what is over is forgotten"
    assert may_read(here)


def test_one_ends_elsewhere_and_here_stays(person, lead):
    here, there, third = (logged_in(person) for _ in range(3))
    rows = list(list_sign_ins(person))
    key = there.session.session_key
    there_row = next(row for row in rows if row.session_key == key)
    here.post(reverse("sign_in_end", args=[there_row.pk]))
    assert [may_read(client) for client in (here, there, third)] == [True, False, True]
    here.post(reverse("sign_ins_end"))
    assert [may_read(client) for client in (here, third)] == [True, False]
    assert AuditEvent.objects.filter(verb="sign_ins.ended", object_id=person.pk, actor=person).count() == 2


def test_nobody_ends_what_is_anothers(person, lead):
    mine = logged_in(person)
    other = Client()
    other.force_login(lead)
    other.post(reverse("sign_in_end", args=[list_sign_ins(person)[0].pk]))
    assert may_read(mine)


def test_a_new_password_ends_all_other_sessions(person):
    here, there = logged_in(person), logged_in(person)
    answer = here.post(
        reverse("account"), {"old": "a long enough password", "new": "another long one", "again": "another long one"}
    )
    assert answer.status_code == 302
    assert [may_read(client) for client in (here, there)] == [True, False]
    assert [row.session_key for row in list_sign_ins(person)] == [here.session.session_key]
    person.refresh_from_db()
    assert person.check_password("another long one")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"old": "wrong"}, "Found another password"),
        ({"new": "short", "again": "short"}, "Found 5 characters, expected 12 or more."),
        ({"again": "another thing altogether"}, "Found two different passwords"),
    ],
)
def test_a_password_that_is_refused_changes_nothing(person, given, said):
    here = logged_in(person)
    form = {"old": "a long enough password", "new": "another long one", "again": "another long one"} | given
    answer = here.post(reverse("account"), form)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    person.refresh_from_db()
    assert person.check_password("a long enough password")


def test_a_closed_account_is_out_at_once_and_can_be_opened_again(person, admin_user):
    here = logged_in(person)
    set_standing(actor=admin_user, person=person, is_active=False)
    assert not may_read(here)
    assert not may_read(logged_in(person))
    set_standing(actor=admin_user, person=person, is_active=True)
    assert may_read(logged_in(person))
    with pytest.raises(Fault, match="your own account"):
        set_standing(actor=admin_user, person=admin_user, is_active=False)
    assert end_sign_ins(actor=admin_user, user=person, ids=[0]) == 0
