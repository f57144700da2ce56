"""Writing a release rule, and asking for what it takes."""

import re
import uuid
from typing import Any

from django import forms
from django.utils import timezone

from trajectories.core.faults import Fault
from trajectories.core.records import JSON, Outcome
from trajectories.core.releases.rules import (
    LEAST_NGRAM,
    LONGEST_NAME,
    MOST_IDS,
    MOST_NGRAM,
    MOST_OF_A_PROBLEM,
    OUTCOMES,
    Rule,
)
from trajectories.core.selections import each_of
from trajectories.forms.instructions import KIND_TITLES
from trajectories.forms.titles import TitleField
from trajectories.forms.traces import FOLDED, TraceScopeForm, filters_of
from trajectories.models import ProblemSet, ReleaseRule, Sampler
from trajectories.selectors.release_rules import FILTERS
from trajectories.services.releases.rules import LONGEST_TITLE

DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
LIKE: dict[str, Any] = {"min_value": 0.1, "max_value": 1.0, "required": False}
LEGACY = {"run": "runs", "problem_set": "problem_sets", "sampler": "samplers"}
"""Filters of the trace list that a rule has in the plural."""

FIELDS = {
    "source.problem_sets": "problem_sets",
    "source.runs": "runs",
    "source.samplers": "samplers",
    "source.until": "until",
    "source.filter": "view",
    "verdicts.required": "verifiers",
    "verdicts.least_scores": "least_scores",
    "verdicts.least_votes": "least_votes",
    "decontamination.problem_sets": "held_out",
    "decontamination.near": "held_out_near",
    "decontamination.ngram": "held_out_words",
    "balance.by": "balance_by",
    "balance.most": "balance_most",
}
"""The fields of the form by those of the rule."""

MORE = (*FOLDED, "text", "newest", "traces", "problem")
"""Filters of the trace list, in the order in which a rule shows them."""

SECTIONS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("source", "What is looked at", ("problem_sets", "kinds", "samplers", "runs", "since", "until")),
    ("reviews", "What people said", ("accepted_by", "min_score", "imported")),
    ("verdicts", "What verifiers said", ("correctness", "verifiers", "least_scores", "least_votes", "hinted", "whole")),
    ("more", "More filters", tuple(name for name in MORE if name in FILTERS)),
    ("held-out", "Held-out problems", ("held_out", "held_out_near", "held_out_words")),
    ("same", "The same twice", ("same_texts", "same_programs", "same_near", "per_problem")),
    ("balance", "Balance and splits", ("balance_by", "balance_most", "validation")),
)
"""The fields of the rule as the page shows them: (name, title, fields)."""


