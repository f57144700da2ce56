"""Rows of a problem and what models wrote for it, as data sets of reasoning have them.

- OpenR1-Math and its kin: `generations`, a list of texts, with lists as long beside it (`finish_reasons`,
  `correctness_math_verify`, `is_reasoning_complete`): a trace for each, with its own entry of every list
- DeepMath: `r1_solution_1`, `r1_solution_2`, ...
- NeMo-Skills: `generation`, one text, with what its own check said (`symbolic_correct`, `judgement`), and with tools
  the whole `conversation`
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from trajectories.core.completions.messages import Piece, said_in
from trajectories.core.completions.parts import build_completion
from trajectories.core.importers.foreign_scores import read_score
from trajectories.core.importers.foreign_traces import ForeignTrace, Row
from trajectories.core.importers.question_rows import BESIDE, REFERENCES, is_bare_score, question_row
from trajectories.core.importers.row_fields import (
    FINISHES,
    MODELS,
    QUESTIONS,
    TOKENS,
    finish_of,
    finished,
    last_question,
    model_of,
    read_key,
    sample_number,
    temperature_of,
    usage_of,
)
from trajectories.core.importers.row_prompts import read_prompt
from trajectories.core.importers.row_scores import LABELS, check_of, checks_in, is_check
from trajectories.core.importers.trace_turns import Turns, read_said, read_turns, thoughts_beside
from trajectories.core.importers.transcripts import read_transcript
from trajectories.core.importers.written_lists import list_in
from trajectories.core.problems import ProblemError, describe
from trajectories.core.problems.documents import check_text
from trajectories.core.records import JSON, FinishReason, VerdictRecord

SAID = ("response", "text", "content", "generation", "completion", "output", "generated_text", "message")
"""Where an element of a list that is an object has what the model wrote."""

LISTS = ("generations", "responses", "completions", "samples", "outputs", "r1_generations", "generation")
WRITTEN = LISTS[:-1]
"""Those of them that are never one text."""

COMPLETE = "is_reasoning_complete"
FULL = "_full_generation"
"""Where NeMo-Skills keeps a generation with its thoughts, once it has taken them off."""

TRANSCRIPT = "conversation"
"""Where NeMo-Skills keeps what was said and called before a generation."""

OF_PROBLEM = frozenset((*BESIDE, *REFERENCES, "messages", "conversations", "prompt", "input"))
"""Columns that are of the problem, also where their list happens to be as long as that of the generations."""

TOLD_OF_EACH = frozenset((*FINISHES, *MODELS, *TOKENS, *LABELS, COMPLETE))
"""Columns that say something of each generation, besides scores."""

NUMBERED = re.compile(r"(?:r1_)?(?:solution|response|generation)_(\d{1,3})")


def is_with_tools(row: Row) -> bool:
    """Whether a row of NeMo-Skills has the conversation with tools that its generation is the end of."""
    return isinstance(row.get("generation"), str) and isinstance(row.get(TRANSCRIPT), list) and bool(row[TRANSCRIPT])


def is_generated(row: Row) -> bool:
    """Whether a row is of one of these shapes."""
    if "response" in row:
        return False
    row = _unwritten(row)
    return _list_of(row) != "" or isinstance(row.get("generation"), str) or (_has_question(row) and any(_numbered(row)))


def read_generated(row: Row) -> list[ForeignTrace]:
    """A trace for each text of a row. Raises ProblemError."""
    row = _unwritten(row)
    if name := _list_of(row):
        return _of_list(row, name, row[name])
    if isinstance(row.get("generation"), str):
        whole = row.get(FULL)
        text = whole if isinstance(whole, str) and whole.strip() else row["generation"]
        trace = _trace(row, text, "generation", checks_in(row))
        facts = {**trace.facts, **sample_number(row)}
        return [replace(trace, facts=facts, is_sample="alternative" not in facts)]
    found = sorted(_numbered(row))
    traces = [_trace(row, text, name, []) for _, name, text in found if text.strip()]
    if not traces:
        raise ProblemError(found[0][1], "found no text in any of these columns, expected a solution")
    return [_counted(trace, number) for number, trace in enumerate(traces)]


def _unwritten(row: Row) -> Row:
    """The row with its generations as a list, and what is said of each of them, where a table wrote these as text."""
    written = {name: found for name in WRITTEN if (found := list_in(row.get(name)))}
    if not written:
        return row
    beside = {name: value for name, value in row.items() if name in TOLD_OF_EACH or is_check(name)}
    return {**row, **written, **{name: found for name, value in beside.items() if (found := list_in(value))}}


def _list_of(row: Row) -> str:
    lists = (name for name in LISTS if isinstance(row.get(name), list) and row[name])
    return next((name for name in lists if all(_is_generation(one) for one in row[name])), "")


def _is_generation(one: JSON) -> bool:
    """Whether an element is a text, an object with one, or the messages that a model wrote."""
    if isinstance(one, Mapping):
        return any(isinstance(one.get(name), str | list | Mapping) for name in SAID)
    if isinstance(one, list):
        return bool(one) and all(isinstance(each, Mapping) and ("role" in each or "from" in each) for each in one)
    return one is None or isinstance(one, str)


def _has_question(row: Row) -> bool:
    return any(isinstance(row.get(name), str) for name in QUESTIONS)


def _numbered(row: Row) -> Iterator[tuple[int, str, str]]:
    for name, text in row.items():
        if isinstance(text, str) and (found := NUMBERED.fullmatch(name)):
            yield int(found[1]), name, text


def _of_list(row: Row, name: str, texts: list[JSON]) -> list[ForeignTrace]:
    """A trace for each text that is there, with the entries of the lists that are as long."""
    beside = {key: value for key, value in row.items() if isinstance(value, list) and len(value) == len(texts)}
    _check_lengths(row, name, len(texts))
    by_name = {key: value for key, value in row.items() if _are_columns(key, value, len(texts))}
    shared = {key: value for key, value in row.items() if key not in beside or key in OF_PROBLEM}
    traces = []
    for at, text in enumerate(texts):
        if text is None:
            continue
        own = {key: value[at] for key, value in beside.items() if key != name and key not in OF_PROBLEM}
        own |= {key: {one: each[at] for one, each in value.items()} for key, value in by_name.items()}
        own |= dict(text) if isinstance(text, Mapping) else {}
        labels = [row[key][at] for key in LABELS if key in beside]
        verdicts = [verdict for key, value in own.items() if key not in LABELS for verdict in check_of(key, value)]
        verdicts += [verdict for label in labels if is_bare_score(label) for verdict in read_score("label", label)]
        trace = _trace({**shared, **own}, text, f"{name}[{at}]", verdicts)
        traces.append(_counted(trace, at))
    if not traces:
        raise ProblemError(name, f"found {describe(texts)} without any text, expected a text")
    return traces


def _are_columns(name: str, value: JSON, count: int) -> bool:
    """Whether a value is scores under names, each with an entry for each generation."""
    lists = list(value.values()) if isinstance(value, Mapping) and is_check(name) else []
    return bool(lists) and all(isinstance(one, list) and len(one) == count for one in lists)


def _check_lengths(row: Row, name: str, count: int) -> None:
    """Raise ProblemError where what is said of each generation is said of another number of them."""
    for key, value in row.items():
        told = key in FINISHES or key == COMPLETE or (key not in OF_PROBLEM and is_check(key))
        if told and isinstance(value, list) and value and len(value) != count:
            raise ProblemError(key, f"found {len(value)} entries beside {count} {name}, expected one for each")


def _pieces(row: Row, one: JSON, path: str) -> tuple[Piece, ...]:
    """What a model wrote, with the thoughts that stand in columns of their own."""
    if isinstance(one, list):
        said = read_turns(one, path).last
        if said is None:
            raise ProblemError(path, f"found {describe(one)}, expected a closing message of the assistant")
        return said
    if isinstance(one, Mapping):
        inner: Any = next((one[name] for name in SAID if isinstance(one.get(name), str | list | Mapping)), "")
        return read_said(inner if isinstance(inner, Mapping) else {**thoughts_beside(one), "content": inner}, path)
    return read_said({**thoughts_beside(row), "content": one}, path)


def _with_tools(row: Row, generation: str) -> tuple[Turns, tuple[Piece, ...]]:
    """The prompt of a conversation with tools, and all that the model did; its last text counts once."""
    asked, pieces = read_transcript(row[TRANSCRIPT], TRANSCRIPT)
    last = generation.strip()
    if last and last not in said_in(pieces):
        pieces = (*pieces, *read_said({"content": generation}, "generation"))
    return asked, pieces


def _trace(row: Row, one: JSON, path: str, verdicts: list[VerdictRecord]) -> ForeignTrace:
    prompt, question = read_prompt(row)
    if is_with_tools(row):
        prompt, pieces = _with_tools(row, one if isinstance(one, str) else "")
        question = question or last_question(prompt.all)
    else:
        pieces = _pieces(row, one, path)
    text, reason = said_in(pieces), finish_of(row)
    end = finished(reason, text)
    parts = build_completion(pieces).parts
    cut = reason is None and (row.get(COMPLETE) is False or (bool(parts) and parts[-1].is_open))
    usage, cost = usage_of(row)
    return ForeignTrace(
        problem=read_key(row, question),
        messages=prompt.all,
        response=check_text(text, path),
        pieces=pieces,
        model=model_of(row),
        temperature=temperature_of(row),
        finish_reason=FinishReason.LENGTH if cut and end is FinishReason.STOP else end,
        usage=usage,
        cost=cost,
        facts=prompt.facts,
        verdicts=tuple(verdicts),
        adds_verdicts=True,
        question_row=question_row(row, question),
    )


def _counted(trace: ForeignTrace, number: int) -> ForeignTrace:
    """The trace with its number among those of its row: the same words twice are two traces."""
    return replace(trace, facts={**trace.facts, "alternative": number})
