"""Reading instructions: the newest versions, what they brought, and examples for them."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery

from trajectories.core.identity import derive_seed
from trajectories.core.prompts import Example
from trajectories.core.prompts.answer_formats import EXPERT, PROGRAM_STYLES
from trajectories.core.records import InstructionRecord, Outcome, ProblemKind
from trajectories.models import Instruction, Problem, Trace
from trajectories.selectors.problems import to_public

MAX_CANDIDATES = 2_000
"""Accepted traces that examples are drawn from: the newest."""

MAX_EXAMPLE = 20_000
"""Characters of an example's response; a longer one would fill the context."""


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
    right: int
    accepted: int


def list_instruction_rows(*, suits: str = "", kind: str = "", query: str = "") -> list[InstructionRow]:
    """The instructions for a kind of problem (those for any kind included), each with its counts."""
    instructions = current_instructions(suits)
    if kind:
        instructions = instructions.filter(problem_kind__in=("", kind))
    for word in query.split():
        instructions = instructions.filter(
            Q(title__icontains=word) | Q(name__icontains=word) | Q(view__icontains=word) | Q(style__icontains=word)
        )
    counts = _counts()
    return [InstructionRow(each, *counts.get(each.name, (0, 0, 0))) for each in instructions]


def _counts() -> Mapping[str, tuple[int, int, int]]:
    """(traces, right, accepted) by name."""
    rows = (
        Trace.objects.exclude(instruction=None)
        .values_list("instruction__name")
        .annotate(
            traces=Count("pk"),
            right=Count("pk", filter=Q(correctness=Outcome.PASS)),
            accepted=Count("pk", filter=Q(decision=Trace.Decision.ACCEPTED)),
        )
        .order_by()
    )
    return {name: (traces, right, accepted) for name, traces, right, accepted in rows}


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


def choose_examples(problem: Problem, instruction: InstructionRecord, count: int, seed: int) -> list[Example]:
    """Accepted traces of other training problems of the same kind, one per problem, in the form the style asks for.

    The same seed and the same accepted traces give the same examples. None is of the problem itself under another
    name, hinted, or of a varied task.
    """
    if count < 1:
        return []
    chosen: dict[int, int] = {}
    rows = _candidates(problem, instruction).values_list("pk", "problem_id", "content_hash")[:MAX_CANDIDATES]
    for pk, problem_id, _ in sorted(rows, key=lambda row: (derive_seed(seed, row[2]), row[0])):
        chosen.setdefault(problem_id, pk)
        if len(chosen) == count:
            break
    traces = Trace.objects.select_related("problem", "reasoning", "program").in_bulk(list(chosen.values()))
    examples = [_example(traces[pk], instruction) for pk in chosen.values()]
    return [example for example in examples if example.response]


def _candidates(problem: Problem, instruction: InstructionRecord) -> QuerySet[Trace]:
    program = problem.kind == ProblemKind.ARC and instruction.style in PROGRAM_STYLES
    traces = Trace.objects.filter(
        decision=Trace.Decision.ACCEPTED,
        problem__kind=problem.kind,
        problem__split=Problem.Split.TRAIN,
        program__isnull=not program,
        hinted=False,
    )
    if instruction.style == EXPERT:
        traces = traces.filter(instruction__style=EXPERT)
    same_problem = Q(problem__content_hash=problem.content_hash)
    return traces.exclude(same_problem).exclude(facts__has_key="variation").order_by("-pk")


def _example(trace: Trace, instruction: InstructionRecord) -> Example:
    """The response as the style asks for it: a program that the text does not hold follows it."""
    response = trace.reasoning.body.strip()
    program = trace.program.body.strip() if trace.program else ""
    if len(response) > MAX_EXAMPLE:
        response = ""
    if program and program not in response and instruction.style != EXPERT:
        response = f"{response}\n\n```python\n{program}\n```".strip()
    return Example(to_public(trace.problem), response)
