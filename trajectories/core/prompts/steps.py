"""From a response to steps: headings make a tree, what has none is cut at its paragraphs, a scratchpad at its lines."""

import re
from dataclasses import replace

from trajectories.core.problems.arithmetic import CLOSE, MOST_LINES, OPEN
from trajectories.core.prompts.blocks import read_lines
from trajectories.core.records import Step, StepKind

MAX_STEPS = 500
"""Steps of one response; everything after them is in the last one."""

MAX_DEPTH = 6
REST = "The rest"
MAX_TITLE = 120

_TITLE_KINDS: tuple[tuple[StepKind, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(rf"(?:step|part|phase)?\s*[\d.]*[\s:.)-]*(?:{words})", re.IGNORECASE))
    for kind, words in (
        (StepKind.BACKTRACK, r"back ?track|going back|wrong turn|dead end|abandon|revis"),
        (StepKind.REFLECTION, r"reflect|check|verif|review|sanity|self-?evaluat"),
        (StepKind.QUESTION, r"question|assumption|doubt|is it (?:really|true)|what if"),
        (StepKind.OBSERVATION, r"observ|notic|what i see|pixel changes|object changes"),
        (StepKind.HYPOTHESIS, r"hypothes|conjectur|idea|candidate|(?:overall )?pattern|rule"),
        (StepKind.PROGRAM, r"program\b|python|code|implement"),
        (StepKind.ANSWER, r"(?:the )?(?:final )?(?:answer|result|output)"),
        (StepKind.SUBTASK, r"sub-?task|task|step|plan|\d"),
    )
)
_LINE = re.compile(r"[^\n]+")
_STEP_NUMBER = re.compile(r"(?:sub-?task|step|part|phase)\s*\d", re.IGNORECASE)
_OPENINGS: tuple[tuple[StepKind, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(rf"(?:(?:hmm|so|but|oh|okay|ok|well|no)\b[,. ]*)*(?:{words})", re.IGNORECASE))
    for kind, words in (
        (
            StepKind.BACKTRACK,
            r"(?:that|this) (?:does not|doesn't|did not|didn't|is not|isn't|can't|cannot) (?:work|right|correct|fit|be)"
            r"|(?:that|this)(?: is|'s) wrong|let(?: me|'s|s) (?:try (?:again|another|something)|start over)"
            r"|going back|let(?: me|'s) go back|i (?:made|was) (?:a mistake|wrong)|scrap ",
        ),
        (StepKind.QUESTION, r"what if|is it (?:really|true)|am i sure|does (?:that|this|it) .{0,80}\?|why "),
        (
            StepKind.REFLECTION,
            r"wait\b|actually\b|let(?: me|'s|s) (?:check|verify|double|re-?think|re-?consider|re-?examine|confirm|test)"
            r"|to (?:check|verify)|checking",
        ),
    )
)


def parse_steps(text: str, *, depth: int = 0) -> list[Step]:
    """The steps of a Markdown text: one per heading, nested by level, else one per paragraph.

    At most MAX_STEPS: what is left when they are used up is the body of the last, so that nothing is lost.
    """
    first = next((line for line in read_lines(text) if line.what == "heading"), None)
    steps = _paragraphs(text, depth) if first is None else _sections(text, first.start, depth)
    return [step for step in steps if step.title or step.body]


def _sections(text: str, first: int, depth: int) -> list[Step]:
    """The text cut at its headings, the first at `first`; depth counts the open headings of a higher level, whatever
    levels are left out.
    """
    steps = [Step(StepKind.TEXT, "", text[:first].strip(), depth)]
    levels: list[int] = []
    title, body = "", first
    for line in read_lines(text):
        if line.what != "heading":
            continue
        if line.start > first:
            steps.append(_section(title, text[body : line.start], depth + len(levels) - 1))
        if len(steps) == MAX_STEPS - 1:
            return [*steps, Step(StepKind.TEXT, REST, text[line.start :].strip(), depth)]
        while levels and levels[-1] >= line.level:
            levels.pop()
        levels.append(line.level)
        title, body = line.title, line.start + len(line.text)
    return [*steps, _section(title, text[body:], depth + len(levels) - 1)]


