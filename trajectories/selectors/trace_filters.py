"""The traces of a selection: every filter of core.selections as SQL, in one function.

What others decided, judged or tagged counts only as far as it may be seen: selectors.blinding. A trace of which a queue
hides something is in no selection, and in no order, that goes by what is hidden.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.contrib.postgres.search import SearchQuery
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from trajectories.core.curation.reviews import Decision
from trajectories.core.records import Outcome
from trajectories.core.selections import (
    ANY_TOOL,
    AUDITS_BY_OTHERS,
    DISPUTED,
    EDITED,
    IMPORTED,
    NO_FAMILY,
    NO_MODEL_VERDICT,
    NO_VERDICT,
    SAMPLED,
    SEVERAL,
    TRUTH,
    UNREVIEWED,
    UNVERIFIED,
    WITHDRAWN,
    Selection,
    each_of,
)
from trajectories.core.text.searches import read_search
from trajectories.core.verifiers.opinions import OPINIONS, is_opinion
from trajectories.models import Problem, Review, Trace, TraceSearch, TraceTag, Verdict
from trajectories.selectors.audits import audited
from trajectories.selectors.blinding import Hidden, Sight, tags_seen
from trajectories.selectors.said_elsewhere import differs_in_import, in_import

NOTHING_SHOWN = "nothing"
GROUND_TRUTH = (Problem.ReferenceSource.SOURCE, Problem.ReferenceSource.GENERATOR)
LANGUAGE = "english"
"""The rules by which words of texts are stems, as in migration 0056."""

COLUMNS = {
    "run": "run",
    "problem": "problem",
    "problem_set": "problem__problem_set",
    "family": "problem__family",
    "sampler": "sampler",
    "instruction": "instruction",
    "temperature": "temperature",
    "round": "attempt__round",
    "view": "instruction__view",
    "kind": "attempt__kind",
    "problem_kind": "problem__kind",
    "split": "problem__split",
    "correctness": "correctness",
    "near_miss": "near_miss",
    "length_from": "output_tokens__gte",
    "length_to": "output_tokens__lte",
    "cost_from": "cost__gte",
    "cost_to": "cost__lte",
    "seconds_from": "latency_seconds__gte",
    "seconds_to": "latency_seconds__lte",
    "newest": "pk__lte",
    "traces": "pk__in",
}
"""The filters that are compared as they are, but for words that stand for what is empty."""

BLINDED = ("model_judged", "decision")
"""The filters by fields of a trace that others' words settle."""

EMPTY_VALUES = {
    *(("correctness", UNVERIFIED), ("model_judged", NO_MODEL_VERDICT), ("decision", UNREVIEWED)),
    ("family", NO_FAMILY),
}


COSTS = ("cost_from", "cost_to")
BY_COST = ("costliest", "cheapest")
"""The filters and the orders by cost."""

BY_OTHERS = ("model_judged", "decision", "score_from", "score_to", "tag")
"""The filters by what people and model judges said of a trace, besides those by the verdicts of one model judge."""


BY_ERROR = "error"
"""The order by train error."""

OF_VERDICTS = ("correctness", "near_miss", "train", "audit", "model_judged", "verifier", "outcome", "unsolved_by")
OF_SAMPLER = ("run", "sampler", "view", "instruction", "temperature", "unsolved_by", *COSTS)
"""The filters that tell of a trace what a queue may hide from its reviewers; costs tell by the price of the model."""


def telling(scope: Selection) -> tuple[str, ...]:
    """The filters of a selection that go by what people and model judges said: which traces they leave would tell."""
    named = ("verifier",) if is_opinion(scope.verifier) else ()
    audit = ("audit",) if scope.audit in AUDITS_BY_OTHERS else ()
    return (*(name for name in BY_OTHERS if name in scope.given()), *audit, *named)


