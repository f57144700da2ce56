"""What runs, queues and judges are made with: problem sets, instructions, scorers and rubrics, with their ids."""

from typing import Any

from django.http import HttpRequest
from ninja import Schema

from trajectories.api.doors import door
from trajectories.api.shapes import Cursor, Limit, Rows, rows_of
from trajectories.models import ProblemSet, Scorer
from trajectories.selectors.blinding import SEE_REVIEWS
from trajectories.selectors.instructions import current_instructions
from trajectories.selectors.paging import page_by_id
from trajectories.selectors.rubrics import current_rubrics
from trajectories.services.prompts.instructions import ensure_shipped_instructions, ensure_symbolic_views
from trajectories.services.prompts.rubrics import ensure_shipped_rubrics


class ProblemSetRow(Schema):
    """A set of problems."""

    id: int
    name: str
    title: str
    source: str
    problems: int
    created_at: str


class InstructionRow(Schema):
    """An instruction in its newest version. `suits` is symbolic, chat or agent; `problem_kind` is empty for any."""

    id: int
    name: str
    title: str
    version: int
    suits: str
    problem_kind: str
    view: str
    created_at: str


class ScorerRow(Schema):
    """A scorer. `kind` is outcome or process; one that is finished can score."""

    id: int
    name: str
    version: int
    kind: str
    state: str
    created_at: str


class RubricRow(Schema):
    """A rubric in its newest version: scores go from `least` to `most`, and `pass_from` passes."""

    id: int
    name: str
    title: str
    version: int
    least: int
    most: int
    pass_from: int
    created_at: str


@door("GET", "/problem_sets", "trajectories.view_problem", answers=Rows[ProblemSetRow], tag="problems")
def list_problem_sets(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Any:  # noqa: ARG001
    """Sets of problems, in order of making."""
    page = page_by_id(ProblemSet.objects.all(), size=limit, after=cursor, newest_first=False)
    return rows_of(page, lambda row: show_choice(row, ProblemSetRow, problems=row.problem_count))


def show_choice(row: Any, shape: type[Schema], **more: Any) -> dict[str, Any]:
    """The fields of a shape as a row has them, but for those that are given."""
    more |= {"created_at": row.created_at.isoformat()}
    return {name: more[name] if name in more else getattr(row, name) for name in shape.model_fields}


@door("GET", "/instructions", "trajectories.view_instruction", answers=Rows[InstructionRow])
def list_all_instructions(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Any:  # noqa: ARG001
    """Instructions, each in its newest version, in order of making."""
    ensure_symbolic_views()
    ensure_shipped_instructions()
    page = page_by_id(current_instructions(), size=limit, after=cursor, newest_first=False)
    return rows_of(page, lambda row: show_choice(row, InstructionRow))


@door("GET", "/scorers", "trajectories.view_scorer", SEE_REVIEWS, answers=Rows[ScorerRow])
def list_all_scorers(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Any:  # noqa: ARG001
    """Scorers, newest first."""
    page = page_by_id(Scorer.objects.all(), size=limit, before=cursor)
    return rows_of(page, lambda row: show_choice(row, ScorerRow))


@door("GET", "/rubrics", "trajectories.view_rubric", "trajectories.view_trace", answers=Rows[RubricRow])
def list_all_rubrics(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Any:  # noqa: ARG001
    """Rubrics, each in its newest version, in order of making."""
    ensure_shipped_rubrics()
    page = page_by_id(current_rubrics(), size=limit, after=cursor, newest_first=False)
    return rows_of(page, lambda row: show_choice(row, RubricRow))
