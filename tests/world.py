"""One of everything, and every address there is: for tests that walk all pages.

`visits` names each address of the application with made-up objects and with every value of every filter. A test that
walks it fails as soon as an address is missing there, see `uncovered`.
"""

import json
import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests import factories
from tests.campaigns import measured_campaign
from tests.generation import waiting_candidate
from tests.judging import rubric
from tests.queues import item_of, queue_of
from tests.worlds import agent, make_world_set, plan_episodes, play_all, world_plan
from trajectories.adapters.chat_api import ChatSettings
from trajectories.charts import CHARTS
from trajectories.charts.campaigns import CAMPAIGN_CHARTS
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.core.programs.replays import RULES_VERSION, PairReplay, ReplayStep
from trajectories.core.releases.rules import Rule
from trajectories.core.rendering.images import encode_grid
from trajectories.core.selections import AUDITS
from trajectories.forms.traces import TraceListForm
from trajectories.models import (
    JOB_KINDS,
    Brief,
    Campaign,
    Delivery,
    Export,
    Freezing,
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
    ReleaseRule,
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
)
from trajectories.selectors.adjudications import STATES as DISPUTE_STATES
from trajectories.selectors.jobs import STATE_FILTERS as JOB_STATES
from trajectories.selectors.judging import SHOWN_FILTERS
from trajectories.selectors.problems import SOLVED_STATES, SORTS
from trajectories.selectors.review_lists import REVIEWS
from trajectories.selectors.review_lists import STATES as REVIEW_STATES
from trajectories.selectors.runs import STATE_FILTERS
from trajectories.selectors.traces import ORDERS
from trajectories.services.curation.queues import VERBS
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
from trajectories.urls import urlpatterns

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


@dataclass(frozen=True)
class Visit:
    """A request: an address, and what is posted there (None: it is read)."""

    name: str
    address: str
    data: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Answer:
    """What came back: the text without what differs from one request to the next."""

    status: int
    goes_to: str
    text: str


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
    run = factories.plan(actor=lead, title="The run")
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
        void=ReviewVoid.objects.create(reviewer=lead, actor=lead, since=timezone.now(), key=uuid.uuid4()),
    )


def _played() -> Trace:
    """An episode that an agent has played, with what it remembers of it; as if of a run from long ago."""
    run = play_all(
        plan_episodes(make_world_set(world_plan("maze", {"size": 4}, [], steps=6), 1), sampler=agent("random"))
    )
    played: Trace = run.traces.get()
    return played


def uncovered(visited: list[Visit]) -> set[str]:
    """The addresses of the application, by name, that no visit goes to."""
    return {pattern.name for pattern in urlpatterns} - {visit.name for visit in visited}


def visits(world: World) -> list[Visit]:
    """A visit to every address, with every value of every filter."""
    return [
        *_reading(world),
        *_filtering(world),
        *_drawing(world),
        *_posting(world),
    ]


