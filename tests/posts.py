"""Whatever only takes a form, for tests that walk all pages."""

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from django.urls import reverse

from tests.walker import Visit
from tests.world import World
from trajectories.core.selections import AUDITS
from trajectories.models import (
    JOB_KINDS,
    Freezing,
    WebhookMessage,
)
from trajectories.services.curation.queues import VERBS


def posting(world: World) -> Iterator[Visit]:
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
        ("person_change", [10**9], {"do": "role", "role": "lead"}),
        ("project_change", [10**9], {}),
        ("project_member", [10**9, 10**9], {}),
        ("project_switch", [], {"project": "0"}),
        ("sampler_copy", [world.sampler.pk], {"project": "0"}),
        ("sampler_renew", [world.sampler.pk], {}),
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
        *(("job_steer", ["run", world.run.pk, verb], {}) for verb in ("pause", "resume", "cancel", "retry")),
        *(("job_steer", ["judge_job", world.judge_job.pk, verb], {}) for verb in ("pause", "resume", "cancel")),
        *(("job_steer", ["generation", world.generation.pk, verb], {}) for verb in ("pause", "cancel", "retry")),
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
        ("webhook_list", [], {"title": "Team", "address": "nowhere"}),
        *(("webhook_steer", [world.webhook.pk, verb], {}) for verb in ("test", "pause", "resume")),
        ("webhook_again", [WebhookMessage.objects.get().pk], {}),
        ("webhook_secret", [world.webhook.pk], {}),
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
        ("run_without_memory", [world.run.pk], {}),
        ("run_budget", [world.run.pk], {}),
        ("sampler_test", [world.sampler.pk], {}),
        ("trace_replay", [trace], {}),
        ("trace_replay", [world.old.pk], {"again": "1"}),
        ("sampler_adopt", [world.sampler.pk], {"remedy": "no_seed"}),
    ]
    for name, arguments, data in forms:
        yield Visit(name, reverse(name, args=arguments), data)


def _keeping_the_first(world: World) -> dict[str, Any]:
    """A form that keeps one sample of a problem and rejects the others."""
    items = list(world.whole.items.order_by("pk").values_list("pk", flat=True))
    listed = ",".join(map(str, items))
    said = {"key": str(uuid.UUID(int=10)), "samples": listed, "marks": f"{items[0]}:keep", "reason": "lucky"}
    return {**said, "then": "next"}
