"""Traces sampled elsewhere, one to a line of JSON: the shapes that are read, and what is taken from each.

- plain: {"problem_id" | "problem_hash" | "question", "response", "reasoning"?, "model"?, "temperature"?}; thoughts may
  have any of their names
- `sft-messages`: {"messages": [..., {"role": "assistant", ...}]}
- `full`, as Minicolumn exports it: {"problem": {...}, "trace": {...}}
- a submission of the ARC Prize, a document of its own (arc_submissions.py): one trace for each attempt at a task
- samples as lm-evaluation-harness logs them (lm_eval_rows.py)
- answers as they came from a provider, alone or in a line of a batch's output (batch_rows.py): chat completions,
  responses, messages of Anthropic, answers of Gemini; one trace for each alternative answer

Everything but `full` may name its problem in "problem_id", "problem_hash" or "question", in the row itself or in its
"meta" or "metadata"; a conversation without such names its problem by what the user said last.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from trajectories.core.completions.bodies import read_alternatives
from trajectories.core.completions.hidden_errors import HiddenError, error_words, is_broken_off
from trajectories.core.completions.messages import Piece, said_in, thoughts_of
from trajectories.core.completions.parts import (
    Completion,
    PartError,
    build_completion,
    completion_of,
    parts_from_json,
)
from trajectories.core.completions.recovering import mark_thinking, recover_parts
from trajectories.core.completions.replies import Reply, ReplyError, cut_at_limit, finish_reason_of
from trajectories.core.completions.thoughts import Part, PartKind
from trajectories.core.importers.arc_submissions import MARK, attempt_text, read_attempts
from trajectories.core.importers.archive_rows import (
    ArchivedItem,
    ArchivedProblem,
    model_of,
    read_end,
    read_facts,
    read_item,
    read_problem,
    read_usage,
)
from trajectories.core.importers.batch_rows import Enclosed, failed_call, open_row, request_messages, request_option
from trajectories.core.importers.lm_eval_rows import is_logged, read_logged
from trajectories.core.importers.trace_turns import Turns, check_pieces, read_said, read_turns, thoughts_beside
from trajectories.core.importers.verdict_rows import ForeignReview, read_reviews, read_verdicts
from trajectories.core.problems import ProblemError, describe
from trajectories.core.problems.documents import check_text
from trajectories.core.prompts.segmentation import as_stored, cut_steps
from trajectories.core.records import JSON, AnswerSpan, FinishReason, Step, StepKind, Usage, VerdictRecord
from trajectories.core.verifiers.answers import read_span

MAX_STEPS = 5_000
OUTPUT_LIMITS = ("max_completion_tokens", "max_tokens", "max_output_tokens", "maxOutputTokens", "max_tokens_to_sample")
Row = Mapping[str, JSON]
THINKING = PartKind.THINKING.value


@dataclass(frozen=True, slots=True)
class ProblemKey:
    """How a row names its problem; the first of these that is set counts.

    A `custom_id` is what whoever asked called the request: the problem's name, or that with the number of the sample
    behind it; where it names none, what was asked counts.
    """

    hash: str = ""
    name: str = ""
    question: str = ""
    custom_id: str = ""

    def __str__(self) -> str:
        return self.hash or self.name or self.custom_id or self.question


@dataclass(frozen=True, slots=True)
class ForeignTrace:
    """A trace as its file has it. `answer` and `program` are only set where the row states them, and so is the `place`
    of an answer in the response. `cost` is what its endpoint stated, None where it stated nothing; `raw` is the answer
    as its provider wrote it, "" where the file has only its text.

    `pieces` are what the model said, in order; without them it is `thinking` and `response`. `parts` are those of the
    response, where the row states them. `adds_verdicts` says that its verdicts are added to a trace that is known.
    `archived_problem` and `archived_item` are what a row of an archive says besides.
    """

    problem: ProblemKey
    messages: tuple[Row, ...]
    response: str
    thinking: str = ""
    pieces: tuple[Piece, ...] = ()
    parts: tuple[Part, ...] = ()
    model: str = ""
    temperature: float = 0.0
    finish_reason: FinishReason = FinishReason.STOP
    usage: Usage = field(default_factory=Usage)
    cost: Decimal | None = None
    steps: tuple[Step, ...] = ()
    answer: JSON = None
    program: str = ""
    facts: Row = field(default_factory=dict)
    raw: str = ""
    span: AnswerSpan | None = None
    verdicts: tuple[VerdictRecord, ...] = ()
    adds_verdicts: bool = False
    reviews: tuple[ForeignReview, ...] = ()
    archived_problem: ArchivedProblem | None = None
    archived_item: ArchivedItem | None = None

    @property
    def completion(self) -> Completion:
        """What the model said, in parts."""
        if self.parts:
            return Completion(self.response, self.parts)
        return build_completion(self.pieces) if self.pieces else completion_of(self.response, self.thinking)


def read_traces(row: Row) -> list[ForeignTrace]:
    """The traces of one row, at least one. Raises ProblemError with the key that is wrong as path."""
    if MARK in row:
        return _submitted(row)
    if is_logged(row):
        return _logged(row)
    if "trace" in row:
        return [_full(row)]
    if (enclosed := open_row(row)) is not None:
        return _answers(row, enclosed)
    if "messages" in row:
        return [_conversation(row)]
    if "response" in row:
        return [_plain(row)]
    raise ProblemError("", 'found no "response", "messages", "choices" or "trace", expected one of them')


def _submitted(row: Row) -> list[ForeignTrace]:
    """A trace for each attempt at a task: what it states for every test input is its answer."""
    key, model = _key(row, ""), _text(row, "model")
    return [
        ForeignTrace(key, (), attempt_text(grids), model=model, answer=grids, facts={"attempt": number})
        for number, grids in enumerate(read_attempts(row[MARK]), 1)
    ]


def _logged(row: Row) -> list[ForeignTrace]:
    samples = read_logged(row)
    return [
        ForeignTrace(
            problem=_key(row, sample.question or sample.prompt),
            messages=({"role": "user", "content": sample.prompt},) if sample.prompt else (),
            response=sample.response,
            model=_text(row, "model") or _model_of_meta(row),
            temperature=_temperature({"temperature": sample.temperature}),
            finish_reason=_finished(row.get("finish_reason"), sample.response),
            verdicts=sample.verdicts,
            adds_verdicts=True,
        )
        for sample in samples
    ]


def _plain(row: Row) -> ForeignTrace:
    question = _text(row, "question")
    prompt = read_turns(row["prompt"], "prompt") if "prompt" in row else Turns((), None)
    said = row.get("response")
    response = said if isinstance(said, list) else _text(row, "response", needed=True)
    pieces = read_said({**thoughts_beside(row), "content": response}, "")
    return ForeignTrace(
        problem=_key(row, question),
        messages=prompt.all or (({"role": "user", "content": question},) if question else ()),
        **_said(pieces, row.get("finish_reason")),
        model=_text(row, "model"),
        temperature=_temperature(row),
        facts=_facts(prompt),
    )


def _conversation(row: Row) -> ForeignTrace:
    turns = read_turns(row["messages"], "messages")
    if turns.last is None:
        raise ProblemError("messages", "found no closing message of the assistant, expected one")
    return ForeignTrace(
        problem=_key(row, _last_question(turns.before)),
        messages=turns.before,
        **_said(turns.last, row.get("finish_reason")),
        model=_text(row, "model") or _model_of_meta(row),
        temperature=_temperature(row),
        facts=_facts(turns),
    )


def _said(pieces: tuple[Piece, ...], finish_reason: JSON) -> dict[str, Any]:
    """What the model said, and why it ended: a text that ends inside its thoughts was cut off, if nothing else is
    stated."""
    response = said_in(pieces)
    reason = _finished(finish_reason, response)
    parts = build_completion(pieces).parts
    if finish_reason is None and parts and parts[-1].is_open:
        reason = FinishReason.LENGTH
    return {"response": response, "thinking": thoughts_of(pieces), "pieces": pieces, "finish_reason": reason}


def _facts(turns: Turns) -> dict[str, JSON]:
    return {"left_out": dict(turns.left_out)} if turns.left_out else {}


def _full(row: Row) -> ForeignTrace:
    trace, problem = row["trace"], row.get("problem")
    if not isinstance(trace, dict) or not isinstance(problem, dict):
        raise ProblemError("trace", 'found no objects "problem" and "trace", expected both')
    response, steps = _text(trace, "reasoning", path="trace."), _steps(trace.get("steps", []))
    parts, steps = _parts(trace.get("parts"), response, steps)
    archived, item = read_problem(problem), read_item(row.get("item"))
    named = {"problem_hash": archived.content_hash} if archived else _hash_of_meta(row)
    return ForeignTrace(
        problem=_key({**problem, "problem_id": problem.get("name"), **named}, ""),
        messages=read_turns(trace.get("prompt", []), "trace.prompt").all,
        response=response,
        parts=parts,
        model=_text(row, "model") or (_model_of_meta(row) if item is None else model_of(item)),
        temperature=_temperature(trace),
        finish_reason=read_end(trace) or _finished(None, response),
        usage=read_usage(trace.get("usage")),
        steps=steps,
        answer=trace.get("answer"),
        program=_text(trace, "program", path="trace."),
        span=read_span(trace.get("found"), response),
        facts=read_facts(trace, item),
        verdicts=read_verdicts(row.get("verdicts")),
        reviews=read_reviews(row.get("reviews"), lambda cut: len(cut_steps(cut, response, parts, as_stored(steps)))),
        archived_problem=archived,
        archived_item=item,
    )


def _answers(row: Row, enclosed: Enclosed) -> list[ForeignTrace]:
    """One trace for each alternative answer of a provider. Raises ProblemError, with an error's own words."""
    body, request = enclosed.body, enclosed.request
    _check_alternatives(enclosed)
    try:
        replies = read_alternatives(body, enclosed.kind)
    except HiddenError as fault:
        raise failed_call(enclosed.path, error_words(json.loads(fault.refusal.text))) from fault
    except ReplyError as fault:
        raise ProblemError(enclosed.path, f"found {fault}, expected {enclosed.kind.name}") from fault
    asked = request_messages(request)
    turns = read_turns(asked, "request.messages") if asked else Turns((), None)
    messages = turns.all
    key = _key(row, _last_question(messages) or _text(row, "question"), enclosed.custom_id)
    limit = request_option(request, body, *OUTPUT_LIMITS)
    temperature = _temperature({"temperature": request_option(request, body, "temperature")})
    model = _text(row, "model") or _text(request, "model")
    traces = []
    for number, reply in enumerate(replies):
        whole = cut_at_limit(reply, limit) if type(limit) is int and len(replies) == 1 else reply
        trace = _answer(whole, key, messages, len(replies))
        facts = {**trace.facts, "alternative": number} if len(replies) > 1 else trace.facts
        traces.append(replace(trace, facts=facts))
    found = [replace(trace, temperature=temperature, model=trace.model or model) for trace in traces]
    facts = {**({"custom_id": key.custom_id} if key.custom_id else {}), **_facts(turns)}
    return [replace(trace, facts={**trace.facts, **facts}) for trace in found]


