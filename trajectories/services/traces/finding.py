"""The problems of imported traces: found by what their rows say of them, or made where they are not here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from trajectories.core.importers.foreign_traces import ProblemKey, Row
from trajectories.core.importers.prompt_wrappers import Wrapper, find_wrappers, surest_wrapper
from trajectories.core.problems import ProblemError, problem_hash
from trajectories.core.problems.question_columns import columns_of_row
from trajectories.core.problems.questions import Told, read_question
from trajectories.core.records import JSON, ProblemRecord
from trajectories.core.text.titles import title_fault
from trajectories.models import Problem
from trajectories.services.problems.imports import staged_problem
from trajectories.services.problems.references import reference_fault
from trajectories.services.traces.matching import find_problems

KEPT = 5_000
"""Problems that are held between two batches: a file often has many samples of each."""

TRIED = 8
"""Prompts by which the words around questions are told."""

MOST_TRIES = 3
"""Batches in which they are looked for in vain."""


class ProblemFinder:
    """Finds the problems of batch after batch, also where the questions are wrapped into instructions.

    `said` is where it keeps the words around the questions once it knows them, for whoever goes on with the import.
    """

    def __init__(self, said: dict[str, Any]) -> None:
        self.said = said
        self._known: dict[ProblemKey, Problem | str] = {}
        self._tries = 0

    @property
    def wrapper(self) -> Wrapper | None:
        """The words around questions, where some were found."""
        return Wrapper(self.said["before"], self.said["behind"]) if self.said else None

    def find(self, keys: set[ProblemKey], *, making: bool = False) -> Mapping[ProblemKey, Problem | str]:
        """The problem of each key, or why it is not clear which one is meant; keys that name none are left out.

        With `making` the words around questions are also told where no problem here tells them.
        """
        if len(self._known) > KEPT:
            self._known.clear()
        found = find_problems({key for key in keys if key not in self._known})
        self._known |= found
        lacking = [key for key in keys if key not in self._known and key.question and not key.hash]
        if lacking:
            self._known |= self._unwrapped(lacking, making=making)
        return self._known

    def _unwrapped(self, keys: list[ProblemKey], *, making: bool) -> dict[ProblemKey, Problem | str]:
        """The problems of keys whose question is only found without the words around it."""
        if not self.said and self._tries < MOST_TRIES:
            self._learn(keys, making=making)
        wrapper = self.wrapper
        if wrapper is None:
            return {}
        cut = {key: ProblemKey(question=inner) for key in keys if (inner := wrapper.strip(key.question))}
        found = find_problems(set(cut.values()))
        self.said["rows"] = self.said.get("rows", 0) + len(cut)
        return {key: found[inner] for key, inner in cut.items() if inner in found}

    def _learn(self, keys: list[ProblemKey], *, making: bool) -> None:
        """Find out what is around the questions: what leaves the most that are here, and of these the least."""
        prompts = sorted({key.question for key in keys})
        tried = prompts[:TRIED]
        wrappers = find_wrappers(prompts)
        cuts = {wrapper: {inner for prompt in tried if (inner := wrapper.strip(prompt))} for wrapper in wrappers}
        here = find_problems({ProblemKey(question=inner) for inners in cuts.values() for inner in inners})
        counts = {wrapper: sum(ProblemKey(question=inner) in here for inner in cuts[wrapper]) for wrapper in cuts}
        best = max(counts.values(), default=0)
        surest = [wrapper for wrapper, count in counts.items() if count == best and best]
        told = surest[-1] if surest else surest_wrapper(prompts) if making else None
        if told is None:
            self._tries += 1
        else:
            self.said |= {"before": told.before, "behind": told.behind, "rows": 0}


@dataclass(frozen=True, slots=True)
class MadeProblem:
    """A problem that is not in any table yet: as a row for what needs its content, and as a spool has it."""

    problem: Problem
    staged: list[JSON]


@dataclass
class ProblemMaker:
    """Makes the problems that a file of traces asks and that are not here. `split` is their side, "" where each row or
    the name of its file says it."""

    split: str = ""
    _made: dict[str, MadeProblem] = field(default_factory=dict)

    def make(self, row: Row, file: str, span: str, wrapper: Wrapper | None) -> MadeProblem:
        """Make the problem of a row of a file of questions, from its question without the text around it. Raises
        ProblemError for a row that is no question, that names no side, or whose reference answer its own verifier
        refuses."""
        question = row.get("question")
        inner = wrapper.strip(question) if wrapper is not None and isinstance(question, str) else None
        asked = {**row, "question": inner} if inner else row
        stem = PurePosixPath(file.replace("\\", "/")).stem[:100] or "question"
        number = "".join(sign if sign.isalnum() else "-" for sign in span).strip("-")[-80:]
        key = repr(sorted(asked.items(), key=lambda item: item[0]))
        if (known := self._made.get(key)) is not None:
            return known
        record = read_question(asked, columns_of_row(asked, {}), f"{stem}-{number}", Told(split=self.split), file)
        if reason := reference_fault(record) or title_fault(record.name):
            raise ProblemError("", f"the problem could not be made: {reason}")
        made = MadeProblem(_unsaved(record), staged_problem(record))
        if len(self._made) > KEPT:
            self._made.clear()
        self._made[key] = made
        return made


def _unsaved(record: ProblemRecord) -> Problem:
    """The problem as a row that is in no table."""
    return Problem(
        name=record.name,
        kind=str(record.kind),
        statement=record.statement,
        spec=dict(record.spec),
        reference=record.reference,
        content_hash=problem_hash(record),
    )
