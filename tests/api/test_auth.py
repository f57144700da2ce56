"""Who may do what: every operation for tokens of every role, of one scope too few, and of nobody."""

import pytest
from django.contrib.auth.models import Group, User

from tests import factories
from tests.access import ROLES
from tests.access_api import OPERATIONS, operations
from tests.api.programs import EVERY_SCOPE, Program
from trajectories.models import ApiToken

STEERING = {
    "steer_run": "/runs/{}/pause",
    "steer_any_job": "/jobs/run/{}/pause",
    "set_job_budget": "/jobs/run/{}/budget",
}
"""What asks for a permission that depends on the job."""


def ask(program, method, address, told):
    if method == "get":
        return program.get(address)
    takes_files = "multipart/form-data" in told.get("requestBody", {}).get("content", {})
    return program.send(address) if takes_files else program.post(address)


def test_every_operation_is_for_the_roles_that_the_table_names(nobody, curator, engineer, lead):
    """Who lacks a permission is told which; everybody else that the thing, or a field, is missing."""
    people = {"nobody": nobody, "curator": curator, "engineer": engineer, "lead": lead}
    for role in ("viewer", "admin"):
        people[role] = User.objects.create_user(role)
        people[role].groups.add(Group.objects.get(name=role))
    assert set(people) == set(ROLES)
    found: dict[str, set[str]] = {}
    for role, person in people.items():
        program = Program(person)
        for name, method, address, told in operations():
            if name in STEERING:
                address = STEERING[name].format(factories.make_run(state="queued").pk)  # noqa: PLW2901
            answer = ask(program, method, address, told)
            assert answer.status_code in (200, 201, 403, 404, 409, 422), (role, name, answer.content)
            if answer.status_code == 403:
                assert "permission" in answer.json()["detail"], (role, name, answer.content)
            else:
                found.setdefault(name, set()).add(role)
    assert found == {name: set(roles) for name, roles in OPERATIONS.items()}


def test_a_token_opens_what_its_scopes_say_and_no_more(lead):
    for name, method, address, told in operations():
        others = [scope for scope in EVERY_SCOPE if scope != told["x-scope"]]
        answer = ask(Program(lead, others[:4]), method, address, told)
        ApiToken.objects.all().delete()
        assert answer.status_code == 403, name
        assert f"the scope “{told['x-scope']}”" in answer.json()["detail"]


@pytest.mark.django_db
def test_without_a_token_that_works_there_is_nothing(lead, client):
    client.force_login(lead)
    for name, method, address, told in operations():
        answer = ask(Program(None), method, address, told)
        assert answer.status_code == 401, name
        assert answer["WWW-Authenticate"].startswith("Bearer")
        assert answer["Content-Type"] == "application/problem+json"
    assert client.get("/api/v1/traces").status_code == 401  # a session opens no door: there is no form token to check
    assert client.get("/api/v1/openapi.json").json()["openapi"] == "3.1.0"


def test_who_asks_too_often_is_told_when_to_come_back(lead, settings):
    settings.API_REQUESTS_A_MINUTE = 2
    program = Program(lead)
    assert [program.get("/runs").status_code for _ in range(3)] == [200, 200, 429]
    refused = program.get("/runs")
    assert refused.json()["detail"] == "This token has asked too often; ask again later."
    assert 1 <= int(refused["Retry-After"]) <= 31
    assert Program(lead).get("/runs").status_code == 200


def test_nothing_of_it_is_kept_on_the_way(lead):
    answer = Program(lead).get("/runs")
    assert "no-store" in answer["Cache-Control"]
    assert not answer.cookies
