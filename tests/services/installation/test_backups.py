"""Backups of an installation that goes on working, restored into a database and a folder of their own."""

import json
import shutil
import threading
from contextlib import contextmanager

import psycopg
import pytest
from django.conf import settings as django_settings
from django.db import connection

from tests import factories
from tests.dumps import own_database, rows_of, schema, snapshot
from tests.installed import FILES, files_in, silent, use_folder
from tests.projects import another_project
from tests.vectors import vector_search
from trajectories.adapters.acting import acting_in
from trajectories.adapters.backups import BackupError, DumpError, Manifest, Tools, check, dumps, new_backup
from trajectories.adapters.backups.manifests import read_manifest
from trajectories.adapters.pgvector import SCHEMA, VectorTable, ensure_vector_search, find_vector_search
from trajectories.adapters.project_schemas import unmigrated_projects
from trajectories.core.generation.nearness import unit
from trajectories.models import Artefact, Import, Project, Run, SpendWait, Trace
from trajectories.services.installation import backups
from trajectories.services.installation.backups import LEFT_OUT, make_backup, restore_backup
from trajectories.services.installation.restore_marks import MARKER
from trajectories.services.runs.lifecycle import resume_run

WRITTEN = ("auth_group", "django_content_type")
"""Tables that are written to while the backup is made: always both in one transaction."""


@contextmanager
def written_to():
    """Rows come in from another connection, in pairs; yields what waits for twenty more of them."""
    more, ended = threading.Semaphore(0), threading.Event()

    def write() -> None:
        with psycopg.connect(**given) as writer:
            for number in range(1_000_000):
                if ended.is_set():
                    break
                writer.execute("INSERT INTO auth_group (name) VALUES (%s)", [f"written {number}"])
                if number % 20 == 0:
                    more.release()
                writer.execute("INSERT INTO django_content_type (app_label, model) VALUES ('w', %s)", [str(number)])
                writer.commit()

    known = connection.get_connection_params()
    given = {key: known[key] for key in ("host", "port", "user", "password", "dbname") if key in known}
    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield lambda: [more.acquire(timeout=30) for _ in range(2)]
    finally:
        ended.set()
        thread.join()
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM auth_group WHERE name LIKE 'written %'")
            cursor.execute("DELETE FROM django_content_type WHERE app_label = 'w'")


def test_copies_of_vectors_and_their_extension_are_not_in_a_backup(var, tmp_path, settings):
    with vector_search() as search:
        VectorTable(search, "model", 2).add({"a" * 64: unit([1.0, 2.0])})
        before = snapshot()
        manifest = make_backup(folder=tmp_path / "backup", say=silent)
        assert not [name for name in manifest.tables if name.startswith(SCHEMA)]
        use_folder(settings, tmp_path / "new")
        with own_database("test_without_vectors"):
            restore_backup(folder=tmp_path / "backup", say=silent)
            assert rows_of("SELECT extname FROM pg_extension WHERE extname = 'vector'") == []
            assert rows_of("SELECT nspname FROM pg_namespace WHERE nspname = %s", SCHEMA) == []
            assert find_vector_search().words.endswith("then run “manage.py prepare”.")
            assert snapshot()["trajectories_trace"] == before["trajectories_trace"]
            assert ensure_vector_search(), "what is missing is made again"


def test_a_backup_made_while_rows_come_in_is_of_one_moment_and_restores_what_was_there(var, tmp_path, settings):
    before, tables = snapshot(), schema()
    with written_to() as wait:
        assert all(wait())
        manifest = make_backup(folder=tmp_path / "backup", say=lambda _: wait())
        (after,) = rows_of("SELECT count(*) FROM auth_group")[0]
    assert (tmp_path / "backup").stat().st_mode & 0o777 == 0o700
    assert manifest == check(tmp_path / "backup")
    assert manifest.lost == ()
    use_folder(settings, tmp_path / "new")
    with own_database("test_restored"):
        assert restore_backup(folder=tmp_path / "backup", say=silent) == manifest
        restored, (groups,), (types,) = snapshot(), *rows_of("SELECT count(*) FROM auth_group"), *rows_of(
            "SELECT count(*) FROM django_content_type"
        )  # fmt: skip
        assert schema() == tables
        assert Trace.objects.count() == 3
        assert factories.make_trace().pk > max(Trace.objects.order_by("pk").values_list("pk", flat=True)[:3])
    skipped = {*WRITTEN, *(name.removeprefix("public.") for name in LEFT_OUT)}
    assert len(restored) > 50
    assert {name: rows for name, rows in restored.items() if name not in skipped} == {
        name: rows for name, rows in before.items() if name not in skipped
    }
    came_in = groups - int(before["auth_group"][""])
    assert came_in == types - int(before["django_content_type"][""]), "both of a pair, or neither"
    assert 0 < came_in < after - int(before["auth_group"][""]), "those of the moment, though more came in"
    assert files_in(tmp_path / "new") == FILES
    assert not (tmp_path / "new" / "secret_key").exists()


