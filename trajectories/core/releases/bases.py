"""What a release rests on: who or what said that its traces are worth learning from."""

from dataclasses import dataclass

from trajectories.core.records import JSON, Outcome
from trajectories.core.releases.rules import Rule
from trajectories.core.verifiers.opinions import is_scorer

CONSENSUS = "consensus"


@dataclass(frozen=True, slots=True)
class Rest:
    """What traces were taken on, in words, and how it held: of `taken` traces the reference of the problem is known and
    looked at for `known`, of which `right` are right."""

    words: str
    taken: int
    known: int
    right: int

    @property
    def sentence(self) -> str:
        """All of it in one sentence."""
        if not self.known:
            return f"Rests on {self.words}; for none of the {self.taken:,} taken a reference is known."
        if self.known == self.taken:
            return f"Rests on {self.words}; of {self.taken:,} taken, {self.right:,} are right by a reference."
        return (
            f"Rests on {self.words}; of {self.taken:,} taken, {self.right:,} are right where a reference is known "
            f"({self.known:,})."
        )

    def as_json(self) -> dict[str, JSON]:
        """The stored form."""
        return {
            "words": self.words,
            "taken": self.taken,
            "known": self.known,
            "right": self.right,
            "sentence": self.sentence,
        }


def basis_words(rule: Rule) -> str:
    """On what a rule takes traces, in words."""
    verdicts, found = rule.verdicts, []
    if CONSENSUS in verdicts.required:
        least = verdicts.least_votes
        found.append("majorities" if least is None else f"majorities of at least {100 * least:g} %")
    for name, score in verdicts.least_scores.items():
        if is_scorer(name):
            found.append(f"the scores of {name.partition(':')[2]} from {100 * score:g} % on")
    if verdicts.correctness == (Outcome.PASS.value,):
        found.append("what verifiers call right")
    if rule.reviews.accepted_by:
        found.append("what people accepted")
    if set(verdicts.correctness) == {Outcome.PASS.value, Outcome.FAIL.value}:
        found.append("verifiers, who told the right ones taken from the wrong ones taken")
    return " and ".join(found) or "nothing: right and wrong ones were taken"