def _section(title: str, body: str, depth: int) -> Step:
    return Step(kind_of_title(title), title[:MAX_TITLE], body.strip(), min(depth, MAX_DEPTH))


def _paragraphs(text: str, depth: int) -> list[Step]:
    """A step for each paragraph; blank lines inside code part none."""
    steps: list[Step] = []
    start = 0
    for line in read_lines(text):
        if line.what == "text" and not line.text.strip():
            steps += _fitting(_paragraph(text[start : line.start], depth), text[start : line.start], len(steps))
            start = line.start
            if len(steps) == MAX_STEPS - 1:
                rest = text[start:].strip()
                return [*steps, Step(StepKind.TEXT, REST, rest, depth)] if rest else steps
    return steps + _fitting(_paragraph(text[start:], depth), text[start:], len(steps))


def _fitting(found: list[Step], text: str, known: int) -> list[Step]:
    """The steps of a paragraph; where they are more than there is room for, one of it all."""
    if len(found) > 1 and known + len(found) > MAX_STEPS - 1:
        return [replace(found[0], body=text.strip())]
    return found


def _paragraph(text: str, depth: int) -> list[Step]:
    body = text.strip()
    if not body:
        return []
    if body.startswith(("```", "~~~")):
        return [Step(StepKind.TEXT, "Code", body, depth)]
    if OPEN in body:
        return _scratchpad(body, depth)
    return [Step(kind_of_opening(body), first_words(body), body, depth)]


def _scratchpad(body: str, depth: int) -> list[Step]:
    """What stands before a scratchpad, its lines, and what stands behind it: a step each. Its marks belong to the first
    and the last line. One step where it has no lines, or more than are read."""
    begun, closed = body.index(OPEN), body.find(CLOSE)
    end = closed if closed > begun else len(body)
    lines = [line for line in _LINE.finditer(body, begun + len(OPEN), end) if line[0].strip()]
    if not 0 < len(lines) <= MOST_LINES:
        return [Step(StepKind.TEXT, first_words(body), body, depth)]
    after = closed + len(CLOSE) if closed > begun else len(body)
    starts = [begun, *(line.start() for line in lines[1:])]
    ends = [*(line.end() for line in lines[:-1]), after]
    steps = [
        Step(StepKind.TEXT, line[0].strip()[:MAX_TITLE], body[start:stop].strip(), depth)
        for line, start, stop in zip(lines, starts, ends, strict=True)
    ]
    return [*_paragraph(body[:begun], depth), *steps, *_paragraph(body[after:], depth)]


def kind_of_title(title: str) -> StepKind:
    """What a heading says its step does. "Subtask 3: check the rule" is a subtask."""
    if _STEP_NUMBER.match(title):
        after = re.split(r"[:.–-]", title[:MAX_TITLE], maxsplit=1)[-1].strip()
        special = next((kind for kind, words in _TITLE_KINDS[:3] if words.match(after)), None)
        return special or StepKind.SUBTASK
    return next((kind for kind, words in _TITLE_KINDS if words.match(title[:MAX_TITLE])), StepKind.TEXT)


def kind_of_opening(body: str) -> StepKind:
    """What a paragraph does, by how it begins."""
    start = body[:200]
    return next((kind for kind, words in _OPENINGS if words.match(start)), StepKind.TEXT)


def first_words(body: str) -> str:
    """The beginning of a paragraph as its title, cut at a word."""
    line = body[:200].split("\n", 1)[0].strip(" #*`>-")
    sentence = re.split(r"(?<=[.!?:])\s", line, maxsplit=1)[0]
    if len(sentence) <= 70:
        return sentence.rstrip(".:")
    return sentence[:70].rsplit(" ", 1)[0] + " …"
