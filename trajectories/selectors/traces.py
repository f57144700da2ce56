"""Reading traces: scopes that live in the URL, pages by key, and the next one to review.

Lists run newest first. "Older" is the direction of reading: the next trace to review is the next one down the list.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields

from django.contrib.auth.models import User
from django.db.models import Case, F, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce, Length

from trajectories.core.records import Outcome
from trajectories.core.selections import (
    DISPUTED,
    EDITED,
    NO_MODEL_VERDICT,
    SAMPLED,
    TRUTH,
    UNREVIEWED,
    UNVERIFIED,
    WITHDRAWN,
    Selection,
)
from trajectories.core.strategies.base import AttemptKind
from trajectories.core.verifiers.model_judge import is_model_verdict
from trajectories.models import ImportedReview, ImportedVerdict, Instruction, Problem, Trace, Verdict
from trajectories.selectors.audits import audited
from trajectories.selectors.blinding import Hidden, Sight, veil
from trajectories.selectors.paging import Page, read_page
from trajectories.selectors.review_leases import free_for

COUNT_LIMIT = 10_000
"""Counts stop here: past it a page says "10,000+" rather than read the whole table."""

GROUND_TRUTH = (Problem.ReferenceSource.SOURCE, Problem.ReferenceSource.GENERATOR)
BY_ERROR = "error"
ORDERS = {BY_ERROR: "Least train error first"}
NO_ERROR = 2.0
"""In the order by train error: more than any, for traces whose program never ran."""

READING_ORDER = {"arc_test": 0, "arc_train": 1, "arc_answer": 2}


@dataclass(frozen=True, slots=True)
class TraceWalk(Selection):
    """A scope in the order in which it is read and reviewed: newest first, or a word of ORDERS."""

    order: str = ""

    @property
    def scope(self) -> Selection:
        """The scope by itself."""
        return Selection(**{field.name: getattr(self, field.name) for field in fields(Selection)})


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the reviewing of a scope is. `capped` means that both numbers stop at COUNT_LIMIT.

    `own` says that only the traces count that the person who asks has reviewed.
    """

    reviewed: int
    total: int
    capped: bool
    own: bool


SCOPE_COLUMNS = {
    "run": "run",
    "problem": "problem",
    "problem_set": "problem__problem_set",
    "sampler": "sampler",
    "round": "attempt__round",
    "view": "instruction__view",
    "kind": "attempt__kind",
    "correctness": "correctness",
    "near_miss": "near_miss",
}
"""The fields of a scope that are compared as they are, but for what means all, and words for what is empty."""

OF_VERDICTS, OF_SAMPLER = ("correctness", "near_miss", "train", "audit"), ("run", "sampler", "view")
"""The fields of a scope that tell of a trace what a queue may hide from its reviewers."""

BLINDED = ("model_judged", "decision")
"""The fields of a scope that are compared as far as the person who asks may see them."""

EMPTY_VALUES = {("correctness", UNVERIFIED), ("model_judged", NO_MODEL_VERDICT), ("decision", UNREVIEWED)}


def traces_in(scope: Selection, sight: Sight) -> QuerySet[Trace]:
    """The traces of a scope, in no order. A decision that may not be seen counts as none."""
    given = {name: value for name in SCOPE_COLUMNS if (value := getattr(scope, name)) not in (None, "")}
    columns = {SCOPE_COLUMNS[name]: "" if (name, value) in EMPTY_VALUES else value for name, value in given.items()}
    traces = Trace.objects.filter(**columns, withdrawn=scope.origin == WITHDRAWN)
    if scope.origin in (EDITED, SAMPLED):
        traces = traces.filter(edited_by__isnull=scope.origin == SAMPLED)
    for name in BLINDED:
        if (value := getattr(scope, name)) == DISPUTED:
            traces = traces.filter(sight.seen(), disputed=True)
        elif value:
            traces = traces.filter(sight.having(name, "" if (name, value) in EMPTY_VALUES else value))
    if scope.hinted:
        traces = traces.filter(hinted=scope.hinted == "only")
    if scope.rests_on:
        sources = GROUND_TRUTH if scope.rests_on == TRUTH else (scope.rests_on,)
        traces = traces.filter(problem__reference_source__in=sources)
    if scope.audit:
        traces = traces.filter(audited(scope.audit, sight))
    traces = traces.filter(_train_fit(scope.train)) if scope.train else traces
    return traces.exclude(_told_by(scope, sight)) if sight.is_blind else traces


def _told_by(scope: Selection, sight: Sight) -> Q:
    """The traces of which being in the scope would tell what a queue hides from the person."""

    def asks(names: Iterable[str]) -> bool:
        return any(getattr(scope, name) not in (None, "") for name in names)

    told = Q(pk__in=())
    if asks(OF_VERDICTS) or getattr(scope, "order", "") == BY_ERROR:
        told |= sight.veiled(Hidden.VERDICTS)
    return told | sight.veiled(Hidden.SAMPLER) if asks(OF_SAMPLER) else told


def _train_fit(word: str) -> Q:
    if word == "all":
        return Q(train_passed=F("train_total"), train_total__gt=0)
    return Q(train_passed=0) if word == "none" else Q(train_passed__gt=0, train_passed__lt=F("train_total"))


