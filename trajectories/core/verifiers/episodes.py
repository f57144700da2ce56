"""Did the episode reach its goal? The same actions are taken again in the same world, and what was said is compared."""

from collections.abc import Sequence

from trajectories.core.faults import Fault
from trajectories.core.problems.episodes import plan_of
from trajectories.core.records import JSON, Outcome, ProblemKind, ProblemRecord, TraceRecord, VerdictRecord
from trajectories.core.verifiers.answer_common import bad_problem
from trajectories.core.verifiers.base import Tools
from trajectories.core.worlds import make_world
from trajectories.core.worlds.replaying import Again, take_again


class EpisodeVerifier:
    """Repeats the actions of a trace in its world: right where they reach the goal and the trace cites no result
    that it was not given.

    The score is the least number of steps to the goal divided by the number taken, 0 where it was not reached.
    """

    name = "episode"
    version = 1
    title = "Episode"
    decides = True
    takes_reference = False

    def applies_to(self, problem: ProblemRecord, trace: TraceRecord) -> bool:  # noqa: ARG002
        """Every trace of an episode."""
        return problem.kind is ProblemKind.ENVIRONMENT

    def verify(self, problem: ProblemRecord, trace: TraceRecord, tools: Tools) -> VerdictRecord:  # noqa: ARG002
        """Take the actions again."""
        try:
            plan, episode = plan_of(problem.spec)
            world = make_world(plan)
        except Fault as fault:
            return bad_problem(self, str(fault))
        actions = trace.answer
        if not isinstance(actions, list) or not actions or not all(isinstance(each, str) for each in actions):
            return VerdictRecord(
                self.name, self.version, Outcome.FAIL, "no action was taken", 0.0, {"episode": episode, "taken": 0}
            )
        try:
            again = take_again(world, episode, actions)
        except Fault as fault:
            message = f"no action of this world: {fault}"
            return VerdictRecord(self.name, self.version, Outcome.FAIL, message, 0.0, {"episode": episode})
        finally:
            world.close()
        return self._verdict(again, episode, trace.results)

    def _verdict(self, again: Again, episode: int, cited: Sequence[str]) -> VerdictRecord:
        untrue = first_untrue(again, cited)
        violations = [place for place, seen in enumerate(again.seen) if seen.violates]
        evidence: dict[str, JSON] = {
            "episode": episode,
            "reached": again.reached,
            "taken": again.taken,
            "shortest": again.shortest,
            "violations": len(violations),
            "first_violation": violations[0] + 1 if violations else None,
            "left_over": again.left_over,
            "first_untrue": untrue,
        }
        right = again.reached and untrue is None
        score = 0.0 if not right else min(1.0, again.shortest / again.taken) if again.shortest else 1.0
        outcome = Outcome.PASS if right else Outcome.FAIL
        return VerdictRecord(
            self.name, self.version, outcome, _message(again, len(violations), untrue), score, evidence
        )


def first_untrue(again: Again, cited: Sequence[str]) -> int | None:
    """The first result of an action, counted from 1, that the trace tells otherwise than it was; None where it tells
    none otherwise, or tells no results."""
    told = [seen.text for seen in again.seen]
    return next(
        (place for place, text in enumerate(cited, 1) if place > len(told) or text.strip() != told[place - 1].strip()),
        None,
    )


def _message(again: Again, violations: int, untrue: int | None) -> str:
    steps = f"{again.taken:,} step{'' if again.taken == 1 else 's'}"
    if untrue is not None:
        return f"result {untrue} that the trace tells never came"
    if not again.reached:
        return f"the goal was not reached in {steps}{_against(violations)}"
    shortest = "" if again.shortest is None else f"; the shortest way takes {again.shortest:,}"
    return f"the goal was reached in {steps}{shortest}{_against(violations)}"


def _against(violations: int) -> str:
    return f", {violations:,} of the actions in vain" if violations else ""
