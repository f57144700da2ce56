"""Reading traces: scopes that live in the URL, pages by key, and the next one to review.

Lists run newest first. "Older" is the direction of reading: the next trace to review is the next one down the list.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields, replace
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.db.models import Case, DecimalField, F, Max, Min, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce, Length

from trajectories.core.records import Outcome, ProblemKind
from trajectories.core.selections import (
    DISPUTED,
    NO_MODEL_VERDICT,
    NO_VERDICT,
    SEVERAL,
    UNREVIEWED,
    UNVERIFIED,
    Selection,
)
from trajectories.core.strategies.base import AttemptKind
from trajectories.core.verifiers.opinions import is_opinion
from trajectories.models import ImportedReview, ImportedVerdict, Instruction, Trace, Verdict
from trajectories.selectors.blinding import Sight, veil
from trajectories.selectors.listing import Column, Count, ListShape, Lying, Sort, count_rows, first_keys
from trajectories.selectors.paging import Page
from trajectories.selectors.review_leases import free_for
from trajectories.selectors.trace_filters import BY_ERROR, gives_away, veiled_in
from trajectories.selectors.trace_filters import traces_in as traces_in

NO_ERROR = 2.0
"""In the order by train error: more than any, for traces whose program never ran."""
NO_COST = -1
"""In orders by cost: less than any, for traces whose cost is not known."""

_COST = Coalesce("cost", NO_COST, output_field=DecimalField())
BY_TIME = Sort("Newest first", F("created_at"))
"""The usual order where days are asked for: by the time itself, whose index leads to them."""

TRACES = ListShape(
    noun="trace",
    turns=("before", "after"),
    sorts={
        "": Sort("Newest first"),
        "oldest": Sort("Oldest first", newest_first=False),
        BY_ERROR: Sort("Least train error first", Coalesce("train_error", NO_ERROR), descending=False),
        "longest": Sort("Most tokens first", F("output_tokens")),
        "shortest": Sort("Fewest tokens first", F("output_tokens"), descending=False, newest_first=False),
        "costliest": Sort("Most costly first", _COST),
        "cheapest": Sort("Least costly first, unknown before", _COST, descending=False, newest_first=False),
        "slowest": Sort("Slowest first", F("latency_seconds")),
        "fastest": Sort("Fastest first", F("latency_seconds"), descending=False, newest_first=False),
    },
    columns={
        "answer": Column("Answer", is_wide=False),
        "verdict": Column("Verdict", is_wide=False),
        "pairs": Column("Training pairs", (BY_ERROR,)),
        "decision": Column("Decision", is_wide=False),
        "sampler": Column("Sampler, instruction"),
        "tags": Column("Tags", is_usual=False),
        "temperature": Column("Temperature", is_usual=False, is_number=True),
        "program": Column("Program", is_usual=False, is_number=True),
        "tokens": Column("Tokens", ("longest", "shortest"), is_number=True),
        "cost": Column("Cost", ("costliest", "cheapest"), is_usual=False, is_number=True),
        "seconds": Column("Seconds", ("slowest", "fastest"), is_number=True),
        "sampled": Column("Sampled", ("", "oldest")),
    },
)
ORDERS = {word: sort.title for word, sort in TRACES.sorts.items() if word}

IN_ORDER = {"run", "sampler", "instruction", "problem", "correctness", "near_miss", "model_judged", "traces"}
"""The filters whose traces an index holds in the usual order."""
READING_ORDER = {"arc_test": 0, "arc_train": 1, "arc_answer": 2}


@dataclass(frozen=True, slots=True)
class TraceWalk(Selection):
    """A scope in the order in which it is read and reviewed: newest first, or a word of ORDERS."""

    order: str = ""

    def query(self) -> str:
        """The scope and the order as the query string of an address, without what is empty."""
        order = urlencode({"order": self.order}) if self.order else ""
        return "&".join(filter(None, (Selection.query(self), order)))

    @property
    def sort(self) -> Sort:
        """The order itself."""
        by_days = not self.order and (self.created_from or self.created_to)
        return BY_TIME if by_days else TRACES.sort(self.order)

    @property
    def scope(self) -> Selection:
        """The scope by itself."""
        return Selection(**{field.name: getattr(self, field.name) for field in fields(Selection)})


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the reviewing of a scope is. `own` says that only the traces count that the person who asks has
    reviewed."""

    reviewed: Count
    total: Count
    own: bool


