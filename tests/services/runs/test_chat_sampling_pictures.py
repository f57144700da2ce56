"""Runs of models that see: pictures of grids are sent, paid for, shown again, and written out for training."""

import json
import uuid
from decimal import Decimal

import pytest
from django.urls import reverse

from tests.endpoint import sampler_for
from tests.factories import FLIP_PROGRAM, FLIP_SPEC, make_instruction, make_problem, plan
from tests.services.runs.test_chat_sampling import sample
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.core.prompts.pictures import PICTURE_TOKENS, write_out
from trajectories.models import Instruction, Trace
from trajectories.selectors.export_items import ItemReader
from trajectories.selectors.exports import messages_text
from trajectories.services.curation.reviews import submit_review
from trajectories.services.prompts.instructions import ensure_shipped_instructions
from trajectories.services.releases.freezing import freeze_accepted
from trajectories.services.runs.estimates import estimate_plan
from trajectories.services.runs.first_prompts import first_prompts
from trajectories.services.runs.plans import Plan, PlanError
from trajectories.stand_ins.fake_endpoint import Answer, Behaviour, FakeEndpoint, canned
from trajectories.stand_ins.fake_endpoint.answers import read_task

pytestmark = pytest.mark.django_db(transaction=True)
PICTURES = 5
"""Grids of the problem below."""


def pictures(style="program"):
    return make_instruction(style=style, view="pictures", suits="chat", problem_kind="arc")


def solve_what_is_seen(prompt, asked_before):
    """Right where every grid of the problem was read, from digits or pictures."""
    task = read_task(prompt)
    seen = task is not None and json.loads(json.dumps(task.spec)) == FLIP_SPEC
    return canned(program=FLIP_PROGRAM)(prompt, asked_before) if seen else Answer("I see nothing.")


@pytest.fixture
def endpoint():
    with FakeEndpoint(Behaviour(takes=("pictures",)), answerer=solve_what_is_seen) as endpoint:
        yield endpoint


@pytest.fixture
def sampler(endpoint):
    return sampler_for(endpoint, sees_pictures=True, input_price=Decimal(1), output_price=Decimal(1))


def test_a_model_that_sees_solves_what_it_is_shown_in_pictures_alone(endpoint, sampler):
    run = sample(plan(sampler=sampler, problems=[make_problem()], instructions=[pictures()], samples_each=1))
    trace = Trace.objects.select_related("prompt").get(run=run)
    assert trace.correctness == "pass"
    sent = endpoint.calls[0].body["messages"][0]["content"]
    assert [part["type"] for part in sent].count("image_url") == PICTURES
    words = sum(len(part["text"]) for part in sent if part["type"] == "text")
    assert PICTURES * 255 < trace.input_tokens < PICTURES * 255 + words
    assert trace.cost == Decimal(trace.input_tokens + trace.output_tokens) / 1_000_000
    # What is stored is a text that holds the grids.
    (message,) = json.loads(trace.prompt.body)
    assert message["content"].count("![grid](grid:") == PICTURES
    assert "7 8 9" in messages_text(trace.prompt.body), "near duplicates are found by what was shown"


def test_the_same_call_is_recalled_and_costs_nothing(endpoint, sampler):
    problem, instruction = make_problem(), pictures()
    first, second = (
        sample(
            plan(
                sampler=sampler,
                problems=[problem],
                instructions=[instruction],
                samples_each=1,
                seed=7,
                options={"recalls": True},
            )
        )
        for _ in range(2)
    )
    assert (first.cost > 0, second.cost, len(endpoint.calls)) == (True, 0, 1)


def test_the_trace_shows_the_pictures_that_were_sent(client, lead, sampler):
    run = sample(plan(sampler=sampler, problems=[make_problem()], instructions=[pictures()], samples_each=1))
    client.force_login(lead)
    trace = Trace.objects.get(run=run)
    html = client.get(reverse("trace_detail", args=[trace.pk])).content.decode()
    prompt = html[html.index('id="prompt"') :].partition("</details>")[0]
    assert prompt.count("<img") == PICTURES
    assert "grid:" not in prompt
    shared = client.get(reverse("trace_share", args=[trace.pk])).content.decode()
    assert "![grid]" not in shared
    assert "data:image/png;base64," in shared[shared.index("<h2>Prompt</h2>") :]


def test_rows_to_train_on_have_the_digits_of_what_was_shown(lead, sampler):
    run = sample(plan(sampler=sampler, problems=[make_problem()], instructions=[pictures()], samples_each=1))
    accepted = ReviewDraft(Decision.ACCEPT, score=4)
    submit_review(reviewer=lead, trace=Trace.objects.get(run=run), draft=accepted, key=uuid.uuid4())
    release = freeze_accepted(actor=lead, title="Seen", key=uuid.uuid4())
    (item,) = ItemReader(release, assessed=False).items(1)
    prompt = item.prompt[0]["content"]
    assert "Test 1 input:\n7 8 9" in prompt
    assert "grid:" not in prompt


def test_pictures_are_for_models_that_see(endpoint):
    blind, instruction = sampler_for(endpoint), pictures()
    asked = Plan(problems=[make_problem()], instructions=[instruction], temperatures=[1.0], samples_each=1)
    with pytest.raises(PlanError, match=f"{instruction.title} shows pictures, and .* is not known to see them"):
        asked.check(blind)
    number = make_problem(kind="numeric", statement="1 + 1", spec={}, reference=2)
    Plan(problems=[number], instructions=[instruction], temperatures=[1.0], samples_each=1)


def test_estimates_count_pictures_as_the_sampler_says(endpoint, sampler):
    asked = Plan(problems=[make_problem()], instructions=[pictures()], temperatures=[1.0], samples_each=1)
    dear = sampler_for(endpoint, sees_pictures=True, picture_tokens=PICTURE_TOKENS + 1_000)
    few, many = (estimate_plan(plan=asked, sampler=each).input_tokens for each in (sampler, dear))
    assert many == few + 1_000 * PICTURES
    (shown,) = first_prompts(plan=asked, sampler=dear, seed=1)
    (prompt,) = shown.prompts
    assert prompt.tokens > PICTURES * (PICTURE_TOKENS + 1_000)
    assert "7 8 9" in write_out(prompt.turns[0]["content"])


def test_an_instruction_with_pictures_is_shipped(db):
    ensure_shipped_instructions()
    assert Instruction.objects.get(name="arc-program-pictures").view == "digits-sizes-pictures"
