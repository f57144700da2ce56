"""Every kind of work at once, killed again and again, with two schedulers, with bells that come twice or not at all."""

import os
import re
import uuid
from collections import Counter
from decimal import Decimal

import pytest
from django.db.models import QuerySet

from tests import factories
from tests.campaigns import begin, two_sets
from tests.drills.processes import forgive, let_time_pass
from tests.endpoint import flip_endpoint, sampler_for
from tests.factories import assert_counters_add_up
from tests.imports import plan_rows
from tests.queues import decide
from tests.scorers import ask_for, make_works, train
from tests.trainings import make_release, make_training
from tests.worker import empty_queues, wait_for
from trajectories.core.campaigns.plans import Basis
from trajectories.core.selections import Selection
from trajectories.models import (
    JOB_KINDS,
    Assignment,
    Attempt,
    AuditEvent,
    Campaign,
    Freezing,
    PendingVerification,
    Queue,
    Release,
    Reverification,
    Run,
    Sampler,
    Scoring,
    Trace,
    Training,
    Verdict,
)
from trajectories.selectors.campaigns import list_generations
from trajectories.services.curation.segmentations import plan_segmentation
from trajectories.services.endpoints.samplers import ensure_symbolic
from trajectories.services.jobs.leases import nobody_is_at
from trajectories.services.jobs.ringers import ring
from trajectories.services.prompts.instructions import ensure_symbolic_views
from trajectories.services.releases.exports import export_path, request_export, write_export
from trajectories.services.releases.freezing import Order, freeze_accepted, plan_freezing
from trajectories.services.runs.cutting import Cutting
from trajectories.services.runs.plans import Budget
from trajectories.services.scorers.planning import start_scoring
from trajectories.stand_ins.fake_endpoint import Behaviour
from trajectories.templatetags.shell import badge

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = int(os.environ.get("DRILL_ROUNDS") or 3)
"""How often all workers are killed."""
IS_WHOLE = ROUNDS > 3
"""Whether this is a drill that was asked for: else the database is killed in every other stage of a campaign alone."""
MOVES = 6
"""So many steps of any of the jobs are waited for before the next kill."""
ROWS = 16
PROGRESS = ("done_count", "cursor", "rows_written")
"""Fields that say how far a job is."""


@pytest.fixture
def storm_database(own_database):
    return own_database


def plan_all(lead, curator) -> dict[str, object]:
    """A job of nearly every kind that needs no model, none of which is begun."""
    works = make_works()
    scorer = train(works)
    problem, run = factories.make_problem(), factories.make_run()
    for _ in range(ROWS):
        factories.make_review(
            trace=factories.make_trace(problem=problem, run=run, decision="accepted"), reviewer=curator
        )
    frozen = freeze_accepted(actor=lead, title="Before", key=uuid.uuid4())
    scope = Selection(problem_set=works.pk)
    return {
        "run": factories.plan(
            sampler=factories.make_sampler(kind="mirror"), problems=[factories.make_problem() for _ in range(6)],
            samples_each=6,
        ),
        "export": request_export(actor=lead, release=frozen, export_format="full", with_meta=True),
        "freezing": plan_freezing(actor=lead, order=Order("Now"), key=uuid.uuid4()),
        "import": plan_rows(lead, ROWS),
        "segmentation": plan_segmentation(actor=lead, selection=scope, cutting=Cutting("sentences:1")),
        "scoring": start_scoring(by=lead, scorer=scorer, scope=scope),
        "scorer": ask_for(works, name="second"),
        "training": make_training(make_release(4)),
        "campaign": begin(lead, generations=1, sets=two_sets(3, 3), held_out_samples=2),
    }  # fmt: skip


def states_of(jobs) -> tuple:
    for job in jobs.values():
        job.refresh_from_db()
    reached = tuple((job.state, *(getattr(job, name, 0) for name in PROGRESS)) for job in jobs.values())
    return reached, tuple(Campaign.objects.values_list("generations__stage", flat=True))


def have_ended(jobs) -> bool:
    states_of(jobs)
    return all(job.state not in ("queued", "running") for job in jobs.values())


def wait_for_moves(jobs) -> None:
    """Until so many steps were taken, or everything has ended."""
    seen = {states_of(jobs)}
    wait_for(
        lambda: (seen.add(states_of(jobs)), len(seen) > MOVES or have_ended(jobs))[1], "work to go on", seconds=120
    )


BUDGET = Decimal("0.015")
"""Of the run that pays for its samples: for a few of them."""


def plan_paid(endpoint):
    """A run of a language model that costs money, and may take less than it would."""
    sampler = sampler_for(endpoint, input_price=Decimal(1), output_price=Decimal(10), concurrency=2)
    view = factories.make_instruction(style="program", suits="chat")
    return factories.plan(
        sampler=sampler, problems=[factories.make_problem()], instructions=[view], samples_each=80,
        budget=Budget(cost=BUDGET), options={"prompt_tokens": 300},
    )  # fmt: skip


