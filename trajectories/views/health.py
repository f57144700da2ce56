"""Whether this process and the database behind it work: for whatever watches over them."""

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from trajectories.selectors.disk import disk_trouble


@login_not_required
@never_cache
@require_safe
def health(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 (a view)
    """200 and `ok`, or `degraded` and why; 503 where the database does not answer."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return HttpResponse("The database does not answer.\n", status=503, content_type="text/plain")
    trouble = disk_trouble()
    return HttpResponse(f"degraded\n{trouble}\n" if trouble else "ok\n", content_type="text/plain")
