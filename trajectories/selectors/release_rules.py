"""What a release rule takes and what each of its clauses removes, as SQL over traces; stored rules by name."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.db.models import (
    Avg,
    BooleanField,
    Case,
    CharField,
    Count,
    Exists,
    ExpressionWrapper,
    F,
    FilteredRelation,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.expressions import Combinable, RawSQL
from django.db.models.functions import Coalesce

from trajectories.core.curation.reviews import Decision, Standing
from trajectories.core.faults import Fault
from trajectories.core.identity import content_hash
from trajectories.core.records import JSON, FinishReason
from trajectories.core.releases.rules import Reviews, Rule, Source
from trajectories.core.selections import FORMAT, Selection, each_of, one_or_several
from trajectories.models import ImportedReview, Problem, ReleaseRule, Review, Trace, Verdict
from trajectories.selectors.blinding import EVERYTHING
from trajectories.selectors.traces import traces_in

SOURCE = "source"
CLAUSES: Mapping[str, str] = {
    SOURCE: "Outside what is looked at",
    "withdrawn": "Withdrawn from releases",
    "reviews": "Not accepted by enough people",
    "score": "Scored too low, or not at all",
    "verdicts": "Without the verdicts asked for",
    "scorers": "A score too low, or none",
    "votes": "Fewer votes than asked for",
    "hinted": "Hinted, or not as asked for",
    "whole": "Cut short",
    "contaminated": "In common with a held-out set",
    "same": "The same as another trace",
    "cap": "More than the most of one problem",
    "balance": "More than the most of one group",
}
"""Every clause by name, in the order in which they are applied, with what it removes."""

COMPARING = ("contaminated", "same", "cap", "balance")
"""Clauses that compare traces with others: a worker applies them, after all others."""

_HANDED_ON = {"run": "runs", "problem_set": "problem_sets", "sampler": "samplers"}
_ELSEWHERE = (*_HANDED_ON, "decision", "hinted")
FILTERS = tuple(each.name for each in fields(Selection) if each.name not in _ELSEWHERE)
"""The fields of the trace list that a rule's source may filter by; the others are clauses of their own."""


WITH_VOTES = """(
    SELECT coalesce(jsonb_object_agg(problem_id || ':' || answer_hash, true), '{}') FROM (
        SELECT problem_id, answer_hash, count(*) AS votes, sum(count(*)) OVER (PARTITION BY problem_id) AS answered
        FROM trajectories_trace
        WHERE NOT hinted AND edited_by_id IS NULL AND answer_hash <> %s
        GROUP BY problem_id, answer_hash
    ) AS given
    WHERE votes >= answered * %s
) ? (trajectories_trace.problem_id || ':' || trajectories_trace.answer_hash)"""
"""The traces whose answer at least such a share of their problem's samples with an answer give. As one value that is
worked out once, for all processes that look at traces: of a list the planner may expect more than fits its memory, and
compare each trace with all of it."""


@dataclass(frozen=True, slots=True)
class FunnelLine:
    """What one clause removed, and how many traces were left after it."""

    clause: str
    removed: int
    left: int

    @property
    def title(self) -> str:
        """What it removes, in words."""
        return CLAUSES[self.clause]

    def as_json(self) -> dict[str, JSON]:
        """The line as a job keeps it."""
        return {"clause": self.clause, "removed": self.removed, "left": self.left}


@dataclass(frozen=True, slots=True)
class Funnel:
    """From all traces to those that a rule takes, clause by clause. `total` counts all traces."""

    total: int
    lines: list[FunnelLine] = field(default_factory=list)

    @property
    def left(self) -> int:
        """How many traces are left at the end."""
        return self.lines[-1].left if self.lines else self.total

    @classmethod
    def of(cls, removed: Mapping[str, int], taken: int) -> "Funnel":
        """The funnel of what each clause removed, in the order of CLAUSES."""
        left = total = taken + sum(removed.values())
        lines = []
        for clause in CLAUSES:
            if clause in removed:
                left -= removed[clause]
                lines.append(FunnelLine(clause, removed[clause], left))
        return cls(total, lines)

    @classmethod
    def from_json(cls, stored: list[dict[str, Any]]) -> "Funnel":
        """The funnel that a job kept."""
        lines = [FunnelLine(**line) for line in stored]
        return cls(lines[0].left + lines[0].removed if lines else 0, lines)


