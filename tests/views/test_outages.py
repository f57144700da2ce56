"""The database away: a real web server on a PostgreSQL of its own that is stopped and started."""

import logging
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from django.core.management.utils import get_random_secret_key
from django.db import OperationalError

from tests.worker import ROOT, wait_for
from trajectories.adapters import embedded_postgres
from trajectories.views.outages import outage_or_error
from webapp.logs import OutagesInOneLine

SECONDS_TO_SAY_SO = 3.0
THREADS = 4


@dataclass
class Answer:
    """What came back: `seconds` after the request, status 0 for nothing at all."""

    status: int
    seconds: float
    headers: dict[str, str]
    text: str


class NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Site:
    """A web server as `manage.py up` has it, on data of its own."""

    def __init__(self, var: Path) -> None:
        self.var = var
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.port = server.getsockname()[1]
        kept = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        self.environment = {**kept, "MINICOLUMN_VAR": str(var), "SECRET_KEY": get_random_secret_key()}
        self.environment["DJANGO_SETTINGS_MODULE"] = "tests.plain_settings"
        self.opener = urllib.request.build_opener(NoRedirects)

    def start(self) -> subprocess.Popen[bytes]:
        self.start_database()
        command = [sys.executable, "manage.py", "migrate", "-v0", "--skip-checks"]
        subprocess.run(command, cwd=ROOT, env=self.environment, check=True)
        command = [sys.executable, "-m", "gunicorn", "webapp.wsgi", "--bind", f"127.0.0.1:{self.port}"]
        command += ["--worker-class", "gthread", "--threads", str(THREADS), "--no-control-socket"]
        return subprocess.Popen(command, cwd=ROOT, env=self.environment, stderr=(self.var / "log").open("wb"))

    def start_database(self) -> None:
        embedded_postgres.ensure_running(self.var, "minicolumn")

    def stop_database(self) -> None:
        embedded_postgres.stop(self.var)

    def ask(self, path: str, data: bytes | None = None, **headers: str) -> Answer:
        """As a browser that was logged in: with the cookie of a session, which the server must look up."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, headers=headers)
        started = time.monotonic()
        try:
            with self.opener.open(request, timeout=60) as answer:
                status, said, text = answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            status, said, text = error.code, error.headers, error.read()
        except OSError:
            status, said, text = 0, {}, b""
        return Answer(status, time.monotonic() - started, dict(said.items()), text.decode())


@pytest.fixture(scope="module")
def site(new_folder):
    made = Site(new_folder())
    process = made.start()
    try:
        wait_for(lambda: made.ask("/health/").status == 200, "the web server")
        yield made
    finally:
        process.terminate()
        process.wait()
        made.stop_database()


@pytest.fixture
def away(site):
    """The site after a few pages, when the database has just stopped; started again afterwards."""
    site.start_database()
    wait_for(lambda: site.ask("/health/").status == 200, "the web server to find it again")
    with ThreadPoolExecutor(THREADS) as pool:
        warm = list(pool.map(lambda _: site.ask("/", Cookie="sessionid=0123456789abcdef"), range(2 * THREADS)))
    assert {answer.status for answer in warm} == {302}
    site.stop_database()
    yield site
    site.start_database()


def test_every_page_says_so_in_time_and_is_back_by_itself(away):
    cookie = {"Cookie": "sessionid=0123456789abcdef"}
    with ThreadPoolExecutor(3 * THREADS) as pool:  # more at once than there are threads
        answers = list(pool.map(lambda _: away.ask("/runs/", **cookie), range(3 * THREADS)))
    answers += [away.ask(path, **cookie) for path in ("/", "/traces/1/", "/admin/", "/grids/0/", "/health/")]
    assert {answer.status for answer in answers} == {503}
    assert max(answer.seconds for answer in answers) < SECONDS_TO_SAY_SO
    for answer in answers:
        assert "The database is away" in answer.text
        assert '<meta http-equiv="refresh" content="5">' in answer.text
        assert answer.headers["Retry-After"] == "5"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert away.ask("/static/trajectories/css/base.css").status == 200
    away.start_database()
    wait_for(lambda: away.ask("/", **cookie).status == 302, "the page to be back", seconds=SECONDS_TO_SAY_SO)
    assert away.ask("/health/").status == 200


def test_whoever_watches_the_site_is_told(away):
    answer = away.ask("/health/")
    assert (answer.status, answer.seconds < SECONDS_TO_SAY_SO) == (503, True)
    assert answer.text == "The database does not answer.\n"


def test_a_part_of_a_page_and_a_form_are_told_in_their_own_way(away):
    part = away.ask("/runs/", HX_Request="true", Cookie="sessionid=0123456789abcdef")
    assert (part.status, part.headers["Retry-After"]) == (503, "5")
    assert part.text == "The database does not answer. What was sent may not be saved; try again in a moment."
    sent = away.ask(
        "/login/",
        b"csrfmiddlewaretoken=" + b"a" * 32 + b"&username=a&password=b",
        Cookie=f"csrftoken={'a' * 32}; theme=dark",
    )
    assert sent.status == 503
    assert "may not be saved" in sent.text
    assert "http-equiv" not in sent.text
    assert 'data-theme="dark"' in sent.text


def test_the_log_has_one_line_for_each_page(away):
    log = away.var / "log"
    before = log.stat().st_size
    away.ask("/runs/", Cookie="sessionid=0123456789abcdef")
    said = log.read_bytes()[before:].decode()
    assert "Service Unavailable: /runs/ (the database is away)" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("cause", "status"),
    [
        (psycopg.OperationalError("the connection is closed"), 503),
        (psycopg.errors.AdminShutdown(), 503),
        (psycopg.errors.CannotConnectNow(), 503),
        (psycopg.errors.QueryCanceled(), 500),
        (psycopg.errors.DeadlockDetected(), 500),
        (psycopg.errors.DiskFull(), 500),
        (ValueError("something else"), 500),
    ],
    ids=lambda value: type(value).__name__,
)
def test_only_a_database_that_is_away_is_called_so(rf, cause, status):
    try:
        raise OperationalError("x") from cause
    except OperationalError:
        assert outage_or_error(rf.get("/")).status_code == status


def test_other_errors_keep_their_traceback():
    try:
        raise ValueError("x")
    except ValueError as error:
        record = logging.LogRecord("n", logging.ERROR, "p", 1, "m", (), (ValueError, error, error.__traceback__))
    assert OutagesInOneLine().filter(record)
    assert record.exc_info is not None
