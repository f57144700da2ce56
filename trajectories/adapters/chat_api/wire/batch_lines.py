"""The lines of the files that a batch of calls goes out in and comes back in."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trajectories.adapters.chat_api.wire.faults import CallError, malformed_fault, redact, status_fault
from trajectories.adapters.chat_api.wire.settings import CHAT_COMPLETIONS, RESPONSES, ChatSettings
from trajectories.core.completions.hidden_errors import STATUS_OF, HiddenError, Refusal, error_words
from trajectories.core.completions.replies import Reply, ReplyError, cut_at_limit, read_reply
from trajectories.core.records import JSON

ENDPOINTS = {CHAT_COMPLETIONS: "/v1/chat/completions", RESPONSES: "/v1/responses"}
"""What a line is asked of, whatever the path of the sampler's own address."""

UNANSWERED = "unanswered"
"""The kind of failure of a request that the provider gave back without an answer, or not at all."""


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """The answer to one request of a batch, or why it has none. `custom_id` is the name that it was sent with."""

    custom_id: str
    outcome: Reply | CallError


def request_line(settings: ChatSettings, custom_id: str, body: Mapping[str, Any]) -> dict[str, JSON]:
    """One request as a batch has it."""
    return {"custom_id": custom_id, "method": "POST", "url": ENDPOINTS[settings.api], "body": dict(body)}


def read_line(line: bytes, settings: ChatSettings, key: str, sent: Mapping[str, Any]) -> AnswerLine | None:
    """What a line of an output or error file says; None for one that names no request. `sent` has the options that
    every request was sent with, `key` is cut out of whatever repeats it."""
    text = line.decode("utf-8", errors="replace")
    text = text.replace(key, redact(key, key)) if key else text
    try:
        row = json.loads(text)
    except (RecursionError, ValueError):
        return None
    if not isinstance(row, dict) or not isinstance(row.get("custom_id"), str):
        return None
    return AnswerLine(row["custom_id"], _outcome(row, settings, key, sent))


def _outcome(row: Mapping[str, Any], settings: ChatSettings, key: str, sent: Mapping[str, Any]) -> Reply | CallError:
    response, error = row.get("response"), row.get("error")
    if not isinstance(response, dict) or not response:
        return _given_back(error, settings, key, sent)
    status, body = response.get("status_code"), response.get("body")
    if isinstance(status, int) and status >= 300:
        return status_fault(Refusal(status, {}, json.dumps(body)), settings, key, sent)
    if error:
        return _given_back(error, settings, key, sent)
    raw = json.dumps(body, ensure_ascii=False)
    try:
        return cut_at_limit(read_reply(raw, just_came=True), settings.max_output_tokens)
    except HiddenError as fault:
        return status_fault(fault.refusal, settings, key, sent)
    except (RecursionError, ValueError) as fault:
        what = str(fault) if isinstance(fault, ReplyError) else "not what the protocol says"
        return malformed_fault(what, raw, key)


def _given_back(error: Any, settings: ChatSettings, key: str, sent: Mapping[str, Any]) -> CallError:
    """A request that got no answer; one whose error has a known word is as if it had been called live."""
    code = error.get("code") if isinstance(error, dict) else None
    if isinstance(code, str) and code in STATUS_OF:
        return status_fault(Refusal(STATUS_OF[code], {}, json.dumps({"error": error})), settings, key, sent)
    said = redact(error_words({"error": error}) if error else "", key)
    message = "The provider's batch ended without an answer to this request."
    if code == "batch_expired":
        message = "The provider's batch expired before this request was answered."
    elif code == "batch_cancelled":
        message = "The provider's batch was cancelled before this request was answered."
    return CallError(UNANSWERED, message, retryable=True, detail=said)
