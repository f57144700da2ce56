"""Whether this process and the database behind it work: for whatever watches over them."""

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from trajectories.adapters.pgvector import find_vector_search
from trajectories.selectors.broker_queues import get_queues
from trajectories.selectors.disk import disk_trouble
from trajectories.selectors.schema import unready_migrations
from trajectories.selectors.workers import get_scheduler_age, get_workforce


@login_not_required
@never_cache
@require_safe
def health(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 (a view)
    """200, `ok` (or `degraded` and why) and a line about the workers, or 503 where the database does not answer.

    Pages work without workers, so their absence is no reason to take a web server out of service: see `health_of_work`.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        workforce = get_workforce()
    except DatabaseError:
        return HttpResponse("The database does not answer.\n", status=503, content_type="text/plain")
    trouble = disk_trouble()
    word = f"degraded\n{trouble}" if trouble else "ok"
    return HttpResponse(f"{word}\n{workforce.said}\n", content_type="text/plain")


@login_not_required
@never_cache
@require_safe
def health_of_work(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 (a view)
    """200 where workers are alive and neither one of them nor the scheduler is silent, else 503. A line about
    workers, and one about the scheduler."""
    try:
        workforce, age = get_workforce(), get_scheduler_age()
    except DatabaseError:
        return HttpResponse("The database does not answer.\n", status=503, content_type="text/plain")
    rung = "never rung" if age is None else f"last rung {age:.0f} s ago"
    lines = f"{workforce.said}\nThe scheduler has {rung}.\n"
    return HttpResponse(lines, status=200 if workforce.is_well else 503, content_type="text/plain")


@login_not_required
@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 (a view)
    """200: this process lives and answers. It asks nobody else, so that no outage of theirs has it restarted."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 (a view)
    """200 where pages can be served, and which search of embeddings is in use: the database answers and is of this
    version, and the broker tells its queues; else 503 with a line for each that is not so."""
    try:
        lines = [*unready_migrations(), *([queues.trouble] if (queues := get_queues()).trouble else [])]
        search = find_vector_search().words
    except DatabaseError:
        lines, search = ["The database does not answer."], ""
    told = lines or ["ready", search]
    return HttpResponse("\n".join(told) + "\n", status=503 if lines else 200, content_type="text/plain")
