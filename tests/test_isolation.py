"""Two projects: nothing of one is seen, counted, downloaded or changed from the other, whatever is asked for.

Everything that a project can hold is made in the first one. Somebody with every right in the second one then goes to
every address, by a browser and by the API.
"""

import hashlib
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import connection

from tests.access import OPERATIONS, PARAMETERS, operations
from tests.plain_client import PlainClient
from tests.projects import another_project, member
from tests.visits import uncovered, visits
from tests.walker import Visit, undone
from tests.world import World, make_world
from trajectories.adapters.acting import CHOSEN, FIRST, acting_in, schema_of
from trajectories.adapters.project_schemas import project_tables
from trajectories.models import (
    Campaign,
    Membership,
    Problem,
    Project,
    Queue,
    Release,
    Run,
    Sampler,
    SavedView,
    Scorer,
    Text,
    Training,
    Webhook,
)
from trajectories.services.clients.tokens import make_token
from trajectories.services.endpoints.artefacts import artefact_folder
from trajectories.services.problems.uploads import find_upload, keep_upload
from trajectories.services.releases.stores import file_store

ROOT = Path(__file__).resolve().parent.parent
TITLED = (Campaign, Queue, Release, Run, SavedView, Training)
SHORTEST = 5
"""Characters of a title that stands for one row: "Run" is on every page."""
OWN_WORDS = ((ROOT / "templates", "*.html"), (ROOT / "trajectories", "*.py"))
"""Files with what pages say by themselves."""
SHARED = {"project_detail", "project_member", "project_change", "people_list", "person_change", "api_docs"}
"""Pages of the installation, or of the project that is named in their address."""
SHIPPED = ("brief_", "instruction_", "rubric_", "sampler_", "quality_reviewer")
"""Pages of what every project has from the beginning, under the same numbers, and of a person."""
SELF_MADE = {"grid_detail", "grid_png", "grid_svg", "figure", "budget_figure", "audit_detail", "audit_queue"}
SELF_MADE |= {"candidate_skip"}
"""Pages at addresses without a row of any project, and one that passes over a number and shows what comes next."""


@pytest.fixture(autouse=True)
def _export_dir(settings, tmp_path):
    settings.VAR_DIR, settings.EXPORT_DIR, settings.ARTEFACT_DIR = tmp_path, tmp_path / "e", tmp_path / "a"


@pytest.fixture
def world(lead) -> World:
    return make_world(lead)


@pytest.fixture
def project(db) -> Project:
    return another_project()


@pytest.fixture
def stranger(project) -> User:
    """Somebody with every right in the second project and none in the first."""
    return member(project, "sam", "admin")


def marks_of(project: Project) -> set[str]:
    """Texts that stand in the first project alone."""
    found: set[str] = set()
    for model in TITLED:
        found |= set(model._default_manager.values_list("title", flat=True))
    found |= set(Problem.objects.values_list("name", flat=True))
    found |= set(Webhook.objects.values_list("address", flat=True))
    found |= set(Scorer.objects.values_list("name", flat=True))
    found |= set(Sampler.objects.values_list("title", flat=True))
    found |= {
        body.strip()[:60] for body in Text.objects.values_list("body", flat=True) if "\n" not in body.strip()[:60]
    }
    with acting_in(project.pk):
        found -= set(Sampler.objects.values_list("title", flat=True))
    own = "".join(path.read_text(encoding="utf-8") for folder, ending in OWN_WORDS for path in folder.rglob(ending))
    return {mark for mark in found if len(mark) >= SHORTEST and mark not in own}


def contents(project: int) -> str:
    """What stands in all tables of a project, as a hash."""
    digest = hashlib.sha256()
    with acting_in(project), connection.cursor() as cursor:
        for name in project_tables(schema_of(project)):
            cursor.execute(f'SELECT count(*), md5(string_agg(t::text, chr(1) ORDER BY t::text)) FROM "{name}" AS t')
            digest.update(f"{name} {cursor.fetchone()}".encode())
    return digest.hexdigest()


def asked(client: PlainClient, visit: Visit) -> tuple[int, str]:
    with undone():
        answer = client.get(visit.address) if visit.data is None else client.post(visit.address, visit.data)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return answer.status_code, body.decode(errors="replace") + answer.headers.get("Location", "")


def unsent(text: str, visit: Visit) -> str:
    """A page without what was typed into it, which it repeats."""
    typed = [str(value) for value in (visit.data or {}).values()] + re.findall(r"=([^&]+)", visit.address)
    for value in sorted(filter(None, typed), key=len, reverse=True):
        text = text.replace(value, "")
    return text


