"""Problems: listing and reading them, and adding questions with their answers."""

import json
from collections.abc import Sequence
from dataclasses import astuple
from io import BytesIO
from typing import Annotated, Any, Literal

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest
from ninja import Schema
from ninja.responses import Status
from pydantic import Field

from trajectories.adapters.uploads import Document, OpenFiles
from trajectories.api.auth import asking
from trajectories.api.doors import door
from trajectories.api.shapes import Cursor, Free, IdempotencyKey, Key, Limit, OneOf, Rows, Word, once, rows_of
from trajectories.core.faults import Fault
from trajectories.core.records import JSON, ProblemKind
from trajectories.core.text.titles import title_fault
from trajectories.forms.titles import SetTitleField
from trajectories.models import ApiToken, Problem
from trajectories.selectors.blinding import sight_of
from trajectories.selectors.problems import SOLVED_STATES, ProblemFilter, list_problems, to_public
from trajectories.services.imports.writing import set_target
from trajectories.services.problems.imports import FAULTS_SHOWN, ImportReport, import_records
from trajectories.services.problems.questions import QuestionOptions, read_question_documents

MOST_QUESTIONS = 1_000
FILE = "questions.jsonl"


class ProblemRow(Schema):
    """A problem of a list. `accepted` counts its accepted traces as far as you may see decisions."""

    id: int
    name: str
    kind: str
    problem_set: str
    problem_set_id: int
    split: str
    family: str
    statement_start: str
    traces: int
    scored: int
    correct: int
    accepted: int


class ProblemShown(Schema):
    """A problem with its question and its reference answer, null where there is none."""

    id: int
    name: str
    kind: str
    problem_set: str
    problem_set_id: int
    split: str
    family: str
    statement: str
    spec: dict[str, Any]
    reference: Any
    reference_source: str
    difficulty: dict[str, Any]
    content_hash: str
    traces: int
    scored: int
    correct: int


class ProblemAsked(Schema):
    """A problem as it is asked: without its answer, which would be a verdict, and what gives that away."""

    id: int
    name: str
    kind: str
    statement: str
    spec: dict[str, Any]


class RowFault(Schema):
    """What is wrong with one row: where, and what."""

    row: str
    detail: str


class CrossingShown(Schema):
    """A problem that came in or was known, and the one on the other side of the line between training and evaluation
    that asks the same."""

    name: str
    split: str
    known_name: str
    known_set: str
    known_split: str


class Added(Schema):
    """What came in. `faults` has the first 100 of `fault_count`, `crossings` the first 10 of the `crossing_count`
    problems, new or known already, that are known on the other side of the line between training and evaluation."""

    problem_set: str | None
    problem_set_id: int | None
    inserted: int
    duplicates: int
    fault_count: int
    faults: list[RowFault]
    crossing_count: int = 0
    crossings: list[CrossingShown] = []


class Questions(Free):
    """Questions to add to the set of that title, which is made if it is new. Each row has `question`, and may have
    `answer`, `choices`, `name`, `kind`, `family`, `difficulty`, `split`: the columns of a file of questions."""

    problem_set: Annotated[Word, Field(min_length=1, max_length=80, description="Title of the set.")]
    rows: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=MOST_QUESTIONS)]
    split: Annotated[Literal["", "train", "eval"], Field(description="The side of rows that do not say one.")] = ""
    on_fault: Annotated[
        Literal["all_or_nothing", "skip"], Field(description="Whether one bad row keeps everything out.")
    ] = "all_or_nothing"


