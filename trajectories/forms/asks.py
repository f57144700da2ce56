"""The form that asks: what, whom, with which budget, and how samples become one answer."""

from typing import Any

from django import forms

from trajectories.core.consolidation.ways import WAYS, Value
from trajectories.core.samplers.symbolic.steps import STEP_VIEWS
from trajectories.core.strategies import STRATEGIES
from trajectories.forms.budget_fields import money_budget, token_budget
from trajectories.forms.plain import PlainForm
from trajectories.forms.run_choices import SamplerSelect, usual_instruction
from trajectories.models import Instruction, Problem, Sampler
from trajectories.selectors.instructions import current_instructions
from trajectories.selectors.samplers import list_samplers
from trajectories.services.problems.asked import MAX_QUESTION, QUESTION_KINDS
from trajectories.services.runs.asking import USUAL_SAMPLES
from trajectories.services.runs.plans import MAX_SAMPLES_EACH, PARALLEL, Budget

SOURCES = ("problem", "question", "task")
USUAL_WAY = "Usual: rank sums (ARC) or majority"
WAY_CHOICES = [
    ("", USUAL_WAY),
    *((way.name, way.title) for way in WAYS.values() if Value.SCORE not in way.needs),
]


def instructions_for(sampler: Sampler, kind: str, strategy: str) -> list[Instruction]:
    """How a sampler is asked about a problem of a kind unless somebody says otherwise: all views of the search that the
    strategy can follow, and a language model by the usual instruction."""
    current = list(current_instructions(sampler.suits))
    if not sampler.is_chat:
        return [each for each in current if each.view in STEP_VIEWS or not STRATEGIES[strategy].steps]
    usual = usual_instruction([kind], current)
    return [] if usual is None else [usual]


class AskForm(PlainForm):
    """One problem, given in one of three ways, and what it may take.

    `cleaned_data["budget"]` is the Budget besides samples.
    """

    problem = forms.CharField(
        required=False,
        max_length=200,
        label="A problem that is here",
        help_text="Its name or number.",
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocomplete": "off"}),
    )
    question = forms.CharField(
        required=False,
        max_length=MAX_QUESTION,
        label="A question",
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="For a language model. It is kept as a problem without a reference answer.",
    )
    kind = forms.ChoiceField(
        required=False,
        label="Its answer is",
        choices=[(kind.value, words) for kind, words in QUESTION_KINDS.items()],
    )
    task = forms.FileField(
        required=False,
        label="An ARC task",
        help_text="A .json file with one task.",
        widget=forms.FileInput(attrs={"accept": ".json"}),
    )
    sampler = forms.ModelChoiceField(
        queryset=Sampler.objects.none(), empty_label=None, label="Sampler", widget=SamplerSelect
    )
    strategy = forms.ChoiceField(
        required=False,
        initial=PARALLEL,
        label="Strategy",
        choices=[(name, strategy.title) for name, strategy in STRATEGIES.items()],
        help_text="With its usual settings; a new run has them all.",
    )
    samples = forms.IntegerField(
        min_value=1,
        max_value=MAX_SAMPLES_EACH,
        initial=USUAL_SAMPLES,
        label="At most so many samples",
    )
    tokens = token_budget(label="Tokens")
    cost = money_budget("In the currency of the sampler's prices. No call starts that might exceed it.", "Money")
    way = forms.ChoiceField(required=False, label="Way of choosing the answer", choices=WAY_CHOICES)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        kinds = (Sampler.Kind.IMPORTED, Sampler.Kind.AGENT)
        self.fields["sampler"].queryset = list_samplers().exclude(kind__in=kinds)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Ask for one thing, and put the budget together."""
        data = super().clean() or self.cleaned_data
        given = [name for name in SOURCES if data.get(name)]
        if len(given) != 1 and not any(name in self.errors for name in SOURCES):
            found = (
                "none of them" if not given else " and ".join(str(self.fields[name].label).lower() for name in given)
            )
            text = f"Found {found}, expected one of a problem, a question and an ARC task."
            self.add_error(given[-1] if given else "problem", text)
        if not self.errors:
            data["budget"] = Budget(cost=data["cost"], tokens=data["tokens"])
        return data


class WayForm(PlainForm):
    """By which way an answer is chosen, on the page of what was asked."""

    way = forms.ChoiceField(required=False, label="Way of choosing", choices=[])

    def __init__(self, *args: Any, ways: list[tuple[str, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["way"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = ways


def problem_names() -> list[str]:
    """Some names to choose from: the first problems that there are."""
    return list(Problem.objects.order_by("pk").values_list("name", flat=True)[:200])
