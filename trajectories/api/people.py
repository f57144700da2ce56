"""People: who there is, closing and opening accounts, and invitations."""

from typing import Annotated, Any, Literal

from django.http import Http404, HttpRequest
from django.urls import reverse
from ninja import Schema
from ninja.responses import Status
from pydantic import Field

from trajectories.adapters.acting import FIRST
from trajectories.api.auth import asking
from trajectories.api.doors import door
from trajectories.api.managing import keep_admins_apart, keep_superusers_apart
from trajectories.api.runs import fault_of
from trajectories.api.shapes import Body, Cursor, IdempotencyKey, Key, Limit, RowId, Rows, Word, once, rows_of
from trajectories.core.faults import Fault
from trajectories.core.records import JSON
from trajectories.forms.accounts import InviteForm
from trajectories.models import ApiToken, Invitation
from trajectories.selectors.paging import page_by_id
from trajectories.selectors.people import Person, find_person, list_invitations, page_people
from trajectories.services.people.invitations import LONGEST_DAYS, invite, revoke_invitation
from trajectories.services.people.sign_ins import end_sign_ins, set_standing

MANAGE = "auth.change_user"
SCOPE = ApiToken.Scope.MANAGE


class PersonShown(Schema):
    """An account with its roles: those in the first project, then those in others. `sign_ins` is where it is logged in;
    one that is not `is_open` logs in nowhere."""

    id: int
    username: str
    email: str
    roles: list[str]
    is_superuser: bool
    is_open: bool
    sign_ins: int


class InvitationRow(Schema):
    """An invitation that can still be used. Its link is told to nobody any more."""

    id: int
    role: str
    project: int
    note: str
    created_by: str
    created_at: str
    expires_at: str


class InvitationMade(InvitationRow):
    """A new invitation. `link` makes one account, once; it is told this once, and is null where the same request is
    sent again: revoke the invitation then, and make another."""

    link: str | None


class InvitationRevoked(Schema):
    """Whether an invitation was still open before it was revoked."""

    id: int
    was_open: bool


class NewInvitation(Body):
    """Whom to invite: a role in a project (0 for the first one), and for how many days the link is good."""

    role: Annotated[Word, Field(description="A role of GET /roles but that of admins.")]
    days: Annotated[int, Field(ge=1, le=LONGEST_DAYS)] = 7
    note: Annotated[Word, Field(description="For whom it is; only for the list.")] = ""
    project: RowId = FIRST


@door("GET", "/people", MANAGE, scope=SCOPE, answers=Rows[PersonShown])
def list_all_people(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Any:  # noqa: ARG001
    """Everybody with an account, in order of their coming."""
    return rows_of(page_people(size=limit, after=cursor), _shown)


def _shown(person: Person) -> dict[str, JSON]:
    user = person.user
    return {
        **{name: getattr(user, name) for name in ("id", "username", "email", "is_superuser")},
        "roles": list[JSON](person.roles),
        "is_open": user.is_active,
        "sign_ins": person.sign_ins,
    }


def _find(user_id: int) -> Person:
    found = find_person(user_id)
    if found is None:
        raise Http404(f"There is no account {user_id}.")
    return found


@door("POST", "/people/{user_id}/{verb}", MANAGE, scope=SCOPE, answers=PersonShown)
def steer_person(request: HttpRequest, user_id: Key, verb: Literal["close", "open", "end"]) -> Any:
    """Close an account, open it again, or log it out everywhere (`end`). A superuser's account, and your own, are not
    closed by a token."""
    person, actor = _find(user_id).user, asking(request)
    keep_superusers_apart(person)
    if verb == "end":
        end_sign_ins(actor=actor, user=person)
    else:
        set_standing(actor=actor, person=person, is_active=verb == "open")
    return _shown(_find(user_id))


@door("GET", "/invitations", MANAGE, scope=SCOPE, answers=Rows[InvitationRow], tag="people")
def list_open_invitations(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Any:  # noqa: ARG001
    """Invitations that can still be used, newest first."""
    return rows_of(page_by_id(list_invitations(), size=limit, before=cursor), _invitation)


def _invitation(row: Invitation) -> dict[str, JSON]:
    times = {name: getattr(row, name).isoformat() for name in ("created_at", "expires_at")}
    same = {name: getattr(row, name) for name in ("id", "role", "note")}
    return {**same, **times, "project": row.project_id, "created_by": row.created_by.username}


@door("POST", "/invitations", MANAGE, scope=SCOPE, answers=InvitationMade, status=201, tag="people")
def invite_person(request: HttpRequest, given: NewInvitation, idempotency_key: IdempotencyKey = None) -> Status[Any]:
    """Make a link by which one person makes themselves an account of a role. An admin is not invited by a token."""
    keep_admins_apart(given.role)
    tokens: list[str] = []

    def make() -> dict[str, JSON]:
        form = InviteForm(given.model_dump())
        if not form.is_valid():
            raise fault_of(form)
        if given.project != FIRST and "project" not in form.fields:
            raise Fault(f"Found {given.project}, expected {FIRST}: there is one project.", field="project")
        made, token = invite(actor=asking(request), **form.cleaned_data)
        tokens.append(token)
        return _invitation(made)

    answer = once(request, idempotency_key, given, make)
    # The answer that is kept for the key has no link in it: of that only a digest is stored.
    link = request.build_absolute_uri(reverse("invitation_accept", args=tokens)) if tokens else None
    return Status(answer.status_code, {**answer.value, "link": link})


@door("POST", "/invitations/{invitation_id}/revoke", MANAGE, scope=SCOPE, answers=InvitationRevoked, tag="people")
def revoke_one_invitation(request: HttpRequest, invitation_id: Key) -> Any:
    """Have an invitation open nothing any more."""
    found = Invitation.objects.filter(pk=invitation_id).first()
    if found is None:
        raise Http404(f"There is no invitation {invitation_id}.")
    return {"id": found.pk, "was_open": revoke_invitation(actor=asking(request), invitation=found)}
