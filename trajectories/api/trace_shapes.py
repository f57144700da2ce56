"""The filters of traces as parameters, and traces as they are answered: no more of each than its reader may see."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from ninja import Schema
from pydantic import Field, create_model
from pydantic.json_schema import SkipJsonSchema

from trajectories.api.shapes import OneOf, Text
from trajectories.core.records import JSON
from trajectories.core.selections import (
    AMOUNTS,
    DAYS,
    FIELDS,
    GREATEST_ID,
    LONGEST,
    MOST_VALUES,
    RANGES,
    SEVERAL,
    WORDS,
    as_text,
)
from trajectories.forms.traces import read_walk_exactly
from trajectories.models import Trace, TraceTag, Verdict
from trajectories.selectors.blinding import Sight
from trajectories.selectors.completions import parts_of
from trajectories.selectors.exports import prompt_of
from trajectories.selectors.reviews import review_history
from trajectories.selectors.segmentations import step_text
from trajectories.selectors.traces import ORDERS, TraceWalk, imported_decisions, split_verdicts

REVIEWS_SHOWN = 100
FIGURES = (
    *("content_hash", "seed", "cached_tokens", "reasoning_tokens", "near_miss"),
    *("train_passed", "train_total", "train_error"),
)
OF_OTHERS = ("examples", "memory")
"""Facts that name traces of others by what people decided about them."""


def _parameter(name: str) -> tuple[Any, Any]:
    """A filter as a parameter, with what it is where it is not asked for; one that takes several values is repeated."""
    kind, usual = _single(name)
    if name not in SEVERAL:
        return kind, usual
    said = "Repeated: traces that have one of these."
    return Annotated[list[kind], Field(max_length=MOST_VALUES, description=said)], []  # type: ignore[valid-type]


def _single(name: str) -> tuple[Any, Any]:
    """One value of a filter, with what it is where it is not asked for."""
    if name in WORDS:
        return Annotated[str, OneOf(["", *WORDS[name]])], ""
    if name in LONGEST:
        return Annotated[Text, Field(max_length=LONGEST[name])], ""
    if name in DAYS:
        return Annotated[str, Field(pattern=r"^(\d{4}-\d\d-\d\d)?$", description="A day (UTC), as 2026-11-28.")], ""
    if name == "traces":
        return Annotated[str, Field(pattern=r"^[0-9,]*$", max_length=4_000, description="Ids with commas between.")], ""
    if name in AMOUNTS:
        return Annotated[float, Field(ge=0, le=AMOUNTS[name])] | SkipJsonSchema[None], None  # type: ignore[misc]
    least, most = RANGES.get(name, (1, GREATEST_ID))
    whole = Annotated[int, Field(ge=least, le=most)]
    return (whole if name in SEVERAL else whole | SkipJsonSchema[None]), None  # type: ignore[misc]


FILTERS: dict[str, Any] = {name: _parameter(name) for name in FIELDS}
Order = Annotated[str, OneOf(["", *ORDERS]), Field(description="Newest first where it is empty.")]
TraceFilters: Any = create_model("TraceFilters", __base__=Schema, **FILTERS)
TraceFilters.__doc__ = "The filters of the list of traces, by the names that its address has."


def walk_of(given: Any, order: str = "") -> TraceWalk:
    """The selection that parameters name. Raises Fault, with the field, for one that is not valid."""
    asked = {name: value for name, value in given.model_dump().items() if value != FILTERS[name][1]}
    asked = {name: as_text(value) for name, value in asked.items()}
    return read_walk_exactly({**asked, "order": order})


class TraceRow(Schema):
    """A trace of a list. `hidden` says what a queue hides from you until you have decided on it there: verdicts, or
    sampler (with run, instruction, seed, temperature and cost); these are null then. `decision` is what people decided
    as far as you may see it, "" for nothing."""

    id: int
    problem: int
    problem_name: str
    kind: str
    run: int | None
    sampler: int | None
    sampler_title: str | None
    instruction: int | None
    temperature: float | None
    correctness: str
    decision: str
    answer: Any
    hinted: bool
    finish_reason: str
    input_tokens: int
    output_tokens: int
    seconds: float
    cost: float | None
    parent: int | None
    hidden: list[str]
    created_at: str


class VerdictShown(Schema):
    """What a verifier says of a trace."""

    verifier: str
    version: int
    outcome: str
    score: float | None
    message: str
    evidence: dict[str, Any]
    created_at: str


class ImportedVerdictShown(Schema):
    """What a verifier elsewhere said of an imported trace, as its file has it."""

    verifier: str
    version: int
    outcome: str
    score: float | None
    message: str
    engine: str


class ImportedReviewShown(Schema):
    """What a person elsewhere decided on an imported trace, as its file has it."""

    pseudonym: str
    decision: str
    score: int | None
    reason: str
    comment: str
    step_labels: dict[str, str]


class ReviewShown(Schema):
    """One person's review of a trace."""

    id: int
    reviewer: str
    decision: str
    score: int | None
    reason: str
    comment: str
    step_labels: dict[str, str]
    tags: list[str]
    scores: dict[str, int]
    queue: int | None
    created_at: str


class Step(Schema):
    """One step of a trace, from 0, as the trace is cut for readers."""

    index: int
    kind: str
    text: str


class Part(Schema):
    """A part of what the model wrote: its thoughts, or what it said."""

    kind: str
    text: str


