"""Who may do what by the API: one table of every operation."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.access_roles import LEADS, RELEASERS, REVIEWERS, SIGHTED, WITH_ROLE, WRITERS
from tests.api.programs import described

LOOP: dict[str, tuple[str, ...]] = {
    "attach_trained_sampler": LEADS,
    "estimate_campaign": LEADS,
    "get_campaign_figure": SIGHTED,
    "get_mind": WITH_ROLE,
    "launch_campaign": LEADS,
    "launch_training": LEADS,
    "list_all_minds": WITH_ROLE,
    "list_campaign_templates": SIGHTED,
    "list_memory": WITH_ROLE,
    "list_trainers": SIGHTED,
    "list_training_curves": SIGHTED,
    "put_memory": LEADS,
    "resume_generation_within": LEADS,
    "set_whole_campaign_budget": LEADS,
}

OF_RELEASES: dict[str, tuple[str, ...]] = {
    "get_delivery": SIGHTED,
    "get_package_link": RELEASERS,
    "list_freezing_removals": SIGHTED,
    "list_hubs": RELEASERS,
    "list_removed": SIGHTED,
    "pin_export": RELEASERS,
    "pin_package": RELEASERS,
    "preview_rule": SIGHTED,
    "push_release": RELEASERS,
    "request_package": RELEASERS,
    "store_release_rule": RELEASERS,
}

INSTALLATION: dict[str, tuple[str, ...]] = {}

OPERATIONS: dict[str, tuple[str, ...]] = {
    **LOOP,
    **OF_RELEASES,
    **INSTALLATION,
    "add_gold": LEADS,
    "add_remark": WRITERS,
    "begin_thread": WRITERS,
    "change_candidate": REVIEWERS,
    "change_one_queue": LEADS,
    "compare_pair": REVIEWERS,
    "compare_two_runs": WITH_ROLE,
    "create_ask": LEADS,
    "create_brief": LEADS,
    "create_instruction": LEADS,
    "create_local_sampler": LEADS,
    "create_problems": LEADS,
    "create_queue": LEADS,
    "create_rubric": LEADS,
    "create_sampler": LEADS,
    "cut_traces": LEADS,
    "decide_candidate": REVIEWERS,
    "decide_finally": LEADS,
    "draw_more": LEADS,
    "edit_trace": REVIEWERS,
    "estimate_ask": LEADS,
    "estimate_judging": LEADS,
    "estimate_run": LEADS,
    "follow_traces": LEADS,
    "freeze_release": RELEASERS,
    "generate_problems": LEADS,
    "get_adjudication": LEADS,
    "get_arc_score": WITH_ROLE,
    "get_ask": WITH_ROLE,
    "get_brief": WITH_ROLE,
    "get_budget_figure": WITH_ROLE,
    "get_campaign": SIGHTED,
    "get_download_link": RELEASERS,
    "get_editable": REVIEWERS,
    "get_export": SIGHTED,
    "get_figure": WITH_ROLE,
    "get_freezing": SIGHTED,
    "get_generation": WITH_ROLE,
    "get_guidelines": WITH_ROLE,
    "get_import": LEADS,
    "get_instruction": WITH_ROLE,
    "get_job": WITH_ROLE,
    "get_judge_quality": SIGHTED,
    "get_judging": WITH_ROLE,
    "get_manifest": SIGHTED,
    "get_one_candidate": WITH_ROLE,
    "get_one_family": WITH_ROLE,
    "get_one_sample": REVIEWERS,
    "get_one_scorer": SIGHTED,
    "get_problem": WITH_ROLE,
    "get_quality": LEADS,
    "get_queue": WITH_ROLE,
    "get_rankings": LEADS,
    "get_release": SIGHTED,
    "get_release_rule": SIGHTED,
    "get_replay": WITH_ROLE,
    "get_rubric": WITH_ROLE,
    "get_run": WITH_ROLE,
    "get_sampler": WITH_ROLE,
    "get_trace": WITH_ROLE,
    "get_training": SIGHTED,
    "get_verification": WITH_ROLE,
    "import_files": LEADS,
    "judge_traces": LEADS,
    "launch_run": LEADS,
    "lease_next_candidate": REVIEWERS,
    "lease_next_item": REVIEWERS,
    "lease_next_pair": REVIEWERS,
    "lease_next_problem": REVIEWERS,
    "lease_one_candidate": REVIEWERS,
    "lease_one_problem": REVIEWERS,
    "list_adjudications": LEADS,
    "list_all_briefs": WITH_ROLE,
    "list_all_campaigns": SIGHTED,
    "list_all_candidates": WITH_ROLE,
    "list_all_imports": LEADS,
    "list_all_instructions": WITH_ROLE,
    "list_all_jobs": WITH_ROLE,
    "list_all_problems": WITH_ROLE,
    "list_all_queues": WITH_ROLE,
    "list_all_releases": SIGHTED,
    "list_all_reviews": WITH_ROLE,
    "list_all_rubrics": WITH_ROLE,
    "list_all_runs": WITH_ROLE,
    "list_all_samplers": WITH_ROLE,
    "list_all_scorers": SIGHTED,
    "list_all_traces": WITH_ROLE,
    "list_all_trainings": SIGHTED,
    "list_asks": WITH_ROLE,
    "list_attempts_under_way": WITH_ROLE,
    "list_audited_traces": SIGHTED,
    "list_audits": SIGHTED,
    "list_deliveries": SIGHTED,
    "list_differences": LEADS,
    "list_exports": SIGHTED,
    "list_failed_attempts": WITH_ROLE,
    "list_families": WITH_ROLE,
    "list_figures": WITH_ROLE,
    "list_flags": LEADS,
    "list_generations": WITH_ROLE,
    "list_gold": LEADS,
    "list_judged_traces": WITH_ROLE,
    "list_judgings": WITH_ROLE,
    "list_local_models": LEADS,
    "list_mentions": WITH_ROLE,
    "list_model_judges": SIGHTED,
    "list_open_items": LEADS,
    "list_problem_sets": WITH_ROLE,
    "list_queue_people": LEADS,
    "list_release_changes": SIGHTED,
    "list_release_items": SIGHTED,
    "list_release_rules": SIGHTED,
    "list_reviewers": LEADS,
    "list_tags": WITH_ROLE,
    "list_threads": WITH_ROLE,
    "list_tokens": WITH_ROLE,
    "list_unmatched_references": WITH_ROLE,
    "list_unmatched_sets": WITH_ROLE,
    "list_voids": LEADS,
    "list_worlds": WITH_ROLE,
    "look_at_files": LEADS,
    "make_audit_queue": LEADS,
    "make_episodes": LEADS,
    "make_procedural": LEADS,
    "mark_mention_read": WITH_ROLE,
    "overrule_campaign": LEADS,
    "preview_family": LEADS,
    "preview_one_generation": LEADS,
    "push_traces": LEADS,
    "read_spending": LEADS,
    "reassign_open_items": LEADS,
    "record_replay": WITH_ROLE,
    "release_items": REVIEWERS,
    "release_one_candidate": REVIEWERS,
    "release_pair": REVIEWERS,
    "repeat_import": LEADS,
    "request_export": RELEASERS,
    "requeue_one_candidate": REVIEWERS,
    "revise_one_brief": LEADS,
    "revise_one_local_sampler": LEADS,
    "revise_one_rubric": LEADS,
    "revise_sampler": LEADS,
    "revoke_one_token": WITH_ROLE,
    "run_control": LEADS,
    "score_traces": LEADS,
    "set_job_budget": LEADS,
    "settle_one_flag": LEADS,
    "skip_problem": REVIEWERS,
    "skip_queue_item": REVIEWERS,
    "steer_any_job": LEADS,
    "steer_import": LEADS,
    "steer_one_queue": LEADS,
    "steer_run": LEADS,
    "submit_item": REVIEWERS,
    "submit_problem": REVIEWERS,
    "submit_trace_review": REVIEWERS,
    "tag_release": RELEASERS,
    "tag_traces": WRITERS,
    "test_sampler": LEADS,
    "train_scorer": LEADS,
    "undo_candidate": REVIEWERS,
    "undo_last_comparison": REVIEWERS,
    "undo_last_in_queue": REVIEWERS,
    "undo_review": REVIEWERS,
    "undo_tags": WRITERS,
    "undo_void": LEADS,
    "untag_traces": WRITERS,
    "verify_traces": LEADS,
    "void_reviews_of": LEADS,
    "watch_one_attempt": WITH_ROLE,
    "withdraw_edit": REVIEWERS,
    "write_guidelines": LEADS,
    "write_next_version": LEADS,
}
"""By the name of an operation of the API: the roles whose tokens are not refused."""
OPERATIONS_OF_OBJECTS = {"add_remark": ("engineer", *LEADS)}
"""Where something is there that not everybody of these may know of."""

PARAMETERS = (
    *("problem", "run", "trace", "queue", "item", "release", "export", "job", "import", "freezing", "rule"),
    *("sampler", "instruction", "campaign", "training", "token", "mind", "generation", "delivery"),
    *("thread", "mention", "flag", "person", "void", "event"),
    *("candidate", "judging", "rubric", "scorer", "attempt", "brief"),
)
NAMED = {
    "families": "addition",
    "worlds": "maze",
    "audits": "unanimous",
    "budgets": "curves",
    "insights": "pass-at-k",
    "judges": "model_judge:correctness",
}
"""What is named in an address by what it is among."""

WORDS = {"verb": "pause", "kind": "run", "name": "pass", "number": "0"}
"""What stands in addresses for a word."""


def operations(rows: Mapping[str, int] | None = None) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """(name, method, path of one of the `rows` by parameter or of nothing, what it is described as) of every
    operation."""
    for path, methods in described()["paths"].items():
        for method, told in methods.items():
            address = path.removeprefix("/api/v1")
            address = re.sub(
                r"([a-z]+)/\{(name|verifier)\}", lambda at: f"{at[1]}/{NAMED.get(at[1], WORDS['name'])}", address
            )
            for name, word in WORDS.items():
                address = address.replace(f"{{{name}}}", word)
            for name in PARAMETERS:
                address = address.replace(f"{{{name}_id}}", str((rows or {}).get(name, 999_999)))
            yield told["operationId"], method, address, told


def rows_of(world: Any) -> dict[str, int]:
    """What `operations` takes: of everything in a world of tests.world one, by parameter."""
    named = {name: getattr(world, name, None) for name in PARAMETERS}
    special = {
        "trace": world.traces[0],
        "job": world.reverification,
        "import": world.imported_file,
        "judging": world.judge_job,
        "person": world.reviewer,
        "attempt": world.run.attempts.first(),
    }
    return {name: row.pk for name, row in {**named, **special}.items() if row is not None}
