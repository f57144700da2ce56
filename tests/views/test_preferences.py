import pytest
from django.urls import reverse

ADDRESS = "/preferences/"


def test_a_choice_is_remembered_and_shown(client, curator):
    client.force_login(curator)
    response = client.post(ADDRESS, {"theme": "dark", "next": "/problems/?set=x"})
    assert response.status_code == 302
    assert response["Location"] == "/problems/?set=x"
    assert response.cookies["theme"]["max-age"] == 365 * 24 * 3600
    assert 'data-theme="dark"' in client.get(reverse("home")).content.decode()


def test_it_works_before_logging_in(client, db):
    client.post(ADDRESS, {"palette": "colour-blind"})
    assert 'data-palette="colour-blind"' in client.get(reverse("login")).content.decode()


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_it_goes_nowhere_else(client, elsewhere):
    assert client.post(ADDRESS, {"theme": "dark", "next": elsewhere})["Location"] == "/"


def test_an_unknown_value_changes_nothing(client):
    response = client.post(ADDRESS, {"theme": "pink", "digits": "on"})
    assert response.status_code == 400
    assert "expected one of auto, light, dark" in response.content.decode()
    assert not response.cookies


def test_reading_it_is_not_allowed(client):
    assert client.get(ADDRESS).status_code == 405


def test_how_many_keys_accept_a_trace_is_remembered_too(client, curator):
    client.force_login(curator)
    client.post(ADDRESS, {"pace": "one"})
    assert 'data-pace="one"' in client.get(reverse("home")).content.decode()
