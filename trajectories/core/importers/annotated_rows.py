"""Exports of annotation tools: what was annotated as a trace, what each person said of it as an imported review.

- Label Studio (JSON): {"id", "data": {...}, "annotations": [{"completed_by", "result": [...]}], "predictions": [...]}
- Argilla records: {"id", "status", "fields": {...}, "responses": {question: [...]}, "suggestions": {question: {...}}}

A choice that says accept or reject, in any of the usual words, is the person's decision; a rating from 1 to 5 beside it
is their score, a text their comment. What decides nothing (a category, a rating alone) is kept as an imported verdict
under the name of its question, and so are predictions and suggestions.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from trajectories.core.completions.replies import list_of
from trajectories.core.curation.reviews import COMMENT_CHARACTERS, GREATEST_SCORE, LEAST_SCORE, Decision
from trajectories.core.identity import text_hash
from trajectories.core.importers.annotated_shapes import (
    ANSWERS,
    QUESTIONS,
    is_flat_argilla,
    is_min,
    nested_argilla,
    nested_min,
)
from trajectories.core.importers.decisions import decision_of
from trajectories.core.importers.foreign_scores import kept_whole
from trajectories.core.importers.foreign_traces import ForeignTrace, Row
from trajectories.core.importers.plain_rows import read_conversation, read_plain
from trajectories.core.importers.preference_pairs import ADVICE, NAME, has_two_answers, is_pair
from trajectories.core.importers.row_prompts import MESSAGES
from trajectories.core.importers.shared_conversations import is_shared, read_shared
from trajectories.core.importers.verdict_rows import ForeignReview
from trajectories.core.problems import ProblemError, describe
from trajectories.core.problems.documents import check_text
from trajectories.core.records import JSON, VerdictRecord

CONVERSATIONS = ("messages", "conversation", "chat", "dialogue", "dialog")
TOLD = ("annotations", "predictions", "completions")
MOST_ANNOTATIONS = 1_000
PSEUDONYM = 8
"""Digits of the hash of an address that stand for whoever has it."""

OTHER = "other"
Saying = tuple[str, JSON]
"""What a person said: the name of the question, and the value."""


@dataclass
class _Annotator:
    """One person's words on one record."""

    pseudonym: str
    said: list[Saying] = field(default_factory=list)


def is_label_studio(row: Row) -> bool:
    """Whether a row is a task of Label Studio, or one annotation of its JSON-MIN."""
    if is_pairwise(row):
        return False
    return is_min(row) or (isinstance(row.get("data"), Mapping) and any(name in row for name in TOLD))


def is_pairwise(row: Row) -> bool:
    """Whether a row is a task of Label Studio in which people chose between two answers."""
    told = row.get("annotations")
    results = [one.get("result") for one in told if isinstance(one, Mapping)] if isinstance(told, list) else []
    each = (one for listed in results if isinstance(listed, list) for one in listed if isinstance(one, Mapping))
    return isinstance(row.get("data"), Mapping) and any(one.get("type") == "pairwise" for one in each)


def is_argilla(row: Row) -> bool:
    """Whether a row is a record of Argilla."""
    nested = isinstance(row.get("fields"), Mapping) and ("responses" in row or "suggestions" in row)
    return nested or is_flat_argilla(row)


def read_label_studio(row: Row) -> list[ForeignTrace]:
    """The trace of a task with its annotations as reviews. Raises ProblemError."""
    row = nested_min(row) if is_min(row) else row
    if "annotations" not in row and "completions" in row:
        row = {**row, "annotations": row["completions"]}
    predictions = list_of(row.get("predictions"))
    numbered = [one for one in predictions if type(one) is int]
    if numbered:  # an export may have their numbers alone
        row = {**row, "predictions": [one for one in predictions if type(one) is not int]}
    people = [_annotator(one, at) for at, one in enumerate(_objects(row, "annotations")) if not _cancelled(one)]
    verdicts: list[VerdictRecord] = []
    for prediction in _objects(row, "predictions"):
        by = str(prediction.get("model_version") or "prediction")
        for name, value in _results(prediction, "predictions"):
            beside = {"score": prediction.get("score"), "value": value}
            verdicts += kept_whole(f"{by} {name}", _single(value), beside)
    data: Any = row["data"]
    skipped = sum(_cancelled(one) for one in _objects(row, "annotations"))
    facts: dict[str, JSON] = {"annotations_cancelled": skipped} if skipped else {}
    facts |= {"predictions_left_out": len(numbered)} if numbered else {}
    drafts = len(list_of(row.get("drafts")))
    facts |= {"drafts_left_out": drafts} if drafts else {}
    return _annotated(data, "data", people, verdicts, facts)


