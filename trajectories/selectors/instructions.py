"""Reading instructions: the newest versions and what they brought."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery

from trajectories.core.records import SCORED, InstructionRecord, Outcome
from trajectories.models import Instruction, Problem, Trace
from trajectories.selectors.blinding import Sight


def to_record(instruction: Instruction) -> InstructionRecord:
    """What samplers get of an instruction."""
    return InstructionRecord(
        name=instruction.name,
        version=instruction.version,
        view=instruction.view,
        style=instruction.style,
        template=instruction.template,
    )


def current_instructions(suits: str = "") -> QuerySet[Instruction]:
    """The newest version of every instruction, of those for one kind of sampler where `suits` names it."""
    latest = Instruction.objects.filter(name=OuterRef("name")).order_by("-version").values("pk")[:1]
    current = Instruction.objects.filter(pk=Subquery(latest)).order_by("pk")
    return current.filter(suits=suits) if suits else current


@dataclass(frozen=True, slots=True)
class InstructionRow:
    """An instruction in its newest version, with what all its versions together brought."""

    instruction: Instruction
    traces: int
    scored: int
    right: int
    accepted: int


def list_instruction_rows(sight: Sight, *, suits: str = "", kind: str = "", query: str = "") -> list[InstructionRow]:
    """The instructions for a kind of problem (those for any kind included), each with its counts."""
    instructions = current_instructions(suits)
    if kind:
        instructions = instructions.filter(problem_kind__in=("", kind))
    for word in query.split():
        instructions = instructions.filter(
            Q(title__icontains=word) | Q(name__icontains=word) | Q(view__icontains=word) | Q(style__icontains=word)
        )
    counts = _counts(sight)
    return [InstructionRow(each, *counts.get(each.name, (0, 0, 0, 0))) for each in instructions]


def _counts(sight: Sight) -> Mapping[str, tuple[int, int, int, int]]:
    """(traces, those that are right or wrong, right ones, accepted ones) by name."""
    rows = (
        Trace.objects.exclude(instruction=None)
        .filter(edited_by=None)
        .values_list("instruction__name")
        .annotate(
            traces=Count("pk"),
            scored=Count("pk", filter=Q(correctness__in=SCORED)),
            right=Count("pk", filter=Q(correctness=Outcome.PASS)),
            accepted=Count("pk", filter=sight.having("decision", Trace.Decision.ACCEPTED)),
        )
        .order_by()
    )
    return {name: tuple(counts) for name, *counts in rows}


def list_versions(instruction: Instruction) -> QuerySet[Instruction]:
    """All versions, the newest first, each with the number of its traces."""
    versions = Instruction.objects.filter(name=instruction.name).order_by("-version")
    return versions.select_related("created_by").annotate(trace_count=Count("traces"))


def find_preview_problem(kind: str, name: str) -> Problem | None:
    """The problem to show a prompt for: by its name, or without one the first; `kind` is empty for any."""
    problems = Problem.objects.order_by("pk")
    if kind:
        problems = problems.filter(kind=kind)
    return problems.filter(name=name).first() if name else problems.first()
