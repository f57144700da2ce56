"""How people come in, and what they work on, in the administration."""

from django.contrib import admin

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


@admin.register(Project)
class ProjectAdmin(ReadOnlyAdmin):
    holds_reviews = False
    list_display = ("id", "name", "title", "created_at", "archived_at")


@admin.register(Membership)
class MembershipAdmin(ReadOnlyAdmin):
    holds_reviews = False
    list_display = ("id", "project", "user", "role", "created_at")
    list_select_related = ("project", "user")
