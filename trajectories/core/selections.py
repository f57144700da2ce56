"""Selections of traces: one typed filter that lists, jobs, queues and releases are made from, and how it is stored."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Self
from urllib.parse import urlencode

from trajectories.core.faults import Fault
from trajectories.core.records import JSON, Outcome

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
RESTS_ON = {
    TRUTH: "Answers: ground truth",
    "consensus": "Answers: agreement of samples",
    "author": "Answers: stated by a model",
    "person": "Answers: written by a reviewer",
}
"""What the problem's reference answer rests on, and so the verdicts."""

AUDITS = {
    "train_not_test": "Training pairs right, test wrong",
    "unanimous": "Unanimous but wrong",
    "consensus": "Consensus against reference",
    "answer_not_program": "Answer right, program wrong",
    "people": "People against verifiers",
    "imported": "Imported verdict against ours",
    "judge": "Model judge against verifiers",
    "judge_people": "Model judge against people",
    "votes_judge": "Votes against model judge",
    "votes_people": "Votes against people",
}
"""Where two sources that should agree do not: what is looked at to find out which of them is wrong."""

PEOPLE = "people"
AUDITS_BY_OTHERS = (PEOPLE, "judge", "judge_people", "votes_judge", "votes_people")
"""The audits that go by what people or model judges decided."""

EDITED, SAMPLED, WITHDRAWN = "edited", "sampled", "withdrawn"
ORIGINS = {SAMPLED: "Sampled by a model or search", EDITED: "Human edits", WITHDRAWN: "Human edits, withdrawn"}
"""Who made the trace. What was withdrawn is in no selection that does not ask for it."""

NO_MODEL_VERDICT = "unjudged"
UNREVIEWED = "unreviewed"
DISPUTED = "disputed"
UNVERIFIED = "unverified"

_OUTCOMES = tuple(outcome.value for outcome in Outcome)
WORDS: Mapping[str, tuple[str, ...]] = {
    "correctness": (*_OUTCOMES, UNVERIFIED),
    "train": tuple(TRAIN_FITS),
    "near_miss": tuple(NEAR_MISSES),
    "model_judged": (*_OUTCOMES, NO_MODEL_VERDICT),
    "decision": (UNREVIEWED, "accepted", "rejected", DISPUTED),
    "kind": ("first", "revision", "composition", "hinted"),
    "hinted": tuple(HINTED),
    "rests_on": tuple(RESTS_ON),
    "audit": tuple(AUDITS),
    "origin": tuple(ORIGINS),
}
"""The fields that take one of a few words. `view` takes any word: views are made by people."""

LONGEST_VIEW = 40
GREATEST = {"round": 32_767}
LEAST = {"round": 0}
GREATEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Selection:
    """Which traces something is about; empty means all.

    `run`, `problem`, `problem_set` and `sampler` are ids of rows; `kind` and `round` are those of the trace's attempt;
    every other field holds a word of WORDS, or with `view` the name of a view.
    """

    run: int | None = None
    problem: int | None = None
    problem_set: int | None = None
    sampler: int | None = None
    view: str = ""
    correctness: str = ""
    train: str = ""
    near_miss: str = ""
    model_judged: str = ""
    decision: str = ""
    kind: str = ""
    round: int | None = None
    hinted: str = ""
    rests_on: str = ""
    audit: str = ""
    origin: str = ""

    def query(self) -> str:
        """The selection as the query string of an address, without what is empty."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return urlencode({name: value for name, value in values.items() if value not in (None, "")})

    def any_decision(self) -> Self:
        """The same selection whatever people decided: what a curator works through."""
        return replace(self, decision="")

    @property
    def by_others(self) -> tuple[str, ...]:
        """The values of the filters that go by what people or model judges decided, "" where one is not set."""
        return self.decision, self.model_judged, self.audit if self.audit in AUDITS_BY_OTHERS else ""

    def to_json(self) -> dict[str, JSON]:
        """The stored form: its version and every field that is not empty."""
        values = {field.name: getattr(self, field.name) for field in fields(Selection)}
        return {"version": FORMAT, **{name: value for name, value in values.items() if value not in (None, "")}}

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
        texts = {field.name: field.default == "" for field in fields(Selection)}
        for name, value in values.items():
            if name not in texts:
                known = ", ".join(sorted(texts))
                raise Fault(f"Selection: found the filter {_short(name)}, expected one of {known}.", field=str(name))
            (_check_word if texts[name] else _check_number)(name, value)
        return Selection(**values)


def _check_word(name: str, value: Any) -> None:
    words = WORDS.get(name)
    if words is None:
        if not isinstance(value, str) or len(value) > LONGEST_VIEW:
            raise Fault(f"{name}: found {_short(value)}, expected at most {LONGEST_VIEW} characters.", field=name)
    elif value not in words:
        raise Fault(f"{name}: found {_short(value)}, expected one of {', '.join(words)}.", field=name)


def _check_number(name: str, value: Any) -> None:
    least, greatest = LEAST.get(name, 1), GREATEST.get(name, GREATEST_ID)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= greatest:
        raise Fault(f"{name}: found {_short(value)}, expected a number from {least} to {greatest:,}.", field=name)


def _short(value: Any) -> str:
    return repr(value)[:60]
