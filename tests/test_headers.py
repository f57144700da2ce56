"""What every answer says to the browser, whoever gives it: views, WhiteNoise, and refusals on the way."""

import pytest
from django.test import Client
from django.urls import reverse

from trajectories.views import home


@pytest.fixture
def client(settings, tmp_path) -> Client:
    """A client of an application that serves a static file of its own."""
    settings.STATIC_ROOT = tmp_path
    (tmp_path / "file.css").write_text("body { color: black }")
    (tmp_path / "picture.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    return Client(raise_request_exception=False)


def assert_guarded(response, status):
    assert response.status_code == status
    assert "default-src 'self'" in response["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in response["Content-Security-Policy"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("name", ["file.css", "picture.svg"])
def test_static_files_bear_the_policy(client, name):
    response = client.get(f"/static/{name}")
    assert_guarded(response, 200)
    assert b"".join(response.streaming_content)


def test_the_refusal_of_a_wrong_host_bears_it_and_says_what_it_is(client, db):
    response = client.get(reverse("health"), headers={"host": "evil.example"})
    assert_guarded(response, 400)
    assert "Not understood" in response.content.decode()
    assert "evil.example" not in response.content.decode()


def test_so_does_a_page_that_is_not_there(client, curator):
    client.force_login(curator)
    assert_guarded(client.get("/nothing/here/"), 404)
    assert_guarded(client.get("/static/nothing.css"), 404)


def test_so_does_a_server_error(client, curator, monkeypatch):
    def fail(*_):
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(home, "get_loop", fail)
    client.force_login(curator)
    assert_guarded(client.get(reverse("home")), 500)


def test_so_do_refusals_and_redirects(client, curator):
    assert_guarded(client.get(reverse("home")), 302)
    client.force_login(curator)
    assert_guarded(client.get(reverse("run_new")), 403)
    assert_guarded(client.get(reverse("run_new"), headers={"HX-Request": "true"}), 403)
    assert_guarded(client.delete(reverse("home")), 405)
