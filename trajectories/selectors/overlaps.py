"""Problems as they are compared with one another, to find out which are the same or nearly the same."""

from trajectories.core.generation.similarity import comparable_text, tokens_of
from trajectories.core.identity import text_hash
from trajectories.core.problems.kinds import is_grids
from trajectories.core.releases.overlaps import Comparable
from trajectories.models import Problem
from trajectories.selectors.problems import to_record


def comparable(problem: Problem) -> Comparable:
    """What of a problem is compared with what is held out."""
    record = to_record(problem)
    is_task = is_grids(record.kind)
    text = "" if is_task else comparable_text(record)
    said = " ".join(tokens_of(text))
    hashes = [
        problem.content_hash,
        *([text_hash(said)] if said else []),
        *([problem.statement_hash] if is_task else []),
    ]
    return Comparable(problem.pk, tuple(filter(None, hashes)), text, record.kind, record.spec, record.reference)
