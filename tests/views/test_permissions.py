"""Refusals: what is missing, who gives it, and one line for the operator."""

import logging
from io import StringIO

import pytest
from django.urls import reverse

from tests.factories import make_run
from tests.jobs import steering
from trajectories.services.installation.roles import ROLES, roles_with
from trajectories.urls import urlpatterns

OPEN = {
    "home",
    "health",
    "health_of_work",
    "healthz",
    "readyz",
    "metrics",
    "login",
    "logout",
    "preferences",
    "review_leases",
    "delivery_download",
    "export_download",
    "file_pin",
    "grid_detail",
    "grid_png",
    "grid_svg",
    "account",
    "sign_in_end",
    "sign_ins_end",
    "invitation_accept",
    "project_switch",
}
"""Pages that ask for no permission, or that see to it themselves."""
FOR_ADMINS = {"people_list", "person_change", "invitation_revoke", "spend_limit_set", "spend_limit_lift"}
FOR_ADMINS |= {"project_list", "project_detail", "project_change", "project_member"}
"""Pages about people and what they may spend, which no role is for."""


@pytest.fixture
def terminal():
    """What the operator's terminal shows from now on."""
    handler = next(each for each in logging.getLogger().handlers if _is_console(each))
    shown, before = StringIO(), handler.setStream(StringIO())
    handler.setStream(shown)
    yield shown
    handler.setStream(before)


def _is_console(handler: logging.Handler) -> bool:
    return type(handler) is logging.StreamHandler and any(
        type(each).__name__ == "RefusalsInOneLine" for each in handler.filters
    )


@pytest.mark.parametrize("pattern", urlpatterns, ids=lambda pattern: pattern.name)
def test_every_page_asks_for_a_permission_that_some_role_has(pattern):
    needed = getattr(pattern.callback, "needed_permissions", ())
    assert bool(needed) is (pattern.name not in OPEN)
    ungiven = [permission for permission in needed if not roles_with(permission.partition(".")[2])]
    assert bool(ungiven) is (pattern.name in FOR_ADMINS), ungiven


def test_a_refusal_says_what_is_missing_and_which_roles_have_it(client, curator):
    client.force_login(curator)
    for headers in ({}, {"HX-Request": "true"}):
        response = client.get(reverse("run_new"), headers=headers)
        assert response.status_code == 403
        assert "Can add run" in response.content.decode()
        assert "(trajectories.add_run), which the role lead has." in response.content.decode()
    assert response["Content-Type"].startswith("text/plain")


def test_every_permission_that_is_missing_is_named(client, curator):
    client.force_login(curator)
    page = client.get(reverse("release_list")).content.decode()
    assert "trajectories.view_release), which the roles engineer, lead and viewer have." in page
    assert "trajectories.see_reviews), which the roles engineer, lead and viewer have." in page
    assert "An administrator can add you to a role." in page


def test_a_refused_permission_is_one_line_in_the_terminal(client, curator, terminal):
    run = make_run()
    client.force_login(curator)
    assert client.post(steering("run", run, "cancel")).status_code == 403
    (line,) = terminal.getvalue().splitlines()
    assert f"Forbidden (Permission denied): /jobs/run/{run.pk}/cancel/ (carl lacks trajectories.control_run)" in line


def test_a_wrong_host_is_one_line_too(client, terminal, db):
    assert client.get("/health/", headers={"host": "evil.example"}).status_code == 400
    (line,) = terminal.getvalue().splitlines()
    assert "Invalid HTTP_HOST header: 'evil.example'" in line


def test_a_real_error_keeps_its_traceback(terminal):
    try:
        raise RuntimeError("Something broke.")
    except RuntimeError:
        logging.getLogger("django.request").exception("Internal Server Error: %s", "/there/")
    assert "Traceback" in terminal.getvalue()


def test_roles_name_permissions_that_exist(lead, engineer, curator):
    for person, role in ((lead, "lead"), (engineer, "engineer"), (curator, "curator")):
        assert {name.partition(".")[2] for name in person.get_all_permissions()} == set(ROLES[role])
