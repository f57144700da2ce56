"""What the operator's terminal is told: plain lines, or one JSON object a line (LOG_FORMAT=json).

Either way no value of a secret variable is written. JSON lines are for machines that keep them, so they hold no text of
traces or people: of an error they tell the type and where it was raised, and what it said only where the outside world
or the product said it.
"""

import logging
import os
import re
import sys
import traceback
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote, urlsplit

import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import Error as DatabaseFault
from django_structlog.middlewares import RequestMiddleware
from structlog.typing import EventDict, Processor

from trajectories.adapters.acting import ACTED_IN, acting_in, chosen_project
from trajectories.core.faults import Fault
from trajectories.services.jobs.outages import is_away

SECRETS = (
    *(
        "SECRET_KEY",
        "POSTGRES_PASSWORD",
        "BROKER_PASSWORD",
        "PGPASSWORD",
        "EMAIL_PASSWORD",
        "METRICS_TOKEN",
        "OIDC_CLIENT_SECRET",
    ),
    *("OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"),
    *("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
)
"""Variables whose values are secret, beside those that MODEL_KEYS and HUB_KEYS name."""
ADDRESSES = ("DATABASE_URL", "CELERY_BROKER_URL", "MODEL_PROXY")
"""Variables that may hold a password within an address."""
SHORTEST = 6
"""A value of fewer characters is not looked for: it would be found in other words."""
SAID_BY_THE_WORLD = (OSError, DatabaseFault, Fault)
"""Errors whose messages hold no text of a trace, once the rows that a database quotes are left out."""
SECRET_PATHS = re.compile(r"(/invitations/)(?!\d+/)[^/\s\"?]+")
"""Addresses that are secrets themselves: whoever has an invitation's link becomes who was invited."""
ROWS_QUOTED = re.compile(r"^(DETAIL|CONTEXT|LINE \d+|QUERY):.*$", re.MULTILINE)


def secret_values() -> list[str]:
    """The secrets of this process, longest first, as they stand in the environment now."""
    named = [name for keys in (settings.MODEL_ENDPOINTS.keys, settings.HUB_KEYS) for name, _ in keys.pairs]
    values = {os.environ.get(name, "") for name in (*SECRETS, *named)} | {settings.SECRET_KEY}
    for name in ADDRESSES:
        try:
            password = urlsplit(os.environ.get(name, "")).password or ""
        except ValueError:
            continue
        values |= {password, unquote(password)}
    return sorted((value for value in values if len(value) >= SHORTEST), key=len, reverse=True)


def without_secrets(line: str) -> str:
    """The line with a mark in place of every secret."""
    for value in secret_values():
        line = line.replace(value, "[secret]")
    return SECRET_PATHS.sub(r"\1[secret]", line)


class PlainFormatter(logging.Formatter):
    """A line for people, with the ids it is about, and without secrets."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        ids = structlog.contextvars.get_contextvars()
        ids |= {} if (project := chosen_project()) is None else {"project": project}
        record.about = "".join(f" {name}={value}" for name, value in sorted(ids.items()))
        return without_secrets(super().format(record))


class JsonFormatter(structlog.stdlib.ProcessorFormatter):
    """A JSON object, with the ids it is about, and without secrets or texts of traces."""

    def __init__(self) -> None:
        shared: Iterable[Processor] = (
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        )
        super().__init__(
            foreign_pre_chain=list(shared),
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                tell_project,
                tell_error,
                structlog.processors.JSONRenderer(),
            ],
        )

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        return without_secrets(super().format(record))


def tell_project(_: Any, __: str, event: EventDict) -> EventDict:
    """Add the project that acts, where somebody has said which."""
    if (project := chosen_project()) is not None:
        event.setdefault("project", project)
    return event


def tell_error(_: Any, __: str, event: EventDict) -> EventDict:
    """Put the type of an error, where it was raised, and what it said where that may be told, in place of it."""
    found = event.pop("exc_info", None)
    event.pop("exception", None)
    error = found[1] if isinstance(found, tuple) else found
    if not isinstance(error, BaseException):
        return event
    frames = traceback.extract_tb(error.__traceback__)
    event["error"] = type(error).__name__
    event["raised_at"] = [f"{os.path.basename(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]
    if isinstance(error, SAID_BY_THE_WORLD):
        event["error_said"] = ROWS_QUOTED.sub("", str(error)).strip()
    return event


class RequestLines(RequestMiddleware):
    """A line for each request: method, path and status. The query is left out: people search for texts there."""

    @staticmethod
    def format_request(request: Any) -> str:
        """The request in words."""
        return f"{request.method} {request.path}"

    def process_got_request_exception(self, sender: Any, request: Any, **named: Any) -> None:
        """Write that a page has failed; where the database is away it is answered, and its line has that status."""
        if not is_away(sys.exception()):
            super().process_got_request_exception(sender, request, **named)

    def handle_response(self, request: Any, response: Any) -> None:
        """Write the line, with the project that was acted in."""
        with acting_in(request.META.get(ACTED_IN)):
            super().handle_response(request, response)


REFUSALS = (PermissionDenied, SuspiciousOperation)
"""Somebody asked for what they may not have, or a machine for what nobody gives: nothing here has failed."""


class RefusalsInOneLine(logging.Filter):
    """Says of a refused request in one line who was refused what, without the traceback that Django adds."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record through."""
        fault = record.exc_info[1] if record.exc_info else None
        if isinstance(fault, REFUSALS):
            record.exc_info = record.exc_text = None
            reason = str(fault).encode("unicode_escape").decode("ascii")
            message = record.getMessage()
            told = not reason or str(fault) in message
            record.msg, record.args = "%s", (message if told else f"{message} ({reason})",)
        return True


class OutagesInOneLine(logging.Filter):
    """Leaves the traceback out where the database is away: every page would write the same one."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record through."""
        if isinstance(record.exc_info, tuple) and is_away(record.exc_info[1]):
            record.msg, record.args = "%s (the database is away)", (record.getMessage(),)
            record.exc_info = record.exc_text = None
        return True


class OneLineARequest(logging.Filter):
    """Leaves out that a response has been streamed: the line at a request's end has said all of it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is anything else."""
        return not (isinstance(record.msg, dict) and record.msg.get("event") == "streaming_finished")
