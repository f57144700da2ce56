"""Logs of OpenAI evals: a line with the spec, then events of samples in any order, at the end a report.

What was asked and answered (`sampling`) and what was found out (`match`, `metrics`, ...) are events of their own, and
those of several samples are mixed: each sample's are put together once the log is read, in the order in which the
samples began.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from trajectories.core.importers.foreign_scores import kept_whole, read_score, texts_of
from trajectories.core.importers.foreign_traces import SAMPLED_AS, ForeignTrace, Row
from trajectories.core.importers.row_fields import finished, last_question, read_key, text_at, usage_of
from trajectories.core.importers.trace_turns import read_turns
from trajectories.core.problems import ProblemError, describe
from trajectories.core.problems.documents import check_text
from trajectories.core.records import JSON, VerdictRecord

MARK = "eval_events"
"""The key of a row that holds the events of one sample."""

SAMPLING = "sampling"
BESIDE = ("expected", "ideal", "picked", "sampled", "choice", "options")
"""What an event says besides its scores."""
MOST_WAITING = 100_000
"""Samples that wait for their score at once."""

ReadRow = tuple[int, "Row | ProblemError"]


def is_spec(row: Row | ProblemError) -> bool:
    """Whether a line is the first one of such a log."""
    spec = row.get("spec") if isinstance(row, Mapping) and MARK not in row else None
    return isinstance(spec, Mapping) and "run_id" in spec


def joined_events(lines: Iterator[ReadRow], spec: Row) -> Iterator[ReadRow]:
    """The samples of a log, each as a row at the line where its answer stands; faults pass as they are."""
    waiting: dict[str, tuple[int, dict[str, Any]]] = {}
    for number, row in lines:
        if isinstance(row, ProblemError):
            yield number, row
            continue
        if "final_report" in row:
            continue
        sample, kind, data = row.get("sample_id"), row.get("type"), row.get("data")
        if not isinstance(sample, str) or not isinstance(kind, str) or not isinstance(data, Mapping):
            yield number, ProblemError("", "found no sample_id, type and data, expected an event of a sample")
            continue
        at, events = waiting.get(sample, (number, {}))
        first = number if kind == SAMPLING and SAMPLING not in events else at
        waiting[sample] = first, {**events, kind if kind not in events else f"{kind} {number}": dict(data)}
        if len(waiting) > MOST_WAITING:
            yield from _told(waiting, next(iter(waiting)), spec)
    for sample in list(waiting):
        yield from _told(waiting, sample, spec)


def _told(waiting: dict[str, tuple[int, dict[str, Any]]], sample: str, spec: Row) -> Iterator[ReadRow]:
    number, events = waiting.pop(sample)
    if SAMPLING not in events:
        yield number, ProblemError("", f"found no answer of sample {sample[:60]!r}, expected an event of sampling")
        return
    yield number, {MARK: events, "sample_id": sample, "spec": spec}


def is_event_row(row: Row) -> bool:
    """Whether a row is a sample of such a log."""
    return MARK in row


def read_events(row: Row) -> list[ForeignTrace]:
    """The traces of a sample, one for each text that was sampled. Raises ProblemError."""
    events: Any = row[MARK]
    data = events.get(SAMPLING) if isinstance(events, Mapping) else None
    if not isinstance(data, Mapping):
        raise ProblemError(SAMPLING, f"found {describe(data)}, expected an object")
    asked = data.get("prompt")
    messages = [{"role": "user", "content": asked}] if isinstance(asked, str) else asked
    turns = read_turns(messages if messages is not None else [], "prompt")
    sampled = texts_of(data.get("sampled"))
    if not sampled:
        raise ProblemError("sampled", f"found {describe(data.get('sampled'))}, expected a text or a list of texts")
    verdicts = tuple(verdict for name, said in events.items() for verdict in _verdicts(name, said))
    question = last_question(turns.all)
    told = [said[name] for name in ("expected", "ideal") for said in events.values() if _states(said, name)]
    reference = next(iter(told), None)
    others = sum(name.startswith(f"{SAMPLING} ") for name in events)
    beside: dict[str, JSON] = {"samplings_left_out": others} if others else {}
    usage, cost = usage_of(data)
    key = read_key(row, question)
    return [
        ForeignTrace(
            problem=key,
            messages=turns.all,
            response=check_text(text, "sampled"),
            model=text_at(data, "model") or _model(row),
            usage=usage,
            cost=cost,
            finish_reason=finished(data.get("finish_reason"), text),
            facts={"custom_id": text_at(row, "sample_id"), "alternative": number, **_run(row), **beside, **turns.facts},
            verdicts=verdicts,
            adds_verdicts=True,
            question_row={"question": question, "answer": reference} if question else {},
        )
        for number, text in enumerate(sampled)
    ]


def _states(said: Any, name: str) -> bool:
    return isinstance(said, Mapping) and isinstance(said.get(name), str | list)


def _verdicts(name: str, said: Any) -> Iterator[VerdictRecord]:
    """What an event found out: right or not, or numbers under names."""
    if name.startswith(SAMPLING) or not isinstance(said, Mapping):
        return
    beside: dict[str, JSON] = {key: said[key] for key in BESIDE if key in said}
    if isinstance(said.get("correct"), bool):
        yield from read_score(f"evals {name}", said["correct"], beside)
    for key, value in said.items():
        if key != "correct" and isinstance(value, int | float):
            yield from read_score(f"evals {name}/{key}", value, {**beside, "value": value})
    if isinstance(said.get("choice"), str):  # what a model that graded chose, of letters of its own
        yield from kept_whole(f"evals {name}/choice", {"choice": said["choice"]}, beside)


def _run(row: Row) -> dict[str, JSON]:
    """Which run the log is of."""
    spec = row.get("spec")
    run = spec.get("run_id") if isinstance(spec, Mapping) else None
    return {SAMPLED_AS: check_text(run, "spec")} if isinstance(run, str) and run else {}


def _model(row: Row) -> str:
    """The model that was sampled, by what the log's first line calls it."""
    spec = row.get("spec")
    told = spec.get("completion_fns") if isinstance(spec, Mapping) else None
    return check_text(texts_of(told)[0], "spec") if texts_of(told) else ""
