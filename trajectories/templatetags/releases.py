"""The quick way to a release, for any page that shows traces."""

import uuid
from typing import Any

from django import template
from django.urls import reverse

from trajectories.core.selections import Selection

register = template.Library()


@register.inclusion_tag("trajectories/releases/_export_accepted.html", takes_context=True)
def export_accepted(
    context: template.Context, scope: Selection | None = None, *, in_menu: bool = False, **filters: Any
) -> dict[str, Any]:
    """A button that releases and exports what is accepted among some traces, for those who may.

    They are those of a scope, or of filters by name: `{% export_accepted run=3 %}`.
    """
    wanted = Selection(**filters) if scope is None else scope
    return {
        "address": f"{reverse('release_export_accepted')}?{wanted.any_decision().query()}",
        "key": uuid.uuid4(),
        "in_menu": in_menu,
        "perms": context["perms"],
        "csrf_token": context.get("csrf_token"),
    }
