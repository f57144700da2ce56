"""Schemas of projects: made as migrations would have made them, and left alone by what other projects do."""

import re

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.db.migrations.loader import MigrationLoader

from tests import factories
from tests.projects import another_project
from trajectories.adapters.acting import FIRST, acting_in, acting_project, schema_of
from trajectories.adapters.project_schemas import PREFIX, SHARED_MODELS, project_tables, projects_with_schemas
from trajectories.adapters.rows_ahead import RowsAhead
from trajectories.core.faults import Fault
from trajectories.models import AuditEvent, Instruction, Project, Review, Run, Sampler, Trace, TraceSearch, Verdict
from trajectories.services.projects.making import ensure_first_project, make_project, rename_project, set_archived

CATALOGUE = {
    "columns": """
        SELECT table_name, column_name, rank() OVER (PARTITION BY table_name ORDER BY ordinal_position), data_type,
            udt_name, character_maximum_length, numeric_precision, numeric_scale, is_nullable, column_default,
            is_identity, identity_generation, is_generated, generation_expression, collation_name
        FROM information_schema.columns WHERE table_schema = %s AND table_name = ANY(%s)""",
    "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = %s AND tablename = ANY(%s)",
    "constraints": """
        SELECT relname, conname, contype, condeferrable, condeferred, convalidated,
            pg_get_constraintdef(pg_constraint.oid)
        FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid
        WHERE relnamespace = %s::regnamespace AND relname = ANY(%s) AND contype <> 'n'""",
    "triggers": """
        SELECT relname, tgname, tgenabled, pg_get_triggerdef(pg_trigger.oid) FROM pg_trigger
        JOIN pg_class ON pg_class.oid = tgrelid
        WHERE relnamespace = %s::regnamespace AND relname = ANY(%s) AND NOT tgisinternal""",
    "storage": """
        SELECT relname, relkind, relpersistence, reloptions FROM pg_class
        WHERE relnamespace = %s::regnamespace AND relname = ANY(%s)""",
    "sequences": """
        SELECT sequencename, data_type::text, start_value, increment_by
        FROM pg_sequences WHERE schemaname = %s AND sequencename ~ '^trajectories' AND %s::text[] IS NOT NULL""",
    "functions": """
        SELECT proname, prolang, provolatile, proparallel, prosrc, pg_get_function_arguments(oid) FROM pg_proc
        WHERE pronamespace = %s::regnamespace AND proname LIKE 'trajectories%%' AND %s::text[] IS NOT NULL""",
}


def plain(text: str, schema: str) -> str:
    """A definition without the name of its schema, and without casts of texts: a list of texts that is read from the
    catalogue is written with them elsewhere, and means the same."""
    return re.sub(r"::(character varying|text)(\[\])?|[()]", "", text.replace(f"{schema}.", ""))


def catalogue(project: int) -> dict[str, set[tuple]]:
    """All that the database knows of a project's tables, without the name of their schema."""
    schema = schema_of(project)
    found = {}
    with acting_in(project), connection.cursor() as cursor:
        tables = project_tables(schema)
        for what, query in CATALOGUE.items():
            cursor.execute(query, [schema, tables])
            rows = cursor.fetchall()
            found[what] = {tuple(plain(str(value), schema) for value in row) for row in rows}
    shared = {f"{PREFIX}{name}_id_seq" for name in SHARED_MODELS}
    found["sequences"] = {row for row in found["sequences"] if row[0] not in shared}
    return found


@pytest.mark.django_db
def test_the_tables_of_a_project_are_those_that_migrations_made():
    project = another_project()
    first, other = catalogue(FIRST), catalogue(project.pk)
    assert len(first["columns"]) > 800
    for what, rows in first.items():
        assert other[what] == rows, what


@pytest.mark.django_db
def test_a_projects_triggers_and_functions_work_on_its_own_tables():
    project = another_project()
    mine = factories.make_trace()
    with acting_in(project.pk):
        assert not Trace.objects.exists()
        theirs = factories.make_trace()
        assert TraceSearch.objects.filter(trace=theirs).count() == 1
        review = factories.make_review(trace=theirs, reviewer=User.objects.create_user("rita"))
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            Review.objects.filter(pk=review.pk).update(decision="reject")
    assert list(Trace.objects.values_list("pk", flat=True)) == [mine.pk]
    assert TraceSearch.objects.count() == 1
    assert not Review.objects.exists()


