"""Daily limits of spending: setting one, and lifting it."""

from typing import Annotated, Any

from django.http import Http404, HttpRequest
from ninja import Schema
from pydantic import Field

from trajectories.api.account import LimitShown, show_limit
from trajectories.api.auth import asking
from trajectories.api.doors import door
from trajectories.api.shapes import Body, Key, OneOf, Word
from trajectories.core.faults import Fault
from trajectories.core.selections import GREATEST_ID
from trajectories.forms.spending import SpendLimitForm, ceilings_for
from trajectories.models import ApiToken, SpendLimit
from trajectories.selectors.spending import list_standings
from trajectories.services.spending.limits import MOST, lift_limit, set_limit

SET = ("trajectories.view_spendday", "trajectories.change_spendlimit")
SCOPE = ApiToken.Scope.MANAGE


class NewLimit(Body):
    """How much money a day (UTC) may take, of what. `scope` is all jobs (`all`), those of a sampler in every version
    (`sampler`, by its name) or of a person (`person`, by id); `ceiling`, of the whole project, and `together`, of all
    projects, are set by superusers alone."""

    scope: Annotated[str, OneOf(SpendLimit.Scope.values)]
    amount: Annotated[float, Field(ge=0, le=float(MOST))]
    sampler_name: Word = ""
    person: Annotated[int, Field(ge=0, le=GREATEST_ID)] = 0


class Lift(Body):
    """Whether the limit that is lifted is that of all projects together, which has ids of its own."""

    of_all_projects: bool = False


class Limits(Schema):
    """Every limit as it stands today."""

    items: list[LimitShown]


@door("POST", "/spending/limits", *SET, scope=SCOPE, answers=Limits)
def set_spend_limit(request: HttpRequest, given: NewLimit) -> Any:
    """Set how much a day may take, in place of the limit of the same scope. Jobs that waited go on where they fit."""
    keys = {"sampler": given.sampler_name, "person": str(given.person or "")}
    for scope, name in (("sampler", "sampler_name"), ("person", "person")):
        if (given.scope == scope) != bool(keys[scope]):
            expected = "whose limit it is" if given.scope == scope else f"none: it is no limit of a {scope}"
            raise Fault(f"Found {keys[scope][:80] or 'nothing'}, expected {expected}.", field=name)
    subject = f"{given.scope}:{keys[given.scope]}" if given.scope in keys else given.scope
    form = SpendLimitForm({"subject": subject, "amount": given.amount}, ceilings=ceilings_for(asking(request)))
    if not form.is_valid():
        name, errors = next(iter(form.errors.items()))
        field = {"sampler": "sampler_name", "person": "person"}.get(given.scope, "scope")
        field = name if name != "subject" else field
        raise Fault(f"{field}: {errors[0]}", field=field)
    set_limit(actor=asking(request), **form.limited())
    return _limits()


def _limits() -> dict[str, Any]:
    return {"items": [show_limit(each) for each in list_standings()]}


@door("POST", "/spending/limits/{limit_id}/lift", *SET, scope=SCOPE, answers=Limits)
def lift_spend_limit(request: HttpRequest, limit_id: Key, given: Lift) -> Any:
    """Take a limit away. 403 for a ceiling, unless a superuser asks."""
    known = [(each.limit.pk, each.limit.is_together) for each in list_standings()]
    if (limit_id, given.of_all_projects) not in known:
        raise Http404(f"There is no limit {limit_id}.")
    lift_limit(actor=asking(request), limit_id=limit_id, of_all_projects=given.of_all_projects)
    return _limits()
