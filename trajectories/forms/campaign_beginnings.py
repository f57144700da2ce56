"""What the form of a campaign begins with: a template, or an earlier campaign, with what is asked for otherwise."""

from collections.abc import Mapping
from typing import Any

from trajectories.core.campaigns.templates import EMBEDDED_ARC, Template
from trajectories.forms.campaign_templates import template_values
from trajectories.forms.campaigns import CampaignForm, values_of
from trajectories.forms.plain import as_sent
from trajectories.models import Campaign
from trajectories.services.endpoints.samplers import ensure_symbolic

WITHOUT: Mapping[str, dict[str, Any]] = {"memory": {"memory": None}, "curriculum": {"curriculum": False}}
"""What a clone may leave out, to measure what it brings: nothing else differs, so the seed stays."""


def beginning_of(
    *, template: Template = EMBEDDED_ARC, like: Campaign | None = None, without: str = ""
) -> dict[str, Any]:
    """The values of the form by its fields: those of an earlier campaign, else those of a template."""
    begin = {"sampler": ensure_symbolic().pk}
    if like is None:
        return begin | template_values(template)
    values = begin | values_of(like)
    left_out = WITHOUT.get(without)
    if left_out is None:
        return values
    # Both stand in the list of campaigns, and beside one another on their pages.
    longest = Campaign._meta.get_field("title").max_length
    return values | left_out | {"seed": like.seed, "title": f"{like.title}, without {without}"[:longest]}


def filled_form(begin: Mapping[str, Any], changes: Mapping[str, Any], *, like: Campaign | None = None) -> CampaignForm:
    """The form as the page would send it: as it begins, but for what is changed."""
    form = CampaignForm(initial=dict(begin))
    values = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    return CampaignForm(as_sent(values | dict(changes)), cloned_from=like)
