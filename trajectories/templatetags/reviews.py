"""Words for what people decided."""

from collections.abc import Sequence

from django import template
from django.contrib.auth.models import AnonymousUser, User

register = template.Library()


@register.filter
def people(names: Sequence[str], reader: User | AnonymousUser) -> str:
    """Usernames as words of a sentence: "carl, lena and you". The reader comes last."""
    others = [name for name in names if name != reader.get_username()]
    said = [*others, *(["you"] if len(others) < len(names) else [])]
    return " and ".join(filter(None, [", ".join(said[:-1]), said[-1]])) if said else "nobody"
