"""The secrets that messages are signed with. They are stored nowhere: a dump of the database signs nothing."""

import base64
import secrets
from datetime import datetime

from django.utils.crypto import salted_hmac

from trajectories.core.identity import text_hash
from trajectories.models import Webhook

PREFIX = "whsec_"
FINGERPRINT_CHARACTERS = 16
SALT_CHARACTERS = 32


def new_salt(seed: str = "") -> str:
    """What a new secret is derived from, besides SECRET_KEY; the same for the same seed, if there is one."""
    if not seed:
        return secrets.token_hex(16)
    return salted_hmac("trajectories.webhooks.salt", seed, algorithm="sha256").hexdigest()[:SALT_CHARACTERS]


def secret_of(salt: str) -> str:
    """The secret of a salt, as the specification writes 32 bytes."""
    derived = salted_hmac("trajectories.webhooks", salt, algorithm="sha256").digest()
    return PREFIX + base64.b64encode(derived).decode()


def fingerprint_of(secret: str) -> str:
    """Tells whether two secrets are the same, without telling them."""
    return text_hash(secret)[:FINGERPRINT_CHARACTERS]


def secrets_of(webhook: Webhook, *, now: datetime) -> list[str]:
    """What a message is signed with now: the secret, and those before as long as they hold, newest first. None where
    SECRET_KEY is not the one that the secret was shown under: receivers would refuse the signature."""
    newest = secret_of(webhook.salt)
    if fingerprint_of(newest) != webhook.fingerprint:
        return []
    return [newest, *(secret_of(each["salt"]) for each in reversed(still_signing(webhook, now=now)))]


def still_signing(webhook: Webhook, *, now: datetime) -> list[dict[str, str]]:
    """The earlier salts whose secrets still sign, oldest first."""
    return [each for each in webhook.earlier_salts if datetime.fromisoformat(each["until"]) > now]
