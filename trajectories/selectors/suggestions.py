"""Reading what became of suggested decisions, and how far people are drawn along by them.

Where a suggestion was shown it may have drawn its reader along; in the control, a tenth of the items, nobody saw it.
The difference between the two is the bias.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, Q
from django.db.models.fields.json import KT

from trajectories.core.curation.agreement import Coefficient
from trajectories.core.curation.shares import difference, share
from trajectories.core.curation.suggestions import Use
from trajectories.selectors.gold import gold_answers
from trajectories.selectors.quality import QualityScope, read_rows
from trajectories.selectors.quality_reports import Coefficients, coefficients


@dataclass(frozen=True, slots=True)
class SuggestionRow:
    """The decisions with a suggestion of one verifier or model judge, `by`; with "" of all.

    `unchanged` is the share that was taken as it was, reason included; `followed` the share of decisions that are the
    suggested one where it was shown, and `unseen` where it was not.
    """

    by: str
    unchanged: Coefficient
    followed: Coefficient
    unseen: Coefficient

    @property
    def bias(self) -> Coefficient:
        """How much more often people decide as suggested when they are shown it."""
        return difference(self.followed, self.unseen)


@dataclass(frozen=True, slots=True)
class SuggestionReport:
    """How suggestions were used: by who suggests, and in all; how far people agree on items with them and without; how
    often gold items were answered rightly with them and without.
    """

    total: SuggestionRow
    rows: Sequence[SuggestionRow]
    agreement: Coefficients
    agreement_unseen: Coefficients
    gold: Coefficient
    gold_unseen: Coefficient


def suggestion_report(scope: QualityScope) -> SuggestionReport | None:
    """How the suggestions of a scope were used; None where there were none."""
    counts = {by: tuple(numbers) for by, *numbers in _uses(scope)}
    gold = _gold(scope)
    if not counts and not any(n for _, n in gold.values()):
        return None
    patterns = _patterns(scope)
    whole = tuple(map(sum, zip(*counts.values(), strict=True))) or (0,) * 5
    return SuggestionReport(
        total=_row("", whole),
        rows=[_row(by, numbers) for by, numbers in counts.items()],
        agreement=coefficients(patterns[False]),
        agreement_unseen=coefficients(patterns[True]),
        gold=share(*gold[False]),
        gold_unseen=share(*gold[True]),
    )


def _row(by: str, counts: Sequence[int]) -> SuggestionRow:
    taken, followed, shown, unseen, control = counts
    return SuggestionRow(by, share(taken, shown), share(followed, shown), share(unseen, control))


def _uses(scope: QualityScope) -> list[tuple[str, int, int, int, int, int]]:
    """By who suggests: (taken, followed, shown, decided alike in the control, control)."""
    return read_rows(
        scope,
        """
        SELECT suggestion ->> 'by', count(*) FILTER (WHERE suggestion_use = 'taken'),
               count(*) FILTER (WHERE suggestion_use <> 'control' AND decision = suggestion ->> 'decision'),
               count(*) FILTER (WHERE suggestion_use <> 'control'),
               count(*) FILTER (WHERE suggestion_use = 'control' AND decision = suggestion ->> 'decision'),
               count(*) FILTER (WHERE suggestion_use = 'control')
        FROM standing WHERE suggestion_use <> '' GROUP BY 1 ORDER BY 4 DESC, 1
        """,
    )


def _patterns(scope: QualityScope) -> Mapping[bool, dict[tuple[int, ...], int]]:
    """Traces by (how many people accepted, how many rejected), those of the control (True) apart."""
    rows = read_rows(
        scope,
        """
        SELECT is_control, accepted, rejected, count(*) FROM (
            SELECT suggestion_use = 'control' AS is_control,
                   count(*) FILTER (WHERE decision = 'accept') AS accepted,
                   count(*) FILTER (WHERE decision = 'reject') AS rejected
            FROM standing WHERE suggestion_use <> '' GROUP BY trace_id, suggestion_use = 'control'
        ) by_trace GROUP BY 1, 2, 3
        """,
    )
    found: dict[bool, dict[tuple[int, ...], int]] = {False: {}, True: {}}
    for is_control, accepted, rejected, traces in rows:
        found[is_control][accepted, rejected] = traces
    return found


def _gold(scope: QualityScope) -> Mapping[bool, tuple[int, int]]:
    """Answers to gold items of the queue that had a suggestion, (right, all), those of the control (True) apart."""
    answers = gold_answers(scope).annotate(use=KT("answer__suggestion_use"))
    answers = answers.filter(use__in=[use.value for use in Use if use is not Use.NONE])
    rows = answers.order_by().values("is_control").annotate(n=Count("pk"), right=Count("pk", filter=Q(is_right=True)))
    return {False: (0, 0), True: (0, 0)} | {row["is_control"]: (row["right"], row["n"]) for row in rows}
