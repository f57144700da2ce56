"""Reading problems."""

from trajectories.core.records import ProblemKind, ProblemRecord, PublicProblem
from trajectories.models import Problem


def to_record(problem: Problem) -> ProblemRecord:
    """The whole problem, reference answer included: for verifiers and exports, never for samplers."""
    return ProblemRecord(
        kind=ProblemKind(problem.kind),
        name=problem.name,
        statement=problem.statement,
        spec=problem.spec,
        reference=problem.reference,
        split=problem.split,
        family=problem.family,
        difficulty=problem.difficulty,
    )


def to_public(problem: Problem) -> PublicProblem:
    """What a sampler may see of the problem: no reference answer."""
    return PublicProblem(
        kind=ProblemKind(problem.kind),
        name=problem.name,
        statement=problem.statement,
        spec=problem.spec,
        content_hash=problem.content_hash,
    )
