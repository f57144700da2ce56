"""People, projects, webhooks and limits of spending by the API; and what no token may do there."""

from decimal import Decimal

import pytest
from django.contrib.auth.models import Group, User

from tests import factories
from tests.api.programs import EVERY_SCOPE, Program
from tests.projects import another_project, member
from tests.receiver import allow, receiving
from trajectories.adapters.acting import FIRST, acting_in
from trajectories.models import (
    ApiAnswer,
    ApiToken,
    AuditEvent,
    Invitation,
    Membership,
    Project,
    SpendLimit,
    Webhook,
    WebhookMessage,
)
from trajectories.services.webhooks.sending import send_message

pytestmark = pytest.mark.django_db


@pytest.fixture
def receiver(settings):
    allow(settings, "loopback")
    with receiving() as found:
        yield found


def send_all():
    for key in WebhookMessage.objects.filter(state="waiting").values_list("pk", flat=True):
        send_message(message_id=key)


def test_a_webhook_is_made_with_a_secret_told_once_tested_and_sent_to_again(lead, receiver):
    program, wanted = Program(lead), {"title": "Team", "address": receiver.url, "events": ["run.ended"]}
    made = program.post("/webhooks", wanted, key="k")
    assert made.status_code == 201, made.content
    hook, secret = made.json(), made.json()["secret"]
    assert secret.startswith("whsec_")
    again = program.post("/webhooks", wanted, key="k")
    assert (again.status_code, again.json()) == (200, hook), "a connection that was lost loses no secret"
    kept = [str(row) for row in (*ApiAnswer.objects.values_list(), *AuditEvent.objects.values_list())]
    assert not any(secret[8:] in row for row in kept)
    at = f"/webhooks/{hook['id']}"
    assert "secret" not in program.get(at).json()
    assert program.post(f"{at}/test").status_code == 200
    send_all()
    (told,) = receiver.received
    assert told.verified(secret)["type"] == "webhook.test"
    (message,) = program.get(f"{at}/messages").json()["items"]
    assert (message["state"], message["event"], message["tries"][0]["status"]) == ("arrived", "webhook.test", 204)
    assert told.headers["webhook-id"] == message["message_id"]
    assert program.post(f"/webhooks/messages/{message['id']}/again").json()["state"] == "waiting"
    send_all()
    assert len(receiver.received) == 2
    assert program.get(f"{at}/messages", state="failed").json()["items"] == []


def test_a_webhook_is_changed_paused_given_another_secret_and_removed(lead, curator, receiver):
    program = Program(lead)
    hook = program.post("/webhooks", {"title": "Team", "address": receiver.url}, key="make").json()
    at = f"/webhooks/{hook['id']}"
    changed = program.post(at, {"title": "Others", "address": receiver.url, "events": ["queue.done"]}).json()
    assert (changed["title"], changed["events"], changed["fingerprint"]) == (
        "Others", ["queue.done"], hook["fingerprint"],
    )  # fmt: skip
    renewed = program.post(f"{at}/secret", key="new").json()
    assert renewed["secret"] not in (None, hook["secret"])
    assert program.post(f"{at}/secret", key="new").json() == renewed
    stale = program.post("/webhooks", {"title": "Team", "address": receiver.url}, key="make").json()
    assert stale["secret"] is None, "the secret that was told then signs no more for long"
    assert program.post(f"{at}/pause").json()["state"] == "paused"
    assert program.post(f"{at}/resume").json()["state"] == "open"
    assert program.post(f"{at}/remove").json()["state"] == "removed"
    assert program.get(at).status_code == 404
    assert Program(curator).get("/webhooks").status_code == 403


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"events": ["run.begun"]}, "events.0"),
        ({"events": []}, "events"),
        ({"address": "http://10.0.0.1/hook"}, "address"),
        ({"title": " "}, "title"),
        ({"secret": "mine"}, "secret"),
    ],
)
def test_what_is_wrong_with_a_webhook_is_said_by_its_field(lead, more, field):
    answer = Program(lead).post("/webhooks", {"title": "Team", "address": "https://8.8.8.8/hook", **more})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert not Webhook.objects.exists()


