"""Selections of traces: one typed filter that lists, jobs, queues and releases are made from, and how it is stored."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any, Self
from urllib.parse import urlencode

from trajectories.core.faults import Fault
from trajectories.core.records import JSON, Outcome, ProblemKind

FORMAT = 1
"""The version of the stored form."""

TRAIN_FITS = {
    "all": "All training pairs",
    "some": "Some training pairs",
    "none": "No training pair",
}
NEAR_MISSES = {
    "shape": "Right but for its shape",
    "offset": "Right but shifted",
    "symmetry": "Right but turned or mirrored",
    "colours": "Right but for its colours",
    "cells": "Right but for a few cells",
}
HINTED = {"only": "Hinted", "none": "Not hinted"}
TRUTH = "truth"
MEMORIES = {"shown": "Shown traces from memory", "nothing": "Memory had nothing to show"}
"""What memory showed before the problem, of traces that were sampled with one."""
RESTS_ON = {
    TRUTH: "Answers: ground truth",
    "consensus": "Answers: agreement of samples",
    "author": "Answers: stated by a model",
    "person": "Answers: written by a reviewer",
}
"""What the problem's reference answer rests on, and so the verdicts."""

WRONG_STEPS, IMPORTED = "answer_not_steps", "imported"
AUDITS = {
    "train_not_test": "Training pairs right, test wrong",
    "unanimous": "Unanimous but wrong",
    "consensus": "Consensus against reference",
    "answer_not_program": "Answer right, program wrong",
    WRONG_STEPS: "Answer right, steps wrong",
    "people": "People against verifiers",
    IMPORTED: "Imported verdict or review against ours",
    "judge": "Model judge against verifiers",
    "judge_people": "Model judge against people",
    "votes_judge": "Votes against model judge",
    "votes_people": "Votes against people",
    "scorer": "Learned scorer against verifiers",
    "scorer_people": "Learned scorer against people",
    "votes_scorer": "Votes against learned scorer",
    "judge_scorer": "Model judge against learned scorer",
}
"""Where two sources that should agree do not: what is looked at to find out which of them is wrong."""

PEOPLE = "people"
AUDITS_BY_OTHERS = (
    *(PEOPLE, "judge", "judge_people", "votes_judge", "votes_people"),
    *("scorer", "scorer_people", "votes_scorer", "judge_scorer"),
)
"""The audits that go by what people, model judges or learned scorers decided."""

EDITED, SAMPLED, WITHDRAWN = "edited", "sampled", "withdrawn"
ORIGINS = {SAMPLED: "Sampled by a model or search", EDITED: "Human edits", WITHDRAWN: "Human edits, withdrawn"}
"""Who made the trace. What was withdrawn is in no selection that does not ask for it."""

NO_MODEL_VERDICT = "unjudged"
UNREVIEWED = "unreviewed"
DISPUTED = "disputed"
UNVERIFIED = "unverified"
NO_VERDICT = "none"
NO_FAMILY = "without a family"
"""As a family: the problem has none."""

_OUTCOMES = tuple(outcome.value for outcome in Outcome)
WORDS: Mapping[str, tuple[str, ...]] = {
    "correctness": (*_OUTCOMES, UNVERIFIED),
    "train": tuple(TRAIN_FITS),
    "near_miss": tuple(NEAR_MISSES),
    "model_judged": (*_OUTCOMES, NO_MODEL_VERDICT),
    "decision": (UNREVIEWED, "accepted", "rejected", DISPUTED),
    "kind": ("first", "revision", "composition", "hinted", "step", "rest"),
    "hinted": tuple(HINTED),
    "memory": tuple(MEMORIES),
    "rests_on": tuple(RESTS_ON),
    "audit": tuple(AUDITS),
    "origin": tuple(ORIGINS),
    "problem_kind": tuple(kind.value for kind in ProblemKind),
    "split": ("train", "eval"),
    "outcome": (*_OUTCOMES, NO_VERDICT),
}
"""The fields that take one of a few words."""

LONGEST: Mapping[str, int] = {"family": 100, "view": 40, "verifier": 40, "tool": 200, "tag": 40, "text": 200}
"""The fields that take any word, since people make them up, with the most characters of each."""
ANY_TOOL = "*"
"""As a tool: one of any name was called."""

