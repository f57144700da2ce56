"""Every address there is, for tests that walk all pages.

`visits` names each address of the application with made-up objects and with every value of every filter. A test that
walks it fails as soon as an address is missing there, see `uncovered`.
"""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.urls import reverse

from tests.posts import posting
from tests.walker import Visit
from tests.world import CODE, World
from trajectories.charts import CHARTS
from trajectories.charts.campaigns import CAMPAIGN_CHARTS
from trajectories.core.selections import AUDITS
from trajectories.forms.traces import TraceListForm
from trajectories.models import (
    JOB_KINDS,
    Freezing,
    ProblemCandidate,
    ReleaseRule,
)
from trajectories.selectors.adjudications import STATES as DISPUTE_STATES
from trajectories.selectors.jobs import STATE_FILTERS as JOB_STATES
from trajectories.selectors.judging import SHOWN_FILTERS
from trajectories.selectors.problems import SOLVED_STATES, SORTS
from trajectories.selectors.review_lists import REVIEWS
from trajectories.selectors.review_lists import STATES as REVIEW_STATES
from trajectories.selectors.runs import STATE_FILTERS
from trajectories.selectors.traces import ORDERS
from trajectories.urls import urlpatterns


def uncovered(visited: list[Visit]) -> set[str]:
    """The addresses of the application, by name, that no visit goes to."""
    return {pattern.name for pattern in urlpatterns} - {visit.name for visit in visited}


def visits(world: World) -> list[Visit]:
    """A visit to every address, with every value of every filter."""
    return [
        *_reading(world),
        *_filtering(world),
        *_drawing(world),
        *posting(world),
    ]


def _reading(world: World) -> Iterator[Visit]:
    """Everything that is read, without filters."""
    keys: dict[str, list[list[Any]]] = {
        "adjudication_detail": [[world.traces[0].pk], [world.old.pk]],
        "quality_reviewer": [[world.reviewer.pk]],
        "ask_detail": [[world.run.pk]],
        "invitation_accept": [["none"]],
        "project_detail": [[1]],
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
        "attempt_watch": [[world.run.pk, attempt.pk] for attempt in world.run.attempts.order_by("-pk")[:2]],
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
        "webhook_detail": [[world.webhook.pk]],
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
        "trace_import_look",
        *("local_model_new", "training_list", "training_new", "scorer_list", "scorer_new"),
        *("trace_compare", "comparison_share"),
        *("trace_actions", "trace_download", "saved_view_list", "review_list"),
        *("account", "people_list", "project_list", "webhook_list"),
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
    both += ["decision=accepted,rejected", "decision=rejected,unreviewed", "model_judged=fail,unjudged"]
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
        fields: set[str] = set()
        for query in each:
            field = query.partition("=")[0]
            again = name == "trace_list" and field in fields and query not in telling
            yield Visit(name, f"{reverse(name)}?{query}", in_part=again)
            fields.add(field)
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