def _answer(reply: Reply, key: ProblemKey, messages: tuple[Row, ...], alternatives: int) -> ForeignTrace:
    return ForeignTrace(
        problem=key,
        messages=messages,
        response=check_text(reply.text, "the answer"),
        thinking=check_text(reply.reasoning, "the thoughts"),
        pieces=check_pieces(reply.pieces, "the answer"),
        model=reply.model,
        finish_reason=reply.finish_reason,
        usage=_share(reply.usage or Usage(), alternatives),
        cost=None if reply.stated_cost is None else reply.stated_cost / alternatives,
        facts={"tool_calls": list(reply.tool_calls)} if reply.tool_calls else {},
        raw=reply.raw,
    )


def _check_alternatives(enclosed: Enclosed) -> None:
    """Refuse an answer without alternatives, or with one that is none: whoever reads a live answer is more lenient."""
    name = enclosed.kind.alternatives
    found = enclosed.body.get(name) if name else None
    if not name or (name != "choices" and found is None):
        return
    where = f"{enclosed.path}.{name}".lstrip(".")
    if not isinstance(found, list) or not found:
        raise ProblemError(where, f"found {describe(found)}, expected a list of at least one {name.removesuffix('s')}")
    for index, one in enumerate(found):
        inner = "message" if name == "choices" else "content"
        path = f"{where}[{index}].{inner}"
        said = one.get(inner) if isinstance(one, dict) else None
        if isinstance(said, dict):
            read_said(said if name == "choices" else {"content": said.get("parts")}, path)
            continue
        is_empty = name == "candidates" and isinstance(one, dict) and said is None  # Gemini was cut off before any
        if not is_empty:
            raise ProblemError(path, f"found {describe(said)}, expected an object")


