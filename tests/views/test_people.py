"""People, invitations and one's own account, on their pages."""

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tests.projects import another_project, member
from trajectories.models import AuditEvent, Invitation


def invited(client, **given) -> str:
    answer = client.post(reverse("people_list"), {"role": "curator", "days": "7", "note": "Kim", **given})
    found = re.search(r"/invitations/[\w-]+/", answer.content.decode())
    assert found, answer.content.decode()
    return found.group()


def test_from_an_invitation_to_the_first_page(admin_client):
    address = invited(admin_client)
    listed = admin_client.get(reverse("people_list")).content.decode()
    assert "Kim" in listed
    assert address not in listed, "the link is shown once"
    guest = Client()
    assert "invited as curator" in guest.get(address).content.decode()
    form = {"username": "kim", "password": "a long enough password", "again": "a long enough password"}
    refused = guest.post(address, {**form, "again": "something else"})
    assert refused.status_code == 422
    assert guest.post(address, form).headers["Location"] == reverse("home")
    assert guest.get(reverse("home")).status_code == 200
    assert guest.get(reverse("people_list")).status_code == 403
    again = Client().get(address)
    assert again.status_code == 404
    assert "used, revoked, too old" in again.content.decode()
    listed = admin_client.get(reverse("people_list")).content.decode()
    assert "Open invitations" not in listed
    assert ">kim<" in listed.replace(" ", "").replace("\n", "")


def test_revoking_and_closing(admin_client, curator):
    address = invited(admin_client)
    admin_client.post(reverse("invitation_revoke", args=[Invitation.objects.get().pk]))
    assert Client().get(address).status_code == 404
    admin_client.post(reverse("person_change", args=[curator.pk]), {"do": "close"})
    assert not User.objects.get(pk=curator.pk).is_active
    admin_client.post(reverse("person_change", args=[curator.pk]), {"do": "open"})
    assert User.objects.get(pk=curator.pk).is_active
    answer = admin_client.post(reverse("person_change", args=[curator.pk]), {"do": "what"}, follow=True)
    assert "expected close, open, end or role" in answer.content.decode()


def test_a_role_is_changed_where_there_is_one_project(admin_client, admin_user, curator):
    address = reverse("person_change", args=[curator.pk])

    def row() -> str:
        page = admin_client.get(reverse("people_list")).content.decode()
        return page[page.index(f"Role of {curator.username}") :].partition("</select>")[0]

    assert " selected>curator<" in " ".join(row().split())
    answer = admin_client.post(address, {"do": "role", "role": "lead"}, follow=True)
    assert f"{curator.username} is lead now." in answer.content.decode()
    assert list(curator.groups.values_list("name", flat=True)) == ["lead"]
    assert " selected>lead<" in " ".join(row().split())
    event = AuditEvent.objects.get(verb="member.set")
    assert (event.actor, event.object_id, event.data["role"]) == (admin_user, curator.pk, "lead")
    answer = admin_client.post(address, {"do": "role", "role": "king"}, follow=True)
    assert "Found the role &#x27;king&#x27;, expected one of" in answer.content.decode()
    assert list(curator.groups.values_list("name", flat=True)) == ["lead"]
    admin_client.post(address, {"do": "role", "role": ""})
    assert not curator.groups.exists()
    assert " selected>" not in row()


def test_nobody_changes_the_role_of_a_superuser_or_of_themselves(admin_client, admin_user, curator):
    other = User.objects.create_superuser("other", password="a long enough password")
    for person in (admin_user, other):
        answer = admin_client.post(
            reverse("person_change", args=[person.pk]), {"do": "role", "role": "curator"}, follow=True
        )
        assert "expected somebody whose role can be changed here" in answer.content.decode()
        assert f"Role of {person.username}" not in answer.content.decode()
        assert not person.groups.exists()


def test_of_several_projects_each_has_its_own_list(admin_client, curator):
    another_project()
    page = admin_client.get(reverse("people_list")).content.decode()
    assert f"Role of {curator.username}" not in page
    assert "curator" in page


def test_only_superusers_change_roles(client, lead, curator):
    client.force_login(lead)
    assert client.post(reverse("person_change", args=[curator.pk]), {"do": "role", "role": "lead"}).status_code == 403
    assert list(curator.groups.values_list("name", flat=True)) == ["curator"]


@pytest.mark.parametrize("given", [{"role": "king"}, {"days": "0"}, {"days": "x"}])
def test_an_invitation_that_is_none_is_refused_with_its_field(admin_client, given):
    answer = admin_client.post(reverse("people_list"), {"role": "curator", "days": "7", **given})
    assert answer.status_code == 422
    assert not Invitation.objects.exists()
    assert "Found" in answer.content.decode()


def test_queries_do_not_grow_with_people(admin_client, curator, lead, django_assert_max_num_queries):
    def page() -> None:
        assert admin_client.get(reverse("people_list")).status_code == 200

    page()
    for number in range(5):
        User.objects.create_user(f"person-{number}").groups.set(curator.groups.all())
        Client().force_login(User.objects.get(username=f"person-{number}"))
    with django_assert_max_num_queries(9):
        page()


def test_people_say_themselves_where_they_are_written_to(client, lead, settings):
    client.force_login(lead)
    answer = client.post("/account/", {"do": "address", "email": "lena@example.org"}, follow=True)
    assert "Your e-mail address is changed." in answer.content.decode()
    assert 'value="lena@example.org"' in answer.content.decode()
    lead.refresh_from_db()
    assert lead.email == "lena@example.org"
    refused = client.post("/account/", {"do": "address", "email": "no address"})
    assert refused.status_code == 422
    assert client.post("/account/", {"do": "address", "email": ""}).status_code == 302
    lead.refresh_from_db()
    assert lead.email == ""
    # A provider knows people by their addresses: whoever took that of somebody else would be taken for them.
    settings.SINGLE_SIGN_ON = object()
    assert 'name="email"' not in client.get("/account/").content.decode()
    refused = client.post("/account/", {"do": "address", "email": "boss@example.org"})
    assert "an admin changes it" in refused.content.decode()
    lead.refresh_from_db()
    assert (refused.status_code, lead.email) == (422, "")


def test_what_people_are_in_other_projects_is_told(admin_client):
    project = another_project()
    member(project, "sam", "lead")
    User.objects.create_user("idle", password="a long enough password")
    page = admin_client.get("/people/").content.decode()
    assert "<td>lead in Other project</td>" in page
    assert page.count("<td>none</td>") == 1, "who has no role anywhere"
