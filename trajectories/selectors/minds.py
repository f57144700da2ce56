"""What agents remember: minds, their transitions, and maps of them before and after a change."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Count, F, Q, QuerySet

from trajectories.core.agents.maps import MemoryMap, draw_map
from trajectories.core.agents.memory import Remembered
from trajectories.core.worlds.base import State
from trajectories.core.worlds.schedules import WorldPlan
from trajectories.models import Mind, Transition

SHOWN = 30
"""Transitions that a page lists."""


def read_state(kept: str) -> State:
    """The state of its kept form: numbers with commas between them."""
    return tuple(int(number) for number in kept.split(","))


def write_state(state: State) -> str:
    """The form in which a state is kept."""
    return ",".join(map(str, state))


def iter_transitions(mind: Mind) -> Iterator[Remembered]:
    """All that a mind remembers, in the order in which it was first kept."""
    rows = mind.transitions.order_by("pk").values_list(
        "state", "action", "after", "reached", "visits", "first_episode", "seen_episode", "seen_step", "overwritten",
        "overwritten_episode", "former",
    )  # fmt: skip
    for state, action, after, reached, visits, first, episode, step, overwritten, when, former in rows.iterator():
        yield Remembered(
            read_state(state), action, read_state(after), reached, visits, first, episode, step, overwritten, when,
            None if former is None else read_state(former),
        )  # fmt: skip


def list_minds(run_id: int | None = None) -> QuerySet[Mind]:
    """Minds, the newest first, without their weights; `remembered` counts their transitions."""
    minds = Mind.objects.select_related("run__sampler").defer("weights", "run__plan")
    minds = minds.filter(run=run_id) if run_id is not None else minds
    return minds.annotate(remembered=Count("transitions")).order_by("-pk")


@dataclass(frozen=True, slots=True)
class MemoryCounts:
    """Transitions of a mind: all, those not seen since the last change that it met, and those overwritten by then."""

    all: int
    unseen: int
    overwritten: int


def last_change(mind: Mind) -> int | None:
    """The last episode with a change that the mind has played; None where it has met none."""
    met = [episode for episode in WorldPlan.from_json(mind.world).change_episodes() if episode < mind.episodes]
    return met[-1] if met else None


def count_memory(mind: Mind, change: int | None) -> MemoryCounts:
    """How much a mind remembers, and how much of it is older than the change."""
    unseen = Q(pk__isnull=True) if change is None else Q(seen_episode__lt=change)
    counts = mind.transitions.aggregate(
        all=Count("pk"), unseen=Count("pk", filter=unseen), overwritten=Count("pk", filter=Q(overwritten__gt=0))
    )
    return MemoryCounts(**counts)


def memory_map(mind: Mind, *, before: int | None, layer: State) -> MemoryMap:
    """The memory as a map: as it was before the change in episode `before`, or as it is now."""
    return draw_map(iter_transitions(mind), WorldPlan.from_json(mind.world), mind.episodes, before, layer)


def newest_transitions(mind: Mind) -> QuerySet[Transition]:
    """SHOWN transitions: those that were contradicted last, then those that were seen last."""
    contradicted = F("overwritten_episode").desc(nulls_last=True)
    return mind.transitions.order_by(contradicted, "-seen_episode", "-seen_step", "-pk")[:SHOWN]
