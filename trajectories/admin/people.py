"""How people come in, and what they work on, in the administration."""

from django.contrib import admin
from django.http import HttpRequest

from trajectories.admin.base import ReadOnlyAdmin
from trajectories.models import Invitation, Membership, Project, SignIn


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    holds_reviews = False
    list_display = ("id", "role", "note", "created_by", "expires_at", "used_by", "revoked_at")
    list_select_related = ("created_by", "used_by")
    exclude = ("digest",)


@admin.register(SignIn)
class SignInAdmin(ReadOnlyAdmin):
    holds_reviews = False
    list_display = ("id", "user", "browser", "started_at")
    list_select_related = ("user",)
    exclude = ("session_key",)


class OfProjectsAdmin(ReadOnlyAdmin):
    """Not in the list of tables where there is one project: nobody has to know of projects there."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return super().has_module_permission(request) and Project.objects.count() > 1


@admin.register(Project)
class ProjectAdmin(OfProjectsAdmin):
    holds_reviews = False
    list_display = ("id", "name", "title", "created_at", "archived_at")


@admin.register(Membership)
class MembershipAdmin(OfProjectsAdmin):
    holds_reviews = False
    list_display = ("id", "project", "user", "role", "created_at")
    list_select_related = ("project", "user")