def _reading(world: World) -> Iterator[Visit]:
    """Everything that is read, without filters."""
    keys: dict[str, list[list[Any]]] = {
        "adjudication_detail": [[world.traces[0].pk], [world.old.pk]],
        "quality_reviewer": [[world.reviewer.pk]],
        "ask_detail": [[world.run.pk]],
        "invitation_accept": [["none"]],
        "audit_detail": [[name] for name in AUDITS],
        "brief_detail": [[world.brief.pk]],
        "brief_edit": [[world.brief.pk]],
        "campaign_detail": [[world.campaign.pk]],
        "campaign_figure": [[world.campaign.pk, name] for name in CAMPAIGN_CHARTS],
        "candidate_detail": [[world.candidate.pk], [world.rejected.pk]],
        "delivery_detail": [[world.delivery.pk]],
        "delivery_download": [[world.delivery.pk]],
        "training_detail": [[world.training.pk]],
        "training_curves": [[world.training.pk]],
        "training_artefact": [[world.training.pk]],
        **{f"scorer_{page}": [[world.scorer.pk]] for page in ("detail", "figure", "artefact", "score")},
        "export_detail": [[world.export.pk]],
        "export_download": [[world.export.pk]],
        "figure": [[name] for name in CHARTS],
        "budget_figure": [["curves"], ["frontier"]],
        "generation_detail": [[world.generation.pk]],
        "grid_detail": [[CODE]],
        "grid_png": [["canonical", CODE]],
        "grid_svg": [["canonical", CODE]],
        "instruction_detail": [[world.instruction.pk]],
        "instruction_edit": [[world.instruction.pk]],
        "import_detail": [[world.imported_file.pk]],
        "job_detail": [["run", world.run.pk]],
        **{name: [[f"model_judge:{world.rubric.name}"]] for name in ("scorer_judge", "scorer_judge_figure")},
        "judge_job_detail": [[world.judge_job.pk]],
        "problem_text": [[world.problem.pk, "statement"]],
        "freezing_removed": [[Freezing.objects.get(release=world.release).pk, "contaminated"]],
        "release_changes": [[world.release.pk]],
        "release_manifest": [[world.release.pk]],
        "release_tagged": [["latest"]],
        "release_rule_detail": [[ReleaseRule.objects.get().pk]],
        "trace_withdraw": [[world.traces[0].pk]],
        "release_freezing": [[Freezing.objects.get(release=world.release).pk]],
        "trace_text": [[world.traces[0].pk, "reasoning"]],
        "problem_detail": [[world.problem.pk], [world.old.problem_id]],
        "question_import": [["0" * 32]],
        "procedural_detail": [["chain_sum"]],
        "queue_detail": [[world.queue.pk]],
        "queue_edit": [[world.queue.pk]],
        "queue_group": [[world.whole.pk, world.problem.pk]],
        "queue_group_next": [[world.whole.pk]],
        "queue_group_samples": [[world.whole.pk, world.problem.pk]],
        "queue_sample": [[world.whole.pk, item.pk] for item in world.whole.items.all()],
        "queue_guidelines": [[world.queue.pk]],
        "queue_item": [[world.queue.pk, world.item.pk]],
        "queue_next": [[world.queue.pk]],
        "release_detail": [[world.release.pk]],
        "reverification_detail": [[world.reverification.pk]],
        "rubric_detail": [[world.rubric.pk]],
        "rubric_edit": [[world.rubric.pk]],
        "run_arc_score": [[world.run.pk]],
        "run_detail": [[world.run.pk]],
        "attempt_list": [[world.run.pk]],
        "sampler_detail": [[world.sampler.pk], [world.local_model.pk]],
        "local_model_edit": [[world.local_model.pk]],
        "sampler_edit": [[world.sampler.pk]],
        "problem_diversity": [[world.problem.pk]],
        "problem_share": [[world.problem.pk], [world.old.problem_id]],
        "release_share": [[world.release.pk]],
        "trace_share": [[trace.pk] for trace in (*world.traces, world.old, world.imported)],
        "search_tree": [[world.run.pk, world.problem.pk]],
        "set_arc_scores": [[world.problem.problem_set.name]],
        "mind_detail": [[world.played.episode.mind_id]],
        "mind_memory": [[world.played.episode.mind_id]],
        "trace_episode": [[world.played.pk]],
        "world_new": [["maze"], ["gymnasium"]],
        "trace_detail": [[trace.pk] for trace in (*world.traces, world.old, world.imported)],
        "trace_replay": [[world.traces[0].pk], [world.old.pk]],
        "trace_replay_pair": [[world.old.pk, 0]],
        "trace_search": [[world.traces[0].pk]],
        "trace_step_range": [[world.traces[0].pk, 100, 199]],
        "trace_steps": [[world.traces[0].pk, 0]],
        "trace_verdicts": [[trace.pk] for trace in (*world.traces, world.imported)],
        "repair_new": [[world.traces[0].pk], [world.imported.pk]],
        "trace_timeline": [[trace.pk] for trace in (*world.traces, world.old, world.imported)],
    }
    bare = [
        *("api_docs", "api_tokens"),
        *("brief_list", "brief_new", "candidate_list", "candidate_next", "generation_list", "generation_new", "health"),
        *("campaign_list", "campaign_new", "campaign_estimate", "ask_new"),
        *("health_of_work", "spending", "adjudication_list", "adjudication_next", "quality", "audit_index"),
        *("healthz", "readyz", "metrics"),
        *("comparison_next", "comparison_ranking", "insight_worlds", "world_list"),
        *(
            "home",
            "import_list",
            "insights",
            "budget",
            "budget_problems",
            "versus",
            "optimal",
            "instruction_list",
            "mention_list",
            "instruction_new",
            "job_list",
            "judge_job_list",
            "judge_job_new",
            "judge_job_estimate",
        ),
        *(
            "login",
            "problem_list",
            "problem_import",
            "procedural_list",
            "queue_list",
            "queue_new",
            "reference_list",
            "release_list",
            "release_new",
            "release_rule_list",
            "release_rule_removed",
        ),
        *(
            "reverification_list",
            "reverification_new",
            "segmentation_new",
            "rubric_list",
            "rubric_new",
            "run_list",
            "run_new",
        ),
        *("run_estimate", "run_prompts", "sampler_list", "sampler_new", "trace_list", "trace_import", "trace_next"),
        *("local_model_new", "training_list", "training_new", "scorer_list", "scorer_new"),
        *("trace_compare", "comparison_share"),
        *("trace_actions", "trace_download", "saved_view_list", "review_list"),
        *("account", "people_list"),
    ]
    for name in bare:
        yield Visit(name, reverse(name))
    for name, each in keys.items():
        for arguments in each:
            yield Visit(name, reverse(name, args=arguments))