def traces_in(scope: Selection, sight: Sight) -> QuerySet[Trace]:
    """The traces of a selection, in no order. A decision that may not be seen counts as none."""
    traces = Trace.objects.filter(**_columns(scope), withdrawn=scope.origin == WITHDRAWN)
    if scope.origin in (EDITED, SAMPLED):
        traces = traces.filter(edited_by__isnull=scope.origin == SAMPLED)
    for name in BLINDED:
        if value := getattr(scope, name):
            traces = traces.filter(reduce(or_, (_blinded(name, each, sight) for each in each_of(value))))
    if scope.import_job is not None and scope.audit != IMPORTED:
        traces = traces.filter(import_job=scope.import_job)
    if scope.hinted:
        traces = traces.filter(hinted=scope.hinted == "only")
    traces = _by_memory(traces, scope, sight)
    if scope.rests_on:
        sources = [GROUND_TRUTH if word == TRUTH else (word,) for word in each_of(scope.rests_on)]
        traces = traces.filter(problem__reference_source__in=[source for some in sources for source in some])
    if scope.audit == IMPORTED and scope.import_job is not None:
        traces = traces.filter(in_import(scope.import_job), differs_in_import(scope.import_job, sight))
    elif scope.audit:
        traces = traces.filter(audited(scope.audit, sight))
    if scope.train:
        traces = traces.filter(reduce(or_, map(_train_fit, each_of(scope.train))))
    found = _by_rows(_by_words(_by_days(traces, scope), scope), scope, sight)
    told = veiled_in(scope, sight)
    return found.exclude(told) if told else found


def _columns(scope: Selection) -> dict[str, Any]:
    """The conditions of the filters that are compared as they are."""
    found: dict[str, Any] = {}
    for name, value in scope.given().items():
        if name in COLUMNS:
            stored = ["" if (name, each) in EMPTY_VALUES else each for each in each_of(value)]
            is_list = isinstance(value, tuple)
            column = f"{COLUMNS[name]}__in" if is_list and name in SEVERAL else COLUMNS[name]
            found[column] = stored if is_list else stored[0]
    return found


def _blinded(name: str, value: str, sight: Sight) -> Q:
    """The condition on traces that what others said of them, as far as it may be seen, has a value."""
    if value == DISPUTED:
        return sight.seen() & Q(disputed=True)
    return sight.having(name, "" if (name, value) in EMPTY_VALUES else value)


def _by_memory(traces: QuerySet[Trace], scope: Selection, sight: Sight) -> QuerySet[Trace]:
    """By what memory showed them."""
    if scope.memory:
        traces = traces.filter(remembering(nothing=scope.memory == NOTHING_SHOWN))
    if scope.remembered is None:
        return traces
    return traces.filter(shown_to(scope.remembered)) if tells_of(scope.remembered, sight) else traces.none()


def remembering(*, nothing: bool) -> Q:
    """The condition on traces that they were sampled with a memory, which had nothing to show, or had something."""
    return Q(facts__has_key="memory") & (Q(facts__memory=[]) if nothing else ~Q(facts__memory=[]))


def shown_to(trace_id: int) -> Q:
    """The condition on traces that memory showed this one when they were sampled."""
    return Q(facts__has_key="memory", facts__memory__contains=[trace_id])


def tells_of(trace_id: int, sight: Sight) -> bool:
    """Whether somebody may know that memory showed a trace: it shows what people accepted or verifiers found right."""
    return sight.covers(trace_id) and not sight.hides(Hidden.VERDICTS, trace_id)


def veiled_in(scope: Selection, sight: Sight) -> Q:
    """The condition on traces whose presence in the selection, or position in its list, would reveal what a queue hides
    from the person. Empty where nothing is hidden from them, or nothing they filter or sort by reveals it."""
    told = Q()
    if sight.is_blind and sight.works:
        for what in _asked_of(scope):
            told |= sight.veiled(what)
    return told


def tells_veiled(scope: Selection, sight: Sight) -> bool:
    """Whether a selection leaves traces out that are hidden, so that how many all have of it would tell."""
    return any(sight.hides_any(what) for what in _asked_of(scope))


def gives_away(scope: Selection, sight: Sight) -> bool:
    """Whether a selection reveals what is still hidden from the person: by which traces are in it, or by how many. For
    such a selection nothing is estimated and no job is planned, and what others made of it shows no trace."""
    return sight.is_blind and (bool(telling(scope)) or tells_veiled(scope, sight))


def _asked_of(scope: Selection) -> Iterable[Hidden]:
    """What queues can hide that a selection, or the order of its list, goes by."""
    given, order = scope.given(), getattr(scope, "order", "")
    if order == BY_ERROR or any(name in given for name in OF_VERDICTS):
        yield Hidden.VERDICTS
    if order in BY_COST or any(name in given for name in OF_SAMPLER):
        yield Hidden.SAMPLER


