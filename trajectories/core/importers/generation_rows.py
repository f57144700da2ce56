"""Rows of a problem and what models wrote for it, as data sets of reasoning have them.

- OpenR1-Math and its kin: `generations`, a list of texts, with lists as long beside it (`finish_reasons`,
  `correctness_math_verify`, `is_reasoning_complete`): a trace for each, with its own entry of every list
- DeepMath: `r1_solution_1`, `r1_solution_2`, ...
- NeMo-Skills: `generation`, one text, with what its own check said (`symbolic_correct`, `judgement`)
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from trajectories.core.completions.parts import completion_of
from trajectories.core.importers.foreign_scores import read_score
from trajectories.core.importers.foreign_traces import ForeignTrace, Row
from trajectories.core.importers.question_rows import question_row
from trajectories.core.importers.row_fields import finished, model_of_meta, read_key, temperature_of, text_at
from trajectories.core.importers.trace_turns import check_pieces, read_said, thoughts_beside
from trajectories.core.problems import ProblemError, describe
from trajectories.core.problems.documents import check_text
from trajectories.core.records import JSON, FinishReason, Usage, VerdictRecord

LISTS = ("generations", "responses", "completions", "samples", "r1_generations")
QUESTIONS = ("question", "problem", "Problem", "Question", "prompt", "query", "input", "instruction")
FINISHES = ("finish_reasons", "finish_reason")
COMPLETE = "is_reasoning_complete"
TOKENS = ("num_generated_tokens", "generated_tokens", "output_tokens", "completion_tokens")
CHECKS = re.compile(
    r"(?:.*_)?(?:correct(?:ness)?|judge?ments?|scores?|rewards?|passed|accepted|verified|grades?)(?:_.*)?",
    re.IGNORECASE,
)
"""Names of what was found out about a text."""
JUDGED = re.compile(r"\bjudge?ment\s*:\s*(yes|no)\b", re.IGNORECASE)
NUMBERED = re.compile(r"(?:r1_)?(?:solution|response|generation)_(\d{1,3})")


def is_generated(row: Row) -> bool:
    """Whether a row is of one of these shapes."""
    if "response" in row:
        return False
    return _list_of(row) != "" or isinstance(row.get("generation"), str) or (_has_question(row) and any(_numbered(row)))


def read_generated(row: Row) -> list[ForeignTrace]:
    """A trace for each text of a row. Raises ProblemError."""
    if name := _list_of(row):
        return _of_list(row, name, row[name])
    if isinstance(row.get("generation"), str):
        return [_trace(row, row["generation"], "generation", _checks(row))]
    found = sorted(_numbered(row))
    traces = [_trace(row, text, name, []) for _, name, text in found if text.strip()]
    if not traces:
        raise ProblemError(found[0][1], "found no text in any of these columns, expected a solution")
    return [_counted(trace, number) for number, trace in enumerate(traces)]


def _list_of(row: Row) -> str:
    lists = (name for name in LISTS if isinstance(row.get(name), list) and row[name])
    return next((name for name in lists if all(isinstance(text, str | None) for text in row[name])), "")


def _has_question(row: Row) -> bool:
    return any(isinstance(row.get(name), str) for name in QUESTIONS)


def _numbered(row: Row) -> Iterator[tuple[int, str, str]]:
    for name, text in row.items():
        if isinstance(text, str) and (found := NUMBERED.fullmatch(name)):
            yield int(found[1]), name, text


def _of_list(row: Row, name: str, texts: list[JSON]) -> list[ForeignTrace]:
    """A trace for each text that is there, with the entries of the lists that are as long."""
    beside = {key: value for key, value in row.items() if isinstance(value, list) and len(value) == len(texts)}
    traces = []
    for at, text in enumerate(texts):
        if text is None:
            continue
        own = {key: value[at] for key, value in beside.items() if key != name}
        verdicts = [verdict for key, value in own.items() for verdict in _check(key, value)]
        trace = _trace({**row, **own}, text, f"{name}[{at}]", verdicts)
        traces.append(_counted(trace, at))
    if not traces:
        raise ProblemError(name, f"found {describe(texts)} without any text, expected a text")
    return traces


def _trace(row: Row, text: str, path: str, verdicts: list[VerdictRecord]) -> ForeignTrace:
    pieces = check_pieces(read_said({**thoughts_beside(row), "content": text}, path), path)
    question = check_text(
        next((str(row[name]) for name in QUESTIONS if isinstance(row.get(name), str)), ""), "question"
    )
    reasons = (row[name] for name in FINISHES if isinstance(row.get(name), str))
    reason = next(reasons, None)
    end = finished(reason, text)
    cut = reason is None and (row.get(COMPLETE) is False or _ends_in_thoughts(text))
    tokens = next((row[name] for name in TOKENS if type(row.get(name)) is int and row[name] >= 0), 0)
    return ForeignTrace(
        problem=read_key(row, question),
        messages=({"role": "user", "content": question},) if question else (),
        response=check_text(text, path),
        pieces=pieces,
        model=text_at(row, "model") or model_of_meta(row),
        temperature=temperature_of(row),
        finish_reason=FinishReason.LENGTH if cut and end is FinishReason.STOP else end,
        usage=Usage(output_tokens=min(tokens, 2**31 - 1)),
        verdicts=tuple(verdicts),
        adds_verdicts=True,
        question_row=question_row(row, question),
    )


def _ends_in_thoughts(text: str) -> bool:
    parts = completion_of(text).parts
    return bool(parts) and parts[-1].is_open


def _checks(row: Mapping[str, JSON]) -> list[VerdictRecord]:
    """What the row found out about its one text."""
    return [verdict for name, value in row.items() for verdict in _check(name, value)]


def _check(name: str, value: JSON) -> list[VerdictRecord]:
    """The verdict of a column, if it is one of what was found out: a judgement in words counts by its yes or no."""
    if value is None or isinstance(value, list | Mapping) or not CHECKS.fullmatch(name):
        return []
    if isinstance(value, str):
        judged = JUDGED.search(value)
        return read_score(name, judged[1], {"said": value}) if judged else read_score(name, value)
    return read_score(name, value)


def _counted(trace: ForeignTrace, number: int) -> ForeignTrace:
    """The trace with its number among those of its row: the same words twice are two traces."""
    return replace(trace, facts={**trace.facts, "alternative": number})
