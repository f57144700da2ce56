"""PRM800K: solutions whose steps people rated -1, 0 or 1, up to the first wrong one or to the end.

A row is one solution with the labels of one person: they come in as that person's review, with a label for each step.
A rating of 1 is good, 0 neutral, -1 bad. Of a step with several completions the chosen one counts, or what the person
wrote instead; where the labelling ended without choosing, the first. Who gave up was stuck and went on with another
problem: labels without a decision, and a solution that was written meanwhile has no end and so no answer.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from trajectories.core.curation.reviews import Decision, StepLabel
from trajectories.core.importers.foreign_scores import read_score
from trajectories.core.importers.foreign_traces import ForeignTrace, Row
from trajectories.core.importers.row_fields import read_key, text_at, trace_id_of
from trajectories.core.importers.verdict_rows import ForeignReview
from trajectories.core.problems import ProblemError, describe
from trajectories.core.problems.documents import check_text
from trajectories.core.records import JSON, Outcome, Step, StepKind, VerdictRecord

LABELS = {1: StepLabel.GOOD, 0: StepLabel.NEUTRAL, -1: StepLabel.BAD}
GAVE_UP = "give_up"
ENDS = ("solution", "found_error", GAVE_UP)
MODEL = "PRM800K generator"
Labelled = tuple[str, StepLabel | None]


def is_labelled(row: Row) -> bool:
    """Whether a row is of this shape."""
    label, question = row.get("label"), row.get("question")
    return isinstance(label, Mapping) and isinstance(label.get("steps"), list) and isinstance(question, Mapping)


def read_labelled(row: Row) -> list[ForeignTrace]:
    """The trace of a solution with the review of whoever labelled it. Raises ProblemError."""
    question: Any = row["question"]
    asked = text_at(question, "problem", path="question.", needed=True)
    steps = _steps(row)
    response = "\n\n".join(text for text, _ in steps)
    trace = ForeignTrace(
        problem=read_key({**row, "question": asked}, asked),
        messages=({"role": "user", "content": asked},),
        response=response,
        model=text_at(row, "model") or MODEL,
        steps=tuple(Step(StepKind.TEXT, "", text) for text, _ in steps),
        reviews=(_review(row, steps),),
        verdicts=tuple(_scored(question)),
        adds_verdicts=True,
        facts=_left_out(row),
        has_answer=_label(row).get("finish_reason") != GAVE_UP or bool(question.get("pre_generated_steps")),
        trace_id=trace_id_of(row),
        question_row={"question": asked, "answer": question.get("ground_truth_answer")},
    )
    return [trace]


def _scored(question: Row) -> Iterator[VerdictRecord]:
    """What the verifier of phase 2 gave the solution before anybody looked: how likely it is right, which decides
    nothing."""
    score = question.get("pre_generated_verifier_score")
    if score is not None:
        yield from (replace(one, outcome=Outcome.UNSCORED) for one in read_score("PRM800K verifier", score))


def _left_out(row: Row) -> dict[str, JSON]:
    """How many completions of the steps are not in the solution, and how many of all somebody flagged."""
    others = flagged = 0
    for step in _label(row)["steps"]:
        completions = step.get("completions") if isinstance(step, Mapping) else None
        found = completions if isinstance(completions, list) else []
        others += max(len(found) - 1, 0)
        flagged += sum(isinstance(one, Mapping) and one.get("flagged") is True for one in found)
    counted = {"completions_left_out": others, "flagged": flagged}
    return {name: count for name, count in counted.items() if count}


def _steps(row: Row) -> list[Labelled]:
    """Every step of the solution with its label: those that were written before, or those that the labels chose."""
    question: Any = row["question"]
    read = [_step(step, index) for index, step in enumerate(_label(row)["steps"])]
    labelled = [step for step in read if step is not None]
    before = question.get("pre_generated_steps")
    if not isinstance(before, list) or not before:
        if not labelled:
            raise ProblemError("label.steps", "found no step with a text, expected one")
        return labelled
    if not all(isinstance(text, str) for text in before):
        raise ProblemError("question.pre_generated_steps", f"found {describe(before)}, expected a list of texts")
    texts = [check_text(text, "question.pre_generated_steps") for text in before]
    own = [label for _, label in labelled][: len(texts)]
    return list(zip(texts, [*own, *[None] * (len(texts) - len(own))], strict=True))


def _step(step: Any, index: int) -> Labelled | None:
    """The text of a step and its label; None for one that has no text at all. Raises ProblemError."""
    path = f"label.steps[{index}]"
    if not isinstance(step, Mapping):
        raise ProblemError(path, f"found {describe(step)}, expected an object with completions")
    completions, chosen, human = step.get("completions"), step.get("chosen_completion"), step.get("human_completion")
    found = completions if isinstance(completions, list) else []
    if chosen is None and (written := _text(human)):
        return check_text(written, path), StepLabel.GOOD
    if chosen is not None and (type(chosen) is not int or not 0 <= chosen < len(found)):
        expected = f"expected the place of one of {len(found)} completions"
        raise ProblemError(f"{path}.chosen_completion", f"found {describe(chosen)}, {expected}")
    if not found:
        return None
    taken = found[chosen or 0]
    if not isinstance(taken, Mapping) or not isinstance(taken.get("text"), str):
        raise ProblemError(f"{path}.completions", f"found {describe(taken)}, expected an object with a text")
    rating = taken.get("rating")
    if rating is not None and (type(rating) is not int or rating not in LABELS):
        raise ProblemError(f"{path}.rating", f"found {describe(rating)}, expected -1, 0, 1 or null")
    return check_text(taken["text"], path), None if rating is None else LABELS[rating]


def _text(human: Any) -> str:
    text = human.get("text") if isinstance(human, Mapping) else human
    return text if isinstance(text, str) else ""


def _label(row: Row) -> Mapping[str, Any]:
    return dict(row["label"])


def _review(row: Row, steps: list[Labelled]) -> ForeignReview:
    """The labels as a review: a solution that ended without a bad step is accepted, a found error rejects; of one that
    somebody gave up without finding any, nothing is decided."""
    end = _label(row).get("finish_reason")
    if end not in ENDS:
        expected = "expected solution, found_error or give_up: with any other end nobody decided on the solution"
        raise ProblemError("label.finish_reason", f"found {describe(end)}, {expected}")
    labels = {str(at): label.value for at, (_, label) in enumerate(steps) if label is not None}
    wrong = end == "found_error" or StepLabel.BAD.value in labels.values()
    return ForeignReview(
        pseudonym=_labeler(row.get("labeler")),
        decision=Decision.REJECT if wrong else Decision.WITHDRAW if end == GAVE_UP else Decision.ACCEPT,
        reason="wrong_reasoning" if wrong else "",
        comment="Gave up." if end == GAVE_UP else "",
        step_labels=labels,
        step_spans=dict(_spans(steps, labels)),
    )


def _spans(steps: list[Labelled], labels: Mapping[str, str]) -> Iterator[tuple[str, JSON]]:
    """Where each labelled step stands in the text."""
    start = 0
    for at, (text, _) in enumerate(steps):
        if str(at) in labels:
            yield str(at), [start, start + len(text)]
        start += len(text) + len("\n\n")


def _labeler(value: JSON) -> str:
    return check_text(value, "labeler")[:80] if isinstance(value, str) and value.strip() else "labeler"
