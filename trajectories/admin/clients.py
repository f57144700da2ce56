"""Tables of programs that act for people: their tokens, which an administrator can revoke, and remembered answers."""

from typing import Any, cast

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest

from trajectories.admin.base import ReadOnlyAdmin
from trajectories.models import ApiAnswer, ApiToken
from trajectories.services.clients.tokens import revoke_token


@admin.action(description="Revoke the chosen tokens")
def revoke(table: ReadOnlyAdmin, request: HttpRequest, tokens: QuerySet[Any]) -> None:
    """Let tokens work no more."""
    actor = cast(User, request.user)
    count = sum(revoke_token(actor=actor, token=token) for token in tokens)
    table.message_user(request, f"{count} token{' is' if count == 1 else 's are'} revoked.")


revoke.needs = ("trajectories.change_apitoken",)  # type: ignore[attr-defined]


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    holds_reviews = False
    list_display = ("title", "start", "owner", "scopes", "last_used_at", "expires_at", "revoked_at")
    list_select_related = ("owner",)
    exclude = ("digest",)
    search_fields = ("owner__username__exact", "start__exact")
    search_help_text = "The whole name of a person, how a token begins, or an id."
    actions = (revoke,)

    def is_offered(self, action: str, row: Any) -> bool:
        """Only what works can be revoked."""
        return action != "revoke" or row.revoked_at is None


@admin.register(ApiAnswer)
class ApiAnswerAdmin(ReadOnlyAdmin):
    list_display = ("digest", "status", "created_at")
    ordering = ("-created_at",)
    exclude = ("body",)
