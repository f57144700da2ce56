"""What stands beside every rate: how many samples there are, and what became of those that do not count."""

from dataclasses import dataclass

from trajectories.core.records import FinishReason, Outcome
from trajectories.models import Attempt
from trajectories.selectors.insights.scopes import INDEPENDENT, InsightScope, attempts_in, fetch, from_samples
from trajectories.selectors.runs import NOTHING_NEW

UNSCORED_WORDS = {FinishReason.LENGTH: "cut", FinishReason.REFUSAL: "refused", FinishReason.FILTER: "filtered"}


@dataclass(frozen=True, slots=True)
class Tally:
    """Samples of a scope that were not shown the answer: `scored` are right or wrong, `correct` of them right.

    The others by why they are neither: `cut` off, `refused`, `filtered`, `empty`, an `error` while verifying,
    `waiting` for verdicts, `open` where nothing tells. `hinted` samples are none of these. `adapted` ones are drawn
    after verdicts on earlier ones were known. `failed` attempts brought no sample.
    """

    problems: int
    scored: int
    correct: int
    cut: int
    refused: int
    filtered: int
    empty: int
    errors: int
    waiting: int
    open: int
    hinted: int
    adapted: int
    failed: int

    @property
    def samples(self) -> int:
        """All that were not shown the answer."""
        left_out = (self.cut, self.refused, self.filtered, self.empty, self.errors, self.waiting, self.open)
        return self.scored + sum(left_out)


def get_tally(scope: InsightScope) -> Tally:
    """Count the samples of a scope in two queries, of which one goes through the samples, once."""
    rows = fetch(
        f"""WITH cell AS MATERIALIZED (
            SELECT t.problem_id, t.hinted, t.correctness,
                CASE WHEN t.correctness = %(unscored)s THEN t.finish_reason ELSE '' END AS reason,
                count(*) AS samples, count(*) FILTER (WHERE NOT {INDEPENDENT}) AS adapted
            {from_samples(scope, hinted=True)} GROUP BY 1, 2, 3, 4)
        SELECT hinted, correctness, reason, sum(samples)::bigint, sum(adapted)::bigint,
            (SELECT count(DISTINCT problem_id) FROM cell WHERE NOT hinted) FROM cell GROUP BY 1, 2, 3""",
        scope,
        unscored=Outcome.UNSCORED.value,
    )

    def counted(correctness: str, *reasons: str) -> int:
        mine = [row for row in rows if not row[0] and row[1] == correctness]
        return sum(row[3] for row in mine if not reasons or row[2] in reasons)

    unscored = Outcome.UNSCORED.value
    named = {reason: counted(unscored, reason) for reason in (*UNSCORED_WORDS, FinishReason.EMPTY)}
    right = counted(Outcome.PASS.value)
    return Tally(
        problems=rows[0][5] if rows else 0,
        scored=right + counted(Outcome.FAIL.value),
        correct=right,
        cut=named[FinishReason.LENGTH],
        refused=named[FinishReason.REFUSAL],
        filtered=named[FinishReason.FILTER],
        empty=named[FinishReason.EMPTY],
        errors=counted(Outcome.ERROR.value),
        waiting=counted(""),
        open=counted(unscored) - sum(named.values()),
        hinted=sum(row[3] for row in rows if row[0]),
        adapted=sum(row[4] for row in rows if not row[0]),
        failed=attempts_in(scope).filter(state=Attempt.State.FAILED).exclude(error_kind=NOTHING_NEW).count(),
    )
