"""What verifiers said of the samples of a scope.

Model judges and learned scorers are none: they support, and are shown to who reviewed.
"""

from dataclasses import dataclass

from trajectories.core.verifiers.opinions import OPINIONS
from trajectories.selectors.insights.scopes import InsightScope, fetch, from_samples


@dataclass(frozen=True, slots=True)
class Verdicts:
    """How many samples a verifier's newest verdict gives one outcome; `example` is the newest of these traces."""

    verifier: str
    outcome: str
    samples: int
    example: int


def list_verdicts(scope: InsightScope) -> list[Verdicts]:
    """The newest verdicts of every verifier that is a program, by outcome."""
    rows = fetch(
        f"""WITH newest AS (
            SELECT DISTINCT ON (v.trace_id, v.verifier) v.trace_id, v.verifier, v.outcome
            FROM trajectories_verdict v
            WHERE v.trace_id IN (SELECT t.id {from_samples(scope)})
                AND split_part(v.verifier, ':', 1) <> ALL(%(models)s)
            ORDER BY v.trace_id, v.verifier, v.id DESC)
        SELECT verifier, outcome, count(*), max(trace_id) FROM newest GROUP BY 1, 2 ORDER BY 1, 2""",
        scope,
        models=list(OPINIONS),
    )
    return [Verdicts(*row) for row in rows]
