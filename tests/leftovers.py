"""Rows that an earlier test left behind are taken away before the next one, and told: a test that finds them fails for
no fault of its own, in another one each time that the order is drawn."""

import warnings
from typing import Any

import psycopg
from django.db import connections

from tests.emptying import KEPT

NAMES = """
SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'
AND relname <> 'django_migrations' AND NOT relname = ANY(%s) ORDER BY relname
"""
PATIENCE = "SET lock_timeout = '5s'"


class Leftovers:
    """A session of its own, which sees what is committed and nothing else."""

    def __init__(self) -> None:
        self._session: psycopg.Connection[Any] | None = None
        self._question = ""
        self._latest = "no test"
        self._watched: tuple[str, str] | None = None

    def watch(self) -> None:
        """From now on look after the database that tests are connected with now."""
        self._watched = _place()

    def clear(self, test: str) -> None:
        """Take away what is committed, before this test makes anything. Nothing where it has a database of its own."""
        before, self._latest = self._latest, test
        if _place() != self._watched:
            return
        try:
            found = self._found()
        except psycopg.OperationalError:  # a test has ended every session, or its server
            self.close()
            found = self._found()
        if found:
            assert self._session is not None
            deletions = "".join(f'DELETE FROM "{name}";' for name in found)
            order = f"SET session_replication_role = replica; {deletions} RESET session_replication_role"
            self._session.execute(order, prepare=False)
            warnings.warn(f"{before} left rows in {', '.join(found)}", stacklevel=1)

    def close(self) -> None:
        """End the session, which would keep the database from being dropped."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _found(self) -> list[str]:
        settings = connections["default"].settings_dict
        if self._session is None:
            self._session = psycopg.connect(
                host=settings["HOST"], port=settings["PORT"] or None, dbname=settings["NAME"],
                user=settings["USER"], password=settings["PASSWORD"] or None, autocommit=True, prepare_threshold=0,
            )  # fmt: skip
            self._session.execute(PATIENCE)
            names = [name for (name,) in self._session.execute(NAMES, [list(KEPT)])]
            each = (f"SELECT '{name}' WHERE EXISTS (SELECT FROM \"{name}\")" for name in names)
            self._question = " UNION ALL ".join(each)
        return [name for (name,) in self._session.execute(self._question)]


def _place() -> tuple[str, str]:
    settings = connections["default"].settings_dict
    return settings["HOST"], settings["NAME"]


LEFTOVERS = Leftovers()