def found_in(text: str, marks: set[str]) -> list[str]:
    # To look for a text as it is takes a hundredth of the time, and hardly any page has one.
    return sorted(mark for mark in marks if mark in text and re.search(rf"(?<!\w){re.escape(mark)}(?!\w)", text))


@pytest.mark.long
def test_no_address_shows_or_changes_anything_of_another_project(world, project, stranger):
    everything, before, marks = visits(world), contents(FIRST), marks_of(project)
    assert uncovered(everything) == set()
    assert len(marks) > 15
    client = PlainClient()
    client.force_login(stranger)
    client.post("/projects/switch/", {"project": project.pk})
    assert client.session[CHOSEN] == project.pk
    seen = set()
    for visit in everything:
        if visit.name in SHARED or visit.in_part:
            continue
        status, text = asked(client, visit)
        assert status < 500 or visit.name.startswith("health"), visit
        assert found_in(unsent(text, visit), marks) == [], visit
        seen.add((visit.name, status))
    rows = {visit.name for visit in everything if re.search(r"/\d+/", visit.address) and visit.name not in SHARED}
    reached = sorted(name for name, status in seen if name in rows - SELF_MADE and status == 200)
    reached = [name for name in reached if not name.startswith(SHIPPED)]
    assert reached == []
    assert contents(FIRST) == before
    owner = PlainClient()
    owner.force_login(User.objects.get(username="lena"))
    plain = [visit for visit in everything if visit.data is None and "?" not in visit.address]
    visible = "".join(asked(owner, visit)[1] for visit in plain)
    assert len(found_in(visible, marks)) > len(marks) / 2, "the marks are on pages of their own project"


def test_nobody_who_works_elsewhere_is_named_to_an_admin_of_one_project(project, stranger, lead):
    """Lena works in the first project only: no name, and no number that answers with one."""
    client = PlainClient()
    client.force_login(stranger)
    client.post("/projects/switch/", {"project": project.pk})
    spending = client.get("/spend/").content.decode()
    assert f"person:{stranger.pk}" in spending
    assert f"person:{lead.pk}" not in spending
    assert lead.username not in spending
    limited = client.post("/spend/limit/", {"subject": f"person:{lead.pk}", "amount": "1"})
    assert limited.status_code == 422
    for user_id in (lead.pk, 10**9):
        answer = client.post(f"/projects/{project.pk}/people/{user_id}/", {"role": "curator"}, follow=True)
        assert answer.status_code == 404
        assert lead.username not in answer.content.decode()
    assert not Membership.objects.filter(user=lead).exists()


def requests(token: str) -> Iterator[tuple[str, int, str]]:
    client = PlainClient(headers={"Authorization": f"Bearer {token}"})
    for name, method, address, _ in operations(dict.fromkeys(PARAMETERS, 1)):
        with undone():
            answer = client.get(f"/api/v1{address}") if method == "get" else client.post(f"/api/v1{address}")
            body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        yield name, answer.status_code, body.decode(errors="replace")


def test_no_operation_of_the_api_shows_or_changes_anything_of_another_project(world, project, stranger, settings):
    settings.API_REQUESTS_A_MINUTE = 100_000
    before, marks = contents(FIRST), marks_of(project)
    with acting_in(project.pk):
        _, secret = make_token(
            owner=stranger, title="t", scopes=["read", "review", "write", "launch", "export", "manage"], days=1
        )
    for name, status, text in requests(secret):
        assert status < 500, name
        assert found_in(text, marks) == [], name
        if name.startswith("list_"):
            assert status in ((200, 404) if OPERATIONS[name] else (403,)), name
    assert contents(FIRST) == before


def test_files_of_another_project_are_not_found(world, project, stranger):
    """The same name and the same token: each project looks into its own folder."""

    kept = keep_upload(owner=stranger, name="a.json", stream=io.BytesIO(b"{}"))
    file_store().put("release.jsonl", [b"{}"])
    with acting_in(project.pk):
        assert find_upload(owner=stranger, token=kept.token) is None
        assert not file_store().has("release.jsonl")
        with pytest.raises(FileNotFoundError):
            file_store().read("release.jsonl", 0, 2)
        assert artefact_folder().name == schema_of(project.pk)
    assert find_upload(owner=stranger, token=kept.token) is not None
    assert file_store().has("release.jsonl")
