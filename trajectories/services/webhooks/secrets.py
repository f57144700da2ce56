"""The secrets that messages are signed with. They are stored nowhere: a dump of the database signs nothing."""

import base64
import secrets
from datetime import datetime

from django.utils.crypto import salted_hmac

from trajectories.core.identity import text_hash
from trajectories.models import Webhook

PREFIX = "whsec_"
FINGERPRINT_CHARACTERS = 16


def new_salt() -> str:
    """What a new secret is derived from, besides SECRET_KEY."""
    return secrets.token_hex(16)


def secret_of(salt: str) -> str:
    """The secret of a salt, as the specification writes 32 bytes."""
    derived = salted_hmac("trajectories.webhooks", salt, algorithm="sha256").digest()
    return PREFIX + base64.b64encode(derived).decode()


def fingerprint_of(secret: str) -> str:
    """Tells whether two secrets are the same, without telling them."""
    return text_hash(secret)[:FINGERPRINT_CHARACTERS]


def secrets_of(webhook: Webhook, *, now: datetime) -> list[str]:
    """What a message is signed with now: the secret, and the one before as long as it holds. None where SECRET_KEY is
    not the one that the secret was shown under: receivers would refuse the signature."""
    newest = secret_of(webhook.salt)
    if fingerprint_of(newest) != webhook.fingerprint:
        return []
    holds = webhook.old_until is not None and webhook.old_until > now
    return [newest, secret_of(webhook.old_salt)] if holds else [newest]
