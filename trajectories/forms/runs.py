"""The form that plans a run."""

from collections.abc import Collection, Mapping
from typing import Any

from django import forms

from trajectories.core.samplers.symbolic.steps import STEP_VIEWS
from trajectories.core.strategies import STRATEGIES
from trajectories.core.strategies.plans import Diversity
from trajectories.forms.budget_fields import money_budget, token_budget
from trajectories.forms.memory import MEMORY_FIELDS, MemoryFields, memory_of
from trajectories.forms.plain import PlainForm
from trajectories.forms.run_choices import (
    PlanParts,
    SamplerSelect,
    SetSelect,
    group_instructions,
    kinds_of_sets,
    setting_field,
    setting_name,
    usual_instruction,
)
from trajectories.forms.segmentations import CuttingField
from trajectories.forms.step_judges import STEP_JUDGE_FIELDS, StepJudgeFields, step_judge_from
from trajectories.forms.titles import TitleField
from trajectories.models import Instruction, Mind, Problem, ProblemSet, Sampler, Scorer
from trajectories.selectors.blinding import Sight
from trajectories.selectors.instructions import current_instructions
from trajectories.selectors.problems import SOLVED_STATES, in_state
from trajectories.selectors.samplers import list_samplers
from trajectories.selectors.scorers import step_scorers
from trajectories.services.runs.estimates import estimate_plan
from trajectories.services.runs.inheriting import ALL, PARTS
from trajectories.services.runs.lifecycle import MAX_SEED, MAX_TITLE, draw_seed
from trajectories.services.runs.plans import (
    MAX_ATTEMPTS,
    MAX_EXAMPLES,
    MAX_SAMPLES_EACH,
    MAX_TEMPERATURE,
    PARALLEL,
    Budget,
    Plan,
    PlanError,
    plan_title,
)
from trajectories.services.runs.temperatures import read_temperatures

MAX_NAMED = 2_000
FIRST_FIELDS = (
    *("problem_set", "state", "limit", "names"),
    *("sampler", "samples_each", "temperatures", "instructions", "strategy"),
)
"""As the page has them, for the list of what is wrong; settings of strategies and what is folded away follow."""
CHOICE_OF_PROBLEMS = {"problem_set", "state", "limit", "names"}
FOLDED: Mapping[str, tuple[str, ...]] = {
    "strategy": ("strategy", "step_scorer", *STEP_JUDGE_FIELDS),
    "diversity": ("examples", "examples_vary", "variations"),
    "memory": MEMORY_FIELDS,
    "limits": ("title", "budget_minutes", "budget_cost", "budget_tokens", "fresh", "segmentation"),
}
"""Parts of the page that are folded away while their fields are as they begin."""
VARIATIONS = [
    ("symmetries", "turned and mirrored"),
    ("colours", "in other colours"),
    ("order", "with the pairs in another order"),
]


BUDGET_NAMES = {"budget_seconds": "budget_minutes"}
"""How forms call the parts of a budget that services call otherwise."""


def budget_of(data: Mapping[str, Any]) -> Budget:
    """The budget that the fields of a form describe."""
    minutes = data["budget_minutes"]
    return Budget(
        seconds=round(60 * minutes) if minutes else None, cost=data["budget_cost"], tokens=data["budget_tokens"]
    )


