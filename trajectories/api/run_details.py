"""What became of the attempts of a run that brought no sample, and its official score of ARC."""

from typing import Any

from django.http import Http404, HttpRequest
from ninja import Schema

from trajectories.api.doors import door
from trajectories.api.shapes import Cursor, Key, Limit, Rows, Word, rows_of
from trajectories.models import Attempt, Run
from trajectories.selectors.arc_scores import get_run_score
from trajectories.selectors.attempts import list_failed

VIEW = "trajectories.view_run"


class AttemptRow(Schema):
    """An attempt that brought no sample: of which problem, by which instruction, and what went wrong."""

    id: int
    problem: int
    problem_name: str
    instruction: int | None
    error_kind: str
    error_message: str


class ArcScoreShown(Schema):
    """The official score of ARC: of so many tasks whose solution is known (`unknown` are the others), over which
    `missing` no sample was drawn, the part of the test outputs that two attempts get right, in mean by task."""

    tasks: int
    missing: int
    unknown: int
    score: float
    outputs: int
    right_outputs: float
    solved: int
    most_samples: int


@door("GET", "/runs/{run_id}/attempts", VIEW, answers=Rows[AttemptRow])
def list_failed_attempts(
    request: HttpRequest,  # noqa: ARG001
    run_id: Key,
    kind: Word = "",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Any:
    """The failed attempts of a run, of one kind of error where it is named, in their order."""
    return rows_of(list_failed(_find(run_id), kind=kind, after=cursor, size=limit), _row)


def _find(run_id: int) -> Run:
    found = Run.objects.defer("plan").filter(pk=run_id).first()
    if found is None:
        raise Http404(f"There is no run {run_id}.")
    return found


def _row(attempt: Attempt) -> dict[str, Any]:
    same = ("id", "error_kind", "error_message")
    return {
        **{name: getattr(attempt, name) for name in same},
        "problem": attempt.problem_id,
        "problem_name": attempt.problem.name,
        "instruction": attempt.instruction_id,
    }


@door("GET", "/runs/{run_id}/arc_score", VIEW, answers=ArcScoreShown)
def get_arc_score(request: HttpRequest, run_id: Key) -> Any:  # noqa: ARG001
    """The official score of a run over its ARC tasks. 404 where it has none."""
    score = get_run_score(_find(run_id))
    if score is None:
        raise Http404(f"Run {run_id} has no task of ARC.")
    return {name: getattr(score, name) for name in ArcScoreShown.model_fields}
