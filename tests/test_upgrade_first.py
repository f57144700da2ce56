"""The database of the first release, filled and dumped by it, brought up to date in one step.

tests/data/upgrade/README.md says why that version is the first. What later versions hold has tests of its own.
"""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from tests.dumps import column_of, own_database, restore, rows_of, schema
from trajectories.models import Export, Problem, Release, Review, Run, Trace, Verdict
from trajectories.services.releases.exports import request_export, write_export

FIRST = "c1c7c70"
LAST_MIGRATION = "0008_imported_samplers"
COUNTED = ("problem", "run", "attempt", "trace", "verdict", "review", "release", "releaseitem", "export", "auditevent")
TOLD = """
SELECT trace.id, problem.name, reasoning.body, program.body, trace.answer::text, trace.decision
FROM trajectories_trace AS trace JOIN trajectories_problem AS problem ON problem.id = trace.problem_id
LEFT JOIN trajectories_text AS reasoning ON reasoning.content_hash = trace.reasoning_id
LEFT JOIN trajectories_text AS program ON program.content_hash = trace.program_id ORDER BY trace.id
"""


def counts() -> dict[str, int]:
    return {name: column_of(f"SELECT count(*) FROM trajectories_{name}")[0] for name in COUNTED}


@pytest.fixture
def upgraded(transactional_db, tmp_path, settings) -> Iterator[dict[str, object]]:
    """The database after the migrations of today, and what was in it before."""
    settings.EXPORT_DIR = tmp_path
    fresh, name = schema(), connection.settings_dict["NAME"]
    with own_database(f"{name}_{FIRST}"):
        restore(FIRST)
        assert column_of("SELECT max(name) FROM django_migrations WHERE app = 'trajectories'") == [LAST_MIGRATION]
        before = {"counts": counts(), "traces": rows_of(TOLD), "fresh": fresh}
        call_command("migrate", interactive=False, verbosity=0)
        yield before


@pytest.mark.long
def test_everything_of_it_is_there_and_the_tables_are_those_of_today(upgraded):
    assert min(upgraded["counts"].values()) > 0
    assert counts() == upgraded["counts"]
    assert rows_of(TOLD) == upgraded["traces"]
    assert schema() == upgraded["fresh"]
    assert_work_goes_on()


def assert_work_goes_on() -> None:
    """Its pages are there, and its release is written into files with the rows that it had."""
    lead, release = User.objects.get(username="lead-1"), Release.objects.get()
    old = Export.objects.get(format="sft-messages")
    waiting = Export.objects.get(format="full")
    write_export(job_id=waiting.pk)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.rows_written) == ("ready", release.item_count)
    again = request_export(actor=lead, release=release, export_format="sft-messages", with_meta=True)
    write_export(job_id=again.pk)
    again.refresh_from_db()
    assert (again.state, again.rows_written) == ("ready", old.rows_written)
    client = Client()
    client.force_login(lead)
    for name, keys in (
        ("home", []),
        ("trace_list", []),
        ("review_list", []),
        ("release_detail", [release.pk]),
        *(("trace_detail", [key]) for key in Trace.objects.values_list("pk", flat=True)),
        *(("run_detail", [key]) for key in Run.objects.values_list("pk", flat=True)),
        *(("problem_detail", [key]) for key in Problem.objects.values_list("pk", flat=True)),
    ):
        assert client.get(reverse(name, args=keys)).status_code == 200, (name, keys)
    assert {review.decision for review in Review.objects.all()} == {"accept", "reject"}
    assert Verdict.objects.filter(outcome="pass").count() == 4
