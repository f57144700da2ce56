"""Problems that somebody asks about right away: a question that is typed, or one ARC task from a file."""

from typing import IO

from django.contrib.auth.models import User

from trajectories.adapters.uploads import OpenFiles
from trajectories.core.faults import Fault
from trajectories.core.problems import ImportFault, ProblemError, problem_hash
from trajectories.core.problems.documents import check_text
from trajectories.core.records import ProblemKind, ProblemRecord
from trajectories.models import Problem
from trajectories.services.problems.imports import import_records
from trajectories.services.problems.uploads import read_arc_documents

SET_NAME, SET_TITLE = "asked", "Asked"
SPLIT = Problem.Split.EVAL.value
"""What is asked is kept out of what models are trained on, as nobody has said otherwise."""

MAX_QUESTION = 20_000
MAX_NAME = 60
QUESTION_KINDS = {ProblemKind.TEXT: "a short text", ProblemKind.NUMERIC: "a number or formula"}
"""What the answer to a typed question may be."""


class AskError(Fault):
    """Something that cannot be asked; the message is for people."""


def keep_question(*, actor: User | None, text: str, kind: ProblemKind = ProblemKind.TEXT) -> Problem:
    """A typed question as a problem without a reference answer; the one that is there where it is known already.

    Raises AskError.
    """
    text = text.strip()
    if not 1 <= len(text) <= MAX_QUESTION:
        found = f"{len(text):,} characters" if text else "nothing"
        raise AskError(f"Found {found}, expected a question of at most {MAX_QUESTION:,} characters.", field="question")
    if kind not in QUESTION_KINDS:
        raise AskError(f"Found the kind {kind!r}, expected one of {', '.join(QUESTION_KINDS)}.", field="kind")
    try:
        check_text(text, "question")
    except ProblemError as fault:
        raise AskError(f"The question cannot be kept: {fault}.", field="question") from fault
    words = " ".join(text.split())
    name = words if len(words) <= MAX_NAME else f"{words[: MAX_NAME - 1]}…"
    record = ProblemRecord(kind=kind, name=name, statement=text, spec={}, reference=None, split=SPLIT)
    return _keep(actor, record, source="typed", field="question")


def keep_task(*, actor: User | None, name: str, stream: IO[bytes]) -> Problem:
    """The one ARC task of an open file as a problem; the one that is there where it is known already.

    Raises AskError.
    """
    with OpenFiles() as files:
        found = list(read_arc_documents(files.add_stream(stream, name), split=SPLIT))
    faults = [each for each in found if isinstance(each, ImportFault)]
    if faults:
        raise AskError(f"The file cannot be read: {faults[0]}.", field="task")
    if len(found) != 1:
        raise AskError(f"Found {len(found):,} tasks in the file, expected one. Import them instead.", field="task")
    (record,) = found
    assert isinstance(record, ProblemRecord)
    return _keep(actor, record, source=name, field="task")


def find_problem(text: str) -> Problem:
    """The problem of that number or name. Raises AskError where there is none, or several have the name."""
    text = text.strip()
    if text.isascii() and text.isdigit() and len(text) < 19:
        by_key = Problem.objects.filter(pk=int(text)).first()
        if by_key is not None:
            return by_key
    named = list(Problem.objects.filter(name=text).order_by("pk")[:2]) if text else []
    if not named:
        raise AskError(f"Found no problem with the name or number {text[:80]!r}.", field="problem")
    if len(named) > 1:
        keys = ", ".join(str(each.pk) for each in named)
        raise AskError(f"Several problems are named {text[:80]!r}; expected a number, such as {keys}.", field="problem")
    return named[0]


def _keep(actor: User | None, record: ProblemRecord, *, source: str, field: str) -> Problem:
    known = Problem.objects.filter(content_hash=problem_hash(record))
    if (found := known.first()) is not None:
        return found
    report = import_records(
        actor=actor, set_name=SET_NAME, set_title=SET_TITLE, source=source, records=[record], on_fault="all_or_nothing"
    )
    if report.faults:
        raise AskError(f"It cannot be kept: {report.faults[0]}.", field=field)
    made = known.first()
    if made is None:
        raise AskError(
            "This task is known already, with its pairs in another order; choose that problem by its name.", field=field
        )
    return made
