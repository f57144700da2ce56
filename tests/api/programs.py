"""Programs that ask the API, in tests."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client

from trajectories.api import urls  # noqa: F401 - adds the operations
from trajectories.api.doors import api
from trajectories.models import ApiToken
from trajectories.services.clients.tokens import make_token

EVERY_SCOPE = tuple(ApiToken.Scope.values)
PREFIX = "/api/v1"


@pytest.fixture
def one_connection() -> Iterator[None]:
    """A request that goes to the application itself leaves the test's connection open, as Django's own client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


class Program:
    """A program with a token of somebody's."""

    def __init__(self, owner: User | None, scopes: Any = EVERY_SCOPE) -> None:
        self.secret = make_token(owner=owner, title="A program", scopes=scopes, days=1)[1] if owner else ""
        self._client = Client(headers={"Authorization": f"Bearer {self.secret}"} if owner else {})

    def get(self, path: str, **query: Any) -> Any:
        return self._client.get(PREFIX + path, query)

    def post(self, path: str, body: Any = None, *, key: str = "") -> Any:
        data = body if isinstance(body, str | bytes) else json.dumps(body if body is not None else {})
        headers = {"Idempotency-Key": key} if key else {}
        return self._client.post(PREFIX + path, data, content_type="application/json", headers=headers)

    def send(self, path: str, fields: Any = None, *, key: str = "") -> Any:
        """A form with files."""
        headers = {"Idempotency-Key": key} if key else {}
        return self._client.post(PREFIX + path, fields or {}, headers=headers)


def described() -> dict[str, Any]:
    """The description of the API."""
    return dict(api.get_openapi_schema(path_prefix="/api/v1/"))
