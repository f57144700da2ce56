"""The roles, and groups of them by what they may."""

ROLES = ("nobody", "viewer", "curator", "engineer", "lead", "admin")
"""Somebody with an account and no role, and the roles. A superuser may do everything."""

SUPERUSERS: tuple[str, ...] = ()
ADMINS = ("admin",)
LEADS = ("lead", *ADMINS)
REVIEWERS = ("curator", *LEADS)
RELEASERS = ("engineer", *LEADS)
WRITERS = ("curator", *RELEASERS)
SIGHTED = ("viewer", *RELEASERS)
WITH_ROLE = ("viewer", *WRITERS)
EVERYBODY = ROLES
ANYBODY = ("anonymous", *ROLES)
"""Without an account too: what asks for more sees to it itself, by a signature, a token or a secret."""