class TraceShown(TraceRow):
    """A trace with everything that its page tells you. What others said (reviews, model judges, imported reviews, tags
    of others, which traces its prompt showed) is there once you may see it (`told`). `near_miss` says how a wrong
    answer was nearly right; `train_*` count the training pairs of an ARC task, and `train_error` is the mean share of
    wrong cells. `facts` are what its sampler or its file said besides."""

    prompt: list[dict[str, Any]]
    parts: list[Part]
    steps: list[Step]
    program: str | None
    content_hash: str
    seed: int | None
    cached_tokens: int
    reasoning_tokens: int
    near_miss: str
    train_passed: int | None
    train_total: int | None
    train_error: float | None
    facts: dict[str, Any]
    tags: list[str]
    told: bool
    verdicts: list[VerdictShown]
    imported_verdicts: list[ImportedVerdictShown]
    imported_reviews: list[ImportedReviewShown]
    reviews: list[ReviewShown]


def hidden_of(trace: Trace) -> list[str]:
    """What is hidden of a trace that was veiled."""
    return ["verdicts"] * trace.veiled_verdicts + ["sampler"] * trace.veiled_sampler


def show_rows(traces: Sequence[Any]) -> list[dict[str, JSON]]:
    """Traces of a list (selectors.traces.list_traces) as they are answered, with one more query for all of them."""
    names = ("finish_reason", "input_tokens")
    more = {row[0]: row[1:] for row in Trace.objects.filter(pk__in=[t.pk for t in traces]).values_list("pk", *names)}
    return [_row(trace, trace.shown_decision, dict(zip(names, more[trace.pk], strict=True))) for trace in traces]


def _row(trace: Trace, decision: str, more: Mapping[str, JSON]) -> dict[str, JSON]:
    hides = trace.veiled_sampler
    return {
        **{name: getattr(trace, name) for name in ("id", "temperature", "correctness", "answer", "hinted")},
        **more,
        "problem": trace.problem_id,
        "problem_name": trace.problem.name,
        "kind": trace.problem.kind,
        "run": trace.run_id,
        "sampler": trace.sampler_id,
        "sampler_title": None if hides or trace.sampler is None else trace.sampler.title,
        "instruction": trace.instruction_id,
        "decision": decision,
        "output_tokens": trace.output_tokens,
        "seconds": trace.latency_seconds,
        "cost": None if trace.cost is None else float(trace.cost),
        "parent": trace.parent_id,
        "hidden": list[JSON](hidden_of(trace)),
        "created_at": trace.created_at.isoformat(),
    }


def show_trace(trace: Trace, *, reader_id: int, told: bool) -> dict[str, JSON]:
    """A trace (selectors.traces.get_trace), veiled and cut, as it is answered; what people and model judges said of it
    where it is `told`, else one's own reviews only."""
    verdicts, _ = split_verdicts(trace, with_judges=told)
    imported_verdicts, imported_reviews = imported_decisions(trace, with_judges=told)
    history = review_history(trace)
    if not told:
        history = history.filter(reviewer=reader_id)
    more = {"finish_reason": trace.finish_reason, "input_tokens": trace.input_tokens}
    return {
        **_row(trace, trace.decision if told else "", more),
        "prompt": list(prompt_of(trace)),
        "parts": [{"kind": str(part.kind), "text": part.text} for part in parts_of(trace)],
        "steps": [
            {"index": index, "kind": str(step["kind"]), "text": step_text(step)}
            for index, step in enumerate(trace.steps)
        ],
        "program": trace.program.body if trace.program else None,
        **{name: getattr(trace, name) for name in FIGURES},
        "facts": _facts(trace, told=told),
        "tags": _tags(trace, reader_id=reader_id, told=told),
        "told": told,
        "verdicts": [show_verdict(verdict) for verdict in verdicts],
        "imported_verdicts": [_same(each, ImportedVerdictShown) for each in imported_verdicts],
        "imported_reviews": [_same(each, ImportedReviewShown) for each in imported_reviews],
        "reviews": [show_review(review) for review in history[:REVIEWS_SHOWN]],
    }


def _facts(trace: Trace, *, told: bool) -> dict[str, JSON]:
    """What a sampler or a file said besides. Which traces a prompt showed tells what people accepted."""
    if trace.veiled_sampler:
        return {}
    return {name: value for name, value in trace.facts.items() if told or name not in OF_OTHERS}


def _tags(trace: Trace, *, reader_id: int, told: bool) -> list[str]:
    tags = TraceTag.objects.filter(trace=trace)
    seen = tags if told else tags.filter(author=reader_id)
    return sorted(set(seen.values_list("tag__name", flat=True)))


def _same(row: Any, shape: type[Schema]) -> dict[str, JSON]:
    return {name: getattr(row, name) for name in shape.model_fields}


def show_verdict(verdict: Verdict) -> dict[str, JSON]:
    """A verdict as it is answered."""
    same = ("verifier", "version", "outcome", "score", "message", "evidence")
    return {**{name: getattr(verdict, name) for name in same}, "created_at": verdict.created_at.isoformat()}


def show_review(review: Any) -> dict[str, JSON]:
    """A review as it is answered."""
    same = ("id", "decision", "score", "reason", "comment", "step_labels", "tags", "scores")
    return {
        **{name: getattr(review, name) for name in same},
        "reviewer": review.reviewer.username,
        "queue": review.queue_id,
        "created_at": (review.decided_at or review.created_at).isoformat(),
    }


def sees(sight: Sight, trace: Trace) -> bool:
    """Whether what others decided about a trace may be told."""
    return sight.covers(trace.pk)
