"""What is known of how good each step of a trace is, as it stands beside the step."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from trajectories.core.prompts.segmentation import AS_STORED
from trajectories.core.verifiers.opinions import VALUES, is_scorer
from trajectories.models import Trace, Verdict

GOOD_FROM, BAD_BELOW = 0.5, 0.25
"""Values from the first on are drawn as good, below the second as bad."""


@dataclass(frozen=True, slots=True)
class ShownValue:
    """A value in [0, 1] and where it comes from, in words."""

    share: float
    words: str

    @property
    def tone(self) -> str:
        """How the badge is drawn."""
        return "pass" if self.share >= GOOD_FROM else "fail" if self.share < BAD_BELOW else "warn"


def values_of_steps(trace: Trace, verdicts: Iterable[Verdict]) -> dict[int, ShownValue]:
    """By step, as the trace is cut now: the value that completions gave it, else what a process scorer says; of several
    the newest. `verdicts` are those that may be seen."""
    found: dict[int, ShownValue] = {}
    known = sorted(verdicts, key=lambda verdict: (verdict.verifier.startswith(f"{VALUES}:"), verdict.pk))
    for verdict in known:
        steps = verdict.evidence.get("steps")
        if not isinstance(steps, list):
            continue
        by = verdict.verifier.partition(":")[2]
        if verdict.verifier.startswith(f"{VALUES}:"):
            if verdict.evidence.get("segmentation", AS_STORED) == trace.cut_by:
                found |= _completed(verdict.evidence, steps, by)
        elif is_scorer(verdict.verifier) and trace.cut_by == AS_STORED:
            found |= {
                place: ShownValue(float(share), f"{share:.0%} likely right by the scorer {by}")
                for place, share in enumerate(steps)
            }
    return found


def _completed(evidence: Mapping[str, Any], steps: list[Any], by: str) -> dict[int, ShownValue]:
    right, wrong, last = evidence.get("right", []), evidence.get("wrong", []), len(steps) - 1
    told = {}
    for place, share in enumerate(steps):
        if not isinstance(share, int | float):
            continue
        scored = right[place] + wrong[place]
        words = f"{right[place]} of {scored} completions from here end right, by {by}"
        told[place] = ShownValue(float(share), words if place < last else "The last step: whether the trace is right")
    return told
