"""The OpenID Connect provider that people may log in by, where the operator has named one."""

import os
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from webapp.environment import one_of

PROVIDER = "oidc"
"""The provider's name in addresses: there is one at most."""
NEWCOMERS = ("refused", "none", "curator")
"""What becomes of somebody without an account: nobody, an account without a role, a curator."""
APPS = (
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
)
MIDDLEWARE = "allauth.account.middleware.AccountMiddleware"
LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class SingleSignOn:
    """A provider: the address it is found at, what we are called there, what people are told it is called, and what
    becomes of newcomers. `origin` is where browsers are sent."""

    issuer: str
    client: str
    secret: str
    label: str
    newcomers: str

    @property
    def origin(self) -> str:
        """Scheme and host of the provider."""
        parts = urlsplit(self.issuer)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def providers(self) -> dict[str, Any]:
        """What django-allauth is told."""
        app = {
            "provider_id": PROVIDER,
            "name": self.label,
            "client_id": self.client,
            "secret": self.secret,
            "settings": {"server_url": self.issuer.rstrip("/")},
        }
        return {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}


def single_sign_on() -> SingleSignOn | None:
    """The provider that OIDC_ISSUER names, None where it names none. Raises ImproperlyConfigured with one sentence."""
    issuer = os.environ.get("OIDC_ISSUER", "").strip()
    if not issuer:
        return None
    parts = urlsplit(issuer)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    if not is_safe or not parts.hostname or parts.username:
        raise ImproperlyConfigured("OIDC_ISSUER: expected an address such as https://login.example.org/realms/ours.")
    client, secret = os.environ.get("OIDC_CLIENT_ID", ""), os.environ.get("OIDC_CLIENT_SECRET", "")
    if not client or not secret:
        raise ImproperlyConfigured("OIDC_ISSUER is set; expected OIDC_CLIENT_ID and OIDC_CLIENT_SECRET beside it.")
    label = os.environ.get("OIDC_NAME", "").strip() or "single sign-on"
    return SingleSignOn(issuer, client, secret, label, one_of("OIDC_NEWCOMERS", NEWCOMERS))
