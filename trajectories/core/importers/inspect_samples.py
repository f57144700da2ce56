"""Samples of inspect's logs (UKGovernmentBEIS/inspect_ai): what was asked, the whole conversation, and every score.

A sample is one trace, whatever number of scorers looked at it. What the model did after the last word of the user is
the trace: its thoughts, its texts, its calls of tools and their results; everything before is the prompt. A long text
stands once in `attachments`, under its hash, and as `attachment://hash` wherever it is meant.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from trajectories.core.completions.messages import read_message, said_in, thoughts_of
from trajectories.core.completions.usage import MOST, read_usage
from trajectories.core.importers.batch_rows import failed_call
from trajectories.core.importers.foreign_scores import read_score, texts_of
from trajectories.core.importers.foreign_traces import SAMPLED_AS, ForeignTrace, ProblemKey, Row
from trajectories.core.importers.row_fields import finished, meta_of, temperature_of, text_at
from trajectories.core.importers.transcripts import read_transcript
from trajectories.core.problems import ProblemError, describe
from trajectories.core.problems.documents import check_text
from trajectories.core.records import JSON, FinishReason, Usage, VerdictRecord

EVAL = "inspect_eval"
"""The key under which a row holds what its log says of all samples: the model, the task, the settings."""

PLAN = "plan_config"
"""Where in that it holds the settings of the log's plan."""

ATTACHED = ("attachment://", "tc://")
"""What a text begins with that stands in the attachments; the second in logs of 2024."""

MOST_NESTED = 200
NO_MODEL = ("", "none", "none/none")
UNTOLD = ("unknown", "")
"""Words for a reason to stop that say nothing of it."""


def is_sample(row: Row) -> bool:
    """Whether a row is of this shape."""
    return "epoch" in row and "input" in row and ("output" in row or "messages" in row)


def read_sample(row: Row) -> list[ForeignTrace]:
    """The trace of a sample. Raises ProblemError, with an error's own words."""
    if row.get("error"):
        raise failed_call("error", _error_of(row["error"]))
    if invalid := row.get("invalidation"):
        reason = _reason_of(invalid)
        said = f"; it says: {reason[:200]}" if reason else ""
        raise ProblemError("invalidation", f"found a sample that was declared invalid{said}, expected a valid one")
    if not isinstance(row.get("attachments", {}), Mapping):
        raise ProblemError("attachments", f"found {describe(row['attachments'])}, expected an object")
    sample = {name: _attached(row.get(name), row.get("attachments") or {}) for name in ("input", "messages", "output")}
    _check_output(sample)
    given = 0 if _choices(sample) else None
    asked, pieces = read_transcript(_messages(sample), "messages", given=given)
    model = _model(row, sample)
    return [
        ForeignTrace(
            problem=_key(row, sample),
            messages=asked.all,
            response=said_in(pieces),
            thinking=thoughts_of(pieces),
            pieces=pieces,
            model=model,
            temperature=_temperature(row),
            finish_reason=_end(row, sample, said_in(pieces)),
            usage=_usage(row, sample, model),
            cost=_cost(row, sample, model),
            facts={
                "custom_id": str(row.get("id", "")),
                "alternative": row.get("epoch"),
                **({SAMPLED_AS: row["uuid"]} if isinstance(row.get("uuid"), str) else {}),
                **asked.facts,
                **_others(sample),
                **_retries(row),
            },
            verdicts=tuple(_scores(row)),
            adds_verdicts=True,
            question_row=_question(row, sample),
        )
    ]


def _choices(sample: Row) -> list[Any]:
    output = sample.get("output")
    choices = output.get("choices") if isinstance(output, Mapping) else None
    return choices if isinstance(choices, list) else []


def _check_output(sample: Row) -> None:
    """Raise ProblemError with the words of a model's failure, where it answered nothing."""
    output = sample.get("output")
    error = output.get("error") if isinstance(output, Mapping) else None
    if error and not _choices(sample):
        raise failed_call("output.error", _error_of(error))


def _others(sample: Row) -> dict[str, JSON]:
    """How many alternative answers there are besides the first, with which the conversation went on."""
    others = len(_choices(sample)) - 1
    return {"alternatives_left_out": others} if others > 0 else {}


def _retries(row: Row) -> dict[str, JSON]:
    """How often the sample failed before, and was tried again."""
    failed = row.get("error_retries")
    return {"retries": len(failed)} if isinstance(failed, list) and failed else {}


