"""The form that plans a generation job; it shows what the chosen generator needs."""

from collections.abc import Mapping
from typing import Any

from django import forms

from trajectories.core.generation import GENERATORS
from trajectories.core.generation.arc_augmented import PARTS
from trajectories.core.generation.base import MAX_PER_CALL, Recipe, usual_per_call
from trajectories.core.generation.briefs import TARGETS
from trajectories.core.problems import ProblemError
from trajectories.core.problems.documents import parse_json_text
from trajectories.core.problems.kinds import KINDS
from trajectories.core.problems.procedural import is_plain
from trajectories.core.prompts.answer_formats import PROGRAM_STYLES
from trajectories.core.records import JSON
from trajectories.forms.budget_fields import money_budget, token_budget
from trajectories.forms.plain import PlainForm
from trajectories.forms.titles import SetTitleField, TitleField
from trajectories.models import Brief, Instruction, Problem, ProblemSet, Sampler
from trajectories.selectors.briefs import list_briefs
from trajectories.selectors.instructions import current_instructions
from trajectories.selectors.samplers import list_samplers
from trajectories.services.generation.jobs import (
    LEAST_THRESHOLD,
    MAX_CALLS,
    MAX_SOLVER_SAMPLES,
    MAX_WANTED,
    Check,
    GenerationDraft,
)
from trajectories.services.runs.lifecycle import MAX_SEED
from trajectories.services.runs.plans import MAX_TEMPERATURE, Budget

KIND_TITLES = {kind.value: written.title for kind, written in TARGETS.items()}
PART_TITLES = {
    "symmetries": "Turn and mirror",
    "colours": "Exchange colours (black stays)",
    "order": "Reorder training pairs",
    "resplit": "Let a training pair be the test",
}
FIELDS_OF = {
    "constrained": ("sampler", "brief", "kind", "family", "per_call", "words_each", "features_each", "temperature"),
    "variants": ("sampler", "brief", "source_set", "family", "per_call", "words_each", "features_each", "temperature"),
    "procedural": ("procedural_family", "knobs"),
    "arc_augmented": ("source_set", *PARTS),
}
"""Fields that only some generators have."""


class KnobsField(forms.CharField):
    """Knobs of a family as a JSON object of plain values; empty for none."""

    def clean(self, value: Any) -> dict[str, JSON]:
        """Read the object. Raises ValidationError."""
        text = super().clean(value)
        if not text.strip():
            return {}
        try:
            knobs = parse_json_text(text)
        except ProblemError as fault:
            raise forms.ValidationError(f"{str(fault)[:1].upper()}{str(fault)[1:]}.") from fault
        plain = isinstance(knobs, dict) and all(
            is_plain(each) or (isinstance(each, list) and all(map(is_plain, each))) for each in knobs.values()
        )
        if not plain:
            raise forms.ValidationError('Expected an object of knobs, such as {"max_terms": 4}.')
        return dict(knobs)


