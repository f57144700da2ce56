"""Every address, method and role against the table of tests/access.py, where something is at the address: a check that
a view makes after it has loaded the thing is reached too."""

import uuid
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.urls import resolve

from tests.access import ANYBODY, OBJECTS, PAGES, ROLES, STEERING
from tests.access_api import OPERATIONS, OPERATIONS_OF_OBJECTS, operations, rows_of
from tests.api.programs import Program
from tests.asking import NOWHERE, REFUSED, answer_of, person_of
from tests.jobs import make_job
from tests.projects import another_project, member
from tests.views.test_repairs import WRONG_PROGRAM, edited
from tests.visits import visits
from tests.world import World, lasting_world
from trajectories.models import JOB_KINDS, Freezing, ReleaseRule
from trajectories.services.clients.tokens import make_token
from trajectories.services.curation.threads import About, open_thread
from trajectories.services.people.invitations import invite
from trajectories.urls import urlpatterns

pytestmark = pytest.mark.django_db
BY_NAME = {pattern.name: pattern for pattern in urlpatterns}
ANYONE = ("anonymous", *ROLES)
ALL_KINDS = {"file_pin"}
"""Addresses of several kinds of things, of which each is asked for; of all others one is."""
Asked = tuple[dict[str, Any], Mapping[str, Any]]
"""The parameters of an address that something is at, and what is posted there."""
NOTHING_THERE = {
    "comparison_share": "two traces that nobody has named",
    "metrics": "a token that the operator has not set",
    "question_import": "a file that somebody else has sent",
    "queue_group_samples": "the fragment of a group that nobody has begun",
    "queue_sample": "the fragment of a group that nobody has begun",
    "release_changes": "a release without one before it",
    "sampler_renew": "a sampler that was copied from nowhere",
    "saved_view_restore": "a view that nobody has deleted",
    "trace_import_look": "a file that somebody else has sent",
    "trace_step_range": "steps that a short trace does not have",
    "trace_tag_undo": "a tag that nobody has taken",
    "api_token_revoke": "a token of somebody else",
    "saved_view_change": "a view of somebody else",
    "sign_in_end": "a session of somebody else",
    "mention_read": "a mention of somebody else",
}
"""Addresses where even who may do everything is told that nothing is there, and what it is that they miss."""
MISSING_BY_TOKEN = {
    "get_ask",  # the run is no question's
    "revoke_one_token",  # the token is somebody else's
    "undo_tags",  # nobody has tagged anything
    "revise_one_local_sampler",  # the sampler is another kind of model
}
"""Operations of the same sort."""


@pytest.fixture(scope="module")
def world(shared_rows) -> Iterator[World]:
    with shared_rows(), lasting_world(person_of("lead", "lena")) as made:
        yield made


@pytest.fixture(scope="module")
def asked(world, shared_rows) -> dict[str, list[Asked]]:
    """What to ask of each address: first what something is at, and with a form that may be sent."""
    with shared_rows():
        found = {name: [] for name in BY_NAME}
        for name, parameters in objects_of_people(world):
            found[name].append((parameters, {}))
        known: dict[tuple[str, str], Asked] = {}
        for visit in visits(world):
            parameters = resolve(urlsplit(visit.address).path).kwargs
            key = (visit.name, repr(parameters))
            if key in known:
                known[key][1].update({} if known[key][1] else visit.data or {})
            else:
                known[key] = (parameters, dict(visit.data or {}))
        for (name, _), each in known.items():
            found[name].append(each)
        by_place = {name: sorted(each, key=lambda one: NOWHERE in one[0].values()) for name, each in found.items()}
        return {name: each if name in ALL_KINDS else each[:1] for name, each in by_place.items()}


def objects_of_people(world: World) -> Iterator[tuple[str, dict[str, Any]]]:
    """What the walks of other tests do without: people, invitations, tokens, threads, projects."""
    lead, trace = world.reviewer, world.played
    project = another_project("objects")
    person = member(project, "mona", "curator")
    invitation, secret = invite(actor=lead, role="curator", days=1)
    thread = open_thread(author=lead, trace=trace, about=About(), body="Why?", key=uuid.uuid4())
    yield "invitation_accept", {"secret": secret}
    yield "invitation_revoke", {"invitation_id": invitation.pk}
    yield "person_change", {"user_id": person.pk}
    yield "project_change", {"project_id": project.pk}
    yield "project_member", {"project_id": 1, "user_id": lead.pk}
    yield "api_token_revoke", {"token_id": make_token(owner=lead, title="Mine", scopes=["read"], days=1)[0].pk}
    yield "repair_withdraw", {"trace_id": edited(world.old, lead, WRONG_PROGRAM).pk}
    yield "thread_add", {"thread_id": thread.pk}


