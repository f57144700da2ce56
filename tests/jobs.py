"""One queued job of each kind, for tests that hold for all of them."""

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.urls import reverse

from tests import factories
from tests.campaigns import begin, two_sets
from tests.generation import writing_plan
from tests.judging import job_over, works
from trajectories.adapters.chat_api import ChatSettings
from trajectories.core.selections import Selection
from trajectories.core.verifiers import VERIFIERS
from trajectories.models import Campaign, Delivery, Export, Import, Release, Sampler, Scorer, Scoring, Training
from trajectories.services.curation.segmentations import plan_segmentation
from trajectories.services.endpoints.samplers import ensure_symbolic
from trajectories.services.generation.jobs import plan_generation
from trajectories.services.prompts.instructions import ensure_symbolic_views
from trajectories.services.releases.freezing import Order, plan_freezing
from trajectories.services.runs.cutting import Cutting
from trajectories.services.verification.reverifications import plan_reverification

PRICES = {"input_price": 1.0, "output_price": 2.0}


def model() -> Sampler:
    """A language model that nobody answers for, with prices."""
    settings = ChatSettings(base_url="http://127.0.0.1:9/v1", model="none").as_parameters()
    return factories.make_sampler(kind=Sampler.Kind.CHAT, parameters={**settings, **PRICES})


def accepted_trace() -> Any:
    """A trace that a release takes."""
    reviewer = User.objects.create_user(f"reviewer-{uuid.uuid4().hex[:8]}")
    trace = factories.make_trace(correctness="pass", decision="accepted")
    factories.make_review(trace=trace, reviewer=reviewer)
    return trace


def _release() -> Release:
    return Release.objects.create(
        key=uuid.uuid4(), title="A release", rule={}, manifest={}, content_hash=uuid.uuid4().hex, item_count=0
    )


def _freezing() -> Any:
    accepted_trace()
    return plan_freezing(actor=User.objects.get_or_create(username="freezer")[0], order=Order("Next"), key=uuid.uuid4())


def _campaign() -> Campaign:
    """A campaign with problems of its own: no problem is stored twice."""
    sets = two_sets(first=10_000 * Campaign.objects.count())
    return begin(sets=sets, instructions=ensure_symbolic_views(), sampler=ensure_symbolic(), trainer="embedded")


MAKERS: dict[str, Callable[[], Any]] = {
    "run": lambda: factories.plan(title="The run"),
    "judge_job": lambda: job_over(works("right"), model()),
    "generation": lambda: plan_generation(actor=None, plan=writing_plan(model())),
    "reverification": lambda: plan_reverification(
        actor=None, scope=Selection(problem=works("right")[0].problem_id), verifiers=[next(iter(VERIFIERS))]
    ),
    "export": lambda: Export.objects.create(release=_release(), format="full"),
    "import": lambda: Import.objects.create(
        kind=Import.Kind.QUESTIONS, source="questions.jsonl", options={"set_title": "A set", "on_fault": "skip"}
    ),
    "freezing": _freezing,
    "campaign": _campaign,
    "segmentation": lambda: plan_segmentation(
        actor=None, selection=Selection(problem=works("right")[0].problem_id), cutting=Cutting("sentences:1")
    ),
    "delivery": lambda: Delivery.objects.create(release=_release(), what="environment"),
    "training": lambda: Training.objects.create(release=_release(), trainer="embedded", title="A training"),
    "scorer": lambda: Scorer.objects.create(name="told", version=Scorer.objects.count() + 1, last_trace=1),
    "scoring": lambda: Scoring.objects.create(
        scorer=Scorer.objects.create(name="told", version=Scorer.objects.count() + 1, last_trace=1),
        last_id=1,
        total_count=1,
    ),
}
"""By the word of the kind: makes one that is queued."""


def steering(kind: str, job: Any, verb: str) -> str:
    """The address that the buttons of a job's own page post to."""
    return f"{reverse('job_steer', args=[kind, job.pk, verb])}?then=page"


def make_job(kind: str) -> Any:
    """A queued job of a kind, as it is stored."""
    job = MAKERS[kind]()
    job.refresh_from_db()
    return job
