"""What models are paid by the day: figure, table, forecast, and daily limits."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from trajectories.charts.daily_spending import TITLE, build_daily_spending
from trajectories.core.faults import Fault
from trajectories.core.figures.tables import csv_lines
from trajectories.forms.spending import SpendingForm, SpendLimitForm, ceilings_for
from trajectories.models import SpendLimit
from trajectories.models.spending import WARNING_PERCENT
from trajectories.selectors.projects import choices_of
from trajectories.selectors.spending import (
    GROUPS,
    SPANS,
    get_forecast,
    get_spending,
    list_alerts,
    list_standings,
    list_waiting,
)
from trajectories.services.spending.limits import lift_limit, set_limit
from trajectories.views.fragments import wants_fragment
from trajectories.views.permissions import needs
from trajectories.views.shown.figures import FigureSlot, figure_context
from trajectories.views.visitors import visitor

view_spending = needs("trajectories.view_spendday")
set_limits = needs("trajectories.view_spendday", "trajectories.change_spendlimit")


@require_safe
@view_spending
@vary_on_headers("HX-Request")
def spending(request: HttpRequest) -> HttpResponseBase:
    """Spending by day, the limits as they stand today, and jobs that wait for one. `format=csv` is the table as a
    file; a fragment is the figure."""
    if request.GET.get("format") == "csv":
        asked = _asked(request)
        built = build_daily_spending(get_spending(days=asked.span, group=asked.grouping), asked.grouping)
        headers = {"Content-Disposition": 'attachment; filename="spending.csv"'}
        return StreamingHttpResponse(csv_lines(built), content_type="text/csv; charset=utf-8", headers=headers)
    return _show(request, SpendLimitForm(ceilings=ceilings_for(visitor(request))))


def _asked(request: HttpRequest) -> SpendingForm:
    """What is looked at: all projects together by superusers only, where there are several."""
    person = visitor(request)
    return SpendingForm(request.GET, sees_projects=person.is_superuser and len(choices_of(person)) > 1)


def _show(request: HttpRequest, limit_form: SpendLimitForm) -> HttpResponse:
    asked = _asked(request)
    found = get_spending(days=asked.span, group=asked.grouping)
    address = f"{reverse('spending')}?days={asked.span}&group={asked.grouping}"
    slot = FigureSlot("spending", TITLE, address)
    context: dict[str, Any] = figure_context(slot, build_daily_spending(found, asked.grouping)) | {"is_live": False}
    if wants_fragment(request):
        return render(request, "trajectories/insights/_figure.html", context)
    context |= {
        "span": asked.span,
        "spans": SPANS,
        "grouping": asked.grouping,
        "groups": asked.groups,
        "group_title": GROUPS[asked.grouping],
        "totals": [(title, found.of_group(key)) for key, title in found.groups.items()],
        "total": found.total,
        "forecast": get_forecast(),
        "standings": list_standings(),
        "waiting": [(job, job.job_kind.address(job.pk), reason) for job, reason in list_waiting()],
        "alerts": list_alerts(),
        "mails": bool(settings.EMAIL_HOST),
        "warning_percent": WARNING_PERCENT,
        "form": limit_form,
        "may_set": request.user.has_perm("trajectories.change_spendlimit"),
        "page_address": reverse("spending"),
    }
    return render(request, "trajectories/spending/index.html", context, status=422 if limit_form.errors else 200)


@require_POST
@set_limits
def spend_limit_set(request: HttpRequest) -> HttpResponse:
    """Set a limit, in place of the one of the same subject."""
    form = SpendLimitForm(request.POST, ceilings=ceilings_for(visitor(request)))
    if form.is_valid():
        try:
            set_limit(actor=visitor(request), **form.limited())
        except Fault as fault:
            form.add_fault(fault, names={"sampler_name": "subject", "person": "subject"})
        else:
            return redirect("spending")
    return _show(request, form)


@require_POST
@set_limits
def spend_limit_lift(request: HttpRequest, limit_id: int) -> HttpResponse:
    """Take a limit away."""
    of_all = request.POST.get("scope") == SpendLimit.Scope.TOGETHER
    lift_limit(actor=visitor(request), limit_id=limit_id, of_all_projects=of_all)
    return redirect("spending")