class GenerationForm(PlainForm):
    """What to generate, how to check it and where to put it. `plan` is what it says, once it is valid."""

    sampler = forms.ModelChoiceField(
        queryset=Sampler.objects.none(), empty_label=None, label="Model", help_text="Writes the problems."
    )
    brief = forms.ModelChoiceField(
        queryset=Brief.objects.none(), empty_label=None, label="Brief", help_text="What the model is told."
    )
    kind = forms.ChoiceField(
        required=False,
        label="Answer",
        choices=[("", "As the brief says"), *((kind.value, KIND_TITLES[kind]) for kind in TARGETS)],
    )
    source_set = forms.ModelChoiceField(
        queryset=ProblemSet.objects.order_by("title"),
        empty_label=None,
        label="Start from",
        help_text="Its training problems; evaluation problems are never shown to a generator.",
    )
    family = forms.CharField(
        required=False, max_length=100, label="Family", help_text="What the new problems are grouped by."
    )
    procedural_family = forms.CharField(
        max_length=100,
        label="Family",
        help_text="As named on the page of procedural families.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "list": "families"}),
    )
    knobs = KnobsField(
        required=False,
        max_length=10_000,
        label="Knobs",
        help_text='As JSON, such as {"max_terms": 4}; those left out are the family’s own.',
        widget=forms.TextInput(attrs={"class": "mono", "spellcheck": "false"}),
    )
    symmetries = forms.BooleanField(required=False, initial=True, label=PART_TITLES["symmetries"])
    colours = forms.BooleanField(required=False, initial=True, label=PART_TITLES["colours"])
    order = forms.BooleanField(required=False, initial=True, label=PART_TITLES["order"])
    resplit = forms.BooleanField(required=False, label=PART_TITLES["resplit"])
    per_call = forms.IntegerField(
        min_value=1, max_value=MAX_PER_CALL, initial=5, label="Problems a call", help_text="They share what is drawn."
    )
    words_each = forms.IntegerField(
        min_value=0, max_value=20, initial=3, label="Words drawn", help_text="Each has to occur in every problem."
    )
    features_each = forms.IntegerField(min_value=0, max_value=20, initial=1, label="Features drawn")
    temperature = forms.FloatField(min_value=0, max_value=MAX_TEMPERATURE, initial=1.0, label="Temperature")
    wanted = forms.IntegerField(
        min_value=1, max_value=MAX_WANTED, initial=20, label="Problems wanted", help_text="That pass all checks."
    )
    set_title = SetTitleField()
    split = forms.ChoiceField(choices=Problem.Split.choices, initial=Problem.Split.TRAIN)
    threshold = forms.FloatField(
        min_value=LEAST_THRESHOLD,
        max_value=1,
        label="Near duplicate from",
        help_text="Share of three-word runs in common; 1 for the same words only.",
        widget=forms.NumberInput(attrs={"step": "0.05"}),
    )
    solver = forms.ModelChoiceField(
        queryset=Sampler.objects.none(),
        required=False,
        empty_label="Nobody: go to review unchecked",
        label="Solved by",
        help_text="Its samples have to agree before anybody reviews the problem.",
    )
    instruction = forms.ModelChoiceField(
        queryset=Instruction.objects.none(), required=False, label="Asked by", help_text="For a language model."
    )
    solver_samples = forms.IntegerField(min_value=2, max_value=MAX_SOLVER_SAMPLES, initial=5, label="Samples each")
    solver_temperature = forms.FloatField(
        min_value=0.01, max_value=MAX_TEMPERATURE, initial=0.8, label="Their temperature"
    )
    least_share = forms.FloatField(
        min_value=0.01,
        max_value=1,
        initial=0.6,
        label="Share that agrees",
        widget=forms.NumberInput(attrs={"step": "0.05"}),
    )
    budget_cost = money_budget()
    budget_tokens = token_budget()
    most_calls = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=MAX_CALLS,
        label="Calls at most",
        help_text="Empty: four times what would do.",
    )
    seed = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=MAX_SEED,
        label="Seed",
        help_text="The same plan and seed draw the same; empty for a new one.",
    )
    title = TitleField(required=False, help_text="Left empty, it says what is made.")

    def __init__(self, generator: str, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.generator = generator
        own = {name for names in FIELDS_OF.values() for name in names}
        for name in own - set(FIELDS_OF[generator]):
            del self.fields[name]
        self.fields["threshold"].initial = GENERATORS[generator].threshold
        self._fill_choices(generator)
        if generator == "variants":
            # The source is constraint enough; words and features may be drawn on top of it.
            self.fields["words_each"].initial = self.fields["features_each"].initial = 0
        if generator == "arc_augmented":
            del self.fields["threshold"]

    def _fill_choices(self, generator: str) -> None:
        samplers = list_samplers()
        chat = samplers.filter(kind=Sampler.Kind.CHAT)
        is_arc = generator == "arc_augmented"
        solvers = samplers.filter(kind__in=(Sampler.Kind.SYMBOLIC, Sampler.Kind.CHAT)) if is_arc else chat
        choices = {"sampler": chat, "brief": list_briefs().filter(generator=generator), "solver": solvers}
        kinds = ["", *(word for word, kind in KINDS.items() if kind.is_offered and kind.is_grids is is_arc)]
        instructions = current_instructions(Instruction.Suits.CHAT).filter(problem_kind__in=kinds)
        choices["instruction"] = instructions.exclude(style__in=PROGRAM_STYLES)
        for name, queryset in choices.items():
            if name in self.fields:
                self.fields[name].queryset = queryset  # type: ignore[attr-defined]
        self.fields["instruction"].initial = instructions.filter(style="chain-of-thought").first()
        if "source_set" in self.fields:
            kinds_read = GENERATORS[generator].source_kinds
            usable = Problem.objects.filter(kind__in=kinds_read, split="train").values("problem_set")
            self.fields["source_set"].queryset = ProblemSet.objects.filter(pk__in=usable).order_by("title")  # type: ignore[attr-defined]

    def lacks(self, name: str) -> bool:
        """Whether a field has nothing to choose from."""
        field = self.fields.get(name)
        if not isinstance(field, forms.ModelChoiceField) or field.queryset is None:
            return False
        return not field.queryset.exists()

    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """Title and fields of each part of the form."""
        parts: Mapping[str, tuple[str, ...]] = {
            "What to make": FIELDS_OF[self.generator],
            "Where it goes": ("wanted", "set_title", "split", "threshold"),
            "Whether it can be solved": (
                *("solver", "instruction", "solver_samples", "solver_temperature", "least_share"),
            ),
            "Limits": ("budget_cost", "budget_tokens", "most_calls", "seed", "title"),
        }
        return [(title, [self[name] for name in names if name in self.fields]) for title, names in parts.items()]

    def clean(self) -> None:
        """Refuse a set title that makes no address, and a kind that is not the brief's."""
        data = self.cleaned_data
        brief = data.get("brief")
        if brief is None or "kind" not in data:
            return
        if data["kind"] and brief.problem_kind and data["kind"] != brief.problem_kind:
            self.add_error("kind", f"{brief} is for {KIND_TITLES[brief.problem_kind].lower()}; expected that.")
        elif not (data["kind"] or brief.problem_kind):
            self.add_error("kind", f"{brief} fits any kind of answer; choose one.")

    @property
    def plan(self) -> GenerationDraft:
        """What the form says. Only after validation."""
        data = self.cleaned_data
        brief: Brief | None = data.get("brief")
        parameters: dict[str, JSON] = {part: data[part] for part in PARTS if part in data}
        if self.generator == "procedural":
            parameters = {"family": data["procedural_family"], "knobs": data["knobs"]}
        recipe = Recipe(
            self.generator,
            seed=0,
            kind=data.get("kind") or ("" if brief is None or "kind" not in data else brief.problem_kind),
            family=data.get("family", ""),
            split=data["split"],
            per_call=data.get("per_call", usual_per_call(self.generator)),
            words=() if brief is None else tuple(brief.words),
            words_each=data.get("words_each", 0),
            features=() if brief is None else tuple(brief.features),
            features_each=data.get("features_each", 0),
            template="" if brief is None else brief.template,
            parameters=parameters,
        )
        return GenerationDraft(
            title=data["title"],
            recipe=recipe,
            wanted=data["wanted"],
            set_title=data["set_title"],
            sampler=data.get("sampler"),
            brief=brief,
            source_set=data.get("source_set"),
            temperature=data.get("temperature", 1.0),
            threshold=data.get("threshold"),
            check=self._check(),
            budget=Budget(cost=data["budget_cost"], tokens=data["budget_tokens"]),
            most_calls=data["most_calls"],
            seed=data["seed"],
        )

    def _check(self) -> Check | None:
        data = self.cleaned_data
        solver: Sampler | None = data["solver"]
        if solver is None:
            return None
        return Check(
            solver=solver,
            instruction=data["instruction"] if solver.is_chat else None,
            samples=data["solver_samples"],
            temperature=data["solver_temperature"],
            share=data["least_share"],
        )


class BudgetForm(PlainForm):
    """What a paused job may take when it goes on."""

    budget_cost = GenerationForm.base_fields["budget_cost"]
    budget_tokens = GenerationForm.base_fields["budget_tokens"]

    @property
    def budget(self) -> Budget:
        """What the form says. Only after validation."""
        return Budget(cost=self.cleaned_data["budget_cost"], tokens=self.cleaned_data["budget_tokens"])
