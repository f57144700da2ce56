"""Templates of campaigns as a page offers them: what each needs, and what is there of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from trajectories.adapters.training import TRAINERS
from trajectories.core.campaigns.templates import TEMPLATES, SetDraw, Template
from trajectories.core.problems.arithmetic import NAME as ADDITION
from trajectories.core.problems.shipped_families import SHIPPED_FAMILIES
from trajectories.core.records import ProblemKind
from trajectories.core.strategies import STRATEGIES
from trajectories.forms.campaigns import usual_sets
from trajectories.forms.procedural import PREFIX, ProceduralForm
from trajectories.forms.run_choices import kinds_of_sets, setting_name, usual_instruction
from trajectories.models import Instruction, Problem, ProblemSet, Sampler
from trajectories.models.samplers import LANGUAGE_MODELS
from trajectories.selectors.instructions import current_instructions
from trajectories.selectors.samplers import list_samplers
from trajectories.selectors.workers import living_trainers
from trajectories.services.training.abilities import standing_of


@dataclass(frozen=True, slots=True)
class Offer:
    """A template and, in one sentence or "" each, what is lacking for it, and where nothing is what its trainings would
    wait for. `draws` make what lacks."""

    template: Template
    lacks: str
    waits: str = ""
    draws: Sequence["OfferedDraw"] = ()


@dataclass(frozen=True, slots=True)
class OfferedDraw:
    """A problem set to make, and what the form of its family is filled in with, as the query of an address."""

    draw: SetDraw
    query: str


def offers() -> Sequence[Offer]:
    """Every template, with what it lacks."""
    pair, sets = _model_and_trainer(), set(ProblemSet.objects.values_list("name", flat=True))
    found = []
    for each in TEMPLATES.values():
        lacks = _lacks(each, pair, sets)
        waits = pair.waits if each.needs_model and not lacks else ""
        found.append(Offer(each, lacks, waits, _draws(each, sets)))
    return found


def _draws(template: Template, sets: set[str]) -> Sequence[OfferedDraw]:
    """What makes those of a template's problem sets that are not there."""
    return [OfferedDraw(draw, _query(draw)) for draw in template.draws if draw.set_name not in sets]


def _query(draw: SetDraw) -> str:
    filled = ProceduralForm(SHIPPED_FAMILIES[draw.family]).as_filled_in()
    filled |= {"set_title": draw.set_name, "split": draw.split, "size": draw.size}
    filled |= {f"{PREFIX}{name}": value for name, value in draw.knobs.items()}
    return urlencode(filled)


@dataclass(frozen=True, slots=True)
class _Pair:
    """A language model and the key of a trainer that can begin from it, with what its trainings would wait for; or in
    one sentence what is lacking."""

    model: Sampler | None = None
    trainer: str = ""
    lacks: str = ""
    waits: str = ""


def _lacks(template: Template, pair: "_Pair", sets: set[str]) -> str:
    """What a template lacks here, in one sentence; the first thing of several."""
    if template.needs_model and pair.lacks:
        return pair.lacks
    if template.sets and not set(template.sets) <= sets:
        return template.sets_lack
    if len(sets) < 2:
        return "Needs two problem sets: one to learn from, one that is held out."
    return ""


def _model_and_trainer() -> _Pair:
    """A trainer that a worker that is alive has before one that only this process has."""
    lacks = "Needs a language model among the samplers; add one."
    models = list(list_samplers().filter(kind__in=LANGUAGE_MODELS))
    living = living_trainers()
    found = []
    for trainer in TRAINERS.values():
        fitting = [model for model in models if model.kind in trainer.base_kinds]
        if not fitting:
            continue
        standing = standing_of(trainer, living)
        if standing.lacks:
            lacks = f"{trainer.label}: {standing.lacks}"
        else:
            found.append(_Pair(fitting[0], trainer.key, waits=standing.waits))
    return min(found, key=lambda pair: bool(pair.waits), default=_Pair(lacks=lacks))


def template_values(template: Template) -> dict[str, Any]:
    """The values that a form begins with for a template, by its fields."""
    values: dict[str, Any] = {"title": template.title, "template": template.name, **usual_sets(template.sets)}
    values |= template.values
    if template.needs_model:
        values |= _model_values(values.get("training_set"))
    strategy = STRATEGIES.get(str(values.get("strategy", "")))
    if strategy is not None:
        values |= {setting_name(strategy, each): each.default for each in strategy.parameters}
    return values


def _model_values(training_set: int | None) -> dict[str, Any]:
    """A language model, a trainer that can begin from it, and the usual instruction for the problems."""
    found: dict[str, Any] = {}
    pair = _model_and_trainer()
    if pair.model is not None:
        found |= {"sampler": pair.model.pk, "trainer": pair.trainer}
    kinds = kinds_of_sets().get(training_set or 0, [ProblemKind.ARC.value])
    current = current_instructions()
    usual: Instruction | None = usual_instruction(kinds, current)
    if Problem.objects.filter(problem_set=training_set, spec__scratchpad=ADDITION).exists():
        usual = next((each for each in current if each.name == "scratchpad"), usual)
    found["instructions"] = [usual.pk] if usual is not None else []
    return found