def _ranked(traces: QuerySet[Trace]) -> QuerySet[Trace]:
    return traces.annotate(error=Coalesce("train_error", NO_ERROR))


def _columns(order: str, *, up: bool = False) -> list[str]:
    """What to sort by to go down or up an order."""
    if order == BY_ERROR:
        return ["-error", "pk"] if up else ["error", "-pk"]
    return ["pk"] if up else ["-pk"]


def list_traces(
    walk: TraceWalk, sight: Sight, *, before: int | None = None, after: int | None = None, size: int = 50
) -> Page[Trace, int]:
    """One page: the `size` traces next further down than `before`, or next further up than `after`, or the first ones.

    The newest come first, or in the order BY_ERROR those whose programs came closest on the training pairs. Each row
    has the decision as far as it may be seen as `shown_decision`, and as `shown_dispute` whether people decided it
    differently; what queues hide is taken off.
    """
    traces = (
        _ranked(traces_in(walk, sight))
        .select_related("problem", "sampler", "instruction", "run", "attempt")
        .defer("steps", "parts", "facts", "problem__spec", "problem__reference", "run__plan")
        .annotate(
            program_characters=Length("program__body"),
            shown_decision=sight.showing("decision"),
            shown_dispute=Case(When(sight.seen() & Q(disputed=True), then=Value(True)), default=Value(False)),
        )
    )
    up = after is not None
    if (key := after if up else before) is not None:
        traces = traces.filter(_beyond(key, walk.order, up=up))
    ordered = traces.order_by(*_columns(walk.order, up=up))
    page: Page[Trace, int] = read_page(ordered, size=size, is_first=key is None, backwards=up)
    veil(page.rows, sight)
    return page


def _beyond(key: int, order: str, *, up: bool) -> Q:
    """The traces further up or down an order than the one with this key."""
    newer_or_older = Q(pk__gt=key) if up else Q(pk__lt=key)
    if order != BY_ERROR:
        return newer_or_older
    error = Trace.objects.filter(pk=key).values_list("train_error", flat=True).first()
    error = NO_ERROR if error is None else error
    return (Q(error__lt=error) if up else Q(error__gt=error)) | (Q(error=error) & newer_or_older)


def count_traces(scope: Selection, sight: Sight) -> int:
    """How many traces a scope holds, at most COUNT_LIMIT."""
    return traces_in(scope, sight).values("pk")[:COUNT_LIMIT].count()


def review_progress(scope: Selection, sight: Sight) -> Progress:
    """How many traces of a scope, whatever was decided, have a decision; for who is blind, one of their own."""
    total = count_traces(scope.any_decision(), sight)
    decided = traces_in(scope.any_decision(), sight).exclude(sight.having("decision", ""))
    reviewed = decided.values("pk")[:COUNT_LIMIT].count()
    return Progress(reviewed=reviewed, total=total, capped=total == COUNT_LIMIT, own=sight.is_blind)


def waiting_parts(
    walk: TraceWalk, sight: Sight, *, after: int | None = None, but: Iterable[int] = ()
) -> list[QuerySet[Trace]]:
    """The traces of a list that await a decision, part by part in the order of going on.

    Each part is ordered: down the list from `after`, then from the top, `after` itself last. Who is blind gets all that
    they have not reviewed themselves: first what nobody has decided, so that several people share a list, then the
    others, for a second opinion. That tells of some traces that they are decided, never how. `but` is left out.
    """
    waiting = _ranked(traces_in(walk.any_decision(), sight)).filter(sight.having("decision", ""))
    waiting = waiting.exclude(pk__in=list(but)).order_by(*_columns(walk.order))
    parts: list[QuerySet[Trace]] = []
    for among in (waiting.filter(decision=""), waiting) if sight.is_blind else (waiting,):
        if after is not None:
            parts.append(among.filter(_beyond(after, walk.order, up=False)))
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
    """Whether a trace of a list awaits a decision, whoever looks at it now."""
    return waiting_parts(walk, sight)[-1].exists()


def neighbours(walk: TraceWalk, trace: Trace, sight: Sight) -> tuple[int | None, int | None]:
    """The neighbours of a trace in a list: (the one further up, the one further down)."""
    keys = _ranked(traces_in(walk, sight)).values_list("pk", flat=True)
    upper = keys.filter(_beyond(trace.pk, walk.order, up=True)).order_by(*_columns(walk.order, up=True))
    return upper.first(), keys.filter(_beyond(trace.pk, walk.order, up=False)).order_by(*_columns(walk.order)).first()


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
    """(the newest word of each verifier, the older words newest first); those of model judges only `with_judges`, and
    none of a trace whose verdicts are hidden.

    The newest are in order of reading, the most telling first: test outputs, then training pairs.
    """
    verdicts = [] if trace.veiled_verdicts else list(Verdict.objects.filter(trace=trace).order_by("pk"))
    verdicts = [verdict for verdict in verdicts if with_judges or not is_model_verdict(verdict.verifier)]
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
        return [verdict for verdict in verdicts if not is_model_verdict(verdict.verifier)], []
    return verdicts, list(ImportedReview.objects.filter(trace=trace).order_by("pk"))


def list_views() -> list[str]:
    """The views that problems can be looked at with, for the filter."""
    return list(Instruction.objects.order_by("view").values_list("view", flat=True).distinct())


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
