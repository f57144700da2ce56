"""Playing episodes: the episodes of one agent one after the other, and what it learns kept with each trace."""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import replace
from time import monotonic

from django.db import transaction

from trajectories.core.agents import AGENTS
from trajectories.core.agents.base import Agent, Surroundings
from trajectories.core.agents.memory import Remembered
from trajectories.core.agents.playing import PlayedEpisode, pack, play, unpack
from trajectories.core.agents.telling import tell_episode, thoughts_json, values_json
from trajectories.core.faults import Fault
from trajectories.core.identity import derive_seed
from trajectories.core.problems.episodes import plan_of
from trajectories.core.records import SampleFailure
from trajectories.core.worlds import make_world
from trajectories.core.worlds.base import World
from trajectories.core.worlds.schedules import WorldPlan
from trajectories.models import Attempt, Episode, Mind, Transition
from trajectories.selectors.minds import iter_transitions, write_state
from trajectories.services.runs.attempts import fail_attempt
from trajectories.services.runs.inheriting import inherit, surroundings_json
from trajectories.services.traces.storing import store_result

ROWS_AT_ONCE = 5_000
KEPT_FIELDS = (
    *("after", "reached", "visits", "first_episode", "seen_episode", "seen_step"),
    *("overwritten", "overwritten_episode", "former"),
)


class Player:
    """One agent in its world, as it was after the last episode that was stored."""

    def __init__(self, attempt: Attempt) -> None:
        self.plan, _ = plan_of(attempt.problem.spec)
        self.world: World = make_world(self.plan)
        self.mind = _mind_of(attempt, self.plan, Surroundings.of(self.world))
        around = self.mind.surroundings
        self.agent: Agent = AGENTS[self.mind.agent](
            Surroundings(tuple(around["sizes"]), around["is_spatial"], around["actions"]),
            self.mind.settings,
            self.mind.seed,
        )
        self.agent.memory.load(iter_transitions(self.mind))
        if self.mind.weights:
            self.agent.load(unpack(bytes(self.mind.weights)))

    def play(self, attempt: Attempt, token: uuid.UUID) -> tuple[int | None, bool]:
        """Play an attempt's episode and keep what came of it: (id of the trace, whether the lease was still ours).

        All chance comes from the attempt's seed and what the agent was before, so that an episode begun again after a
        crash is the same one.
        """
        started = monotonic()
        plan, number = plan_of(attempt.problem.spec)
        if plan != self.plan:
            raise Fault("The episode is of another world than the agent's.")
        played = play(self.world, self.agent, number, attempt.seed)
        facts = {"agent": self.mind.agent, "settings": self.mind.settings, "learnt_from": self.mind.episodes}
        facts |= {"went_on_from": self.mind.went_on_from_id} if self.mind.went_on_from_id else {}
        result = tell_episode(played, self.world.actions, facts)
        result = replace(result, latency_seconds=monotonic() - started)
        with transaction.atomic():
            trace_id = store_result(attempt=attempt, lease_token=token, result=result)
            if trace_id is not None:
                self._keep(trace_id, played)
        return trace_id, trace_id is not None

    def _keep(self, trace_id: int, played: PlayedEpisode) -> None:
        """Keep what was learnt, in the transaction that stores the trace."""
        self.mind.episodes += 1
        self.mind.weights = pack(self.agent.weights())
        self.mind.save(update_fields=["episodes", "weights", "updated_at"])
        keep_transitions(self.mind, self.agent.memory.take_touched())
        Episode.objects.create(
            trace_id=trace_id,
            mind=self.mind,
            number=played.number,
            thoughts=thoughts_json(played),
            values=values_json(played.values),
        )


def play_batch(attempts: Iterable[Attempt], token: uuid.UUID, is_wanted: Callable[[], bool]) -> list[int]:
    """Play the episodes of one agent in order until the work is not wanted any more; the ids of the traces.

    An episode that breaks is a failed attempt. The agent goes on from the last one that was stored, not from half of
    one.
    """
    trace_ids: list[int] = []
    player: Player | None = None
    for attempt in attempts:
        try:
            player = player or Player(attempt)
            trace_id, kept = player.play(attempt, token)
        except Fault as fault:
            player, failure = None, SampleFailure("world", str(fault))
            trace_id, kept = None, fail_attempt(attempt=attempt, lease_token=token, failure=failure)
        trace_ids += [] if trace_id is None else [trace_id]
        if not kept or not is_wanted():
            break
    return trace_ids


@transaction.atomic
def _mind_of(attempt: Attempt, plan: WorldPlan, around: Surroundings) -> Mind:
    """The mind of the agent that an attempt belongs to, made for its first episode: empty, or as the plan has it go on
    from another."""
    sampler = attempt.run.sampler
    name = str(sampler.parameters.get("agent", ""))
    if name not in AGENTS:
        raise Fault(f"Found the agent {name!r}; expected one of {', '.join(AGENTS)}.")
    mind, is_new = Mind.objects.get_or_create(
        run=attempt.run,
        instruction_id=attempt.instruction_id,
        temperature=attempt.temperature,
        ordinal=attempt.ordinal,
        defaults={
            "agent": name,
            "agent_version": AGENTS[name].version,
            "settings": sampler.parameters.get("settings", {}),
            "world": plan.to_json(),
            "surroundings": surroundings_json(around),
            "seed": derive_seed(attempt.run.seed, "mind", attempt.temperature, attempt.ordinal),
        },
    )  # fmt: skip
    kept = attempt.run.kept_plan
    if is_new and kept.mind is not None:
        inherit(mind=mind, source_id=kept.mind, parts=kept.mind_parts)
    return mind


def keep_transitions(mind: Mind, remembered: Iterable[Remembered]) -> None:
    """Write transitions over those that the mind has of the same states and actions."""
    rows = [transition_row(mind, each) for each in remembered]
    Transition.objects.bulk_create(
        rows, batch_size=ROWS_AT_ONCE, update_conflicts=True, unique_fields=["mind", "state", "action"],
        update_fields=KEPT_FIELDS,
    )  # fmt: skip


def transition_row(mind: Mind, each: Remembered) -> Transition:
    """The unsaved row of a transition."""
    return Transition(
        mind=mind,
        state=write_state(each.state),
        action=each.action,
        after=write_state(each.after),
        reached=each.reached,
        visits=each.visits,
        first_episode=each.first_episode,
        seen_episode=each.seen_episode,
        seen_step=each.seen_step,
        overwritten=each.overwritten,
        overwritten_episode=each.overwritten_episode,
        former=None if each.former is None else write_state(each.former),
    )