def read_argilla(row: Row) -> list[ForeignTrace]:
    """The trace of a record with its responses as reviews. Raises ProblemError."""
    row = nested_argilla(row)
    people: dict[str, _Annotator] = {}
    drafts = 0
    for question, answers in _mapping(row, "responses").items():
        for answer in answers if isinstance(answers, list) else []:
            if not isinstance(answer, Mapping):
                raise ProblemError(f"responses.{question[:40]}", f"found {describe(answer)}, expected an object")
            if answer.get("status") not in (None, "submitted"):
                drafts += 1
                continue
            name = _pseudonym(answer.get("user_id"))
            people.setdefault(name, _Annotator(name)).said.append((question, _argilla_value(answer.get("value"))))
    verdicts: list[VerdictRecord] = []
    for question, suggestion in _mapping(row, "suggestions").items():
        if isinstance(suggestion, Mapping) and suggestion.get("value") is not None:
            by = str(suggestion.get("agent") or "suggestion")
            value = _argilla_value(suggestion["value"])
            verdicts += kept_whole(f"{by} {question}", value, {"score": suggestion.get("score")})
    fields = {**_mapping(row, "fields"), **({"metadata": row["metadata"]} if row.get("metadata") else {})}
    facts: dict[str, JSON] = {"responses_not_submitted": drafts} if drafts else {}
    return _annotated(fields, "fields", list(people.values()), verdicts, facts)


def _annotated(
    data: Mapping[str, Any], path: str, people: Sequence[_Annotator], verdicts: list[VerdictRecord], facts: Row
) -> list[ForeignTrace]:
    """The trace in the data of a record, with reviews and verdicts."""
    reviews: dict[str, ForeignReview] = {}
    for person in people:
        review, rest = _review(person)
        if review is not None and person.pseudonym not in reviews:
            reviews[person.pseudonym] = review
        else:
            rest = person.said
        verdicts += [verdict for name, value in rest for verdict in _kept(person.pseudonym, name, value)]
    try:
        [trace] = _read_data(data)
    except ProblemError as fault:
        raise ProblemError(f"{path}.{fault.path}".rstrip("."), fault.detail) from fault
    told, own = {**trace.facts, **facts}, replace(trace, of_any_model=not trace.model)
    kept = (*trace.verdicts, *verdicts)
    told_all = tuple(reviews.values())
    return [replace(own, verdicts=kept, adds_verdicts=True, reviews=told_all, facts=told)]


def _read_data(data: Mapping[str, Any]) -> list[ForeignTrace]:
    """The trace that was annotated, with all that its data say of it: thoughts, model, tokens, scores."""
    if is_shared(data):
        return read_shared(data)
    if listed := next((name for name in CONVERSATIONS if isinstance(data.get(name), list)), ""):
        return read_conversation({**_without(data, listed), "messages": data[listed]})
    answer = next((name for name in ANSWERS if isinstance(data.get(name), str) and data[name].strip()), "")
    question = next((data[name] for name in QUESTIONS if isinstance(data.get(name), str) and name != answer), "")
    if is_pair(data) or (not answer and has_two_answers(data)):
        raise ProblemError("", f"found {NAME}, expected traces; {ADVICE}")
    if not answer:
        names = ", ".join(map(str, list(data)[:8])) or "nothing"
        raise ProblemError("", f"found {names[:120]}, expected the text that was annotated as {ANSWERS[0]}")
    asked = {"question": question} if question or not any(isinstance(data.get(name), list) for name in MESSAGES) else {}
    return read_plain({**_without(data, answer), **asked, "response": data[answer]})


def _without(data: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key != name}


def told_data(row: Row) -> tuple[str, Mapping[str, JSON]]:
    """Where a record that was read has the data that were annotated, and these; the columns of a flat one stand in the
    row itself."""
    if is_min(row):
        return "", _mapping(nested_min(row), "data")
    nested = next((name for name in ("data", "fields") if isinstance(row.get(name), Mapping)), "")
    return (f"{nested}.", _mapping(row, nested)) if nested else ("", _mapping(nested_argilla(row), "fields"))