ROW = (
    *("id", "answer", "outputs", "correctness", "train_passed", "train_total", "train_error", "hinted", "temperature"),
    *("output_tokens", "latency_seconds", "cost", "created_at", "edited_by_id", "parent_id", "disputed"),
    *("reasoning_id", "program_id"),
    *("problem__name", "problem__kind", "sampler__title", "instruction__title", "instruction__view"),
    *("run__title", "attempt__kind"),
)
"""What a row of the list shows: texts, steps and plans may be megabytes."""


def list_traces(  # noqa: PLR0913 (which rows, in what order, from where on)
    walk: TraceWalk,
    sight: Sight,
    *,
    before: int | None = None,
    after: int | None = None,
    columns: Collection[str] = (),
    total: Count | None = None,
    size: int | None = None,
) -> Page[Trace, int]:
    """One page of `size`: the traces next further down than `before`, or next further up than `after`, or the first
    ones; where they were counted before, `total` says how many there are.

    Each row has the decision as far as it may be seen as `shown_decision`, and as `shown_dispute` whether people
    decided it differently; `program_characters` where that is among the columns. What queues hide is taken off.
    """
    if total is not None and not total:
        return Page(())
    keys = None if total is None else total.keys
    found = traces_in(walk, sight) if keys is None else Trace.objects.filter(pk__in=keys)
    traces, whole = (_as_shown(rows, sight, columns) for rows in (found, Trace.objects.all()))
    lying = replace(_lying(walk, sight, total), whole=whole)
    page: Page[Trace, int] = TRACES.page(traces, walk.sort, down=before, up=after, size=size, lying=lying)
    veil(page.rows, sight)
    return page


def _as_shown(traces: QuerySet[Trace], sight: Sight, columns: Collection[str]) -> QuerySet[Trace]:
    """Traces with what a row of the list shows of them."""
    shown = traces.select_related("problem", "sampler", "instruction", "run", "attempt").only(*ROW)
    shown = shown.annotate(
        shown_decision=sight.showing("decision"),
        shown_dispute=Case(When(sight.seen() & Q(disputed=True), then=Value(True)), default=Value(False)),
    )
    return shown.annotate(program_characters=Length("program__body")) if "program" in columns else shown


def _lying(walk: TraceWalk, sight: Sight, total: Count | None = None) -> Lying:
    """How the traces of a list lie, of which there are so many in `total`, as far as that is known."""
    return Lying(
        among=_placed(walk, sight),
        twins=_twins(walk),
        is_sparse=_is_sparse(walk, sight) and (total is None or total.keys is None),
        is_counted=total is not None and total.is_exact,
        about=None if total is None else total.least if total.is_exact else total.about,
        name=f"traces-{sight.reviewer}-{sight.works}-{walk.query()}",
    )


def _is_sparse(walk: TraceWalk, sight: Sight) -> bool:
    """Whether the traces of a list may be few and far from each other in its order, which no index is in alone."""
    given = walk.given().keys() - {"newest"}
    is_one = not any(isinstance(getattr(walk, name), tuple) for name in given & set(SEVERAL))
    is_alone = len(given) == 1 and given <= IN_ORDER and is_one and not walk.order and not sight.is_blind
    return bool(given) and not is_alone


def _twins(walk: TraceWalk) -> tuple[str, ...]:
    """The column of what a list is searched by that equals the id of the trace."""
    return ("search__trace",) if walk.text else ()


def _placed(walk: TraceWalk, sight: Sight) -> QuerySet[Trace]:
    """The traces whose position in the list the reader may know."""
    return Trace.objects.exclude(told) if (told := veiled_in(walk, sight)) else Trace.objects.all()