DAYS = ("created_from", "created_to")
AMOUNTS = {"temperature": 100.0, "cost_from": 1e7, "cost_to": 1e7, "seconds_from": 1e7, "seconds_to": 1e7}
"""The fields that take a number from 0 to this one, with a point or without."""
GREATEST_ID = 2**63 - 1
RANGES: Mapping[str, tuple[int, int]] = {
    "round": (0, 32_767),
    "score_from": (1, 5),
    "score_to": (1, 5),
    "length_from": (0, 2**31 - 1),
    "length_to": (0, 2**31 - 1),
}
"""The least and the greatest of each field that takes a whole number; ids of rows, which all others are, begin at 1."""
MOST_TRACES = 200
"""So many traces may be picked by hand; more are what filters are for."""

SEVERAL = (
    *("run", "problem", "problem_set", "sampler", "instruction", "view", "correctness", "train", "near_miss"),
    *("model_judged", "decision", "kind", "rests_on", "problem_kind", "outcome"),
)
"""The fields that may hold several values, of which a trace must have one."""
MOST_VALUES = 200
"""So many values one of them may hold."""

Ids = int | tuple[int, ...] | None
Words = str | tuple[str, ...]


def each_of(value: Any) -> tuple[Any, ...]:
    """The values of a field that is not empty, where it holds one as where it holds several."""
    return tuple(value) if isinstance(value, tuple | list) else (value,)


def one_or_several(values: Iterable[Any], empty: Any = "") -> Any:
    """The values of a field as it holds them: one by itself, several as a tuple in order and each once."""
    found = tuple(sorted(set(values)))
    return found if len(found) > 1 else found[0] if found else empty


@dataclass(frozen=True, slots=True)
class Selection:
    """Which traces something is about; empty means all.

    `run`, `problem`, `problem_set`, `sampler`, `instruction` and `import_job` are ids of rows; `kind` and `round` are
    those of the trace's attempt; `problem_kind`, `family` and `split` those of its problem, `unsolved_by` the id of a
    run that has samples of that problem and no right one. `verifier` is a name, of which the newest verdict must be
    `outcome`. `score_from` and `score_to` bound the score (1 to 5) of a standing review,
    `length_*` the output tokens, `cost_*` US dollars, `seconds_*` the time that sampling took, `created_*` the first
    and the last day (UTC, YYYY-MM-DD) on which the trace was stored; `temperature` is the one it was sampled at. `tool`
    is the name of a tool that the trace calls, ANY_TOOL for any; `tag` the name of a tag on it; `text` what its text
    must say, as people type it into a search box.
    `remembered` is the id of a trace that memory showed to those of the selection.
    `newest` is the id of the newest trace that may be in it, so that a selection does not grow; `traces` are ids picked
    by hand.
    Every other field holds a word of WORDS, or with `view` the name of a view. Those of SEVERAL may hold a tuple.
    """

    run: Ids = None
    problem: Ids = None
    problem_set: Ids = None
    family: str = ""
    unsolved_by: int | None = None
    sampler: Ids = None
    view: Words = ""
    correctness: Words = ""
    train: Words = ""
    near_miss: Words = ""
    model_judged: Words = ""
    decision: Words = ""
    kind: Words = ""
    round: int | None = None
    hinted: str = ""
    rests_on: Words = ""
    audit: str = ""
    origin: str = ""
    problem_kind: Words = ""
    split: str = ""
    instruction: Ids = None
    temperature: float | None = None
    verifier: str = ""
    outcome: Words = ""
    score_from: int | None = None
    score_to: int | None = None
    length_from: int | None = None
    length_to: int | None = None
    cost_from: float | None = None
    cost_to: float | None = None
    seconds_from: float | None = None
    seconds_to: float | None = None
    created_from: str = ""
    created_to: str = ""
    tool: str = ""
    tag: str = ""
    text: str = ""
    memory: str = ""
    remembered: int | None = None
    newest: int | None = None
    import_job: int | None = None
    traces: tuple[int, ...] = ()

    def given(self) -> dict[str, Any]:
        """The fields of the selection that are not empty, in their order."""
        values = {field.name: getattr(self, field.name) for field in fields(Selection)}
        return {name: value for name, value in values.items() if value not in (None, "", ())}

    @property
    def by_words(self) -> bool:
        """Whether it asks what texts say or which tools are called, which is known of many traces soon after they came
        and not at once."""
        return bool(self.text or self.tool)

    def query(self) -> str:
        """The selection as the query string of an address, without what is empty."""
        return urlencode({name: as_text(value) for name, value in self.given().items()})

    def any_decision(self) -> Self:
        """The same selection whatever people decided: what a curator works through."""
        return replace(self, decision="")

    def up_to(self, newest: int) -> Self:
        """The same selection without traces that are stored after the one of this id."""
        return replace(self, newest=newest)

    def to_json(self) -> dict[str, JSON]:
        """The stored form: its version and every field that is not empty."""
        given = {name: list(value) if isinstance(value, tuple) else value for name, value in self.given().items()}
        return {"version": FORMAT, **given}

    @classmethod
    def from_json(cls, stored: Any) -> "Selection":
        """Read the stored form. Raises Fault, with the field, for whatever is not a selection of this version."""
        if not isinstance(stored, dict):
            raise Fault(f"Selection: found {_short(stored)}, expected an object of filters.")
        if stored.get("version") != FORMAT:
            raise Fault(
                f"Selection: found version {_short(stored.get('version'))}, expected {FORMAT}.", field="version"
            )
        values = {name: value for name, value in stored.items() if name != "version"}
        for name, value in values.items():
            if name not in FIELDS:
                known = ", ".join(sorted(FIELDS))
                raise Fault(f"Selection: found the filter {_short(name)}, expected one of {known}.", field=str(name))
            if name in SEVERAL and isinstance(value, list | tuple):
                values[name] = _read_several(name, value)
            else:
                _checker(name)(name, value)
        if "traces" in values:
            values["traces"] = tuple(values["traces"])
        return Selection(**values)


