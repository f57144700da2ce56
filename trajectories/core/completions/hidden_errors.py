"""Errors that come as if they were answers: with status 200, inside a choice, as the status of a response.

Seen at gateways whose upstream fails after they have begun to answer (SWE-agent/mini-swe-agent#902,
robocurve/inspect-robots#448, UKGovernmentBEIS/inspect_ai#1536), and at engines that die in the middle of a stream. Each
is treated as the same error with its own status would be.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

BROKEN = 502
STATUS_OF = {
    "rate_limit_exceeded": 429,
    "rate_limit_error": 429,
    "too_many_requests": 429,
    "insufficient_quota": 429,
    "overloaded_error": 529,
    "api_error": 500,
    "server_error": 500,
    "internal_server_error": 500,
    "timeout": 504,
    "authentication_error": 401,
    "invalid_api_key": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "model_not_found": 404,
    "context_length_exceeded": 400,
    "invalid_request_error": 400,
    "invalid_prompt": 400,
    "request_too_large": 413,
}
"""The status that goes with an error's word; an unknown word is a broken server."""

MINIMAX_STATUS = {1001: 504, 1002: 429, 1004: 401, 1008: 402, 1013: 500, 1039: 429, 2013: 400}
"""The status that goes with MiniMax's number of an error; an unknown number is a broken server."""

BROKEN_OFF = (
    *("error", "abort", "aborted", "cancelled", "canceled"),
    "insufficient_system_resource",  # DeepSeek
    "network_error",  # Z.ai
    *("malformed_function_call", "malformed_response", "unexpected_tool_call", "too_many_tool_calls"),  # Gemini
    "missing_thought_signature",  # Gemini
)
"""Reasons to finish, in lower case, that mean that the text was not finished."""

FILTERED = ("error_toxic",)
"""Cohere's word for a text that was filtered, which is no error."""
_TROUBLE = re.compile(r"error|fail|abort|cancel|interrupt|time_?d?_?out|disconnect|unavailable|overload|preempt")
"""What stands in the reasons of other gateways for the same: "internal_error", "timeout", "interrupted"."""

FAILED = ("failed", "error", "cancelled", "canceled", "aborted")
"""Statuses of a chat completion, at gateways that give it one, that mean that it is no answer."""
READABLE = ("completed", "incomplete", "")
"""Statuses of a Responses answer that has an answer to read; one without a status has."""

BARE_WORDS = ("message", "detail", "error_msg", "error_message", "errorMessage", "msg", "errors")
"""Where an object that is no answer says what went wrong, at gateways that name no `error`."""


MAX_WORDS = 500
"""Characters of an error's own words that are repeated."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer with an error status, as far as its text was read."""

    status: int
    headers: Mapping[str, str]
    text: str


class HiddenError(ValueError):
    """An answer that is an error; `refusal` is what it would have been with an error's status."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.text)
        self.refusal = refusal


def check_whole(body: Mapping[str, Any]) -> None:
    """Raise HiddenError where the answer, or one event of a streamed one, is an error."""
    error = body.get("error")
    if error:
        raise HiddenError(_refusal(error))
    if body.get("type") in ("error", "response.error"):
        raise HiddenError(_refusal({name: body.get(name) for name in ("message", "code")}))
    if body.get("object") == "response" and (body.get("status") or "") not in READABLE:
        raise HiddenError(_refusal({"message": f"The response ended as {body['status']}."}))
    if isinstance(body.get("status"), str) and body["status"].lower() in FAILED and "choices" in body:
        raise HiddenError(_refusal({"message": f"The answer ended as {body['status']}."}))
    stated = body.get("base_resp")  # MiniMax
    if isinstance(stated, Mapping) and type(code := stated.get("status_code")) is int and code:
        raise HiddenError(_refusal({"message": stated.get("status_msg"), "code": MINIMAX_STATUS.get(code, BROKEN)}))


def check_bare(body: Mapping[str, Any]) -> None:
    """Raise HiddenError where an object that is no answer is an error that is not called one: {"detail": ...}."""
    said = next((body[name] for name in BARE_WORDS if body.get(name)), None)
    if said is None:
        return
    first = said[0] if isinstance(said, list) else said
    error = dict(first) if isinstance(first, Mapping) else {"message": first}
    named = {name: body[name] for name in ("code", "status", "status_code", "type") if body.get(name)}
    raise HiddenError(_refusal({**named, **error}))


def check_choice(choice: Mapping[str, Any]) -> None:
    """Raise HiddenError where a choice is an error, or half a text that one has cut off."""
    if choice.get("error"):
        raise HiddenError(_refusal(choice["error"]))
    reason = choice.get("finish_reason")
    if is_broken_off(reason):
        raise broken_off(f"The answer was broken off (finish_reason {reason}).")


def check_ended(body: Mapping[str, Any]) -> None:
    """Raise HiddenError where a choice says with null that its text has not ended. One that says nothing of it has."""
    choices = body.get("choices")
    for choice in choices if isinstance(choices, list) else []:
        if isinstance(choice, Mapping) and choice.get("finish_reason", "none") in (None, ""):
            raise broken_off("The answer was broken off (finish_reason null).")


def is_broken_off(reason: Any) -> bool:
    """Whether a reason to finish means that the text was not finished."""
    word = reason.lower() if isinstance(reason, str) else ""
    return word in BROKEN_OFF or (word not in FILTERED and _TROUBLE.search(word) is not None)


def broken_off(message: str) -> HiddenError:
    """The error of an answer that was broken off or never begun."""
    return HiddenError(_refusal({"message": message}))


def error_words(error: Any) -> str:
    """What an error says of itself, with its code, in one line; an empty text where it says nothing.

    Endpoints put the words into `message`, `detail` or `errorMessage`, alone or in an `error` inside the error.
    """
    if isinstance(error, Mapping):
        inner = error.get("error")
        if isinstance(inner, Mapping) or (inner and isinstance(inner, str) and not error.get("message")):
            return error_words(inner)
        said = next((error[name] for name in ("message", "detail", "errorMessage") if error.get(name)), None)
        code = next((error[name] for name in ("code", "errorCode", "type") if error.get(name)), None)
        # Google has the number in `code` and the word in `status`.
        code = error["status"] if isinstance(error.get("status"), str) and not isinstance(code, str) else code
        text = " ".join(str(part) for part in (said, code and f"[{code}]") if part)
    else:
        text = str(error or "")
    return " ".join(text.split())[:MAX_WORDS]


def _refusal(error: Any) -> Refusal:
    return Refusal(_status(error), {}, json.dumps({"error": error}, ensure_ascii=False))


def _status(error: Any) -> int:
    """The status an error names as its code, or that goes with its word."""
    if not isinstance(error, Mapping):
        return BROKEN
    for name in ("code", "status", "status_code", "type"):
        value = error.get(name)
        if isinstance(value, str) and value.isdigit():
            value = int(value)
        if type(value) is int and 400 <= value < 600:
            return value
        if isinstance(value, str) and value.lower() in STATUS_OF:
            return STATUS_OF[value.lower()]
    return BROKEN
