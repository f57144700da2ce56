"""Segmentations: other ways of cutting the text of a trace into steps than it was cut as it came.

A way of cutting has a name and a version ("sentences:1") and never changes: step labels name the one that they were
given for, and a text is cut anew by it whenever it is read. A better way is another version beside it. What stands
nowhere in the text (tool calls, programs, an agent's turns) stays the step that it was.

A language model cuts each text by itself (core.prompts.model_cuts): the name of its way ("model:3f…") is made of the
places where steps begin, so that a name stands for these steps of this text for ever, wherever the text is read.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, pairwise

from trajectories.core.completions.recovering import TITLE as THOUGHTS
from trajectories.core.completions.thoughts import Part, PartKind
from trajectories.core.curation.spans import Span, step_spans
from trajectories.core.faults import Fault
from trajectories.core.identity import content_hash
from trajectories.core.prompts.blocks import Line, read_lines
from trajectories.core.prompts.responses import steps_of
from trajectories.core.prompts.steps import first_words, kind_of_opening
from trajectories.core.records import JSON, Step, StepKind

AS_STORED = ""
"""The steps that a trace was stored with: its headings, else its paragraphs."""

BY_MODEL = "model"
"""What the names of cuts by a language model begin with; a colon and the hash of their places follow."""

MOST_STEPS = 2_000
"""Steps of one stretch of text; everything after them is in the last one, so that nothing is lost."""

BETWEEN = 4
"""Characters between two neighbouring steps that belong to neither."""

StepJSON = Mapping[str, JSON]

_WHOLE = frozenset(kind.value for kind in (StepKind.PROGRAM, StepKind.TOOL_CALL, StepKind.TOOL_RESULT))
"""Kinds of steps that are never cut."""

_NUMBERED = re.compile(
    r"[ \t]{0,3}(?:[-*] +)?\**(?:(?:sub-?task|step|part|phase) *\d{1,3}\b|\d{1,3}[.)](?=\s|\*)|\(\d{1,3}\) )",
    re.IGNORECASE,
)
_BLANKS = re.compile(r"\s*")
_ITEM = re.compile(r"[ \t]*(?:[-*+] |\d{1,3}[.)] )")
_ABBREVIATION = re.compile(r"\b(?:e\.g|i\.e|etc|cf|vs|resp|approx|fig|eqs?|dr|mrs?|prof|al|ca)\.\Z", re.IGNORECASE)
_PIECE = re.compile(
    r"(?P<kept>`[^`\n]{1,2000}`|\$\$[^$]{1,2000}\$\$|\$[^$\n]{1,500}\$|\\\((?:[^\\]|\\(?!\))){0,2000}\\\)"
    r"|\\\[(?:[^\\]|\\(?!\])){0,2000}\\\])"
    r"|(?P<end>[.!?…]+[\"'”’)\]*_]*)(?=\s+(?:[\"'“‘(\[*_]*[A-Z0-9À-ÖØ-ÞΑ-ΩА-Я一-鿿]|[$`\\]))"
    r"|(?P<wide>[。！？]+)"
)
"""What is kept whole, and where a sentence ends."""


def _at_blank_lines(text: str) -> Iterator[int]:
    """Where a paragraph or a heading begins; blank lines inside of code part none."""
    blank = False
    for line in read_lines(text):
        empty = line.what == "text" and not line.text.strip()
        if (blank and not empty) or line.what == "heading":
            yield line.start
        blank = empty


def _at_numbers(text: str) -> Iterator[int]:
    """Where a line begins a numbered item or step ("2.", "(3) ", "Step 4"), or is a heading."""
    for line in read_lines(text):
        if line.what == "heading" or (line.what == "text" and _NUMBERED.match(line.text)):
            yield line.start


def _at_sentences(text: str) -> Iterator[int]:
    """Where a sentence, an item of a list, a heading or a block of code begins."""
    waiting: list[Line] = []
    is_code = False
    for line in read_lines(text):
        starts = line.what != "text" or not line.text.strip() or _ITEM.match(line.text) is not None
        if waiting and starts:
            yield from _sentences_of(text, waiting)
            waiting = []
        if line.what == "text" and line.text.strip():
            waiting.append(line)
        elif line.what == "heading" or (line.what == "fence" and not is_code):
            yield line.start
        is_code = line.what == "code" or (line.what == "fence" and not is_code)
    yield from _sentences_of(text, waiting)


def _sentences_of(text: str, lines: Sequence[Line]) -> Iterator[int]:
    """Where sentences begin in neighbouring lines; formulas and code within them are kept whole."""
    if not lines:
        return
    start, end = lines[0].start, lines[-1].start + len(lines[-1].text)
    yield start
    block = text[start:end].rstrip()
    item = _ITEM.match(block)
    for found in _PIECE.finditer(block, 0 if item is None else item.end()):
        if found["kept"] or found.end() == len(block):
            continue
        if found["end"] and _ABBREVIATION.search(block[max(0, found.start() - 10) : found.start() + 1]):
            continue
        behind = _BLANKS.match(block, found.end())
        yield start + (found.end() if behind is None else behind.end())


_METHODS: Mapping[str, tuple[str, Callable[[str], Iterator[int]]]] = {
    "paragraphs:1": ("Paragraphs: at blank lines and headings", _at_blank_lines),
    "numbered:1": ("Numbered steps: at “2.”, “(3)”, “Step 4” and headings", _at_numbers),
    "sentences:1": ("Sentences", _at_sentences),
}

SEGMENTATIONS: Mapping[str, str] = {
    AS_STORED: "As it came: at its headings, else at its paragraphs",
    **{name: title for name, (title, _) in _METHODS.items()},
}
"""Every way of cutting by its name and version, in words."""


def check_segmentation(name: str) -> None:
    """Raise Fault for a way of cutting that is not known."""
    if name not in SEGMENTATIONS:
        known = ", ".join(filter(None, SEGMENTATIONS))
        raise Fault(f"Steps: found {name[:40]!r}, expected nothing or one of {known}.", field="segmentation")


def segmentation_words(name: str) -> str:
    """A way of cutting in a few words, as “sentences, version 1”."""
    method, _, version = name.partition(":")
    if method == BY_MODEL:
        return "by a model"
    return f"{method}, version {version}" if version else "as it came"


def as_stored(steps: Iterable[Step]) -> list[StepJSON]:
    """The stored form of steps; that one is part of the thoughts is said only where it is."""
    return [
        {"kind": step.kind.value, "title": step.title, "body": step.body, "depth": step.depth, "data": dict(step.data)}
        | ({"part": PartKind.THINKING.value} if step.is_thinking else {})
        for step in steps
    ]


def is_by_model(name: str) -> bool:
    """Whether a segmentation is the cut of a text by a language model."""
    return name.partition(":")[0] == BY_MODEL


def name_of_cut(places: Sequence[int]) -> str:
    """The name of the cut by a language model whose steps stand at these places of the text."""
    return f"{BY_MODEL}:{content_hash(list(places))[:16]}"


def places_in(spans: Mapping[str, JSON]) -> list[int]:
    """Where the steps of a cut by a model begin, from the places that are stored with labels given for it."""
    return sorted(int(str(span[0])) for span in spans.values() if isinstance(span, list | tuple) and span)


def cut_steps(
    name: str, text: str, parts: Sequence[Part], steps: Sequence[StepJSON], places: Sequence[int] = ()
) -> list[StepJSON]:
    """The stored form of the steps of a trace as a segmentation cuts its text, in time linear in the text.

    `steps` are those that it was stored with, perhaps none: many imported traces have none. Thoughts and what was said
    never share a step. `places` are those of a cut by a model. Raises Fault.
    """
    if is_by_model(name):
        if name != name_of_cut(places):
            raise Fault(f"Steps: found {name[:40]!r}, expected a cut by a model whose places are known.")
        return cut_at(text, parts, steps, places)
    check_segmentation(name)
    if name == AS_STORED:
        return list(steps)
    method = _METHODS[name][1]
    return _cut_all(text, parts, steps, lambda stretch: method(text[slice(*stretch)]))


def cut_at(text: str, parts: Sequence[Part], steps: Sequence[StepJSON], places: Sequence[int]) -> list[StepJSON]:
    """The steps of a trace where each place in its text begins one; see `cut_steps`."""
    ordered = sorted(places)

    def within(stretch: Span) -> Iterator[int]:
        return (
            place - stretch[0] for place in ordered[bisect_left(ordered, stretch[0]) : bisect_left(ordered, stretch[1])]
        )

    return _cut_all(text, parts, steps, within)


def stretches_of(text: str, parts: Sequence[Part], steps: Sequence[StepJSON]) -> list[Span]:
    """The stretches of a trace's text that may be cut, in order; no step reaches over the end of one."""
    return [piece[0] for piece in _laid_out(text, parts, steps) if isinstance(piece, tuple)]


