"""Earlier episodes of a world as a language model is told of them: its external memory."""

from django.db.models import F

from trajectories.core.agents.telling import ending_of
from trajectories.core.records import StepKind
from trajectories.core.tools.refusals import REFUSED
from trajectories.models import Attempt, Trace

MOST_ACTIONS = 100
"""Actions that are told of one episode, the last ones: how many are left out is said."""


def told_episodes(attempt: Attempt, count: int) -> str:
    """The newest `count` episodes of the world before the attempt's own, as the same sample of the run played them, in
    order; "" where there are none."""
    spec = attempt.problem.spec
    before = Trace.objects.filter(
        run=attempt.run_id,
        attempt__instruction=attempt.instruction_id,
        attempt__temperature=attempt.temperature,
        attempt__ordinal=attempt.ordinal,
        problem__spec__of_world=spec.get("of_world"),
        problem__spec__episode__lt=spec.get("episode"),
    ).annotate(number=F("problem__spec__episode"))
    newest = list(before.order_by("-problem__spec__episode").only("steps", "facts", "answer")[:count])
    if not newest:
        return ""
    told = [_told(trace) for trace in reversed(newest)]
    return "What happened in earlier episodes of this world, which may have changed since:\n\n" + "\n\n".join(told)


def _told(trace: Trace) -> str:
    """One episode: what was done, and what the world answered."""
    facts, lines = trace.facts, list[str]()
    action = ""
    for step in trace.steps:
        if step["kind"] == StepKind.TOOL_CALL:
            action = str(step["title"])
        elif step["kind"] == StepKind.TOOL_RESULT and (step.get("data") or {}).get("status") != REFUSED:
            lines.append(f"- {action}: {step['body']}")
    left_out = max(0, len(lines) - MOST_ACTIONS)
    if left_out:
        lines = [f"- ({left_out} actions before these)", *lines[left_out:]]
    ending = ending_of(bool(facts.get("reached")), int(facts.get("steps", 0)))
    return "\n".join([f"Episode {facts.get('episode')}: {ending}", *lines])
