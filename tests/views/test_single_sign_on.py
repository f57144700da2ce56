"""Logging in by an OpenID Connect provider, at a web server of its own: only there the library is loaded."""

import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.db import connection
from django.urls import NoReverseMatch, reverse

from tests.dumps import column_of
from tests.identity_provider import CLIENT, SECRET, IdentityProvider
from tests.worker import ROOT, database_url, wait_for

START, BACK = "/login/by/oidc/", "/login/by/oidc/back/"
ANN = {"sub": "1", "email": "ann@example.org", "email_verified": True, "preferred_username": "ann-there"}


@pytest.fixture(scope="module")
def provider():
    with IdentityProvider() as provider:
        yield provider


def told(provider, newcomers: str, folder) -> dict[str, str]:
    """The environment of a process that knows the provider."""
    return {
        **os.environ,
        "DATABASE_URL": database_url(connection.settings_dict),
        "MINICOLUMN_VAR": str(folder),
        "SECRET_KEY": django_settings.SECRET_KEY,
        "DJANGO_SETTINGS_MODULE": "tests.plain_settings",
        "OIDC_ISSUER": provider.address,
        "OIDC_CLIENT_ID": CLIENT,
        "OIDC_CLIENT_SECRET": SECRET,
        "OIDC_NAME": "Our House",
        "OIDC_NEWCOMERS": newcomers,
    }