def test_people_are_listed_page_by_page_closed_and_opened(chief, curator):
    program = Program(chief)
    first = program.get("/people", limit=1).json()
    rest = program.get("/people", limit=50, cursor=first["next"]).json()["items"]
    by_name = {row["username"]: row for row in (*first["items"], *rest)}
    assert (by_name["chief"]["roles"], by_name["carl"]["roles"]) == (["admin"], ["curator"])
    closed = program.post(f"/people/{curator.pk}/close")
    assert (closed.status_code, closed.json()["is_open"]) == (200, False)
    assert Program(curator).get("/runs").status_code == 401
    assert program.post(f"/people/{curator.pk}/open").json()["is_open"]
    assert program.post(f"/people/{curator.pk}/end").json()["sign_ins"] == 0
    assert program.post("/people/99/close").status_code == 404


def test_an_invitation_is_told_once_opens_one_account_and_is_kept_as_a_digest(chief, client):
    program, wanted = Program(chief), {"role": "curator", "note": "Ada", "days": 2}
    made = program.post("/invitations", wanted, key="k")
    assert made.status_code == 201, made.content
    link = made.json()["link"]
    assert program.post("/invitations", wanted, key="k").json() == {**made.json(), "link": None}
    assert Invitation.objects.count() == 1
    assert not any(link.rstrip("/").rsplit("/", 1)[1] in str(row) for row in ApiAnswer.objects.values_list())
    (row,) = program.get("/invitations").json()["items"]
    assert (row["note"], "link" in row) == ("Ada", False)
    password = "a long enough password"
    client.post(link, {"username": "ada", "password": password, "again": password})
    assert [group.name for group in User.objects.get(username="ada").groups.all()] == ["curator"]
    second = program.post("/invitations", wanted).json()
    assert program.post(f"/invitations/{second['id']}/revoke").json() == {"id": second["id"], "was_open": True}
    assert program.post(f"/invitations/{second['id']}/revoke").json()["was_open"] is False
    assert client.get(second["link"]).status_code == 404
    assert program.post("/invitations", {**wanted, "project": 99}).json()["errors"][0]["field"] == "project"


def test_a_project_is_made_renamed_put_away_and_fetched_back(chief):
    program = Program(chief)
    made = program.post("/projects", {"title": "Others", "name": "others"}, key="k")
    assert made.status_code == 201, made.content
    assert program.post("/projects", {"title": "Others", "name": "others"}, key="k").json() == made.json()
    at = f"/projects/{made.json()['id']}"
    assert program.post("/projects", {"title": "Others", "name": "others"}).json()["errors"][0]["field"] == "name"
    assert program.post(f"{at}/title", {"title": "The others"}).json()["title"] == "The others"
    assert program.post(f"{at}/archive").json()["archived_at"]
    assert program.post(f"{at}/fetch").json()["archived_at"] is None
    assert program.post(f"/projects/{FIRST}/archive").status_code == 422
    assert [row["name"] for row in program.get("/projects").json()["items"]] == ["first", "others"]
    assert Project.objects.count() == 2


def test_who_works_in_a_project_is_said_by_who_looks_after_it(chief, curator, nobody):
    program, at = Program(chief), f"/projects/{FIRST}/members"
    assert "lead" in [row["name"] for row in program.get("/roles").json()["items"]]
    told = program.post(at, {"username": "nora", "role": "engineer"})
    assert told.status_code == 200, told.content
    assert {row["username"]: row["role"] for row in told.json()["items"]} == {"carl": "curator", "nora": "engineer"}
    assert program.post(at, {"username": "nora", "role": "boss"}).json()["errors"][0]["field"] == "role"
    assert program.post(at, {"username": "nemo", "role": "lead"}).json()["errors"][0]["field"] == "username"
    left = program.post(at, {"username": "nora", "role": ""}).json()
    assert [row["username"] for row in left["items"]] == ["carl"]
    assert program.post(at, {"username": "nora", "role": ""}).status_code == 422
    assert not nobody.groups.exists()


def test_an_admin_of_one_project_says_who_works_there_and_nowhere_else(curator):
    project = another_project()
    admin = member(project, "adele", "admin")
    with acting_in(project.pk):
        program = Program(admin)
    told = program.post(f"/projects/{project.pk}/members", {"username": "carl", "role": "curator"})
    assert told.status_code == 200, told.content
    assert Membership.objects.get(user=curator, project=project).role == "curator"
    assert program.get(f"/projects/{FIRST}/members").status_code == 404
    assert program.post(f"/projects/{FIRST}/members", {"username": "carl", "role": "lead"}).status_code == 404
    assert program.get("/people").status_code == 403
    assert program.post("/projects", {"title": "Mine", "name": "mine"}).status_code == 403


