"""Monte-Carlo values of steps: how often what goes on from a step ends right. Pure: it makes no call.

After Math-Shepherd (Wang et al. 2023, arXiv 2312.08935, section 3.3): a completer goes on from each step of a solution
some times, and the step's quality is the share of completions that reach the right answer (soft estimation), or whether
any does (hard estimation). Where ours differs: whether a completion is right is said by the verifiers of the problem,
sandbox included; one that was cut off, or that no verifier can score, counts on neither side; and the last step, from
which there is nothing to go on, has the value of the trace itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trajectories.core.identity import text_hash
from trajectories.core.records import JSON, Outcome, VerdictRecord
from trajectories.core.verifiers.evidence import StepValuesEvidence
from trajectories.core.verifiers.opinions import VALUES

VERSION = 1
MAX_COMPLETIONS = 64
USUAL_COMPLETIONS = 8
LONGEST_NAME = 40
GO_ON = (
    "Your solution stops there, unfinished. Go on from exactly where it stops, without repeating or changing what "
    "stands there, up to its end and the final answer in the form asked for."
)
"""What a model is told that is not known to continue a message of its own."""

Message = Mapping[str, JSON]
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class StepValue:
    """What completions from one step came to: `right` and `wrong` ones, and `others` that could not be scored."""

    right: int = 0
    wrong: int = 0
    others: int = 0

    @property
    def share(self) -> float | None:
        """The value of the step in [0, 1]; None where no completion could be scored."""
        scored = self.right + self.wrong
        return self.right / scored if scored else None


def values_verifier(sampler: str) -> str:
    """The name of the verdicts with the values that completions by a sampler give; a long name ends in its hash."""
    name = f"{VALUES}:{sampler}"
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 9]}-{text_hash(sampler)[:8]}"


def prefixes(text: str, spans: Sequence[Span | None]) -> list[str]:
    """The beginnings of a trace's text from which a model is to go on: for each step but the last, all up to the end of
    that step; "" for a step that has no place in the text."""
    return ["" if span is None else text[: span[1]].rstrip() for span in spans[:-1]]


def completion_messages(asked: Sequence[Message], prefix: str, *, continues: bool) -> tuple[Message, ...]:
    """The messages that ask a model to go on from a prefix. The prefix is the model's own last message; where the model
    does not continue such a message by itself, another one asks for it."""
    begun: list[Message] = [*asked, {"role": "assistant", "content": prefix}]
    return tuple(begun if continues else [*begun, {"role": "user", "content": GO_ON}])


def joined(prefix: str, said: str, *, continues: bool) -> str:
    """A prefix and what a model said from there as one text. What continues a message may begin within a line."""
    return f"{prefix}{said}" if continues else f"{prefix}\n\n{said}"


def count_outcomes(outcomes: Sequence[str]) -> StepValue:
    """The value of the outcomes of the completions from one step."""
    right, wrong = (sum(each == word for each in outcomes) for word in (Outcome.PASS, Outcome.FAIL))
    return StepValue(right, wrong, len(outcomes) - right - wrong)


def values_verdict(
    *,
    sampler: str,
    completed: Sequence[Sequence[str]],
    correctness: str,
    segmentation: str,
    spans: Sequence[Span | None],
    engine: str,
) -> VerdictRecord:
    """The values of the steps of a trace: `completed` has, for each step but the last, the outcomes of the completions
    from there. The score is the least value, as the worst step decides."""
    counted = [count_outcomes(outcomes) for outcomes in completed]
    if spans:
        counted.append(count_outcomes([correctness] if correctness in (Outcome.PASS, Outcome.FAIL) else []))
    shares = [each.share for each in counted]
    known = [(share, place) for place, share in enumerate(shares) if share is not None]
    evidence = StepValuesEvidence(
        steps=[None if share is None else round(share, 6) for share in shares],
        right=[each.right for each in counted],
        wrong=[each.wrong for each in counted],
        others=[each.others for each in counted],
        segmentation=segmentation,
        spans={str(place): list(span) for place, span in enumerate(spans) if span is not None},
        sampler=sampler,
    ).to_json()
    if not known:
        message = "this trace has no steps to go on from" if not spans else "no completion could be scored"
        return VerdictRecord(
            values_verifier(sampler), VERSION, Outcome.UNSCORED, message, evidence=evidence, engine=engine
        )
    least, place = min(known)
    message = f"from step {place + 1} of {len(spans)} on, {least:.0%} of completions end right, the least of its steps"
    return VerdictRecord(
        values_verifier(sampler), VERSION, Outcome.UNSCORED, message, score=least, evidence=evidence, engine=engine
    )
