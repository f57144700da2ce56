"""People: who there is, invitations, one's own account."""

from django.contrib import messages
from django.contrib.auth import login, update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from trajectories.adapters.acting import FIRST
from trajectories.core.faults import Fault
from trajectories.forms.accounts import AcceptForm, AddressForm, InviteForm, PasswordForm
from trajectories.models import Invitation, Project
from trajectories.selectors.people import list_invitations, list_people, list_sign_ins
from trajectories.selectors.projects import open_projects
from trajectories.services.installation.roles import ROLES
from trajectories.services.people.addresses import may_set_address, set_address
from trajectories.services.people.invitations import accept_invitation, invite, open_invitation, revoke_invitation
from trajectories.services.people.sign_ins import end_sign_ins, note_sign_in, set_standing
from trajectories.services.projects.members import set_role
from trajectories.views.permissions import needs
from trajectories.views.visitors import visitor

manage_people = needs("auth.change_user")
BACKEND = "django.contrib.auth.backends.ModelBackend"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@manage_people
def people_list(request: HttpRequest) -> HttpResponse:
    """Everybody and the open invitations. A POST makes one and shows its link, which nobody sees again."""
    form, link = InviteForm(request.POST if request.method == "POST" else None), ""
    if form.is_valid():
        try:
            _, token = invite(actor=visitor(request), **form.cleaned_data)
            link = request.build_absolute_uri(reverse("invitation_accept", args=[token]))
            form = InviteForm()
        except Fault as fault:
            form.add_fault(fault)
    context = {"people": list_people(), "invitations": list_invitations(), "form": form, "link": link}
    # Of several projects each has its own page for who works in it.
    context["roles"] = list(ROLES) if len(open_projects()) == 1 else []
    return render(request, "trajectories/people/list.html", context, status=422 if form.is_bound else 200)


@require_POST
@manage_people
def invitation_revoke(request: HttpRequest, invitation_id: int) -> HttpResponse:
    """Have an invitation open nothing any more."""
    invitation = get_object_or_404(Invitation, pk=invitation_id)
    if revoke_invitation(actor=visitor(request), invitation=invitation):
        messages.success(request, "The invitation is revoked.")
    else:
        messages.info(request, "This invitation was over already.")
    return redirect("people_list")


@require_POST
@manage_people
def person_change(request: HttpRequest, user_id: int) -> HttpResponse:
    """Close an account (`do=close`), open it again (`open`), log it out everywhere (`end`), or give it another `role`
    (`role`), which is that in the first project."""
    person, actor = get_object_or_404(User, pk=user_id), visitor(request)
    do = request.POST.get("do", "")
    try:
        if do == "end":
            count = end_sign_ins(actor=actor, user=person, but=request.session.session_key or "")
            said = f"{person.username} is logged out, {count} session{'' if count == 1 else 's'} ended."
        elif do in ("close", "open"):
            set_standing(actor=actor, person=person, is_active=do == "open")
            said = f"The account of {person.username} is {'open again' if do == 'open' else 'closed'}."
        elif do == "role":
            said = _set_role(actor, person, request.POST.get("role", ""))
        else:
            raise Fault(f"Found do={do[:20]!r}, expected close, open, end or role.")
    except Fault as fault:
        messages.error(request, str(fault))
    else:
        messages.success(request, said)
    return redirect("people_list")


def _set_role(actor: User, person: User, role: str) -> str:
    """Give somebody a role, and say so. Raises Fault for oneself, and for superusers, who may everything as it is."""
    if person.pk == actor.pk or person.is_superuser:
        found = "yourself" if person.pk == actor.pk else f"{person.username}, a superuser"
        raise Fault(f"Found {found}; expected somebody whose role can be changed here.")
    set_role(actor=actor, project=Project.objects.get(pk=FIRST), user=person, role=role)
    return f"{person.username} is {role} now." if role else f"{person.username} has no role now."


@never_cache
@login_not_required
@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "HEAD", "POST"])
def invitation_accept(request: HttpRequest, secret: str) -> HttpResponse:
    """Make the account that a link invites to, and log in with it."""
    try:
        invitation = open_invitation(secret)
    except Fault as fault:
        return render(request, "trajectories/people/accept.html", {"trouble": str(fault)}, status=404)
    form = AcceptForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            data = form.cleaned_data
            person = accept_invitation(token=secret, username=data["username"], password=data["password"])
        except Fault as fault:
            form.add_fault(fault)
        else:
            login(request, person, backend=BACKEND)
            return redirect("home")
    context = {"invitation": invitation, "form": form}
    return render(request, "trajectories/people/accept.html", context, status=422 if form.is_bound else 200)


@never_cache
@sensitive_post_parameters("old", "new", "again")
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """One's own account: a new password (POST) or e-mail address (`do=address`), and where one is logged in."""
    person, is_address = visitor(request), request.POST.get("do") == "address"
    address_form = AddressForm(request.POST if is_address else None, initial={"email": person.email})
    if is_address and address_form.is_valid():
        try:
            set_address(person=person, address=address_form.cleaned_data["email"])
        except Fault as fault:
            address_form.add_fault(fault)
        else:
            messages.success(request, "Your e-mail address is changed.")
            return redirect("account")
    form = PasswordForm(request.POST if request.method == "POST" and not is_address else None, person=person)
    if form.is_valid():
        person.set_password(form.cleaned_data["new"])
        person.save(update_fields=["password"])
        update_session_auth_hash(request, person)
        key = request.session.session_key or ""
        note_sign_in(user=person, session_key=key, browser=request.META.get("HTTP_USER_AGENT", ""))
        end_sign_ins(actor=person, user=person, but=key)
        messages.success(request, "Your password is changed. You are logged out everywhere else.")
        return redirect("account")
    rows = [(row, row.session_key == request.session.session_key) for row in list_sign_ins(person)]
    context = {
        "form": form,
        "address_form": address_form if may_set_address() or address_form.errors else None,
        "sign_ins": rows,
        "others": len(rows) - sum(is_here for _, is_here in rows),
    }
    is_refused = form.is_bound or address_form.is_bound
    return render(request, "trajectories/people/account.html", context, status=422 if is_refused else 200)


@require_POST
def sign_in_end(request: HttpRequest, sign_in_id: int | None = None) -> HttpResponse:
    """Log out elsewhere: at one of one's own sign-ins, or at all but this one."""
    person, ids = visitor(request), None if sign_in_id is None else [sign_in_id]
    count = end_sign_ins(actor=person, user=person, ids=ids, but=request.session.session_key or "")
    messages.success(request, f"{count} session{'' if count == 1 else 's'} ended.")
    return redirect("account")