def _cut_all(
    text: str, parts: Sequence[Part], steps: Sequence[StepJSON], begins: Callable[[Span], Iterable[int]]
) -> list[StepJSON]:
    found = list[StepJSON]()
    for piece in _laid_out(text, parts, steps):
        if isinstance(piece, tuple):
            stretch, like = piece
            found.extend(_cut(begins(stretch), text, stretch, like))
        else:
            found.append(piece)
    return found


def _laid_out(
    text: str, parts: Sequence[Part], steps: Sequence[StepJSON]
) -> Iterator[StepJSON | tuple[Span, StepJSON]]:
    """The steps that stay whole, and each stretch of text that may be cut, with the step that it begins with."""
    waiting, reached = list[tuple[StepJSON, Span]](), 0
    held = steps or as_stored(steps_of(parts))
    for step, span in zip(held, step_spans(text, held), strict=True):
        if span is not None and not step.get("data") and step["kind"] not in _WHOLE:
            if waiting and not _go_together(waiting[-1], (step, span), parts):
                yield _stretch(waiting, parts, reached), waiting[0][0]
                reached, waiting = waiting[-1][1][1], []
            waiting.append((step, span))
        elif step["body"] or not _is_heading(step, text, waiting[-1][1][1] if waiting else reached):
            if waiting:
                yield _stretch(waiting, parts, reached), waiting[0][0]
            reached, waiting = (waiting[-1][1][1] if waiting else reached), []
            yield step
            reached = span[1] if span is not None else reached
    if waiting:
        yield _stretch(waiting, parts, reached), waiting[0][0]


