"""Questions and their answers in templates."""

import json
from string import ascii_uppercase

from django import template

from trajectories.core.problems.kinds import KINDS, is_episode, is_grids
from trajectories.core.records import JSON

register = template.Library()
register.filter(is_grids)
register.filter(is_episode)


@register.filter
def has_choices(kind: str) -> bool:
    """Whether problems of the kind end with choices; no kind, "", has none."""
    return any(word == kind and each.has_choices for word, each in KINDS.items())


@register.filter
def letter(place: int) -> str:
    """The letter of a choice, from its place counted from 0."""
    return ascii_uppercase[place] if 0 <= place < len(ascii_uppercase) else str(place + 1)


@register.filter
def answer_text(answer: JSON) -> str:
    """An answer as text: texts as they are, everything else as JSON, none as an empty text."""
    if answer is None:
        return ""
    return answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
