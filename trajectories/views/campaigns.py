"""Campaigns: the list, planning one, watching its generations, and overruling its gate."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.models import User
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from trajectories.charts.campaigns import CAMPAIGN_CHARTS
from trajectories.core.campaigns.templates import EMBEDDED_ARC, TEMPLATES
from trajectories.core.faults import Fault
from trajectories.core.figures.tables import csv_lines
from trajectories.core.identity import content_hash
from trajectories.core.records import JSON
from trajectories.forms.campaign_beginnings import beginning_of
from trajectories.forms.campaign_budgets import budget_values
from trajectories.forms.campaign_steering import CampaignBudgetForm, OverruleForm
from trajectories.forms.campaign_templates import offers
from trajectories.forms.campaigns import CampaignForm
from trajectories.forms.plain import as_sent
from trajectories.models import Campaign, Generation, Problem
from trajectories.selectors.blinding import SEE_REVIEWS
from trajectories.selectors.campaigns import list_campaigns, list_generations, spent
from trajectories.selectors.workers import get_workforce
from trajectories.services.campaigns.estimates import limit_note_of
from trajectories.services.campaigns.gating import overrule_gate
from trajectories.services.campaigns.plans import plan_campaign
from trajectories.services.campaigns.steering import set_campaign_budget
from trajectories.services.jobs.steering import JobError
from trajectories.services.prompts.instructions import ensure_symbolic_views
from trajectories.services.runs.plans import PlanError
from trajectories.tasks.jobs import controls_of
from trajectories.views.fragments import wants_fragment
from trajectories.views.paging import read_key
from trajectories.views.permissions import needs
from trajectories.views.plans import faults_of
from trajectories.views.shown.campaigns import (
    plan_words,
    say_control,
    show_generations,
    show_steps,
    show_waits,
)
from trajectories.views.shown.clones import show_relatives
from trajectories.views.shown.curricula import show_curriculum
from trajectories.views.shown.figures import FigureSlot, figure_context
from trajectories.views.shown.gains import FIRST, SamplerComparison, compare_with, family_table
from trajectories.views.submissions import once
from trajectories.views.visitors import visitor

view_campaigns = needs("trajectories.view_campaign", SEE_REVIEWS)
add_campaigns = needs("trajectories.add_campaign", SEE_REVIEWS)


@require_safe
@view_campaigns
@vary_on_headers("HX-Request")
def campaign_list(request: HttpRequest) -> HttpResponse:
    """All campaigns, newest first."""
    page = list_campaigns(before=read_key(request, "before"), after=read_key(request, "after"))
    context = {
        "page": page,
        "has_active": any(campaign.is_active for campaign in page.rows),
        "templates": offers() if not page.rows else (),
    }
    name = "_table" if wants_fragment(request) else "list"
    return render(request, f"trajectories/campaigns/{name}.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@add_campaigns
@once
def campaign_new(request: HttpRequest) -> HttpResponse:
    """Plan a campaign and ring its bell; `?template=` or `?like=<id of a campaign>` fill the form in."""
    ensure_symbolic_views()
    like_id = read_key(request, "like")
    like = get_object_or_404(Campaign, pk=like_id) if like_id else None
    name = request.GET.get("template", "")
    template = TEMPLATES.get(name, EMBEDDED_ARC)
    if request.method == "POST":
        form = CampaignForm(request.POST, cloned_from=like)
    else:
        values = beginning_of(template=template, like=like, without=request.GET.get("without", ""))
        form = CampaignForm(initial=values, cloned_from=like)
    if not (form.is_bound and form.is_valid()):
        context = {
            "form": form,
            "like": like,
            "template": None if like is not None else template,
            "templates": offers(),
            "has_problems": Problem.objects.exists(),
            **_estimate(form, visitor(request)),
        }
        return render(request, "trajectories/campaigns/new.html", context, status=422 if form.is_bound else 200)
    campaign = plan_campaign(actor=visitor(request), draft=form.cleaned_data["draft"])
    return redirect("campaign_detail", campaign.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@add_campaigns
def campaign_estimate(request: HttpRequest) -> HttpResponse:
    """How large the campaign would be that the form describes, and what it would take."""
    form = CampaignForm(request.POST or request.GET)
    return render(
        request, "trajectories/campaigns/_estimate.html", {**_estimate(form, visitor(request)), "is_fragment": True}
    )


def _estimate(form: CampaignForm, person: User) -> dict[str, Any]:
    """What it would take, where the form is complete, and what daily limits leave for it."""
    if not form.is_bound:
        initial = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
        form = CampaignForm(as_sent(initial))
    if not form.is_valid():
        return {"faults": faults_of(form)}
    data = form.cleaned_data
    found = {name: data[name] for name in ("estimate", "prepared", "draft")}
    return {**found, "limit_note": limit_note_of(data["estimate"], data["draft"], person)}


@require_safe
@view_campaigns
@vary_on_headers("HX-Request")
def campaign_detail(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """The generations of a campaign. A fragment is its live part."""
    return _show(request, _campaign(campaign_id))


def _campaign(campaign_id: int) -> Campaign:
    related = ("first_sampler", "champion", "training_set", "held_out_set", "created_by", "cloned_from")
    return get_object_or_404(Campaign.objects.select_related(*related), pk=campaign_id)


def _show(request: HttpRequest, campaign: Campaign, **refused: Form) -> HttpResponse:
    rows = list_generations(campaign)
    generations = show_generations(rows, searches=not campaign.first_sampler.is_chat)
    decided = [each for each in generations if each.decision is not None and not each.row.is_control]
    newest = decided[-1] if decided else None
    may_steer = request.user.has_perms(("trajectories.add_campaign", SEE_REVIEWS))
    cost, *tokens = spent(campaign)
    context: dict[str, Any] = {
        "campaign": campaign,
        "cost": cost,
        "tokens": sum(tokens),
        "generations": generations,
        "newest": newest,
        "beside_control": say_control(generations, newest.row.number) if newest is not None else "",
        "has_steps": any(each.steps for each in generations),
        "comparison": _comparison(request, rows),
        "waits": show_waits(campaign, rows),
        "controls": controls_of(request.user, "campaign", campaign),
        "kind": "campaign",
        "job": campaign,
        "back": "then=page",
        "page_address": reverse("campaign_detail", args=[campaign.pk]),
        "workforce": get_workforce() if campaign.is_active else None,
        "may_steer": may_steer,
    }
    part = request.GET.get("part", "live") if wants_fragment(request) and not refused else ""
    if part == "live":
        return render(request, "trajectories/campaigns/_live.html", context)
    seen = _signature(campaign, rows)
    if part and request.GET.get("seen") == seen:
        return HttpResponse(status=204)  # no stage has ended since
    asked = {name: request.GET[name] for name in ("beside", "changes") if name in request.GET}
    context |= {
        "results_address": f"{context['page_address']}?{urlencode({**asked, 'part': 'results', 'seen': seen})}",
        "is_fragment": bool(part),
        "curriculum": show_curriculum(campaign.kept_plan, rows),
        "relatives": show_relatives(campaign, rows),
        "learnt": [each for each in generations if each.entered],
        "family_table": family_table(rows, campaign.seed % 2**32),
        "words": plan_words(campaign, campaign.kept_plan),
        "left_out": _left_out(campaign),
        "steps": show_steps(generations),
        "figures": [
            FigureSlot(chart.name, chart.title, reverse("campaign_figure", args=[campaign.pk, chart.name]))
            for chart in CAMPAIGN_CHARTS.values()
        ],
    }
    if may_steer and newest is not None and newest.overruled is None:
        context["overrule_form"] = OverruleForm(initial={"number": newest.row.number})
    if may_steer and campaign.first_sampler.is_chat and campaign.state not in ("finished", "cancelled"):
        context["budget_form"] = CampaignBudgetForm(initial=budget_values(campaign))
    context |= refused
    if part:
        return render(request, "trajectories/campaigns/_results.html", context)
    return render(request, "trajectories/campaigns/detail.html", context, status=422 if refused else 200)


def _signature(campaign: Campaign, rows: Sequence[Generation]) -> str:
    """Another text whenever a stage has ended or a gate was overruled."""
    stages: list[JSON] = [[row.pk, row.stage, "overruled" in row.decision] for row in rows]
    return content_hash([campaign.state, stages])[:12]


def _comparison(request: HttpRequest, rows: Sequence[Generation]) -> SamplerComparison | None:
    """The newest challenger beside `?beside=N`, the first sampler where none is asked for; `?changes=all` shows every
    problem that was gained or forgotten. Raises Http404 for a generation that it cannot stand beside."""
    beside = read_key(request, "beside")
    found = compare_with(rows, beside or FIRST, all_of_them=request.GET.get("changes") == "all")
    if beside and found is None:
        raise Http404(f"no measured generation {beside} before the newest one")
    return found


LEFT_OUT_SHOWN = 50


def _left_out(campaign: Campaign) -> list[tuple[Problem, Problem | None]]:
    """The first training problems that were left out, each with the held-out one that it is like."""
    pairs = [(row[0], row[1]) for row in campaign.left_out[:LEFT_OUT_SHOWN]]
    found = Problem.objects.only("pk", "name").in_bulk({key for pair in pairs for key in pair})
    return [(found[mine], found.get(other)) for mine, other in pairs if mine in found]


@require_safe
@view_campaigns
@vary_on_headers("HX-Request")
def campaign_figure(request: HttpRequest, campaign_id: int, name: str) -> HttpResponseBase:
    """One figure of a campaign: a page with its table, the fragment that its page loads, or the table as a file."""
    campaign = get_object_or_404(Campaign.objects.defer("plan", "left_out"), pk=campaign_id)
    if name not in CAMPAIGN_CHARTS:
        raise Http404(f"no figure {name[:40]!r}")
    built = CAMPAIGN_CHARTS[name].build(list_generations(campaign))
    if request.GET.get("format") == "csv":
        headers = {"Content-Disposition": f'attachment; filename="campaign-{campaign.pk}-{name}.csv"'}
        return StreamingHttpResponse(csv_lines(built), content_type="text/csv; charset=utf-8", headers=headers)
    slot = FigureSlot(name, built.title, reverse("campaign_figure", args=[campaign.pk, name]))
    context = figure_context(slot, built) | {"is_live": campaign.is_active, "campaign": campaign}
    template = "insights/_figure" if wants_fragment(request) else "campaigns/figure"
    return render(request, f"trajectories/{template}.html", context)


@require_POST
@add_campaigns
@once
def campaign_overrule(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """Decide otherwise than the gate did, with a reason."""
    campaign = _campaign(campaign_id)
    form = OverruleForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        try:
            overrule_gate(actor=visitor(request), campaign_id=campaign.pk, number=data["number"], reason=data["reason"])
        except Fault as fault:
            form.add_fault(fault)
        else:
            messages.success(request, "The gate is overruled.")
            return redirect("campaign_detail", campaign.pk)
    return _show(request, campaign, overrule_form=form)


@require_POST
@add_campaigns
def campaign_budget(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """Change the budget; a campaign that was paused for want of it stays paused until resumed."""
    campaign = _campaign(campaign_id)
    form = CampaignBudgetForm(request.POST)
    if not form.is_valid():
        return _show(request, campaign, budget_form=form)
    try:
        budgets = {name: form.cleaned_data[name] for name in ("budget", "generation")}
        set_campaign_budget(actor=visitor(request), campaign_id=campaign.pk, **budgets)
        messages.success(request, "The budget is changed.")
    except PlanError as fault:
        form.add_fault(fault)
        return _show(request, campaign, budget_form=form)
    except JobError as refusal:
        messages.error(request, str(refusal))
    return redirect("campaign_detail", campaign.pk)