def _is_heading(step: StepJSON, text: str, reached: int) -> bool:
    """Whether a step without a body is a heading of the text, which goes with what follows it."""
    title, is_own = str(step["title"]), "part" in step and step["title"] == THOUGHTS
    if is_own or not title or step["kind"] in _WHOLE or step.get("data"):
        return False
    return title in text[reached : reached + 1_000]


def _go_together(last: tuple[StepJSON, Span], step: tuple[StepJSON, Span], parts: Sequence[Part]) -> bool:
    """Whether two neighbouring steps are of one stretch of text: both thought, or both said, and in one part."""
    same = last[0].get("part") == step[0].get("part")
    return same and _part_at(parts, last[1][0]) is _part_at(parts, step[1][0])


def _part_at(parts: Sequence[Part], place: int) -> Part | None:
    return next((part for part in parts if part.start <= place < part.end), None)


def _stretch(waiting: Sequence[tuple[StepJSON, Span]], parts: Sequence[Part], reached: int) -> Span:
    """From where the first step's part begins, so that its heading is in it, or from where the text was left."""
    start, end = waiting[0][1][0], waiting[-1][1][1]
    part = _part_at(parts, start)
    return (start if part is None else max(reached, part.start)), end


def _cut(begins: Iterable[int], text: str, stretch: Span, like: StepJSON) -> Iterator[StepJSON]:
    """The steps of a stretch of text, at the depth and of the part of the step that it began with."""
    body = text[stretch[0] : stretch[1]]
    places = sorted({0, *begins})[:MOST_STEPS]
    part = {"part": like["part"]} if "part" in like else {}
    depth = 1 if part else 0
    for start, end in pairwise(chain(places, [len(body)])):
        said = body[start:end].strip()
        if said:
            yield {
                "kind": kind_of_opening(said).value,
                "title": first_words(said),
                "body": said,
                "depth": depth,
                "data": {},
            } | part


def carry_labels(labels: Mapping[str, str], spans: Mapping[str, JSON], cut: Sequence[Span | None]) -> dict[str, str]:
    """The labels of one segmentation as far as they say something of the steps of another, which stand at `cut`.

    A step that holds a bad one is bad; it is good or neutral where all of it was called so. Part of a bad step is not
    known to be bad, and gets no label.
    """
    given = sorted((int(span[0]), int(span[1]), labels[index]) for index, span in _placed(labels, spans))
    starts, ends, found = [each[0] for each in given], [each[1] for each in given], dict[str, str]()
    for index, span in enumerate(cut):
        within = [] if span is None else given[bisect_right(ends, span[0]) : bisect_left(starts, span[1])]
        if span is not None and (label := _carried(within, span)):
            found[str(index)] = label
    return found


def _placed(labels: Mapping[str, str], spans: Mapping[str, JSON]) -> Iterator[tuple[str, Sequence[int]]]:
    for index in labels:
        span = spans.get(index)
        if isinstance(span, list | tuple):
            yield index, [int(str(place)) for place in span]


def _carried(within: Sequence[tuple[int, int, str]], span: Span) -> str:
    """What the labels that touch a step say of the whole of it; "" for nothing."""
    words = {label for *_, label in within}
    if any(label == "bad" and start >= span[0] and end <= span[1] for start, end, label in within):
        return "bad"
    reached, gaps = span[0], 0
    for start, end, _ in within:
        gaps += max(0, start - reached)
        reached = max(reached, end)
    # Between two steps stand blanks, and marks of headings.
    is_covered = bool(within) and gaps + max(0, span[1] - reached) <= BETWEEN * len(within)
    if not is_covered or "bad" in words:
        return ""
    return next((word for word in ("unseen", "neutral", "good") if word in words), "")
