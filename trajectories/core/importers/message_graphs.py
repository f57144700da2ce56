"""Rollouts as `verifiers` writes them since its 0.2 (`traces.jsonl`): one episode a line, with a trace for each agent.

An episode is {"task": {"data"}, "traces": [...], "errors", "ok", ...}; earlier files have one bare trace a line. Of a
trace each message is kept once, in `nodes` that name the message before them (`parent`), so that what was asked and
answered is the way from a root to a leaf; `calls` are the calls of the model, with its usage and why it ended,
`rewards` and `metrics` the scores. Where a conversation was branched (compacted, say, or handed to another agent), the
last branch is the trace, and how many there are is kept with it.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from trajectories.core.completions.messages import said_in, thoughts_of
from trajectories.core.completions.usage import MOST, read_usage
from trajectories.core.importers.batch_rows import failed_call
from trajectories.core.importers.foreign_scores import read_score
from trajectories.core.importers.foreign_traces import ForeignTrace, ProblemKey, Row
from trajectories.core.importers.question_rows import question_row
from trajectories.core.importers.row_fields import finished, last_question, meta_of, temperature_of, text_at
from trajectories.core.importers.trace_turns import read_turns
from trajectories.core.importers.transcripts import read_transcript
from trajectories.core.problems import ProblemError, describe
from trajectories.core.problems.documents import check_text
from trajectories.core.records import JSON, FinishReason, Usage, VerdictRecord

CUT_OFF = ("max_turns", "max_input_tokens", "max_output_tokens", "max_total_tokens", "compaction_failed")
"""Conditions under which a rollout was cut off."""


def is_graph(row: Row) -> bool:
    """Whether a row is a trace of messages that name the one before them."""
    return isinstance(row.get("nodes"), list) and "task" in row


def is_episode(row: Row) -> bool:
    """Whether a row is an episode: traces of one task."""
    return isinstance(row.get("traces"), list) and ("task" in row or "env" in row)


def read_episode(row: Row) -> list[ForeignTrace]:
    """The traces of an episode, one of each agent. Raises ProblemError, for one without any in its error's words."""
    traces: Any = row["traces"]
    if not traces:
        raise failed_call("errors", _error(row) or "the episode has no traces")
    found = []
    for at, trace in enumerate(traces):
        if not isinstance(trace, Mapping) or not is_graph(trace):
            raise ProblemError(f"traces[{at}]", f"found {describe(trace)}, expected an object with nodes and a task")
        found += read_graph(trace)
    return found


def read_graph(row: Row) -> list[ForeignTrace]:
    """The trace of a row of messages and calls. Raises ProblemError, with an error's own words."""
    if row.get("ok") is False and (error := _error(row)):
        raise failed_call("errors", error)
    nodes, calls = _objects(row, "nodes"), _objects(row, "calls")
    leaves = _leaves(nodes)
    branch = _branch(nodes, leaves[-1])
    given = next((at for at, node in enumerate(branch) if node.get("sampled") is True), None)
    asked, pieces = read_transcript([_message(node) for node in branch], "nodes", given=given)
    data = _data(row)
    question = _asked(data) or last_question(asked.all)
    response = said_in(pieces)
    last: Row = next((call for call in reversed(calls) if not call.get("error")), {})
    return [
        ForeignTrace(
            problem=_key(data, question),
            messages=asked.all,
            response=response,
            thinking=thoughts_of(pieces),
            pieces=pieces,
            model=text_at(last, "model") or text_at(_agent(row), "model"),
            temperature=_temperature(row, calls),
            finish_reason=_end(row, last, response),
            usage=_usage(calls),
            cost=_cost(calls),
            facts={**_told(row, leaves), **asked.facts},
            verdicts=tuple(_verdicts(row)),
            adds_verdicts=True,
            question_row=question_row(data, question, name=text_at(data, "name")),
        )
    ]


def _objects(row: Row, name: str) -> list[Mapping[str, Any]]:
    """A list of objects under a name, [] where there is none. Raises ProblemError."""
    value: Any = row.get(name) or []
    if not isinstance(value, list) or not all(isinstance(each, Mapping) for each in value):
        raise ProblemError(name, f"found {describe(value)}, expected a list of objects")
    return value


def _leaves(nodes: Sequence[Row]) -> list[int]:
    """The places of the nodes that none follows. Raises ProblemError where there is none."""
    parents = {parent for node in nodes if type(parent := node.get("parent")) is int}
    leaves = [place for place in range(len(nodes)) if place not in parents]
    if not leaves:
        raise ProblemError("nodes", "found no message that none follows, expected at least one")
    return leaves


def _branch(nodes: Sequence[Row], leaf: int) -> list[Row]:
    """The way from a root to a leaf. Raises ProblemError where a node follows none that stands before it."""
    way, place = [nodes[leaf]], leaf
    while (parent := nodes[place].get("parent")) is not None:
        if type(parent) is not int or not 0 <= parent < place:
            raise ProblemError(f"nodes[{place}].parent", f"found {describe(parent)}, expected a node that comes before")
        way.append(nodes[parent])
        place = parent
    return way[::-1]


