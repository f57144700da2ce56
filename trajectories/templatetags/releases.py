"""The quick way to a release, for any page that shows traces."""

import uuid
from typing import Any
from urllib.parse import urlencode

from django import template
from django.urls import reverse

register = template.Library()


@register.inclusion_tag("trajectories/releases/_export_accepted.html", takes_context=True)
def export_accepted(context: template.Context, **filters: Any) -> dict[str, Any]:
    """A button that releases and exports what is accepted among some traces, for those who may.

    `filters` are those of the trace list: `{% export_accepted run=3 %}`; empty ones count for nothing.
    """
    given = {name: value for name, value in filters.items() if value not in (None, "")}
    return {
        "address": f"{reverse('release_export_accepted')}?{urlencode(given)}",
        "key": uuid.uuid4(),
        "perms": context["perms"],
        "csrf_token": context.get("csrf_token"),
    }
