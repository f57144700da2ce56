"""Tokens by which programs act for the visitor: making one, which is shown once, and revoking it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from trajectories.core.faults import Fault
from trajectories.core.identity import text_hash
from trajectories.forms.api_tokens import ApiTokenForm
from trajectories.models import ApiToken
from trajectories.selectors.api_tokens import tokens_of
from trajectories.services.clients.tokens import make_token, new_secret, revoke_token
from trajectories.views.permissions import needs
from trajectories.views.shown_once import lead_to_secret, secret_on_its_way, take_away
from trajectories.views.submissions import once, seed_of
from trajectories.views.visitors import visitor

has_role = needs("trajectories.view_trace")


@require_http_methods(["GET", "HEAD", "POST"])
@has_role
@never_cache
def api_tokens(request: HttpRequest) -> HttpResponse:
    """The visitor's tokens; a POST makes one, whose secret is shown this once."""
    if request.method != "POST":
        return take_away(request, _page(request, ApiTokenForm(), secret=secret_on_its_way(request)))
    seed = seed_of(request)
    return lead_to_secret(request, _make(request, seed), new_secret(seed))


@once
def _make(request: HttpRequest, seed: str) -> HttpResponse:
    form = ApiTokenForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        make_token(owner=visitor(request), **form.cleaned_data, seed=seed)
    except Fault as fault:
        form.add_fault(fault)
        return _page(request, form, status=422)
    return redirect("api_tokens")


def _page(request: HttpRequest, form: ApiTokenForm, *, status: int = 200, secret: str = "") -> HttpResponse:
    """The page; the secret of a token that was just made is in it and nowhere else."""
    tokens = tokens_of(visitor(request))
    made = tokens.filter(digest=text_hash(secret), revoked_at=None).first() if secret else None
    context = {"form": form, "tokens": tokens, "made": made, "secret": secret, "now": timezone.now()}
    return render(request, "trajectories/api_tokens/list.html", context, status=status)


@require_POST
@has_role
def api_token_revoke(request: HttpRequest, token_id: int) -> HttpResponse:
    """Revoke one of the visitor's tokens."""
    token = get_object_or_404(ApiToken, pk=token_id, owner=visitor(request))
    if revoke_token(actor=visitor(request), token=token):
        messages.success(request, f"The token “{token.title}” is revoked: it works no more.")
    else:
        messages.info(request, f"The token “{token.title}” was revoked before.")
    return redirect("api_tokens")