def _filtering(world: World) -> Iterator[Visit]:
    form = TraceListForm()
    scopes = [
        f"run={world.run.pk}",
        f"problem={world.problem.pk}",
        "round=0",
        f"problem={world.problem.pk}&before=9999",
    ]
    scopes += [
        f"{name}={value}"
        for name, widget in form.fields.items()
        for value, _ in getattr(widget, "choices", ())
        if value != ""
    ]
    scopes += [f"order={word}" for word in ORDERS]
    scopes += [
        *("verifier=model_judge:correctness", "verifier=model_judge:correctness&outcome=pass", "verifier=arc_test"),
        *("verifier=model_judge:correctness&outcome=none", "outcome=pass", "score_from=3", "score_to=3", "tag=quolls"),
        *("text=mirror", "text=%22a+b%22+-c", "text=the", "tool=*", "tool=python", "temperature=0", "length_from=1"),
        *("cost_to=1", "seconds_to=100", "created_from=2020-01-01", "created_to=2090-01-01", "columns=tags,cost"),
        *(f"traces={world.traces[0].pk}", f"newest={world.traces[0].pk}", f"instruction={world.instruction.pk}"),
    ]
    telling = [f"run={world.run.pk}", "correctness=pass", "order=error", "score_from=3", "tag=quolls"]
    telling += ["verifier=model_judge:correctness"]
    telling += [scope for scope in scopes if scope.startswith(("decision=", "model_judged=", "audit="))]
    decisions = ("accepted", "unreviewed")
    both = [f"decision={word}&model_judged={other}" for word in decisions for other in ("pass", "fail")]
    queries: dict[str, list[str]] = {
        "trace_list": [*scopes, *both],
        "trace_compare": [
            f"left={world.traces[0].pk}",
            f"left={world.traces[0].pk}&right={world.traces[1].pk}",
            f"left={world.traces[0].pk}&right={world.imported.pk}",
            f"left={world.traces[0].pk}&right={world.traces[1].pk}&from=1",
            f"left={world.traces[0].pk}&right={world.old.pk}",
        ],
        "comparison_share": [f"left={world.traces[0].pk}&right={world.traces[1].pk}"],
        "trace_next": telling,
        "trace_actions": [*telling, "for=all&among=", "for=picked&pick=1", f"for=picked&pick={world.traces[0].pk}"],
        "trace_download": telling,
        "review_list": [
            *(f"state={word}" for word in REVIEW_STATES if word),
            *(f"sort={word}" for word in REVIEWS.sorts if word),
            f"reviewer={world.reviewer.pk}",
        ],
        "judge_job_new": telling,
        "judge_job_estimate": telling,
        "reverification_new": telling,
        "segmentation_new": telling,
        "queue_list": ["show=mine"],
        "queue_new": telling,
        "release_new": [*telling, "min_score=4", "hinted=too", "accepted_by=2", "same_near=0.8", "balance_by=family"],
        "release_rule_removed": ["clause=reviews", "clause=hinted"],
        "problem_list": [
            *(f"state={word}" for word in SOLVED_STATES),
            *(f"sort={word}" for word in SORTS if word),
            *("split=train", "q=task", f"set={world.problem.problem_set.name}"),
        ],
        "reference_list": ["least=4", f"set={world.problem.problem_set.name}"],
        "instruction_list": ["suits=chat", "kind=arc", "q=view"],
        "candidate_list": [f"state={word}" for word in ProblemCandidate.State.values],
        "job_list": [
            *(f"state={word}" for word in JOB_STATES),
            *(f"kind={word}" for word in JOB_KINDS),
            "before=0-run-1",
        ],
        "run_list": [f"state={word}" for word in STATE_FILTERS],
        "spending": ["days=7&group=person", "group=kind", "format=csv"],
        "comparison_next": [f"problem={world.problem.pk}", f"set={world.problem.problem_set_id}", "overlap=2"],
        "comparison_ranking": [f"problem={world.problem.pk}"],
        "adjudication_list": [f"state={word}" for word in DISPUTE_STATES],
        "quality": [f"problem_set={world.problem.problem_set_id}", "since=2020-01-01&until=2090-01-01", "since=x"],
        "run_new": ["preset=again", f"problem={world.problem.pk}", f"run={world.run.pk}"],
    }
    for name, each in queries.items():
        for query in each:
            yield Visit(name, f"{reverse(name)}?{query}")
    detailed = {
        "trace_detail": (world.traces[0].pk, ["reviews=all", "bodies=all", "view=raw", *telling]),
        "trace_timeline": (world.traces[0].pk, ["reviews=all"]),
        "trace_search": (world.traces[0].pk, ["q=mirror"]),
        "problem_detail": (world.problem.pk, [f"answer={world.traces[0].answer_hash}", "groups=all", "compare=7"]),
        "judge_job_detail": (world.judge_job.pk, [f"shown={word}" for word in SHOWN_FILTERS]),
        "instruction_detail": (world.instruction.pk, ["examples=3", f"examples=2&problem={world.old.problem.name}"]),
        "queue_group_next": (world.whole.pk, ["skipped=1", f"but={world.problem.pk}"]),
        "queue_next": (world.queue.pk, ["skipped=1", f"but={world.traces[0].pk}"]),
        "release_detail": (world.release.pk, ["format=full", "format=sft-messages"]),
        "rubric_detail": (world.rubric.pk, [f"trace={world.traces[0].pk}"]),
    }
    for name, (key, each) in detailed.items():
        for query in each:
            yield Visit(name, f"{reverse(name, args=[key])}?{query}")


