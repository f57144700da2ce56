"""From a judge's answers to a verdict: one grade, or comparisons with opponents, each asked in both orders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from trajectories.core.records import JSON, Outcome, VerdictRecord
from trajectories.core.verifiers.evidence import StepLabelsEvidence
from trajectories.core.verifiers.judge_evidence import (
    LOST,
    TIE,
    WON,
    ComparisonEvidence,
    JudgeEvidence,
    OrderEvidence,
)
from trajectories.core.verifiers.model_judge import (
    Choice,
    Form,
    Grade,
    JudgeError,
    Preference,
    Rubric,
    StepLabels,
    read_choice_of_two,
    read_grade,
    read_step_labels,
    verifier_name,
)

MAX_ASKS = 2
"""A question whose answer cannot be read is asked once more."""

MALFORMED = "malformed"
CHANGED_ITS_MIND = "changed its mind when the order was swapped"
ONE_ORDER_ONLY = "preferred one in one order only"


@dataclass(frozen=True, slots=True)
class JudgeAnswer:
    """One answer as it came. `kind` and `fault` say why there is none: the call itself failed."""

    text: str = ""
    kind: str = ""
    fault: str = ""


@dataclass(frozen=True, slots=True)
class JudgedPair:
    """The answers about a trace and one opponent: with the trace shown first, and with the opponent shown first."""

    opponent: int
    straight: Sequence[JudgeAnswer]
    swapped: Sequence[JudgeAnswer]


@dataclass(frozen=True, slots=True)
class JudgedSteps:
    """The steps that a judge is asked about: their texts, their places in the text of the trace, by their index from 0,
    and the segmentation that cut it into them."""

    texts: Sequence[str] = ()
    spans: Mapping[str, JSON] = field(default_factory=dict)
    segmentation: str = ""


def wants_another(form: str, rubric: Rubric, asks: Sequence[JudgeAnswer], *, step_count: int = 0) -> bool:
    """Whether a question has to be asked (again): never was, or once with an answer that cannot be read."""
    if not asks:
        return True
    if len(asks) >= MAX_ASKS or asks[-1].fault:
        return False
    return isinstance(_read(form, rubric, asks, step_count), JudgeError)


def grade_verdict(rubric: Rubric, asks: Sequence[JudgeAnswer], engine: str) -> VerdictRecord:
    """The verdict of one grade; what cannot be read is an error and never a fail."""
    name = verifier_name(Form.GRADE, rubric.name)
    evidence = replace(_evidence(Form.GRADE, rubric), answers=_raw(asks))
    read = _read(Form.GRADE, rubric, asks)
    if not isinstance(read, Grade):
        return _error(name, rubric, read, asks, evidence, engine)
    passed = read.score >= rubric.pass_from
    share = read.share(rubric)
    evidence = replace(evidence, score=read.score, reason=read.reason)
    message = f"{read.score} on a scale from {rubric.least} to {rubric.most}, {rubric.pass_from} passes"
    outcome = Outcome.PASS if passed else Outcome.FAIL
    return VerdictRecord(name, rubric.version, outcome, message, share, evidence.to_json(), engine=engine)


def steps_verdict(rubric: Rubric, steps: JudgedSteps, asks: Sequence[JudgeAnswer], engine: str) -> VerdictRecord:
    """The verdict on the steps of a trace: it passes where none is wrong. The score is the share of the steps before
    the first wrong one; the labels are in the evidence, as those of reviews are stored. Unscored where there are no
    steps.
    """
    name, count = verifier_name(Form.STEPS, rubric.name), len(steps.texts)
    evidence = JudgeEvidence(str(Form.STEPS), rubric.name, rubric.version)
    if not count:
        message = "this trace has no steps to look at"
        return VerdictRecord(
            name, rubric.version, Outcome.UNSCORED, message, evidence=evidence.to_json(), engine=engine
        )
    evidence = replace(evidence, answers=_raw(asks), steps=count, segmentation=steps.segmentation)
    read = _read(Form.STEPS, rubric, asks, count)
    if not isinstance(read, StepLabels):
        return _error(name, rubric, read, asks, evidence, engine)
    first = read.first_wrong
    labels = StepLabelsEvidence(read.labels, steps.segmentation, steps.spans, read.reason)
    message = (
        f"none of {count} steps is wrong" if first is None else f"step {first + 1} of {count} is the first wrong one"
    )
    outcome, share = (Outcome.PASS, 1.0) if first is None else (Outcome.FAIL, first / count)
    told = {**evidence.to_json(), **labels.to_json()}
    return VerdictRecord(name, rubric.version, outcome, message, share, told, engine=engine)


def preference_verdict(rubric: Rubric, pairs: Sequence[JudgedPair], engine: str) -> VerdictRecord:
    """The share of comparisons won. It passes where more were won than lost, and is unscored where none decides.

    One comparison that could not be judged makes the whole an error.
    """
    name = verifier_name(Form.COMPARE, rubric.name)
    evidence = _evidence(Form.COMPARE, rubric)
    if not pairs:
        message = "there is no other trace of this problem to compare with"
        return VerdictRecord(
            name, rubric.version, Outcome.UNSCORED, message, evidence=evidence.to_json(), engine=engine
        )
    compared = []
    for pair in pairs:
        for asks in (pair.straight, pair.swapped):
            read = _read(Form.COMPARE, rubric, asks)
            if not isinstance(read, Choice):
                evidence = replace(evidence, opponent=pair.opponent, answers=_raw(asks))
                return _error(name, rubric, read, asks, evidence, engine)
        compared.append(compare_pair(rubric, pair))
    evidence = replace(evidence, comparisons=compared)
    won, lost, of = evidence.won, evidence.lost, len(compared)
    message = f"won {won}, lost {lost}, tied {of - won - lost} of {of} comparisons"
    if won == lost:
        outcome, score = Outcome.UNSCORED, None
    else:
        outcome, score = Outcome.PASS if won > lost else Outcome.FAIL, evidence.share
    return VerdictRecord(name, rubric.version, outcome, message, score, evidence.to_json(), engine=engine)


def compare_pair(rubric: Rubric, pair: JudgedPair) -> ComparisonEvidence:
    """The result of asking in both orders: only a preference that survives the swap counts. Raises JudgeError."""
    straight, swapped = (_read(Form.COMPARE, rubric, asks) for asks in (pair.straight, pair.swapped))
    if not isinstance(straight, Choice) or not isinstance(swapped, Choice):
        raise JudgeError("One of the two answers cannot be read.")
    # Shown second, the trace is B.
    words = (
        {Preference.A: WON, Preference.B: LOST}.get(straight.better, TIE),
        {Preference.B: WON, Preference.A: LOST}.get(swapped.better, TIE),
    )
    result, note = (words[0], "") if words[0] == words[1] else (TIE, ONE_ORDER_ONLY)
    if set(words) == {WON, LOST}:
        note = CHANGED_ITS_MIND
    return ComparisonEvidence(
        pair.opponent,
        result,
        note,
        shown_first=OrderEvidence(str(straight.better), straight.reason, _raw(pair.straight)),
        shown_second=OrderEvidence(str(swapped.better), swapped.reason, _raw(pair.swapped)),
    )


def _read(
    form: str, rubric: Rubric, asks: Sequence[JudgeAnswer], step_count: int = 0
) -> Grade | Choice | StepLabels | JudgeError:
    """What the last answer says; it counts, since another was only asked for where those before it cannot be read."""
    if not asks:
        return JudgeError("The judge was not asked.")
    last = asks[-1]
    if last.fault:
        return JudgeError(last.fault)
    try:
        if form == Form.STEPS:
            return read_step_labels(last.text, step_count)
        return read_grade(last.text, rubric) if form == Form.GRADE else read_choice_of_two(last.text)
    except JudgeError as fault:
        return fault


def _error(
    name: str,
    rubric: Rubric,
    read: object,
    asks: Sequence[JudgeAnswer],
    evidence: JudgeEvidence,
    engine: str,
) -> VerdictRecord:
    kind = (asks[-1].kind if asks else "") or MALFORMED
    message = f"the judge gave no verdict: {read}"
    told = replace(evidence, error_kind=kind).to_json()
    return VerdictRecord(name, rubric.version, Outcome.ERROR, message, evidence=told, engine=engine)


def _evidence(form: Form, rubric: Rubric) -> JudgeEvidence:
    scale = (rubric.least, rubric.most, rubric.pass_from)
    return JudgeEvidence(str(form), rubric.name, rubric.version, scale)


def _raw(asks: Sequence[JudgeAnswer]) -> list[JSON]:
    return [answer.text if not answer.fault else {"fault": answer.fault} for answer in asks]
