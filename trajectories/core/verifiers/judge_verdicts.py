"""From a judge's answers to a verdict: one grade, or comparisons with opponents, each asked in both orders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from trajectories.core.records import JSON, Outcome, VerdictRecord
from trajectories.core.verifiers.evidence import StepLabelsEvidence
from trajectories.core.verifiers.model_judge import (
    Choice,
    Form,
    Grade,
    JudgeError,
    Preference,
    Rubric,
    StepWords,
    read_choice_of_two,
    read_grade,
    read_step_words,
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
    evidence = {**_facts(Form.GRADE, rubric), "answers": _raw(asks), "asks": len(asks)}
    read = _read(Form.GRADE, rubric, asks)
    if not isinstance(read, Grade):
        return _error(name, rubric, read, asks, evidence, engine)
    passed = read.score >= rubric.pass_from
    share = read.share(rubric)
    evidence |= {"score": read.score, "reason": read.reason}
    message = f"{read.score} on a scale from {rubric.least} to {rubric.most}, {rubric.pass_from} passes"
    outcome = Outcome.PASS if passed else Outcome.FAIL
    return VerdictRecord(name, rubric.version, outcome, message, score=share, evidence=evidence, engine=engine)


def steps_verdict(rubric: Rubric, steps: JudgedSteps, asks: Sequence[JudgeAnswer], engine: str) -> VerdictRecord:
    """The verdict on the steps of a trace: it passes where none is wrong. The score is the share of the steps before
    the first wrong one; the labels are in the evidence, as those of reviews are stored. Unscored where there are no
    steps.
    """
    name, count = verifier_name(Form.STEPS, rubric.name), len(steps.texts)
    evidence: dict[str, JSON] = {"form": str(Form.STEPS), "rubric": {"name": rubric.name, "version": rubric.version}}
    if not count:
        message = "this trace has no steps to look at"
        return VerdictRecord(name, rubric.version, Outcome.UNSCORED, message, evidence=evidence, engine=engine)
    evidence |= {"answers": _raw(asks), "asks": len(asks), "steps": count, "segmentation": steps.segmentation}
    read = _read(Form.STEPS, rubric, asks, count)
    if not isinstance(read, StepWords):
        return _error(name, rubric, read, asks, evidence, engine)
    first = read.first_wrong
    evidence |= StepLabelsEvidence(read.labels, steps.segmentation, steps.spans, read.reason).to_json()
    message = (
        f"none of {count} steps is wrong" if first is None else f"step {first + 1} of {count} is the first wrong one"
    )
    outcome, share = (Outcome.PASS, 1.0) if first is None else (Outcome.FAIL, first / count)
    return VerdictRecord(name, rubric.version, outcome, message, score=share, evidence=evidence, engine=engine)


def preference_verdict(rubric: Rubric, pairs: Sequence[JudgedPair], engine: str) -> VerdictRecord:
    """The share of comparisons won. It passes where more were won than lost, and is unscored where none decides.

    One comparison that could not be judged makes the whole an error.
    """
    name = verifier_name(Form.COMPARE, rubric.name)
    evidence: dict[str, JSON] = _facts(Form.COMPARE, rubric)
    if not pairs:
        message = "there is no other trace of this problem to compare with"
        return VerdictRecord(name, rubric.version, Outcome.UNSCORED, message, evidence=evidence, engine=engine)
    shown = []
    for pair in pairs:
        for asks in (pair.straight, pair.swapped):
            read = _read(Form.COMPARE, rubric, asks)
            if not isinstance(read, Choice):
                evidence |= {"opponent": pair.opponent, "answers": _raw(asks), "asks": len(asks)}
                return _error(name, rubric, read, asks, evidence, engine)
        shown.append(compare_pair(rubric, pair))
    won, lost = (sum(pair["result"] == word for pair in shown) for word in ("won", "lost"))
    share = won / len(shown)
    evidence |= {"comparisons": shown, "won": won, "lost": lost, "of": len(shown), "share": share}
    message = f"won {won}, lost {lost}, tied {len(shown) - won - lost} of {len(shown)} comparisons"
    if won == lost:
        return VerdictRecord(name, rubric.version, Outcome.UNSCORED, message, evidence=evidence, engine=engine)
    outcome = Outcome.PASS if won > lost else Outcome.FAIL
    return VerdictRecord(name, rubric.version, outcome, message, score=share, evidence=evidence, engine=engine)


def compare_pair(rubric: Rubric, pair: JudgedPair) -> dict[str, JSON]:
    """What both orders come to: only a preference that survives the swap counts. Raises JudgeError."""
    straight, swapped = (_read(Form.COMPARE, rubric, asks) for asks in (pair.straight, pair.swapped))
    if not isinstance(straight, Choice) or not isinstance(swapped, Choice):
        raise JudgeError("One of the two answers cannot be read.")
    # Shown second, the trace is B.
    words = (
        {Preference.A: "won", Preference.B: "lost"}.get(straight.better, "tie"),
        {Preference.B: "won", Preference.A: "lost"}.get(swapped.better, "tie"),
    )
    result, note = (words[0], "") if words[0] == words[1] else ("tie", ONE_ORDER_ONLY)
    if set(words) == {"won", "lost"}:
        note = CHANGED_ITS_MIND
    return {
        "opponent": pair.opponent,
        "result": result,
        "note": note,
        "shown_first": {"better": str(straight.better), "reason": straight.reason, "answers": _raw(pair.straight)},
        "shown_second": {"better": str(swapped.better), "reason": swapped.reason, "answers": _raw(pair.swapped)},
    }


def _read(
    form: str, rubric: Rubric, asks: Sequence[JudgeAnswer], step_count: int = 0
) -> Grade | Choice | StepWords | JudgeError:
    """What the last answer says; it counts, since another was only asked for where those before it cannot be read."""
    if not asks:
        return JudgeError("The judge was not asked.")
    last = asks[-1]
    if last.fault:
        return JudgeError(last.fault)
    try:
        if form == Form.STEPS:
            return read_step_words(last.text, step_count)
        return read_grade(last.text, rubric) if form == Form.GRADE else read_choice_of_two(last.text)
    except JudgeError as fault:
        return fault


def _error(
    name: str,
    rubric: Rubric,
    read: object,
    asks: Sequence[JudgeAnswer],
    evidence: Mapping[str, JSON],
    engine: str,
) -> VerdictRecord:
    kind = (asks[-1].kind if asks else "") or MALFORMED
    message = f"the judge gave no verdict: {read}"
    return VerdictRecord(
        name, rubric.version, Outcome.ERROR, message, evidence={**evidence, "error_kind": kind}, engine=engine
    )


def _facts(form: Form, rubric: Rubric) -> dict[str, JSON]:
    return {
        "form": str(form),
        "rubric": {"name": rubric.name, "version": rubric.version},
        "scale": [rubric.least, rubric.most, rubric.pass_from],
    }


def _raw(asks: Sequence[JudgeAnswer]) -> list[JSON]:
    return [answer.text if not answer.fault else {"fault": answer.fault} for answer in asks]
