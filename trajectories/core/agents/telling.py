"""An episode as a trace: what was seen, thought, done and gained, step by step, and the same as a conversation."""

import json
from collections.abc import Mapping, Sequence

from trajectories.core.agents.base import Chosen
from trajectories.core.agents.playing import Frame, PlayedEpisode
from trajectories.core.records import JSON, FinishReason, SampleResult, Step, StepKind
from trajectories.core.tools.acting import ACT
from trajectories.core.worlds.base import State

PICTURE_AT_MOST = 30
"""Cells of one side up to which the world is drawn beside its first step."""


def tell_episode(episode: PlayedEpisode, actions: Sequence[str], facts: Mapping[str, JSON]) -> SampleResult:
    """The trace of an episode. Its answer is the actions by name."""
    ending = ending_of(episode.reached, episode.taken)
    told = [(actions[frame.chosen.action], _thought(frame.chosen, actions), frame) for frame in episode.frames]
    return SampleResult(
        messages=tuple(_messages(episode, told, ending)),
        reasoning=ending,
        steps=(
            opening_step(episode.number, episode.task, episode.picture, changed=episode.changed),
            *_steps(told),
            Step(StepKind.ANSWER, "", ending),
        ),
        answer=[action for action, _, _ in told],
        program="",
        finish_reason=FinishReason.STOP if episode.reached else FinishReason.LENGTH,
        facts={
            "episode": episode.number,
            "reached": episode.reached,
            "steps": episode.taken,
            "by_memory": sum(frame.chosen.by == "slow" for frame in episode.frames),
            **({"world_changed": True} if episode.changed else {}),
            **facts,
        },
    )


def thoughts_json(episode: PlayedEpisode) -> list[JSON]:
    """What the agent thought at each step, for watching: who decided, values, the imagined path and its branches."""
    return [
        {
            "by": frame.chosen.by,
            "values": [round(value, 4) for value in frame.chosen.values],
            "path": [list(state) for state in frame.chosen.path],
            "branches": frame.chosen.branches,
            "found": frame.chosen.found,
            "edges": [[*a[:2], *b[:2]] for a, b in frame.chosen.edges],
        }
        for frame in episode.frames
    ]


def values_json(values: Mapping[State, float]) -> list[JSON]:
    """(state, value) of every state that the agent knew as the episode began."""
    return [[list(state), round(value, 3)] for state, value in values.items()]


def opening_step(number: int, task: str, picture: Sequence[Sequence[int]], *, changed: bool) -> Step:
    """What is seen first of an episode; `changed` says that the world has changed since the one before."""
    drawn = bool(picture) and max(len(picture), len(picture[0])) <= PICTURE_AT_MOST
    data: dict[str, JSON] = {"grids": [[list(row) for row in picture]]} if drawn else {}
    told = "\n\nThe world has changed since the episode before." if changed else ""
    return Step(StepKind.OBSERVATION, f"Episode {number}", task + told, data=data)


def _steps(told: Sequence[tuple[str, str, Frame]]) -> list[Step]:
    steps = []
    for action, thought, frame in told:
        steps.append(Step(StepKind.HYPOTHESIS, "", thought))
        steps.append(Step(StepKind.TOOL_CALL, action, f"`{action}`"))
        steps.append(Step(StepKind.TOOL_RESULT, "", frame.text, data={"reward": frame.reward}))
    return steps


def _messages(episode: PlayedEpisode, told: Sequence[tuple[str, str, Frame]], ending: str) -> list[Mapping[str, JSON]]:
    messages: list[Mapping[str, JSON]] = [{"role": "user", "content": episode.task}]
    for place, (action, thought, frame) in enumerate(told):
        call = {
            "id": f"call_{place}",
            "type": "function",
            "function": {"name": ACT, "arguments": json.dumps({"action": action})},
        }
        messages.append({"role": "assistant", "content": thought, "tool_calls": [call]})
        messages.append({"role": "tool", "tool_call_id": f"call_{place}", "content": frame.text})
    return [*messages, {"role": "assistant", "content": ending}]


def _thought(chosen: Chosen, actions: Sequence[str]) -> str:
    """Why the action was taken, in a sentence or two."""
    action = actions[chosen.action]
    if chosen.by == "slow":
        steps = len(chosen.path) - 1
        return (
            f"{chosen.found} of {chosen.branches} walks through what I remember reach the goal; the shortest takes "
            f"{steps} step{'' if steps == 1 else 's'} and begins with {action}."
        )
    start = f"None of {chosen.branches} walks through what I remember reaches the goal. " if chosen.branches else ""
    if chosen.by == "chance":
        return f"{start}I try {action}."
    return f"{start}The {'network' if chosen.by == 'fast' else 'table'} values {action} most."


def ending_of(reached: bool, taken: int) -> str:
    """How an episode ended, in a sentence."""
    steps = f"{taken} step{'' if taken == 1 else 's'}"
    return f"The goal is reached after {steps}." if reached else f"The goal is not reached after {steps}."
