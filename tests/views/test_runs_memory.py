"""Memory on pages, by the API and on the command line: planned, shown, filtered, exported, and its control begun."""

import uuid
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from tests import factories
from tests.api.programs import Program
from tests.campaigns import mirror_task
from tests.endpoint import sampler_for
from tests.pages import squeezed
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.core.selections import Selection
from trajectories.core.strategies.memories import Memory, MemorySource
from trajectories.models import Run, Trace
from trajectories.selectors.blinding import EVERYTHING, sight_of
from trajectories.selectors.exports import iterate_items
from trajectories.selectors.trace_filters import traces_in
from trajectories.services.curation.reviews import submit_review
from trajectories.services.releases.freezing import freeze_accepted
from trajectories.stand_ins.fake_endpoint import FakeEndpoint

pytestmark = pytest.mark.django_db


@pytest.fixture
def sampler():
    return sampler_for(FakeEndpoint(), input_price=1.0, output_price=1.0)


@pytest.fixture
def view():
    return factories.make_instruction(view="digits", style="program", suits="chat", problem_kind="arc")


@pytest.fixture
def run(sampler, view):
    """A run with a memory of two: one sample was shown two traces, one a single one, one nothing."""
    run = factories.plan(
        sampler=sampler, problems=[mirror_task(1)], instructions=[view], samples_each=3, memory=Memory(count=2)
    )
    first, second = (factories.make_trace(problem=mirror_task(n), decision="accepted") for n in (2, 3))
    for keys in ([first.pk, second.pk], [second.pk], []):
        factories.make_trace(run=run, problem=run.attempts.first().problem, facts={"memory": keys, "examples": ["x"]})
    return run


def test_the_form_plans_it_and_says_what_it_would_show(client, lead, sampler, view):
    problem = mirror_task(1)
    client.force_login(lead)
    fields = {
        "sampler": sampler.pk, "problem_set": problem.problem_set_id, "instructions": [view.pk], "samples_each": 1,
        "temperatures": "1", "memory": 2, "memory_from": "verifiers", "memory_near": "0.9", "seed": 1,
        "memory_embedder": sampler.pk,
    }  # fmt: skip
    assert "Memory is empty now" in squeezed(client.post(reverse("run_estimate"), fields))
    factories.make_trace(problem=mirror_task(2), correctness="pass", reasoning="Rows are turned round.")
    assert "Memory holds 1 trace of 1 problem now." in squeezed(client.post(reverse("run_estimate"), fields))
    prompts = squeezed(client.post(reverse("run_prompts"), fields))
    assert "Rows are turned round." in prompts
    assert "1 of the examples wanted is missing: memory holds no more traces" in prompts
    refused = client.post(reverse("run_new"), {**fields, "memory_from": "release"})
    assert refused.status_code == 422
    assert "found no release" in squeezed(refused)
    client.post(reverse("run_new"), fields)
    run = Run.objects.get(planned_count=1)
    assert run.kept_plan.memory == Memory(count=2, source=MemorySource.VERIFIERS, near=0.9, embedder=sampler.pk)
    again = client.get(reverse("run_new"), {"like": run.pk}).context["form"]
    names = ("memory", "memory_from", "memory_near", "memory_embedder")
    assert tuple(again[name].value() for name in names) == (2, "verifiers", 0.9, sampler.pk)


def test_the_api_and_the_command_plan_the_same(lead, sampler, view, django_capture_on_commit_callbacks):
    problem = mirror_task(1)
    asked = {"sampler": sampler.pk, "problem_set": problem.problem_set.name, "instructions": [view.pk], "seed": 3}
    wanted = {"memory": 3, "memory_from": "verifiers", "memory_embedder": sampler.pk}
    told = Program(lead).post("/runs", {**asked, **wanted})
    assert told.status_code == 201, told.content
    out = StringIO()
    call_command(
        "sample", "--set", problem.problem_set.name, "--sampler", sampler.name, "--instructions", view.name,
        "--memory", "3", "--memory-from", "verifiers", "--memory-embedder", sampler.name, stdout=out,
    )  # fmt: skip
    assert "Memory is empty now" in out.getvalue()
    expected = Memory(count=3, source=MemorySource.VERIFIERS, embedder=sampler.pk)
    assert [run.kept_plan.memory for run in Run.objects.order_by("pk")] == [expected, expected]
    refused = Program(lead).post("/runs", {**asked, "memory": 1, "memory_from": "hearsay"})
    assert refused.status_code == 422
    with pytest.raises(CommandError, match="found 'hearsay', expected people, verifiers or the id of a release"):
        call_command(
            "sample", "--set", problem.problem_set.name, "--sampler", sampler.name, "--instructions", view.name,
            "--memory", "1", "--memory-from", "hearsay",
        )  # fmt: skip


