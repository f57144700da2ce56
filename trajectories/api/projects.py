"""Projects and who works in them: making one, putting it away, and roles."""

from typing import Annotated, Any, Literal

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest
from ninja import Schema
from ninja.responses import Status
from pydantic import Field

from trajectories.adapters.acting import acting_project
from trajectories.api.auth import asking
from trajectories.api.doors import door
from trajectories.api.faults import ApiProblem
from trajectories.api.managing import keep_admins_apart, keep_superusers_apart
from trajectories.api.runs import fault_of
from trajectories.api.shapes import Body, Cursor, IdempotencyKey, Key, Limit, Rows, Word, once, rows_of
from trajectories.core.faults import Fault
from trajectories.core.records import JSON
from trajectories.forms.projects import MemberForm, ProjectForm, ProjectTitleForm
from trajectories.models import ApiToken, Project
from trajectories.selectors.paging import page_by_id
from trajectories.selectors.projects import Member, list_members, list_projects
from trajectories.services.installation.roles import ROLES
from trajectories.services.projects.making import make_project, rename_project, set_archived
from trajectories.services.projects.members import set_role

CHANGE = "trajectories.change_project"
MANAGE = "trajectories.manage_project"
SCOPE = ApiToken.Scope.MANAGE


class ProjectShown(Schema):
    """A project. Commands know it by its `name`; nobody works in one that is archived."""

    id: int
    name: str
    title: str
    created_at: str
    archived_at: str | None


class NewProject(Body):
    """A project to make."""

    title: Annotated[Word, Field(min_length=1)]
    name: Annotated[Word, Field(min_length=1, max_length=40, description="Small letters, digits and -.")]


class NewTitle(Body):
    """What a project is called from now on."""

    title: Annotated[Word, Field(min_length=1)]


class MemberRow(Schema):
    """Somebody who works in a project, and as what. Superusers, who work everywhere, are not listed."""

    user: int
    username: str
    role: str


class Members(Schema):
    """Who works in a project, by name."""

    items: list[MemberRow]


class NewRole(Body):
    """Who works in a project as what from now on; an empty role is for no more."""

    username: Annotated[Word, Field(min_length=1, max_length=150)]
    role: Annotated[Word, Field(description="A role of GET /roles but that of admins, or empty.")]


class RoleRow(Schema):
    """A role, and the permissions that it gives."""

    name: str
    permissions: list[str]


class Roles(Schema):
    """Every role, from the one that looks on to the one that does most."""

    items: list[RoleRow]


@door("GET", "/roles", MANAGE, scope=SCOPE, answers=Roles, tag="projects")
def list_roles(request: HttpRequest) -> Any:  # noqa: ARG001
    """What there is to be in a project."""
    return {"items": [{"name": name, "permissions": sorted(codenames)} for name, codenames in ROLES.items()]}


@door("GET", "/projects", CHANGE, scope=SCOPE, answers=Rows[ProjectShown])
def list_all_projects(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Any:  # noqa: ARG001
    """All projects, in order of making."""
    return rows_of(page_by_id(list_projects(), size=limit, after=cursor, newest_first=False), _shown)


def _shown(project: Project) -> dict[str, JSON]:
    return {
        **{name: getattr(project, name) for name in ("id", "name", "title")},
        "created_at": project.created_at.isoformat(),
        "archived_at": project.archived_at.isoformat() if project.archived_at else None,
    }


def _find(project_id: int) -> Project:
    found = Project.objects.filter(pk=project_id).first()
    if found is None:
        raise Http404(f"There is no project {project_id}.")
    return found


@door("POST", "/projects", CHANGE, scope=SCOPE, answers=ProjectShown, status=201)
def create_project(request: HttpRequest, given: NewProject, idempotency_key: IdempotencyKey = None) -> Status[Any]:
    """Make a project with its own tables. This token goes on acting in its own."""

    def make() -> dict[str, JSON]:
        form = ProjectForm(given.model_dump())
        if not form.is_valid():
            raise fault_of(form)
        made = make_project(actor=asking(request), **form.cleaned_data)
        return _shown(_find(made.pk))

    return once(request, idempotency_key, given, make)


@door("POST", "/projects/{project_id}/title", CHANGE, scope=SCOPE, answers=ProjectShown)
def rename_one_project(request: HttpRequest, project_id: Key, given: NewTitle) -> Any:
    """Call a project something else; its name stays."""
    project, form = _find(project_id), ProjectTitleForm(given.model_dump())
    if not form.is_valid():
        raise fault_of(form)
    rename_project(actor=asking(request), project=project, title=form.cleaned_data["title"])
    return _shown(_find(project_id))


@door("POST", "/projects/{project_id}/{verb}", CHANGE, scope=SCOPE, answers=ProjectShown)
def archive_project(request: HttpRequest, project_id: Key, verb: Literal["archive", "fetch"]) -> Any:
    """Put a project away, so that nobody works in it and nothing in it goes on, or fetch it back. Nothing is deleted.
    The first project is not put away."""
    set_archived(actor=asking(request), project=_find(project_id), is_archived=verb == "archive")
    return _shown(_find(project_id))


@door("GET", "/projects/{project_id}/members", MANAGE, scope=SCOPE, answers=Members)
def list_project_members(request: HttpRequest, project_id: Key) -> Any:
    """Who works in a project. Superusers ask about every project, others about the token's own."""
    return _members(_managed(request, project_id))


def _members(project: Project) -> dict[str, JSON]:
    return {"items": [_member(each) for each in list_members(project, list(ROLES))]}


def _member(member: Member) -> dict[str, JSON]:
    return {"user": member.user.pk, "username": member.user.username, "role": member.role}


def _managed(request: HttpRequest, project_id: int) -> Project:
    """The project whose people somebody may change. Raises Http404 for any other."""
    if not asking(request).is_superuser and project_id != acting_project():
        raise Http404(f"There is no project {project_id} that you look after.")
    return _find(project_id)


@door("POST", "/projects/{project_id}/members", MANAGE, scope=SCOPE, answers=Members)
def set_project_member(request: HttpRequest, project_id: Key, given: NewRole) -> Any:
    """Let somebody work in a project, as something else, or no more. The role of admins is neither given nor taken by a
    token, and your own is not changed."""
    project = _managed(request, project_id)
    keep_admins_apart(given.role)
    form = MemberForm({"username": given.username, "role": given.role or next(iter(ROLES))})
    if not form.is_valid():
        raise fault_of(form)
    user = User.objects.filter(username=form.cleaned_data["username"], is_active=True).first()
    now = {each.user.pk: each.role for each in list_members(project, list(ROLES))}
    if user is None or (not given.role and user.pk not in now):
        who = "open account" if given.role else "member"
        raise Fault(f"Found no {who} called {given.username!r}, expected the name of one.", field="username")
    if user.pk == asking(request).pk:
        raise ApiProblem(403, "Found yourself; another admin has to do this.")
    keep_superusers_apart(user)
    keep_admins_apart(now.get(user.pk, ""))
    set_role(actor=asking(request), project=project, user=user, role=given.role)
    return _members(project)
