"""Fixtures that every test may use."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import Group, User
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test import client as test_client
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from tests import factories
from tests.emptying import empty_cheaply
from tests.leftovers import LEFTOVERS
from tests.order import long_first
from tests.plain_client import keep_outermost
from tests.ready_made import copy_ready_made
from tests.walker import undone
from tests.worker import connect_queues, disconnect_queues
from trajectories.models import Problem
from trajectories.selectors.insights.budgets import forget_budgets
from trajectories.services.runs.requests import maker_of

# Hashing a password is slow on purpose; here it would take most of the time of every test with a person in it.
django_settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# How long an example takes says how busy the machine is, not whether the code is right.
hypothesis_settings.register_profile(
    "untimed", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("untimed")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item):
    """A browser that an earlier test opened stays open, and Playwright's event loop with it: whatever starts a loop of
    its own in this thread would be refused, in a test that has no browser at all. And a connection of Django belongs to
    the loop that it was opened in: a test that saw another one than its fixtures would leave its rows to the next."""
    if "playwright" in getattr(item, "fixturenames", ()):
        return (yield)
    loop = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    try:
        return (yield)
    finally:
        if loop is not None and not loop.is_closed():
            asyncio._set_running_loop(loop)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    """Tests that run beside others (`-n`): what is marked as long is begun first."""
    if processes := getattr(config, "workerinput", {}).get("workercount"):
        items[:] = long_first(items, lambda item: item.get_closest_marker("long") is not None, processes)


def pytest_configure():
    test_client.store_rendered_templates = keep_outermost
    _leave_static_files()


def _leave_static_files():
    """Pages under test need no collected static files: for the whole session, since a page that a browser has left may
    be answered between two tests, and would have every later test look for files that were never collected."""
    django_settings.STORAGES = {
        **django_settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture(autouse=True)
def _no_rows_of_earlier_tests(request):
    has_database = not {"db", "transactional_db"}.isdisjoint(request.fixturenames)
    if has_database or request.node.get_closest_marker("django_db"):
        LEFTOVERS.clear(request.node.nodeid)


@pytest.fixture(autouse=True)
def _counts_take_their_time(monkeypatch):
    """On a busy machine the count of three rows may be given up for an estimate, which no test expects, and their walk
    for another one, which no count of queries does."""
    monkeypatch.setattr("trajectories.selectors.listing.COUNT_MILLISECONDS", 60_000)
    monkeypatch.setattr("trajectories.selectors.listing.WALK_MILLISECONDS", 60_000)


@pytest.fixture(autouse=True)
def _no_samples_of_earlier_tests():
    """Samples for budgets are kept for a while whatever is stored."""
    forget_budgets()


@pytest.fixture(autouse=True)
def _nothing_kept_by_id_in_earlier_tests():
    """Plans, and what was found of the samples of a run, are kept by the id of the run. Ids come again here: a server
    that is killed forgets those that no committed transaction has used, and tests roll theirs back."""
    maker_of.cache_clear()
    cache.clear()


@pytest.fixture(scope="session")
def new_folder() -> Iterator[Callable[[], Path]]:
    """`new_folder()` makes one for a database server: pytest closes its own to the server's account at every start."""
    with ExitStack() as stack:
        yield lambda: Path(stack.enter_context(TemporaryDirectory(prefix="minicolumn-test-"))).resolve()


@pytest.fixture(scope="module")
def shared_rows(django_db_setup, django_db_blocker) -> Iterator[Callable[[], AbstractContextManager[None]]]:
    """For a fixture of a module that makes rows once, `with shared_rows():`, for all its tests: all of them run in one
    transaction, in which each is taken back by itself. For modules whose tests commit nothing, and presume no table
    to be empty."""
    with django_db_blocker.unblock():
        around = undone()
        around.__enter__()
        # As Django marks the transactions of its own tests: what has to be outermost may be made in it.
        connection.atomic_blocks[-1]._from_testcase = True
    yield django_db_blocker.unblock
    with django_db_blocker.unblock():
        around.__exit__(None, None, None)


def _person(name: str, role: str) -> User:
    user = User.objects.create_user(name, password="a long enough password")
    user.groups.add(Group.objects.get(name=role))
    return user


@pytest.fixture
def lead(db) -> User:
    return _person("lena", "lead")


@pytest.fixture
def curator(db) -> User:
    return _person("carl", "curator")


@pytest.fixture
def engineer(db) -> User:
    return _person("erin", "engineer")


@pytest.fixture
def nobody(db) -> User:
    """Somebody with an account and no role."""
    return User.objects.create_user("nora", password="a long enough password")


@pytest.fixture
def chief(db) -> User:
    """A superuser."""
    return User.objects.create_superuser("chief")


@pytest.fixture
def as_lead(client: Client, lead: User) -> Client:
    client.force_login(lead)
    return client


@pytest.fixture
def as_curator(client: Client, curator: User) -> Client:
    client.force_login(curator)
    return client


@pytest.fixture
def as_engineer(client: Client, engineer: User) -> Client:
    client.force_login(engineer)
    return client


@pytest.fixture
def as_chief(client: Client, chief: User) -> Client:
    client.force_login(chief)
    return client


@pytest.fixture
def problem(db) -> Problem:
    return factories.make_problem()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings, django_db_blocker):
    """Test databases are copies of one that was migrated once."""
    with django_db_blocker.unblock():
        copy_ready_made()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """The test database with the queue in it, and this process's Celery pointed at it."""
    with django_db_blocker.unblock():
        connect_queues()
        empty_cheaply()
        LEFTOVERS.watch()
    yield
    LEFTOVERS.close()
    disconnect_queues()
