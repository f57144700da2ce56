"""Roles: the groups a person can be put in, and what each may do."""

from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.db import transaction

from trajectories.models import JOB_KINDS

CONCEPTS = (
    *("problemset", "problem", "sampler", "instruction", "run", "attempt", "trace", "verdict", "review", "repair"),
    *("thread", "queue", "release", "releaseitem", "export", "reverification", "rubric", "judgejob"),
    *("releaserule", "releasetag", "removal", "tombstone", "delivery", "tracetag", "training"),
    *("scorer", "scoring"),
    *("campaign", "generation"),
    *("brief", "generationjob", "generationcall", "problemcandidate", "candidateanswer", "candidatereview"),
)
BLIND_CONCEPTS = (
    "release",
    "releaseitem",
    "releaserule",
    "releasetag",
    "removal",
    "tombstone",
    "export",
    "delivery",
    "training",
    "scorer",
    "scoring",
    "campaign",
    "generation",
)
"""What is made of everybody's decisions: nothing for who reviews without knowing those of others."""

VIEW = [f"view_{name}" for name in CONCEPTS]
JOB_PERMISSIONS = sorted(
    {name.partition(".")[2] for kind in JOB_KINDS.values() for name in (*kind.permissions, *kind.control(kind.model()))}
)
"""What it takes to see and steer jobs of every kind."""

ADMIN = "admin"
"""Who says who works in a project, and does everything else in it. An admin of the installation is a superuser, who is
asked for no permission."""

ROLES: dict[str, list[str]] = {
    "viewer": [*VIEW, "see_reviews"],
    "curator": [
        *(f"view_{name}" for name in CONCEPTS if name not in BLIND_CONCEPTS),
        "add_review",
        "add_repair",
        "add_comparison",
        "add_thread",
        "add_tracetag",
        "review_problemcandidate",
    ],
    "engineer": [
        *VIEW,
        *("add_thread", "add_tracetag", "see_reviews", "add_release", "add_export", "download_export", "add_delivery"),
    ],
    "lead": [
        *VIEW,
        "add_review",
        "add_repair",
        "add_comparison",
        "view_comparison",
        "add_thread",
        "add_tracetag",
        "delete_tracetag",
        "see_reviews",
        "add_queue",
        "control_queue",
        "see_quality",
        "view_adjudication",
        "add_adjudication",
        "view_reviewvoid",
        "add_reviewvoid",
        "add_problemset",
        "add_problem",
        "add_trace",
        "view_import",
        "add_sampler",
        "add_instruction",
        "add_run",
        "control_run",
        "add_reverification",
        "add_rubric",
        "add_judgejob",
        "control_judgejob",
        "add_brief",
        "add_generationjob",
        "control_generationjob",
        "review_problemcandidate",
        "add_release",
        "add_tombstone",
        "add_export",
        "download_export",
        "add_delivery",
        "add_webhook",
        "view_spendday",
        *JOB_PERMISSIONS,
    ],
}
"""Codenames of permissions by group, from those that look on to those that do most."""
ROLES[ADMIN] = sorted(
    {*(name for names in ROLES.values() for name in names), "manage_project", "change_spendlimit"},
)


def roles_with(codename: str) -> list[str]:
    """The roles that have a permission, in alphabetical order; admins have them all, and are not named."""
    return sorted(role for role, codenames in ROLES.items() if codename in codenames and role != ADMIN)


def why_missing(permission: str) -> str:
    """One sentence for who lacks a permission, given as "trajectories.add_run": what it is called, and which roles have
    it."""
    app, _, codename = permission.partition(".")
    names = Permission.objects.filter(content_type__app_label=app, codename=codename).values_list("name", flat=True)
    what = f"This needs the permission “{names.first() or codename}” ({permission})"
    roles = roles_with(codename)
    if not roles:
        return f"{what}, which only administrators have."
    listed = f"role {roles[0]}" if len(roles) == 1 else f"roles {', '.join(roles[:-1])} and {roles[-1]}"
    return f"{what}, which the {listed} {'has' if len(roles) == 1 else 'have'}."


@transaction.atomic
def sync_roles() -> None:
    """Make each group and give it exactly the permissions of its role."""
    create_permissions(apps.get_app_config("trajectories"), verbosity=0)
    for name, codenames in ROLES.items():
        group, _ = Group.objects.get_or_create(name=name)
        permissions = Permission.objects.filter(content_type__app_label="trajectories", codename__in=codenames)
        group.permissions.set(permissions)