class RunForm(PlanParts, MemoryFields, StepJudgeFields, PlainForm):
    """Which problems, how to look at them, how many samples. `cleaned_data["plan"]` is the checked Plan."""

    title = TitleField(required=False, help_text="Left empty, it says what is sampled.", label="Title")
    sampler = forms.ModelChoiceField(
        queryset=Sampler.objects.none(), empty_label=None, label="Sampler", widget=SamplerSelect
    )
    problem_set = forms.ModelChoiceField(
        queryset=ProblemSet.objects.order_by("title"),
        required=False,
        empty_label="All sets",
        label="Problem set",
        widget=SetSelect,
    )
    state = forms.ChoiceField(
        required=False,
        choices=[("", "All"), *((word, title) for word, (title, _) in SOLVED_STATES.items())],
        label="Which of them",
    )
    names = forms.CharField(
        required=False,
        label="Only these",
        help_text="Names of problems, separated by spaces.",
        widget=forms.Textarea(attrs={"rows": 1, "spellcheck": "false", "class": "mono"}),
    )
    limit = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=MAX_ATTEMPTS,
        label="At most",
        help_text="The first so many problems; empty for all.",
    )
    samples_each = forms.IntegerField(
        min_value=1,
        max_value=MAX_SAMPLES_EACH,
        initial=8,
        label="Samples each",
        help_text="For each problem, instruction and temperature.",
    )
    temperatures = forms.CharField(
        initial="1",
        max_length=100,
        label="Temperature",
        help_text=f"0 to {MAX_TEMPERATURE:g}, several separated by spaces; 0.2..1.2 spreads the samples over a range.",
    )
    seed = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=MAX_SEED,
        label="Seed",
        initial=draw_seed,
        help_text="The same seed draws the same samples, and pays for none of them twice.",
    )
    strategy = forms.ChoiceField(
        required=False,
        initial=PARALLEL,
        label="Strategy",
        widget=forms.RadioSelect,
        choices=[(name, strategy.title) for name, strategy in STRATEGIES.items()],
    )
    examples = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=MAX_EXAMPLES,
        label="Examples",
        help_text="Accepted traces of other training problems shown before the problem.",
    )
    examples_vary = forms.BooleanField(required=False, label="Other examples for every sample")
    variations = forms.MultipleChoiceField(
        required=False,
        label="Show ARC tasks",
        widget=forms.CheckboxSelectMultiple,
        choices=VARIATIONS,
        help_text="Undone before an answer is verified. The first sample of each view sees the task as it is.",
    )
    budget_minutes = forms.FloatField(
        required=False,
        min_value=0.1,
        max_value=60 * 24 * 365,
        label="Time budget in minutes",
        help_text="The run pauses when it is spent; empty for none.",
    )
    budget_cost = money_budget("In the currency of the sampler's prices. No call starts that might exceed it.")
    budget_tokens = token_budget()
    fresh = forms.BooleanField(
        required=False,
        label="Ask everything anew",
        help_text="Otherwise an answer paid for in an earlier run with the same seed is used again.",
    )

    step_scorer = forms.ModelChoiceField(
        queryset=Scorer.objects.none(),
        required=False,
        empty_label="How sure the model is of its words",
        label="Steps of texts scored by",
        help_text="A process scorer, or the log-probabilities that the endpoint gives. Programs need neither.",
    )
    mind = forms.ModelChoiceField(
        queryset=Mind.objects.defer("weights"),
        required=False,
        label="Goes on from mind",
        help_text="The number of a mind of an earlier run, which is left as it is; empty to begin with nothing.",
        widget=forms.NumberInput(attrs={"min": 1}),
        error_messages={"invalid_choice": "Found no such mind, expected the number on a page of one."},
    )
    mind_parts = forms.ChoiceField(required=False, initial=ALL, label="And takes along", choices=list(PARTS.items()))
    segmentation = CuttingField(
        label="Steps", help_text="What step labels are given to. It can be chosen anew later, on the trace list."
    )

    def __init__(self, *args: Any, sight: Sight, **options: Any) -> None:
        super().__init__(*args, **options)
        self.sight = sight
        self.fields["sampler"].queryset = list_samplers().exclude(kind=Sampler.Kind.IMPORTED)  # type: ignore[attr-defined]
        self.fields["step_scorer"].queryset = step_scorers()  # type: ignore[attr-defined]
        kinds = kinds_of_sets()
        self.fields["problem_set"].widget.kinds = kinds
        self._views = {str(instruction.pk): instruction for instruction in current_instructions()}
        self._groups = group_instructions(self._views.values())
        views = forms.MultipleChoiceField(
            widget=forms.CheckboxSelectMultiple,
            label="Instructions",
            choices=[(str(view.pk), view.title) for group in self._groups for view in group.instructions],
            initial=[view.pk for view in self._usual_views(kinds)],
            error_messages={"required": "Found none chosen, expected at least one."},
        )
        self.fields["instructions"] = views
        parameters = [(strategy, each) for strategy in STRATEGIES.values() for each in strategy.parameters]
        settings = {setting_name(strategy, each): setting_field(each) for strategy, each in parameters}
        self._settings = list(settings)
        self.fields.update(settings)
        self.order_fields([*FIRST_FIELDS, *self._settings])

    def _usual_views(self, kinds: Mapping[int, Collection[str]]) -> list[Instruction]:
        """What a run begins with whichever sampler is chosen: every view of the search, that of agents, and for a
        language model the usual instruction for the problems.
        """
        views = [view for view in self._views.values() if view.suits != Instruction.Suits.CHAT]
        chosen = kinds.get(self.initial.get("problem_set") or 0)
        every = {kind for found in kinds.values() for kind in found}
        usual = usual_instruction(chosen or every, self._views.values())
        return views if usual is None else [*views, usual]

    @property
    def opened(self) -> set[str]:
        """Parts that are not folded away: something in them is wrong, or is not as it begins."""
        wrong = {"strategy": self._settings, "diversity": [], "memory": [], "limits": ["seed"]}
        return {
            part
            for part, names in FOLDED.items()
            if any(name in self.errors for name in (*names, *wrong[part])) or any(map(self._differs, names))
        }

    def _differs(self, name: str) -> bool:
        return str(self[name].value() or "") != str(self.fields[name].initial or "")

    def clean_instructions(self) -> list[Instruction]:
        """The instructions of the keys."""
        return [self._views[key] for key in self.cleaned_data["instructions"]]

    def clean_temperatures(self) -> tuple[list[float], bool]:
        """(numbers, whether they are the ends of a range), or what is none."""
        try:
            return read_temperatures(self.cleaned_data["temperatures"])
        except PlanError as fault:
            raise forms.ValidationError(str(fault)) from fault

    def clean_names(self) -> list[str]:
        """The names, each once, in the order given."""
        names = list(dict.fromkeys(self.cleaned_data["names"].replace(",", " ").split()))
        if len(names) > MAX_NAMED:
            raise forms.ValidationError(f"Found {len(names):,} names, expected at most {MAX_NAMED:,}.")
        return names

    def clean(self) -> dict[str, Any]:
        """Resolve the problems and check the plan as a whole."""
        data = super().clean() or self.cleaned_data
        self._forget_other_settings(data)
        problems = self._problems(data) if data.keys() >= CHOICE_OF_PROBLEMS else []
        if {"sampler", "instructions"} <= data.keys():
            self._check_views(data)
        if self.errors:
            return data
        plan = self._plan(problems, data)
        try:
            plan.check(data["sampler"])
        except PlanError as fault:
            if problems or "state" not in self.fields:
                self.add_fault(fault)
            else:
                self.add_error("state", "No problem is chosen; loosen the choice.")
            return data
        return {
            **data,
            "plan": plan,
            "title": data["title"] or plan_title(plan, data["problem_set"])[:MAX_TITLE],
            **self._means(data, plan),
        }

    def _plan(self, problems: list[Problem], data: dict[str, Any]) -> Plan:
        strategy = STRATEGIES[data["strategy"] or PARALLEL]
        grows_text = strategy.steps and data["sampler"].is_chat
        settings = {parameter.name: data[setting_name(strategy, parameter)] for parameter in strategy.parameters}
        temperatures, spread = data["temperatures"]
        return Plan(
            problems,
            data["instructions"],
            temperatures,
            data["samples_each"],
            spread=spread,
            strategy=strategy.name,
            settings={name: value for name, value in settings.items() if value is not None},
            diversity=Diversity(
                examples=data["examples"] or 0,
                examples_vary=data["examples_vary"],
                **{name: name in data["variations"] for name, _ in VARIATIONS},
            ),
            # What stands in a field that the page does not show is neither seen nor used.
            step_scorer=data.get("step_scorer") if grows_text else None,
            step_judge=step_judge_from(data) if grows_text else None,
            mind=data.get("mind") if data["sampler"].is_agent else None,
            mind_parts=data.get("mind_parts") or ALL,
            memory=memory_of(data),
        )

    def _forget_other_settings(self, data: dict[str, Any]) -> None:
        """What stands in the settings of strategies that are not chosen is neither seen nor used."""
        for strategy in STRATEGIES.values():
            if strategy.name != (data.get("strategy") or PARALLEL):
                for parameter in strategy.parameters:
                    self.errors.pop(setting_name(strategy, parameter), None)

    def _check_views(self, data: dict[str, Any]) -> None:
        """Take the instructions that suit the sampler and the strategy: the page says which do not. One has to."""
        sampler, chosen = data["sampler"], data["instructions"]
        suiting = [view for view in chosen if view.suits == sampler.suits]
        by_steps = [view for view in suiting if view.view in STEP_VIEWS]
        grows = STRATEGIES[data.get("strategy") or PARALLEL].steps
        data["instructions"] = by_steps if grows and by_steps else suiting
        if not data["instructions"]:
            if sampler.is_chat:
                fault = "Found no instruction for language models, expected at least one."
            elif sampler.is_agent:
                fault = f"Found {chosen[0].title!r}, expected the instruction for agents."
            else:
                fault = f"Found {chosen[0].title!r}, expected views of the symbolic search."
            self.add_error("instructions", fault)

    def _means(self, data: dict[str, Any], plan: Plan) -> dict[str, Any]:
        """The budget, the estimate for a language model, and what is kept with the plan."""
        budget = budget_of(data)
        options: dict[str, Any] = {"recalls": not data["fresh"]}
        estimate = None
        try:
            budget.check(data["sampler"], plan.step_judge)
            if data["sampler"].is_chat:
                estimate = estimate_plan(plan=plan, sampler=data["sampler"])
                options["prompt_tokens"] = estimate.prompt_tokens
        except PlanError as fault:
            self.add_fault(fault, names=BUDGET_NAMES)
        except ValueError as fault:
            self.add_error("sampler", str(fault))
        return {"budget": budget, "estimate": estimate, "options": options}

    def _problems(self, data: dict[str, Any]) -> list[Problem]:
        problems = Problem.objects.order_by("pk").only("pk", "kind", "name", "content_hash")
        if data["problem_set"]:
            problems = problems.filter(problem_set=data["problem_set"])
        if data["names"]:
            problems = problems.filter(name__in=data["names"])
            found = set(problems.values_list("name", flat=True))
            if missing := [name for name in data["names"] if name not in found]:
                where = data["problem_set"] or "any set"
                more = f" and {len(missing) - 1:,} more" if len(missing) > 1 else ""
                self.add_error("names", f"Found no problem named {missing[0][:80]!r}{more} in {where}.")
        if data["state"]:
            problems = in_state(problems, data["state"], self.sight)
        return list(problems[: data["limit"]])


class BudgetForm(PlainForm):
    """What a run may take from now on. `cleaned_data["budget"]` is the Budget."""

    budget_minutes, budget_cost, budget_tokens = (
        RunForm.base_fields[name] for name in ("budget_minutes", "budget_cost", "budget_tokens")
    )

    def clean(self) -> dict[str, Any]:
        """Put the budget together."""
        data = super().clean() or self.cleaned_data
        return data if self.errors else {**data, "budget": budget_of(data)}


class ExtendForm(PlainForm):
    """How many samples each there shall be in all."""

    samples_each = forms.IntegerField(min_value=2, max_value=MAX_SAMPLES_EACH, label="Samples each")
