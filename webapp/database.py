"""Which database and broker this process uses: the configured ones, or the embedded PostgreSQL for both."""

import math
import os
from typing import Any

import dj_database_url

from trajectories.adapters import embedded_postgres
from webapp.environment import var_dir

DATABASE_NAME = "minicolumn"
ENGINE = "webapp.postgresql"
EMBEDDED_BROKER = "pgmq://localhost/"
POOL = {"min_size": 1, "max_size": 12}
PATIENCE = 30.0
"""Seconds that workers and commands wait for a connection; what they do then is tried again: services.jobs.outages."""


WEB_PATIENCE = 2.0
"""Seconds that a page waits before it says that the database is away."""


def set_patience() -> float | None:
    """Seconds that every process waits for the database, where DATABASE_WAIT_SECONDS says so. Raises ValueError for
    what is no number."""
    text = os.environ.get("DATABASE_WAIT_SECONDS")
    return float(text) if text else None


def be_impatient(database: dict[str, Any], broker: dict[str, Any], seconds: float) -> None:
    """Have the settings of the database and of the queue in it wait no longer than this. For a process that has no
    connection yet."""
    options = database.setdefault("OPTIONS", {})
    database["FAILS_FAST"] = True
    # Each attempt is given up soon, so that the next page begins a new one: with the pool's own growing waits a
    # database that is back after minutes would be noticed minutes later.
    options["pool"] = {**POOL, "timeout": seconds, "reconnect_timeout": seconds}
    options.setdefault("connect_timeout", math.ceil(seconds))
    options.setdefault("tcp_user_timeout", math.ceil(1000 * seconds))
    if broker:
        broker["pool_timeout"] = seconds


def is_embedded() -> bool:
    """Whether the database is the embedded one."""
    return not os.environ.get("DATABASE_URL")


def ensure_database() -> None:
    """Start the embedded PostgreSQL if it is the one in use and is not running."""
    if is_embedded():
        embedded_postgres.ensure_running(var_dir(), DATABASE_NAME)


def database_settings() -> dict[str, Any]:
    """Django's settings for the one database.

    Raises ValueError when DATABASE_URL is not a PostgreSQL address.
    """
    if is_embedded():
        settings: dict[str, Any] = {
            "ENGINE": ENGINE,
            "HOST": str(embedded_postgres.socket_folder(var_dir())),
            "NAME": DATABASE_NAME,
            "USER": embedded_postgres.USER,
        }
    else:
        settings = dict(dj_database_url.parse(os.environ["DATABASE_URL"]))
        if settings.get("ENGINE") != "django.db.backends.postgresql":
            raise ValueError("DATABASE_URL: expected an address that begins with postgresql://")
        settings["ENGINE"] = ENGINE
    settings.setdefault("OPTIONS", {})["pool"] = {**POOL, "timeout": PATIENCE}
    settings["CONN_HEALTH_CHECKS"] = False  # the pool's own; ENGINE checks what it takes out of the pool
    return settings


def broker_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """Transport options of the queue inside the database that `settings` name."""
    return {
        "conn_string": libpq_address(settings),
        "init_extension": False,
        "use_notify": True,
        "wait_time_seconds": 0,
        "polling_interval": 0.5,
        "visibility_timeout": 3600,
        "pool_size": 4,
        "pool_timeout": PATIENCE,
    }


def libpq_address(settings: dict[str, Any]) -> str:
    """The address as `key=value` words, the one form that keeps a socket folder (see DESIGN, broker).

    Every value is quoted twice: the queue's client reads the words and puts them together again without quotes.
    """
    words = {
        "host": settings.get("HOST"),
        "port": settings.get("PORT"),
        "dbname": settings.get("NAME"),
        "user": settings.get("USER"),
        "password": settings.get("PASSWORD"),
    }
    return " ".join(f"{key}={_quoted(_quoted(str(value)))}" for key, value in words.items() if value)


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
