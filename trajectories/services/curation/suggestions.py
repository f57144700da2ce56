"""Giving suggested decisions: drawn up as an item is handed out, and kept with its assignment as they were then."""

from collections.abc import Mapping

from trajectories.core.curation.reviews import Decision, StepLabel
from trajectories.core.curation.schemas import StepMode
from trajectories.core.curation.suggestions import SURE_RIGHT, SURE_WRONG, Source, Suggestion, is_control
from trajectories.core.prompts.segmentation import AS_STORED, carry_labels
from trajectories.core.records import JSON, Outcome
from trajectories.core.verifiers.evidence import ScorerEvidence, StepLabelsEvidence
from trajectories.core.verifiers.model_judge import STEPS, is_model_verdict
from trajectories.core.verifiers.opinions import scorer_verifier
from trajectories.models import Assignment, Queue, Trace, Verdict
from trajectories.selectors.blinding import Hidden, Sight
from trajectories.selectors.segmentations import as_cut, spans_of
from trajectories.selectors.traces import get_trace

DECISIONS = {Outcome.PASS.value: Decision.ACCEPT, Outcome.FAIL.value: Decision.REJECT}
WRONG_ANSWER, WRONG_REASONING = "wrong_answer", "wrong_reasoning"


def give_suggestion(assignment: Assignment, queue: Queue) -> Assignment:
    """Keep with an assignment what its queue suggests, if anything, and whether it is one of the control.

    What was suggested once stays, whatever verifiers find later. Training items go without.
    """
    is_wanted = queue.suggestions and assignment.state == Assignment.State.LEASED and assignment.suggestion is None
    if not is_wanted or assignment.item.is_training:
        return assignment
    found = suggest(queue, assignment.item.trace_id)
    if found is not None and found.source is Source.VERDICTS:
        # Another queue may hide from the reviewer what this one would tell.
        hidden = Sight(assignment.reviewer_id).hides(Hidden.VERDICTS, assignment.item.trace_id)
        found = None if hidden else found
    if found is not None:
        assignment.suggestion, assignment.is_control = found.to_json(), is_control(queue.seed, assignment.item_id)
        kept = {"suggestion": assignment.suggestion, "is_control": assignment.is_control}
        Assignment.objects.filter(pk=assignment.pk).update(**kept)
    return assignment


def suggestion_of(assignment: Assignment) -> Suggestion | None:
    """What was suggested for an assignment, shown or not; None for nothing."""
    return None if assignment.suggestion is None else Suggestion.from_json(assignment.suggestion)


def suggest(queue: Queue, trace_id: int) -> Suggestion | None:
    """What a queue suggests for a trace now; None where its source says nothing, or nothing that settles it."""
    source = Source(queue.suggestions)
    if source is Source.STEPS:
        return _by_steps(queue, trace_id)
    if source is Source.SCORER:
        return _by_scorer(queue, trace_id)
    column = "model_judged" if source is Source.JUDGE else "correctness"
    outcome = Trace.objects.filter(pk=trace_id).values_list(column, flat=True).first()
    decision = DECISIONS.get(str(outcome))
    if decision is None:
        return None
    # Only a verdict says that the answer is wrong; a judge may mean anything.
    is_known = source is Source.VERDICTS and decision is Decision.REJECT and WRONG_ANSWER in queue.asks.reason_titles()
    return Suggestion(decision, source, _by(trace_id, source, str(outcome)), WRONG_ANSWER if is_known else "")


def _by_steps(queue: Queue, trace_id: int) -> Suggestion | None:
    """What the newest model judge of steps said, for the steps as the queue cuts the trace; None where none did."""
    of_steps = Verdict.objects.filter(trace=trace_id, verifier__startswith=f"{STEPS}:", outcome__in=DECISIONS)
    verdict = of_steps.order_by("-pk").first()
    if verdict is None:
        return None
    trace = as_cut(get_trace(trace_id), queue.segmentation or None)
    said = StepLabelsEvidence.from_json(verdict.evidence)
    labels = (
        said.labels if said.segmentation == trace.cut_by else carry_labels(said.labels, said.spans, spans_of(trace))
    )
    decision = DECISIONS[verdict.outcome]
    is_known = decision is Decision.REJECT and WRONG_REASONING in queue.asks.reason_titles()
    return Suggestion(
        decision,
        Source.STEPS,
        f"{verdict.verifier}, version {verdict.version}",
        WRONG_REASONING if is_known else "",
        labels=labels,
        segmentation=trace.cut_by,
    )


def _by_scorer(queue: Queue, trace_id: int) -> Suggestion | None:
    """What the queue's scorer said newest; None where it has not scored the trace, or is not sure."""
    said = Verdict.objects.filter(trace=trace_id, verifier=scorer_verifier(queue.scorer_name), score__isnull=False)
    verdict = said.order_by("-pk").first()
    if verdict is None or verdict.score is None or SURE_WRONG < verdict.score < SURE_RIGHT:
        return None
    decision = Decision.ACCEPT if verdict.score >= SURE_RIGHT else Decision.REJECT
    labels, segmentation = _labels_by_scorer(queue, verdict)
    by = f"{verdict.verifier}, version {verdict.version}"
    return Suggestion(decision, Source.SCORER, by, labels=labels, segmentation=segmentation)


def _labels_by_scorer(queue: Queue, verdict: Verdict) -> tuple[Mapping[str, str], str]:
    """(labels of the steps that a process scorer is sure of, how the queue cuts the trace into them). Nothing by a
    scorer of whole traces, and where steps are not labelled."""
    scores = ScorerEvidence.from_json(verdict.evidence).steps
    if not scores or queue.asks.steps is StepMode.OFF:
        return {}, ""
    trace = as_cut(get_trace(verdict.trace_id), AS_STORED)
    if len(scores) != len(trace.steps):
        return {}, ""
    labels = {str(index): label for index, score in enumerate(scores) if (label := _label(score))}
    spans: dict[str, JSON] = {str(index): [*span] for index, span in enumerate(spans_of(trace)) if span is not None}
    trace = as_cut(trace, queue.segmentation or None)
    return labels if trace.cut_by == AS_STORED else carry_labels(labels, spans, spans_of(trace)), trace.cut_by


def _label(score: float | None) -> str:
    """What a scorer that gives a step this probability calls it; "" where it is not sure."""
    if score is None or SURE_WRONG < score < SURE_RIGHT:
        return ""
    return StepLabel.GOOD if score >= SURE_RIGHT else StepLabel.BAD


def _by(trace_id: int, source: Source, outcome: str) -> str:
    """The newest verdict that says so: the name and version of its verifier."""
    said = Verdict.objects.filter(trace=trace_id, outcome=outcome).order_by("-pk").values_list("verifier", "version")
    wants_judge = source is Source.JUDGE
    verifier, version = next((each for each in said if is_model_verdict(each[0]) is wants_judge), ("", 0))
    return f"{verifier}, version {version}" if verifier else str(source)