def test_no_token_makes_a_token_or_an_admin_or_touches_those_who_could_undo_it(chief, curator):
    """An account outlives the token that made it, and has no scopes."""
    program, second = Program(chief), User.objects.create_superuser("second")
    curator.groups.set([Group.objects.get(name="admin")])
    before = ApiToken.objects.count()
    assert program.post("/tokens", {"title": "More", "scopes": ["manage"], "days": 365}).status_code == 405
    refused = {
        "/invitations": {"role": "admin"},
        f"/projects/{FIRST}/members": {"username": "carl", "role": "curator"},
        f"/people/{second.pk}/close": None,
        f"/people/{second.pk}/end": None,
        f"/people/{chief.pk}/close": None,
    }
    for path, body in refused.items():
        answer = program.post(path, body)
        assert answer.status_code == 403, (path, answer.content)
        assert "on the pages alone" in answer.json()["detail"]
    mine = [{"username": "chief", "role": "viewer"}, {"username": "second", "role": "viewer"}]
    promoted = [{"username": "carl", "role": "admin"}, {"username": "carl", "role": ""}]
    for body in (*mine, *promoted):
        assert program.post(f"/projects/{FIRST}/members", body).status_code == 403
    second.refresh_from_db()
    assert (second.is_active, second.groups.exists(), ApiToken.objects.count()) == (True, False, before)
    assert [group.name for group in curator.groups.all()] == ["admin"]
    assert not Invitation.objects.exists()


def test_a_token_without_the_scope_sees_nothing_of_the_installation(chief):
    program = Program(chief, [scope for scope in EVERY_SCOPE if scope != "manage"])
    for path in ("/people", "/invitations", "/projects", "/roles", "/webhooks", f"/projects/{FIRST}/members"):
        answer = program.get(path)
        assert (answer.status_code, "the scope “manage”" in answer.json()["detail"]) == (403, True)
    assert program.post("/spending/limits", {"scope": "all", "amount": 1}).status_code == 403


def test_limits_are_set_and_lifted_and_ceilings_by_superusers_alone(chief, nobody):
    nobody.groups.add(Group.objects.get(name="admin"))
    program, admin = Program(chief), Program(nobody)
    factories.make_sampler(kind="chat", name="m", parameters={"base_url": "http://127.0.0.1:9/v1", "model": "none"})
    told = admin.post("/spending/limits", {"scope": "sampler", "sampler_name": "m", "amount": 2.5})
    assert told.status_code == 200, told.content
    assert [(row["scope"], row["sampler_name"], row["amount"]) for row in told.json()["items"]] == [
        ("sampler", "m", 2.5)
    ]
    mine = admin.post("/spending/limits", {"scope": "person", "person": nobody.pk, "amount": 1}).json()["items"]
    assert [row["person"] for row in mine] == [None, "nora"]
    assert admin.post("/spending/limits", {"scope": "ceiling", "amount": 9}).json()["errors"][0]["field"] == "scope"
    ceiling = program.post("/spending/limits", {"scope": "ceiling", "amount": 9}).json()["items"][0]
    assert (ceiling["scope"], ceiling["amount"]) == ("ceiling", 9.0)
    assert admin.post(f"/spending/limits/{ceiling['id']}/lift", {}).status_code == 403
    assert SpendLimit.objects.get(scope="ceiling").amount == Decimal(9)
    left = program.post(f"/spending/limits/{ceiling['id']}/lift", {}).json()["items"]
    assert [row["scope"] for row in left] == ["sampler", "person"]
    assert program.post("/spending/limits/99/lift", {}).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"scope": "sampler", "amount": 1}, "sampler_name"),
        ({"scope": "sampler", "sampler_name": "nobody", "amount": 1}, "sampler_name"),
        ({"scope": "person", "person": 10**9, "amount": 1}, "person"),
        ({"scope": "all", "person": 1, "amount": 1}, "person"),
        ({"scope": "together", "amount": 1}, "scope"),
        ({"scope": "all", "amount": -1}, "amount"),
        ({"scope": "all", "amount": 0.00000001}, "amount"),
    ],
)
def test_what_is_no_limit_is_refused_by_its_field(chief, body, field):
    answer = Program(chief).post("/spending/limits", body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert not SpendLimit.objects.exists()