def _message(node: Row) -> Any:
    """A message as Chat Completions has it: a call of a tool with its function as an object."""
    message = node.get("message")
    if not isinstance(message, Mapping) or not isinstance(calls := message.get("tool_calls"), list):
        return message
    return {**message, "tool_calls": [_call(call) for call in calls]}


def _call(call: Any) -> Any:
    if not isinstance(call, Mapping) or not isinstance(call.get("name"), str):
        return call
    function = {"name": call["name"], "arguments": call.get("arguments")}
    return {"id": call.get("id"), "type": "function", "function": function}


def _data(row: Row) -> Row:
    """What is known of the task; its own fields, in files that have no `data`."""
    task = row.get("task")
    found = task.get("data", task) if isinstance(task, Mapping) else {}
    return found if isinstance(found, Mapping) else {}


def _asked(data: Row) -> str:
    """What the task asks, whatever a simulated user said after it; "" where the row does not say."""
    prompt = data.get("prompt")
    if isinstance(prompt, list):
        return last_question(read_turns(prompt, "task.data.prompt").all)
    return check_text(prompt, "task.data.prompt") if isinstance(prompt, str) else ""


def _key(data: Row, question: str) -> ProblemKey:
    """A task's name is its problem's, unless it only counts; else what was asked says which problem it is."""
    told = {**meta_of(data), **data}
    name = text_at(data, "name")
    key = ProblemKey(
        text_at(told, "problem_hash"),
        text_at(told, "problem_id"),
        (text_at(data, "question") or question).strip(),
        check_text("" if name.isdigit() else name, "name"),
    )
    if not str(key):
        raise ProblemError("task", "found no question and no name, expected one of them")
    return key


def _error(row: Row) -> str:
    """What the last of the errors says."""
    errors = row.get("errors")
    last = errors[-1] if isinstance(errors, list) and errors else None
    if isinstance(last, Mapping):
        return ": ".join(" ".join(str(last[name]).split()) for name in ("type", "message") if last.get(name))
    return "" if last is None else str(last)


def _agent(row: Row) -> Row:
    agent = row.get("agent")
    config = agent.get("config") if isinstance(agent, Mapping) else None
    return config if isinstance(config, Mapping) else {}


def _temperature(row: Row, calls: Sequence[Row]) -> float:
    for holder in (*reversed(calls), _agent(row)):
        sampling = holder.get("sampling")
        if isinstance(sampling, Mapping) and sampling.get("temperature") is not None:
            return temperature_of(sampling)
    return 0.0


def _end(row: Row, last: Row, response: str) -> FinishReason:
    """A rollout that was stopped by a limit was cut off; else its last call says why it ended."""
    if row.get("stop_condition") in CUT_OFF:
        return FinishReason.LENGTH
    return finished(last.get("finish_reason"), response)


def _usage(calls: Sequence[Row]) -> Usage:
    """The tokens of all calls together. What came out of the cache is counted beside the prompt."""
    total = Usage()
    for call in calls:
        told: Any = call.get("usage")
        if counted := read_usage(told):
            cached = told.get("cached_input_tokens")
            beside = cached if type(cached) is int and 0 < cached < MOST else 0
            incoming = min(counted.usage.input_tokens + beside, MOST)
            total += replace(counted.usage, input_tokens=incoming, cached_tokens=beside)
    return total


def _cost(calls: Sequence[Row]) -> Decimal | None:
    """What the provider says that all calls cost; None where it says nothing."""
    counted = [read_usage(call.get("usage")) for call in calls]
    costs = [each.cost for each in counted if each is not None and each.cost is not None]
    return sum(costs, Decimal(0)) if costs else None


def _told(row: Row, leaves: Sequence[int]) -> dict[str, JSON]:
    """Which rollout it is, as whom the model spoke, and how many branches there are where there are several."""
    agent = row.get("agent")
    name = agent.get("name") if isinstance(agent, Mapping) else None
    return {
        **({"custom_id": row["id"]} if isinstance(row.get("id"), str) else {}),
        **({"agent": name} if isinstance(name, str) and name else {}),
        **({"branches": len(leaves)} if len(leaves) > 1 else {}),
    }


def _verdicts(row: Row) -> Iterator[VerdictRecord]:
    """The reward with each of those that it is made of, and every metric."""
    rewards, metrics = row.get("rewards"), row.get("metrics")
    told = rewards if isinstance(rewards, Mapping) else {}
    scored = {name: each for name, each in told.items() if isinstance(each, Mapping) and _is_number(each.get("score"))}
    weights = {name: each["weight"] if _is_number(each.get("weight")) else 1.0 for name, each in scored.items()}
    if scored and (total := _sum(each["score"] * weights[name] for name, each in scored.items())) is not None:
        yield from read_score("verifiers reward", total)
    for name, each in scored.items():
        yield from read_score(f"verifiers {name}", each["score"], {"weight": weights[name]})
    for name, value in metrics.items() if isinstance(metrics, Mapping) else ():
        if value is not None:
            yield from read_score(f"verifiers {name}", value)


def _sum(rewards: Iterable[float]) -> float | None:
    """What rewards come to; None for what is no number that can be kept."""
    try:
        total = math.fsum(rewards)
    except OverflowError:
        return None
    return total if math.isfinite(total) else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