FIELDS = tuple(field.name for field in fields(Selection))
"""The name of every filter."""


def as_text(value: Any) -> str:
    """The value of a filter as an address has it."""
    if isinstance(value, tuple | list):
        return ",".join(map(str, value))
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def _read_several(name: str, given: Sequence[Any]) -> Any:
    if not 0 < len(given) <= MOST_VALUES:
        raise Fault(f"{name}: found {len(given)} values, expected 1 to {MOST_VALUES}.", field=name)
    for each in given:
        _checker(name)(name, each)
    return one_or_several(given)


def _checker(name: str) -> Callable[[str, Any], None]:
    if name in WORDS:
        return _check_word
    if name in LONGEST:
        return _check_text
    if name in DAYS:
        return _check_day
    if name in AMOUNTS:
        return _check_amount
    return _check_traces if name == "traces" else _check_number


def _check_word(name: str, value: Any) -> None:
    if not isinstance(value, str) or value not in WORDS[name]:
        raise Fault(f"{name}: found {_short(value)}, expected one of {', '.join(WORDS[name])}.", field=name)


def _check_text(name: str, value: Any) -> None:
    most = LONGEST[name]
    if not isinstance(value, str) or len(value) > most or "\0" in value:
        raise Fault(f"{name}: found {_short(value)}, expected a text of at most {most} characters.", field=name)


def _check_day(name: str, value: Any) -> None:
    try:
        if not isinstance(value, str) or date.fromisoformat(value).isoformat() != value:
            raise ValueError
    except ValueError:
        raise Fault(f"{name}: found {_short(value)}, expected a day as in 2026-11-28.", field=name) from None


def _check_amount(name: str, value: Any) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or not 0 <= value <= AMOUNTS[name]:
        raise Fault(f"{name}: found {_short(value)}, expected a number from 0 to {AMOUNTS[name]:,.0f}.", field=name)


def _check_number(name: str, value: Any) -> None:
    least, greatest = RANGES.get(name, (1, GREATEST_ID))
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= greatest:
        raise Fault(f"{name}: found {_short(value)}, expected a number from {least} to {greatest:,}.", field=name)


def _check_traces(name: str, value: Any) -> None:
    if not isinstance(value, list | tuple) or len(value) > MOST_TRACES:
        raise Fault(f"{name}: found {_short(value)}, expected a list of at most {MOST_TRACES} traces.", field=name)
    for each in value:
        _check_number(name, each)


def _short(value: Any) -> str:
    return repr(value)[:60]
