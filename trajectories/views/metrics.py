"""Numbers in the form that Prometheus reads, for whoever the METRICS setting lets read them."""

import hmac
import ipaddress
import os
from collections.abc import Iterator

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from trajectories.selectors.metrics import COUNTER, list_metrics

PREFIX = "minicolumn_"
FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_X_FORWARDED_PROTO")
"""A request with one of these came through a proxy, from anywhere."""


class DatabaseCollector(Collector):
    """The numbers of selectors.metrics as families of Prometheus."""

    def collect(self) -> Iterator[Metric]:
        """One family for each name."""
        families: dict[str, Metric] = {}
        for each in list_metrics():
            if each.name not in families:
                make = CounterMetricFamily if each.kind == COUNTER else GaugeMetricFamily
                families[each.name] = make(PREFIX + each.name, each.help, labels=list(each.labels))
            families[each.name].add_metric(list(each.labels.values()), each.value)  # type: ignore[attr-defined]
        yield from families.values()


@login_not_required
@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The numbers; 404 where they are off, or for who may not read them, as if there were none."""
    if not _may_read(request):
        raise Http404("There are no metrics here.")
    registry = CollectorRegistry()
    registry.register(DatabaseCollector())
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # registers itself
    try:
        return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)
    except DatabaseError:
        return HttpResponse("The database does not answer.\n", status=503, content_type="text/plain")


def _may_read(request: HttpRequest) -> bool:
    if settings.METRICS == "loopback":
        return _is_of_this_machine(request)
    if settings.METRICS == "token":
        given = request.headers.get("Authorization", "").encode()
        return hmac.compare_digest(given, f"Bearer {settings.METRICS_TOKEN}".encode())
    return False


def _is_of_this_machine(request: HttpRequest) -> bool:
    if any(name in request.META for name in FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
