"""Traces sampled elsewhere, one to a line of JSON: the shapes that are read, and what is taken from each.

- plain: {"problem_id" | "problem_hash" | "question", "response", "reasoning"?, "model"?, "temperature"?}; thoughts may
  have any of their names
- `sft-messages`: {"messages": [..., {"role": "assistant", ...}]}
- `full`, as Minicolumn exports it: {"problem": {...}, "trace": {...}}
- chat completions of OpenAI-compatible endpoints, alone or in a line of a batch's output: one trace per choice

Everything but `full` may name its problem in "problem_id", "problem_hash" or "question", in the row itself or in its
"meta" or "metadata"; a conversation without such names its problem by what the user said last.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import IO, Any

from trajectories.core.completions.messages import Piece, said_in, thoughts_of
from trajectories.core.completions.parts import (
    Completion,
    PartError,
    build_completion,
    completion_of,
    parts_from_json,
)
from trajectories.core.completions.recovering import mark_thinking, recover_parts
from trajectories.core.completions.thoughts import Part, PartKind
from trajectories.core.completions.usage import Counted, read_usage
from trajectories.core.judged_rows import ForeignReview, read_reviews, read_verdicts
from trajectories.core.problems import ProblemError, describe
from trajectories.core.problems.documents import check_text, decode_text, parse_json_text
from trajectories.core.records import JSON, AnswerPlace, FinishReason, Step, StepKind, Usage, VerdictRecord
from trajectories.core.trace_turns import Turns, read_said, read_turns, thoughts_beside
from trajectories.core.verifiers.answers import read_place

MAX_LINE = 8 * 1024 * 1024
MAX_STEPS = 5_000
FINISHED = {
    "stop": FinishReason.STOP,
    "length": FinishReason.LENGTH,
    "max_tokens": FinishReason.LENGTH,
    "content_filter": FinishReason.REFUSAL,
    "refusal": FinishReason.REFUSAL,
}
Row = Mapping[str, JSON]
THINKING = PartKind.THINKING.value


@dataclass(frozen=True, slots=True)
class ProblemKey:
    """How a row names its problem; the first of these that is set counts."""

    hash: str = ""
    name: str = ""
    question: str = ""

    def __str__(self) -> str:
        return self.hash or self.name or self.question


@dataclass(frozen=True, slots=True)
class ForeignTrace:
    """A trace as its file has it. `answer` and `program` are only set where the row states them, and so is the `place`
    of an answer in the response. `cost` is what its endpoint stated, None where it stated nothing.

    `pieces` are what the model said, in order; without them it is `thinking` and `response`. `parts` are those of the
    response, where the row states them.
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
    place: AnswerPlace | None = None
    verdicts: tuple[VerdictRecord, ...] = ()
    reviews: tuple[ForeignReview, ...] = ()

    @property
    def completion(self) -> Completion:
        """What the model said, in parts."""
        if self.parts:
            return Completion(self.response, self.parts)
        return build_completion(self.pieces) if self.pieces else completion_of(self.response, self.thinking)


def read_lines(stream: IO[bytes]) -> Iterator[tuple[int, Row | ProblemError]]:
    """The rows of a .jsonl file with their line numbers; one that cannot be read is a ProblemError. Constant memory."""
    number = 0
    while line := stream.readline(MAX_LINE + 1):
        number += 1
        if len(line) > MAX_LINE:
            while line and not line.endswith(b"\n"):
                line = stream.readline(MAX_LINE)
            yield number, ProblemError("", f"found more than {MAX_LINE >> 20} MB in one line, expected less")
            continue
        try:
            text = decode_text(line).rstrip("\r\n")
            if not text.strip():
                continue
            value = parse_json_text(text)
            if not isinstance(value, dict):
                raise ProblemError("", f"found {describe(value)}, expected an object")
        except ProblemError as fault:
            yield number, ProblemError(fault.path.removeprefix("line 1 "), fault.detail)
        else:
            yield number, value


