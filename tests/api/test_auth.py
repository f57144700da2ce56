"""Who may do what: every operation for tokens of every role, of one scope too few, and of nobody."""

import pytest

from tests import factories
from tests.api.programs import EVERY_SCOPE, Program, described
from trajectories.models import ApiToken

ROLES = ("nobody", "curator", "engineer", "lead")
ALLOWED = {
    "create_problems": {"lead"},
    "get_download_link": {"engineer", "lead"},
    "get_export": {"engineer", "lead"},
    "get_problem": {"curator", "engineer", "lead"},
    "get_release": {"engineer", "lead"},
    "get_run": {"curator", "engineer", "lead"},
    "get_trace": {"curator", "engineer", "lead"},
    "get_verification": {"curator", "engineer", "lead"},
    "launch_run": {"lead"},
    "create_ask": {"lead"},
    "estimate_ask": {"lead"},
    "list_asks": {"curator", "engineer", "lead"},
    "get_ask": {"curator", "engineer", "lead"},
    "lease_next_item": {"curator", "lead"},
    "list_all_problems": {"curator", "engineer", "lead"},
    "list_all_queues": {"curator", "engineer", "lead"},
    "list_all_releases": {"engineer", "lead"},
    "list_all_reviews": {"curator", "engineer", "lead"},
    "list_all_runs": {"curator", "engineer", "lead"},
    "list_all_samplers": {"curator", "engineer", "lead"},
    "list_all_traces": {"curator", "engineer", "lead"},
    "list_exports": {"engineer", "lead"},
    "push_traces": {"lead"},
    "release_items": {"curator", "lead"},
    "request_export": {"engineer", "lead"},
    "skip_queue_item": {"curator", "lead"},
    "steer_run": {"lead"},
    "submit_item": {"curator", "lead"},
    "submit_trace_review": {"curator", "lead"},
    "verify_traces": {"lead"},
}
"""The roles that may ask for each operation. A new one says here who."""


def operations():
    """(name, method, path of something that is not there, what it is described as) of every operation."""
    for path, methods in described()["paths"].items():
        for method, told in methods.items():
            address = path.removeprefix("/api/v1").replace("{verb}", "pause")
            for name in (
                "problem_id",
                "run_id",
                "trace_id",
                "queue_id",
                "item_id",
                "release_id",
                "export_id",
                "job_id",
            ):
                address = address.replace(f"{{{name}}}", "999999")
            yield told["operationId"], method, address, told


def ask(program, method, address):
    return program.get(address) if method == "get" else program.post(address)


def test_every_operation_is_for_the_roles_that_the_table_names(nobody, curator, engineer, lead):
    """Who lacks a permission is told which; everybody else that the thing, or a field, is missing."""
    people = {"nobody": nobody, "curator": curator, "engineer": engineer, "lead": lead}
    found: dict[str, set[str]] = {}
    for role, person in people.items():
        program = Program(person)
        for name, method, address, _ in operations():
            run = f"/runs/{factories.make_run(state='queued').pk}/pause"
            answer = ask(program, method, run if name == "steer_run" else address)
            assert answer.status_code in (200, 201, 403, 404, 409, 422), (role, name, answer.content)
            if answer.status_code == 403:
                assert "permission" in answer.json()["detail"], (role, name, answer.content)
            else:
                found.setdefault(name, set()).add(role)
    assert found == ALLOWED


def test_a_token_opens_what_its_scopes_say_and_no_more(lead):
    for name, method, address, told in operations():
        others = [scope for scope in EVERY_SCOPE if scope != told["x-scope"]]
        answer = ask(Program(lead, others[:4]), method, address)
        ApiToken.objects.all().delete()
        assert answer.status_code == 403, name
        assert f"the scope “{told['x-scope']}”" in answer.json()["detail"]


@pytest.mark.django_db
def test_without_a_token_that_works_there_is_nothing(lead, client):
    client.force_login(lead)
    for name, method, address, _ in operations():
        answer = ask(Program(None), method, address)
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