def test_jobs_under_way_stand_still_where_they_were_restored(var, tmp_path, settings):
    project = another_project()
    going, ended = factories.make_run(state="running"), factories.make_run(state="finished")
    waiting = factories.make_run(state="paused", state_reason="The daily limit is spent.")
    factories.make_spend_wait(waiting)
    stopped = factories.make_run(state="paused", state_reason="By hand.")
    with acting_in(project.pk):
        theirs = factories.make_run(state="queued")
    manifest = make_backup(folder=tmp_path / "backup", say=silent)
    for name, goes_on in (("kept", True), ("new", False)):
        use_folder(settings, tmp_path / name)
        said: list[str] = []
        with own_database("test_restored"):
            restore_backup(folder=tmp_path / "backup", say=said.append, goes_on=goes_on)
            states = dict(Run.objects.values_list("pk", "state"))
            with acting_in(project.pk):
                states[-theirs.pk] = Run.objects.get(pk=theirs.pk).state
            assert states[ended.pk] == "finished"
            assert (states[going.pk], states[-theirs.pk]) == (("running", "queued") if goes_on else ("paused",) * 2)
            assert SpendWait.objects.count() == int(goes_on), "nothing goes on by itself"
            assert Run.objects.get(pk=stopped.pk).state_reason == "By hand."
            told = f"Restored from the backup of {manifest.made_at[:16].replace('T', ' ')} UTC. "
            assert Run.objects.get(pk=going.pk).state_reason.startswith(told) is not goes_on
            assert [line for line in said if line.startswith("Paused 2 jobs that were under way")] == said[3:4]
            assert len(said) == (3 if goes_on else 4)
            if not goes_on:
                assert resume_run(actor=None, run=Run.objects.get(pk=going.pk)).state == "queued"


def test_every_project_comes_back_with_its_rows_and_files(var, tmp_path, settings):
    project = another_project()
    with acting_in(project.pk):
        run = factories.make_run(title="Theirs")
        Artefact.objects.create(sha256="b" * 64, name="artefact-b.json", byte_size=2)
        own = f"artefacts/project_{project.pk}/artefact-b.json"
    lacking = make_backup(folder=tmp_path / "lacking", say=silent)
    assert lacking.lost == (f"files/{own}",)
    (var / own).parent.mkdir()
    (var / own).write_bytes(b"{}")
    manifest = make_backup(folder=tmp_path / "backup", say=silent)
    assert manifest.lost == ()
    assert manifest.tables[f"project_{project.pk}.trajectories_run"] == 1
    use_folder(settings, tmp_path / "new")
    with own_database("test_restored"):
        restore_backup(folder=tmp_path / "backup", say=silent)
        assert (Project.objects.count(), Trace.objects.count()) == (2, 3)
        assert not Run.objects.filter(title="Theirs").exists()
        with acting_in(project.pk):
            assert Run.objects.get().title == "Theirs"
            assert factories.make_run().pk > run.pk
        assert unmigrated_projects() == []
    assert (tmp_path / "new" / own).read_bytes() == b"{}"


def rewrite(folder, **changes) -> None:
    """Change what a manifest says, with the hash that belongs to that."""
    manifest = check(folder)
    fields = {name: getattr(manifest, name) for name in manifest.__dataclass_fields__}
    (folder / "manifest.json").write_text(Manifest(**{**fields, **changes}).text())


