"""Selections of traces in words: each filter with its value, and names for ids."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Model

from trajectories.core.selections import (
    ANY_TOOL,
    AUDITS,
    HINTED,
    MEMORIES,
    NEAR_MISSES,
    ORIGINS,
    RESTS_ON,
    SEVERAL,
    TRAIN_FITS,
    Selection,
    as_text,
    each_of,
)
from trajectories.models import Import, Instruction, Problem, ProblemSet, Run, Sampler
from trajectories.selectors.traces import (
    CORRECTNESS_CHOICES,
    DECISION_CHOICES,
    MODEL_CHOICES,
    OUTCOME_CHOICES,
    PROBLEM_KIND_CHOICES,
)

NAMED: Mapping[str, tuple[str, type[Model], str]] = {
    "run": ("Run", Run, "title"),
    "problem": ("Problem", Problem, "name"),
    "problem_set": ("Problem set", ProblemSet, "title"),
    "sampler": ("Sampler", Sampler, "title"),
    "instruction": ("Instruction", Instruction, "title"),
    "import_job": ("Import", Import, "source"),
    "unsolved_by": ("Problem not solved by", Run, "title"),
}
WORDS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "correctness": ("Verdict", dict(CORRECTNESS_CHOICES)),
    "train": ("Training fit", TRAIN_FITS),
    "near_miss": ("Near miss", NEAR_MISSES),
    "model_judged": ("", dict(MODEL_CHOICES)),
    "decision": ("Decision", dict(DECISION_CHOICES)),
    "hinted": ("", HINTED),
    "memory": ("", MEMORIES),
    "rests_on": ("", RESTS_ON),
    "audit": ("", AUDITS),
    "origin": ("Origin", ORIGINS),
    "problem_kind": ("", dict(PROBLEM_KIND_CHOICES)),
    "split": ("Split", dict(Problem.Split.choices)),
    "outcome": ("Verifier", dict(OUTCOME_CHOICES)),
}
TITLES = {
    "family": "Family",
    "view": "View",
    "kind": "Attempts",
    "round": "Round",
    "temperature": "Temperature",
    "verifier": "Verifier",
    "score_from": "Score from",
    "score_to": "Score to",
    "length_from": "Tokens from",
    "length_to": "Tokens to",
    "cost_from": "Cost from $",
    "cost_to": "Cost to $",
    "seconds_from": "Seconds from",
    "seconds_to": "Seconds to",
    "created_from": "Stored from",
    "created_to": "Stored to",
    "tool": "Calls",
    "tag": "Tagged",
    "remembered": "Shown trace",
    "newest": "Up to trace",
}


def selection_words(scope: Selection) -> list[tuple[str, str]]:
    """(filter, what it says) of every filter that is set. One query for each that is an id."""
    return [(name, _words(name, value)) for name, value in scope.given().items()]


MOST_NAMED = 3
"""So many values of one filter are told; of more, how many there are."""


def _words(name: str, value: Any) -> str:
    if name in NAMED:
        title, model, column = NAMED[name]
        told = each_of(value)[:MOST_NAMED]
        known = dict(model._default_manager.filter(pk__in=told).values_list("pk", column))
        return f"{title} {_either(value, [str(known.get(key) or key) for key in told])}"
    if name in WORDS:
        title, words = WORDS[name]
        return ": ".join(filter(None, (title, _either(value, [words.get(each, each) for each in each_of(value)]))))
    if name == "text":
        return f"Says “{value}”"
    if name == "traces":
        return f"{len(value)} picked by hand"
    if name == "tool" and value == ANY_TOOL:
        return "Calls a tool"
    if name in SEVERAL:
        return f"{TITLES[name]} {_either(value, each_of(value))}"
    return f"{TITLES[name]} {as_text(value)}"


def _either(value: Any, titles: Sequence[str]) -> str:
    """The titles of the values of a filter, the first of many."""
    more = len(each_of(value)) - MOST_NAMED
    return " or ".join([*titles[:MOST_NAMED], f"{more} more"] if more > 0 else titles)