def read_traces(row: Row) -> list[ForeignTrace]:
    """The traces of one row, at least one. Raises ProblemError with the key that is wrong as path."""
    if "trace" in row:
        return [_full(row)]
    if "choices" in row or _body(row) is not None:
        return _completions(row)
    if "messages" in row:
        return [_conversation(row)]
    if "response" in row:
        return [_plain(row)]
    raise ProblemError("", 'found no "response", "messages", "choices" or "trace", expected one of them')


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
    return ForeignTrace(
        problem=_key({**problem, "problem_id": problem.get("name"), **_hash_of_meta(row)}, ""),
        messages=read_turns(trace.get("prompt", []), "trace.prompt").all,
        response=response,
        parts=parts,
        model=_text(row, "model") or _model_of_meta(row),
        steps=steps,
        answer=trace.get("answer"),
        program=_text(trace, "program", path="trace."),
        place=read_place(trace.get("found"), response),
        facts={"hinted": True} if trace.get("hinted") is True else {},
        verdicts=read_verdicts(row.get("verdicts")),
        reviews=read_reviews(row.get("reviews"), len(steps)),
    )


def _completions(row: Row) -> list[ForeignTrace]:
    body = _body(row) or row
    choices = body.get("choices")
    if not isinstance(choices, list) or not choices:
        raise ProblemError("choices", f"found {describe(choices)}, expected a list of at least one choice")
    request = row.get("request") if isinstance(row.get("request"), dict) else row
    asked = request if isinstance(request, dict) and "messages" in request else {"messages": []}
    messages = read_turns(asked["messages"], "request.messages").all
    named = {**row, **({"problem_id": row["custom_id"]} if "custom_id" in row and "problem_id" not in row else {})}
    key = _key(named, _last_question(messages) or _text(row, "question"))
    took = _counted(body.get("usage"), len(choices))
    shared = ForeignTrace(key, messages, "", model=_text(body, "model"), usage=took.usage, cost=took.cost)
    return [_choice(choice, index, shared, row) for index, choice in enumerate(choices)]


def _choice(choice: JSON, index: int, shared: ForeignTrace, row: Row) -> ForeignTrace:
    path = f"choices[{index}]."
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(message, dict):
        raise ProblemError(f"{path}message", f"found {describe(message)}, expected an object")
    pieces = read_said(message, f"{path}message")
    request = row.get("request")
    return ForeignTrace(
        problem=shared.problem,
        messages=shared.messages,
        **_said(pieces, choice.get("finish_reason")),
        model=shared.model,
        temperature=_temperature(request if isinstance(request, dict) else row),
        usage=shared.usage,
        cost=shared.cost,
    )


def _body(row: Row) -> Row | None:
    """The completion inside a line of a batch's output. Raises ProblemError where the call itself failed."""
    response = row.get("response")
    if not isinstance(response, dict):
        return None
    body = response.get("body", response)
    if row.get("error") or not isinstance(body, dict) or "choices" not in body:
        raise ProblemError("response", "found a failed call, expected a chat completion")
    return body


def _key(row: Row, question: str) -> ProblemKey:
    """How a row names its problem. Raises ProblemError where it does not."""
    named = {**_meta(row), **row}
    key = ProblemKey(
        _text(named, "problem_hash"), _text(named, "problem_id"), (_text(row, "question") or question).strip()
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
    if not response.strip():
        return FinishReason.EMPTY
    return FINISHED.get(value, FinishReason.STOP) if isinstance(value, str) else FinishReason.STOP


def _counted(value: JSON, choices: int) -> Counted:
    """What one choice of several took: the input of all, and its share of the output and the cost."""
    counted = read_usage(value) or Counted(Usage())
    usage, cost = counted.usage, counted.cost
    shared = replace(
        usage,
        reasoning_tokens=usage.reasoning_tokens // choices,
        output_tokens=usage.output_tokens // choices,
    )
    return Counted(shared, None if cost is None else cost / choices)


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
