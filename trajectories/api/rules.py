"""Release rules: storing them, what each clause of one removes now, and what a freezing has removed."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Schema
from ninja.responses import Status
from pydantic import Field

from trajectories.api.auth import asking
from trajectories.api.doors import door
from trajectories.api.release_contents import ADD, VIEW, RuleRow, find_rule, show_rule
from trajectories.api.releases import FunnelRow, find_freezing, rule_of
from trajectories.api.shapes import Cursor, Free, IdempotencyKey, Key, Limit, OneOf, Rows, Word, once, rows_of
from trajectories.core.releases.rules import FORMAT, Rule
from trajectories.core.selections import GREATEST_ID
from trajectories.models import ApiToken, Removal, Trace
from trajectories.selectors.paging import Page, page_by_id
from trajectories.selectors.release_rules import CLAUSES, COMPARING, SOURCE, Funnel, count_removed, removed_traces
from trajectories.selectors.rule_words import rule_words
from trajectories.services.releases.choosing import estimated_seconds
from trajectories.services.releases.rules import LONGEST_TITLE, check_rule, save_rule

SINGLE = tuple(clause for clause in CLAUSES if clause not in COMPARING)
"""The clauses that look at single traces: what they remove is known before a worker has compared anything."""
RuleId = Annotated[int, Field(ge=0, le=GREATEST_ID)]


class Asked(Free):
    """A rule, as `rule` of a release has it, or the id of a stored one."""

    rule: Annotated[dict[str, Any], Field(description='Empty for all that is accepted, else {"version": 1, ...}.')] = {}
    stored_rule: Annotated[RuleId, Field(description="Id of a stored rule, in place of `rule`; 0 for none.")] = 0


class AskedOfClause(Asked):
    """A rule, and which of its clauses is asked about."""

    clause: Annotated[str, OneOf(SINGLE)] = SOURCE


class NewRule(Free):
    """A rule to store. `version_of` is the id of a stored rule of which it is the next version, `cloned_from` of one
    that it was made of; 0 for a rule under a name of its own."""

    title: Annotated[Word, Field(min_length=1, max_length=LONGEST_TITLE)]
    rule: dict[str, Any]
    version_of: RuleId = 0
    cloned_from: RuleId = 0


class PreviewShown(Schema):
    """What a rule takes now: of `total` traces each clause of `funnel` removes some, and `left` are left, before those
    clauses that compare traces with others; these take a worker about `seconds` (null where there are none). `words`
    say the rule, clause by clause."""

    total: int
    left: int
    funnel: list[FunnelRow]
    seconds: int | None
    words: list[list[str]]


class RemovedRow(Schema):
    """A trace that a clause removes."""

    trace: int
    problem: int
    problem_name: str
    sampler: int
    run: int | None
    correctness: str
    decision: str


class RemovalRow(Schema):
    """A trace that a comparing clause has removed: the trace or the problem that it is like, and what was found."""

    trace: int
    clause: str
    problem_name: str
    other_trace: int | None
    other_problem: int | None
    evidence: dict[str, Any]


@door("POST", "/rules", *ADD, scope=ApiToken.Scope.WRITE, answers=RuleRow, status=201, tag="releases")
def store_release_rule(request: HttpRequest, given: NewRule, idempotency_key: IdempotencyKey = None) -> Status[Any]:
    """Store a rule, under a name of its own or as the next version of one. A rule and a title that are those of the
    newest version already make no new one."""

    def make() -> dict[str, Any]:
        saved = save_rule(
            actor=asking(request),
            title=given.title,
            rule=Rule.from_json({"version": FORMAT, **given.rule}),
            of=find_rule(given.version_of) if given.version_of else None,
            cloned_from=find_rule(given.cloned_from) if given.cloned_from else None,
        )
        return show_rule(saved)

    return once(request, idempotency_key, given, make)


@door("POST", "/rules/preview", *VIEW, answers=PreviewShown, tag="releases")
def preview_rule(request: HttpRequest, given: Asked) -> Any:  # noqa: ARG001
    """What each clause of a rule removes now, and how many traces are left. Nothing is stored or frozen."""
    rule = _rule(given)
    removed, left = count_removed(rule)
    funnel = Funnel.of(removed, left)
    return {
        "total": funnel.total,
        "left": left,
        "funnel": [line.as_json() for line in funnel.lines],
        "seconds": estimated_seconds(rule, left) if rule.compares else None,
        "words": [list(pair) for pair in rule_words(rule.as_json())],
    }


def _rule(given: Asked) -> Rule:
    """The rule that is asked about. Raises Fault, with the field."""
    rule, _ = rule_of(given.rule, given.stored_rule)
    check_rule(rule)
    return rule


@door("POST", "/rules/removed", *VIEW, answers=Rows[RemovedRow], tag="releases")
def find_removed_traces(
    request: HttpRequest,  # noqa: ARG001
    given: AskedOfClause,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Any:
    """The traces that a clause of a rule removes now, newest first. Of clauses that compare traces GET
    /freezings/{id}/removed says it, once a trial or a freezing has compared them."""
    rows = removed_traces(_rule(given), given.clause).select_related("problem").defer("steps", "parts")
    return rows_of(page_by_id(rows, size=limit, before=cursor), _removed)


def _removed(trace: Trace) -> dict[str, Any]:
    same = ("correctness", "decision")
    return {
        **{name: getattr(trace, name) for name in same},
        **{name: getattr(trace, f"{name}_id") for name in ("problem", "sampler", "run")},
        "trace": trace.pk,
        "problem_name": trace.problem.name,
    }


@door("GET", "/freezings/{freezing_id}/removed", *VIEW, answers=Rows[RemovalRow], tag="releases")
def list_freezing_removals(
    request: HttpRequest,  # noqa: ARG001
    freezing_id: Key,
    clause: Annotated[str, OneOf(["", *COMPARING])] = "",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Any:
    """The traces that the comparing clauses of a freezing, or of a trial, have removed, each with what it is like."""
    rows = Removal.objects.filter(freezing=find_freezing(freezing_id), clause__in=[clause] if clause else COMPARING)
    page: Page[Removal, int] = page_by_id(
        rows.select_related("trace__problem").defer("trace__steps", "trace__parts"),
        size=limit,
        after=cursor,
        newest_first=False,
    )
    return rows_of(page, _removal)


def _removal(row: Removal) -> dict[str, Any]:
    return {
        "trace": row.trace_id,
        "clause": row.clause,
        "problem_name": row.trace.problem.name,
        "other_trace": row.other_trace_id,
        "other_problem": row.other_problem_id,
        "evidence": row.evidence,
    }
