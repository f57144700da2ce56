"""The answers to a problem on the screen where all its samples are decided on, each with what is marked for it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trajectories.core.curation.groups import Mark
from trajectories.core.curation.reviews import Decision
from trajectories.forms.queue_groups import BEST, GroupForm
from trajectories.selectors.queue_groups import Said, SampleGroup


@dataclass(frozen=True, slots=True)
class ShownAnswer:
    """The samples that give one answer; `mark` and `why` are the values of its two fields, "" for nothing."""

    group: SampleGroup
    mark: str
    why: str

    @property
    def best_value(self) -> str:
        """The value that keeps the sample which stands for the others."""
        return f"{BEST}{self.group.best.item_id}"

    @property
    def item_ids(self) -> str:
        """Its items, for the script that counts what is marked."""
        return ",".join(str(sample.item_id) for sample in self.group.samples)


@dataclass(frozen=True, slots=True)
class ShownAnswers:
    """All answers; `marks` is what is marked for single samples, as its field has it, and `reason` and `comment` are
    those of the whole.
    """

    answers: Sequence[ShownAnswer]
    marks: str
    reason: str
    comment: str


def show_answers(groups: Sequence[SampleGroup], said: Mapping[int, Said], form: GroupForm | None) -> ShownAnswers:
    """The answers with what was said of their samples before; or with what a form that goes back had marked."""
    if form is not None:
        values = [(f"answer_{group.answer_hash}", f"why_{group.answer_hash}", group) for group in groups]
        sent = [ShownAnswer(group, form.data.get(mark, ""), form.data.get(why, "")) for mark, why, group in values]
        return ShownAnswers(sent, "", "", "")
    reasons = Counter(each.reason for each in said.values() if each.reason)
    reason = reasons.most_common(1)[0][0] if reasons else ""
    answers = [ShownAnswer(group, _mark(group, said), _why(group, said, reason)) for group in groups]
    singles = [
        f"{sample.item_id}:{_word(said[sample.item_id])}"
        for shown in answers
        if not shown.mark
        for sample in shown.group.samples
        if sample.item_id in said
    ]
    comment = next((each.comment for each in said.values()), "")
    return ShownAnswers(answers, ",".join(singles), reason, comment)


def _word(said: Said) -> str:
    return Mark.KEEP if said.decision == Decision.ACCEPT else Mark.REJECT


def _mark(group: SampleGroup, said: Mapping[int, Said]) -> str:
    """The value that says of all samples of an answer what was said; "" where none does."""
    items = [sample.item_id for sample in group.samples]
    if not all(item in said for item in items):
        return ""
    words = [_word(said[item]) for item in items]
    if words[0] == Mark.KEEP and set(words[1:]) <= {Mark.REJECT}:
        return f"{BEST}{items[0]}"
    return words[0] if len(set(words)) == 1 else ""


def _why(group: SampleGroup, said: Mapping[int, Said], usual: str) -> str:
    """The reason for the rejected samples of an answer, where it is one and another than the usual one."""
    found = {said[sample.item_id].reason for sample in group.samples if sample.item_id in said} - {""}
    return found.pop() if len(found) == 1 and found != {usual} else ""