def count_traces(scope: Selection, sight: Sight) -> Count:
    """How many traces a scope holds, and among them how many have a decision; for who is blind, one of their own."""
    # An estimate goes by all rows, and so by what may not be seen.
    may_estimate = not gives_away(scope, sight)
    return count_rows(traces_in(scope, sight), among=~sight.having("decision", ""), may_estimate=may_estimate)


def review_progress(scope: Selection, sight: Sight) -> Progress:
    """How many traces of a scope, whatever was decided, have a decision; for who is blind, one of their own."""
    total = count_traces(scope.any_decision(), sight)
    if total.among is not None:
        return Progress(reviewed=Count(total.among), total=total, own=sight.is_blind)
    decided = traces_in(scope.any_decision(), sight).filter(~sight.having("decision", ""))
    reviewed = count_rows(decided, may_estimate=not sight.is_blind)
    return Progress(reviewed=reviewed, total=total, own=sight.is_blind)


def newest_trace() -> int:
    """The id of the newest trace; 1 where there is none."""
    return Trace.objects.order_by("-pk").values_list("pk", flat=True).first() or 1


def waiting_parts(
    walk: TraceWalk, sight: Sight, *, after: int | None = None, but: Iterable[int] = ()
) -> list[QuerySet[Trace]]:
    """The traces of a list that await a decision, part by part in the order of going on.

    Each part is ordered: down the list from `after`, then from the top, `after` itself last. Who is blind gets all that
    they have not reviewed themselves: first what nobody has decided, so that several people share a list, then the
    others, for a second opinion. That tells of some traces that they are decided, never how. `but` is left out.
    """
    sort = walk.sort
    waiting = sort.annotate(traces_in(walk.any_decision(), sight)).filter(sight.having("decision", ""))
    waiting = waiting.exclude(pk__in=list(but)).order_by(*sort.order_by())
    parts: list[QuerySet[Trace]] = []
    for among in (waiting.filter(decision=""), waiting) if sight.is_blind else (waiting,):
        if after is not None:
            parts.append(among.filter(sort.beyond(_placed(walk, sight), after)))
        parts.append(among.exclude(pk=after or 0))
    return parts if after is None else [*parts, waiting.filter(pk=after)]


def next_to_review(walk: TraceWalk, sight: Sight, *, after: int | None = None, reviewer: User | None) -> int | None:
    """The first trace of `waiting_parts` that nobody but the reviewer looks at; None where there is none.

    With `reviewer=None`, one that nobody looks at.
    """
    for part in waiting_parts(walk, sight, after=after):
        if (key := part.filter(free_for(Trace, reviewer)).values_list("pk", flat=True).first()) is not None:
            return key
    return None


def is_anything_waiting(walk: TraceWalk, sight: Sight) -> bool:
    """Whether a trace of a list still awaits a decision, by anybody."""
    return waiting_parts(walk, sight)[-1].exists()


def neighbours(walk: TraceWalk, trace: Trace, sight: Sight) -> tuple[int | None, int | None]:
    """The neighbours of a trace in a list: (the one further up, the one further down)."""
    sort, lying, found = walk.sort, _lying(walk, sight), list[int | None]()
    rows, placed = sort.annotate(traces_in(walk, sight)), _placed(walk, sight)
    for up in (True, False):
        beyond = rows.filter(sort.beyond(placed, trace.pk, up=up), sort.bound(trace.pk, lying.twins, up=up))
        if lying.is_sparse:
            keys = first_keys(beyond, sort, 1, up=up, lying=lying)
        else:
            keys = list(beyond.order_by(*sort.order_by(up=up)).values_list("pk", flat=True)[:1])
        found.append(keys[0] if keys else None)
    return found[0], found[1]


def get_trace(trace_id: int) -> Trace:
    """One trace with all that its page shows. Raises Trace.DoesNotExist."""
    related = ("problem", "problem__problem_set", "run", "sampler", "instruction", "prompt", "reasoning", "program")
    return Trace.objects.select_related(*related, "attempt", "edited_by").get(pk=trace_id)


