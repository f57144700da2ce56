"""Release rules as sentences: what each clause asks for, with names instead of ids, and where two rules differ."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Model

from trajectories.core.faults import Fault
from trajectories.core.records import JSON
from trajectories.core.releases.rules import Rule
from trajectories.core.selections import each_of
from trajectories.models import ProblemSet, Run, Sampler


@dataclass(frozen=True, slots=True)
class RuleDifference:
    """A clause in which two rules differ, as both have it; "" for a rule without it."""

    label: str
    before: str
    after: str


def rule_words(stored: Mapping[str, JSON]) -> list[tuple[str, str]]:
    """(clause, what it says) of a rule as it is stored; one of an older form as it stands."""
    try:
        rule = Rule.from_json(stored)
    except Fault:
        return [(name, str(value)) for name, value in stored.items()]
    words = [*_source(rule), *_people(rule), *_comparing(rule)]
    return [(label, text) for label, text in words if text]


def rule_differences(before: Mapping[str, JSON], after: Mapping[str, JSON]) -> list[RuleDifference]:
    """Where two stored rules differ, clause by clause."""
    old, new = dict(rule_words(before)), dict(rule_words(after))
    labels = [*old, *(label for label in new if label not in old)]
    return [
        RuleDifference(label, old.get(label, ""), new.get(label, ""))
        for label in labels
        if old.get(label, "") != new.get(label, "")
    ]


def _source(rule: Rule) -> list[tuple[str, str]]:
    source = rule.source
    return [
        ("Problem sets", _names(ProblemSet, source.problem_sets)),
        ("Kinds", ", ".join(source.kinds)),
        ("Runs", _names(Run, source.runs)),
        ("Samplers", _names(Sampler, source.samplers)),
        ("Stored since", source.since.isoformat() if source.since else ""),
        ("Stored until", source.until.isoformat() if source.until else ""),
        *((f"Traces: {name.replace('_', ' ')}", _either(value)) for name, value in sorted(source.filter.items())),
    ]


def _either(value: JSON) -> str:
    return " or ".join(map(str, each_of(value)))


def _people(rule: Rule) -> list[tuple[str, str]]:
    reviews, verdicts = rule.reviews, rule.verdicts
    count = reviews.accepted_by
    accepted = "nobody rejected" if count == 0 else f"at least {count} {'person' if count == 1 else 'people'}"
    return [
        ("Accepted by", accepted),
        ("Imported reviews", "count" if reviews.imported else ""),
        ("Mean score", f"{reviews.least_score:g} or more" if reviews.least_score is not None else ""),
        ("Verdict", " or ".join(verdicts.correctness)),
        *((f"Verifier {name}", " or ".join(outcomes)) for name, outcomes in verdicts.required.items()),
        *((f"Score of {name}", f"{least:g} or more") for name, least in verdicts.least_scores.items()),
        ("Votes", f"{verdicts.least_votes:.0%} of the answers or more" if verdicts.least_votes is not None else ""),
        ("Hinted traces", {"none": "left out", "too": "taken too", "only": "only these"}[rule.hinted]),
        ("Cut short", "left out" if rule.whole else ""),
    ]


def _comparing(rule: Rule) -> list[tuple[str, str]]:
    held_out, same, balance = rule.decontamination, rule.sameness, rule.balance
    most = "as many as the smallest has" if balance.most is None else f"at most {balance.most:,} each"
    return [
        ("Nothing from", _names(ProblemSet, held_out.problem_sets)),
        ("Nor like statements", f"{held_out.near:g} of the word triples" if held_out.near is not None else ""),
        ("Nor words in a row", f"{held_out.ngram} words" if held_out.ngram is not None else ""),
        ("The same text", "once per problem" if same.texts else ""),
        ("The same program", "once per problem" if same.programs else ""),
        ("Like texts", f"once per problem, from {same.near:g} on" if same.near is not None else ""),
        ("Most per problem", f"{rule.per_problem:,}" if rule.per_problem is not None else ""),
        ("Balance", f"by {balance.by.replace('_', ' ')}, {most}" if balance.by else ""),
        ("Validation", f"{rule.validation:g} % of the training problems" if rule.validation is not None else ""),
    ]


def _names(model: type[Model], keys: Iterable[int]) -> str:
    keys = list(keys)
    known: dict[int, Any] = model._default_manager.in_bulk(keys) if keys else {}
    return ", ".join(str(getattr(known[key], "title", known[key])) if key in known else f"{key} (gone)" for key in keys)
