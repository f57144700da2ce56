"""The state of all jobs, workers and queues in a small panel; how far a job is, in words."""

from typing import Any

from django import template
from django.contrib.auth.models import AnonymousUser

from trajectories.models import JOB_KINDS
from trajectories.models.job_kinds import out_of
from trajectories.selectors.broker_queues import get_queues
from trajectories.selectors.jobs import count_unfinished, kinds_seen, list_trouble
from trajectories.selectors.workers import get_workforce

register = template.Library()
register.filter("out_of", out_of)


@register.inclusion_tag("admin/trajectories/_jobs_panel.html", takes_context=True)
def jobs_panel(context: template.Context) -> dict[str, Any]:
    """Jobs that have not ended by kind, workers, queues, last errors; nothing for who may see no jobs."""
    person = getattr(context.get("request"), "user", None) or AnonymousUser()
    seen = kinds_seen(person) if person.has_perm("trajectories.view_run") else []
    if not seen:
        return {"kinds": []}
    counts = count_unfinished(seen)
    kinds = [
        (kind, JOB_KINDS[kind].plural, *(counts[kind].get(state, 0) for state in ("queued", "running", "paused")))
        for kind in seen
    ]
    return {"kinds": kinds, "workforce": get_workforce(), "queues": get_queues(), "trouble": list_trouble(seen)}
