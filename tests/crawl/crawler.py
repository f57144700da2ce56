"""A visitor that asks for pages and counts what breaks: an error of the server, or an answer that took too long."""

import logging
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction
from django.http import QueryDict
from django.urls import resolve, reverse

from tests.crawl.values import encoded
from tests.pages import Form, Page
from tests.plain_client import PlainClient

logger = logging.getLogger(__name__)

LONGEST_CPU_SECONDS = 5.0
"""Of this thread: how long an answer takes on a clock says how busy the machine is."""
LONGEST_STALL_SECONDS = 60.0
"""On the clock: what waits for a lock or a network takes no time of the processor."""
URLENCODED = "application/x-www-form-urlencoded"


@dataclass
class Crawler:
    """One person's browser. `faults` gathers what broke; every request that posts is undone."""

    user: Any
    faults: list[str] = field(default_factory=list)
    asked: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    requests: int = 0

    def __post_init__(self) -> None:
        self.client = PlainClient(raise_request_exception=False)
        if self.user.is_authenticated:
            self.client.force_login(self.user, backend="django.contrib.auth.backends.ModelBackend")

    def get(self, address: str, query: bytes = b"", **headers: str) -> Any:
        """Ask for a page; the parameters that the server looked at are remembered by path."""
        with noting(self.asked[address]):
            return self._send("GET", address, query, b"", **headers)

    def post(
        self, address: str, body: bytes, content_type: str = URLENCODED, *, kept: bool = False, **headers: str
    ) -> Any:
        """Send a form, and undo what came of it unless it is to be kept."""
        path, _, query = address.partition("?")
        return self._send("POST", path, query.encode(), body, content_type, kept=kept, **headers)

    def head(self, address: str) -> Any:
        """Ask for the headers of a page."""
        return self._send("HEAD", address, b"", b"")

    def _send(
        self,
        method: str,
        path: str,
        query: bytes,
        body: bytes,
        content_type: str = URLENCODED,
        *,
        kept: bool = False,
        **headers: str,
    ) -> Any:
        self.requests += 1
        started, clock = time.thread_time(), time.monotonic()
        with nullcontext() if kept else undone():
            response = self.client.generic(
                method,
                path,
                body,
                content_type,
                QUERY_STRING=query.decode("latin-1"),
                headers={name.replace("_", "-"): value for name, value in headers.items()},
            )
            if response.streaming:
                b"".join(response.streaming_content)
        took, waited = time.thread_time() - started, time.monotonic() - clock
        # 503 is what this one says where no worker is alive, as here.
        if response.status_code >= 500 and path != reverse("health_of_work"):
            error = getattr(response, "exc_info", None)
            said = repr(error[1])[:300] if error else ""
            self.found(f"{response.status_code} {self._shown(method, path, query, body)}: {said}")
        if took > LONGEST_CPU_SECONDS or waited > LONGEST_STALL_SECONDS:
            self.found(f"{took:.1f} s of {waited:.1f} s {self._shown(method, path, query, body)}")
        return response

    def found(self, fault: str) -> None:
        """Keep a fault, and say it at once: a deep crawl takes many minutes (`-o log_cli=1 --log-cli-level=ERROR`)."""
        self.faults.append(fault)
        logger.error(fault)

    def _shown(self, method: str, path: str, query: bytes, body: bytes) -> str:
        where = f"{path[:120]}{'?' if query else ''}{query[:200].decode('latin-1')}"
        return f"{self.user or 'anonymous'} {method} {where} {body[:300].decode('latin-1')}"

    def page(self, address: str, **headers: str) -> Page | None:
        """The page at an address as a browser reads it; None where it is none or there is no right to see it."""
        path, _, query = address.partition("?")
        response = self.get(path, query.encode(), **headers)
        is_page = response.status_code in (200, 422) and response.get("Content-Type", "").startswith("text/html")
        return Page(response.content.decode(), address) if is_page else None


@contextmanager
def undone() -> Iterator[None]:
    """Whatever is written in here is taken back, be it broken half way."""
    with transaction.atomic():
        yield
        if not connection.needs_rollback:
            transaction.set_rollback(True)


@contextmanager
def noting(names: set[str]) -> Iterator[None]:
    """Write down the names of the parameters that are looked for, present or not."""
    originals = {name: getattr(QueryDict, name) for name in ("get", "getlist", "__getitem__", "__contains__")}

    def spying(original: Any) -> Any:
        def spy(self: QueryDict, key: str, *arguments: Any, **options: Any) -> Any:
            names.add(key)
            return original(self, key, *arguments, **options)

        return spy

    for name, original in originals.items():
        setattr(QueryDict, name, spying(original))
    try:
        yield
    finally:
        for name, original in originals.items():
            setattr(QueryDict, name, original)


def form_identity(form: Form) -> tuple[str, str, tuple[str, ...]]:
    """Forms of one kind: the same view and the same fields, whatever row they are about."""
    try:
        name = resolve(form.address.partition("?")[0]).view_name
    except LookupError:
        name = form.address
    return name, form.method, tuple(sorted(form.fields))


def body_of(form: Form, changes: dict[str, list[bytes]]) -> bytes:
    """What a browser sends of the form with some fields changed."""
    sent = {name: [value.encode() for value in values] for name, values in form.filled_in().items()}
    return encoded({**sent, **changes})
