"""Withdrawing a trace from releases, for ever."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from trajectories.core.faults import Fault
from trajectories.forms.releases import WithdrawForm
from trajectories.models import Release, Tombstone, Trace
from trajectories.selectors.blinding import SEE_REVIEWS
from trajectories.services.releases.withdrawals import withdraw_trace
from trajectories.views.permissions import needs
from trajectories.views.visitors import visitor

RELEASES_SHOWN = 50

withdraw_traces = needs("trajectories.add_tombstone", SEE_REVIEWS)


@require_http_methods(["GET", "HEAD", "POST"])
@withdraw_traces
def trace_withdraw(request: HttpRequest, trace_id: int) -> HttpResponse:
    """Say why a trace shall be in no release any more, with the releases that hold it; or what was said."""
    trace = get_object_or_404(Trace.objects.select_related("problem").defer("steps", "parts"), pk=trace_id)
    form = WithdrawForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            withdraw_trace(actor=visitor(request), trace=trace, reason=form.cleaned_data["reason"])
        except Fault as fault:
            form.add_fault(fault)
        else:
            messages.success(request, f"Trace {trace.pk} is in no release any more that is frozen from now on.")
            return redirect("trace_withdraw", trace.pk)
    context = {
        "trace": trace,
        "form": form,
        "tombstone": Tombstone.objects.filter(trace=trace).select_related("created_by").first(),
        "releases": list(Release.objects.filter(items__trace=trace).order_by("-pk")[:RELEASES_SHOWN]),
    }
    return render(request, "trajectories/releases/withdraw.html", context, status=422 if form.errors else 200)
