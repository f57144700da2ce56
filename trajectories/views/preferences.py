"""Theme, grid colours and digits: remembered in cookies."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from trajectories.core.rendering.preferences import CHOICES

YEAR_SECONDS = 365 * 24 * 3600


@require_POST
@login_not_required
def preferences(request: HttpRequest) -> HttpResponse:
    """Remember every preference given and go back to the page before. Needs no account: nothing is stored here."""
    given = {field: request.POST[field] for field in CHOICES if field in request.POST}
    for field, value in given.items():
        if value not in CHOICES[field]:
            return HttpResponseBadRequest(f"{field}: found {value[:40]!r}, expected one of {', '.join(CHOICES[field])}")
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        back = "/"
    response = HttpResponseRedirect(back)
    for field, value in given.items():
        response.set_cookie(field, value, max_age=YEAR_SECONDS, samesite="Lax", secure=request.is_secure())
    return response
