"""Backups of an installation: made while it runs, and restored into one that is empty."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.core.files.storage import FileSystemStorage, storages
from django.db import DatabaseError, InterfaceError, connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from trajectories.adapters.acting import FIRST, acting_in, name_of
from trajectories.adapters.backups import (
    DATABASE,
    BackupError,
    Manifest,
    check,
    copy_area,
    dump,
    keep_file,
    libpq_environment,
    new_backup,
    put_back,
    restore,
    tools_for,
    write_manifest,
)
from trajectories.adapters.code_version import code_version
from trajectories.adapters.disk import free_bytes
from trajectories.adapters.pgvector import SCHEMA
from trajectories.adapters.project_schemas import projects_with_schemas
from trajectories.models import Artefact, Import
from trajectories.services.installation.restore_marks import (
    RestoreMark,
    clear_mark,
    end_restoring,
    is_marked,
    read_mark,
)

Say = Callable[[str], None]

LEFT_OUT = ("public.django_session", "public.trajectories_signin", "public.trajectories_worker")
"""Tables whose rows belong to browsers and processes and not to the data: whoever has a backup can take over nobody's
session, and people log in again after it is restored."""
IN_BUCKETS = ("exports", "artefacts")
"""Folders that are in a bucket instead where one is set."""
TABLES = """
SELECT nspname, relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE relkind = 'r' AND nspname !~ '^pg_' AND nspname NOT IN ('information_schema', %s) ORDER BY 1, 2
"""
"""All but copies of vectors, which are made again where they are missing."""


def make_backup(*, folder: Path, say: Say) -> Manifest:
    """Write a backup into a new or empty folder while everything goes on; returns what it holds.

    The database is seen in one snapshot, taken first. Files are copied after that: those that the snapshot's rows name
    are there by then, and are never changed. `say` gets a line for each step. Not for use within a transaction. Raises
    BackupError, DumpError, OSError; nothing is left then.
    """
    with new_backup(folder) as aside, transaction.atomic(durable=True):
        snapshot, migrations = _snapshot(), MigrationRecorder(connection).applied_migrations()
        if not migrations:
            raise BackupError("Found an empty database, expected one with tables: there is nothing to back up.")
        tools = tools_for(_server_version())
        say("Copying files ...")
        files = [file for area, kept in _areas().items() for file in copy_area(kept, aside, area)]
        say("Dumping the database ...")
        tables = {name: count for name, count in count_rows().items() if name not in LEFT_OUT}
        environment = libpq_environment(connection.get_connection_params())
        dump(tools, environment, file=aside / DATABASE, snapshot=snapshot, left_out=LEFT_OUT)
        manifest = Manifest(
            made_at=datetime.now(UTC).isoformat(timespec="seconds"),
            code=code_version(),
            server=_server_version(),
            tool=tools.major,
            migrations=tuple(sorted(f"{app}.{name}" for app, name in migrations)),
            tables=tables,
            files=(keep_file(aside / DATABASE, aside), *files),
            areas=tuple(_areas()),
            elsewhere=_elsewhere(),
            lost=tuple(sorted(_wanted() - {file.path for file in files})),
        )
        write_manifest(aside, manifest)
    return manifest


def restore_backup(*, folder: Path, say: Say, goes_on: bool = False) -> Manifest:
    """Fill an empty installation with a backup; returns what it held.

    The backup is checked first, file by file. A restoring that was killed can be repeated. Jobs that were under way
    are paused, unless the installation `goes_on` in place of the one that the backup is of. Not for use within a
    transaction. Raises BackupError, DumpError, OSError; the installation is as empty as before then.
    """
    say("Checking the backup ...")
    manifest = check(folder)
    _refuse_newer(manifest)
    _refuse_other_areas(manifest)
    tools = tools_for(_server_version(), archive=manifest.tool)
    mark = RestoreMark.of(manifest, goes_on=goes_on)
    if _is_restored(mark):
        end_restoring(mark, say)
        return manifest
    _clear_unfinished()
    _refuse_unless_empty()
    _refuse_without_room(manifest)
    with _marked(mark):
        say("Copying files ...")
        for area, target in _areas().items():
            put_back(folder, manifest.files, area, target)
        say("Restoring the database ...")
        parameters = connection.get_connection_params()
        connection.close()
        restore(tools, libpq_environment(parameters), file=folder / DATABASE)
        _refuse_other_counts(manifest)
        end_restoring(mark, say)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # lists estimate by it
    return manifest


def count_rows() -> dict[str, int]:
    """The number of rows of each table, by "schema.table"."""
    counts = {}
    with connection.cursor() as cursor:
        for schema, name in _tables():
            quoted = f"{connection.ops.quote_name(schema)}.{connection.ops.quote_name(name)}"
            cursor.execute(f"SELECT count(*) FROM {quoted}")
            (counts[f"{schema}.{name}"],) = cursor.fetchone()
    return counts


def _tables() -> list[tuple[str, str]]:
    """Schema and name of each table in the database."""
    with connection.cursor() as cursor:
        cursor.execute(TABLES, [SCHEMA])
        return list(cursor.fetchall())


def _snapshot() -> str:
    """The name under which another process sees what this transaction sees, as long as it lasts."""
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SELECT pg_export_snapshot()")
        (name,) = cursor.fetchone()
    return str(name)


def _server_version() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        return int(cursor.fetchone()[0]) // 10_000


def _areas() -> dict[str, Path]:
    """The folders whose files are data, by their name in a backup; without those that are in a bucket."""
    var = Path(settings.VAR_DIR)
    folders = {
        "uploads": var / "uploads",
        "imports": var / "imports",
        "exports": Path(settings.EXPORT_DIR),
        "artefacts": Path(settings.ARTEFACT_DIR),
    }
    return {name: folder for name, folder in folders.items() if name not in _elsewhere()}


def _elsewhere() -> tuple[str, ...]:
    return tuple(name for name in IN_BUCKETS if not isinstance(storages[name], FileSystemStorage))


def _wanted() -> set[str]:
    """The files, by their path in a backup, without which a row is worth less: models that were trained, and what is
    being imported. Files of releases are written again when they are asked for."""
    wanted: set[str] = set()
    for project in (FIRST, *projects_with_schemas()):
        with acting_in(project):
            wanted |= set(_wanted_here())
    return wanted


def _wanted_here() -> Iterator[str]:
    """Those of the project that acts."""
    if "artefacts" in _areas():
        for name in Artefact.objects.values_list("name", flat=True):
            yield f"files/artefacts/{name_of(name)}"
    going = (*Import.ACTIVE_STATES, Import.State.PAUSED)
    for files in Import.objects.filter(state__in=going).values_list("files", flat=True):
        for file in files:
            yield f"files/uploads/{name_of(file['token'])}.data"


def _refuse_newer(manifest: Manifest) -> None:
    known = {f"{app}.{name}" for app, name in _known_migrations()}
    unknown = [name for name in manifest.migrations if name not in known]
    if unknown:
        raise BackupError(
            f"This backup was made by {manifest.code}, which is newer than what is installed here ({code_version()}): "
            f"found the migration {unknown[0]}, which is not known here. Install that version first."
        )
    if _server_version() < manifest.server:
        raise BackupError(
            f"This backup is of PostgreSQL {manifest.server}; found PostgreSQL {_server_version()}, expected "
            f"{manifest.server} or newer."
        )


def _known_migrations() -> set[tuple[str, str]]:
    loader = MigrationLoader(None)
    replaced = {name for migration in loader.disk_migrations.values() for name in migration.replaces}
    return set(loader.disk_migrations) | replaced


def _refuse_unless_empty() -> None:
    if tables := _tables():
        raise BackupError(
            f"Found a database with {len(tables)} tables, expected an empty one: a backup is restored into a new "
            "installation, before its first start."
        )
    for folder in _areas().values():
        if folder.is_dir() and any(folder.iterdir()):
            raise BackupError(f"{folder}: found files there, expected an empty folder: restore into a new one.")


def _refuse_other_areas(manifest: Manifest) -> None:
    for area in manifest.areas:
        if area not in _areas():
            raise BackupError(
                f"This backup holds the files of {area}, which are in a bucket here; leave EXPORT_BUCKET out, restore, "
                "then move them there."
            )


def _refuse_without_room(manifest: Manifest) -> None:
    needed = sum(file.byte_size for file in manifest.files if file.path != DATABASE)
    free = free_bytes(Path(settings.VAR_DIR))
    if free < needed + settings.DISK_RESERVE_BYTES:
        raise BackupError(f"{settings.VAR_DIR}: found {free:,} bytes free, expected {needed:,} for the files alone.")


def _refuse_other_counts(manifest: Manifest) -> None:
    found = count_rows()
    wrong = [name for name, count in manifest.tables.items() if found.get(name) != count]
    if wrong:
        raise BackupError(
            f"{wrong[0]}: found {found.get(wrong[0], 0):,} rows after restoring, expected "
            f"{manifest.tables[wrong[0]]:,}; drop this database and restore into a new one."
        )


@contextmanager
def _marked(mark: RestoreMark) -> Iterator[None]:
    """Have the mark stand while files and rows come in; where that fails, take the files away again."""
    mark.write()
    try:
        yield
    except BaseException:
        with suppress(DatabaseError, InterfaceError):  # the next try takes them away
            _clear_unfinished()
        raise


def _is_restored(mark: RestoreMark) -> bool:
    """Whether this very backup was restored here up to its last row, and what follows that was cut short."""
    found = read_mark()
    return found is not None and found.manifest == mark.manifest and bool(_tables())


def _clear_unfinished() -> None:
    """Take away the files of a restoring that did not come to its end: its database is empty still."""
    if not is_marked() or _tables():
        return
    for folder in _areas().values():
        shutil.rmtree(folder, ignore_errors=True)
    clear_mark()
