"""Verdicts and reviews in rows of `full`: what others found and decided, read strictly and taken for no more."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from trajectories.core.curation.reviews import (
    COMMENT_CHARACTERS,
    GREATEST_SCORE,
    LEAST_SCORE,
    Decision,
    check_step_label,
)
from trajectories.core.curation.suggestions import Use
from trajectories.core.faults import Fault
from trajectories.core.problems import ProblemError, describe
from trajectories.core.problems.documents import check_text
from trajectories.core.prompts.segmentation import is_by_model
from trajectories.core.records import JSON, Outcome, VerdictRecord

CountSteps = Callable[[str, Mapping[str, JSON]], int]
"""How many steps a trace has by a way of cutting, with the places that are stored with its labels. Raises Fault."""

MAX_ASSESSMENTS = 1_000
"""Verdicts, or reviews, of one trace."""

PLACE = 2
"""Numbers of a place: where it begins, where it ends."""

LONGEST_NAME = 80
LONGEST_VERIFIER = 40
LONGEST_CUT = 30
LONGEST_ENGINE = 120
LARGEST_VERSION = 2**31 - 1
MAX_SECONDS = 1e9


@dataclass(frozen=True, slots=True)
class ForeignReview:
    """What a person said elsewhere, under the pseudonym that the file gives them. Of somebody who labelled steps and
    decided nothing the decision is WITHDRAW."""

    pseudonym: str
    decision: Decision
    score: int | None = None
    """1 to 5; None where they gave none."""
    reason: str = ""
    comment: str = ""
    step_labels: Mapping[str, str] = field(default_factory=dict)
    step_spans: Mapping[str, JSON] = field(default_factory=dict)
    """The place of each labelled step in the trace's text, (start, end) by its index; {} in older files. Of a cut by a
    language model that of every step."""
    segmentation: str = ""
    """How the trace is cut into the steps that the labels count; "" for the steps that it was stored with."""
    suggested: Mapping[str, JSON] = field(default_factory=dict)
    """What was suggested to the reviewer and what became of it, {"suggestion", "suggestion_use"}; {} for nothing."""


def read_verdicts(value: JSON) -> tuple[VerdictRecord, ...]:
    """The verdicts of a row. Raises ProblemError with the place of the first fault."""
    return tuple(_verdict(given, f"verdicts[{index}]") for index, given in enumerate(_objects(value, "verdicts")))


def read_reviews(value: JSON, count_steps: CountSteps) -> tuple[ForeignReview, ...]:
    """The reviews of a row, one for each reviewer; `count_steps` says how many steps the trace has by a way of cutting.
    Raises ProblemError."""
    reviews = [
        _review(given, f"reviews[{index}]", count_steps) for index, given in enumerate(_objects(value, "reviews"))
    ]
    seen: set[str] = set()
    for index, review in enumerate(reviews):
        if review.pseudonym in seen:
            raise ProblemError(f"reviews[{index}].reviewer", f"found {review.pseudonym!r} again, expected each once")
        seen.add(review.pseudonym)
    return tuple(reviews)


def _objects(value: JSON, path: str) -> Sequence[Mapping[str, JSON]]:
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > MAX_ASSESSMENTS:
        raise ProblemError(path, f"found {describe(value)}, expected a list of at most {MAX_ASSESSMENTS:,}")
    for index, given in enumerate(value):
        if not isinstance(given, dict):
            raise ProblemError(f"{path}[{index}]", f"found {describe(given)}, expected an object")
    return value


def _verdict(given: Mapping[str, JSON], path: str) -> VerdictRecord:
    outcome, version, evidence = given.get("outcome"), given.get("version"), given.get("evidence", {})
    if not isinstance(outcome, str) or outcome not in set(Outcome):
        raise ProblemError(f"{path}.outcome", f"found {describe(outcome)}, expected one of {', '.join(Outcome)}")
    if type(version) is not int or not 0 <= version <= LARGEST_VERSION:
        raise ProblemError(f"{path}.version", f"found {describe(version)}, expected a whole number of 0 or more")
    if not isinstance(evidence, dict):
        raise ProblemError(f"{path}.evidence", f"found {describe(evidence)}, expected an object")
    return VerdictRecord(
        verifier=_text(given, "verifier", path, LONGEST_VERIFIER, needed=True),
        version=version,
        outcome=Outcome(outcome),
        message=_text(given, "message", path, COMMENT_CHARACTERS),
        score=_number(given.get("score"), f"{path}.score", 1.0),
        evidence=evidence,
        seconds=_number(given.get("seconds"), f"{path}.seconds", MAX_SECONDS) or 0.0,
        engine=_text(given, "engine", path, LONGEST_ENGINE),
    )


def _review(given: Mapping[str, JSON], path: str, count_steps: CountSteps) -> ForeignReview:
    decision, score, labels = given.get("decision"), given.get("score"), given.get("step_labels", {})
    if decision not in (Decision.ACCEPT, Decision.REJECT):
        raise ProblemError(f"{path}.decision", f"found {describe(decision)}, expected accept or reject")
    if score is not None and (type(score) is not int or not LEAST_SCORE <= score <= GREATEST_SCORE):
        expected = f"expected a whole number from {LEAST_SCORE} to {GREATEST_SCORE}"
        raise ProblemError(f"{path}.score", f"found {describe(score)}, {expected}")
    if not isinstance(labels, dict):
        raise ProblemError(f"{path}.step_labels", f"found {describe(labels)}, expected an object")
    cut = _text(given, "segmentation", path, LONGEST_CUT)
    spans = _spans(given.get("step_spans", {}), f"{path}.step_spans", None if is_by_model(cut) else labels)
    try:
        step_count = count_steps(cut, spans) if labels or cut else 0
        for index, label in labels.items():
            check_step_label(index, label, step_count)
    except Fault as fault:
        raise ProblemError(f"{path}.step_labels", str(fault)) from fault
    return ForeignReview(
        pseudonym=_text(given, "reviewer", path, LONGEST_NAME, needed=True),
        decision=Decision(decision),
        score=score,
        reason=_text(given, "reason", path, LONGEST_VERIFIER),
        comment=_text(given, "comment", path, COMMENT_CHARACTERS),
        step_labels=labels,
        step_spans=spans,
        segmentation=cut,
        suggested=_suggested(given, path),
    )


def _suggested(given: Mapping[str, JSON], path: str) -> Mapping[str, JSON]:
    found = {name: given[name] for name in ("suggestion", "suggestion_use") if name in given}
    suggestion, use = found.get("suggestion", {}), found.get("suggestion_use", "")
    if not isinstance(suggestion, dict):
        raise ProblemError(f"{path}.suggestion", f"found {describe(suggestion)}, expected an object")
    if use not in tuple(Use):
        raise ProblemError(f"{path}.suggestion_use", f"found {describe(use)}, expected taken, changed or control")
    return found


def _spans(value: JSON, path: str, labels: Mapping[str, str] | None) -> Mapping[str, JSON]:
    """The places of steps; only of labelled ones, unless that is None."""
    if not isinstance(value, dict):
        raise ProblemError(path, f"found {describe(value)}, expected an object")
    for index, span in value.items():
        if labels is not None and index not in labels:
            raise ProblemError(f"{path}.{index}", "found the place of a step without a label, expected labelled ones")
        numbers = isinstance(span, list) and len(span) == PLACE and all(type(number) is int for number in span)
        if not numbers or not 0 <= span[0] <= span[1]:
            raise ProblemError(f"{path}.{index}", f"found {describe(span)}, expected where it begins and ends")
    return value


def _text(given: Mapping[str, JSON], name: str, path: str, longest: int, *, needed: bool = False) -> str:
    value = given.get(name, "")
    if not isinstance(value, str) or len(value) > longest or (needed and not value.strip()):
        least = "1" if needed else "0"
        raise ProblemError(
            f"{path}.{name}", f"found {describe(value)}, expected text of {least} to {longest:,} characters"
        )
    return check_text(value, f"{path}.{name}")


def _number(value: JSON, path: str, most: float) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise ProblemError(path, f"found {describe(value)}, expected a number from 0 to {most:g}")
    return float(value) if math.isfinite(value) else None
