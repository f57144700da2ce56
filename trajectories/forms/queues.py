"""Making and changing curation queues, and the decision form of their items."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django import forms
from django.contrib.auth.models import User

from trajectories.core.curation.reviews import REJECTION_REASONS, Decision, ReviewDraft
from trajectories.core.curation.schemas import (
    ANCHORS,
    SKIP_REASONS,
    Blinding,
    DecisionSchema,
    KnownDecision,
    StepMode,
)
from trajectories.core.prompts.segmentation import SEGMENTATIONS
from trajectories.core.selections import Selection
from trajectories.forms.plain import PlainForm
from trajectories.forms.reviews import REASON_KEYS, ReviewForm
from trajectories.forms.titles import TitleField
from trajectories.models import Queue
from trajectories.selectors.blinding import ADD_REVIEWS
from trajectories.selectors.projects import people_with
from trajectories.selectors.scorers import trained_names
from trajectories.services.curation.decisions import LONGEST_NOTE
from trajectories.services.curation.queues import LONGEST_GUIDELINES, MOST_GOLD, MOST_REVIEWS, QueueDraft

STEP_CHOICES = [
    (StepMode.EACH.value, "Any step may be labelled good, bad or neutral"),
    (StepMode.FIRST_ERROR.value, "The first wrong step: those before it count as good"),
    (StepMode.OFF.value, "Steps are not labelled"),
]
QUEUE_CUTS = [("", "As each trace is cut elsewhere"), *((name, title) for name, title in SEGMENTATIONS.items() if name)]
TAKEN_KEYS = set("axsujkgbnecrdzmqpy")
"""Keys of the curation screen that reasons and tags do not get."""


def _lines(label: str, rows: int, help_text: str, **options: Any) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": rows})
    return forms.CharField(label=label, required=False, max_length=4_000, widget=widget, help_text=help_text, **options)


class GuidelinesForm(PlainForm):
    """The next version of a queue's guidelines; `seen` is the version that the page was made with."""

    guidelines = forms.CharField(
        label="Guidelines",
        required=False,
        strip=False,
        max_length=LONGEST_GUIDELINES,
        widget=forms.Textarea(attrs={"rows": 20, "spellcheck": "true"}),
        help_text="Markdown. Folds out beside the decision form. Decisions name the version they were made by.",
    )
    seen = forms.IntegerField(min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)


class QueueChangeForm(PlainForm):
    """What may change while people work."""

    title = TitleField()
    due_on = forms.DateField(label="Due on", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    members = forms.ModelMultipleChoiceField(
        User.objects.none(),
        label="People",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Nobody chosen: everybody who may review.",
    )

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        people = self.fields["members"]
        assert isinstance(people, forms.ModelMultipleChoiceField)
        people.queryset = people_with(ADD_REVIEWS)


class QueueForm(QueueChangeForm):
    """A new queue; its traces are in the address, as on the trace list."""

    guidelines = forms.CharField(
        required=False,
        strip=False,
        max_length=LONGEST_GUIDELINES,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "true"}),
        help_text="Markdown. What counts, what does not, with examples.",
    )
    is_live = forms.BooleanField(label="Live: take up traces that come to match later", required=False)
    item_order = forms.ChoiceField(label="Order", choices=Queue.Order.choices, initial=Queue.Order.RANDOM)
    scorer_name = forms.ChoiceField(
        label="Scorer",
        required=False,
        help_text="For an order or suggestions by a scorer. What it has not scored comes last and has no suggestion.",
    )
    by_problem = forms.BooleanField(
        label="By problem: all samples of a problem on one screen",
        required=False,
        help_text="Grouped by what they answer. Keep the best, reject the rest.",
    )
    reviews_each = forms.IntegerField(label="Reviews for each trace", min_value=1, max_value=MOST_REVIEWS, initial=1)
    doubled_percent = forms.IntegerField(
        label="Doubled, in percent",
        min_value=0,
        max_value=100,
        initial=10,
        help_text="Drawn at random to get twice as many reviews. Agreement is measured on these.",
    )
    reasons = _lines("Reasons for a rejection", 8, "One a line.", initial="\n".join(REJECTION_REASONS.values()))
    anchors = _lines("What the scores mean", 5, "Five lines, for 1 to 5; or nothing.")
    scores = _lines("Several scores instead of one", 4, "One name a line. Each is given from 1 to 5.")
    tags = _lines("Tags", 4, "One a line.")
    steps = forms.ChoiceField(
        label="Steps", choices=STEP_CHOICES, initial=StepMode.EACH.value, widget=forms.RadioSelect
    )
    segmentation = forms.ChoiceField(
        label="How a trace is cut into steps",
        required=False,
        choices=QUEUE_CUTS,
        help_text="Labels name the way of cutting that they were given for, and keep their places in the text.",
    )
    hide_reviews = forms.BooleanField(label="What others and model judges decided", required=False, initial=True)
    hide_verdicts = forms.BooleanField(label="What verifiers found", required=False)
    hide_sampler = forms.BooleanField(label="Sampler, run and instruction", required=False)
    suggestions = forms.ChoiceField(
        label="Suggested decisions",
        required=False,
        choices=Queue.Suggests.choices,
        help_text="Pre-filled, and nobody's decision until they submit it. One item in ten goes without, as control.",
    )
    gold_count = forms.IntegerField(
        label="Gold items",
        min_value=0,
        max_value=MOST_GOLD,
        initial=0,
        help_text="Of these traces, the newest that you have decided on yourself. Answers to them are compared only.",
    )
    training_count = forms.IntegerField(
        label="Of these for training",
        min_value=0,
        max_value=MOST_GOLD,
        initial=0,
        help_text="Everybody decides on them first, and is told what was right.",
    )
    gold_every = forms.IntegerField(
        label="One decision about gold in",
        min_value=0,
        max_value=1_000,
        initial=0,
        help_text="Mixed in without telling; 0 for none.",
    )

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        field = self.fields["scorer_name"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "none"), *((name, name) for name in trained_names())]

    def draft(self, selection: Selection) -> QueueDraft:
        """What the form asks for. Only after validation. Raises Fault with the field."""
        data = self.cleaned_data
        codes = {title: code for code, title in REJECTION_REASONS.items()}
        reasons = [codes.get(line, line) for line in _split(data["reasons"])]
        stored = {
            "reasons": [] if reasons == list(REJECTION_REASONS) else reasons,
            **{name: _split(data[name]) for name in ("anchors", "scores", "tags")},
            "steps": data["steps"],
        }
        same = (
            "title",
            "guidelines",
            "is_live",
            "item_order",
            "scorer_name",
            "reviews_each",
            "doubled_percent",
            "due_on",
            "suggestions",
            "segmentation",
        )
        gold = ("by_problem", "gold_count", "training_count", "gold_every")
        return QueueDraft(
            selection=selection,
            schema=DecisionSchema.from_json(stored),
            blinding=Blinding(data["hide_reviews"], data["hide_verdicts"], data["hide_sampler"]),
            members=list(data["members"]),
            **{name: data[name] for name in (*same, *gold)},
        )


