"""What is told of many questions before they are imported: how their answers would be compared, and what is missing."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from trajectories.core.answers.texts import says_truth
from trajectories.core.problems import ImportFault
from trajectories.core.records import ProblemKind, ProblemRecord

EXAMPLES = 3
FAULTS_SHOWN = 5


@dataclass
class QuestionTally:
    """Counts over the rows of a file. `asked` are questions that could be read, `faults` the rest.

    `as_text` counts answers that are compared as normalised text, `text_examples` holds the first different ones.
    `no_side` counts questions that nothing said the side of.
    """

    asked: int = 0
    answered: int = 0
    as_text: int = 0
    faults: int = 0
    no_side: int = 0
    text_examples: list[str] = field(default_factory=list)
    first_faults: list[ImportFault] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """How many rows were counted."""
        return self.asked + self.faults

    def count(self, items: Iterable[ProblemRecord | ImportFault]) -> "QuestionTally":
        """Count all of them; returns itself."""
        for item in items:
            self.add(item)
        return self

    def add(self, item: ProblemRecord | ImportFault) -> None:
        """Count one question or fault."""
        if isinstance(item, ImportFault):
            self.faults += 1
            if len(self.first_faults) < FAULTS_SHOWN:
                self.first_faults.append(item)
            return
        self.asked += 1
        if item.reference is None and "tests" not in item.spec:
            return
        self.answered += 1
        accepted = item.reference if isinstance(item.reference, list) else [item.reference]
        # Yes and no are compared by what they mean.
        is_truth = all(isinstance(text, str) and says_truth(text) for text in accepted)
        if item.kind is ProblemKind.TEXT and not is_truth and not {"match", "tests"} & item.spec.keys():
            self.as_text += 1
            shown = " ".join(" | ".join(accepted).split())
            if len(self.text_examples) < EXAMPLES and shown not in self.text_examples:
                self.text_examples.append(shown)

    def notes(self, *, whole: bool = True) -> list[str]:
        """What to know before the import, a sentence each. Not `whole`: the rows were the first of more."""
        first = "" if whole else "the first "
        notes = []
        if self.asked and not self.answered:
            where = "in any row" if whole else f"in the first {self.rows:,} rows"
            notes.append(f"No column has an answer {where}: what models say to these questions cannot be verified.")
        elif self.answered < self.asked:
            missing = self.asked - self.answered
            notes.append(f"{missing:,} of {first}{self.asked:,} questions {_have(missing)} no answer.")
        if self.as_text:
            examples = ", ".join(f"“{_short(text)}”" for text in self.text_examples)
            would = f"{self.as_text:,} of {first}{self.answered:,} answers would be compared as text"
            notes.append(f"{would}, letter for letter but for case, spaces and marks: {examples}.")
        return notes


def _have(count: int) -> str:
    return "has" if count == 1 else "have"


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"