def test_pages_link_what_was_shown_and_to_whom(client, lead, run):
    client.force_login(lead)
    page = squeezed(client.get(reverse("run_detail", args=[run.pk])))
    assert "2 traces of the nearest other problems, accepted by people" in page
    assert ">2</a> of 3 samples were shown some, 1 of them fewer than 2;" in page
    full, short, none = Trace.objects.filter(run=run).order_by("pk")
    first, second = full.facts["memory"]
    told = squeezed(client.get(reverse("trace_detail", args=[full.pk])))
    assert all(reverse("trace_detail", args=[key]) in told for key in (first, second))
    assert "had nothing to show" in squeezed(client.get(reverse("trace_detail", args=[none.pk])))
    address = reverse("trace_detail", args=[second])
    assert "Shown by memory" not in squeezed(client.get(address)), "who may review it starts blind"
    shown = squeezed(client.get(address, {"reviews": "all"}))
    assert f'remembered={second}">2 samples</a>' in shown
    found = {word: set(traces_in(Selection(**scope), EVERYTHING)) for word, scope in {
        "second": {"remembered": second}, "first": {"remembered": first},
        "shown": {"memory": "shown"}, "nothing": {"memory": "nothing"},
    }.items()}  # fmt: skip
    assert found == {"second": {full, short}, "first": {full}, "shown": {full, short}, "nothing": {none}}
    listed = client.get(reverse("trace_list"), {"remembered": first})
    assert f"Shown trace {first}" in squeezed(listed)


def test_who_may_not_know_of_a_decision_is_not_told_by_memory(client, curator, run):
    """That memory shows a trace tells that it was accepted, or found right."""
    full = Trace.objects.filter(run=run).order_by("pk").first()
    first, second = full.facts["memory"]
    submit_review(
        reviewer=curator, trace=Trace.objects.get(pk=second), draft=ReviewDraft(Decision.ACCEPT), key=uuid.uuid4()
    )
    client.force_login(curator)
    page = squeezed(client.get(reverse("trace_detail", args=[full.pk])))
    assert reverse("trace_detail", args=[second]) in page
    assert reverse("trace_detail", args=[first]) not in page
    assert "and 1 that you have not decided on" in page
    assert "Shown by memory" not in squeezed(client.get(reverse("trace_detail", args=[first])))
    sight = sight_of(curator)
    assert not traces_in(Selection(remembered=first), sight).exists()
    assert traces_in(Selection(remembered=second), sight).count() == 2


def test_an_archive_tells_what_was_shown_by_its_hash(lead, curator, run):
    full, _, none = Trace.objects.filter(run=run).order_by("pk")
    for trace in (full, none):
        Trace.objects.filter(pk=trace.pk).update(decision="accepted")
        factories.make_review(trace=trace, reviewer=curator)
    release = freeze_accepted(actor=lead, title="Ours", key=uuid.uuid4())
    told = {item.archive["item"]["trace_id"]: item.archive["trace"].get("memory") for item in iterate_items(release)}
    shown = Trace.objects.filter(pk__in=full.facts["memory"]).order_by("pk").values_list("content_hash", flat=True)
    assert (told[full.pk], told[none.pk]) == (list(shown), [])


def test_one_click_plans_the_control_and_both_pages_lead_to_the_comparison(client, lead, run):
    client.force_login(lead)
    address = reverse("run_without_memory", args=[run.pk])
    assert address in squeezed(client.get(reverse("run_detail", args=[run.pk])))
    for _ in range(2):
        client.post(address, {"form_key": "k"})
    (control,) = run.controls.all()
    assert control.kept_plan.samples_each >= run.kept_plan.samples_each
    versus = f"{reverse('versus')}?a={run.pk}&amp;b={control.pk}"
    for each in (run, control):
        assert versus in squeezed(client.get(reverse("run_detail", args=[each.pk])))
    refused = client.post(reverse("run_without_memory", args=[control.pk]), follow=True)
    assert "This run has no memory" in squeezed(refused)
    assert Run.objects.filter(control_of__isnull=False).get() == control