def _review(person: _Annotator) -> tuple[ForeignReview | None, list[Saying]]:
    """What a person decided, and what they said besides that is in no review; None where they decided nothing."""
    decided = next(((name, word) for name, value in person.said if (word := decision_of(value))), None)
    if decided is None:
        return None, person.said
    scores = [(name, value) for name, value in person.said if _is_rating(value)]
    texts = [(name, value) for name, value in person.said if isinstance(value, str) and not decision_of(value)]
    comment = "\n".join(value for _, value in texts)[:COMMENT_CHARACTERS]
    rejected = decided[1] is Decision.REJECT
    review = ForeignReview(
        pseudonym=person.pseudonym,
        decision=decided[1],
        score=scores[0][1] if scores else None,
        reason=OTHER if rejected else "",
        comment=check_text(comment, "comment") or ("Rejected." if rejected else ""),
    )
    listed = [saying for saying in person.said if saying[0] == decided[0] and isinstance(saying[1], list)]
    taken = [decided[0], *([scores[0][0]] if scores else []), *(name for name, _ in texts)]
    return review, [*listed, *(saying for saying in person.said if saying[0] not in taken)]


def _kept(by: str, name: str, value: JSON) -> Iterable[VerdictRecord]:
    """What a person said that is no review, as a verdict under their pseudonym."""
    return kept_whole(f"{by} {name}", value)


def _is_rating(value: JSON) -> bool:
    return type(value) is int and LEAST_SCORE <= value <= GREATEST_SCORE


def _annotator(annotation: Mapping[str, Any], at: int) -> _Annotator:
    return _Annotator(_pseudonym(annotation.get("completed_by")), list(_results(annotation, f"annotations[{at}]")))


def _pseudonym(who: JSON) -> str:
    """Whoever annotated, by their number: names and addresses of people stay where they are, and of who is known by an
    address alone the hash tells them from others."""
    number = who.get("id", who.get("email")) if isinstance(who, Mapping) else who
    if isinstance(number, str) and "@" in number:
        number = text_hash(number.strip().lower())[:PSEUDONYM]
    return check_text(f"annotator-{number}"[:80], "annotator") if isinstance(number, str | int) else "annotator"


def _results(annotation: Mapping[str, Any], path: str) -> Iterator[Saying]:
    """What an annotation says, question by question."""
    results = annotation.get("result", [])
    if not isinstance(results, list):
        raise ProblemError(f"{path}.result", f"found {describe(results)}, expected a list")
    for result in results:
        if not isinstance(result, Mapping):
            continue
        name = str(result.get("from_name") or result.get("type") or "result")
        if isinstance(result.get("value"), Mapping):
            yield name, _value(result["value"], result.get("type"))
        elif "value" not in result:  # a relation between two marked parts
            yield name, dict(result)


def _value(value: Mapping[str, Any], kind: JSON) -> JSON:
    """The value of a result without what is around it."""
    inner = value.get(kind) if isinstance(kind, str) else None
    if "start" in value and "end" in value:  # a marked part of a text
        return dict(value)
    if inner is None:
        inner = next(
            (value[name] for name in ("choices", "rating", "text", "number", "selected") if name in value), None
        )
    if inner is None:
        return dict(value)
    if isinstance(value.get("text"), list) and inner is value["text"] and all(isinstance(one, str) for one in inner):
        return "\n".join(inner)
    return _single(inner)


def _single(value: JSON) -> JSON:
    """A list of one as its one value."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _argilla_value(value: JSON) -> JSON:
    return _single(value.get("value") if isinstance(value, Mapping) and "value" in value else value)


def _cancelled(annotation: Mapping[str, Any]) -> bool:
    return annotation.get("was_cancelled") is True


def _objects(row: Row, name: str) -> list[Mapping[str, Any]]:
    value = row.get(name) or []
    if not isinstance(value, list) or len(value) > MOST_ANNOTATIONS:
        raise ProblemError(name, f"found {describe(value)}, expected a list of at most {MOST_ANNOTATIONS:,}")
    for index, each in enumerate(value):
        if not isinstance(each, Mapping):
            raise ProblemError(f"{name}[{index}]", f"found {describe(each)}, expected an object")
    return value


def _mapping(row: Row, name: str) -> Mapping[str, Any]:
    value = row.get(name) or {}
    if not isinstance(value, Mapping):
        raise ProblemError(name, f"found {describe(value)}, expected an object")
    return value
