"""A key that a model's endpoint repeats in its answers: in no page, file, log or row of any of two projects."""

import gzip
import io
import re
import uuid
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet
import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.urls import reverse

from tests import factories
from tests.endpoint import bind_keys, sampler_for
from tests.logs import listening
from tests.plain_client import PlainClient
from tests.projects import another_project
from trajectories.adapters.acting import FIRST, acting_in, schema_of
from trajectories.core.exporters import EXPORTERS
from trajectories.models import Export, Trace
from trajectories.services.releases.exports import export_path, request_export, write_export
from trajectories.services.releases.freezing import freeze_accepted
from trajectories.services.runs.chat_sampling import sample_session
from trajectories.services.verification.queue import verify_traces
from trajectories.stand_ins.fake_endpoint import FakeEndpoint, canned
from trajectories.urls import urlpatterns

pytestmark = pytest.mark.django_db(transaction=True)
KEY = "sk-canary-0123456789abcdef"
MARK = "the mark that the search has to find"
"""Stands beside the key in each answer, so that a search that looks in the wrong rows fails."""
PROGRAM = f"def transform(grid):\n    # {MARK}; my key is {KEY}\n    return [row[::-1] for row in grid]\n"


@pytest.fixture(autouse=True)
def _folders(settings, tmp_path):
    settings.VAR_DIR, settings.EXPORT_DIR, settings.ARTEFACT_DIR = (
        tmp_path,
        tmp_path / "exports",
        tmp_path / "artefacts",
    )


@pytest.fixture
def endpoint(monkeypatch, settings):
    monkeypatch.setenv("CANARY_KEY", KEY)
    with FakeEndpoint(answerer=canned(program=PROGRAM)) as served:
        bind_keys(settings, f"CANARY_KEY={served.url}")
        yield served


def work_through(endpoint: FakeEndpoint, person: User) -> dict[str, int]:
    """Sample with the key, verify, accept, release and export in every format; the ids of what came of it."""
    sampler = sampler_for(endpoint, key_variable="CANARY_KEY")
    run = factories.plan(
        sampler=sampler, problems=[factories.make_problem()],
        instructions=[factories.make_instruction(style="program", suits="chat")],
    )  # fmt: skip
    report = sample_session(run_id=run.pk, on_traces=lambda _: None)
    verify_traces(trace_ids=report.trace_ids)
    traces = list(Trace.objects.filter(attempt__run=run))
    for trace in traces:
        factories.make_review(trace=trace, reviewer=person)
    Trace.objects.filter(attempt__run=run).update(decision="accepted")
    release = freeze_accepted(actor=person, title="Canary", key=uuid.uuid4())
    for name, exporter in EXPORTERS.items():
        for container in exporter.containers:
            asked = request_export(
                actor=person, release=release, export_format=name, container=container, with_meta=True
            )
            write_export(job_id=asked.pk)
    problem = traces[0].problem_id
    ids = {"run_id": run.pk, "sampler_id": sampler.pk, "trace_id": traces[0].pk, "release_id": release.pk}
    return {**ids, "problem_id": problem, "export_id": Export.objects.latest("pk").pk, "user_id": person.pk}


def pages(client: PlainClient, ids: dict[str, int]) -> Iterator[tuple[str, str]]:
    """Every address that is read with these ids, or none."""
    for pattern in urlpatterns:
        names = set(pattern.pattern.converters)
        if names <= set(ids):
            answer = client.get(reverse(pattern.name, kwargs={name: ids[name] for name in names}))
            body = b"".join(answer.streaming_content) if answer.streaming else answer.content
            yield pattern.name, body.decode(errors="replace") + str(dict(answer.headers))


def rows_with(text: str, project: int) -> list[str]:
    """The tables of a project's schema that have the text in any column, bytes included."""
    tables = "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = %s::regnamespace"
    found = []
    with connection.cursor() as cursor:
        cursor.execute(tables, [schema_of(project)])
        for (table,) in cursor.fetchall():
            cursor.execute(
                f'SELECT count(*) FROM {schema_of(project)}."{table}" AS t WHERE strpos(t::text, %s) > 0'
                " OR strpos(t::text, %s) > 0",
                [text, text.encode().hex()],
            )
            if cursor.fetchone()[0]:
                found.append(table)
    return found


def readable(data: bytes) -> Iterator[str]:
    """What stands in a file, in files packed into it too."""
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for each in archive.namelist():
                yield from readable(archive.read(each))
    elif data[:4] == b"PAR1":
        yield str(pyarrow.parquet.read_table(io.BytesIO(data)).to_pylist())
    else:
        yield (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode(errors="replace")


def files_with(text: str, folder: Path) -> set[str]:
    kept = (path for path in folder.rglob("*") if path.is_file())
    return {path.name for path in kept if any(text in part for part in readable(path.read_bytes()))}


def test_a_key_that_an_endpoint_repeats_is_kept_and_shown_nowhere(endpoint, client, tmp_path):
    person = User.objects.create_superuser("root", password="a long enough password")
    project = another_project()
    with listening() as lines:
        ids = {}
        for each in (FIRST, project.pk):
            with acting_in(each):
                ids[each] = work_through(endpoint, person)
                made = Export.objects.filter(state="ready").count()
                assert made == sum(len(exporter.containers) for exporter in EXPORTERS.values())
                assert files_with(MARK, export_path(Export.objects.latest("pk")).parent), (
                    "the search finds what is there"
                )
        assert [KEY in str(call.headers) for call in endpoint.calls] == [True] * len(endpoint.calls), "it was used"
        assert endpoint.calls
        browser = PlainClient()
        browser.force_login(person)
        for each in (FIRST, project.pk):
            browser.post(reverse("project_switch"), {"project": each})
            seen = dict(pages(browser, ids[each]))
            assert len(seen) > 60
            assert re.search(MARK, seen["trace_detail"])
            assert [name for name, text in seen.items() if KEY in text] == []
    for each in (FIRST, project.pk):
        assert rows_with(MARK, each), "the search finds what is there"
        assert rows_with(KEY, each) == []
    assert files_with(KEY, tmp_path) == set()
    assert lines.json
    assert KEY not in str(lines.json) + lines.plain