def _drawing(world: World) -> Iterator[Visit]:
    """Every figure of a run, and one of every kind of selection."""
    scopes = [f"run={world.run.pk}", f"problem_set={world.problem.problem_set_id}", f"sampler={world.sampler.pk}"]
    scopes += [f"instruction={world.instruction.pk}", f"run={world.run.pk}&format=csv", "run=0", "sampler=none"]
    for scope in scopes:
        yield Visit("insights", f"{reverse('insights')}?{scope}")
        yield Visit("figure", f"{reverse('figure', args=['verifiers'])}?{scope}")
    for name in CHARTS:
        yield Visit("figure", f"{reverse('figure', args=[name])}?run={world.run.pk}")


def _keeping_the_first(world: World) -> dict[str, Any]:
    """A form that keeps one sample of a problem and rejects the others."""
    items = list(world.whole.items.order_by("pk").values_list("pk", flat=True))
    listed = ",".join(map(str, items))
    said = {"key": str(uuid.UUID(int=10)), "samples": listed, "marks": f"{items[0]}:keep", "reason": "lucky"}
    return {**said, "then": "next"}


def _posting(world: World) -> Iterator[Visit]:
    """Whatever only takes a form, with a form that is wrong and with one that is right where somebody may send it."""
    key = str(uuid.UUID(int=7))
    trace, candidate = world.traces[0].pk, world.candidate.pk
    word = {"key": key, "decision": "accept", "then": "next"}
    forms: list[tuple[str, list[Any], Mapping[str, Any]]] = [
        ("trace_tag", [], {"tag": "odd"}),
        ("trace_tag", [], {"tag": "quolls", "do": "remove"}),
        ("trace_tag_undo", [10**9], {}),
        ("saved_view_restore", [10**9], {}),
        ("saved_view_list", [], {"title": "Mine"}),
        ("saved_view_change", [world.view.pk], {"title": "Mine"}),
        ("adjudication_decide", [trace], {"key": key, "decision": "accept", "review": "0", "adjudication": "0"}),
        ("comparison_decide", [], {"key": key, "verdict": "left", "lease": key}),
        ("comparison_leases", [], {"token": key}),
        ("comparison_undo", [], {"key": key}),
        ("quality_reassign", [world.reviewer.pk], {"from_queue": world.queue.pk}),
        ("review_void", [world.reviewer.pk], {"key": key, "since": "2020-01-01", "reason": "Guessing."}),
        ("review_void_undo", [world.void.pk], {"key": key}),
        ("api_tokens", [], {"title": "A program", "scopes": ["read"], "days": "30"}),
        ("api_token_revoke", [10**9], {}),
        *(("audit_queue", [name], {}) for name in AUDITS),
        ("ask_new", [], {"problem": ""}),
        ("sign_in_end", [10**9], {}),
        ("sign_ins_end", [], {}),
        ("invitation_revoke", [10**9], {}),
        ("person_change", [10**9], {}),
        ("brief_preview", [], {"title": "A", "name": "a", "template": "{problem}"}),
        ("campaign_budget", [world.campaign.pk], {"budget_tokens": "0"}),
        ("campaign_estimate", [], {"title": ""}),
        ("campaign_new", [], {"title": ""}),
        ("campaign_overrule", [world.campaign.pk], {"number": 1, "reason": ""}),
        ("candidate_decide", [candidate], {}),
        ("candidate_edit", [candidate], {}),
        ("review_leases", [], {"token": key}),
        ("candidate_requeue", [candidate], {"key": key}),
        ("candidate_skip", [candidate], {}),
        ("candidate_undo", [], {"key": key}),
        ("generation_preview", [], {}),
        ("generation_resume", [world.generation.pk], {}),
        *(("job_steer", [kind, 10**9, verb], {}) for kind, each in JOB_KINDS.items() for verb in each.moves),
        *(("job_steer", ["run", world.run.pk, verb], {}) for verb in ("pause", "resume", "cancel")),
        *(("job_steer", ["judge_job", world.judge_job.pk, verb], {}) for verb in ("pause", "resume", "cancel")),
        *(("job_steer", ["generation", world.generation.pk, verb], {}) for verb in ("pause", "cancel")),
        ("job_steer", ["reverification", world.reverification.pk, "cancel"], {}),
        ("job_steer", ["import", world.imported_file.pk, "cancel"], {}),
        ("import_repeat", [world.imported_file.pk], {}),
        ("problem_sides", [], {"names": "[]"}),
        ("instruction_preview", [], {"template": "{task}", "problem_kind": "arc", "style": "program", "examples": "3"}),
        ("judge_job_budget", [world.judge_job.pk], {}),
        ("logout", [], {}),
        ("spend_limit_set", [], {"subject": "all", "amount": "1000000"}),
        ("spend_limit_lift", [10**9], {}),
        ("mind_import", [world.played.episode.mind_id], {}),
        ("world_new", ["maze"], {"episodes": "0"}),
        ("preferences", [], {"theme": "dark"}),
        ("procedural_detail", ["chain_sum"], {}),
        ("queue_gold", [world.queue.pk], {"trace": trace, "decision": "accept"}),
        ("queue_flag_settle", [world.queue.pk, world.flag.pk], {}),
        ("queue_decide", [world.queue.pk, world.item.pk], {**word, "decision": ""}),
        ("queue_skip", [world.queue.pk, world.item.pk], {}),
        ("queue_decide", [world.queue.pk, world.item.pk], {**word, "key": str(uuid.UUID(int=8))}),
        ("queue_undo", [world.queue.pk], {"key": str(uuid.UUID(int=9))}),
        ("queue_group_decide", [world.whole.pk, world.problem.pk], {"key": key}),
        ("queue_group_skip", [world.whole.pk, world.problem.pk], {}),
        ("queue_group_decide", [world.whole.pk, world.problem.pk], _keeping_the_first(world)),
        ("queue_group_undo", [world.whole.pk], {"key": str(uuid.UUID(int=11))}),
        *(("queue_steer", [world.queue.pk, verb], {}) for verb in VERBS),
        ("release_export_accepted", [], {"key": key}),
        ("release_tag", [world.release.pk], {"name": "latest"}),
        ("trial_freeze", [Freezing.objects.get(release=world.release).pk], {}),
        ("trace_withdraw", [trace], {"reason": "leaked"}),
        ("export_create", [world.release.pk], {"format": "full"}),
        ("environment_create", [world.release.pk], {}),
        ("push_create", [world.release.pk], {"hub": "HF_TOKEN", "repository": "us/data", "export": world.export.pk}),
        ("file_pin", ["export", world.export.pk], {"pinned": "1"}),
        ("file_pin", ["delivery", world.delivery.pk], {"pinned": "0"}),
        ("training_attach", [world.training.pk], {"sampler": world.sampler.pk}),
        ("scorer_follow", [world.scorer.pk], {"follows": "1"}),
        ("repair_new", [trace], {"key": key}),
        ("repair_new", [trace], {"key": key, "part_0": "Other words.", "then": "diff"}),
        ("repair_new", [trace], {"key": key, "part_0": "Other words.", "program": "print(1)"}),
        ("repair_withdraw", [trace], {}),
        ("thread_new", [trace], {"key": key, "body": "Why? @lena"}),
        ("thread_new", [trace], {"key": key}),
        ("thread_add", [1], {"key": key, "body": "Because."}),
        ("mention_read", [1], {}),
        ("review_undo", [], {"key": key}),
        ("review_submit", [trace], {**word, "decision": ""}),
        ("review_submit", [trace], word),
        ("rubric_preview", [], {"text": "Grade it.", "least": 1, "most": 10, "pass_from": 7, "trace": trace}),
        ("run_estimate", [], {"state": "uncurated"}),
        ("run_prompts", [], {"state": "uncurated"}),
        ("run_extend", [world.run.pk], {}),
        ("run_budget", [world.run.pk], {}),
        ("sampler_test", [world.sampler.pk], {}),
        ("trace_replay", [trace], {}),
        ("trace_replay", [world.old.pk], {"again": "1"}),
        ("sampler_adopt", [world.sampler.pk], {"remedy": "no_seed"}),
    ]
    for name, arguments, data in forms:
        yield Visit(name, reverse(name, args=arguments), data)


