"""Answers as they came from a provider, alone or in a line of a batch's output (batch_rows.py): chat completions,
responses, messages of Anthropic, answers of Gemini; one trace for each alternative answer."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace

from trajectories.core.completions.bodies import read_alternatives
from trajectories.core.completions.hidden_errors import HiddenError, error_words
from trajectories.core.completions.replies import Reply, ReplyError, cut_at_limit
from trajectories.core.importers.batch_rows import (
    Enclosed,
    failed_call,
    names_in_id,
    open_row,
    request_messages,
    request_option,
)
from trajectories.core.importers.foreign_traces import ForeignTrace, ProblemKey, Row
from trajectories.core.importers.question_rows import question_row
from trajectories.core.importers.row_fields import last_question, read_key, temperature_of, text_at
from trajectories.core.importers.trace_turns import Turns, check_pieces, left_out_of_message, read_said, read_turns
from trajectories.core.problems import ProblemError, describe
from trajectories.core.problems.documents import check_text
from trajectories.core.records import JSON, Usage

KEYS = (
    *("response", "result", "modelOutput", "modelInput", "error", "output", "object", "content"),
    *("choices", "candidates", "promptFeedback", "prompt_feedback"),
)
"""Of these an answer of a provider has some, or the line that encloses it."""

OUTPUT_LIMITS = ("max_completion_tokens", "max_tokens", "max_output_tokens", "maxOutputTokens", "max_tokens_to_sample")


def is_answer(row: Row) -> bool:
    """Whether a row is, or encloses, an answer of a known provider. Raises ProblemError for a call that failed."""
    return open_row(row) is not None


def read_answers(row: Row) -> list[ForeignTrace]:
    """One trace for each alternative answer of a provider. Raises ProblemError, with an error's own words."""
    enclosed = open_row(row)
    assert enclosed is not None, "is_answer"
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
    key = read_key(row, last_question(messages) or text_at(row, "question"), enclosed.custom_id)
    limit = request_option(request, body, *OUTPUT_LIMITS)
    temperature = temperature_of({"temperature": request_option(request, body, "temperature")})
    model = text_at(row, "model") or text_at(request, "model")
    traces = []
    for number, reply in enumerate(replies):
        whole = cut_at_limit(reply, limit) if type(limit) is int and len(replies) == 1 else reply
        trace = _answer(whole, key, messages, len(replies))
        facts = {**trace.facts, "alternative": number} if len(replies) > 1 else trace.facts
        traces.append(replace(trace, facts=facts))
    found = [replace(trace, temperature=temperature, model=trace.model or model) for trace in traces]
    told: dict[str, JSON] = {"custom_id": key.custom_id} if key.custom_id else {}
    named = key.name or (names_in_id(key.custom_id) or ("",))[-1]
    asked_for = question_row(row, last_question(messages) or text_at(row, "question"), name=named)
    lost = Counter(turns.left_out)
    for message in _said_in(body):
        lost.update(left_out_of_message(message))
    if lost:
        told["left_out"] = dict(lost)
    return [replace(trace, facts={**trace.facts, **told}, question_row=asked_for) for trace in found]


def _said_in(body: Row) -> Iterator[JSON]:
    """The messages of a body of any kind, as they came."""
    yield body  # Anthropic's is a message itself
    for name, inner in (("choices", "message"), ("candidates", "content"), ("output", ""), ("outputs", "")):
        listed = body.get(name)
        for one in listed if isinstance(listed, list) else ():
            if isinstance(one, Mapping):
                yield one.get(inner) if inner else one
    output = body.get("output")
    if isinstance(output, Mapping):  # Bedrock's Converse
        yield output.get("message")


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
        if isinstance(one, dict) and isinstance(one.get("text"), str) and "message" not in one:
            continue
        said = one.get(inner) if isinstance(one, dict) else None
        if isinstance(said, dict):
            read_said(said if name == "choices" else {"content": said.get("parts")}, path)
            continue
        is_empty = name == "candidates" and isinstance(one, dict) and said is None  # Gemini was cut off before any
        if not is_empty:
            raise ProblemError(path, f"found {describe(said)}, expected an object")


def _share(usage: Usage, alternatives: int) -> Usage:
    """What one of several answers took: the input of all, and its share of the output."""
    return replace(
        usage,
        reasoning_tokens=usage.reasoning_tokens // alternatives,
        output_tokens=usage.output_tokens // alternatives,
    )