def accepted_rule(scope: Selection, **clauses: Any) -> Rule:
    """The rule that takes what is accepted in a scope of the trace list; its own decision is ignored."""
    given = scope.to_json()
    lists: dict[str, Any] = {
        plural: each_of(getattr(scope, name)) for name, plural in _HANDED_ON.items() if name in given
    }
    source = Source(**lists, filter={name: value for name, value in given.items() if name in FILTERS})
    clauses.setdefault("hinted", "only" if scope.hinted == "only" else "none")
    return Rule(source=source, **clauses)


def scope_of(source: Source) -> Selection:
    """The filters of a source as a scope. Raises Fault for one that is not known, and for a wrong value."""
    for name in source.filter:
        if name not in FILTERS:
            raise Fault(f"source.filter: found {name!r}, expected one of {', '.join(FILTERS)}.", field="source.filter")
    return Selection.from_json({"version": FORMAT, **source.filter})


def selection_of(rule: Rule) -> Selection | None:
    """What a rule looks at as a selection, from which queues are made: its source, with what it asks of all verdicts
    together, and of hinted traces. None where no trace can be in it, because the filter of its source rules out all.

    What people said is left out, and what no filter of the trace list says: votes, scores, single verifiers besides the
    filter's own, what was cut short, and every clause that compares traces.
    """
    source, stored = rule.source, scope_of(rule.source)
    asked = {name: getattr(source, several) for name, several in _HANDED_ON.items()}
    asked |= {"problem_kind": source.kinds, "correctness": rule.verdicts.correctness}
    found: dict[str, Any] = {}
    for name, values in asked.items():
        own = getattr(stored, name)
        both = [value for value in values if not own or value in each_of(own)]
        if values and not both:
            return None
        found |= {name: one_or_several(both)} if both else {}
    since, until = source.since, source.until
    first = max(stored.created_from, since.isoformat() if since else "")
    last = min(filter(None, (stored.created_to, until.isoformat() if until else "")), default="")
    if last and first > last:
        return None
    hinted = "" if rule.hinted == "too" else rule.hinted
    return replace(stored, **found, created_from=first, created_to=last, hinted=hinted)


def traces_of(source: Source) -> QuerySet[Trace]:
    """The traces that a rule looks at, in no order. Raises Fault for a filter that is not known."""
    traces = traces_in(scope_of(source), EVERYTHING)
    given: dict[str, Any] = {
        "problem__problem_set__in": source.problem_sets,
        "problem__kind__in": source.kinds,
        "run__in": source.runs,
        "sampler__in": source.samplers,
    }
    traces = traces.filter(**{name: values for name, values in given.items() if values})
    if source.since is not None:
        traces = traces.filter(created_at__gte=datetime.combine(source.since, time(), UTC))
    if source.until is not None:
        traces = traces.filter(created_at__lt=datetime.combine(source.until + timedelta(days=1), time(), UTC))
    return traces


def eligible_traces(rule: Rule) -> QuerySet[Trace]:
    """The traces that pass every clause that looks at single traces, in release order: problem hash, then trace id.

    A release is made of everybody's decisions, so that only who may see them all may ask. Raises Fault.
    """
    traces = _with_verdicts(traces_of(rule.source), rule)
    for _, passes in _conditions(rule):
        traces = traces.filter(passes)
    return traces.order_by("problem__content_hash", "pk")


def count_removed(rule: Rule) -> tuple[dict[str, int], int]:
    """(how many traces each clause that looks at single ones removes, how many are left).

    Where only accepted traces pass, those alone are looked at, and all others are counted: accepted ones are few.
    """
    conditions, total = _conditions(rule), _count_all()
    removed, left = dict.fromkeys((SOURCE, *(clause for clause, _ in conditions)), 0), 0
    looked = _with_verdicts(traces_of(rule.source), rule)
    if rule.reviews.accepted_by and not rule.reviews.imported:
        looked = looked.filter(decision=Standing.ACCEPTED)
    # Grouped by what each clause says, not by the first that fails: the planner knows that truth values make few
    # groups, and counts in several processes; of a CASE it expects as many groups as there are traces.
    passed = {f"passes_{place}": _truth(passes) for place, (_, passes) in enumerate(conditions)}
    for *said, count in looked.annotate(**passed).values_list(*passed).annotate(Count("pk")).order_by():
        failed = next((clause for (clause, _), passes in zip(conditions, said, strict=True) if passes is False), None)
        if failed is None:
            left += count
        else:
            removed[failed] += count
    inside = left + sum(removed.values())
    if rule.reviews.accepted_by and not rule.reviews.imported:
        others = traces_of(rule.source).filter(tombstone__isnull=False).exclude(decision=Standing.ACCEPTED).count()
        whole = _count_source(rule.source, total)
        removed["withdrawn"] += others
        removed["reviews"] += max(0, whole - inside - others)
        inside = max(whole, inside + others)
    removed[SOURCE] = max(0, total - inside)
    return removed, left