def admin_visits() -> list[Visit]:
    """Every list that the administration shows of the application, and the newest rows of each."""
    found = []
    for model in admin.site._registry:
        if model._meta.app_label != "trajectories":
            continue
        name = f"admin:trajectories_{model._meta.model_name}"
        found.append(Visit(name, reverse(f"{name}_changelist")))
        found += [Visit(name, reverse(f"{name}_change", args=[row.pk])) for row in model.objects.order_by("-pk")[:4]]
    return found


VARYING = [
    (re.compile(r'name="csrfmiddlewaretoken" value="[^"]+"'), "CSRF"),
    (re.compile(r'"X-CSRFToken": "[^"]+"'), "CSRF"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "UUID"),
    # That somebody decided may be told, and this is told to who decides on the same trace.
    (re.compile(r'name="despite" value="[0-9]+"'), "NEWEST"),
    # Django writes an unbreakable space between number and unit, lists write a plain one.
    (re.compile(r"\b(?:now|(?:\d+[\xa0 ]|an? )(?:second|minute|hour)s? ago)\b"), "LATELY"),
    # A person's own pace, told once their session has lasted a minute.
    (re.compile(r"<dt>Pace</dt><dd>\d+ an hour</dd>"), ""),
    (re.compile(r"T\d\d:\d\d:\d\d(\.\d+)?"), "TIME"),
    (re.compile(r"\b\d\d:\d\d(:\d\d)?\b"), "TIME"),
    # Numbers of threads that were begun by the visit itself, and are given once, whatever is taken back.
    (re.compile(r"(?<=thread-|answer-)[0-9]+|(?<=/threads/)[0-9]+"), "NEW"),
    # Bells that other tests rang, and how long they have waited by now.
    (re.compile(r'<tr id="queue-[^"]+">.*?</tr>', re.DOTALL), "QUEUE"),
]


