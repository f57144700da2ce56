"""The forms that plan a campaign, change its budget, and overrule its gate."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from trajectories.adapters.training import TRAINERS
from trajectories.core.campaigns.curricula import read_needs, write_needs
from trajectories.core.campaigns.gates import TESTS, GateTest
from trajectories.core.campaigns.plans import (
    BASES,
    CONTROLS,
    LEAST_SCORE,
    LEVELS,
    MOST_GENERATIONS,
    MOST_GROWTH,
    MOST_PER_PROBLEM,
    MOST_SHARE,
    NEAR,
    OPENS_AT,
    REPLAYS,
    SYMBOLIC_TRAINER,
    Basis,
    CampaignPlan,
    ControlOf,
    ReplaySource,
)
from trajectories.core.campaigns.templates import TEMPLATES
from trajectories.core.faults import Fault
from trajectories.core.learning.rules import CORRECT, TAKE_WORDS
from trajectories.core.strategies import STRATEGIES
from trajectories.core.strategies.memories import SOURCES, MemorySource
from trajectories.forms.budget_fields import money_budget, token_budget
from trajectories.forms.campaign_budgets import GenerationBudgetFields, budget_values, generation_budget_of
from trajectories.forms.campaign_people import PeopleFields
from trajectories.forms.curricula import CurriculumFields
from trajectories.forms.memory import MemoryFields, memory_of, memory_values
from trajectories.forms.plain import PlainForm
from trajectories.forms.run_choices import (
    PlanParts,
    SamplerSelect,
    SetSelect,
    group_instructions,
    kinds_of_sets,
    setting_field,
    setting_name,
)
from trajectories.forms.titles import TitleField
from trajectories.forms.trainer_fields import asked_by_campaigns, by_heading, parameter_field, trainer_field
from trajectories.models import Campaign, Instruction, ProblemSet, Release, Sampler, Scorer
from trajectories.selectors.instructions import current_instructions
from trajectories.selectors.samplers import list_samplers
from trajectories.selectors.workers import living_trainers
from trajectories.services.campaigns.estimates import estimate_campaign
from trajectories.services.campaigns.plans import MOST_PROBLEMS, Draft, prepare
from trajectories.services.runs.lifecycle import MAX_SEED, draw_seed
from trajectories.services.runs.plans import MAX_SAMPLES_EACH, PARALLEL, Budget, PlanError
from trajectories.services.runs.temperatures import read_temperatures
from trajectories.services.training.abilities import standing_of


def _count(label: str, most: int, initial: int | None, help_text: str = "", **options: Any) -> forms.IntegerField:
    return forms.IntegerField(min_value=1, max_value=most, initial=initial, label=label, help_text=help_text, **options)


def _choice(label: str, choices: Mapping[Any, str], initial: str, help_text: str = "") -> forms.ChoiceField:
    return forms.ChoiceField(
        choices=[(str(value), words) for value, words in choices.items()],
        initial=str(initial),
        label=label,
        help_text=help_text,
    )


class CampaignForm(PlanParts, MemoryFields, CurriculumFields, PeopleFields, GenerationBudgetFields, PlainForm):
    """A campaign. `cleaned_data["draft"]` is the checked Draft, `prepared` what came of it, `estimate` what it would
    take."""

    template = forms.ChoiceField(
        required=False, choices=[("", ""), *((name, name) for name in TEMPLATES)], widget=forms.HiddenInput
    )
    title = TitleField(label="Title", initial="Self-improvement")
    training_set = forms.ModelChoiceField(
        queryset=ProblemSet.objects.order_by("title"), empty_label=None, label="Training problems", widget=SetSelect
    )
    training_limit = _count(
        "Training problems at most", MOST_PROBLEMS, 60, "Chosen by their hashes; empty for all.", required=False
    )
    held_out_set = forms.ModelChoiceField(
        queryset=ProblemSet.objects.order_by("title"),
        empty_label=None,
        label="Held-out problems",
        help_text="Nothing is learnt from this set, nor from problems that are like one of it.",
    )
    held_out_limit = _count(
        "Held-out problems at most", MOST_PROBLEMS, 60, "The same for every sampler; empty for all.", required=False
    )
    near = forms.FloatField(
        min_value=0.1,
        max_value=1.0,
        initial=NEAR,
        label="Alike from",
        help_text="Share of word triples of two statements; 1 for those alone that have the same.",
    )
    sampler = forms.ModelChoiceField(
        queryset=Sampler.objects.none(), empty_label=None, label="First sampler", widget=SamplerSelect
    )
    search_seconds = forms.FloatField(
        required=False,
        min_value=0.05,
        max_value=120.0,
        label="Seconds for a task",
        help_text="What the symbolic search may take of a processor; empty for what the sampler says.",
    )
    samples_each = _count("Samples each", MAX_SAMPLES_EACH, 8, "Of a training problem, by instruction and temperature.")
    held_out_samples = _count("Held-out samples each", MAX_SAMPLES_EACH, 8, "The k of pass@k comes from this.")
    temperatures = forms.CharField(initial="1", max_length=100, label="Temperature")
    strategy = forms.ChoiceField(
        initial=PARALLEL,
        label="Strategy",
        widget=forms.RadioSelect,
        choices=[(name, strategy.title) for name, strategy in STRATEGIES.items()],
    )
    basis = _choice("Learn from", BASES, Basis.TRUTH)
    least_votes = forms.FloatField(
        required=False,
        min_value=0.01,
        max_value=1.0,
        label="Least share of votes",
        help_text="Of the majority's answer, where that is what is learnt from; empty for any majority.",
    )
    scorer = forms.ModelChoiceField(
        queryset=Scorer.objects.filter(state=Scorer.State.FINISHED, kind=Scorer.Kind.OUTCOME).order_by(
            "name", "-version"
        ),
        required=False,
        empty_label="None",
        label="Learned scorer",
        help_text="Where its word is what is learnt from.",
    )
    least_score = forms.FloatField(
        required=False,
        min_value=0.01,
        max_value=1.0,
        initial=LEAST_SCORE,
        label="Least score",
        help_text="How likely right by the learned scorer.",
    )
    per_problem = _count("Traces of one problem", MOST_PER_PROBLEM, 8, "The most different ones; at most so many.")
    take = _choice("Which traces", TAKE_WORDS, CORRECT, "DPO and KTO want right and wrong ones.")
    relabel = forms.IntegerField(
        min_value=0,
        max_value=MOST_PER_PROBLEM,
        initial=0,
        required=False,
        label="Relabelled of one problem",
        help_text="Wrong ARC programs, each as a right one of the task that its outputs define.",
    )
    hinted = forms.BooleanField(
        required=False, label="Hinted traces too", help_text="Those whose model was given the answer."
    )
    replay = _choice("Generations learnt from", REPLAYS, ReplaySource.ALL)
    replay_percent = forms.FloatField(
        min_value=0,
        max_value=MOST_SHARE,
        initial=20,
        label="Share of earlier generations, %",
        help_text="Of what a training learns from, where they are a share.",
    )
    seed_release = forms.ModelChoiceField(
        queryset=Release.objects.none(),
        required=False,
        empty_label="none",
        label="Seed traces",
        help_text="A release, such as worked solutions, that every training learns from as well, whole.",
    )
    steps_growth = forms.FloatField(
        min_value=1,
        max_value=MOST_GROWTH,
        initial=1,
        label="Growth of the steps",
        help_text="By this factor from one generation to the next; STaR has 1.2.",
    )
    trainer = forms.ChoiceField(choices=(), label="Trainer")
    from_first = forms.BooleanField(
        required=False, initial=True, label="Begin from the first sampler", help_text="Otherwise from the champion."
    )
    control = forms.BooleanField(
        required=False,
        initial=True,
        label="Control arm",
        help_text="With the same trainer, parameters and base.",
    )
    control_of = _choice(
        "The control learns from",
        CONTROLS,
        ControlOf.RUNS,
        "By DPO or KTO too where the challenger does, right and wrong told apart by the same verdicts.",
    )
    test = _choice("Gate", TESTS, GateTest.MCNEMAR)
    level = forms.FloatField(min_value=LEVELS[0], max_value=LEVELS[1], initial=0.05, label="Level of the gate")
    generations = _count("Generations", MOST_GENERATIONS, 2)
    seed = forms.IntegerField(required=False, min_value=0, max_value=MAX_SEED, label="Seed", initial=draw_seed)
    run_minutes = forms.FloatField(
        required=False,
        min_value=0.1,
        max_value=60 * 24 * 365,
        label="Minutes for each run",
        help_text="The campaign pauses where one takes longer; empty for no limit.",
    )
    budget_cost = money_budget("Of all runs together, where a language model is paid.")
    budget_tokens = token_budget("Of all runs, input and output.")

    def __init__(self, *args: Any, cloned_from: Campaign | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self.cloned_from = cloned_from
        # What a campaign remembers is its own: no release, nothing of its training problems is held out.
        for name in ("memory_release", "memory_any_split", "memory_near"):
            del self.fields[name]
        remembered: Any = self.fields["memory_from"]
        remembered.choices = [(word, SOURCES[word]) for word in (MemorySource.VERIFIERS, MemorySource.PEOPLE)]
        remembered.initial = MemorySource.VERIFIERS.value
        samplers: Any = self.fields["sampler"]
        samplers.queryset = list_samplers().exclude(kind__in=(Sampler.Kind.IMPORTED, Sampler.Kind.AGENT))
        seeds: Any = self.fields["seed_release"]
        seeds.queryset = Release.objects.filter(item_count__gt=0).defer("manifest", "rule").order_by("-pk")
        self.fields["training_set"].widget.kinds = kinds_of_sets()
        self._views = {str(instruction.pk): instruction for instruction in current_instructions()}
        self._groups = group_instructions(self._views.values())
        self.fields["instructions"] = forms.MultipleChoiceField(
            widget=forms.CheckboxSelectMultiple,
            label="Instructions",
            choices=[(str(view.pk), view.title) for group in self._groups for view in group.instructions],
            initial=[key for key, view in self._views.items() if view.suits == Instruction.Suits.SYMBOLIC],
            error_messages={"required": "Found none chosen, expected at least one."},
        )
        for strategy in STRATEGIES.values():
            for parameter in strategy.parameters:
                self.fields[setting_name(strategy, parameter)] = setting_field(parameter)
        trainers: Any = self.fields["trainer"]
        trainers.choices = [(trainer.key, trainer.label) for trainer in TRAINERS.values()]
        trainers.initial = SYMBOLIC_TRAINER
        for trainer in TRAINERS.values():
            for each in trainer.parameters:
                self.fields[trainer_field(trainer, each)] = parameter_field(each)

    @property
    def opened(self) -> set[str]:
        """Parts that are not folded away: those in which something is wrong, or is not as it begins."""
        parts = {
            "strategy": str(self["strategy"].value()) != PARALLEL,
            "memory": bool(self["memory"].value()) or bool(self["memory"].errors),
            "people": bool(self["people"].value()) or any(self[name].errors for name in ("reviewers", "reviews_each")),
            "curriculum": bool(self["curriculum"].value()) or bool(self["prerequisites"].errors),
        }
        return {part for part, is_open in parts.items() if is_open}

    def trainers(self) -> list[dict[str, Any]]:
        """The trainers with the fields of their parameters, and what keeps them from being used now."""
        living = living_trainers()
        return [
            {
                "trainer": trainer,
                "note": standing_of(trainer, living).note,
                "groups": [
                    (heading, [self[trainer_field(trainer, each)] for each in parameters])
                    for heading, parameters in by_heading(trainer, asked_by_campaigns(trainer))
                ],
            }
            for trainer in TRAINERS.values()
        ]

    def clean_instructions(self) -> list[Instruction]:
        """The instructions of the keys."""
        return [self._views[key] for key in self.cleaned_data["instructions"]]

    def clean_relabel(self) -> int:
        """0 where nothing was typed."""
        return self.cleaned_data["relabel"] or 0

    def clean_temperatures(self) -> list[float]:
        """The numbers; a range is none that a campaign has."""
        try:
            found, spread = read_temperatures(self.cleaned_data["temperatures"])
        except PlanError as fault:
            raise forms.ValidationError(str(fault)) from fault
        if spread:
            raise forms.ValidationError("Found a range, expected numbers such as 0.7 or 1.")
        return found

    def clean(self) -> dict[str, Any]:
        """Put the draft together and check all of it."""
        data = super().clean() or self.cleaned_data
        if self.errors:
            return data
        try:
            draft = self._draft(data)
            prepared = prepare(draft)
            estimate = estimate_campaign(prepared, draft)
        except Fault as fault:
            self.add_fault(fault, prefix=f"{data['trainer']}_")
            return data
        except ValueError as fault:
            self.add_error("sampler", str(fault))
            return data
        return {**data, "draft": draft, "prepared": prepared, "estimate": estimate}

    def _draft(self, data: Mapping[str, Any]) -> Draft:
        strategy, trainer = STRATEGIES[data["strategy"]], TRAINERS[data["trainer"]]
        settings = {each.name: data[setting_name(strategy, each)] for each in strategy.parameters}
        given = {each.name: data[trainer_field(trainer, each)] for each in trainer.parameters}
        plan = CampaignPlan(
            training_problems=(),
            held_out_problems=(),
            held_out_set=data["held_out_set"].pk,
            instructions=(),
            temperatures=tuple(data["temperatures"]),
            strategy=strategy.name,
            settings={name: value for name, value in settings.items() if value is not None},
            basis=Basis(data["basis"]),
            replay=ReplaySource(data["replay"]),
            test=GateTest(data["test"]),
            control_of=ControlOf(data["control_of"]),
            seed_release=None if data["seed_release"] is None else data["seed_release"].pk,
            parameters={name: value for name, value in given.items() if value not in (None, "")},
            memory=memory_of(data),
            opens_at=data["opens_at"] or OPENS_AT,
            least_votes=data["least_votes"],
            reviewers=[person.pk for person in data["reviewers"]],
            scorer=None if data["scorer"] is None else data["scorer"].pk,
            least_score=data["least_score"] or LEAST_SCORE,
            **{name: data[name] for name in _SAME},
        )
        minutes = data["run_minutes"]
        seconds = None if minutes is None else round(60 * minutes)
        return Draft(
            title=data["title"],
            template=data["template"],
            training_set=data["training_set"],
            held_out_set=data["held_out_set"],
            training_limit=data["training_limit"],
            held_out_limit=data["held_out_limit"],
            sampler=data["sampler"],
            search_seconds=data["search_seconds"],
            instructions=data["instructions"],
            plan=plan,
            seed=data["seed"],
            budget=Budget(seconds=seconds, cost=data["budget_cost"], tokens=data["budget_tokens"]),
            generation_budget=generation_budget_of(data),
            cloned_from=self.cloned_from,
            prerequisites=read_needs(data["prerequisites"]) or None,
        )


_SAME = (
    *("samples_each", "held_out_samples", "per_problem", "hinted", "near", "trainer", "from_first", "level"),
    *("generations", "control", "people", "take", "relabel", "replay_percent", "steps_growth", "curriculum"),
    *("reviews_each", "guidelines"),
)
"""Fields that a plan has by the same names."""


def values_of(campaign: Campaign) -> dict[str, Any]:
    """The form filled in as for a campaign; the seed is left to be drawn."""
    plan = campaign.kept_plan
    strategy, trainer = STRATEGIES[plan.strategy], TRAINERS.get(plan.trainer)
    values: dict[str, Any] = {name: getattr(plan, name) for name in _SAME}
    values |= {setting_name(strategy, each): plan.settings.get(each.name) for each in strategy.parameters}
    if trainer is not None:
        values |= {trainer_field(trainer, each): plan.parameters.get(each.name) for each in trainer.parameters}
    return values | {
        "template": campaign.template,
        "reviewers": list(plan.reviewers),
        "title": campaign.title,
        "training_set": campaign.training_set_id,
        "held_out_set": campaign.held_out_set_id,
        "training_limit": len(plan.training_problems) + len(campaign.left_out) + plan.passed_over,
        "held_out_limit": len(plan.held_out_problems),
        "sampler": campaign.first_sampler_id,
        "temperatures": " ".join(f"{each:g}" for each in plan.temperatures),
        "strategy": plan.strategy,
        "instructions": list(plan.instructions),
        **{name: getattr(plan, name).value for name in ("basis", "replay", "test", "control_of")},
        **{name: getattr(plan, name) for name in ("seed_release", "opens_at", "least_votes", "scorer", "least_score")},
        "prerequisites": write_needs(plan.prerequisites),
        **memory_values(plan.memory),
        "run_minutes": None if plan.run_seconds is None else plan.run_seconds / 60,
        **budget_values(campaign),
    }


def usual_sets(names: Sequence[str] | None) -> dict[str, int]:
    """The problem sets that a form begins with: those named, as far as they are there, else the first two."""
    found = {each.name: each.pk for each in ProblemSet.objects.order_by("pk")}
    keys = [found[name] for name in names or () if name in found] or list(found.values())[:2]
    return dict(zip(("training_set", "held_out_set"), keys, strict=False))
