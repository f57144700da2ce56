"""Projects on pages: who sees them, going from one to another, roles by project, and tokens."""

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from tests import factories
from tests.projects import another_project, member
from trajectories.adapters.acting import CHOSEN, FIRST, acting_in
from trajectories.adapters.chat_api import ChatSettings
from trajectories.models import AuditEvent, Membership, Project, Run, Sampler
from trajectories.services.clients.tokens import make_token
from trajectories.services.endpoints.samplers import add_chat_sampler, revise_chat_sampler
from trajectories.services.people.invitations import invite
from trajectories.services.projects.making import set_archived
from trajectories.services.projects.sharing import copy_sampler

CHAT = {"base_url": "http://127.0.0.1:9/v1", "model": "none"}


@pytest.fixture
def admin(db) -> User:
    return User.objects.create_superuser("ada", password="a long enough password")


@pytest.fixture
def project(db) -> Project:
    return another_project()


def page(client, person, name, *values):
    client.force_login(person)
    return client.get(reverse(name, args=values)).content.decode()


def switch(client, project):
    return client.post(reverse("project_switch"), {"project": project.pk}, follow=True)


@pytest.mark.parametrize("name", ["home", "run_list", "sampler_list", "account"])
def test_who_has_one_project_never_meets_the_word(client, admin, lead, name):
    for person in (admin, lead):
        assert "roject" not in page(client, person, name)


def test_who_is_alone_is_offered_no_projects_among_people(client, admin):
    assert reverse("project_list") not in page(client, admin, "people_list")


def test_who_invites_others_can_make_projects(client, admin, lead):
    assert reverse("project_list") in page(client, admin, "people_list")
    answer = client.post(reverse("project_list"), {"title": "Second team", "name": "second"}, follow=True)
    made = Project.objects.get(name="second")
    assert f"“{made.title}” is made" in answer.content.decode()
    again = client.post(reverse("project_list"), {"title": "Second team", "name": "second"})
    assert again.status_code == 422
    assert "called &#x27;second&#x27; already, expected another name" in again.content.decode()


def test_going_to_another_project_shows_what_is_in_it(client, admin, project):
    mine = factories.make_run(title="Mine")
    with acting_in(project.pk):
        factories.make_run(title="Theirs", pk=mine.pk)
    client.force_login(admin)
    assert "Mine" in client.get(reverse("run_list")).content.decode()
    assert "Other project" in switch(client, project).content.decode()
    assert client.session[CHOSEN] == project.pk
    theirs = client.get(reverse("run_list")).content.decode()
    assert "Theirs" in theirs
    assert "Mine" not in theirs
    assert "Theirs" in client.get(reverse("run_detail", args=[mine.pk])).content.decode()
    switch(client, Project.objects.get(pk=FIRST))
    assert "Mine" in client.get(reverse("run_detail", args=[mine.pk])).content.decode()


def test_a_page_left_open_before_the_switch_sends_nothing_any_more(admin, project):
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin)
    client.get(reverse("account"))
    stale = client.cookies["csrftoken"].value
    assert (
        client.post(reverse("project_switch"), {"project": project.pk}, headers={"X-CSRFToken": stale}).status_code
        == 302
    )
    assert client.post(reverse("sign_ins_end"), headers={"X-CSRFToken": stale}).status_code == 403


def test_an_address_without_a_page_stays_in_the_project(client, curator, project):
    """Its page offers what the visitor may do here: a viewer's areas, not those of their role in the first project."""
    Membership.objects.create(project=project, user=curator, role="viewer")
    client.force_login(curator)
    elsewhere = client.get("/no/such/page")
    assert elsewhere.status_code == 404
    switch(client, project)
    here = client.get("/no/such/page")
    assert here.status_code == 404
    assert 'aria-label="Project: Other project"' in here.content.decode()
    assert "Not here" in here.content.decode()


def test_nobody_goes_to_a_project_that_is_not_theirs(client, lead, curator, project):
    Membership.objects.create(project=project, user=curator, role="viewer")
    client.force_login(lead)
    for number in (project.pk, 10**9, "9" * 5_000, "x", ""):
        answer = client.post(reverse("project_switch"), {"project": number}, follow=True)
        assert "Found no open project of yours" in answer.content.decode()
        assert CHOSEN not in client.session
    set_archived(actor=lead, project=project, is_archived=True)
    client.force_login(curator)
    assert "Found no open project of yours" in switch(client, project).content.decode()


