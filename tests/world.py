"""One of everything, made for tests that walk all pages."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from django.contrib.auth.models import User
from django.test.utils import override_settings
from django.utils import timezone

from tests import factories
from tests.campaigns import measured_campaign
from tests.generation import waiting_candidate
from tests.judging import rubric
from tests.queues import item_of, queue_of
from tests.worlds import agent, make_world_set, plan_episodes, play_all, world_plan
from trajectories.adapters.chat_api import ChatSettings
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.core.problems.grid_codes import encode_grid
from trajectories.core.programs.replays import RULES_VERSION, PairReplay, ReplayStep
from trajectories.core.releases.rules import Rule
from trajectories.models import (
    Brief,
    Campaign,
    Delivery,
    Export,
    GenerationJob,
    Import,
    Instruction,
    JudgeJob,
    JudgeJobItem,
    Problem,
    ProblemCandidate,
    Queue,
    QueueFlag,
    QueueItem,
    Release,
    Replay,
    Reverification,
    ReviewVoid,
    Rubric,
    Run,
    Sampler,
    SavedView,
    Scorer,
    Trace,
    Training,
    TrainingPoint,
    Webhook,
)
from trajectories.services.curation.reviews import submit_review
from trajectories.services.endpoints.artefacts import store_artefact
from trajectories.services.endpoints.samplers import ensure_symbolic
from trajectories.services.prompts.briefs import ensure_shipped_briefs
from trajectories.services.prompts.instructions import ensure_shipped_instructions, ensure_symbolic_views
from trajectories.services.releases.deliveries import deliver_next, request_environment
from trajectories.services.releases.exports import request_export, write_export
from trajectories.services.releases.freezing import freeze_accepted
from trajectories.services.releases.rules import save_rule
from trajectories.services.releases.tags import move_tag
from trajectories.services.webhooks.steering import make_webhook, send_test

CODE = encode_grid(((1, 2, 3), (4, 5, 6)))
PAIR = PairReplay(
    calls=[("transform", 0)], steps=[ReplayStep(2, 0, 1, {"grid": 0}, {})], grids=["12/34"], lines=1, result="12/34"
)


@dataclass(frozen=True)
class World:
    """One of everything. `traces` are answers to `problem`, of which nobody has reviewed any; `old` is accepted."""

    problem: Problem
    traces: tuple[Trace, ...]
    old: Trace
    imported: Trace
    run: Run
    release: Release
    export: Export
    delivery: Delivery
    training: Training
    scorer: Scorer
    candidate: ProblemCandidate
    rejected: ProblemCandidate
    generation: GenerationJob
    brief: Brief
    rubric: Rubric
    judge_job: JudgeJob
    reverification: Reverification
    sampler: Sampler
    local_model: Sampler
    instruction: Instruction
    imported_file: Import
    queue: Queue
    whole: Queue
    item: QueueItem
    flag: QueueFlag
    reviewer: User
    void: ReviewVoid
    campaign: Campaign
    view: SavedView
    played: Trace
    webhook: Webhook


def _scorer() -> Scorer:
    """A scorer that was trained, with its figure and its file."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "scorer.json"
        file.write_bytes(b'{"format":1}')
        artefact = store_artefact(file, suffix="json")
    bins = [{"score": 0.2, "right": 0.25, "count": 20}, {"score": 0.8, "right": 0.75, "count": 20}]
    quality = {
        "count": 40, "right": 20, "problems": 8, "auc": 0.85, "auc_low": 0.7, "auc_high": 0.95, "auc_within": 0.8,
        "brier": 0.2, "ece": 0.05, "log_loss": 0.5, "bins": bins,
    }  # fmt: skip
    return Scorer.objects.create(
        name="world", version=1, state="finished", artefact=artefact, quality=quality, finished_at=timezone.now(),
        counts={"right": 20, "wrong": 20, "problems": 8, "traces": 40, "left_out": {}},
        learnt={"methods": [["Logistic regression on the numbers", 5]], "telling": [["steps", 0.8, 0.5]]},
    )  # fmt: skip


