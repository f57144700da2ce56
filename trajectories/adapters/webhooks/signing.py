"""Signatures of messages, as the Standard Webhooks specification has them."""

from collections.abc import Iterable
from datetime import UTC, datetime

from standardwebhooks import Webhook


def signed_headers(message_id: str, body: str, *, at: datetime, secrets: Iterable[str]) -> dict[str, str]:
    """The headers of a message that is sent at this time, signed with each of the secrets ("whsec_…")."""
    # The library takes the wall clock of whatever zone a time is in for that of UTC.
    moment = at.astimezone(UTC)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(message_id, moment, body) for secret in secrets),
    }
