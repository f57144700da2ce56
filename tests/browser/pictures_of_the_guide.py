"""No test of its own accord: the pictures of the README and of docs/curation.md, with `make screenshots ARGS=--guide`.

They show traces that the symbolic search draws of three ARC tasks, and what four made-up people decided about them. The
pictures are written to docs/images, in 256 colours.
"""

import io
import uuid
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, User
from django.core.cache import cache
from PIL import Image

from tests.queues import decide, item_of, queue_of
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.core.curation.schemas import DecisionSchema
from trajectories.models import Problem, Run, Trace
from trajectories.services.curation.assignments import lease_next
from trajectories.services.endpoints.samplers import ensure_symbolic
from trajectories.services.problems.imports import import_arc_agi_1
from trajectories.services.prompts.instructions import ensure_symbolic_views
from trajectories.services.runs.embedded_sampling import sample_next_batch
from trajectories.services.runs.lifecycle import plan_run
from trajectories.services.runs.plans import Plan
from trajectories.services.verification.queue import verify_traces

pytestmark = pytest.mark.django_db(transaction=True)

FOLDER = Path(__file__).resolve().parents[2] / "docs/images"
TASKS = ("67a3c6ac", "3428a4f5", "a5313dff")
PEOPLE = ("amara", "boris", "chen", "dana")
GUIDELINES = """**Accept** what a student could learn from: each step follows, and the program says the rule.

**Reject** a program that only fits the pairs (*Lucky fit*), or that lists their outputs (*Hard-coded*)."""
TALLEST = 900
"""Pixels of a page that a picture shows at the most."""


def sampled() -> Run:
    """A run of the symbolic search on a few tasks, verified."""
    import_arc_agi_1()
    run = plan_run(
        actor=None,
        title="First look: three tasks",
        sampler=ensure_symbolic(),
        plan=Plan(
            problems=list(Problem.objects.filter(name__in=TASKS, problem_set__name="arc-agi-1-training")),
            instructions=ensure_symbolic_views(),
            temperatures=[1.0],
            samples_each=4,
        ),
    )
    more = True
    while more:
        report = sample_next_batch(run_id=run.pk)
        verify_traces(trace_ids=report.trace_ids)
        more = report.more
    return run


def draft_of(trace: Trace, number: int) -> ReviewDraft:
    """What a made-up person decides: mostly as the verdict says, each with an own eye for luck."""
    if trace.correctness == "pass" and (trace.pk + number) % 7:
        return ReviewDraft(
            Decision.ACCEPT, score=3 + (trace.pk + number) % 3, seconds=20 + (trace.pk * 7 + number) % 40
        )
    reason = "wrong_answer" if trace.correctness != "pass" else "lucky"
    return ReviewDraft(Decision.REJECT, reason=reason, seconds=15 + (trace.pk * 5 + number) % 30)


def picture(page, name: str) -> None:
    """The page as far down as it goes, at most TALLEST pixels, in a palette that keeps it small."""
    page.evaluate("document.activeElement.blur()")
    page.wait_for_load_state("networkidle")
    height = min(TALLEST, max(800, page.evaluate("document.documentElement.scrollHeight")))
    page.set_viewport_size({"width": 1280, "height": height})
    shot = Image.open(io.BytesIO(page.screenshot()))
    shot.convert("RGB").quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
        FOLDER / f"{name}.png", optimize=True
    )


def test_the_pictures_of_the_guide(log_in, lead, curator):
    run = sampled()
    people = [User.objects.create_user(name, password=None) for name in PEOPLE]
    for person in people:
        person.groups.add(Group.objects.get(name="curator"))
    traces = list(Trace.objects.filter(run=run).order_by("pk"))
    queue = queue_of(
        lead, traces, title="ARC, first look", reviews_each=2, suggestions="verdicts", guidelines=GUIDELINES,
        schema=DecisionSchema(tags=("elegant", "follow up")),
    )  # fmt: skip
    decided = 0
    for turn in range(2 * len(traces) - 6):
        person = people[turn % len(people)]
        found = lease_next(reviewer=person, queue=queue)
        if found is not None:
            decide(person, item_of(queue, found.item.trace), draft_of(found.item.trace, turn % len(people)))
            decided += 1
    assert decided > 10
    cache.clear()
    page = log_in(lead)
    page.set_viewport_size({"width": 1280, "height": 800})
    wrong = next((trace for trace in traces if trace.correctness == "fail"), traces[0])
    page.goto(f"/traces/{wrong.pk}/")
    page.locator("[data-label-step=good]").wait_for()
    picture(page, "trace")
    page.goto(f"/queues/{queue.pk}/")
    picture(page, "queue")
    page.goto("/quality/")
    picture(page, "quality")
    whole = queue_of(lead, traces, title="ARC, the best of each", by_problem=True)
    page.goto(f"/queues/{whole.pk}/next/")
    page.locator("[data-group]").first.wait_for()
    page.keyboard.press("1")
    picture(page, "curation-group")
    page = log_in(people[0])
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"/queues/{queue.pk}/next/")
    page.locator("[data-label-step=good]").wait_for()
    while not page.locator("#suggestion").count():  # one of the control
        shown = page.locator("#trace").get_attribute("data-trace")
        page.keyboard.press("s")
        page.locator(f"#trace:not([data-trace='{shown}'])").wait_for()
    picture(page, "curation-screen")
    assert uuid.UUID(page.locator("#trace").get_attribute("data-token"))