class ReleaseForm(TraceScopeForm):
    """A rule, and what to do with it: a title and notes for a release, or a title for the rule itself."""

    title = TitleField(
        max_length=200,
        initial=lambda: f"Accepted traces, {timezone.localdate():%Y-%m-%d}",
        error_messages={"required": "Found nothing, expected a name for the release."},
    )
    notes = forms.CharField(
        required=False,
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What is in it and why, for who trains on it.",
    )
    rule_title = TitleField(required=False, max_length=LONGEST_TITLE, label="Name of the rule")
    named = forms.ModelChoiceField(ReleaseRule.objects.all(), required=False, widget=forms.HiddenInput)
    key = forms.UUIDField(initial=uuid.uuid4, widget=forms.HiddenInput)

    problem_sets = forms.ModelMultipleChoiceField(ProblemSet.objects.order_by("title"), required=False)
    kinds = forms.MultipleChoiceField(
        required=False, label="Kinds of problems", choices=[(kind.value, title) for kind, title in KIND_TITLES.items()]
    )
    samplers = forms.ModelMultipleChoiceField(Sampler.objects.order_by("title"), required=False)
    runs = forms.CharField(
        required=False,
        max_length=2_000,
        widget=forms.TextInput(attrs={"placeholder": "3, 17"}),
        help_text="Their numbers.",
    )
    since = forms.DateField(required=False, widget=DAY, label="Stored since")
    until = forms.DateField(required=False, widget=DAY, label="Stored until")

    accepted_by = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=100,
        initial=1,
        label="Accepted by at least",
        help_text="People; with 0 it is enough that nobody rejected.",
    )
    min_score = forms.FloatField(
        required=False,
        min_value=1,
        max_value=5,
        label="Least mean score",
        help_text="1 to 5; what nobody scored is left out then.",
    )
    imported = forms.BooleanField(
        required=False, label="Imported reviews count", help_text="Where nobody has reviewed the trace here."
    )

    correctness = forms.MultipleChoiceField(  # type: ignore[assignment] # a clause of its own
        required=False,
        label="All verdicts together",
        choices=[(outcome.value, outcome.value.capitalize()) for outcome in Outcome],
        widget=forms.CheckboxSelectMultiple,
    )
    verifiers = forms.CharField(
        required=False,
        max_length=2_000,
        label="Single verifiers",
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "arc_test: pass"}),
        help_text="One a line, with the outcomes of which its newest verdict must be one.",
    )
    least_scores = forms.CharField(
        required=False,
        max_length=2_000,
        label="Least scores",
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "scorer:sure 0.8"}),
        help_text="One a line: a scorer or other verifier, and the least of its newest score, 0 to 1.",
    )
    least_votes = forms.FloatField(
        required=False,
        min_value=0.01,
        max_value=1,
        label="Least share of votes",
        help_text="Of the samples of its problem with an answer, those that give the same, 0.01 to 1.",
    )
    hinted = forms.ChoiceField(
        required=False,
        initial="none",
        label="Hinted traces",
        help_text="The model was given the answer, so that a right answer proves nothing.",
        choices=[("none", "Leave them out"), ("too", "Take them too"), ("only", "Take only these")],
    )
    whole = forms.BooleanField(required=False, label="Leave out what was cut short")

    held_out = forms.ModelMultipleChoiceField(
        ProblemSet.objects.order_by("title"),
        required=False,
        label="Take nothing from",
        help_text="The same problems are left out, whatever they are called.",
    )
    held_out_near = forms.FloatField(
        **LIKE, label="Nor like statements", help_text="Least share of word triples in common, 0.1 to 1."
    )
    held_out_words = forms.IntegerField(
        required=False,
        min_value=LEAST_NGRAM,
        max_value=MOST_NGRAM,
        label="Nor words in a row",
        help_text=f"So many words in common, {LEAST_NGRAM} to {MOST_NGRAM}; prompts and answers are read too.",
    )

    same_texts = forms.BooleanField(required=False, label="The same text once per problem")
    same_programs = forms.BooleanField(
        required=False, label="The same program once per problem", help_text="But for names, remarks and layout."
    )
    same_near = forms.FloatField(
        **LIKE, label="Like texts once per problem", help_text="Least similarity (MinHash), 0.1 to 1."
    )
    per_problem = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=MOST_OF_A_PROBLEM,
        label="At most per problem",
        help_text="Right ones first, the most different first.",
    )

    balance_by = forms.ChoiceField(
        required=False,
        label="Balance by",
        choices=[("", "Nothing"), ("family", "Family"), ("difficulty", "Difficulty"), ("problem_set", "Problem set")],
    )
    balance_most = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=1_000_000,
        label="At most of each",
        help_text="Left empty, as many as the smallest has.",
    )
    validation = forms.FloatField(
        required=False,
        min_value=0.1,
        max_value=90,
        label="Validation share",
        help_text="Percent of the training problems, by hash.",
    )

    def __init__(self, *args: Any, wants: str = "freeze", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["title"].required = wants == "freeze"
        self.fields["rule_title"].required = wants == "save"
        for name in ("decision", "run", "problem_set", "sampler"):
            del self.fields[name]
        for field in self.fields.values():  # here each has a label that is seen
            field.widget.attrs.pop("aria-label", None)
        self.fields["train"].label = "Training pairs"
        self.fields["kind"].label = "Attempts"
        self.fields["rests_on"].label = "Answers"
        self.fields["audit"].label = "Disagreement"

    @property
    def sections(self) -> list[tuple[str, str, list[forms.BoundField], bool]]:
        """(name, title, fields, whether one of them is set or wrong) of each part of the rule."""
        found = []
        for name, title, fields in SECTIONS:
            bound = [self[each] for each in fields]
            is_set = any(field.errors or field.value() not in (None, "", [], False, "none", 1, "1") for field in bound)
            found.append((name, title, bound, is_set))
        return found

    def clean(self) -> None:
        """The rule, whose own faults are those of the fields they are about."""
        super().clean()
        try:
            self._rule = Rule.from_json(self._stored())
        except Fault as fault:
            self.add_fault(fault, names=FIELDS)
            self._rule = Rule()

    def rule(self) -> Rule:
        """The rule, as far as its fields are valid; call after validation."""
        return self._rule

    def _stored(self) -> dict[str, JSON]:
        given = self.cleaned_data
        source: dict[str, JSON] = {
            "problem_sets": [row.pk for row in given.get("problem_sets") or ()],
            "kinds": given.get("kinds") or [],
            "samplers": [row.pk for row in given.get("samplers") or ()],
            "runs": given.get("runs") or [],
            "filter": self._filter(),
            **{name: given[name].isoformat() for name in ("since", "until") if given.get(name)},
        }
        by = given.get("accepted_by")
        reviews = {"accepted_by": 1 if by is None else by, "imported": bool(given.get("imported"))}
        if given.get("min_score") is not None:
            reviews["least_score"] = given["min_score"]
        verdicts: dict[str, JSON] = {
            "correctness": given.get("correctness") or [],
            "required": given.get("verifiers") or {},
            "least_scores": given.get("least_scores") or {},
        }
        held_out: dict[str, JSON] = {"problem_sets": [row.pk for row in given.get("held_out") or ()]}
        balance: dict[str, JSON] = {"by": given.get("balance_by") or ""}
        same = {"texts": bool(given.get("same_texts")), "programs": bool(given.get("same_programs"))}
        rule: dict[str, JSON] = {
            "version": 1,
            "source": source,
            "reviews": reviews,
            "verdicts": verdicts,
            "hinted": given.get("hinted") or "none",
            "whole": bool(given.get("whole")),
            "decontamination": held_out,
            "sameness": same,
            "balance": balance,
        }
        sections: list[tuple[dict[str, JSON], str, str]] = [
            (verdicts, "least_votes", "least_votes"),
            (held_out, "near", "held_out_near"),
            (held_out, "ngram", "held_out_words"),
            (same, "near", "same_near"),
            (rule, "per_problem", "per_problem"),
            (balance, "most", "balance_most"),
            (rule, "validation", "validation"),
        ]
        for section, name, field in sections:
            if given.get(field) is not None:
                section[name] = given[field]
        return rule

    def _filter(self) -> dict[str, JSON]:
        """The filters of the trace list that are no clauses of their own, as a rule stores them."""
        given = filters_of(self.cleaned_data, [name for name in FILTERS if name != "correctness"])
        return {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()}

    def clean_runs(self) -> list[int]:
        """The numbers of runs, separated by commas or spaces."""
        words = re.split(r"[\s,]+", self.cleaned_data["runs"].strip())
        wrong = next(
            (word for word in words if word and not (word.isascii() and word.isdigit() and len(word) < 19)), ""
        )
        if wrong:
            raise forms.ValidationError(f"Found {wrong[:40]!r}, expected the numbers of runs, as in 3, 17.")
        found = sorted({int(word) for word in words if word})
        if len(found) > MOST_IDS:
            raise forms.ValidationError(f"Found {len(found)} runs, expected at most {MOST_IDS}.")
        return found

    def clean_verifiers(self) -> dict[str, list[str]]:
        """Verifiers with the outcomes that are asked for, one a line."""
        found: dict[str, list[str]] = {}
        for line in self.cleaned_data["verifiers"].splitlines():
            if not line.strip():
                continue
            name, _, told = line.rpartition(":")  # the last one: names of model judges have one too
            outcomes = [word for word in re.split(r"[\s,]+", told.strip()) if word]
            unknown = next((word for word in outcomes if word not in OUTCOMES), "")
            if not name.strip() or len(name.strip()) > LONGEST_NAME or not outcomes or unknown:
                raise forms.ValidationError(
                    f"Found {line.strip()[:60]!r}, expected a verifier and {', '.join(OUTCOMES)}, as in arc_test: pass."
                )
            found[name.strip()] = outcomes
        return found

    def clean_least_scores(self) -> dict[str, float]:
        """Verifiers with the least score that is asked of each, one a line."""
        found: dict[str, float] = {}
        for line in self.cleaned_data["least_scores"].splitlines():
            if not line.strip():
                continue
            name, _, told = line.strip().rpartition(" ")
            name = name.strip().rstrip(":")
            try:
                least = float(told)
            except ValueError:
                least = -1.0
            if not 0 < len(name) <= LONGEST_NAME or not 0 <= least <= 1:
                raise forms.ValidationError(
                    f"Found {line.strip()[:60]!r}, expected a verifier and a score from 0 to 1, as in scorer:sure 0.8."
                )
            found[name] = least
        return found


def values_of(rule: Rule) -> dict[str, Any]:
    """The first values of a form for a rule."""
    required = [f"{name}: {', '.join(outcomes)}" for name, outcomes in rule.verdicts.required.items()]
    filters = dict(rule.source.filter)
    correctness = filters.pop("correctness", None)
    given = {
        **filters,
        "problem_sets": list(rule.source.problem_sets),
        "kinds": list(rule.source.kinds),
        "samplers": list(rule.source.samplers),
        "runs": ", ".join(map(str, rule.source.runs)),
        "since": rule.source.since,
        "until": rule.source.until,
        "min_score": rule.reviews.least_score,
        "imported": rule.reviews.imported,
        "correctness": list(rule.verdicts.correctness or [word for word in each_of(correctness) if word in OUTCOMES]),
        "verifiers": "\n".join(required),
        "least_scores": "\n".join(f"{name} {least:g}" for name, least in rule.verdicts.least_scores.items()),
        "least_votes": rule.verdicts.least_votes,
        "hinted": rule.hinted,
        "whole": rule.whole,
        "held_out": list(rule.decontamination.problem_sets),
        "held_out_near": rule.decontamination.near,
        "held_out_words": rule.decontamination.ngram,
        "same_texts": rule.sameness.texts,
        "same_programs": rule.sameness.programs,
        "same_near": rule.sameness.near,
        "per_problem": rule.per_problem,
        "balance_by": rule.balance.by,
        "balance_most": rule.balance.most,
        "validation": rule.validation,
    }
    return {"accepted_by": rule.reviews.accepted_by} | {
        name: value for name, value in given.items() if value not in (None, "", [], False)
    }


def plural(data: Any) -> Any:
    """A query string of the trace list in the words of a rule: `run=3` is `runs=3`."""
    words = data.copy()
    for one, many in LEGACY.items():
        if one in words and many not in words:
            words.setlist(many, words.pop(one))
    return words


def first_values(data: Any) -> dict[str, Any]:
    """What an address gives as the first values of a form; what is empty counts as not given."""
    words = plural(data)
    lists = {name for name, field in ReleaseForm.base_fields.items() if _takes_several(field)}
    return {name: words.getlist(name) if name in lists else words[name] for name in words if words[name]}


def _takes_several(field: forms.Field) -> bool:
    return isinstance(field, forms.MultipleChoiceField | forms.ModelMultipleChoiceField)
