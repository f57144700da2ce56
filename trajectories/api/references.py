"""References that no sample ever matched, and what the samples say instead."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Schema
from pydantic import Field

from trajectories.api.doors import door
from trajectories.api.shapes import Cursor, Limit, Rows, Word, rows_of
from trajectories.core.records import JSON
from trajectories.selectors.references import (
    ReferenceFilter,
    UnmatchedReference,
    list_unmatched,
    matches_by_set,
)


class Unmatched(Schema):
    """A problem whose reference no sample matched, of so many that were compared with it (`wrong`). `answer` is what
    most of them say instead, `votes` of them."""

    problem: int
    problem_name: str
    problem_set: str
    split: str
    reference: Any
    wrong: int
    answer: Any
    votes: int


class SetMatched(Schema):
    """How many problems of a set were compared with samples, and how many of them no sample matched."""

    name: str
    title: str
    sampled: int
    unmatched: int


class SetsMatched(Schema):
    """The sets with problems that no sample matched, those with most of them first."""

    items: list[SetMatched]


SetName = Annotated[Word, Field(description="Name of a set, as in its address.")]
Least = Annotated[int, Field(ge=1, le=10_000, description="Samples that a problem has at the least.")]


@door("GET", "/references", "trajectories.view_problem", answers=Rows[Unmatched], tag="problems")
def list_unmatched_references(
    request: HttpRequest,  # noqa: ARG001
    problem_set: SetName = "",
    least: Least = 1,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Any:
    """Problems whose reference no sample matched: the commonest sign of a file that was misread."""
    return rows_of(list_unmatched(ReferenceFilter(problem_set, least), after=cursor, size=limit), _row)


def _row(row: UnmatchedReference) -> dict[str, JSON]:
    return {
        "problem": row.problem.pk,
        "problem_name": row.problem.name,
        "problem_set": row.problem.problem_set.name,
        "split": row.problem.split,
        "reference": row.problem.reference,
        "wrong": row.wrong,
        "answer": row.answer,
        "votes": row.votes,
    }


@door("GET", "/references/sets", "trajectories.view_problem", answers=SetsMatched, tag="problems")
def list_unmatched_sets(request: HttpRequest, problem_set: SetName = "", least: Least = 1) -> Any:  # noqa: ARG001
    """How many references no sample matched, by set."""
    rows = matches_by_set(ReferenceFilter(problem_set, least))
    return {"items": [{name: getattr(row, name) for name in SetMatched.model_fields} for row in rows]}