def _truth(passes: Q) -> Combinable:
    return ExpressionWrapper(passes, output_field=BooleanField())


def _count_all() -> int:
    """How many traces there are, by the counters of their problems."""
    return Problem.objects.aggregate(total=Sum("trace_count"))["total"] or 0


def _count_source(source: Source, total: int) -> int:
    """How many traces a rule looks at; by the counters of problems where it asks for nothing else of a trace.

    Repairs that were withdrawn are counted there, and are in no selection.
    """
    if source != Source(problem_sets=source.problem_sets, kinds=source.kinds):
        return traces_of(source).count()
    asked = {"problem_set__in": source.problem_sets, "kind__in": source.kinds}
    asked = {name: values for name, values in asked.items() if values}
    if asked:
        total = Problem.objects.filter(**asked).aggregate(total=Sum("trace_count"))["total"] or 0
    repairs = Trace.objects.filter(edited_by__isnull=False, withdrawn=True)
    return total - repairs.filter(**{f"problem__{name}": values for name, values in asked.items()}).count()


def removed_traces(rule: Rule, clause: str) -> QuerySet[Trace]:
    """The traces that a clause removes which looks at single ones, newest first. Raises Fault."""
    if clause == SOURCE:
        # NOT EXISTS: as NOT IN it would compare each trace with all others once these fit no memory.
        return Trace.objects.filter(~Exists(traces_of(rule.source).filter(pk=OuterRef("pk")))).order_by("-pk")
    return _staged(rule).filter(removed_by=clause).order_by("-pk")


def removed_items(rule: Rule, release_id: int) -> Iterator[tuple[int, str]]:
    """(trace, clause that removes it) of the traces of a release that a rule does not take any more."""
    outside = removed_traces(rule, SOURCE).filter(release_items__release=release_id).order_by()
    yield from ((key, SOURCE) for key in outside.values_list("pk", flat=True).iterator())
    inside = _staged(rule).filter(release_items__release=release_id).exclude(removed_by="")
    yield from inside.values_list("pk", "removed_by").iterator()


def _staged(rule: Rule) -> QuerySet[Any]:
    """The traces of the source, each with the first clause that removes it as `removed_by`, "" for none."""
    stages = [When(~passes, then=Value(clause)) for clause, passes in _conditions(rule)]
    stage = Case(*stages, default=Value(""), output_field=CharField())
    return _with_verdicts(traces_of(rule.source), rule).annotate(removed_by=stage)


def _conditions(rule: Rule) -> list[tuple[str, Q]]:
    """What a trace must be to pass each clause that the rule has, in order; the cheap ones decide first."""
    found = [
        ("withdrawn", Q(withdrawn=False, tombstone__isnull=True)),
        ("reviews", _reviewed(rule.reviews)),
    ]
    if rule.reviews.least_score is not None:
        found.append(("score", _scored(rule.reviews)))
    verdicts = Q(correctness__in=rule.verdicts.correctness) if rule.verdicts.correctness else Q()
    for place, outcomes in enumerate(rule.verdicts.required.values()):
        verdicts &= Q(**{f"verdict_{place}__in": outcomes})
    if verdicts:
        found.append(("verdicts", verdicts))
    scores = Q()
    for place, least in enumerate(rule.verdicts.least_scores.values()):
        scores &= Q(**{f"score_{place}__gte": least})
    if scores:
        found.append(("scorers", scores))
    if rule.verdicts.least_votes is not None:
        parameters = (content_hash(None), rule.verdicts.least_votes)
        found.append(("votes", Q(RawSQL(WITH_VOTES, parameters, output_field=BooleanField()))))
    if rule.hinted != "too":
        found.append(("hinted", Q(hinted=rule.hinted == "only")))
    if rule.whole:
        found.append(("whole", Q(finish_reason=FinishReason.STOP)))
    return found