@pytest.mark.long
def test_nothing_is_lost_and_nothing_doubled_whatever_is_killed(storm, lead, curator, client):
    client.force_login(lead)
    with flip_endpoint(Behaviour(latency=0.3)) as endpoint:
        jobs, paid = plan_all(lead, curator), plan_paid(endpoint)
        everything = [*jobs.items(), ("run", paid)]
        before = {model: keys_of(model) for model in (Run, Freezing, Training, Release)}
        empty_queues()  # every bell so far is lost
        let_time_pass()
        storm.start()
        for number in range(ROUNDS):
            wait_for_moves(jobs)
            if number % 3 == 1:
                storm.database.crash(client)  # while all work
                let_time_pass()
                wait_for_moves(jobs)
            storm.kill(beat=number % 2 == 0)
            let_time_pass()
            assert_pages_tell(client, everything)
            assert_within_budget(paid)
            forgive()
            storm.start()
            for kind, job in everything:
                for _ in range(3):  # bells that come more than once
                    ring(kind, job.pk)
        wait_for(lambda: have_ended({**jobs, "paid": paid}), f"the end of {states_of(jobs)}", seconds=240)
    wait_for(lambda: not PendingVerification.objects.exists(), "every verdict")
    states = {kind: (job.state, getattr(job, "reason", "") or getattr(job, "error", "")) for kind, job in jobs.items()}
    good = {"export": "ready"}
    assert states == {kind: (good.get(kind, "finished"), "") for kind in jobs}
    assert (paid.state, paid.state_reason.partition(" has ")[0]) == ("paused", "The money budget of $0.015")
    assert paid.done_count, "it was paid for some"
    assert_within_budget(paid)
    storm.kill(beat=False)
    let_time_pass()
    assert_pages_tell(client, everything)
    assert_each_came_out_once(jobs, before)
    assert_nobody_holds_anything()


def assert_within_budget(paid) -> None:
    """What a run has paid is what its samples cost, and within its budget."""
    paid.refresh_from_db()
    assert paid.cost <= BUDGET
    assert paid.cost == sum(Trace.objects.filter(run=paid).values_list("cost", flat=True))


def assert_pages_tell(client, jobs) -> None:
    """While nobody works, the list of jobs says so, and of each job in which state it is and why; so does its page."""
    for kind, job in jobs:
        job.refresh_from_db()
        listed = client.get("/jobs/", {"kind": kind})
        assert listed.status_code == 200
        text = listed.content.decode()
        nobody = re.search(r'id="workforce".*?</div></div>', text, re.DOTALL)
        assert nobody, "the list says nothing of the workers"
        assert "No worker is alive, since" in nobody[0]
        row = re.search(rf'<tr class="row-link" id="{kind}-{job.pk}">.*?</tr>', text, re.DOTALL)
        assert row, f"{kind} {job.pk} is not in the list"
        assert badge(job.state) in row[0], (kind, job.state)
        found = client.get(JOB_KINDS[kind].address(job.pk), follow=True)
        page = found.content.decode()
        assert found.status_code == 200, (kind, found.status_code)
        if job.state in ("queued", "running", "paused"):  # an ended one has what came of it there
            assert any(word in page.lower() for word in (job.state, job.get_state_display().lower())), (kind, job.state)
        if reason := getattr(job, "state_reason", "") or getattr(job, "reason", ""):
            assert reason[:60] in row[0], (kind, reason)
            assert reason[:60] in page, (kind, reason)


KILLED_IN = {
    Basis.CONSENSUS: ("sampling", "voting", "selecting", "training", "evaluating"),
    Basis.SCORER: ("scoring", "reviewing"),
}
"""The stages in which the database is killed and then all workers, by what a campaign learns from: all that wait."""


