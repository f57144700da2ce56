"""The decision form of all samples of a problem at once."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from trajectories.core.curation.groups import AnswerMark, GroupDraft, Mark
from trajectories.core.curation.reviews import COMMENT_CHARACTERS
from trajectories.core.curation.schemas import DecisionSchema
from trajectories.forms.leases import LeasedForm
from trajectories.forms.queues import TAKEN_KEYS, letter_keys
from trajectories.forms.reviews import LONGEST_LOOK
from trajectories.services.curation.group_leases import MOST_SAMPLES

BEST = "best:"
LONGEST_MARKS = 30 * MOST_SAMPLES
_ANSWER = re.compile(r"(?:answer|why)_([0-9a-f]{64})")
_BEST = re.compile(rf"{BEST}([1-9]\d{{0,17}})")
_SAMPLE = re.compile(r"item_([1-9]\d{0,17})")
_LISTED = re.compile(r"([1-9]\d{0,17}):(keep|reject)")


class GroupForm(LeasedForm):
    """What one person marks. `samples` are the items on the page; `marks` holds what is marked for single samples, as
    "12:keep,14:reject", so that folding them away loses nothing.

    Besides these fields there are `answer_HASH` ("best:12", "keep", "reject"), `why_HASH` (a reason) and `item_12`
    ("keep", "reject"), which outweighs `marks`.
    """

    reason = forms.ChoiceField(required=False)
    comment = forms.CharField(
        required=False, max_length=COMMENT_CHARACTERS, widget=forms.Textarea(attrs={"rows": 2, "data-key": "c"})
    )
    all_rejected = forms.BooleanField(required=False)
    samples = forms.CharField(max_length=LONGEST_MARKS, widget=forms.HiddenInput)
    marks = forms.CharField(required=False, max_length=LONGEST_MARKS, widget=forms.HiddenInput)
    seconds = forms.FloatField(required=False, min_value=0, max_value=LONGEST_LOOK, widget=forms.HiddenInput)
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *arguments: Any, schema: DecisionSchema, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.titles = schema.reason_titles()
        field = self.fields["reason"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = list(self.titles.items())
        self._keys = letter_keys(self.titles, set(TAKEN_KEYS))

    def reasons(self) -> list[tuple[str, str, str]]:
        """(key, code, title) of every reason of the queue."""
        return [(self._keys[code], code, title) for code, title in self.titles.items()]

    def clean_samples(self) -> list[int]:
        """The items on the page."""
        given = self.cleaned_data["samples"].split(",")
        if not all(re.fullmatch(r"[1-9]\d{0,17}", each) for each in given) or len(set(given)) > MOST_SAMPLES:
            raise ValidationError(f"Found something else, expected the numbers of at most {MOST_SAMPLES} samples.")
        return sorted({int(each) for each in given})

    def clean_marks(self) -> dict[int, Mark]:
        """What is marked for single samples, whether they are in sight or folded away."""
        listed = [each for each in self.cleaned_data["marks"].split(",") if each]
        read = [_LISTED.fullmatch(each) for each in listed]
        if not all(read):
            raise ValidationError("Found something else, expected marks like 12:keep,14:reject.")
        marks = {int(each[1]): Mark(each[2]) for each in read if each}
        for name, value in self.data.items():
            if (found := _SAMPLE.fullmatch(name)) and value:
                marks[int(found[1])] = _mark(name, value)
        return marks

    def answers(self) -> dict[str, AnswerMark]:
        """What is marked for the samples that give one answer, by its hash. Raises ValidationError."""
        found: dict[str, AnswerMark] = {}
        for answer in {at[1] for name in self.data if (at := _ANSWER.fullmatch(name))}:
            name, value = f"answer_{answer}", str(self.data.get(f"answer_{answer}", ""))
            reason = str(self.data.get(f"why_{answer}", ""))
            if reason and reason not in self.titles:
                raise ValidationError(f"Reason: found {reason[:40]!r}, expected one from the list.")
            if best := _BEST.fullmatch(value):
                found[answer] = AnswerMark(best=int(best[1]), reason=reason)
            else:
                found[answer] = AnswerMark(_mark(name, value) if value else None, reason=reason)
        return found

    def clean(self) -> dict[str, Any]:
        """Read what is marked for answers."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        return {**data, "answers": self.answers()}

    def draft(self) -> GroupDraft:
        """What was marked; call only on a valid form."""
        data = self.cleaned_data
        return GroupDraft(
            answers=data["answers"],
            samples=data["marks"],
            reason=data["reason"],
            comment=data["comment"],
            all_rejected=data["all_rejected"],
            seconds=data["seconds"],
        )


def _mark(name: str, value: str) -> Mark:
    if value not in tuple(Mark):
        raise ValidationError(f"{name[:20]}: found {value[:20]!r}, expected best, keep or reject.")
    return Mark(value)
