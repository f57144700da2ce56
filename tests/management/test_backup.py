"""`manage.py backup` and `manage.py restore` as an operator types them."""

import os
import subprocess
import sys

import pytest
from django.contrib.auth.models import User
from django.db import connection

from tests import factories
from tests.dumps import own_database
from tests.worker import ROOT, database_url


def manage(var, *words: str) -> subprocess.CompletedProcess[str]:
    """A command on the database that this process is connected to."""
    environment = {**os.environ, "DATABASE_URL": database_url(connection.settings_dict), "MINICOLUMN_VAR": str(var)}
    return subprocess.run(
        [sys.executable, "manage.py", *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture
def installation(transactional_db, tmp_path):
    factories.make_trace()
    User.objects.create_superuser("admin", password="a long enough password")
    (tmp_path / "var" / "exports").mkdir(parents=True)
    (tmp_path / "var" / "exports" / "a.jsonl").write_text("{}\n")
    return tmp_path / "var"


def test_a_backup_is_made_checked_and_restored_into_a_new_installation(installation, tmp_path):
    folder = tmp_path / "copies" / "today"
    made = manage(installation, "backup", str(folder))
    assert made.returncode == 0, made.stderr
    assert f"{folder}: " in made.stdout
    assert " tables and 1 file as of " in made.stdout
    assert manage(installation, "backup", "--check", str(folder)).returncode == 0
    refused = manage(installation, "restore", str(folder))
    assert refused.returncode == 1
    assert refused.stderr.startswith("CommandError: Found a database with ")
    with own_database("test_restored"):
        restored = manage(tmp_path / "new", "restore", str(folder))
        assert restored.returncode == 0, restored.stderr
        assert restored.stdout.splitlines()[-1].startswith("Start it as ever")
        assert User.objects.get().check_password("a long enough password")
        assert manage(tmp_path / "new", "migrate", "--check").returncode == 0, "it is what this version expects"
    assert (tmp_path / "new" / "exports" / "a.jsonl").read_text() == "{}\n"
    (folder / "database.dump").write_bytes(b"")
    damaged = manage(installation, "backup", "--check", str(folder))
    assert damaged.returncode == 1
    assert damaged.stderr.startswith(f"CommandError: {folder}: database.dump is damaged: found 0 bytes, expected ")
    assert damaged.stderr.count("\n") == 1
