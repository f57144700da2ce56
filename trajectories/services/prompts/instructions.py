"""Instructions: the views of the embedded sampler, those that are shipped, and those that people write."""

from dataclasses import dataclass, replace

from django.contrib.auth.models import User
from django.db import transaction

from trajectories.core.faults import Fault
from trajectories.core.problems.kinds import is_grids
from trajectories.core.prompts import PromptError, render_messages
from trajectories.core.prompts.answer_formats import PROGRAM_STYLES, STYLES
from trajectories.core.prompts.leaks import find_leak
from trajectories.core.prompts.shipped import SHIPPED, ShippedInstruction
from trajectories.core.prompts.templates import check_template, plain_text
from trajectories.core.prompts.views import read_view
from trajectories.core.records import InstructionRecord, ProblemKind
from trajectories.models import Instruction, Problem
from trajectories.selectors.instructions import to_record
from trajectories.selectors.problems import to_public
from trajectories.services.prompts.leaks import find_hidden_answer
from trajectories.services.prompts.versions import Kept

SYMBOLIC_STYLE = "program"
SYMBOLIC_VIEWS = {"grid": "Grid view", "object": "Object view", "pixel": "Pixel view"}
"""Titles by view (John & Motani 2023, arXiv 2310.05146)."""


class InstructionError(Fault):
    """An instruction that cannot be kept."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person wrote: the record without its version, its title and the kind of problem it is for ("" for any)."""

    record: InstructionRecord
    title: str
    problem_kind: str


def ensure_symbolic_views() -> list[Instruction]:
    """The three views of the symbolic sampler in the order grid, object, pixel, made on first use."""
    return [
        Instruction.objects.get_or_create(
            name=view,
            version=1,
            defaults={
                "title": title,
                "view": view,
                "style": SYMBOLIC_STYLE,
                "suits": Instruction.Suits.SYMBOLIC,
                "problem_kind": ProblemKind.ARC,
            },
        )[0]
        for view, title in SYMBOLIC_VIEWS.items()
    ]


def ensure_episode_instruction() -> Instruction:
    """How agents look at episodes: as they come. Made on first use."""
    return Instruction.objects.get_or_create(
        name="episodes",
        version=1,
        defaults={
            "title": "Episodes in order",
            "view": "episodes",
            "style": "episodes",
            "suits": Instruction.Suits.AGENT,
            "problem_kind": ProblemKind.ENVIRONMENT,
        },
    )[0]


@transaction.atomic
def ensure_shipped_instructions() -> int:
    """Keep every shipped instruction in its current form; how many versions were made."""
    return KEPT.keep_shipped([_draft(shipped) for shipped in SHIPPED])


def _draft(shipped: ShippedInstruction) -> Draft:
    return Draft(shipped.record, shipped.title, shipped.problem_kind or "")


def _same(instruction: Instruction, draft: Draft) -> bool:
    record = replace(draft.record, version=instruction.version)
    return (to_record(instruction), instruction.title, instruction.problem_kind) == (
        record,
        draft.title,
        draft.problem_kind,
    )


def _build(draft: Draft, version: int, actor: User | None) -> Instruction:
    record = draft.record
    return Instruction(
        name=record.name,
        version=version,
        title=draft.title,
        view=record.view,
        style=record.style,
        template=record.template,
        suits=Instruction.Suits.CHAT,
        problem_kind=draft.problem_kind,
        created_by=actor,
    )


@transaction.atomic
def add_instruction(*, actor: User, draft: Draft) -> Instruction:
    """A new instruction for language models. Raises InstructionError."""
    check_draft(draft)
    return KEPT.add(actor, draft)


@transaction.atomic
def revise_instruction(*, actor: User, instruction: Instruction, draft: Draft) -> Instruction:
    """The next version of an instruction; the newest one where nothing has changed. Raises InstructionError."""
    if instruction.suits != Instruction.Suits.CHAT:
        raise InstructionError("The views of the symbolic search are part of it and cannot be changed.")
    draft = replace(draft, record=replace(draft.record, name=instruction.name))
    check_draft(draft)
    return KEPT.revise(actor, instruction, draft)


KEPT = Kept(Instruction, "an instruction", InstructionError, _build, _same)


def check_draft(draft: Draft) -> None:
    """Raise InstructionError where an instruction cannot be rendered, or gives away the answer to a known problem."""
    record = draft.record
    if record.style not in STYLES:
        raise InstructionError(
            f"Found the style {record.style[:40]!r}, expected one of {', '.join(STYLES)}.", field="style"
        )
    if record.style in PROGRAM_STYLES and not is_grids(draft.problem_kind):
        raise InstructionError("Only ARC problems are answered by a program; expected ARC.", field="problem_kind")
    try:
        check_template(record.template)
    except PromptError as fault:
        raise InstructionError(str(fault), field="template") from fault
    try:
        if draft.problem_kind == "" or is_grids(draft.problem_kind):
            read_view(record.view)
    except PromptError as fault:
        raise InstructionError(str(fault), field="view") from fault
    _check_leaks(draft)


def _check_leaks(draft: Draft) -> None:
    """No template text is the hidden answer of any ARC problem, nor does a first problem's prompt show its answer."""
    if name := find_hidden_answer(plain_text(draft.record.template)):
        raise InstructionError(f"The template holds the answer to {name}, a test output.", field="template")
    kinds = [draft.problem_kind] if draft.problem_kind else list(ProblemKind)
    for kind in kinds:
        problem = Problem.objects.filter(kind=kind, reference__isnull=False).order_by("pk").first()
        if problem is not None:
            messages = render_messages(draft.record, to_public(problem))
            if leak := find_leak(to_public(problem), problem.reference, messages):
                raise InstructionError(f"The prompt for {problem.name} shows {leak}.", field="template")