@contextmanager
def web_server(provider, newcomers, folder):
    """gunicorn, told of the provider; its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = ["webapp.wsgi", f"--bind=127.0.0.1:{port}", "--worker-class=gthread", "--threads=2", "--no-control-socket"]
    with (folder / f"{newcomers}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", *words], cwd=ROOT, env=told(provider, newcomers, folder),
            stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip

    def is_up() -> bool:
        assert process.poll() is None, (folder / f"{newcomers}.log").read_text()
        try:
            return httpx2.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
        except httpx2.HTTPError:
            return False

    try:
        wait_for(is_up, "the web server")
        yield port
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class Browser:
    """Somebody who clicks the button and follows where it leads."""

    def __init__(self, port: int) -> None:
        self._http = httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=30)

    def get(self, path: str) -> httpx2.Response:
        return self._http.get(path)

    def click(self, path: str = "/login/") -> httpx2.Response:
        """Begin, go to the provider, come back; the last answer, or the first that is not a redirection."""
        page = self.get(path)
        form = re.search(r'action="(/login/by/oidc/)">(.*?)</form>', page.text, re.DOTALL)
        assert form, page.text
        fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[2]))
        begun = self._http.post(form[1], data=fields)
        if begun.status_code != 302:
            return begun
        self.back = httpx2.get(begun.headers["location"]).headers["location"]
        return self._http.get(self.back)


def test_without_a_provider_there_is_no_button_and_no_address(client, db):
    assert "Log in by" not in client.get(reverse("login")).content.decode()
    with pytest.raises(NoReverseMatch):
        reverse("openid_connect_login", args=["oidc"])
    assert client.get(BACK).status_code in (302, 404)
    assert "allauth" not in sys.modules


LEFT = "relname LIKE 'account\\_%%' OR relname LIKE 'socialaccount\\_%%'"


@pytest.fixture
def installation(transactional_db, tmp_path, provider):
    """The test database with the tables that the library wants, which are gone afterwards, and people."""
    command = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
    subprocess.run(command, cwd=ROOT, env=told(provider, "refused", tmp_path), check=True)
    ann = User.objects.create_user("ann", email="ann@example.org")
    ann.groups.add(Group.objects.get(name="curator"))
    User.objects.create_user("gone", email="gone@example.org", is_active=False)
    yield tmp_path
    tables = column_of(f"SELECT relname FROM pg_class WHERE relkind = 'r' AND ({LEFT})")
    assert len(tables) >= 5
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {', '.join(tables)} CASCADE")
        cursor.execute("DELETE FROM django_migrations WHERE app IN ('account', 'socialaccount')")


def sessions() -> list[str]:
    """The accounts of all sessions, in the order in which they logged in."""
    from django.contrib.sessions.models import Session

    keys = [session.get_decoded().get("_auth_user_id") for session in Session.objects.all()]
    return sorted(User.objects.get(pk=key).username for key in keys if key)


REFUSED = [
    ({**ANN, "sub": "2", "email_verified": False}, 403, "The provider told no e-mail address that it has verified"),
    ({"sub": "3"}, 403, "The provider told no e-mail address that it has verified"),
    ({**ANN, "sub": "4", "email": "new@example.org"}, 403, "Found no account with the address new@example.org."),
    ({**ANN, "sub": "5", "email": "gone@example.org"}, 403, "This account is closed."),
]


def test_people_come_in_by_what_the_provider_has_verified_and_newcomers_where_that_is_set(installation, provider):
    with web_server(provider, "refused", installation) as port:
        for person, status, sentence in REFUSED:
            provider.person = person
            answer = Browser(port).click()
            assert (answer.status_code, sessions()) == (status, []), person
            assert sentence in answer.text
        for broken in ("discovery", "nonsense", "token", "userinfo", "stopped"):
            status = 403 if broken == "stopped" else 502
            provider.person, provider.broken = ANN, broken
            answer = Browser(port).click()
            assert (answer.status_code, sessions()) == (status, []), broken
            assert "or log in with a password" in answer.text
        provider.broken = ""
        browser = Browser(port)
        page = browser.get("/login/?next=/traces/")
        assert "Log in by Our House" in page.text
        assert f"form-action 'self' {provider.address}" in page.headers["content-security-policy"]
        assert browser.click("/login/?next=/traces/").headers["location"] == "/traces/"
        assert browser.get("/traces/").status_code == 200
        assert sessions() == ["ann"]
        again = browser.get(browser.back)
        assert again.status_code == 403, "a way back works once"
        stranger = Browser(port)
        assert stranger.get(browser.back).status_code == 403, "and in the browser that began it"
        assert stranger.get(START).status_code == 405, "no other site can begin it"
        assert stranger._http.post(START).status_code == 403
        assert Browser(port).click("/login/?next=https://elsewhere.example/").headers["location"] == "/"
        # From now on it is the provider's id that counts.
        provider.person = {**ANN, "email": "married@example.org"}
        assert Browser(port).click().status_code == 302
        assert sessions() == ["ann"] * 3
        User.objects.filter(username="ann").update(is_active=False)
        closed = Browser(port).click()
        assert (closed.status_code, "This account is closed." in closed.text) == (403, True)
        assert User.objects.count() == 2
    let_newcomers_in(installation, provider)


def let_newcomers_in(installation, provider) -> None:
    User.objects.create_user("ann-there")
    provider.person = {**ANN, "sub": "9", "email": "new@example.org"}
    with web_server(provider, "curator", installation) as port:
        browser = Browser(port)
        assert browser.click().headers["location"] == "/"
        assert browser.get("/traces/").status_code == 200
        assert Browser(port).click().status_code == 302
    made = User.objects.get(email="new@example.org")
    assert made.username == "ann-there-2"
    assert list(made.groups.values_list("name", flat=True)) == ["curator"]
    assert (made.is_staff, made.is_superuser, made.has_usable_password()) == (False, False, False)
    log = (installation / "curator.log").read_text()
    assert SECRET not in log
    assert parse_qs(urlsplit(browser.back).query)["code"][0] not in log


FAULTS = [
    ({"OIDC_ISSUER": "login.example.org"}, "OIDC_ISSUER: expected an address such as"),
    ({"OIDC_ISSUER": "http://login.example.org"}, "OIDC_ISSUER: expected an address such as"),
    ({"OIDC_ISSUER": "https://login.example.org"}, "expected OIDC_CLIENT_ID and OIDC_CLIENT_SECRET beside it."),
    (
        {
            "OIDC_ISSUER": "https://l.example",
            "OIDC_CLIENT_ID": "a",
            "OIDC_CLIENT_SECRET": "b",
            "OIDC_NEWCOMERS": "lead",
        },
        "OIDC_NEWCOMERS is 'lead'; expected refused, none or curator",
    ),
]


def test_what_is_set_wrongly_is_said_in_one_sentence(monkeypatch):
    from webapp.single_sign_on import single_sign_on

    for values, sentence in FAULTS:
        with monkeypatch.context() as patched:
            for name, value in values.items():
                patched.setenv(name, value)
            with pytest.raises(Exception, match=re.escape(sentence)):
                single_sign_on()
    assert single_sign_on() is None


def test_the_deployment_check_is_clean_with_it(provider, db, tmp_path):
    assert call_command("check") is None
    environment = {**told(provider, "none", tmp_path), "DJANGO_SETTINGS_MODULE": "webapp.settings"}
    command = [sys.executable, "manage.py", "makemigrations", "--check", "--dry-run"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "No changes detected\n"), done.stderr