def flip(path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def name_a_file_outside(folder) -> None:
    first, *others = check(folder).files
    rewrite(folder, files=(first, *others, type(first)("../outside", 1, "0" * 64)))


DAMAGES = {
    "a byte of the dump": (lambda at: flip(at / "database.dump"), "database.dump is damaged: found the SHA-256"),
    "a byte of a file": (lambda at: flip(at / "files/exports/release-1.jsonl"), "is damaged: found the SHA-256"),
    "half a file": (
        lambda at: (at / "files/uploads/0123.data").write_bytes(b"1"),
        "uploads/0123.data is damaged: found 1 bytes, expected 256.",
    ),
    "a file gone": (lambda at: (at / "files/artefacts/artefact-a.json").unlink(), "artefact-a.json is missing."),
    "half a backup": (lambda at: (at / "manifest.json").unlink(), "this backup was never finished."),
    "no backup": (shutil.rmtree, "found no folder there"),
    "another list": (
        lambda at: (at / "manifest.json").write_text((at / "manifest.json").read_text().replace(": 256,", ": 255,")),
        "its manifest is damaged: found another hash",
    ),
    "no list": (lambda at: (at / "manifest.json").write_text("[]"), "its manifest is damaged: found no list of files."),
    "a form to come": (
        lambda at: (at / "manifest.json").write_text(json.dumps({"form": 2, "sha256": ""})),
        "its manifest has the form 2, expected 1",
    ),
    "a file outside": (name_a_file_outside, "names the file '../outside', expected one inside the backup."),
    "code to come": (
        lambda at: rewrite(at, migrations=(*check(at).migrations, "trajectories.9999_later")),
        "found the migration trajectories.9999_later, which is not known here.",
    ),
    "a server to come": (lambda at: rewrite(at, server=99), "This backup is of PostgreSQL 99; found PostgreSQL"),
    "a bucket": (lambda at: rewrite(at, areas=("exports", "models")), "the files of models, which are in a bucket"),
}


def test_what_is_damaged_or_does_not_fit_is_refused_and_nothing_comes_in(backup, tmp_path):
    good = tmp_path / "good"
    shutil.copytree(backup, good)
    for name, (damage, expected) in DAMAGES.items():
        shutil.rmtree(backup, ignore_errors=True)
        shutil.copytree(good, backup)
        damage(backup)
        with pytest.raises((BackupError, DumpError)) as refused:
            restore_backup(folder=backup, say=silent)
        assert expected in str(refused.value), name
        assert "\n" not in str(refused.value), name
        assert backups._tables() == [], name
        assert files_in(tmp_path / "new") == {}, name
    restore_backup(folder=good, say=silent)
    assert files_in(tmp_path / "new") == FILES


def test_it_is_restored_only_into_what_is_empty(backup, tmp_path):
    (tmp_path / "new" / "exports").mkdir(parents=True)
    (tmp_path / "new" / "exports" / "mine.txt").write_text("mine")
    with pytest.raises(BackupError, match="exports: found files there, expected an empty folder"):
        restore_backup(folder=backup, say=silent)
    (tmp_path / "new" / "exports" / "mine.txt").unlink()
    restore_backup(folder=backup, say=silent)
    with pytest.raises(BackupError, match=r"Found a database with \d+ tables, expected an empty one"):
        restore_backup(folder=backup, say=silent)
    assert files_in(tmp_path / "new") == FILES
    assert Trace.objects.count() == 3


def test_a_restoring_that_fails_or_is_killed_may_be_repeated(backup, tmp_path, monkeypatch):
    def fail(*_, **__):
        assert files_in(tmp_path / "new") == FILES
        raise DumpError("pg_restore ended with 1: it was told to.")

    with monkeypatch.context() as patched:
        patched.setattr(backups, "restore", fail)
        with pytest.raises(DumpError, match="it was told to"):
            restore_backup(folder=backup, say=silent)
    assert files_in(tmp_path / "new") == {}
    (tmp_path / "new" / "imports").mkdir(parents=True)
    (tmp_path / "new" / "imports" / "import-1.rows").write_text("of one that was killed")
    (tmp_path / "new" / MARKER).touch()
    restore_backup(folder=backup, say=silent)
    assert files_in(tmp_path / "new") == FILES
    assert not (tmp_path / "new" / MARKER).exists()
    (tmp_path / "new" / MARKER).touch()
    with pytest.raises(BackupError, match="expected an empty one"):
        restore_backup(folder=backup, say=silent)
    assert files_in(tmp_path / "new") == FILES, "what belongs to rows stays, whatever the marker says"


def test_a_dump_that_the_database_refuses_leaves_it_empty(backup):
    with connection.cursor() as cursor:  # a type of a name that one of the queue's has
        cursor.execute("CREATE SCHEMA pgmq")
    with pytest.raises(DumpError, match=r'^pg_restore ended with 1: could not execute query: ERROR:.*"pgmq"'):
        restore_backup(folder=backup, say=silent)
    assert backups._tables() == []


def test_a_backup_that_fails_leaves_nothing_and_one_that_was_killed_is_cleared_away(var, tmp_path, monkeypatch):
    folder, aside = tmp_path / "backup", tmp_path / "backup.part"
    with monkeypatch.context() as patched:
        patched.setattr(dumps, "_installed", lambda: iter(()))
        with pytest.raises(DumpError, match="Found pg_dump of version none, expected version"):
            make_backup(folder=folder, say=silent)
    assert not folder.exists()
    assert not aside.exists()
    (aside / "files").mkdir(parents=True)
    (aside / "database.dump").write_text("of one that was killed")
    with pytest.raises(BackupError, match="this backup was never finished"):
        check(aside)
    make_backup(folder=folder, say=silent)
    assert not aside.exists()
    assert len(check(folder).files) == 1 + len(FILES)
    with pytest.raises(BackupError, match="found something there already"):
        make_backup(folder=folder, say=silent)
    with new_backup(tmp_path / "other"), pytest.raises(BackupError, match="another backup is being written there"):
        make_backup(folder=tmp_path / "other", say=silent)


def test_a_backup_says_which_files_it_lacks(var, tmp_path, lead):
    (var / "artefacts" / "artefact-a.json").unlink()
    Import.objects.create(kind="traces", source="mine.jsonl", files=[{"token": "f" * 32, "name": "mine.jsonl"}])
    manifest = make_backup(folder=tmp_path / "backup", say=silent)
    assert manifest.lost == ("files/artefacts/artefact-a.json", f"files/uploads/{'f' * 32}.data")


def test_files_in_a_bucket_are_named_and_not_copied(var, tmp_path, settings):
    memory = {"BACKEND": "django.core.files.storage.InMemoryStorage"}
    settings.STORAGES = {**django_settings.STORAGES, "exports": memory, "artefacts": memory}
    manifest = make_backup(folder=tmp_path / "backup", say=silent)
    assert manifest.elsewhere == ("exports", "artefacts")
    assert manifest.areas == ("uploads", "imports")
    assert not (tmp_path / "backup" / "files" / "exports").exists()


@pytest.mark.parametrize(
    ("installed", "server", "archive", "chosen"),
    [
        ((15, 18), 18, 0, 18),
        ((15, 18), 15, 0, 15),
        ((15, 18), 17, 0, 18),
        ((17, 18), 17, 0, 17),
        ((17, 18), 17, 18, 18),
        ((18,), 16, 0, None),  # it sets what such a server does not know
        ((15, 16), 18, 0, None),
        ((16, 17), 17, 18, None),
    ],
)
def test_a_server_is_dumped_by_programs_that_know_it(monkeypatch, tmp_path, installed, server, archive, chosen):
    monkeypatch.setattr(dumps, "_installed", lambda: (Tools(tmp_path, major) for major in installed))
    if chosen is None:
        with pytest.raises(DumpError, match=f"install the package postgresql-client-{max(server, archive)}"):
            dumps.tools_for(server, archive=archive)
    else:
        assert dumps.tools_for(server, archive=archive).major == chosen


def test_passwords_are_told_in_the_environment_alone():
    told = dumps.libpq_environment(
        {"host": "db", "port": 5433, "user": "me", "password": "hidden", "dbname": "d", "sslmode": "require"}
        | {"connect_timeout": 3, "tcp_user_timeout": 9, "cursor_factory": object()}
    )
    assert {name: value for name, value in told.items() if name.startswith("PG")} == {
        "PGHOST": "db", "PGPORT": "5433", "PGUSER": "me", "PGPASSWORD": "hidden", "PGDATABASE": "d",
        "PGSSLMODE": "require", "PGCONNECT_TIMEOUT": "3",
    }  # fmt: skip


def test_a_manifest_is_read_as_it_was_written(var, tmp_path):
    manifest = make_backup(folder=tmp_path / "backup", say=silent)
    assert read_manifest(manifest.text()) == manifest
    assert manifest.tables["public.trajectories_trace"] == 3
    assert not set(LEFT_OUT) & set(manifest.tables)
    assert set(LEFT_OUT) < set(backups.count_rows()), "they are tables that there are"