def get_trace_for(trace_id: int, sight: Sight) -> Trace:
    """One trace with all that its page shows, but what queues hide from the person. Raises Trace.DoesNotExist."""
    trace = get_trace(trace_id)
    veil([trace], sight)
    return trace


def split_verdicts(trace: Trace, *, with_judges: bool) -> tuple[list[Verdict], list[Verdict]]:
    """(the newest verdict of each verifier, the older ones newest first). Verdicts of model judges are there only
    `with_judges`; a trace whose verdicts are hidden has none.

    The newest are in order of reading, the most telling first: test outputs, then training pairs.
    """
    verdicts = [] if trace.veiled_verdicts else list(Verdict.objects.filter(trace=trace).order_by("pk"))
    verdicts = [verdict for verdict in verdicts if with_judges or not is_opinion(verdict.verifier)]
    newest = {verdict.verifier: verdict for verdict in verdicts}
    older = [verdict for verdict in reversed(verdicts) if newest[verdict.verifier] is not verdict]
    ranked = sorted(newest.values(), key=lambda verdict: (READING_ORDER.get(verdict.verifier, 9), verdict.verifier))
    return ranked, older


def imported_decisions(trace: Trace, *, with_judges: bool) -> tuple[list[ImportedVerdict], list[ImportedReview]]:
    """What verifiers and people elsewhere said of an imported trace, in the order of its file.

    What people and model judges said is there only `with_judges`, and nothing where a queue hides either.
    """
    if trace.run_id is not None or trace.is_edited or trace.veiled_verdicts or trace.veiled_sampler:
        return [], []
    verdicts = list(ImportedVerdict.objects.filter(trace=trace).order_by("pk").defer("evidence"))
    if not with_judges:
        return [verdict for verdict in verdicts if not is_opinion(verdict.verifier)], []
    return verdicts, list(ImportedReview.objects.filter(trace=trace).order_by("pk"))


def list_views() -> list[str]:
    """The views that problems can be looked at with, for the filter."""
    views = Instruction.objects.exclude(view="").order_by("view")
    return list(views.values_list("view", flat=True).distinct())


KIND_CHOICES = [(kind.value, kind.value.capitalize()) for kind in AttemptKind]
CORRECTNESS_CHOICES = [
    *((outcome.value, outcome.value.capitalize()) for outcome in Outcome),
    (UNVERIFIED, "Not verified yet"),
]
MODEL_CHOICES = [
    ("pass", "Model judge: pass"),
    ("fail", "Model judge: fail"),
    ("unscored", "Model judge: undecided"),
    ("error", "Model judge: error"),
    (NO_MODEL_VERDICT, "No model judge"),
]
OUTCOME_CHOICES = [
    *((outcome.value, f"It says {outcome.value}") for outcome in Outcome),
    (NO_VERDICT, "It says nothing"),
]
PROBLEM_KIND_CHOICES = [(kind.value, f"{kind.value.capitalize()} problems") for kind in ProblemKind]
DECISION_CHOICES = [
    (UNREVIEWED, "Not reviewed"),
    ("accepted", "Accepted"),
    ("rejected", "Rejected"),
    (DISPUTED, "Disputed"),
]
BLIND_CHOICES = {
    UNREVIEWED: "Not reviewed by me",
    "accepted": "Mine, accepted",
    "rejected": "Mine, rejected",
    DISPUTED: "Mine, disputed",
}
"""What the decisions are called for who sees only those on traces they have reviewed."""


def spread_over(traces: QuerySet[Trace], count: int) -> list[Trace]:
    """Up to so many traces of a selection that is not empty, with their texts, spread over its ids."""
    ends = traces.aggregate(first=Min("pk"), last=Max("pk"))
    span = (ends["last"] - ends["first"]) / max(1, count - 1)
    places = {ends["first"] + round(at * span) for at in range(count)}
    ordered = traces.order_by("pk").values_list("pk", flat=True)
    found = (ordered.filter(pk__gte=place).first() for place in places)
    chosen = {key for key in found if key is not None}
    return list(
        Trace.objects.select_related("problem", "program", "reasoning", "instruction", "raw").filter(pk__in=chosen)
    )