@pytest.mark.long
@pytest.mark.parametrize("basis", KILLED_IN)
def test_a_campaign_survives_the_end_of_database_and_workers_in_every_stage(storm, lead, curator, client, basis):
    """Nothing is lost and nothing is voted on, scored, trained, frozen or sampled twice. Its learner is the embedded
    one. In every stage the database server is killed while workers are at it, and then they are."""
    client.force_login(lead)
    storm.worker.include("tests.drills.worker_steps")
    told = {"scorer": train(make_works()).pk, "least_score": 0.001, "people": True} if basis is Basis.SCORER else {}
    before = keys_of(Run)
    campaign = begin(
        lead, sets=two_sets(4, 3), sampler=ensure_symbolic(), search_seconds=0.1, instructions=ensure_symbolic_views(),
        trainer="embedded", basis=basis, generations=1, samples_each=2, held_out_samples=2, **told,
    )  # fmt: skip
    rows = campaign.generations.filter(number=1, arm="champion")
    empty_queues()
    let_time_pass()
    storm.start()
    for number, stage in enumerate(KILLED_IN[basis]):
        wait_for(lambda: rows.filter(stage=stage).exists(), f"the stage {stage}")  # noqa: B023
        decided = review_half(rows.get().queue, curator) if stage == "reviewing" else []
        if IS_WHOLE or number % 2:
            storm.database.crash(client)
        storm.kill(beat=False)
        assert rows.filter(stage=stage).exists(), "killed in the middle of it"
        let_time_pass()
        assert_pages_tell(client, [("campaign", campaign)])
        assert set(decided) <= set(keys_of(Assignment.objects.filter(state="done"))), "no decision is lost"
        forgive()
        storm.start()
        if stage == "reviewing":
            review(Assignment.objects.exclude(state="done"), curator)
            ring("campaign", campaign.pk)
    wait_for(lambda: have_ended({"campaign": campaign}), "the end of the campaign", seconds=240)
    assert (campaign.state, campaign.state_reason) == ("finished", "")
    made = list_generations(campaign)
    assert [row.stage for row in made] == ["done"] * 3
    counts = {Freezing: 2, Release: 2, Training: 2, Reverification: 0, Scoring: 0, Queue: 0}
    counts |= {Reverification: 1} if basis is Basis.CONSENSUS else {Scoring: 1, Queue: 1}
    for model, count in counts.items():
        known = {key for row in made if (key := getattr(row, f"{model._meta.model_name}_id")) is not None}
        assert (keys_of(model), len(known)) == (known, count), model
    for run in Run.objects.exclude(pk__in=before):
        assert_counters_add_up(run)
        assert run.done_count + run.failed_count == run.planned_count
    assert len(keys_of(Run) - before) == 4
    assert Sampler.objects.filter(artefact__isnull=False).count() == 2, "no training made two samplers"
    said = Counter(AuditEvent.objects.filter(verb__startswith="campaign.").values_list("verb", flat=True))
    assert said == {"campaign.planned": 1, "campaign.gated": 1, "campaign.finished": 1}
    assert_nobody_holds_anything()


def review_half(queue, curator) -> list[int]:
    """Decide on half of what a queue asks for, once it is full; the assignments that were."""
    wait_for(lambda: not Queue.objects.get(pk=queue.pk).is_filling, "the queue to be filled")
    waiting = Assignment.objects.filter(queue=queue).order_by("pk")
    half = list(waiting[: (waiting.count() + 1) // 2])
    review(half, curator)
    return [each.pk for each in half]


def review(assignments, curator) -> None:
    for each in assignments:
        decide(curator, each.item)


def keys_of(rows) -> set[int]:
    """The keys of a model's rows, or of those of a query."""
    found = rows if isinstance(rows, QuerySet) else rows.objects
    return set(found.values_list("pk", flat=True))


def assert_each_came_out_once(jobs, before) -> None:
    assert_counters_add_up(jobs["run"])
    assert jobs["run"].done_count == jobs["run"].planned_count == 36
    assert (jobs["import"].inserted, jobs["import"].duplicates) == (ROWS, 0)
    assert Trace.objects.filter(problem__name="sum-1").count() == ROWS
    written = export_path(jobs["export"]).read_bytes()
    assert written.count(b"\n") == ROWS
    type(jobs["export"]).objects.update(state="queued")
    write_export(job_id=jobs["export"].pk)
    assert export_path(jobs["export"]).read_bytes() == written, "the bytes of one that nobody disturbed"
    frozen = jobs["freezing"].release
    assert Release.objects.filter(title="Now").get() == frozen
    assert frozen.item_count == frozen.items.count()
    scored = Counter(Verdict.objects.filter(verifier__contains="told").values_list("trace_id", flat=True))
    assert set(scored.values()) == {1}, "no trace is scored twice"
    assert len(scored) == jobs["scoring"].total_count == jobs["scoring"].done_count
    assert jobs["segmentation"].done_count == jobs["segmentation"].total_count
    rows = list_generations(jobs["campaign"])
    runs = [key for row in rows for key in (row.run_id, row.evaluation_id) if key]
    assert sorted(runs) == sorted(keys_of(Run) - before[Run]), "no run was begun that no generation knows, none twice"
    for model, name in ((Freezing, "freezing"), (Training, "training"), (Release, "release")):
        made = [key for row in rows if (key := getattr(row, f"{name}_id")) is not None]
        others = {jobs["freezing"].release_id} if model is Release else set()
        assert sorted(made) == sorted(keys_of(model) - before[model] - others), name
    for run in Run.objects.filter(pk__in=runs):
        assert_counters_add_up(run)
    ended = AuditEvent.objects.filter(object_type="campaign", verb="campaign.finished")
    assert ended.count() == 1


def assert_nobody_holds_anything() -> None:
    """No lease is in force. One that ran out may stand at an ended job, whose worker was killed after the end."""
    for word, kind in JOB_KINDS.items():
        if any(field.name == "lease_token" for field in kind.model._meta.fields):
            held = kind.model._default_manager.exclude(nobody_is_at())
            # A worker gives a lease back a moment after its job has ended.
            wait_for(lambda held=held: not held.exists(), f"the lease of {word}", seconds=90)
    left = Attempt.objects.filter(state__in=("leased", "pending"))
    assert not left.exclude(run__state="paused").exists(), "one that has spent its budget keeps what it did not draw"
