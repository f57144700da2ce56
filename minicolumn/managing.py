"""What a client does for an installation: webhooks, people, projects and limits, by the scope `manage`."""

from collections.abc import Iterator
from typing import Any

from minicolumn.connection import Row
from minicolumn.looping import LoopingClient


class ManagingClient(LoopingClient):
    """The part of minicolumn.Client that looks after an installation."""

    def webhooks(self) -> Iterator[Row]:
        """Every webhook, newest first."""
        return self._pages("/webhooks", {})

    def add_webhook(self, title: str, address: str, *, key: str | None = None, **wanted: Any) -> Row:
        """Have an address told what happens; `wanted` is events. The `secret` in the answer is told this once."""
        return self._make("/webhooks", {"title": title, "address": address, **wanted}, key)

    def renew_secret(self, webhook_id: int, *, key: str | None = None) -> Row:
        """Make a new secret of a webhook, which the answer tells this once."""
        return self._make(f"/webhooks/{webhook_id}/secret", {}, key)

    def steer_webhook(self, webhook_id: int, verb: str) -> Row:
        """`pause` a webhook, `resume` it, send it a `test`, or `remove` it."""
        return self._ask("POST", f"/webhooks/{webhook_id}/{verb}")

    def webhook_messages(self, webhook_id: int, **filters: Any) -> Iterator[Row]:
        """What a webhook was sent, newest first, with what came of each try; the filter is state."""
        return self._pages(f"/webhooks/{webhook_id}/messages", filters)

    def send_again(self, message_id: int) -> Row:
        """Send a message once more."""
        return self._ask("POST", f"/webhooks/messages/{message_id}/again")

    def people(self) -> Iterator[Row]:
        """Everybody with an account."""
        return self._pages("/people", {})

    def steer_person(self, user_id: int, verb: str) -> Row:
        """`close` an account, `open` it again, or log it out everywhere (`end`)."""
        return self._ask("POST", f"/people/{user_id}/{verb}")

    def invite(self, role: str, *, key: str | None = None, **wanted: Any) -> Row:
        """Invite somebody; `wanted` is days, note, project. The `link` in the answer is told this once."""
        return self._make("/invitations", {"role": role, **wanted}, key)

    def projects(self) -> Iterator[Row]:
        """Every project."""
        return self._pages("/projects", {})

    def add_project(self, title: str, name: str, *, key: str | None = None) -> Row:
        """Make a project."""
        return self._make("/projects", {"title": title, "name": name}, key)

    def members(self, project_id: int) -> list[Row]:
        """Who works in a project, and as what."""
        return list(self._ask("GET", f"/projects/{project_id}/members")["items"])

    def set_member(self, project_id: int, username: str, role: str) -> list[Row]:
        """Let somebody work in a project as a role says, or no more (""); who works there then."""
        body = {"username": username, "role": role}
        return list(self._ask("POST", f"/projects/{project_id}/members", json=body)["items"])

    def set_limit(self, scope: str, amount: float, **of: Any) -> list[Row]:
        """Set how much money a day may take; `of` is sampler_name or person. Every limit as it stands then."""
        return list(self._ask("POST", "/spending/limits", json={"scope": scope, "amount": amount, **of})["items"])
