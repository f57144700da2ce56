"""Projects: going from one to another, making one, and who works in it."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from trajectories.adapters.acting import CHOSEN, acting_in, acting_project
from trajectories.core.faults import Fault
from trajectories.forms.projects import ROLE_CHOICES, MemberForm, ProjectForm, ProjectTitleForm
from trajectories.models import Project, Sampler
from trajectories.selectors.projects import choices_of, list_members, list_projects, project_for
from trajectories.selectors.samplers import origin_of
from trajectories.services.installation.roles import ROLES
from trajectories.services.projects.making import make_project, rename_project, set_archived
from trajectories.services.projects.members import set_role
from trajectories.services.projects.sharing import copy_sampler, renew_sampler
from trajectories.views.paging import posted_key
from trajectories.views.permissions import needs, require
from trajectories.views.visitors import visitor

change_projects = needs("trajectories.change_project")
add_samplers = needs("trajectories.add_sampler")
manage_project = needs("trajectories.manage_project")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@change_projects
def project_list(request: HttpRequest) -> HttpResponse:
    """All projects; a POST makes one."""
    form = ProjectForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            project = make_project(actor=visitor(request), **form.cleaned_data)
        except Fault as fault:
            form.add_fault(fault)
        else:
            messages.success(request, f"The project “{project.title}” is made.")
            return redirect("project_detail", project.pk)
    context = {"projects": list_projects(), "form": form, "here": acting_project()}
    return render(request, "trajectories/projects/list.html", context, status=422 if form.is_bound else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@manage_project
def project_detail(request: HttpRequest, project_id: int) -> HttpResponse:
    """Who works in a project; a POST lets somebody in, or as something else.

    Superusers look after every project, others after the one that they act in.
    """
    project = _managed(request, project_id)
    form = MemberForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        username, role = form.cleaned_data["username"], form.cleaned_data["role"]
        user = User.objects.filter(username=username, is_active=True).first()
        if user is None:
            form.add_error("username", f"Found no open account called {username!r}, expected the name of one.")
        else:
            set_role(actor=visitor(request), project=project, user=user, role=role)
            messages.success(request, f"{user.username} works in “{project.title}” as {role} now.")
            return redirect("project_detail", project.pk)
    return _detail(request, project, form)


def _detail(request: HttpRequest, project: Project, form: MemberForm) -> HttpResponse:
    context: dict[str, Any] = {
        "project": project,
        "members": list_members(project, list(ROLES)),
        "roles": ROLE_CHOICES,
        "form": form,
        "title_form": ProjectTitleForm(initial={"title": project.title}),
    }
    return render(request, "trajectories/projects/detail.html", context, status=422 if form.is_bound else 200)


@require_POST
@manage_project
def project_member(request: HttpRequest, project_id: int, user_id: int) -> HttpResponse:
    """Let somebody who works in a project do so as another `role`, or no more (an empty one)."""
    project = _managed(request, project_id)
    user = next((each.user for each in list_members(project, list(ROLES)) if each.user.pk == user_id), None)
    if user is None:
        raise Http404("Nobody who works in this project.")
    role = request.POST.get("role", "")
    if user.pk == visitor(request).pk and not user.is_superuser:
        messages.error(request, "Found yourself; another admin has to do this.")
        return redirect("project_detail", project.pk)
    try:
        set_role(actor=visitor(request), project=project, user=user, role=role)
    except Fault as fault:
        messages.error(request, str(fault))
    else:
        what = f"works in “{project.title}” as {role} now" if role else f"works in “{project.title}” no more"
        messages.success(request, f"{user.username} {what}.")
    return redirect("project_detail", project.pk)


@require_POST
@change_projects
def project_change(request: HttpRequest, project_id: int) -> HttpResponse:
    """Call a project something else (`do=rename`), put it away (`archive`) or fetch it back (`fetch`)."""
    project, actor = get_object_or_404(Project, pk=project_id), visitor(request)
    do, form = request.POST.get("do", ""), ProjectTitleForm(request.POST)
    try:
        if do == "rename":
            if not form.is_valid():
                raise Fault(f"Title: {form.errors['title'][0]}")
            rename_project(actor=actor, project=project, title=form.cleaned_data["title"])
        elif do in ("archive", "fetch"):
            set_archived(actor=actor, project=project, is_archived=do == "archive")
        else:
            raise Fault(f"Found do={do[:20]!r}, expected rename, archive or fetch.")
    except Fault as fault:
        messages.error(request, str(fault))
    else:
        words = {"rename": "has its new title", "archive": "is archived", "fetch": "is fetched back"}
        messages.success(request, f"The project “{project.title}” {words[do]}.")
    return redirect("project_list")


@require_POST
def project_switch(request: HttpRequest) -> HttpResponse:
    """Work in another project of the visitor's from now on, beginning at its home page.

    Pages of the project before that are still open in other windows send nothing any more: the same number is another
    row here.
    """
    number = posted_key(request, "project")
    project = None if number is None else project_for(visitor(request), number)
    if project is None or not _is_choice(request, project):
        messages.error(request, "Found no open project of yours under that number.")
        return redirect("home")
    request.session[CHOSEN] = project.pk
    rotate_token(request)
    return redirect("home")


@require_POST
@add_samplers
def sampler_copy(request: HttpRequest, sampler_id: int) -> HttpResponse:
    """Have the same language model in another project, in which the visitor may add samplers too."""
    sampler, person = get_object_or_404(Sampler, pk=sampler_id), visitor(request)
    number = posted_key(request, "project")
    chosen = next((each for each in choices_of(person) if each.pk == number), None)
    try:
        if chosen is None or chosen.pk == acting_project():
            raise Fault("Found no other project of yours under that number.")
        with acting_in(chosen.pk):
            require(person, "trajectories.add_sampler")
        copied = copy_sampler(actor=person, sampler=sampler, project=chosen)
    except Fault as fault:
        messages.error(request, str(fault))
    else:
        messages.success(request, f"“{chosen.title}” has it as version {copied.version} of {copied.name} now.")
    return redirect("sampler_detail", sampler.pk)


@require_POST
@add_samplers
def sampler_renew(request: HttpRequest, sampler_id: int) -> HttpResponse:
    """Take over the newest version of what a sampler was copied from, by whoever may add samplers there too."""
    sampler, person = get_object_or_404(Sampler, pk=sampler_id), visitor(request)
    origin = origin_of(sampler, choices_of(person))
    if origin is None:
        raise Http404("No copy of something in a project of yours.")
    with acting_in(origin.project.pk):
        require(person, "trajectories.add_sampler")
    try:
        renewed = renew_sampler(actor=person, sampler=sampler, origin=origin.project)
    except Fault as fault:
        messages.error(request, str(fault))
        return redirect("sampler_detail", sampler.pk)
    messages.success(request, f"Version {renewed.version} is what “{origin.project.title}” has.")
    return redirect("sampler_detail", renewed.pk)


def _is_choice(request: HttpRequest, project: Project) -> bool:
    """Whether a person has a role in the project: in the first one nobody is a member by a row."""
    person = visitor(request)
    return not project.is_first or person.is_superuser or person.groups.exists() or person.user_permissions.exists()


def _managed(request: HttpRequest, project_id: int) -> Project:
    """The project whose people the visitor may change. Raises Http404 for any other."""
    if not visitor(request).is_superuser and project_id != acting_project():
        raise Http404("No project that you look after.")
    return get_object_or_404(Project, pk=project_id)
