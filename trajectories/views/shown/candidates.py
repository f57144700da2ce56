"""What the page of a candidate shows: its problem, the votes, the nearest neighbour beside it, what was done to it."""

from typing import Any

from django.contrib.auth.models import AnonymousUser, User

from trajectories.core.generation.agreement import DISPUTED
from trajectories.core.generation.briefs import TARGETS
from trajectories.core.generation.similarity import comparable_text
from trajectories.core.problems.kinds import is_grids
from trajectories.core.records import ProblemRecord
from trajectories.core.text.word_diff import word_diff
from trajectories.models import Problem, ProblemCandidate
from trajectories.selectors.candidates import (
    CandidateScope,
    candidate_record,
    count_states,
    list_reviews,
)
from trajectories.selectors.problems import to_record
from trajectories.services.generation.candidates import REJECTION_REASONS, REQUEUED_FROM

SMALL_GRID, LARGE_GRID = 120, 200
SMALL_SIDE = 14


def candidate_context(
    candidate: ProblemCandidate, scope: CandidateScope, person: User | AnonymousUser
) -> dict[str, Any]:
    """Everything about a candidate that a person may see, but the forms."""
    source = Problem.ReferenceSource
    return {
        "candidate": candidate,
        "scope": scope,
        "problem": problem_parts(candidate_record(candidate)) if candidate.kind else None,
        "neighbour": _neighbour(candidate),
        "agreement": candidate.agreement,
        "answers": candidate.answers.select_related("reply").order_by("ordinal"),
        "disputed": _disputed(candidate),
        "edited": _edited(candidate),
        "reference_label": source(candidate.reference_source).label if candidate.reference_source else "",
        "reviews": [(review, REJECTION_REASONS.get(review.reason, "")) for review in list_reviews(candidate, person)],
        "editable": candidate.kind in TARGETS,
        "can_requeue": candidate.state in REQUEUED_FROM,
        **candidate_progress(scope),
    }


def candidate_progress(scope: CandidateScope) -> dict[str, int]:
    """How many candidates of a scope people have decided on, and how many they have to in all."""
    counts, states = count_states(scope), ProblemCandidate.State
    reviewed = counts[states.ACCEPTED] + counts[states.REJECTED]
    return {"reviewed": reviewed, "to_review": reviewed + counts[states.WAITING]}


def problem_parts(record: ProblemRecord) -> dict[str, Any]:
    """What templates draw of a problem: the `record`, and of a task of grids its `tests`, with the size of a grid in
    pixels."""
    parts: dict[str, Any] = {"record": record, "tests": None, "grid_size": LARGE_GRID}
    if is_grids(record.kind):
        reference = record.reference or []
        pairs = [*record.spec["train"], *record.spec["test"]]
        side = max(max(len(grid), len(grid[0])) for pair in pairs for grid in pair.values())
        parts["grid_size"] = SMALL_GRID if side <= SMALL_SIDE else LARGE_GRID
        parts["tests"] = [
            {"input": pair["input"], "expected": reference[place] if place < len(reference) else None}
            for place, pair in enumerate(record.spec["test"])
        ]
    return parts


def _neighbour(candidate: ProblemCandidate) -> dict[str, Any] | None:
    """The nearest neighbour with what differs from it, word by word; its grids for an ARC task."""
    problem, other = candidate.neighbour_problem, candidate.neighbour_candidate
    if candidate.similarity is None or (problem is None and other is None) or not candidate.kind:
        return None
    record = to_record(problem) if problem is not None else candidate_record(other) if other is not None else None
    if record is None:
        return None
    parts: dict[str, Any] = {"problem": problem, "other": other, "share": candidate.similarity}
    if is_grids(record.kind):
        return {**parts, **problem_parts(record)}
    own = comparable_text(candidate_record(candidate))
    return {**parts, "record": record, "passages": word_diff(comparable_text(record), own)}


def _disputed(candidate: ProblemCandidate) -> bool:
    """Whether the majority has an answer of its own, other than the author's."""
    return DISPUTED in candidate.reason


def _edited(candidate: ProblemCandidate) -> dict[str, Any] | None:
    """What reviewers have changed, word by word."""
    before = candidate.original
    if before is None:
        return None
    now = candidate_record(candidate)
    was = "\n".join([before["statement"], *(before.get("choices") or ())])
    return {
        "passages": word_diff(was, comparable_text(now)),
        "answer_before": before["answer"],
        "answer_changed": before["answer"] != now.reference,
    }
