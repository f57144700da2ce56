"""One of everything, so that every address leads somewhere and every form is shown."""

import io
import re
import uuid
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.contrib.auth.models import AnonymousUser, Group, User
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import IntConverter
from django.urls.resolvers import RegexPattern

from tests import factories
from tests.crawl.values import PATH_NUMBERS, PATH_TEXTS
from tests.generation import waiting_candidate, writing_plan
from tests.judging import job_over, works
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.core.selections import Selection
from trajectories.models import GenerationJob, Run, Sampler, SpendLimit
from trajectories.services.curation.reviews import submit_review
from trajectories.services.curation.segmentations import plan_segmentation
from trajectories.services.endpoints.samplers import ensure_symbolic
from trajectories.services.generation.jobs import plan_generation
from trajectories.services.people.invitations import invite
from trajectories.services.problems.uploads import keep_upload
from trajectories.services.prompts.briefs import ensure_shipped_briefs
from trajectories.services.prompts.instructions import ensure_shipped_instructions, ensure_symbolic_views
from trajectories.services.prompts.rubrics import ensure_shipped_rubrics
from trajectories.services.releases.exports import request_export, write_export
from trajectories.services.releases.freezing import freeze_accepted
from trajectories.services.runs.cutting import Cutting
from trajectories.services.spending.limits import set_limit
from trajectories.services.verification.reverifications import plan_reverification

ROLES = ("anonymous", "nobody", "viewer", "curator", "engineer", "lead", "manager", "admin")
"""Without an account, without a role, the roles, the admin of a project (`manager`), and the installation's."""
NOWHERE = {"base_url": "http://127.0.0.1:9/v1", "model": "none", "tries": 1, "timeout_seconds": 1.0}
QUESTIONS = b"question,answer,level,choices\nWhat is 2 + 2?,4,1,\nWhich is even?,A,2,2|3\n"


@dataclass
class World:
    """People by role, and the row that each parameter of an address can stand for, by (name of view, parameter)."""

    people: dict[str, User | AnonymousUser]
    rows: dict[str, list[Any]] = field(default_factory=dict)
    walks: dict[tuple[str, bool], Any] = field(default_factory=dict)
    """What was seen of it, by role and whether in the administration (`walks.py`)."""


def make_person(role: str) -> User | AnonymousUser:
    """Somebody of a role."""
    if role == "anonymous":
        return AnonymousUser()
    if role == "admin":
        return User.objects.create_superuser(role)
    person = User.objects.create_user(role)
    if role != "nobody":
        person.groups.add(Group.objects.get(name="admin" if role == "manager" else role))
    return person


def make_world() -> World:
    """Everything there is in one installation, small."""
    world = World({role: make_person(role) for role in ROLES})
    lead, curator = world.people["lead"], world.people["curator"]
    for ensure in (ensure_symbolic_views, ensure_shipped_instructions, ensure_shipped_rubrics, ensure_shipped_briefs):
        ensure()
    model = factories.make_sampler(kind=Sampler.Kind.CHAT, parameters=NOWHERE)
    problems = [*_problems(), factories.make_problem()]
    runs = [
        factories.plan(actor=lead, sampler=ensure_symbolic(), problems=[problems[-1]]),
        factories.plan(actor=lead, sampler=model, instructions=[factories.make_instruction(suits="chat")]),
    ]
    finished = factories.plan(actor=lead, sampler=ensure_symbolic(), problems=[problems[-1]])
    Run.objects.filter(pk=finished.pk).update(state="finished")
    failed = factories.make_run(state="failed", state_reason="It broke.", plan={**finished.plan})
    traces = [*works("It is right.", "It is wrong."), *(factories.make_trace(run=finished) for _ in range(3))]
    factories.make_verdict(trace=traces[-1], evidence={"pairs": []})
    for trace in traces[2:4]:
        accepted = ReviewDraft(Decision.ACCEPT, score=4)
        submit_review(reviewer=curator, trace=trace, draft=accepted, key=uuid.uuid4())
    release = freeze_accepted(actor=lead, title="First", key=uuid.uuid4())
    exports = [request_export(actor=lead, release=release, export_format=name) for name in ("full", "sft-messages")]
    write_export(job_id=exports[0].pk)
    candidate = waiting_candidate()
    planned = plan_generation(actor=lead, plan=writing_plan(model, set_title="Planned"))
    judge_job = job_over(traces[:2], model)
    again = plan_reverification(actor=lead, scope=Selection(), verifiers=["arc_test"])
    cutting = plan_segmentation(actor=lead, selection=Selection(), cutting=Cutting("sentences:1"))
    set_limit(actor=world.people["admin"], scope=SpendLimit.Scope.ALL, amount=Decimal(10))
    upload = keep_upload(owner=lead, name="questions.csv", stream=io.BytesIO(QUESTIONS))
    world.rows = {
        "run_id": [*runs, finished, failed],
        "trace_id": traces,
        "problem_id": problems,
        "sampler_id": [model, ensure_symbolic()],
        "release_id": [release],
        "export_id": exports,
        "candidate_id": [candidate],
        "generation": [planned, GenerationJob.objects.get(pk=candidate.job_id)],
        "judge_job": [judge_job],
        "reverification": [again],
        "segmentation": [cutting],
        "token": [upload.token],
        "world": ["maze"],
        "secret": [invite(actor=world.people["admin"], role="curator", days=1)[1]],
    }
    return world