def _with_verdicts(traces: QuerySet[Trace], rule: Rule) -> QuerySet[Trace]:
    """Each trace with the newest outcome of the verifiers that a rule asks for, "" where there is none, and with the
    newest score of those of which it asks one, -1 where there is none."""
    named: dict[str, Combinable] = {}
    for place, verifier in enumerate(rule.verdicts.required):
        newest = f"newest_{place}"
        traces = traces.alias(**{newest: _newest(verifier)})
        named[f"verdict_{place}"] = Coalesce(F(f"{newest}__outcome"), Value(""))
    for place, verifier in enumerate(rule.verdicts.least_scores):
        newest = f"newest_scored_{place}"
        traces = traces.alias(**{newest: _newest(verifier)})
        scored = Verdict.objects.filter(trace=OuterRef("pk"), verifier=verifier, score__isnull=False).order_by("-pk")
        # Older ones are looked up where the newest verdict has no score, and where there is one at all.
        older = Case(When(**{f"{newest}__isnull": False}, then=Subquery(scored.values("score")[:1])))
        # Below every score: a comparison with null would be neither passed nor failed.
        named[f"score_{place}"] = Coalesce(F(f"{newest}__score"), older, Value(-1.0))
    return traces.alias(**named)


def _newest(verifier: str) -> FilteredRelation:
    """The newest verdict of a verifier, as a join: single lookups for each of a million traces would take seconds."""
    return FilteredRelation("verdicts", condition=Q(verdicts__verifier=verifier, verdicts__is_newest=True))


def _reviewed(reviews: Reviews) -> Q:
    if reviews.accepted_by == 0:
        rejected = Q(decision=Standing.REJECTED)
        return ~(rejected | _rejected_elsewhere()) if reviews.imported else ~rejected
    here = Q(decision=Standing.ACCEPTED)
    if reviews.accepted_by > 1:
        here &= Q(pk__in=_accepted(_standing(), "reviewer", reviews.accepted_by))
    if not reviews.imported:
        return here
    accepted = _accepted(ImportedReview.objects.filter(decision=Decision.ACCEPT), "pseudonym", reviews.accepted_by)
    return here | (Q(decision=Standing.UNDECIDED, pk__in=accepted) & ~_rejected_elsewhere())


def _scored(reviews: Reviews) -> Q:
    here = Q(decision=Standing.ACCEPTED, pk__in=_at_least(_standing(), reviews.least_score))
    if not reviews.imported:
        return here
    elsewhere = ImportedReview.objects.filter(decision=Decision.ACCEPT)
    return here | Q(decision=Standing.UNDECIDED, pk__in=_at_least(elsewhere, reviews.least_score))


def _standing() -> QuerySet[Review]:
    """The acceptances that stand."""
    # As NOT EXISTS: of a join the planner expects a single row, and sorts what it could count in memory.
    newer = Review.objects.filter(supersedes=OuterRef("pk"), supersedes__isnull=False)
    return Review.objects.filter(~Exists(newer), decision=Decision.ACCEPT)


def _accepted(reviews: QuerySet[Any], by: str, least: int) -> QuerySet[Any]:
    counted: QuerySet[Any] = reviews.values("trace").annotate(people=Count(by, distinct=True))
    return counted.filter(people__gte=least).values("trace")


def _at_least(reviews: QuerySet[Any], score: float | None) -> QuerySet[Any]:
    scored: QuerySet[Any] = reviews.values("trace").annotate(mean=Avg("score"))
    return scored.filter(mean__gte=score).values("trace")


def _rejected_elsewhere() -> Q:
    return Q(pk__in=ImportedReview.objects.filter(decision=Decision.REJECT).values("trace"))


def list_rules(*, size: int) -> list[ReleaseRule]:
    """The newest version of every stored rule, by title."""
    newest = ReleaseRule.objects.order_by("name", "-version").distinct("name").values("pk")
    return list(ReleaseRule.objects.filter(pk__in=newest).select_related("created_by").order_by("title", "pk")[:size])


def rule_versions(name: str) -> QuerySet[ReleaseRule]:
    """All versions of a stored rule, newest first."""
    return ReleaseRule.objects.filter(name=name).select_related("created_by", "cloned_from").order_by("-version")