def _key(row: Row, question: str, custom_id: str = "") -> ProblemKey:
    """How a row names its problem. Raises ProblemError where it does not."""
    named = {**_meta(row), **row}
    key = ProblemKey(
        _text(named, "problem_hash"),
        _text(named, "problem_id"),
        (_text(row, "question") or question).strip(),
        check_text(custom_id, "custom_id"),
    )
    if not str(key):
        raise ProblemError("", 'found no "problem_id", "problem_hash" or "question", expected one of them')
    return key


def _meta(row: Row) -> dict[str, JSON]:
    found: dict[str, JSON] = {}
    for name in ("metadata", "meta"):
        value = row.get(name)
        found |= value if isinstance(value, dict) else {}
    return found


def _hash_of_meta(row: Row) -> dict[str, JSON]:
    return {key: value for key, value in _meta(row).items() if key == "problem_hash"}


def _model_of_meta(row: Row) -> str:
    meta = _meta(row)
    return _text(meta, "model") or _text(meta, "sampler")


def _last_question(messages: Sequence[Row]) -> str:
    return next((str(message["content"]) for message in reversed(messages) if message["role"] == "user"), "")


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


def _text(row: Mapping[str, Any], name: str, *, path: str = "", needed: bool = False) -> str:
    """Text or a number as text; an empty text where there is none."""
    value = row.get(name)
    if value is None and not needed:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ProblemError(f"{path}{name}", f"found {describe(value)}, expected text")
    return check_text(str(value), f"{path}{name}")