def _training(release: Release) -> Training:
    """A training that has ended, with curves and a file, of which no sampler came yet."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "guide.json"
        file.write_bytes(b"{}")
        artefact = store_artefact(file, suffix="json")
    training = Training.objects.create(
        release=release, trainer="embedded", title="A training", state="waiting", reason="", artefact=artefact,
        funnel=[{"clause": "held_out", "removed": 0, "added": 0, "left": 1}], facts={"method": "counts"},
    )  # fmt: skip
    for step in (1, 2):
        TrainingPoint.objects.create(training=training, step=step, values={"bits_a_step": 7.5 - step})
    return training


def make_world(lead: User) -> World:
    """Build it; the export directory must be a test's own."""
    ensure_shipped_instructions()
    ensure_symbolic_views()
    ensure_symbolic()
    ensure_shipped_briefs()
    chat = factories.make_sampler(
        kind=Sampler.Kind.CHAT,
        title="A model",
        parameters=ChatSettings(base_url="http://127.0.0.1:9/v1", model="none").as_parameters(),
    )
    run = factories.plan(actor=lead, title="The run", samples_each=4)
    problem = run.attempts.first().problem
    attempts = iter(run.attempts.all())
    traces = tuple(
        factories.make_trace(
            problem=problem, run=run, attempt=next(attempts, None), correctness="pass", train_passed=2, train_total=2
        )
        for _ in range(3)
    )
    Problem.objects.filter(pk=problem.pk).update(correct_count=3)
    for trace in traces:
        factories.make_verdict(trace=trace)
    imported = factories.make_trace(problem=problem, run=None)
    old = factories.make_trace(correctness="pass", facts={"examples": [traces[0].pk]})
    submit_review(reviewer=lead, trace=old, draft=ReviewDraft(Decision.ACCEPT), key=uuid.uuid4())
    Replay.objects.create(problem=old.problem, program=old.program, version=RULES_VERSION, pairs=[PAIR.as_json()] * 3)
    release = freeze_accepted(actor=lead, title="The release", key=uuid.uuid4())
    move_tag(actor=lead, release=release, name="latest")
    save_rule(actor=lead, title="The rule", rule=Rule())
    export = request_export(actor=lead, release=release, export_format="full")
    write_export(job_id=export.pk)
    delivery = request_environment(actor=lead, release=release)
    deliver_next(job_id=delivery.pk)
    candidate, rejected = waiting_candidate(), waiting_candidate(state="rejected")
    judged_by = rubric()
    job = JudgeJob.objects.create(
        sampler=chat, rubric=judged_by, form="grade", seed=1, total_count=3, done_count=3, state="finished"
    )
    for trace in traces:
        JudgeJobItem.objects.create(judge_job=job, trace=trace)
    factories.make_verdict(trace=old, verifier=f"model_judge:{judged_by.name}", outcome="pass", score=0.9)
    again = Reverification.objects.create(verifiers=["arc_test"], last_id=1, total_count=1, state="finished")
    queue = queue_of(lead, list(traces))
    campaign = measured_campaign(lead, run, release)
    item = item_of(queue, traces[2])
    flag = QueueFlag.objects.create(item=item_of(queue, traces[0]), reviewer=lead, note="Does it count?")
    return World(
        queue=queue,
        whole=queue_of(lead, list(traces), title="By problem", by_problem=True),
        item=item,
        flag=flag,
        problem=problem,
        traces=traces,
        old=old,
        imported=imported,
        run=run,
        release=release,
        export=Export.objects.get(pk=export.pk),
        delivery=Delivery.objects.get(pk=delivery.pk),
        training=_training(release),
        scorer=_scorer(),
        candidate=candidate,
        rejected=rejected,
        generation=candidate.job,
        brief=Brief.objects.order_by("pk").first(),
        rubric=judged_by,
        judge_job=job,
        reverification=again,
        sampler=chat,
        local_model=factories.make_sampler(kind="local", title="A local model", parameters={"folder": "small"}),
        instruction=Instruction.objects.filter(suits=Instruction.Suits.CHAT, problem_kind="arc").first()
        or Instruction.objects.filter(suits=Instruction.Suits.CHAT).first(),
        imported_file=Import.objects.create(
            kind=Import.Kind.TRACES, source="traces.jsonl", state=Import.State.FINISHED, inserted=3, created_by=lead
        ),
        reviewer=lead,
        campaign=campaign,
        view=SavedView.objects.create(
            owner=lead, title="Accepted ones", is_shared=True, selection={"version": 1, "decision": "accepted"}
        ),
        played=_played(),
        webhook=_webhook(lead),
        void=ReviewVoid.objects.create(reviewer=lead, actor=lead, since=timezone.now(), key=uuid.uuid4()),
    )


@contextmanager
def lasting_world(lead: User) -> Iterator[World]:
    """One of everything for the tests of a module, whose files stay as long."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        with override_settings(VAR_DIR=folder, EXPORT_DIR=folder / "e", ARTEFACT_DIR=folder / "a"):
            yield make_world(lead)


def _webhook(lead: User) -> Webhook:
    """A webhook with a message that waits."""
    webhook, _ = make_webhook(actor=lead, title="Team", address="https://hooks.example.org/a", events=["run.ended"])
    send_test(actor=lead, webhook=webhook)
    return webhook


def _played() -> Trace:
    """An episode that an agent has played, with what it remembers of it; as if of a run from long ago."""
    run = play_all(
        plan_episodes(make_world_set(world_plan("maze", {"size": 4}, [], steps=6), 1), sampler=agent("random"))
    )
    played: Trace = run.traces.get()
    return played
