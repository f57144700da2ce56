"""The script of a new installation's tables: it says what the migrations make, and comes in whole or not at all.

That it makes the very tables which the migrations end with is held in tests/test_upgrade_data.py, where an older
database is migrated beside a new one.
"""

import re

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from tests.dumps import own_database
from trajectories.adapters import schema_script
from trajectories.adapters.schema_script import APP, SCRIPT, has_tables, read_head, write_script
from trajectories.management.commands import migrate


def applied() -> list[str]:
    return [name for app, name in MigrationRecorder(connection).applied_migrations() if app == APP]


def known() -> list[str]:
    return [name for app, name in MigrationLoader(None).disk_migrations if app == APP]


def plain(script: str) -> list[str]:
    """The lines without casts and brackets, which a condition that was read once is told with in other places."""
    return re.sub(r"::character varying|::text(\[\])?|[()]", "", script).splitlines()


def test_it_is_of_the_newest_migration():
    """`python docs/write_schema.py` writes it."""
    assert read_head() == max(known())


@pytest.mark.django_db
def test_tables_that_it_made_read_as_it_does():
    assert plain(write_script(read_head())) == plain(SCRIPT.read_text(encoding="utf-8"))
    assert sorted(applied()) == sorted(known())


@pytest.mark.django_db(transaction=True)
def test_it_comes_in_whole_or_not_at_all_and_then_again(monkeypatch, tmp_path):
    broken = tmp_path / "schema.sql"
    broken.write_text(f"{SCRIPT.read_text(encoding='utf-8')}SELECT no_such_function();\n", encoding="utf-8")
    with own_database("test_by_script"):
        with monkeypatch.context() as patched:
            patched.setattr(schema_script, "SCRIPT", broken)
            with pytest.raises(DatabaseError, match="no_such_function"):
                call_command("migrate", verbosity=0)
        assert not has_tables()
        assert applied() == []
        call_command("migrate", verbosity=0)
        assert sorted(applied()) == sorted(known())
        call_command("migrate", verbosity=0)


@pytest.mark.django_db
def test_what_is_older_than_the_newest_migration_makes_nothing(monkeypatch):
    made = []
    monkeypatch.setattr(migrate, "has_tables", lambda: False)
    monkeypatch.setattr(migrate, "run_script", made.append)
    monkeypatch.setattr(migrate, "read_head", lambda: "0001_initial")
    call_command("migrate", verbosity=0)
    assert made == []
    monkeypatch.setattr(migrate, "read_head", lambda: max(known()))
    call_command("migrate", verbosity=0)
    assert [sorted(names) for names in made] == [sorted(known())]
