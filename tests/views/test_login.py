import pytest
from django.conf import settings
from django.urls import reverse

from trajectories.urls import urlpatterns

RIGHT = {"username": "carl", "password": "a long enough password"}
WRONG = {"username": "carl", "password": "no"}


def test_logging_in_leads_where_one_wanted_to_go(client, curator):
    response = client.post(reverse("login"), {**RIGHT, "next": "/problems/"})
    assert response["Location"] == "/problems/"


def test_a_wrong_password_is_said_in_words(client, curator):
    response = client.post(reverse("login"), WRONG)
    assert "Found no account with this name and password." in response.content.decode()


def test_too_many_attempts_close_the_door_even_to_the_right_password(client, curator):
    for _ in range(settings.AXES_FAILURE_LIMIT):
        response = client.post(reverse("login"), WRONG)
    assert response.status_code == 429
    assert "Too many attempts" in response.content.decode()
    assert client.post(reverse("login"), RIGHT).status_code == 429


def test_logging_out_needs_a_post(client, curator):
    client.force_login(curator)
    assert client.get(reverse("logout")).status_code == 405
    assert client.post(reverse("logout"))["Location"] == reverse("login")


@pytest.mark.parametrize("name", ["home", "problem_list"])
def test_pages_ask_to_log_in(client, db, name):
    response = client.get(reverse(name))
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("login"))


def test_only_addresses_that_were_thought_about_are_open():
    """Grids and preferences hold no data; downloads and invitations check links of their own, numbers who asks."""
    opened = {pattern.name for pattern in urlpatterns if not getattr(pattern.callback, "login_required", True)}
    downloads = {"delivery_download", "export_download"}
    machines = {"health", "health_of_work", "healthz", "readyz", "metrics"}
    assert opened == {*downloads, *machines, "grid_png", "grid_svg", "invitation_accept", "login", "preferences"}


def test_pages_run_no_code_from_elsewhere(client, curator):
    client.force_login(curator)
    response = client.get(reverse("home"))
    policy = response["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    page = response.content.decode()
    assert "<style" not in page
    assert "style=" not in page
    assert "onclick" not in page