@door("GET", "/problems", "trajectories.view_problem", answers=Rows[ProblemRow])
def list_all_problems(  # noqa: PLR0913 (its parameters)
    request: HttpRequest,
    problem_set: Annotated[Word, Field(description="Name of a set, as in its address.")] = "",
    split: Literal["", "train", "eval"] = "",
    state: Annotated[str, OneOf(["", *SOLVED_STATES])] = "",
    name: Annotated[Word, Field(description="What the name holds, or words of the statement.")] = "",
    kind: Annotated[str, OneOf(["", *ProblemKind])] = "",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Any:
    """Problems in the order in which they came."""
    scope = ProblemFilter(set_name=problem_set, split=split, state=state, query=name.strip(), kind=kind)
    page = list_problems(scope, sight_of(asking(request)), after=cursor, size=limit)
    return rows_of(page, _row)


def _row(problem: Any) -> dict[str, Any]:
    return {
        **{name: getattr(problem, name) for name in ("id", "name", "kind", "split", "family")},
        "problem_set": problem.problem_set.name,
        "problem_set_id": problem.problem_set_id,
        "statement_start": problem.excerpt,
        "traces": problem.trace_count,
        "scored": problem.scored_count,
        "correct": problem.correct_count,
        "accepted": problem.shown_accepted,
    }


@door("GET", "/problems/{problem_id}", "trajectories.view_problem", answers=ProblemShown)
def get_problem(request: HttpRequest, problem_id: Key) -> Any:  # noqa: ARG001
    """One problem, with the answer that it is verified by."""
    problem = Problem.objects.select_related("problem_set").filter(pk=problem_id).first()
    if problem is None:
        raise Http404(f"There is no problem {problem_id}.")
    return show_problem(problem)


def show_problem(problem: Problem) -> dict[str, Any]:
    """A problem as it is answered."""
    same = ("id", "name", "kind", "split", "family", "statement", "spec", "reference", "reference_source", "difficulty")
    return {
        **{name: getattr(problem, name) for name in (*same, "content_hash")},
        "problem_set": problem.problem_set.name,
        "problem_set_id": problem.problem_set_id,
        "traces": problem.trace_count,
        "scored": problem.scored_count,
        "correct": problem.correct_count,
    }


def show_asked(problem: Problem) -> dict[str, JSON]:
    """A problem as it is asked."""
    same: dict[str, JSON] = {name: getattr(problem, name) for name in ("id", "name", "kind", "statement")}
    return {**same, "spec": dict(to_public(problem).spec)}


@door(
    "POST",
    "/problems",
    *("trajectories.add_problem", "trajectories.add_problemset"),
    scope=ApiToken.Scope.WRITE,
    answers=Added,
    status=201,
)
def create_problems(request: HttpRequest, given: Questions, idempotency_key: IdempotencyKey = None) -> Status[Any]:
    """Add up to 1,000 questions. What is known already is counted, not stored again."""
    return once(request, idempotency_key, given, lambda: _add(request, given))


def set_title_of(text: str) -> str:
    """The title of a set that problems go into. Raises Fault for one that makes no set."""
    try:
        return str(SetTitleField(required=True).clean(text))
    except ValidationError as fault:
        raise Fault(f"set_title: {' '.join(fault.messages)}", field="set_title") from fault


def _add(request: HttpRequest, given: Questions) -> dict[str, JSON]:
    if fault := title_fault(given.problem_set):
        raise Fault(fault, field="problem_set")
    title = str(SetTitleField().clean(given.problem_set))
    lines = "".join(f"{json.dumps(row)}\n" for row in given.rows).encode()
    with OpenFiles() as opened:
        documents = [each for each in opened.add_stream(BytesIO(lines), FILE) if isinstance(each, Document)]
        target = set_target(title, "the API")
        report = import_records(
            actor=asking(request),
            set_name=target.name,
            set_title=target.title,
            source=target.source,
            records=read_question_documents(documents, options=QuestionOptions(otherwise=given.split)),
            on_fault=given.on_fault,
        )
    if report.refused:
        raise refusal_of([(fault.path, fault.detail) for fault in report.faults], report.fault_count)
    return _added(report)


def refusal_of(faults: list[tuple[str, str]], count: int) -> Fault:
    """One sentence about rows of which nothing was taken."""
    place, detail = faults[0]
    more = f" {count - 1:,} more faults." if count > 1 else ""
    return Fault(f"{place}: {detail}; nothing came in.{more}", field="rows")


def show_crossing(told: Sequence[str]) -> dict[str, JSON]:
    """A problem that is known on the other side, as it is answered."""
    return dict(zip(CrossingShown.model_fields, told, strict=True))


def _added(report: ImportReport) -> dict[str, JSON]:
    return {
        "problem_set": report.problem_set.name if report.problem_set else None,
        "problem_set_id": report.problem_set.pk if report.problem_set else None,
        "inserted": report.inserted,
        "duplicates": report.duplicates,
        "fault_count": report.fault_count,
        "faults": [{"row": each.path, "detail": each.detail} for each in report.faults[:FAULTS_SHOWN]],
        "crossing_count": report.crossing_count,
        "crossings": [show_crossing(astuple(each)) for each in report.crossings],
    }