def _problems() -> list[Any]:
    choices = {"choices": ["2", "3"]}
    tests = {"tests": [{"input": "1", "output": "2"}], "function": "add"}
    return [
        factories.make_problem(kind="numeric", statement="What is $2 + 2$?", spec={}, reference="4"),
        factories.make_problem(kind="choice", statement="Which is even?", spec=choices, reference="A"),
        factories.make_problem(kind="text", statement="Add.", spec=tests, reference=None, difficulty={"level": 1}),
        factories.make_problem(
            kind="procedural", statement="1 + 1", spec={"family": "chain_sum", "entry": {}}, reference="2"
        ),
    ]


def every_pattern(resolver: Any = None, prefix: str = "") -> list[tuple[str, URLPattern]]:
    """(route, pattern) of every address there is, the admin's among them."""
    found: list[tuple[str, URLPattern]] = []
    for entry in (resolver or get_resolver()).url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            found += every_pattern(entry, route)
        else:
            found.append((route, entry))
    return found


def addresses(world: World, route: str, pattern: URLPattern, *, odd: bool = False) -> list[str]:
    """The addresses of a route: one for each row that it can be about, or with `odd` those that nothing is at.

    A parameter that no row is known for gets a value that its converter takes, so that a new page is visited by itself.
    """
    if isinstance(pattern.pattern, RegexPattern):
        return [f"/admin/{app}/" for app in ("auth", "trajectories", "nothing")]
    names = list(pattern.pattern.converters)
    choices = [_odd(pattern, name) if odd else _known(world, route, pattern, name) for name in names]
    if odd and not names:
        return []
    found = []
    for position in range(max([len(values) for values in choices], default=1)):
        address = route
        for name, values in zip(names, choices, strict=True):
            address = re.sub(rf"<(\w+:)?{name}>", values[position % len(values)].replace("\\", ""), address, count=1)
        found.append("/" + address)
    return found


def _odd(pattern: URLPattern, name: str) -> list[str]:
    is_number = isinstance(pattern.pattern.converters[name], IntConverter)
    return [value.decode() for value in (PATH_NUMBERS if is_number else PATH_TEXTS)]


def _known(world: World, route: str, pattern: URLPattern, name: str) -> list[str]:
    kind = (pattern.name or "").rsplit("_", 1)[0]
    rows = world.rows.get(name) or world.rows.get(kind) or _first_rows(route, name) or CONSTANTS.get(name) or ["1"]
    return [str(getattr(row, "pk", row)) for row in rows]


def _first_rows(route: str, name: str) -> list[Any]:
    """The first rows of the model that `rubric_id` is called after, or that a page of the admin is about."""
    models = {model._meta.model_name: model for model in apps.get_models()}
    part = route.split("/")[2] if route.startswith("admin/") and name == "object_id" else name
    model = models.get(part.removesuffix("_id").replace("_", ""))
    return list(model._default_manager.order_by("pk")[:2]) if model is not None else []


CONSTANTS = {"palette": ["canonical"], "code": ["2x2-1234"], "name": ["chain_sum"], "first": ["0"]}
"""What parameters stand for that are no rows."""
