"""A campaign beside its relatives, which it was cloned from or with or which are its clones: what differs, what came of
both."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from trajectories.core.campaigns.measures import Measured
from trajectories.models import Campaign, Generation
from trajectories.selectors.campaigns import list_generations, list_relatives, measured_of
from trajectories.views.shown.apart import compare_measured
from trajectories.views.shown.trace_links import Counted, list_traces

WORDS = {
    "memory": "memory",
    "curriculum": "curriculum",
    "opens_at": "when families open",
    "prerequisites": "prerequisites",
    "basis": "what is learnt from",
    "control": "control",
    "training_problems": "training problems",
    "samples_each": "samples each",
    "held_out_samples": "held-out samples",
    "parameters": "parameters of the trainer",
}
"""What differs, in words; everything else by its name in the plan."""


@dataclass(frozen=True, slots=True)
class Beside:
    """A generation of both."""

    number: int
    mine: "Side"
    theirs: "Side"


@dataclass(frozen=True, slots=True)
class Side:
    """One campaign's generation: the held-out problems solved, the mean share of right samples, the samples drawn of
    training problems by then, and where the traces of each are."""

    solved: Counted
    share: float
    traces: str
    samples: Counted


@dataclass(frozen=True, slots=True)
class ShownRelative:
    """Another campaign beside this one. `differs` says in what their plans do; `apart` how far the newest generations
    that both have measured are apart, in words; "" where there is none, or the held-out problems are others."""

    campaign: Campaign
    differs: str
    rows: Sequence[Beside]
    apart: str


def show_relatives(campaign: Campaign, rows: Sequence[Generation]) -> list[ShownRelative]:
    """The campaign that this one was cloned from, its other clones, and those of this one, the newest first. `rows` are
    this one's generations in their order: samples are added up from one to the next."""
    return [_beside(campaign, rows, other) for other in list_relatives(campaign)]


def _beside(campaign: Campaign, rows: Sequence[Generation], other: Campaign) -> ShownRelative:
    mine, theirs = _measured(rows), _measured(list_generations(other))
    both = [number for number in mine if number in theirs]
    found = [Beside(number, mine[number][1], theirs[number][1]) for number in both]
    newest = (mine[both[-1]][0], theirs[both[-1]][0]) if both else None
    return ShownRelative(other, _differs(campaign, other), found, _apart(*newest) if newest else "")


def _measured(rows: Sequence[Generation]) -> dict[int, tuple[Measured, Side]]:
    """By number the figures of each challenger, and how it stands beside others."""
    found: dict[int, tuple[Measured, Side]] = {}
    samples, runs = 0, list[int]()
    for row in rows:
        if row.is_control:
            continue
        if row.run is not None:
            samples += row.run.done_count
            runs.append(row.run.pk)
        if (measured := measured_of(row)) is not None:
            evaluated = [row.evaluation_id]
            found[row.number] = (
                measured,
                Side(
                    Counted(measured.solved, list_traces(evaluated, right=True)),
                    measured.passed.mean or 0.0,
                    list_traces(evaluated),
                    Counted(samples, list_traces(runs)),
                ),
            )
    return found


def _differs(mine: Campaign, theirs: Campaign) -> str:
    """In what two campaigns differ, in their plans and besides."""
    plan, other = mine.plan, theirs.plan
    names = [name for name in plan if name in other and plan[name] != other[name]]
    names += [name for name in plan if name not in other]
    found = [WORDS.get(name, name.replace("_", " ")) for name in names if name != "held_out_set"]
    found += [words for words, read in _BESIDE_PLAN if read(mine) != read(theirs)]
    return ", ".join(found) or "nothing"


_BESIDE_PLAN: Sequence[tuple[str, Callable[[Campaign], Any]]] = (
    ("first sampler", lambda campaign: campaign.first_sampler_id),
    ("training set", lambda campaign: campaign.training_set_id),
    ("held-out set", lambda campaign: campaign.held_out_set_id),
    ("budget", lambda campaign: (campaign.budget_cost, campaign.budget_tokens)),
    ("budget of a generation", lambda campaign: (campaign.generation_cost, campaign.generation_tokens)),
    ("seed", lambda campaign: campaign.seed),
)
"""What campaigns differ in besides their plans."""


def _apart(mine: Measured, theirs: Measured) -> str:
    """How far two are apart over the problems that both have samples of, this one less the other."""
    found = compare_measured(mine, theirs)
    if found is None:
        return ""
    return (
        f"Over {found.share.problems:,} held-out problems the share of right samples is {found.points}"
        f" the one there{found.band}."
        f" Of them {found.solved.won:,} are solved here alone, {found.solved.lost:,} there alone"
        f" (McNemar p = {found.solved.p:.3g})."
    )