def settled(text: str) -> str:
    """A page's text without what differs from one request to the next."""
    for pattern, word in VARYING:
        text = pattern.sub(word, text)
    return text


@dataclass
class Walker:
    """Somebody who looks at pages; whatever a request changes is undone after it."""

    user: User
    cookies: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        client = Client()
        client.force_login(self.user)
        self.cookies = {name: morsel.value for name, morsel in client.cookies.items()}

    def answer(self, visit: Visit, *, htmx: bool = False) -> Answer:
        """What a visit brings, whole or as the fragment that htmx asks for."""
        client = Client()
        client.cookies.load(self.cookies)
        headers = {"HX-Request": "true"} if htmx else {}
        with undone():
            if visit.data is None:
                response = client.get(visit.address, headers=headers)
            else:
                response = client.post(visit.address, visit.data, headers=headers)
            body = b"".join(response.streaming_content) if response.streaming else response.content
        there = response.headers.get("Location", "") + response.headers.get("HX-Push-Url", "")
        return Answer(response.status_code, there, settled(body.decode(errors="replace")))

    def walk(self, visited: list[Visit], *, in_part: bool = True) -> Iterator[tuple[str, Visit, Answer]]:
        """(what was asked, in words; the visit; what came back) of each, whole and if asked for in part."""
        for visit in visited:
            for htmx in (False, True)[: 1 + in_part]:
                asked = f"{'htmx ' if htmx else ''}{'GET' if visit.data is None else 'POST'} {visit.address}"
                if visit.data:
                    asked += f" {json.dumps(dict(visit.data))}"
                yield asked, visit, self.answer(visit, htmx=htmx)


@contextmanager
def undone() -> Iterator[None]:
    """Take back at the end whatever happens in the database."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
