"""Evidence of model judges: what they were asked, what they answered, and what came of it.

As in `evidence`, a key that an older version did not write has the value that stands for nothing. The labels of a judge
of steps are beside it: `evidence.StepLabelsEvidence`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from trajectories.core.records import JSON
from trajectories.core.stored_values import read_list, read_mapping, read_rows, read_text, read_whole

WON, LOST, TIE = "won", "lost", "tie"
"""How a comparison ends for the trace that the verdict is about."""


@dataclass(frozen=True, slots=True)
class OrderEvidence:
    """A comparison in one order of the two traces."""

    better: str
    """Which of the two the judge preferred (a model_judge.Preference)."""

    reason: str
    """The judge's reason."""

    answers: Sequence[JSON] = ()
    """The judge's answers as they came, see JudgeEvidence.answers."""

    def to_json(self) -> dict[str, JSON]:
        """The stored form."""
        return {"better": self.better, "reason": self.reason, "answers": list(self.answers)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """What is stored of it."""
        return cls(
            read_text(stored.get("better")), read_text(stored.get("reason")), tuple(read_list(stored.get("answers")))
        )


@dataclass(frozen=True, slots=True)
class ComparisonEvidence:
    """A comparison with one opponent, which the judge was asked for in both orders."""

    opponent: int
    """The key of the other trace's row; 0 where it is not said."""

    result: str
    """WON, LOST or TIE."""

    note: str
    """Why it is a tie although a preference was stated; "" where there is nothing to say."""

    shown_first: OrderEvidence
    """With the trace shown first."""

    shown_second: OrderEvidence
    """With the opponent shown first."""

    @property
    def orders(self) -> tuple[OrderEvidence, OrderEvidence]:
        """Both orders, that with the trace shown first before the other."""
        return self.shown_first, self.shown_second

    def to_json(self) -> dict[str, JSON]:
        """The stored form."""
        return {
            "opponent": self.opponent,
            "result": self.result,
            "note": self.note,
            "shown_first": self.shown_first.to_json(),
            "shown_second": self.shown_second.to_json(),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """What is stored of it."""
        return cls(
            opponent=read_whole(stored.get("opponent")) or 0,
            result=read_text(stored.get("result")) or TIE,
            note=read_text(stored.get("note")),
            shown_first=OrderEvidence.from_json(read_mapping(stored.get("shown_first"))),
            shown_second=OrderEvidence.from_json(read_mapping(stored.get("shown_second"))),
        )


@dataclass(frozen=True, slots=True)
class JudgeEvidence:
    """Evidence of a model judge, whatever it was asked for. A field that is None, or empty, is not stored."""

    form: str
    """What the judge was asked for (a model_judge.Form)."""

    rubric: str
    """The name of the rubric that the judge went by."""

    version: int
    """The rubric's version; 0 where it is not said."""

    scale: Sequence[int] = ()
    """The least score, the greatest, and the one from which on a trace passes; empty for a judge of steps."""

    opponent: int | None = None
    """The key of the trace with which the comparison failed; None where none did."""

    answers: Sequence[JSON] | None = None
    """The judge's answers as they came: a text, or {"fault": why there is none}. None where the judge was not asked,
    and for comparisons, which have their own."""

    steps: int | None = None
    """How many steps the judge was asked about; None where it was asked for something else."""

    segmentation: str | None = None
    """How the trace was cut into these steps, "" for its steps as they are stored; None as for `steps`."""

    score: int | None = None
    """The grade on the scale; None where none was given."""

    reason: str = ""
    """The judge's reason for a grade, or for labels of steps."""

    comparisons: Sequence[ComparisonEvidence] = ()
    """One for each opponent."""

    error_kind: str = ""
    """Why there is no verdict, in one word: of the call that failed, or that the answer cannot be read."""

    job: int | None = None
    """The key of the job that asked; None where it is not said."""

    @property
    def won(self) -> int:
        """How many comparisons the trace won."""
        return sum(pair.result == WON for pair in self.comparisons)

    @property
    def lost(self) -> int:
        """How many comparisons the trace lost."""
        return sum(pair.result == LOST for pair in self.comparisons)

    @property
    def share(self) -> float:
        """The share of the comparisons that the trace won, in [0, 1]; 0 where there are none."""
        return self.won / len(self.comparisons) if self.comparisons else 0.0

    def to_json(self) -> dict[str, JSON]:
        """The stored form."""
        told: dict[str, JSON] = {"form": self.form, "rubric": {"name": self.rubric, "version": self.version}}
        if self.scale:
            told["scale"] = list(self.scale)
        if self.opponent is not None:
            told["opponent"] = self.opponent
        if self.answers is not None:
            told |= {"answers": list(self.answers), "asks": len(self.answers)}
        optional: dict[str, JSON] = {"steps": self.steps, "segmentation": self.segmentation, "score": self.score}
        told |= {name: value for name, value in optional.items() if value is not None}
        if self.reason:
            told["reason"] = self.reason
        if self.comparisons:
            told |= {"comparisons": [pair.to_json() for pair in self.comparisons], "won": self.won, "lost": self.lost}
            told |= {"of": len(self.comparisons), "share": self.share}
        if self.error_kind:
            told["error_kind"] = self.error_kind
        return told if self.job is None else {**told, "judgement": self.job}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """What is stored with a verdict."""
        rubric = read_mapping(stored.get("rubric"))
        answers, segmentation = stored.get("answers"), stored.get("segmentation")
        return cls(
            form=read_text(stored.get("form")),
            rubric=read_text(rubric.get("name")),
            version=read_whole(rubric.get("version")) or 0,
            scale=tuple(each for each in read_list(stored.get("scale")) if type(each) is int),
            opponent=read_whole(stored.get("opponent")),
            answers=tuple(answers) if isinstance(answers, list | tuple) else None,
            steps=read_whole(stored.get("steps")),
            segmentation=segmentation if isinstance(segmentation, str) else None,
            score=read_whole(stored.get("score")),
            reason=read_text(stored.get("reason")),
            comparisons=tuple(ComparisonEvidence.from_json(pair) for pair in read_rows(stored.get("comparisons"))),
            error_kind=read_text(stored.get("error_kind")),
            job=read_whole(stored.get("judgement")),
        )