def _train_fit(word: str) -> Q:
    if word == "all":
        return Q(train_passed=F("train_total"), train_total__gt=0)
    return Q(train_passed=0) if word == "none" else Q(train_passed__gt=0, train_passed__lt=F("train_total"))


def _by_days(traces: QuerySet[Trace], scope: Selection) -> QuerySet[Trace]:
    """By the days on which they were stored, both included."""
    if scope.created_from:
        traces = traces.filter(created_at__gte=_midnight(scope.created_from))
    if scope.created_to:
        traces = traces.filter(created_at__lt=_midnight(scope.created_to, later=1))
    return traces


def _midnight(day: str, *, later: int = 0) -> datetime:
    """The first moment of a day (UTC), or of one that is later; of the last day there is, its last moment."""
    try:
        return datetime.combine(date.fromisoformat(day) + timedelta(days=later), time(), UTC)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def _by_words(traces: QuerySet[Trace], scope: Selection) -> QuerySet[Trace]:
    """By what their texts say and the tools that they call."""
    if scope.text:
        traces = traces.filter(search__words=search_query(scope.text))
    if scope.tool == ANY_TOOL:
        traces = traces.filter(pk__in=TraceSearch.objects.exclude(tools=[]).values("trace"))
    elif scope.tool:
        traces = traces.filter(search__tools__contains=[scope.tool])
    return traces


def search_query(text: str) -> SearchQuery:
    """What somebody typed as PostgreSQL takes it."""
    return SearchQuery(read_search(text).query, config=LANGUAGE, search_type="websearch")


def _by_rows(traces: QuerySet[Trace], scope: Selection, sight: Sight) -> QuerySet[Trace]:
    """By rows of their own: samples of the problem by a run, verdicts of one verifier, reviews, tags."""
    if scope.unsolved_by is not None:
        traces = traces.filter(_unsolved(scope.unsolved_by, sight))
    if scope.verifier or scope.outcome:
        traces = traces.filter(_verdict(scope, sight))
    if scope.score_from is not None or scope.score_to is not None:
        bounds: dict[str, Any] = {"score__gte": scope.score_from, "score__lte": scope.score_to}
        reviews = Review.objects.filter(**{name: value for name, value in bounds.items() if value is not None})
        reviews = reviews.filter(superseded_by=None, score__isnull=False).exclude(decision=Decision.WITHDRAW)
        traces = traces.filter(sight.seen(), pk__in=reviews.values("trace"))
    if scope.tag:
        tagged = TraceTag.objects.filter(tags_seen(sight), tag__name=scope.tag)
        traces = traces.filter(pk__in=tagged.values("trace"))
    return traces


def _unsolved(run: int, sight: Sight) -> Q:
    """The condition that a run has samples of the problem and none of them is right; no problem of which a sample of
    the run is hidden from the person meets it."""
    samples = Trace.objects.filter(run=run, withdrawn=False).order_by()
    solved = Q(correctness=Outcome.PASS)
    if sight.is_blind and sight.works:
        solved |= sight.veiled(Hidden.VERDICTS) | sight.veiled(Hidden.SAMPLER)
    tried, solved_there = samples.values("problem"), samples.filter(solved).values("problem")
    return Q(problem__in=tried) & ~Q(problem__in=solved_there)


def _verdict(scope: Selection, sight: Sight) -> Q:
    """The condition that the newest verdict of a verifier is the one asked for; where no verifier is named, that of any
    but model judges. Of model judges only what may be seen."""
    verdicts = Verdict.objects.filter(verifier=scope.verifier) if scope.verifier else _by_verifiers()
    seen = sight.seen() if scope.verifier and is_opinion(scope.verifier) else Q()
    outcomes = each_of(scope.outcome) if scope.outcome else ()
    told = [outcome for outcome in outcomes if outcome != NO_VERDICT]
    silent = ~(Q(Exists(verdicts.filter(trace=OuterRef("pk")))) & seen) if NO_VERDICT in outcomes else Q()
    if silent and not told:
        return silent
    if told:
        verdicts = verdicts.filter(is_newest=True, outcome__in=told)
    return (Q(pk__in=verdicts.values("trace")) & seen) | silent


def _by_verifiers() -> QuerySet[Verdict]:
    """The verdicts of verifiers, without those of model judges and learned scorers."""
    return Verdict.objects.exclude(reduce(or_, (Q(verifier__startswith=f"{name}:") for name in OPINIONS)))