def test_a_role_counts_in_its_project_alone(client, curator, project):
    Membership.objects.create(project=project, user=curator, role="lead")
    client.force_login(curator)
    assert client.get(reverse("run_new")).status_code == 403
    switch(client, project)
    assert client.get(reverse("run_new")).status_code == 200
    assert client.get(reverse("people_list")).status_code == 403
    Membership.objects.update(role="viewer")
    assert client.get(reverse("run_new")).status_code == 403
    assert client.get(reverse("release_list")).status_code == 200


def test_who_is_removed_or_whose_project_is_archived_is_in_the_first_one_again(client, curator, project, lead):
    membership = Membership.objects.create(project=project, user=curator, role="lead")
    client.force_login(curator)
    switch(client, project)
    membership.delete()
    assert client.get(reverse("run_new")).status_code == 403
    assert CHOSEN not in client.session


def test_who_has_one_other_project_begins_in_it(client, project):
    person = member(project, "mia", "curator")
    answer = client.post(
        reverse("login"), {"username": person.username, "password": "a long enough password"}, follow=True
    )
    assert answer.status_code == 200
    assert client.session[CHOSEN] == project.pk
    assert client.get(reverse("trace_list")).status_code == 200


def test_an_invitation_leads_into_its_project(client, admin, project):
    client.force_login(admin)
    assert 'name="project"' in client.get(reverse("people_list")).content.decode()
    made = client.post(reverse("people_list"), {"role": "admin", "days": 3, "project": project.pk}).content.decode()
    assert "The invitation is made." in made
    assert "admin in Other project" in made
    _, token = invite(actor=admin, role="admin", days=3, project=project)
    client.logout()
    words = "correct horse battery staple"
    client.post(reverse("invitation_accept", args=[token]), {"username": "ned", "password": words, "again": words})
    person = User.objects.get(username="ned")
    assert not person.is_superuser
    assert Membership.objects.get(user=person).role == "admin"
    assert client.get(reverse("project_detail", args=[project.pk])).status_code == 200


def test_an_admin_of_a_project_says_who_works_in_it_and_in_no_other(client, project, lead):
    third = another_project("third", "Third project")
    boss, other = member(project, "bo", "admin"), member(third, "ola", "lead")
    client.force_login(boss)
    switch(client, project)
    at = reverse("project_detail", args=[project.pk])
    answer = client.post(at, {"username": "lena", "role": "curator"}, follow=True)
    assert "lena works in “Other project” as curator now" in answer.content.decode()
    assert Membership.objects.get(user=lead, project=project).role == "curator"
    with acting_in(project.pk):
        assert AuditEvent.objects.filter(verb="member.set", object_id=lead.pk).exists()
    assert client.post(at, {"username": "nobody here", "role": "curator"}).status_code == 422
    change = reverse("project_member", args=[project.pk, lead.pk])
    assert "Found the role &#x27;king&#x27;" in client.post(change, {"role": "king"}, follow=True).content.decode()
    client.post(change, {"role": ""})
    assert not Membership.objects.filter(user=lead).exists()
    for address in (reverse("project_detail", args=[third.pk]), reverse("project_detail", args=[FIRST])):
        assert client.get(address).status_code == 404
    assert client.post(reverse("project_member", args=[third.pk, other.pk]), {"role": ""}).status_code == 404
    own = client.post(reverse("project_member", args=[project.pk, boss.pk]), {"role": ""}, follow=True)
    assert "Found yourself" in own.content.decode()
    assert client.get(reverse("project_list")).status_code == 403


def test_titles_and_archiving_are_for_superusers(client, admin, project):
    client.force_login(admin)
    change = reverse("project_change", args=[project.pk])
    assert "has its new title" in client.post(change, {"do": "rename", "title": "New"}, follow=True).content.decode()
    assert "Title: Found nothing" in client.post(change, {"do": "rename", "title": ""}, follow=True).content.decode()
    assert "is archived" in client.post(change, {"do": "archive"}, follow=True).content.decode()
    assert "is fetched back" in client.post(change, {"do": "fetch"}, follow=True).content.decode()
    assert "expected rename, archive or fetch" in client.post(change, {"do": "x"}, follow=True).content.decode()
    first = client.post(reverse("project_change", args=[FIRST]), {"do": "archive"}, follow=True)
    assert "which every installation has" in first.content.decode()


