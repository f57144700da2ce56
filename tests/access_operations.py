"""Who may do what by the API: the loop, releases and the installation. Together with tests.access.OPERATIONS these are
all operations."""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.access_roles import ADMINS, LEADS, RELEASERS, SIGHTED, SUPERUSERS, WITH_ROLE
from tests.api.programs import described

LOOP: dict[str, tuple[str, ...]] = {
    "attach_trained_sampler": LEADS,
    "estimate_campaign": LEADS,
    "get_campaign_figure": SIGHTED,
    "get_mind": WITH_ROLE,
    "launch_campaign": LEADS,
    "launch_training": LEADS,
    "list_all_minds": WITH_ROLE,
    "list_campaign_templates": SIGHTED,
    "list_memory": WITH_ROLE,
    "list_trainers": SIGHTED,
    "list_training_curves": SIGHTED,
    "put_memory": LEADS,
    "resume_generation_within": LEADS,
    "set_whole_campaign_budget": LEADS,
}

OF_RELEASES: dict[str, tuple[str, ...]] = {
    "find_removed_traces": SIGHTED,
    "get_delivery": SIGHTED,
    "get_package_link": RELEASERS,
    "get_replay": WITH_ROLE,
    "get_replayed_pair": WITH_ROLE,
    "launch_without_memory": LEADS,
    "list_freezing_removals": SIGHTED,
    "list_hubs": RELEASERS,
    "pin_export": RELEASERS,
    "pin_package": RELEASERS,
    "preview_rule": SIGHTED,
    "push_release": RELEASERS,
    "record_replay": WITH_ROLE,
    "request_package": RELEASERS,
    "store_release_rule": RELEASERS,
}

INSTALLATION: dict[str, tuple[str, ...]] = {
    "archive_project": SUPERUSERS,
    "change_one_webhook": LEADS,
    "create_project": SUPERUSERS,
    "create_webhook": LEADS,
    "get_webhook": LEADS,
    "invite_person": SUPERUSERS,
    "lift_spend_limit": ADMINS,
    "list_all_people": SUPERUSERS,
    "list_all_projects": SUPERUSERS,
    "list_all_webhooks": LEADS,
    "list_open_invitations": SUPERUSERS,
    "list_project_members": ADMINS,
    "list_roles": ADMINS,
    "list_webhook_messages": LEADS,
    "rename_one_project": SUPERUSERS,
    "renew_webhook_secret": LEADS,
    "revoke_one_invitation": SUPERUSERS,
    "send_message_again": LEADS,
    "set_project_member": ADMINS,
    "set_spend_limit": ADMINS,
    "steer_person": SUPERUSERS,
    "steer_webhook": LEADS,
}

PARAMETERS = (
    *("problem", "run", "trace", "queue", "item", "release", "export", "job", "import", "freezing", "rule"),
    *("sampler", "instruction", "campaign", "training", "token", "mind", "generation", "delivery"),
    *("webhook", "webhook_message", "user", "invitation", "project", "limit"),
)

WORDS = {"verb": "pause", "kind": "run", "name": "pass", "number": "0"}
"""What stands in addresses for a word."""


def operations(rows: Mapping[str, int] | None = None) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """(name, method, path of one of the `rows` by parameter or of nothing, what it is described as) of every
    operation."""
    for path, methods in described()["paths"].items():
        for method, told in methods.items():
            address = path.removeprefix("/api/v1")
            for name, word in WORDS.items():
                address = address.replace(f"{{{name}}}", word)
            for name in PARAMETERS:
                address = address.replace(f"{{{name}_id}}", str((rows or {}).get(name, 999_999)))
            yield told["operationId"], method, address, told
