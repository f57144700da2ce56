"""Parts of a text that was stored before parts were: told by what came over the wire, by its steps, or by its marks."""

from collections.abc import Sequence
from dataclasses import replace

from trajectories.core.completions.messages import Piece, said_in, thoughts_of
from trajectories.core.completions.parts import GAP, NOWHERE, build_completion
from trajectories.core.completions.thoughts import Part, PartKind, split_thoughts
from trajectories.core.records import Step, StepKind

TITLE = "Thinking"
"""The title of the step above a model's thoughts."""


def recover_parts(text: str, pieces: Sequence[Piece] | None, steps: Sequence[Step] = ()) -> tuple[Part, ...]:
    """The parts of a text. `pieces` are what its model sent, where that was kept; `steps` are its steps, marked."""
    found = None if pieces is None else _by_pieces(text, pieces)
    if found is None:
        marked = split_thoughts(text)
        by_steps = None if any(part.kind is PartKind.THINKING for part in marked) else _by_steps(text, steps)
        found = marked if by_steps is None else by_steps
    return found


def mark_thinking(steps: Sequence[Step]) -> tuple[Step, ...]:
    """The steps; those below a step called "Thinking" that says nothing itself are thoughts."""
    marked, inside = [], False
    for step in steps:
        if step.depth == 0:
            inside = step.title == TITLE and not step.body and step.kind is StepKind.TEXT
        marked.append(replace(step, is_thinking=True) if inside else step)
    return tuple(marked)


def _by_pieces(text: str, pieces: Sequence[Piece]) -> tuple[Part, ...] | None:
    """The parts by what came over the wire; None where the text is none that was made of it.

    Thoughts that were dropped when the text was stored are parts with a text of their own.
    """
    thoughts, said = thoughts_of(pieces), said_in(pieces)
    in_a_row = "".join(piece.text for piece in pieces if piece.kind is PartKind.CONTENT)
    for told in (pieces, _in_two(thoughts, said), _in_two(thoughts, in_a_row)):
        completion = build_completion(told)
        if completion.text == text:
            return completion.parts
    plain = build_completion([Piece(PartKind.CONTENT, said)])
    if plain.text != text:
        return None
    lost = [
        Part(PartKind.THINKING, piece.text, NOWHERE, NOWHERE, source=piece.source, data=piece.data)
        for piece in pieces
        if piece.kind is PartKind.THINKING
    ]
    return (*lost, *plain.parts)


def _in_two(thoughts: str, said: str) -> list[Piece]:
    return [Piece(PartKind.THINKING, thoughts), Piece(PartKind.CONTENT, said)]


def _by_steps(text: str, steps: Sequence[Step]) -> tuple[Part, ...] | None:
    """Thoughts that came first, apart from the text, end where the step after them begins; None where there are none,
    or where the steps are not those of the text."""
    at, inside = 0, False
    for step in steps:
        if not step.is_thinking:
            if inside or step.kind is not StepKind.TEXT or step.title or step.body:
                break
            continue
        inside = True
        found = text.find(step.body, at)
        if found < 0:
            return None
        at = found + len(step.body)
    gap = text.find(GAP, at)
    if not inside:
        return None
    end = len(text) if gap < 0 else gap
    thoughts = Part(PartKind.THINKING, text[:end], 0, end)
    start = min(len(text), end + len(GAP))
    said = [Part(PartKind.CONTENT, text[start:], start, len(text))] if text[start:].strip() else []
    return (thoughts, *said)