def _attached(value: Any, attachments: Mapping[str, JSON], depth: int = 0) -> Any:
    """A value with the texts that stand in the attachments. Raises ProblemError for one that is not there."""
    if isinstance(value, str) and value.startswith(ATTACHED) and (attachments or value.startswith(ATTACHED[0])):
        found = attachments.get(value.partition("//")[2])
        if not isinstance(found, str):
            raise ProblemError("attachments", f"found no {value[:60]!r}, expected every attachment that is named")
        return found
    if depth < MOST_NESTED and isinstance(value, list):
        return [_attached(each, attachments, depth + 1) for each in value]
    if depth < MOST_NESTED and isinstance(value, Mapping):
        return {name: _attached(each, attachments, depth + 1) for name, each in value.items()}
    return value


def _messages(sample: Row) -> list[Any]:
    """The conversation; of a sample that keeps none, what was asked and what came back."""
    if messages := sample.get("messages"):
        if not isinstance(messages, list):
            raise ProblemError("messages", f"found {describe(messages)}, expected a list of messages")
        return [_message(message) for message in messages]
    asked = sample.get("input")
    asked = [{"role": "user", "content": asked}] if isinstance(asked, str) else asked
    first = next(iter(_choices(sample)), None)
    said = first.get("message") if isinstance(first, Mapping) else None
    return [_message(message) for message in [*(asked if isinstance(asked, list) else []), *([said] if said else [])]]


def _message(message: Any) -> Any:
    """A message of inspect as Chat Completions has it: calls with an object of arguments, thoughts that are hidden."""
    if not isinstance(message, Mapping):
        return message
    changed: dict[str, Any] = {name: value for name, value in message.items() if name not in ("id", "metadata")}
    if isinstance(calls := message.get("tool_calls"), list):
        changed["tool_calls"] = [_call(call) for call in calls]
    if isinstance(content := message.get("content"), list):
        changed["content"] = [_part(part) for part in content]
    return changed


def _call(call: Any) -> Any:
    if not isinstance(call, Mapping) or not isinstance(call.get("function"), str):
        return call
    function = {"name": call["function"], "arguments": call.get("arguments")}
    return {"id": call.get("id"), "type": "function", "function": function}


def _part(part: Any) -> Any:
    """A part of a content; of thoughts that are hidden the summary is what can be read."""
    if not isinstance(part, Mapping) or part.get("type") != "reasoning" or part.get("redacted") is not True:
        return part
    hidden = {"type": "reasoning", "summary": part.get("summary") or "", "encrypted_content": part.get("reasoning")}
    return {**hidden, **({"signature": part["signature"]} if part.get("signature") else {})}


def _key(row: Row, sample: Row) -> ProblemKey:
    """A sample's id is its problem's name, unless it only counts; else what was asked says which problem it is."""
    meta = meta_of(row)
    named = text_at(meta, "problem_id")
    own = str(row["id"]) if isinstance(row.get("id"), str | int) and not str(row["id"]).isdigit() else ""
    question = check_text(_asked(sample), "input").strip()
    key = ProblemKey(text_at(meta, "problem_hash"), named, question, check_text(own, "id"))
    if not str(key):
        raise ProblemError("input", "found no question and no id that is a name, expected one of them")
    return key


def _asked(sample: Row) -> str:
    """What the sample asked: its text, or what the user said last of its messages."""
    asked = sample.get("input")
    if isinstance(asked, str):
        return asked
    said = asked if isinstance(asked, list) else []
    users = [one for one in said if isinstance(one, Mapping) and one.get("role") == "user"]
    return said_in(read_message(users[-1])) if users else ""


def _question(row: Row, sample: Row) -> Row:
    """What a problem would be made of, where the sample's is not here."""
    target, choices = row.get("target"), row.get("choices")
    answers = [text for text in texts_of(target) if text.strip()]
    many = isinstance(choices, list) and bool(choices)
    answer: JSON = answers if many and len(answers) > 1 else answers[0] if len(answers) == 1 else answers or None
    return {"question": _asked(sample), "answer": answer, **({"choices": choices} if many else {})}


def _log(row: Row) -> Mapping[str, Any]:
    found = row.get(EVAL)
    return found if isinstance(found, Mapping) else {}


def _model(row: Row, sample: Row) -> str:
    """The model that the log names, as its name is the fuller one; the output's where an agent brought its own."""
    output = sample.get("output")
    named = text_at(_log(row), "model")
    said = text_at(output, "model") if isinstance(output, Mapping) else ""
    return said or named if named in NO_MODEL else named


def _temperature(row: Row) -> float:
    """That of the model, else that of the plan that the samples went through."""
    for name in ("model_generate_config", PLAN):
        config = _log(row).get(name)
        if isinstance(config, Mapping) and config.get("temperature") is not None:
            return temperature_of(config)
    return 0.0


