"""What becomes of a trace when a person edits it: the same reading of the new words as of a model's."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from trajectories.core.completions.editing import edit_parts
from trajectories.core.completions.parts import Completion, said_in
from trajectories.core.completions.thoughts import PartKind
from trajectories.core.faults import Fault
from trajectories.core.problems.kinds import is_grids
from trajectories.core.prompts.base import ParsedResponse
from trajectories.core.prompts.responses import fenced, read_answer, read_completion, steps_of
from trajectories.core.prompts.variation import Variation
from trajectories.core.records import JSON, AnswerSpan, InstructionRecord, PublicProblem, Step, StepKind

_FENCED = re.compile(r"(`{3,}|~{3,})[^\n]*\n(.*?)\n?\1\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Original:
    """A trace as it stands before it is edited.

    `span` is where its answer was found, None where it states none in its text; `instruction` is None for a trace that
    was sampled elsewhere.
    """

    problem: PublicProblem
    completion: Completion
    steps: tuple[Step, ...]
    answer: JSON
    program: str
    span: AnswerSpan | None
    instruction: InstructionRecord | None = None
    variation: Variation | None = None

    @property
    def has_answer_text(self) -> bool:
        """Whether there is a part that answers; without one a person may add it."""
        return any(part.kind is PartKind.CONTENT for part in self.completion.parts)

    @property
    def states_answer_apart(self) -> bool:
        """Whether its answer stands nowhere in its text, and so is edited by itself."""
        return self.answer is not None and self.span is None

    @property
    def has_program_apart(self) -> bool:
        """Whether its program stands nowhere in its text, and so is edited by itself; an ARC task without one may get
        one."""
        if not self.program.strip():
            return is_grids(self.problem.kind)
        return self.program.strip() not in said_in(self.completion.parts)


@dataclass(frozen=True, slots=True)
class Edits:
    """What a person wrote: texts of parts by their place among the parts, an answer where there was none (`added`),
    and the program and the answer (JSON) where these stand apart from the text; None leaves them as they are."""

    texts: Mapping[int, str] = field(default_factory=dict)
    added: str = ""
    program: str | None = None
    answer: JSON = None


def changes_of(original: Original, edits: Edits) -> list[str]:
    """What the edits change, in words: "thoughts", "answer", "program"; empty where nothing."""
    parts = original.completion.parts
    kinds = {parts[index].kind for index, text in edits.texts.items() if text != parts[index].text}
    answer = edits.answer is not None and edits.answer != original.answer
    changed = {
        "thoughts": PartKind.THINKING in kinds,
        "answer": PartKind.CONTENT in kinds or bool(edits.added.strip()) or answer,
        "program": edits.program is not None and edits.program.strip() != original.program.strip(),
    }
    return [name for name, is_changed in changed.items() if is_changed]


def read_edited(original: Original, edits: Edits) -> ParsedResponse:
    """Steps, answer, program and parts of the edited trace; what was not edited stays as it was, to the letter.

    Raises Fault for edits that leave nothing.
    """
    completion = edit_parts(original.completion, edits.texts, edits.added)
    program = original.program if edits.program is None else edits.program
    if not completion.text.strip() and not program.strip():
        raise Fault("Found nothing left of the trace, expected some text or a program.")
    if completion == original.completion:
        answer = original.answer if edits.answer is None else edits.answer
        steps = _with_program(original.steps, original.program, program)
        return ParsedResponse(steps, answer, program, completion.text, original.span, completion.parts)
    read = _read(original, completion)
    if original.has_program_apart:
        without = [step for step in read.steps if not _is_program(step, read.program)]
        steps = (*without, *([_program_step(program)] if program.strip() else ()))
        read = replace(read, program=program, steps=steps)
    if original.states_answer_apart:
        read = replace(read, answer=original.answer if edits.answer is None else edits.answer, span=None)
    return read


def _read(original: Original, completion: Completion) -> ParsedResponse:
    if original.instruction is not None:
        return read_completion(original.instruction, original.problem, completion, original.variation)
    read = read_answer(original.problem, completion.content)
    steps = steps_of(completion.parts)
    program = [_program_step(read.program)] if read.program else []
    return ParsedResponse((*steps, *program), read.answer, read.program, completion.text, read.span, completion.parts)


def _with_program(steps: tuple[Step, ...], before: str, after: str) -> tuple[Step, ...]:
    """The steps with another program where the one before stood; behind them where it stood in none."""
    if before.strip() == after.strip():
        return steps
    kept = tuple(replace(step, body=_program_step(after).body) if _is_program(step, before) else step for step in steps)
    if not after.strip():
        return tuple(step for step in steps if not _is_program(step, before))
    return kept if kept != steps else (*steps, _program_step(after))


def _is_program(step: Step, program: str) -> bool:
    """Whether a step is this program and nothing else."""
    found = _FENCED.fullmatch(step.body.strip())
    return bool(program.strip()) and (found[2] if found else step.body).strip() == program.strip()


def _program_step(program: str) -> Step:
    return Step(StepKind.PROGRAM, "Program", fenced(program, "python"))
