"""Rows of the `full` format, as Minicolumn exports it: {"problem": {...}, "trace": {...}}."""

from trajectories.core.completions.parts import PartError, parts_from_json
from trajectories.core.completions.recovering import mark_thinking, recover_parts
from trajectories.core.completions.thoughts import Part, PartKind
from trajectories.core.importers.archive_rows import (
    model_of,
    read_end,
    read_facts,
    read_item,
    read_problem,
    read_usage,
)
from trajectories.core.importers.foreign_traces import ForeignTrace, Row
from trajectories.core.importers.row_fields import (
    finished,
    hash_of_meta,
    model_of_meta,
    read_key,
    temperature_of,
    text_at,
    trace_id_of,
)
from trajectories.core.importers.trace_turns import read_turns
from trajectories.core.importers.verdict_rows import read_reviews, read_verdicts
from trajectories.core.problems import ProblemError, describe
from trajectories.core.prompts.segmentation import as_stored, cut_steps, places_in
from trajectories.core.records import JSON, Step, StepKind
from trajectories.core.verifiers.answers import read_span

THINKING = PartKind.THINKING.value


def is_full(row: Row) -> bool:
    """Whether a row is of this shape."""
    return "trace" in row


def read_full(row: Row) -> list[ForeignTrace]:
    """The trace of a row. Raises ProblemError."""
    trace, problem = row["trace"], row.get("problem")
    if not isinstance(trace, dict) or not isinstance(problem, dict):
        raise ProblemError("trace", 'found no objects "problem" and "trace", expected both')
    response, steps = text_at(trace, "reasoning", path="trace."), _steps(trace.get("steps", []))
    parts, steps = _parts(trace.get("parts"), response, steps)
    archived, item = read_problem(problem), read_item(row.get("item"))
    named = {"problem_hash": archived.content_hash} if archived else hash_of_meta(row)
    read = ForeignTrace(
        problem=read_key({**problem, "problem_id": problem.get("name"), **named}, ""),
        messages=read_turns(trace.get("prompt", []), "trace.prompt").all,
        response=response,
        parts=parts,
        model=text_at(row, "model") or (model_of_meta(row) if item is None else model_of(item)),
        temperature=temperature_of(trace),
        finish_reason=read_end(trace) or finished(None, response),
        usage=read_usage(trace.get("usage")),
        steps=steps,
        answer=trace.get("answer"),
        program=text_at(trace, "program", path="trace."),
        span=read_span(trace.get("found"), response),
        facts=read_facts(trace, item),
        verdicts=read_verdicts(row.get("verdicts")),
        adds_verdicts=True,
        reviews=read_reviews(
            row.get("reviews"),
            lambda cut, spans: len(cut_steps(cut, response, parts, as_stored(steps), places_in(spans))),
        ),
        archived_problem=archived,
        archived_item=item,
        of_any_model=True,
        trace_id=trace_id_of(row) if item is None else item.trace_id,
    )
    return [read]


def _parts(value: JSON, response: str, steps: tuple[Step, ...]) -> tuple[tuple[Part, ...], tuple[Step, ...]]:
    """The parts of a response as the row states them, else as its steps and its marks tell; and the steps with them.

    Raises ProblemError for parts that are none of the response.
    """
    if value is None:
        marked = mark_thinking(steps)
        return recover_parts(response, None, marked), marked
    try:
        return parts_from_json(value, response), steps
    except PartError as fault:
        raise ProblemError("trace.parts", str(fault)) from fault


def _steps(value: JSON) -> tuple[Step, ...]:
    if not isinstance(value, list):
        raise ProblemError("trace.steps", f"found {describe(value)}, expected a list of steps")
    steps = []
    kinds = tuple(StepKind)  # compared one by one: what stands there may have no hash
    for index, step in enumerate(value):
        path = f"trace.steps[{index}]"
        if not isinstance(step, dict) or step.get("kind") not in kinds:
            raise ProblemError(path, f"found {describe(step)}, expected a step of a known kind")
        depth, data = step.get("depth", 0), step.get("data", {})
        if type(depth) is not int or not 0 <= depth < 100 or not isinstance(data, dict):
            raise ProblemError(path, "found an odd depth or data, expected a number from 0 to 99 and an object")
        title, body = (text_at(step, name, path=f"{path}.") for name in ("title", "body"))
        steps.append(Step(StepKind(step["kind"]), title, body, depth, data, is_thinking=step.get("part") == THINKING))
    return tuple(steps)