def _end(row: Row, sample: Row, response: str) -> FinishReason:
    """Why the last answer ended; a sample that ran into a limit was cut off there."""
    if row.get("limit"):
        return FinishReason.LENGTH
    first = next(iter(_choices(sample)), None)
    reason = first.get("stop_reason") if isinstance(first, Mapping) else None
    return finished(None if reason in UNTOLD else reason, response)


def _counts(row: Row, sample: Row, model: str) -> Mapping[str, Any]:
    """The tokens of all calls to the model for this sample; else those of the last one."""
    all_calls, output = row.get("model_usage"), sample.get("output")
    own = all_calls.get(model) if isinstance(all_calls, Mapping) else None
    if own is None and isinstance(all_calls, Mapping) and len(all_calls) == 1:
        [own] = all_calls.values()
    found = own or (output.get("usage") if isinstance(output, Mapping) else None)
    return found if isinstance(found, Mapping) else {}


def _usage(row: Row, sample: Row, model: str) -> Usage:
    """inspect counts what came from and went into the cache beside the input."""
    counts = _counts(row, sample, model)
    read, written = (_count(counts.get(f"input_tokens_cache_{name}")) for name in ("read", "write"))
    incoming = _count(counts.get("input_tokens")) + read + written
    outgoing, reasoning = _count(counts.get("output_tokens")), _count(counts.get("reasoning_tokens"))
    return Usage(min(incoming, MOST), min(read, MOST), min(reasoning, outgoing, MOST), min(outgoing, MOST))


def _cost(row: Row, sample: Row, model: str) -> Decimal | None:
    stated = _counts(row, sample, model).get("total_cost")
    counted = read_usage({"input_tokens": 1, "cost": stated}) if stated is not None else None
    return counted.cost if counted else None


def _count(value: Any) -> int:
    return value if type(value) is int and value > 0 else 0


def _scores(row: Row) -> Iterator[VerdictRecord]:
    """Every score of the sample; older logs have one, without a name."""
    scores = row.get("scores") or ({"score": row["score"]} if row.get("score") else {})
    if not isinstance(scores, Mapping):
        raise ProblemError("scores", f"found {describe(scores)}, expected an object of scores by name")
    for name, score in scores.items():
        if score is None or isinstance(score, str | int | float):  # others leave out what is around a value
            yield from read_score(f"inspect {name}", score)
            continue
        if not isinstance(score, Mapping):
            raise ProblemError(f"scores.{name[:40]}", f"found {describe(score)}, expected an object with a value")
        beside = {key: score[key] for key in ("answer", "explanation", "metadata", "history") if score.get(key)}
        said = score.get("explanation") or score.get("answer") or ""
        attached = {key: _attached(value, row.get("attachments") or {}) for key, value in beside.items()}
        words = attached.get("explanation", said)
        yield from read_score(f"inspect {name}", score.get("value"), attached, words if isinstance(words, str) else "")


def _error_of(error: JSON) -> str:
    said = error.get("message") if isinstance(error, Mapping) else error
    return " ".join(str(said or "").split())


def _reason_of(invalidation: JSON) -> str:
    """Why a sample was declared invalid; who did stays where it is."""
    reason = invalidation.get("reason") if isinstance(invalidation, Mapping) else None
    return " ".join(str(reason or "").split())


def log_of(said: JSON, plan: JSON) -> dict[str, JSON] | None:
    """What a log says of all its samples, with the settings of its plan; None for what is no object."""
    if not isinstance(said, Mapping):
        return None
    config = plan.get("config") if isinstance(plan, Mapping) else None
    return {**said, **({PLAN: config} if isinstance(config, Mapping) else {})}


def with_log(sample: Row, log: Mapping[str, JSON]) -> Row:
    """The row of a sample with what its log says of all of them."""
    return {**sample, EVAL: log}


def joined_sample(shell: Row, sequences: Mapping[str, list[JSON]]) -> Row:
    """A sample that a log keeps in chunks (version 3): its shell with the messages that it refers to, and with the
    attachments under their places. Raises ProblemError for a reference to nothing."""
    pool, refs = sequences.get("messages", []), shell.get("message_refs", [])
    messages: list[JSON] = []
    for ref in refs if isinstance(refs, list) else [refs]:
        is_range = isinstance(ref, list) and len(ref) == 2 and all(type(place) is int for place in ref)
        if not is_range or not 0 <= ref[0] <= ref[1] <= len(pool):
            raise ProblemError("message_refs", f"found {describe(ref)}, expected a range of {len(pool)} messages")
        messages += pool[ref[0] : ref[1]]
    attached = {str(at): text for at, text in enumerate(sequences.get("attachments", []))}
    return {**shell, "messages": messages, "attachments": attached}