def _temperature(row: Row) -> float:
    value = row.get("temperature")
    if value is None:
        return 0.0
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
        raise ProblemError("temperature", f"found {describe(value)}, expected a number from 0 to 100")
    return float(value)


def _finished(value: JSON, response: str) -> FinishReason:
    if is_broken_off(value):
        raise ProblemError("finish_reason", f"found {describe(value)}, a text broken off; expected a finished one")
    return finish_reason_of(value, response)


def _share(usage: Usage, alternatives: int) -> Usage:
    """What one of several answers took: the input of all, and its share of the output."""
    return replace(
        usage,
        reasoning_tokens=usage.reasoning_tokens // alternatives,
        output_tokens=usage.output_tokens // alternatives,
    )


def _steps(value: JSON) -> tuple[Step, ...]:
    if not isinstance(value, list) or len(value) > MAX_STEPS:
        raise ProblemError("trace.steps", f"found {describe(value)}, expected a list of at most {MAX_STEPS:,} steps")
    steps = []
    kinds = tuple(StepKind)  # compared one by one: what stands there may have no hash
    for index, step in enumerate(value):
        path = f"trace.steps[{index}]"
        if not isinstance(step, dict) or step.get("kind") not in kinds:
            raise ProblemError(path, f"found {describe(step)}, expected a step of a known kind")
        depth, data = step.get("depth", 0), step.get("data", {})
        if type(depth) is not int or not 0 <= depth < 100 or not isinstance(data, dict):
            raise ProblemError(path, "found an odd depth or data, expected a number from 0 to 99 and an object")
        title, body = (_text(step, name, path=f"{path}.") for name in ("title", "body"))
        steps.append(Step(StepKind(step["kind"]), title, body, depth, data, is_thinking=step.get("part") == THINKING))
    return tuple(steps)
