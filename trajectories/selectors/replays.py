"""Reading kept replays."""

from trajectories.core.programs.replays import RULES_VERSION
from trajectories.models import Replay, Trace


def kept_replay(trace: Trace) -> Replay | None:
    """The replay of a trace's program that is kept or waits for a worker; None where nobody has asked for one."""
    if trace.program_id is None:
        return None
    found = Replay.objects.filter(problem=trace.problem_id, program=trace.program_id, version=RULES_VERSION)
    return found.first()