def test_a_token_is_for_one_project(client, lead, project):
    Membership.objects.create(project=project, user=lead, role="lead")
    mine = factories.make_run(title="Mine")
    with acting_in(project.pk):
        factories.make_run(title="Theirs", pk=mine.pk)
        _, there = make_token(owner=lead, title="there", scopes=["read"], days=1)
    _, here = make_token(owner=lead, title="here", scopes=["read"], days=1)
    for secret, title in ((here, "Mine"), (there, "Theirs"), (here, "Mine")):
        answer = client.get(f"/api/v1/runs/{mine.pk}", headers={"Authorization": f"Bearer {secret}"})
        assert answer.json()["title"] == title
    assert "there" not in page(client, lead, "api_tokens").split("New token")[1]
    Membership.objects.all().delete()
    assert client.get("/api/v1/runs", headers={"Authorization": f"Bearer {there}"}).status_code == 401
    assert Run.objects.get().title == "Mine"


def test_a_copy_says_what_it_was_copied_from_and_takes_over_what_came_since(client, lead, project):
    model = add_chat_sampler(actor=lead, name="gauge", title="Gauge", settings=ChatSettings(**CHAT))
    membership = Membership.objects.create(project=project, user=lead, role="lead")
    client.force_login(lead)
    client.post(reverse("sampler_copy", args=[model.pk]), {"project": project.pk})
    switch(client, project)
    with acting_in(project.pk):
        copied = Sampler.objects.get(name="gauge")
    assert (copied.origin_project, copied.origin_sampler) == (FIRST, model.pk)
    told = " ".join(page(client, lead, "sampler_detail", copied.pk).split())
    assert "Copied from" in told
    assert "Take it over" not in told, "there is nothing newer"
    settings = ChatSettings(**CHAT)
    revised = revise_chat_sampler(actor=lead, sampler=model, title="Gauge, mended", settings=settings)
    told = " ".join(page(client, lead, "sampler_detail", copied.pk).split())
    assert f"version {model.version}; there is version {revised.version} now." in told
    assert "Take it over" in told
    client.post(reverse("sampler_renew", args=[copied.pk]))
    with acting_in(project.pk):
        renewed = Sampler.objects.get(name="gauge", version=2)
    assert (renewed.title, renewed.origin_sampler) == ("Gauge, mended", revised.pk)
    assert "Take it over" not in page(client, lead, "sampler_detail", renewed.pk)
    Membership.objects.filter(pk=membership.pk).update(role="viewer")
    assert client.post(reverse("sampler_renew", args=[renewed.pk])).status_code == 403
    Membership.objects.filter(pk=membership.pk).update(role="lead")
    lead.groups.set(Group.objects.filter(name="viewer"))
    revise_chat_sampler(actor=lead, sampler=revised, title="Gauge, mended again", settings=settings)
    told = " ".join(page(client, lead, "sampler_detail", renewed.pk).split())
    assert "there is version 3 now" in told
    assert "Take it over" not in told, "nothing is offered that is refused"


def test_who_does_not_work_where_a_model_came_from_reads_nothing_of_it(client, lead, project):
    model = add_chat_sampler(actor=lead, name="gauge", title="Gauge", settings=ChatSettings(**CHAT))
    copied = copy_sampler(actor=lead, sampler=model, project=project)
    other = member(project, "theirs", "lead")
    assert "Copied from" not in page(client, other, "sampler_detail", copied.pk)
    assert client.post(reverse("sampler_renew", args=[copied.pk])).status_code == 404


def test_a_model_is_copied_to_a_project_where_one_may_add_models(client, lead, project):
    model = add_chat_sampler(actor=lead, name="gauge", title="Gauge", settings=ChatSettings(**CHAT))
    membership = Membership.objects.create(project=project, user=lead, role="lead")
    assert "Have it in another project" in page(client, lead, "sampler_detail", model.pk)
    copy = reverse("sampler_copy", args=[model.pk])
    said = client.post(copy, {"project": project.pk}, follow=True).content.decode()
    assert "has it as version 1 of gauge now" in said
    with acting_in(project.pk):
        assert Sampler.objects.get(name="gauge").parameters == model.parameters
    built_in = Sampler.objects.create(name="symbolic", title="Symbolic", kind="symbolic")
    said = client.post(reverse("sampler_copy", args=[built_in.pk]), {"project": project.pk}, follow=True)
    assert "expected a model with an endpoint" in said.content.decode()
    Membership.objects.filter(pk=membership.pk).update(role="viewer")
    assert client.post(copy, {"project": project.pk}).status_code == 403
    told = page(client, lead, "sampler_detail", model.pk)
    assert "Have it in another project" not in told, "nothing is offered that is refused"