def _split(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def letter_keys(words: Mapping[str, str], taken: set[str]) -> dict[str, str]:
    """A key for each code, by its title's letters where they are free; "" where no letter is. `taken` grows."""
    found: dict[str, str] = {}
    for code, title in words.items():
        letters = REASON_KEYS.get(code, "") + "".join(filter(str.isascii, title.lower())) + "abcdefghijklmnopqrstuvwxyz"
        found[code] = next((letter for letter in letters if letter.isalpha() and letter not in taken), "")
        taken.add(found[code])
    return found


class QueueReviewForm(ReviewForm):
    """One person's decision on an item, by what the queue asks; with it, or by itself, a question to the lead."""

    tags = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)
    flag = forms.CharField(required=False, max_length=LONGEST_NOTE, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, schema: DecisionSchema, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.schema = schema
        titles = schema.reason_titles()
        self._set_choices("reason", list(titles.items()))
        self._set_choices("tags", [(tag, tag) for tag in schema.tags])
        for number in range(len(schema.scores)):
            self.fields[f"score_{number}"] = forms.TypedChoiceField(
                label=schema.scores[number],
                required=False,
                coerce=int,
                empty_value=None,
                choices=[(score, str(score)) for score in range(1, 6)],
                widget=forms.RadioSelect,
            )
        taken = set(TAKEN_KEYS)
        self._reason_keys = letter_keys(titles, taken)
        self._tag_keys = letter_keys({tag: tag for tag in schema.tags}, taken)

    def _set_choices(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def reasons(self) -> list[tuple[str, str, str]]:
        """(key, code, title) of every reason of the queue."""
        return [(self._reason_keys[code], code, title) for code, title in self.schema.reason_titles().items()]

    def tag_rows(self) -> list[tuple[str, str, bool]]:
        """(key, tag, whether it is given) of every tag of the queue."""
        given = self["tags"].value() or []
        return [(self._tag_keys[tag], tag, tag in given) for tag in self.schema.tags]

    def score_rows(self) -> list[tuple[str, str, str]]:
        """(field, title, the value as text) of every further score."""
        values = [self[f"score_{number}"].value() for number in range(len(self.schema.scores))]
        titled = enumerate(zip(self.schema.scores, values, strict=True))
        return [(f"score_{at}", title, "" if value is None else str(value)) for at, (title, value) in titled]

    def anchored(self) -> list[tuple[int, str]]:
        """(score, what it means) where the queue says so."""
        return list(zip(range(1, ANCHORS + 1), self.schema.anchors, strict=False))

    def check_draft(self, draft: ReviewDraft) -> None:
        """Raise ReviewError for the first part that is no answer to what the queue asks."""
        self.schema.check(draft, self.step_count)

    def draft(self) -> ReviewDraft:
        """The draft in the form; call only on a valid form."""
        given = {title: self.cleaned_data.get(f"score_{at}") for at, title in enumerate(self.schema.scores)}
        scores = {title: score for title, score in given.items() if score is not None}
        return replace(super().draft(), scores=scores, tags=tuple(self.cleaned_data["tags"]))


class SkipForm(PlainForm):
    """Passing an item over, with a reason or without, and perhaps with a question to the lead."""

    skip_reason = forms.ChoiceField(required=False, choices=list(SKIP_REASONS.items()))
    flag = forms.CharField(required=False, max_length=LONGEST_NOTE)


class GoldForm(PlainForm):
    """A trace whose decision is known."""

    trace = forms.IntegerField(min_value=1, max_value=2**63 - 1)
    decision = forms.ChoiceField(choices=[(Decision.ACCEPT.value, "Accept"), (Decision.REJECT.value, "Reject")])
    reason = forms.ChoiceField(required=False)
    why = forms.CharField(label="Why", required=False, max_length=LONGEST_NOTE, help_text="Told after a training item.")
    is_training = forms.BooleanField(label="For the training round", required=False)

    def __init__(self, *arguments: Any, schema: DecisionSchema, **options: Any) -> None:
        super().__init__(*arguments, **options)
        field = self.fields["reason"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "no reason"), *schema.reason_titles().items()]

    def known(self) -> KnownDecision:
        """The known decision. Only after validation."""
        data = self.cleaned_data
        decision = Decision(data["decision"])
        return KnownDecision(decision, data["reason"] if decision is Decision.REJECT else "", data["why"].strip())
