"""Release rules: writing one with its funnel beside it, storing and comparing them, and what a clause removes."""

import json
import uuid
from itertools import islice
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from trajectories.core.exporters import EXPORTERS
from trajectories.core.faults import Fault
from trajectories.core.releases.rules import Rule
from trajectories.forms.release_rules import FIELDS, ReleaseForm, first_values, plural, values_of
from trajectories.models import Freezing, ReleaseRule
from trajectories.selectors.blinding import SEE_REVIEWS
from trajectories.selectors.exports import preview_items
from trajectories.selectors.release_rules import (
    CLAUSES,
    COMPARING,
    SOURCE,
    Funnel,
    count_removed,
    eligible_traces,
    list_rules,
    removed_traces,
    rule_versions,
    scope_of,
    selection_of,
)
from trajectories.selectors.rule_words import rule_differences, rule_words
from trajectories.services.releases.choosing import estimated_seconds
from trajectories.services.releases.freezing import Order, plan_freezing
from trajectories.services.releases.rules import save_rule
from trajectories.views.fragments import wants_fragment
from trajectories.views.freezings import address_of
from trajectories.views.paging import read_key
from trajectories.views.permissions import needs
from trajectories.views.shown.funnels import show_funnel, show_rows
from trajectories.views.submissions import once
from trajectories.views.visitors import visitor

PREVIEW_ROWS = 3
PAGE_ROWS = 50
RULES_SHOWN = 500
LONGEST_RULE = 20_000
TRIAL = "Trial of a rule"
DEFAULT_FORMAT = next(iter(EXPORTERS))
FREEZE, TRY, SAVE, SAVE_NEW = "freeze", "try", "save", "save_new"

view_rules = needs("trajectories.view_release", SEE_REVIEWS)
add_releases = needs("trajectories.add_release", SEE_REVIEWS)


