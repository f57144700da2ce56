"""Reading a language model's reply that has to be one JSON object and nothing else; nothing is ever guessed at."""

from collections.abc import Mapping

from trajectories.core.problems import ProblemError
from trajectories.core.problems.documents import parse_json_text
from trajectories.core.records import JSON


class ReplyError(ValueError):
    """A reply that is not what was asked for; the message says what was found and what was expected."""


def read_object(text: str, *shapes: set[str]) -> Mapping[str, JSON]:
    """The object that is the whole reply, with the keys of one of the shapes; a code fence around all of it does not
    count. Raises ReplyError."""
    whole = text.strip()
    if whole.startswith("```") and whole.endswith("```") and whole.count("```") == 2:
        whole = whole.removesuffix("```").partition("\n")[2].strip()
    try:
        value = parse_json_text(whole)
    except ProblemError as fault:
        raise ReplyError(f"The answer is no JSON object: {fault}.") from fault
    if not isinstance(value, dict) or set(value) not in shapes:
        found = ", ".join(sorted(value))[:80] if isinstance(value, dict) else type(value).__name__
        expected = ", or ".join(" and ".join(sorted(keys)) for keys in shapes)
        raise ReplyError(f"Found {found or 'no keys'}, expected an object with exactly {expected}.")
    return value
