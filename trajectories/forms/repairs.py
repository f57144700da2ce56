"""Editing a trace: a box for each part that a person may write in."""

import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.http import QueryDict

from trajectories.core.completions.editing import WORDS
from trajectories.core.completions.thoughts import PartKind
from trajectories.core.faults import Fault
from trajectories.core.problems.kinds import is_grids
from trajectories.core.prompts.repairs import Edits, Original
from trajectories.core.records import JSON
from trajectories.forms.plain import PlainForm
from trajectories.services.traces.repairs import LONGEST_NOTE, LONGEST_TEXT, RepairDraft, storable_edits

TITLES = {PartKind.THINKING: "Thoughts", PartKind.CONTENT: "Answer"}
MOST_ROWS, LEAST_ROWS, LINE = 28, 4, 90


@dataclass(frozen=True, slots=True)
class Box:
    """One text that is edited: the field, what it is called, and what stood in it at first."""

    name: str
    title: str
    hint: str
    before: str
    field: forms.BoundField

    @property
    def after(self) -> str:
        """What stands in it now, in the line ends of the original."""
        return _as_before(str(self.field.value() or ""), self.before)


class RepairForm(PlainForm):
    """An edit of one trace. `key` is made with the form, so that sending it twice is one repair; `known` is the newest
    repair by somebody else of which the page has told."""

    note = forms.CharField(
        required=False,
        max_length=LONGEST_NOTE,
        label="Why",
        widget=forms.TextInput(attrs={"placeholder": "What was wrong (optional)", "data-key": "c"}),
    )
    key = forms.UUIDField(widget=forms.HiddenInput)
    known = forms.IntegerField(required=False, min_value=0, max_value=2**63 - 1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, original: Original, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.original = original
        self._before: dict[str, tuple[str, str, str]] = {}
        for name, title, hint, text in _boxes(original):
            self._before[name] = (title, hint, text)
            self.fields[name] = forms.CharField(
                required=False,
                strip=False,
                max_length=LONGEST_TEXT,
                initial=text,
                label=title,
                widget=forms.Textarea(attrs={"rows": _rows(text), "spellcheck": "false", "class": "repair-text"}),
            )

    def boxes(self) -> list[Box]:
        """The boxes in the order of the text."""
        return [Box(name, title, hint, text, self[name]) for name, (title, hint, text) in self._before.items()]

    def clean(self) -> dict[str, Any]:
        """Read the boxes as an edit."""
        cleaned = super().clean() or {}
        if not self.errors:
            try:
                self.edits = storable_edits(self._edits(cleaned))
            except Fault as fault:
                self.add_fault(fault)
        return cleaned

    def draft(self) -> RepairDraft:
        """The edit with what was known when it was made; call only on a valid form."""
        return RepairDraft(self.edits, self.cleaned_data["note"], self.cleaned_data["known"] or 0)

    def tell(self, **values: object) -> None:
        """Give the form that goes back other hidden values."""
        data = cast(QueryDict, self.data).copy()
        for name, value in values.items():
            data[name] = str(value)
        self.data = data

    def new_key(self) -> None:
        """Let what is sent next count as another edit."""
        self.tell(key=uuid.uuid4())

    def _edits(self, cleaned: Mapping[str, Any]) -> Edits:
        words = {box.name: _as_before(str(cleaned[box.name]), box.before) for box in self.boxes()}
        texts = {int(name.removeprefix("part_")): text for name, text in words.items() if name.startswith("part_")}
        answer = words.get("answer")
        return Edits(
            texts=texts,
            added=words.get("added", ""),
            program=words.get("program"),
            answer=None if answer is None else self._read_answer(answer),
        )

    def _read_answer(self, text: str) -> JSON:
        """A stated answer as it is stored: JSON where the original's is no text."""
        if isinstance(self.original.answer, str):
            return text.strip()
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as fault:
            what = "a list with one grid for each test input" if is_grids(self.original.problem.kind) else "JSON"
            raise Fault(f"Found something that is no JSON, expected {what}.", field="answer") from fault


def edited_answer(answer: JSON) -> str:
    """A stated answer as it is edited."""
    return answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)


def _boxes(original: Original) -> Iterator[tuple[str, str, str, str]]:
    """(name, title, hint, text) of every box."""
    kinds = [part.kind for part in original.completion.parts if part.kind in WORDS]
    seen: dict[PartKind, int] = {}
    for index, part in enumerate(original.completion.parts):
        if part.kind not in WORDS:
            continue
        seen[part.kind] = seen.get(part.kind, 0) + 1
        number = f" {seen[part.kind]}" if kinds.count(part.kind) > 1 else ""
        holds = part.kind is PartKind.CONTENT and original.program.strip() and original.program.strip() in part.text
        yield f"part_{index}", TITLES[part.kind] + number, "with its program" if holds else "", part.text
    if not original.has_answer_text:
        yield "added", "Answer", "there was none", ""
    if original.states_answer_apart:
        yield "answer", "Stated answer", "stored beside the text", edited_answer(original.answer)
    if original.has_program_apart:
        yield "program", "Program", "" if original.program.strip() else "there was none", original.program


def _as_before(text: str, before: str) -> str:
    """What a browser sent of a text: it writes line ends in its own way, which is no edit."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return before if plain == before.replace("\r\n", "\n").replace("\r", "\n") else plain


def _rows(text: str) -> int:
    lines = sum(1 + len(line) // LINE for line in text.split("\n")[:MOST_ROWS])
    return max(LEAST_ROWS, min(MOST_ROWS, lines + 1))
