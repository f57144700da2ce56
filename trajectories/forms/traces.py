"""The filters of the trace list, which are also the scope that reviewing works through."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import date
from typing import Any, TypeVar

from django import forms

from trajectories.core.faults import Fault
from trajectories.core.selections import (
    AMOUNTS,
    AUDITS,
    FIELDS,
    GREATEST_ID,
    HINTED,
    LONGEST,
    MEMORIES,
    MOST_TRACES,
    NEAR_MISSES,
    ORIGINS,
    RANGES,
    RESTS_ON,
    TRAIN_FITS,
    Selection,
)
from trajectories.forms.plain import PlainForm
from trajectories.forms.several import OneOrSeveralIds, SeveralIds, SeveralRows, SeveralWords
from trajectories.models import Instruction, Problem, ProblemSet, Sampler
from trajectories.selectors.trace_searches import check_search
from trajectories.selectors.traces import (
    BLIND_CHOICES,
    CORRECTNESS_CHOICES,
    DECISION_CHOICES,
    KIND_CHOICES,
    MODEL_CHOICES,
    ORDERS,
    OUTCOME_CHOICES,
    PROBLEM_KIND_CHOICES,
    TRACES,
    TraceWalk,
    list_views,
)

DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


def _id() -> forms.IntegerField:
    return forms.IntegerField(required=False, min_value=1, max_value=GREATEST_ID, widget=forms.HiddenInput)


def _word(title: str, choices: Iterable[tuple[str, str]], **options: Any) -> forms.ChoiceField:
    return forms.ChoiceField(required=False, choices=[("", title), *choices], **options)


def _text(name: str, *, placeholder: str, known: str = "") -> forms.CharField:
    attrs = {"placeholder": placeholder, "autocomplete": "off"} | ({"list": known} if known else {})
    return forms.CharField(required=False, max_length=LONGEST[name], widget=forms.TextInput(attrs=attrs))


def _whole(name: str, placeholder: str) -> forms.IntegerField:
    least, most = RANGES[name]
    widget = forms.NumberInput(attrs={"placeholder": placeholder})
    return forms.IntegerField(required=False, min_value=least, max_value=most, widget=widget)


def _amount(name: str, placeholder: str) -> forms.FloatField:
    widget = forms.NumberInput(attrs={"placeholder": placeholder, "step": "any"})
    return forms.FloatField(required=False, min_value=0, max_value=AMOUNTS[name], widget=widget)


def _views() -> list[tuple[str, str]]:
    return [(view, f"{view} view") for view in list_views()]


def _words(title: str, choices: Any) -> SeveralWords:
    return SeveralWords(empty_label=title, choices=choices)


PAIRS = {name: f"{name.removesuffix('_from')}_to" for name in FIELDS if name.endswith("_from")}
"""The fields that say where a range begins, with those that say where it ends."""


class TraceScopeForm(PlainForm):
    """A scope as it is written in an address. Unknown parameters are ignored, wrong values are errors."""

    run = OneOrSeveralIds("run")
    problem = OneOrSeveralIds("problem")
    import_job = _id()
    newest = _id()
    remembered = _id()
    unsolved_by = _id()
    traces = SeveralIds("trace", most=MOST_TRACES)
    text = forms.CharField(required=False, max_length=LONGEST["text"], widget=forms.TextInput(attrs={"type": "search"}))
    decision = _words("Any decision", DECISION_CHOICES)
    correctness = _words("Any verdict", CORRECTNESS_CHOICES)
    train = _words("Any training fit", TRAIN_FITS.items())
    near_miss = _words("Any near miss", NEAR_MISSES.items())
    model_judged = _words("Any model judge", MODEL_CHOICES)
    view = _words("Any view", _views)
    kind = _words("Any kind of attempt", KIND_CHOICES)
    round = _whole("round", "Round")
    hinted = _word("Hinted or not", HINTED.items())
    memory = _word("With or without memory", MEMORIES.items())
    rests_on = _words("Any answers", RESTS_ON.items())
    audit = _word("Any agreement", AUDITS.items())
    origin = _word("Any origin", ORIGINS.items())
    sampler = SeveralRows(Sampler.objects.order_by("title"), empty_label="Any sampler")
    problem_set = SeveralRows(ProblemSet.objects.order_by("title"), empty_label="Any problem set")
    problem_kind = _words("Any kind of problem", PROBLEM_KIND_CHOICES)
    family = _text("family", placeholder="Family of problems")
    split = _word("Both splits", [(word, f"{title.capitalize()} split") for word, title in Problem.Split.choices])
    instruction = SeveralRows(Instruction.objects.order_by("title", "-version"), empty_label="Any instruction")
    temperature = _amount("temperature", "Temperature")
    verifier = _text("verifier", placeholder="Verifier", known="verifiers")
    outcome = _words("Any outcome of it", OUTCOME_CHOICES)
    score_from = _whole("score_from", "Score from")
    score_to = _whole("score_to", "to")
    length_from = _whole("length_from", "Tokens from")
    length_to = _whole("length_to", "to")
    cost_from = _amount("cost_from", "Cost in $ from")
    cost_to = _amount("cost_to", "to")
    seconds_from = _amount("seconds_from", "Seconds from")
    seconds_to = _amount("seconds_to", "to")
    created_from = forms.DateField(required=False, widget=DAY)
    created_to = forms.DateField(required=False, widget=DAY)
    tool = _text("tool", placeholder="Tool called, * for any", known="tools")
    tag = _text("tag", placeholder="Tag", known="tags")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs["aria-label"] = LABELS.get(name) or name.replace("_", " ").capitalize()

    def clean_text(self) -> str:
        """What is searched for, with a word in it that tells texts apart."""
        text: str = self.cleaned_data["text"]
        try:
            check_search(text)
        except Fault as fault:
            raise forms.ValidationError(str(fault)) from fault
        return text

    def clean_tag(self) -> str:
        """The name of a tag, which is in lower case."""
        return str(self.cleaned_data["tag"]).lower()

    def clean(self) -> None:
        """Every range begins before it ends."""
        super().clean()
        for first, last in PAIRS.items():
            start, end = self.cleaned_data.get(first), self.cleaned_data.get(last)
            if start is not None and end is not None and start > end and first in self.fields:
                self.add_error(first, f"Found {start} to {end}, expected the lower one first.")

    def scope(self) -> Selection:
        """The scope these filters name; call only on a valid form."""
        return Selection(**filters_of(self.cleaned_data, FIELDS))


LABELS = {"correctness": "Verdict", "text": "Search in texts", "created_from": "Stored from", "created_to": "Stored to"}
"""What a field is called where its name is not the word for it."""


def filters_of(cleaned: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The fields of a Selection that a valid form holds, without what is empty."""
    found: dict[str, Any] = {}
    for name in names:
        value = cleaned.get(name)
        if value in (None, "", ()):
            continue
        found[name] = value.isoformat() if isinstance(value, date) else value
    return found


