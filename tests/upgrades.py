"""Databases of earlier versions, brought up to date, and what is told otherwise in them since.

Bringing one up to date takes 40 s of a processor: one process does it for all of them, once for each state of the code.
"""

import pickle
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection

from tests.dumps import (
    DATA,
    Snapshot,
    guarded_tables,
    own_database,
    restore,
    rights_of_groups,
    schema,
    snapshot,
    values_of,
)
from tests.ready_made import ROOT, leave_database, own_server
from webapp.database import is_embedded
from webapp.environment import var_dir

VERSIONS = ("29a489d", "8978387")

RENAMED_TABLES = {
    "trajectories_judgement": "trajectories_judgejob",
    "trajectories_judgementitem": "trajectories_judgejobitem",
    "trajectories_judgementanswer": "trajectories_judgejobanswer",
}
DROPPED_TABLES = {"trajectories_samplergate"}
"""What held what was left of rates and waits of endpoints, which are those of all projects now and begin anew."""
RENAMED_COLUMNS = {"judgement_id": "judge_job_id"}
RETOLD = {"trajectories_judgement": {"scope"}, "trajectories_reverification": {"scope"}}
"""Query strings that are stored as JSON now, in another column."""
CHANGED = {
    "trajectories_auditevent": {"object_type", "verb"},
}
"""Columns of which some values are told otherwise since 8978387; `CHANGED_BEFORE` has those of before."""
CHANGED_BEFORE = {
    "trajectories_attempt": {"error_message"},
    "trajectories_problem": {"statement_hash"},
    "trajectories_trace": {"answer_hash"},
}
CHANGED_SINCE = {"trajectories_freezing": {"rule"}}
"""The same of tables that 29a489d did not have."""
REMOVED = {"trajectories_problemcandidate": {"lease_expires_at", "lease_holder_id", "lease_token"}, **RETOLD}
"""Leases are rows of their own now. They last minutes: none is carried over."""
FORMATS_THEN = {"arc-programs", "full", "prompt-only", "sft-messages", "sft-prompt-completion"}
ROWS_SINCE = {
    "sharegpt": 11,
    "verl": 4,
    "preference": 0,
    "preference-repairs": 0,
    "unpaired": 11,
    "stepwise": 10,
    "prm800k": 10,
    "preference-openai": 0,
    "rft-openai": 4,
    "arc-submission": 2,
    "step-values": 0,
}
"""Formats that came later, and how many rows each has of the release that was there; a format that is not named here
is only written."""
GROWING = ("auth_group", "auth_permission", "auth_group_permissions", "django_content_type", "django_migrations")
"""Tables of Django's own, to which every version adds; those of groups are the roles, whose rights have a test."""


@dataclass(frozen=True)
class Upgraded:
    """A database of an earlier version after it was brought up to date, and what was found in it before.

    `fresh` is the schema of a new installation, `told` the values of columns that change, `rights` those of groups.
    """

    version: str
    fresh: dict[str, set[tuple[Any, ...]]]
    before: Snapshot
    told: dict[tuple[str, str], dict[int, str]]
    rights: dict[str, set[str]]
    guarded: set[str]
    after: Snapshot
    exports: Path


@contextmanager
def upgraded_database(version: str, folder: Path) -> Iterator[Upgraded]:
    """This process's database: that of an earlier version after the migrations of today; its exports in a folder."""
    with tarfile.open(DATA / f"{version}-exports.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    fresh, name = schema(), connection.settings_dict["NAME"]
    if is_embedded():
        template = _made_once(version)
        found = pickle.loads(_notes(template).read_bytes())
        with own_database(f"{name}_{version}", template):
            yield Upgraded(version, fresh, after=snapshot(), exports=folder, **found)
    else:
        with own_database(f"{name}_{version}"):
            found = _bring_up_to_date(version)
            yield Upgraded(version, fresh, after=snapshot(), exports=folder, **found)


def _bring_up_to_date(version: str) -> dict[str, Any]:
    """Fill the empty database and migrate it; what was in it before."""
    restore(version)
    found = {
        "before": snapshot(),
        "told": values_of({**CHANGED, **RETOLD, **CHANGED_BEFORE}),
        "rights": rights_of_groups(),
        "guarded": guarded_tables(),
    }
    call_command("migrate", interactive=False, verbosity=0)
    return found


LOCK = 0x75706772
"""Of the server, while one process brings a database up to date: the others wait for it."""


def _made_once(version: str) -> str:
    """The name of a database to copy: that of a version, brought up to date by the code as it is."""
    prefix = f"upgraded_{version}_"
    name = prefix + _state(version)
    with own_server() as server:
        server.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        found = {row[0] for row in server.execute("SELECT datname FROM pg_database WHERE datname ~ %s", [f"^{prefix}"])}
        for other in found - ({name} if _notes(name).exists() else set()):
            server.execute(f"DROP DATABASE IF EXISTS {other} WITH (FORCE)".encode())
            _notes(other).unlink(missing_ok=True)
        if name not in found or not _notes(name).exists():
            with own_database(f"{name}_unfinished"):
                notes = pickle.dumps(_bring_up_to_date(version))
                leave_database()
                server.execute(f"CREATE DATABASE {name} TEMPLATE {name}_unfinished".encode())
            server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false".encode())
            _notes(name).write_bytes(notes)
    return name


def _notes(name: str) -> Path:
    """Where is written what was in a database before it was brought up to date."""
    return var_dir() / f"{name}.pickle"


def _state(version: str) -> str:
    """What tells one state of a version's dump, of our code and of the pins of others' from another."""
    told = sha256((DATA / f"{version}.sql.xz").read_bytes())
    for path in (*sorted((ROOT / "trajectories").rglob("*.py")), ROOT / "requirements-dev.txt"):
        told.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return told.hexdigest()[:16]


def new_name(table: str, column: str) -> str:
    """The name today of a column of a table of an earlier version."""
    return RENAMED_COLUMNS.get(column, column) if table in {*RENAMED_TABLES, "trajectories_verdict"} else column
