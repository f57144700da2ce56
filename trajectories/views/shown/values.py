"""What is known of how good each step of a trace is, as it stands beside the step."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from trajectories.core.prompts.segmentation import AS_STORED
from trajectories.core.records import Outcome
from trajectories.core.verifiers.answer_evidence import ScratchpadEvidence
from trajectories.core.verifiers.evidence import ScorerEvidence, StepValuesEvidence
from trajectories.core.verifiers.opinions import VALUES, is_scorer
from trajectories.core.verifiers.scratchpad import STEP_VERIFIERS
from trajectories.models import Trace, Verdict
from trajectories.selectors.segmentations import spans_of

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
        by = verdict.verifier.partition(":")[2]
        if verdict.verifier.startswith(f"{VALUES}:"):
            values = StepValuesEvidence.from_json(verdict.evidence)
            if values.segmentation == trace.cut_by:
                found |= _completed(values, by)
        elif is_scorer(verdict.verifier) and trace.cut_by == AS_STORED:
            found |= {
                place: ShownValue(share, f"{share:.0%} likely right by the scorer {by}")
                for place, share in enumerate(ScorerEvidence.from_json(verdict.evidence).steps or ())
                if share is not None
            }
    return found


def faults_of_steps(trace: Trace, verdicts: Sequence[Verdict]) -> dict[int, str]:
    """The first wrong step of a trace as it is cut now, by the verifiers of steps, in their words. One that is missing
    is marked at the step in front of it. `verdicts` are those that may be seen."""
    wrong = _wrong_steps(verdicts)
    spans = spans_of(trace) if wrong else []
    found: dict[int, str] = {}
    for verdict in wrong:
        start = ScratchpadEvidence.from_json(verdict.evidence).start
        if start is None:
            continue
        before = [place for place, span in enumerate(spans) if span is not None and span[0] <= start]
        if before:
            found[before[-1]] = verdict.message
    return found


def is_right_by_wrong_steps(trace: Trace, verdicts: Sequence[Verdict]) -> bool:
    """Whether the answer is right and a step is not."""
    return trace.correctness == Outcome.PASS and bool(_wrong_steps(verdicts))


def _wrong_steps(verdicts: Sequence[Verdict]) -> list[Verdict]:
    return [each for each in verdicts if each.verifier in STEP_VERIFIERS and each.outcome == Outcome.FAIL]


def _completed(values: StepValuesEvidence, by: str) -> dict[int, ShownValue]:
    last = len(values.steps) - 1
    told = {}
    for place, share in enumerate(values.steps):
        if share is None:
            continue
        scored = values.right[place] + values.wrong[place]
        words = f"{values.right[place]} of {scored} completions from here end right, by {by}"
        told[place] = ShownValue(share, words if place < last else "The last step: whether the trace is right")
    return told