ALWAYS = ("text", "decision", "correctness", "sampler", "problem_set", "order")
"""Filters that the list always shows; the others when they are asked for, in these groups."""
GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Problem", ("problem_kind", "family", "split", "rests_on")),
    ("Attempt", ("instruction", "view", "temperature", "kind", "round", "hinted", "memory", "origin")),
    ("Verdicts", ("train", "near_miss", "verifier", "outcome", "model_judged", "audit")),
    ("Review", ("score_from", "score_to", "tag")),
    ("Size", ("length_from", "length_to", "cost_from", "cost_to", "seconds_from", "seconds_to")),
    ("Stored", ("created_from", "created_to")),
    ("Tools", ("tool",)),
)
FOLDED = tuple(name for _, names in GROUPS for name in names)

_Form = TypeVar("_Form", bound=TraceScopeForm)


class TraceListForm(TraceScopeForm):
    """The scope of the list, its order and its columns."""

    order = forms.ChoiceField(required=False, choices=[("", "Newest first"), *ORDERS.items()])
    columns = forms.CharField(required=False, max_length=400, widget=forms.HiddenInput)

    def call_decisions_own(self) -> None:
        """Say that decisions are those on traces the reader has reviewed: others are not shown."""
        decision = self.fields["decision"]
        assert isinstance(decision, SeveralWords)
        decision.choices = list(BLIND_CHOICES.items())
        decision.help_text = "Of the traces that you have reviewed."

    def clean_columns(self) -> str:
        """The columns that are shown, separated by commas; those that are not known count for nothing."""
        words = str(self.cleaned_data["columns"]).split(",")
        return ",".join(word for word in TRACES.columns if word in words)

    @property
    def shows_more(self) -> bool:
        """Whether a filter is set, or wrong, that is folded away at first."""
        return any(self[name].value() for name in FOLDED)

    @property
    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The filters that are folded away, by what they are about."""
        return [(title, [self[name] for name in names]) for title, names in GROUPS]

    def walk(self) -> TraceWalk:
        """The scope with its order; call only on a valid form."""
        return TraceWalk(**asdict(self.scope()), order=self.cleaned_data["order"])


def read_scope(data: Any) -> Selection:
    """The scope in a query string; what is not a valid filter counts for nothing."""
    form = _as_far_as_valid(TraceScopeForm, data)
    return form.scope() if form.is_valid() else Selection()


def read_walk(data: Any) -> TraceWalk:
    """The scope and the order in a query string; what is not valid counts for nothing."""
    form = _as_far_as_valid(TraceListForm, data)
    return form.walk() if form.is_valid() else TraceWalk()


def read_exactly(data: Any) -> Selection:
    """The scope in a query string. Raises Fault, with the field, for the first filter that is not valid."""
    return _valid(TraceScopeForm, data).scope()


def read_walk_exactly(data: Any) -> TraceWalk:
    """The scope and the order in a query string. Raises Fault, with the field, for the first that is not valid."""
    return _valid(TraceListForm, data).walk()


def _valid(kind: type[_Form], data: Any) -> _Form:
    form = kind(data)
    if not form.is_valid():
        name, faults = next(iter(form.errors.items()))
        raise Fault(f"{name}: {faults[0]}", field=name)
    return form


def _as_far_as_valid(kind: type[_Form], data: Any) -> _Form:
    form = kind(data)
    if form.is_valid():
        return form
    rest = data.copy()
    for name in form.errors:
        rest.pop(name, None)
    return kind(rest)
