"""Traces and episodes of verifiers 1 (PrimeIntellect-ai/verifiers, `traces.jsonl`), as prime-rl's streams have them.

A trace holds its messages as a graph of `nodes`, each with its `parent`; what leads to the last node is what the model
read and did. {"task": {"data": {"prompt", "answer", ...}}, "agent", "nodes", "calls", "rewards": {name: {"score",
"weight"}}, "metrics", "stop_condition", "errors"}; an episode is {"traces": [...]}.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from trajectories.core.completions.messages import said_in, thoughts_of
from trajectories.core.completions.replies import list_of
from trajectories.core.completions.usage import read_usage
from trajectories.core.importers.batch_rows import failed_call
from trajectories.core.importers.foreign_scores import read_score
from trajectories.core.importers.foreign_traces import ForeignTrace, ProblemKey, Row
from trajectories.core.importers.question_rows import question_row
from trajectories.core.importers.row_fields import finished, last_question, temperature_of, text_at
from trajectories.core.importers.trace_turns import read_turns
from trajectories.core.importers.transcripts import read_transcript
from trajectories.core.problems import ProblemError, describe
from trajectories.core.problems.documents import check_text
from trajectories.core.records import JSON, FinishReason, Usage, VerdictRecord

CUT_OFF = ("max_turns", "max_input_tokens", "max_output_tokens", "max_total_tokens", "compaction_failed")


def is_verifier_trace(row: Row) -> bool:
    """Whether a row is a trace of verifiers 1, or an episode of some."""
    return _is_trace(row) or (isinstance(row.get("traces"), list) and "env" in row)


def _is_trace(row: Any) -> bool:
    return isinstance(row, Mapping) and isinstance(row.get("nodes"), list) and isinstance(row.get("task"), Mapping)


def read_verifier_traces(row: Row) -> list[ForeignTrace]:
    """The traces of a row. Raises ProblemError, with an error's own words."""
    if _is_trace(row):
        return [_trace(row, "")]
    given: Any = row["traces"]
    for at, one in enumerate(given):
        if not _is_trace(one):
            raise ProblemError(f"traces[{at}]", f"found {describe(one)}, expected a trace with nodes and a task")
    if not given:
        _check_errors(row, "errors")
        raise ProblemError("traces", "found no trace in this episode, expected one")
    return [_trace(one, f"traces[{at}].") for at, one in enumerate(given)]


def _trace(row: Row, path: str) -> ForeignTrace:
    if row.get("ok") is not True:
        _check_errors(row, f"{path}errors")
    nodes: Any = row["nodes"]
    branch = _branch(nodes, f"{path}nodes")
    asked, pieces = read_transcript([node.get("message") for node in branch], f"{path}nodes")
    data = _object(_object(row, "task"), "data")
    question, response = _asked(data) or last_question(asked.all), said_in(pieces)
    calls = [call for call in list_of(row.get("calls")) if isinstance(call, Mapping)]
    parents = {parent for node in nodes if isinstance(node, Mapping) and type(parent := node.get("parent")) is int}
    left_out = sum(at not in parents for at in range(len(nodes))) - 1  # ends of other branches
    return ForeignTrace(
        problem=_key(data, question),
        messages=asked.all,
        response=response,
        thinking=thoughts_of(pieces),
        pieces=pieces,
        model=_model(row, calls),
        temperature=_temperature(row, calls),
        finish_reason=_end(row, calls, response),
        usage=sum((_usage(call) for call in calls), Usage()),
        facts={
            **({"custom_id": check_text(str(row["id"]), "id")} if row.get("id") else {}),
            **({"branches_left_out": left_out} if left_out > 0 else {}),
            **asked.facts,
        },
        verdicts=tuple(_verdicts(row)),
        adds_verdicts=True,
        question_row=question_row(data, question),
    )


def _branch(nodes: list[Any], path: str) -> list[Mapping[str, Any]]:
    """The nodes from the first message to the last one. Raises ProblemError."""
    found: list[Mapping[str, Any]] = []
    at: Any = len(nodes) - 1
    while at is not None:
        node = nodes[at] if type(at) is int and 0 <= at < len(nodes) else None
        if not isinstance(node, Mapping) or len(found) >= len(nodes):  # a circle is none
            raise ProblemError(path, f"found {describe(node)} at {at!s:.20}, expected a message and its parent")
        found.append(node)
        at = node.get("parent")
    return found[::-1]


def _asked(data: Row) -> str:
    """What the task asks, whatever a simulated user said after it; "" where the row does not say."""
    prompt = data.get("prompt")
    if isinstance(prompt, list):
        return last_question(read_turns(prompt, "task.data.prompt").all)
    return check_text(prompt, "task.data.prompt") if isinstance(prompt, str) else ""


def _key(data: Row, question: str) -> ProblemKey:
    name = text_at(data, "name")
    key = ProblemKey(text_at(data, "problem_hash"), text_at(data, "problem_id"), question.strip(), name)
    if not str(key):
        raise ProblemError("task.data", "found no prompt and no name, expected one of them")
    return key


def _model(row: Row, calls: list[Mapping[str, Any]]) -> str:
    config = _object(_object(row, "agent"), "config")
    told = [config.get("model"), *(call.get("model") for call in reversed(calls))]
    return check_text(next((name for name in told if isinstance(name, str) and name), ""), "model")


def _temperature(row: Row, calls: list[Mapping[str, Any]]) -> float:
    settings = [_object(call, "sampling") for call in calls[:1]]
    settings += [_object(_object(_object(row, "agent"), "config"), "sampling")]
    return temperature_of(next((one for one in settings if one.get("temperature") is not None), {}))


def _end(row: Row, calls: list[Mapping[str, Any]], response: str) -> FinishReason:
    if row.get("stop_condition") in CUT_OFF:
        return FinishReason.LENGTH
    return finished(next((call.get("finish_reason") for call in reversed(calls)), None), response)


def _usage(call: Mapping[str, Any]) -> Usage:
    counted = read_usage(call.get("usage"))
    return counted.usage if counted else Usage()


def _verdicts(row: Row) -> Iterator[VerdictRecord]:
    """Every reward with its weight beside it, and every metric."""
    for name, reward in _object(row, "rewards").items():
        if isinstance(reward, Mapping):
            yield from read_score(f"verifiers {name}", reward.get("score"), {"weight": reward.get("weight")})
        elif reward is not None:
            yield from read_score(f"verifiers {name}", reward)
    for name, value in _object(row, "metrics").items():
        if value is not None:
            yield from read_score(f"verifiers {name}", value)


def _check_errors(row: Row, path: str) -> None:
    """Raise ProblemError with the last error's own words, where there is one."""
    last = next(reversed(list_of(row.get("errors"))), None)
    if isinstance(last, Mapping):
        said: JSON = last.get("message") or last.get("type")
        raise failed_call(path, " ".join(str(said or "").split()))


def _object(row: Row, name: str) -> Mapping[str, Any]:
    found = row.get(name)
    return found if isinstance(found, Mapping) else {}
