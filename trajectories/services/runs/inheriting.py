"""Agents that go on from what one of an earlier run has learnt: its weights, its memory, or both.

A new mind begins as a copy; the one it comes from stays as it is. What is brought along counts as seen at the very
beginning, for the episodes of the new run are numbered from 0 again.
"""

from collections.abc import Iterable, Mapping

from django.db import connection

from trajectories.core.agents.base import Surroundings
from trajectories.core.faults import Fault
from trajectories.core.problems.episodes import plan_of
from trajectories.core.records import JSON
from trajectories.core.worlds import make_world
from trajectories.models import Mind, Problem, Run, Sampler

ALL, MEMORY, WEIGHTS = "all", "memory", "weights"
PARTS: Mapping[str, str] = {ALL: "weights and memory", MEMORY: "memory alone", WEIGHTS: "weights alone"}
"""What of a mind is gone on from, in words."""

COPY = """INSERT INTO trajectories_transition
    (mind_id, state, action, after, reached, visits, first_episode, seen_episode, seen_step, overwritten)
SELECT %s, state, action, after, reached, visits, 0, 0, 0, 0
FROM trajectories_transition WHERE mind_id = %s ORDER BY id"""


def check_mind(sampler: Sampler, mind: Mind, parts: str, problems: Iterable[Problem]) -> None:
    """Raise Fault for a mind that an agent cannot go on from in these episodes, which are of one world."""
    if parts not in PARTS:
        raise Fault(f"Found {parts[:40]!r}, expected one of {', '.join(PARTS)}.", field="mind_parts")
    if not sampler.is_agent:
        raise Fault(f"{sampler} has no mind; expected an agent, or no mind to go on from.", field="mind")
    agent, settings = sampler.parameters.get("agent"), sampler.parameters.get("settings", {})
    if mind.run.state in Run.ACTIVE_STATES:
        raise Fault(f"The run of the mind is {mind.run.state}; expected one that is paused or has ended.", field="mind")
    if parts != MEMORY and (mind.agent, mind.settings) != (agent, settings):
        raise Fault(
            f"The mind is that of {mind.agent} with other settings or of another agent than {sampler}, which can go on "
            "from its memory alone.",
            field="mind_parts",
        )
    first = next(iter(problems))
    plan, _ = plan_of(Problem.objects.only("spec").get(pk=first.pk).spec)
    if surroundings_json(Surroundings.of(make_world(plan))) != mind.surroundings:
        raise Fault(
            f"The mind knows states or actions that are not those of {plan.world!r} as these episodes have it; "
            "expected a world of the same size and kind.",
            field="mind",
        )


def surroundings_json(around: Surroundings) -> dict[str, JSON]:
    """The form in which a mind keeps what it knew of the world before it acted."""
    return {"sizes": list(around.sizes), "is_spatial": around.is_spatial, "actions": around.actions}


def inherit(*, mind: Mind, source_id: int, parts: str) -> None:
    """Give a new mind what another one has learnt, in the transaction that makes it. Raises Fault where it is gone."""
    source = Mind.objects.filter(pk=source_id).first()
    if source is None:
        raise Fault(f"The mind {source_id} that this one was to go on from is gone.")
    mind.went_on_from = source
    mind.weights = b"" if parts == MEMORY else bytes(source.weights)
    mind.save(update_fields=["went_on_from", "weights"])
    if parts != WEIGHTS:
        with connection.cursor() as cursor:
            cursor.execute(COPY, [mind.pk, source.pk])
