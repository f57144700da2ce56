"""What people who annotate decide, by the word of a choice."""

from trajectories.core.curation.reviews import Decision
from trajectories.core.records import JSON

DECISIONS = {
    **dict.fromkeys(
        ("accept", "accepted", "approve", "approved", "good", "correct", "right", "yes", "pass", "keep", "valid"),
        Decision.ACCEPT,
    ),
    **dict.fromkeys(
        ("reject", "rejected", "bad", "incorrect", "wrong", "no", "fail", "discard", "drop", "invalid"),
        Decision.REJECT,
    ),
}


def decision_of(value: JSON) -> Decision | None:
    """What a choice decides; of several choices the one decision among them."""
    if isinstance(value, list):
        found = {decision for one in value if isinstance(one, str) and (decision := decision_of(one))}
        return found.pop() if len(found) == 1 else None
    return DECISIONS.get(value.strip().lower()) if isinstance(value, str) else None