def entry_of(name: str, method: str) -> tuple[str, ...] | None:
    return OBJECTS.get((name, method), PAGES[name].get(method))


@pytest.mark.parametrize("role", ANYONE)
def test_a_role_is_refused_what_the_table_does_not_give(asked, role):
    person = AnonymousUser() if role == "anonymous" else person_of(role)
    wrong, missing = [], set()
    for name in PAGES:
        if role == "anonymous" and getattr(BY_NAME[name].callback, "login_required", True):
            continue  # sent to log in before the view is asked
        for method in ("GET", "POST"):
            given = entry_of(name, method)
            for parameters, data in asked[name]:
                answer = answer_of(person, BY_NAME[name], method, parameters, data)
                if given is None:
                    is_right = answer.status_code in REFUSED
                elif role in given:
                    is_right = answer.status_code not in REFUSED
                    missing |= {name} if answer.status_code == 404 else set()
                else:
                    is_right = answer.status_code == 403
                if not is_right:
                    said = answer.content.decode()[:100] if answer.status_code in REFUSED else ""
                    wrong.append(f"{method} {name} {parameters}: {answer.status_code} {said}")
    assert wrong == []
    assert role != "admin" or missing - set(NOTHING_THERE) == set()


def test_an_exception_of_the_table_is_one():
    assert {name for name, _ in OBJECTS} <= set(PAGES)
    assert [key for key, roles in OBJECTS.items() if PAGES[key[0]].get(key[1]) == roles] == []
    assert set(NOTHING_THERE) <= set(PAGES)
    assert not any(PAGES[name].get("POST") == ANYBODY for name in NOTHING_THERE)


def test_every_kind_of_job_is_steered_by_those_alone_whom_the_table_names(world):
    assert set(STEERING) == set(JOB_KINDS)
    people = {role: person_of(role) for role in ROLES}
    found: dict[str, set[tuple[str, ...]]] = {}
    for kind in JOB_KINDS:
        job = make_job(kind)
        for verb in JOB_KINDS[kind].moves:
            parameters = {"kind": kind, "job_id": job.pk, "verb": verb}
            statuses = {
                role: answer_of(person, BY_NAME["job_steer"], "POST", parameters).status_code
                for role, person in people.items()
            }
            found.setdefault(kind, set()).add(tuple(role for role in ROLES if statuses[role] != 403))
    assert found == {kind: {roles} for kind, roles in STEERING.items()}


def test_every_operation_of_the_api_asks_who_may_do_it_with_something_there_too(world):
    rows = {
        **rows_of(world),
        "problem": world.problem.pk,
        "run": world.run.pk,
        "trace": world.traces[0].pk,
        "queue": world.queue.pk,
        "item": world.item.pk,
        "release": world.release.pk,
        "export": world.export.pk,
        "job": world.reverification.pk,
        "import": world.imported_file.pk,
        "freezing": Freezing.objects.get(release=world.release).pk,
        "rule": ReleaseRule.objects.get().pk,
        "sampler": world.sampler.pk,
        "instruction": world.instruction.pk,
        "campaign": world.campaign.pk,
        "training": world.training.pk,
        "token": make_token(owner=world.reviewer, title="Mine", scopes=["read"], days=1)[0].pk,
        "thread": open_thread(
            author=world.reviewer, trace=world.played, about=About(), body="Why?", key=uuid.uuid4()
        ).pk,
    }
    found: dict[str, set[str]] = {name: set() for name in OPERATIONS}
    missing, everything = set(), list(operations(rows))
    of_any_kind, of_a_run = f"/jobs/run/{rows['job']}", f"/jobs/run/{make_job('run').pk}"
    for role in ROLES:
        program = Program(person_of(role))
        for name, method, path, _ in everything:
            address = path.replace(of_any_kind, of_a_run)
            status = (program.get(address) if method == "get" else program.post(address)).status_code
            if status != 403:
                found[name].add(role)
            if status == 404 and role == "admin":
                missing.add(name)
    assert found == {name: set(roles) for name, roles in {**OPERATIONS, **OPERATIONS_OF_OBJECTS}.items()}
    assert missing == MISSING_BY_TOKEN


def test_nobody_gets_at_what_another_persons_account_holds(world):
    """What a person has for themselves is not there for others, whatever role they have."""
    token = make_token(owner=world.reviewer, title="Mine", scopes=["read"], days=1)[0]
    for role in ("curator", "engineer", "admin"):
        person: User = person_of(role, f"other-{role}")
        for name, parameters in (
            ("api_token_revoke", {"token_id": token.pk}),
            ("saved_view_change", {"view_id": world.view.pk}),
        ):
            answer = answer_of(person, BY_NAME[name], "POST", parameters, {"title": "Theirs", "do": "delete"})
            assert answer.status_code == 404, (role, name)
    token.refresh_from_db()
    assert token.revoked_at is None
