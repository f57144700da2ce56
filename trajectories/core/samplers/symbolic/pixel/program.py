"""A pixel program: a canvas, and a rule list that decides each of its cells."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from trajectories.core.samplers.symbolic.candidates import ExplainedStep
from trajectories.core.samplers.symbolic.pixel.canvases import Canvas
from trajectories.core.samplers.symbolic.pixel.expressions import HelperCall, call, functions_of, helper_sources
from trajectories.core.samplers.symbolic.pixel.features import COLOUR_NAMES, Feature, Role
from trajectories.core.samplers.symbolic.pixel.helpers import cells, objects
from trajectories.core.samplers.symbolic.pixel.rules import Rule, Source


@dataclass(frozen=True)
class PixelProgram:
    """Rules tried in order on every cell of a canvas, then a default source.

    `background` is a colour, or None for the most common colour of each input. `doubt` is added to the description
    length for evidence against the rules (see search).
    """

    canvas: Canvas
    background: int | None
    rules: tuple[Rule, ...]
    default: Source
    length: float
    doubt: float = 0.0

    @property
    def cost(self) -> float:
        """Description length plus doubt."""
        return self.length + self.doubt

    @cached_property
    def key(self) -> str:
        """The body of `transform`: equal for programs written the same way."""
        return "\n".join(self._body())

    def source(self) -> str:
        """Self-contained Python with the helper functions it uses."""
        functions = functions_of([expression for _, expression in self._variables()])
        if self.canvas.window is not None:
            functions += functions_of([self.canvas.window])
        if self.background is None:
            functions.append(cells.most_common_colour)
        helpers = helper_sources(functions)
        return "\n\n\n".join([*helpers, f"{self.key}\n"])

    def _body(self) -> Iterator[str]:
        yield "def transform(grid: list[list[int]]) -> list[list[int]]:"
        if self._text_uses("background"):
            value = "most_common_colour(grid)" if self.background is None else str(self.background)
            yield f"    background = {value}"
        shared = self._shared_parts()
        for text, name in shared.items():
            yield f"    {name} = {text}"
        for name, expression in self._variables():
            yield f"    {name} = {_shortened(expression.text, shared)}"
        base = self.canvas.base
        rows, columns = f"range(len({base}))", f"range(len({base}[0]))"
        if self.canvas.window is not None:
            yield f"    top, left, bottom, right = {_shortened(self.canvas.window.text, shared)}"
            rows, columns = "range(top, bottom + 1)", "range(left, right + 1)"
        yield "    output = []"
        yield f"    for r in {rows}:"
        yield "        line = []"
        yield f"        for c in {columns}:"
        yield from self._cell_body()
        yield "        output.append(line)"
        yield "    return output"

    def _cell_body(self) -> Iterator[str]:
        word = "if"
        for rule in self.rules:
            checks = [condition.code for condition in rule.conditions]
            if not rule.source.total:
                checks.append(f"{rule.source.code} >= 0")
            yield f"            {word} {' and '.join(checks) or 'True'}:"
            yield f"                line.append({rule.source.code})"
            word = "elif"
        if self.rules:
            yield "            else:"
            yield f"                line.append({self.default.code})"
        else:
            yield f"            line.append({self.default.code})"

    def _parts_used(self) -> Iterator[Feature | Role]:
        for rule in self.rules:
            for condition in rule.conditions:
                yield condition.feature
                if not isinstance(condition.value, int):
                    yield condition.value
            if not isinstance(rule.source.origin, int):
                yield rule.source.origin
        if not isinstance(self.default.origin, int):
            yield self.default.origin

    def _variables(self) -> list[tuple[str, HelperCall]]:
        """Variables of the program in order, each with the call it holds."""
        found: dict[str, HelperCall] = {}
        if self.canvas.made is not None:
            found[self.canvas.base] = self.canvas.made
        for part in self._parts_used():
            if isinstance(part.call, HelperCall):
                found.setdefault(part.name, part.call)
        return list(found.items())

    def _shared_parts(self) -> dict[str, str]:
        """Variables for lists of connected parts of the input: text of the call to name."""
        found: dict[str, str] = {}
        if self.canvas.made is not None:
            return found
        expressions: list[Any] = [expression for _, expression in self._variables()]
        if self.canvas.window is not None:
            expressions.append(self.canvas.window)
        for kind in range(6):
            text = call(objects.connected_parts, "grid", "background", kind).text
            if any(text in expression.text for expression in expressions):
                found[text] = "parts" if not found else f"parts_{len(found) + 1}"
        return found

    def _text_uses(self, name: str) -> bool:
        texts = [expression.text for _, expression in self._variables()]
        texts += [self.canvas.window.text] if self.canvas.window is not None else []
        texts += list(self._cell_body())
        return any(name in text for text in texts)

    def explain(self) -> tuple[ExplainedStep, ...]:
        """Size, background where it matters, one step for each rule, and what happens to all other cells."""
        steps = [ExplainedStep("Set up the output", self.canvas.words)]
        if self._text_uses("background"):
            named = "the most common colour of the input" if self.background is None else COLOUR_NAMES[self.background]
            steps.append(ExplainedStep("Find the background", f"The background is {named}."))
        steps += [_explained(rule) for rule in self.rules]
        rest = "Every cell" if not self.rules else "Every other cell"
        if isinstance(self.default.origin, Feature) and self.default.origin.name == self.canvas.base:
            steps.append(ExplainedStep("Keep the rest", f"{rest} keeps its colour."))
        else:
            steps.append(ExplainedStep("Fill the rest", f"{rest} becomes {self.default.words}."))
        return tuple(steps)


def _shortened(text: str, shared: dict[str, str]) -> str:
    for long, name in shared.items():
        text = text.replace(long, name)
    return text


def _explained(rule: Rule) -> ExplainedStep:
    wording = " and ".join(condition.words for condition in rule.conditions)
    target = rule.source.words
    if not wording:
        return ExplainedStep(f"Use {target}", f"Wherever it is known, a cell becomes {target}.")
    return ExplainedStep(f"Recolour to {target}", f"If {wording}, the cell becomes {target}.")