@require_http_methods(["GET", "HEAD", "POST"])
@add_releases
def release_new(request: HttpRequest) -> HttpResponse:
    """Write a rule with its funnel and the first rows beside it; freeze what it takes, try it, or store it."""
    if request.method == "POST":
        return _carry_out(request)
    if wants_fragment(request):
        response = render(request, "trajectories/releases/_preview.html", _preview(_as_given(request), request))
    else:
        stored, rule = _begin_with(request)
        initial: dict[str, Any] = {} if rule is None else values_of(rule)
        if stored is not None:
            initial |= {"named": stored.pk, "rule_title": stored.title}
        initial |= first_values(request.GET)
        form = ReleaseForm(initial=initial)
        shown = _as_given(request) if rule is None else ReleaseForm(initial)
        context = {"form": form, "stored": stored, **_preview(shown, request)}
        response = render(request, "trajectories/releases/new.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _as_given(request: HttpRequest) -> ReleaseForm:
    return ReleaseForm(plural(request.GET))


def _begin_with(request: HttpRequest) -> tuple[ReleaseRule | None, Rule | None]:
    """The stored rule, and the rule, that the address begins with: a stored one, or that of a job. Raises Http404."""
    if (key := read_key(request, "from")) is not None:
        stored = get_object_or_404(ReleaseRule, pk=key)
        return stored, Rule.from_json(stored.rule)
    if (key := read_key(request, "trial")) is not None:
        job = get_object_or_404(Freezing.objects.select_related("named_rule"), pk=key)
        return job.named_rule, Rule.from_json(job.rule)
    return None, None


def _carry_out(request: HttpRequest) -> HttpResponse:
    wanted = request.POST.get("do", FREEZE)
    form = ReleaseForm(request.POST, wants=SAVE if wanted in (SAVE, SAVE_NEW) else wanted)
    if form.is_valid():
        try:
            if wanted in (SAVE, SAVE_NEW):
                return redirect("release_rule_detail", _save(request, form, anew=wanted == SAVE_NEW).pk)
            return redirect(address_of(_plan(request, form, trial=wanted == TRY)))
        except Fault as fault:
            form.add_fault(fault, names={**FIELDS, "title": "rule_title"})
    named = form.cleaned_data.get("named")
    context = {"form": form, "stored": named, **_preview(form, request)}
    return render(request, "trajectories/releases/new.html", context, status=422)


def _save(request: HttpRequest, form: ReleaseForm, *, anew: bool) -> ReleaseRule:
    named = form.cleaned_data["named"]
    return save_rule(
        actor=visitor(request),
        title=form.cleaned_data["rule_title"],
        rule=form.rule(),
        of=None if anew else named,
        cloned_from=named if anew else None,
    )


def _plan(request: HttpRequest, form: ReleaseForm, *, trial: bool) -> Freezing:
    rule, named = form.rule(), form.cleaned_data["named"]
    order = Order(
        title=form.cleaned_data["title"] or TRIAL,
        rule=rule,
        named=named if named is not None and named.rule_hash == rule.hash else None,
        notes=form.cleaned_data["notes"],
        trial=trial,
    )
    return plan_freezing(actor=visitor(request), order=order, key=form.cleaned_data["key"])


def _preview(form: ReleaseForm, request: HttpRequest) -> dict[str, Any]:
    """The funnel of the rule and the rows of the first traces; what is not valid yet counts as not given."""
    form.is_valid()
    rule = form.rule()
    shown = request.GET.get("format", DEFAULT_FORMAT)
    if shown not in EXPORTERS:
        raise Http404(f"There is no format {shown[:40]}.")
    removed, count = count_removed(rule)
    related = ("prompt", "reasoning", "program", "problem")
    # The oldest, not those that a release begins with: these would be found by sorting all that the rule takes.
    oldest = eligible_traces(rule).order_by("pk")
    traces = list(oldest.select_related(*related)[:PREVIEW_ROWS]) if count else []
    return {
        "count": count,
        "funnel": show_funnel(Funnel.of(removed, count), rule.as_json()),
        "scope": scope_of(rule.source),
        "rule": rule,
        "seconds": estimated_seconds(rule, count) if rule.compares else None,
        "rows": list(islice(show_rows(shown, preview_items(traces)), PREVIEW_ROWS)),
        "row_format": shown,
        "formats": EXPORTERS.values(),
    }


@require_POST
@add_releases
@once
def trial_freeze(request: HttpRequest, job_id: int) -> HttpResponse:
    """Freeze what the rule of a trial takes now."""
    trial = get_object_or_404(Freezing.objects.select_related("named_rule"), pk=job_id)
    title = f"Accepted traces, {timezone.localdate():%Y-%m-%d}"
    order = Order(
        trial.title if trial.title != TRIAL else title, Rule.from_json(trial.rule), trial.named_rule, trial.notes
    )
    try:
        job = plan_freezing(actor=visitor(request), order=order, key=uuid.uuid4())
    except Fault as fault:
        messages.error(request, str(fault))
        return redirect("release_freezing", trial.pk)
    return redirect(address_of(job))


@require_safe
@view_rules
def rule_list(request: HttpRequest) -> HttpResponse:
    """The newest version of every stored rule."""
    return render(request, "trajectories/releases/rules.html", {"rules": list_rules(size=RULES_SHOWN)})


@require_safe
@view_rules
def rule_detail(request: HttpRequest, rule_id: int) -> HttpResponse:
    """One version of a rule: what it says, what it takes now, its versions, and how it differs from another rule."""
    stored = get_object_or_404(ReleaseRule.objects.select_related("created_by", "cloned_from"), pk=rule_id)
    versions = list(rule_versions(stored.name))
    other = _compared(request, stored, versions)
    rule = Rule.from_json(stored.rule)
    removed, count = count_removed(rule)
    context = {
        "stored": stored,
        "versions": versions,
        "words": rule_words(stored.rule),
        "funnel": show_funnel(Funnel.of(removed, count), stored.rule),
        "scope": scope_of(rule.source),
        "count": count,
        "seconds": estimated_seconds(rule, count) if rule.compares else None,
        "other": other,
        "others": [each for each in list_rules(size=RULES_SHOWN) if each.name != stored.name],
        "differences": rule_differences(other.rule, stored.rule) if other is not None else [],
        "releases": list(stored.releases.order_by("-pk")[:PAGE_ROWS]),
        "selection": selection_of(rule),
        "rule_text": json.dumps(stored.rule, ensure_ascii=False, indent=2),
    }
    return render(request, "trajectories/releases/rule.html", context)


def _compared(request: HttpRequest, stored: ReleaseRule, versions: list[ReleaseRule]) -> ReleaseRule | None:
    """The rule to compare with: the one that is asked for, the version before, or what it was cloned from."""
    if (key := read_key(request, "with")) is not None:
        return get_object_or_404(ReleaseRule, pk=key)
    before = next((each for each in versions if each.version < stored.version), None)
    return before or stored.cloned_from


@require_safe
@view_rules
def rule_removed(request: HttpRequest) -> HttpResponse:
    """The traces that a clause of a rule removes now, newest first. The rule is in the address, stored or not."""
    clause = request.GET.get("clause", SOURCE)
    text = request.GET.get("rule", '{"version":1}')
    if clause not in CLAUSES or clause in COMPARING or len(text) > LONGEST_RULE:
        raise Http404("There is no such clause.")
    try:
        rule = Rule.from_json(json.loads(text))
        removed = removed_traces(rule, clause)
    except (ValueError, RecursionError) as fault:
        raise Http404("The address holds no rule.") from fault
    if (before := read_key(request, "before")) is not None:
        removed = removed.filter(pk__lt=before)
    rows = list(
        removed.select_related("problem", "sampler", "run").defer("steps", "parts", "run__plan")[: PAGE_ROWS + 1]
    )
    context = {
        "clause": clause,
        "title": CLAUSES[clause],
        "words": rule_words(rule.as_json()),
        "traces": rows[:PAGE_ROWS],
        "older": rows[PAGE_ROWS - 1].pk if len(rows) > PAGE_ROWS else None,
    }
    return render(request, "trajectories/releases/removed.html", context)
