"""What a password must be."""

from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

WORDS = {
    "password_too_common": "Found a password that many people use, expected another.",
    "password_too_similar": "Found a password that is like the name, expected another.",
}


def password_fault(password: str, person: User) -> str:
    """Why a password is too weak for an account, in one sentence; "" where it is not."""
    try:
        validate_password(password, person)
    except ValidationError as fault:
        first = fault.error_list[0]
        if first.code == "password_too_short":
            least = (first.params or {}).get("min_length", 0)
            return f"Found {len(password)} characters, expected {least} or more."
        return WORDS.get(first.code or "", " ".join(first.messages))
    return ""
