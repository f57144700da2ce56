"""What starting something would take, shown by the same template as on the page that plans it."""

from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def estimate_of(subject: Any) -> SafeString:
    """The estimate of a subject of admin.asking: its template with its context."""
    return render_to_string(subject.estimate, dict(subject.context))
