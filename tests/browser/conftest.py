"""A real Chromium on a live server with the test database."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import ConsoleMessage, Page, Request, expect

# Playwright's synchronous interface runs an event loop in the test's thread, where Django would refuse the database.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

CHROMIUM = next(
    filter(Path.exists, map(Path, ("/usr/lib/chromium/chromium-headless-shell", "/usr/bin/chromium"))), None
)
"""Debian's; first the one that has no windows, which takes half as much of a processor for the same page."""
HERE = Path(__file__).parent
LONGEST_WAIT = 45_000
"""Milliseconds for what a page is expected to show; only a busy machine needs them."""
LAST_REQUESTS_SECONDS = 15
expect.set_options(timeout=LONGEST_WAIT)
QUIET = (
    *("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            # A browser, a server and a database share two cores with other tests. See tests.second_tries.
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Debian's Chromium where it is installed, Playwright's own, which has no window either, elsewhere."""
    arguments = [*QUIET, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    launch = {**browser_type_launch_args, "args": [*browser_type_launch_args.get("args", []), *arguments]}
    return {**launch, "executable_path": str(CHROMIUM)} if CHROMIUM else launch


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any], live_server: Any) -> dict[str, Any]:
    """Addresses may be given as paths; nothing moves, so nothing has to be waited for but what counts."""
    return {
        **browser_context_args,
        "base_url": live_server.url,
        "viewport": {"width": 1440, "height": 900},
        "reduced_motion": "reduce",
    }


@pytest.fixture
def live_app(live_server: Any) -> Any:
    """The application at `live_app.url`, static files included, on the test database."""
    return live_server


@pytest.fixture
def log_in(live_app: Any, page: Page) -> Callable[[User], Page]:
    """`log_in(user)` gives a page in which this user is logged in, without the detour of the form."""

    def with_session(user: User) -> Page:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        value = client.cookies[settings.SESSION_COOKIE_NAME].value
        page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": live_app.url}])
        return page

    return with_session


@pytest.fixture(autouse=True)
def _keys_wait_for_scripts(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key is pressed once the page has loaded: its text is there before the script that listens."""
    press = page.keyboard.press

    def press_when_loaded(key: str, **options: Any) -> None:
        page.wait_for_load_state()
        press(key, **options)

    monkeypatch.setattr(page.keyboard, "press", press_when_loaded)


@pytest.fixture(autouse=True)
def _nothing_is_under_way_at_the_end(page: Page, transactional_db: None) -> Iterator[None]:
    """The database is emptied after a test; what a page still asks for, or sends on leaving, would stand in the way."""
    under_way: set[Request] = set()
    context = page.context

    # Playwright hangs something on its handlers, which methods of sets do not take.
    def begin(request: Request) -> None:
        under_way.add(request)

    def end(request: Request) -> None:
        under_way.discard(request)

    context.on("request", begin)
    context.on("requestfinished", end)
    context.on("requestfailed", end)
    yield
    for address in ("**/reviews/leases/", "**/comparisons/leases/"):
        context.route(address, lambda route: route.abort())
    deadline = time.monotonic() + LAST_REQUESTS_SECONDS
    while under_way and time.monotonic() < deadline:
        page.wait_for_timeout(20)
    page.goto("about:blank")


@pytest.fixture(autouse=True)
def _no_script_fails(page: Page) -> Iterator[None]:
    """A page whose script throws, or that breaks its own content policy, fails the test that opened it."""
    page.set_default_timeout(LONGEST_WAIT)
    faults: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error" and "Content Security Policy" in message.text:
            faults.append(message.text)

    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", on_console)
    yield
    assert faults == []
