"""Editing a completion: other words in some of its parts, and everything else as it stands."""

from collections.abc import Mapping
from dataclasses import replace

from trajectories.core.completions.parts import GAP, NOWHERE, Completion
from trajectories.core.completions.thoughts import Part, PartKind

WORDS = (PartKind.THINKING, PartKind.CONTENT)
"""The parts that people may write in; what tools were called with and gave is what happened."""


def edit_parts(completion: Completion, texts: Mapping[int, str], added: str = "") -> Completion:
    """The completion with the texts of some parts, named by their place among the parts, replaced.

    `added` is an answer behind it all, for one that had none: thoughts that were cut off are then closed. What a
    provider signed goes from the parts that are edited, since it signed other words. Raises KeyError for a part that
    is not there or is none of WORDS.
    """
    for index in texts:
        if not 0 <= index < len(completion.parts) or completion.parts[index].kind not in WORDS:
            raise KeyError(index)
    pieces, length, at, parts = list[str](), 0, 0, list[Part]()
    for index, part in enumerate(completion.parts):
        edited = _edited(part, texts.get(index))
        if part.start != NOWHERE:
            before = completion.text[at : part.start]
            pieces += [before, edited.text]
            start = length + len(before)
            length, at = start + len(edited.text), part.end
            edited = replace(edited, start=start, end=length)
        parts.append(edited)
    pieces.append(completion.text[at:])
    if not added.strip():
        return Completion("".join(pieces), tuple(parts))
    whole = "".join(pieces)
    whole += GAP if whole else ""
    closed = [replace(part, is_open=False) for part in parts]
    return Completion(whole + added, (*closed, Part(PartKind.CONTENT, added, len(whole), len(whole) + len(added))))


def _edited(part: Part, text: str | None) -> Part:
    return part if text is None or text == part.text else replace(part, text=text, data={})