@pytest.mark.django_db
def test_rows_of_a_project_refer_to_those_of_it_and_to_people_of_all():
    project = another_project()
    mine = factories.make_trace()
    with acting_in(project.pk), connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT confrelid::regclass::text FROM pg_constraint"
            " WHERE contype = 'f' AND connamespace = %s::regnamespace",
            [schema_of(project.pk)],
        )
        names = {name for (name,) in cursor.fetchall()}
        assert "auth_user" in names
        assert {name for name in names if name.startswith("public.")} == set()
        factories.make_verdict(trace=mine)
        with pytest.raises(IntegrityError, match="is not present in table"), transaction.atomic():
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        Verdict.objects.all().delete()


@pytest.mark.django_db
def test_a_project_begins_with_what_every_installation_has():
    project = another_project()
    assert not Instruction.objects.exists()
    with acting_in(project.pk):
        assert Instruction.objects.exists()
        assert Sampler.objects.filter(name="symbolic").exists()
    assert AuditEvent.objects.get(verb="project.made").data == {"name": "other", "title": "Other project"}


@pytest.mark.django_db
def test_a_name_that_is_taken_makes_nothing():
    another_project()
    with pytest.raises(Fault, match="Found a project called 'other' already, expected another name"):
        make_project(actor=None, name="other", title="Once more")
    assert Project.objects.count() == len(projects_with_schemas()) + 1 == 2


@pytest.mark.django_db
def test_rows_that_are_read_ahead_are_of_the_project_that_acts():
    project = another_project()
    with acting_in(project.pk):
        factories.make_run(title="Theirs")
    assert not Run.objects.exists()
    with acting_in(project.pk), RowsAhead() as ahead:
        assert ahead.read("SELECT title FROM trajectories_run", [])() == [("Theirs",)]


@pytest.mark.django_db
def test_the_first_project_comes_back_and_the_next_gets_a_number_of_its_own():
    Project.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute("ALTER SEQUENCE trajectories_project_id_seq RESTART")
    ensure_first_project()
    ensure_first_project()
    assert Project.objects.get().pk == FIRST
    assert another_project().pk == FIRST + 1


@pytest.mark.django_db
def test_a_role_that_may_make_no_schemas_is_told_so():
    with connection.cursor() as cursor:
        cursor.execute("SAVEPOINT before; CREATE ROLE smalls; GRANT ALL ON ALL TABLES IN SCHEMA public TO smalls")
        cursor.execute("GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO smalls; SET LOCAL ROLE smalls")
    with pytest.raises(Fault, match=r"expected a role that may create schemas"):
        another_project()
    assert not Project.objects.exclude(pk=FIRST).exists()


@pytest.mark.django_db
def test_a_transaction_that_is_rolled_back_leaves_the_connection_in_the_right_project():
    project = another_project()
    with acting_in(project.pk):
        factories.make_problem()
        with pytest.raises(RuntimeError), transaction.atomic():  # noqa: PT012
            with acting_in(FIRST):
                assert not Trace.objects.exists()
            raise RuntimeError
        assert Instruction.objects.exists()
    assert not Instruction.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_waits_for_a_commit_is_done_in_the_project_that_it_was_left_in():
    done = []
    with transaction.atomic():
        for project in (None, 7):
            with acting_in(project):
                transaction.on_commit(lambda: done.append(acting_project()))
        assert done == []
    assert done == [FIRST, 7]


@pytest.mark.django_db
def test_the_first_project_is_never_put_away(lead):
    first, project = Project.objects.get(pk=FIRST), another_project()
    with pytest.raises(Fault, match="which every installation has"):
        set_archived(actor=lead, project=first, is_archived=True)
    set_archived(actor=lead, project=project, is_archived=True)
    assert Project.objects.get(pk=project.pk).archived_at
    rename_project(actor=lead, project=project, title="Another name")
    set_archived(actor=lead, project=project, is_archived=False)
    found = Project.objects.get(pk=project.pk)
    assert (found.title, found.name, found.archived_at) == ("Another name", "other", None)


@pytest.mark.django_db(transaction=True)
def test_migrations_are_run_for_every_project():
    """The newest ten, since each takes a second of a processor there and back."""
    project = another_project()
    names = sorted(name for app, name in MigrationLoader(connection).graph.nodes if app == "trajectories")
    assert names[-11] > "0094_projects"
    with pytest.raises(CommandError, match="Found 1 more projects, expected none"):
        call_command("migrate", "trajectories", "0093", verbosity=0)
    call_command("migrate", "trajectories", names[-11], verbosity=0)
    try:
        with acting_in(project.pk), connection.cursor() as cursor:
            cursor.execute("SELECT max(name) FROM django_migrations WHERE app = 'trajectories'")
            assert cursor.fetchone() == (names[-11],)
    finally:
        call_command("migrate", verbosity=0)
    first, other = catalogue(FIRST), catalogue(project.pk)
    for what, rows in first.items():
        assert other[what] == rows, what
