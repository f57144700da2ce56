"""What can go wrong with a call, said in one plain sentence, with what to do about it. Keys never appear, and what the
endpoint itself said is kept apart: a sampler's address may be anybody's, and what answers there is for admins."""

import json
import re
import socket
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any

from trajectories.adapters.chat_api.wire.options import name_refusal
from trajectories.adapters.chat_api.wire.settings import ChatSettings
from trajectories.adapters.endpoints import AccessError
from trajectories.core.completions.hidden_errors import MAX_WORDS, Refusal, error_words

SECRETS = re.compile(
    r"(?i)\b(?:authorization|x-api-key|api[-_]key)[\"']?\s*[:=]\s*[\"']?(?:(?:bearer|basic)\s+)?\S+"
    r"|\bbearer\s+\S+|\b(?:sk|gsk|hf|xai)[-_][A-Za-z0-9_*.-]{6,}"
)
HIDDEN = "[hidden]"
RETRIED = (408, 409, 425)
CONTEXT_WORDS = ("context_length", "context length", "maximum context", "context size", "too many tokens", "too long")
FILTER_WORDS = ("content_filter", "content_policy", "content management policy")
TOOL_WORDS = ("tool", "function call")
CONNECTION_FAULTS: tuple[tuple[type[Exception], str], ...] = (
    (socket.gaierror, "the name is not known"),
    (ssl.SSLCertVerificationError, "its certificate is not one for this address that can be trusted"),
    (ssl.SSLError, "it does not speak TLS as expected"),
    (ConnectionRefusedError, "nothing listens there"),
)
QUOTA_WORDS = ("insufficient_quota", "exceeded your current quota", "insufficient credits")


class CallError(Exception):
    """A call that brought no answer.

    `retryable`: the same call may succeed later. `stops`: no other call can succeed either. `shrinks`: the endpoint has
    too much to do. `retry_after`: seconds it asks to be left alone. `message` is for everybody; `detail` is what the
    endpoint or the network said, for admins only. `remedy` names the change of settings (options.REMEDIES) after which
    the model takes the call, "" where none is known.
    """

    def __init__(  # noqa: PLR0913 (what callers decide by, each with its default)
        self,
        kind: str,
        message: str,
        *,
        retryable: bool = False,
        stops: bool = False,
        retry_after: float | None = None,
        detail: str = "",
        remedy: str = "",
    ) -> None:
        super().__init__(message)
        self.kind, self.message, self.retryable, self.stops = kind, message, retryable, stops
        self.retry_after, self.detail, self.remedy = retry_after, detail, remedy

    @property
    def shrinks(self) -> bool:
        """Only being asked too often says that fewer calls at once would help."""
        return self.kind == "rate_limited"


def redact(text: str, key: str) -> str:
    """The text without the key and without anything that looks like one."""
    return SECRETS.sub(HIDDEN, text.replace(key, HIDDEN) if key else text)


def refused_access(fault: AccessError) -> CallError:
    """A call that the settings do not allow: no other of this sampler is allowed either."""
    return CallError(fault.kind, fault.message, stops=True, detail=fault.detail)


def status_fault(error: Refusal, settings: ChatSettings, key: str, body: Mapping[str, Any]) -> CallError:
    """What an answer with an error status means for the call whose `body` was sent."""
    status, detail = error.status, redact(_detail(error), key)
    words = detail.lower()
    if status == 429 or status >= 500 or status in RETRIED:
        return _passing(error, status, words, detail)
    if status in (400, 413, 422) and any(word in words for word in CONTEXT_WORDS):
        return CallError("context", f"The prompt is longer than the model takes ({status}).", detail=detail)
    if status == 400 and any(word in words for word in FILTER_WORDS):
        return CallError("filtered", f"The endpoint's content filter refused the prompt ({status}).", detail=detail)
    if status in (400, 422) and (refused := name_refusal(words, status, body, settings)) is not None:
        return CallError("option", refused.message, stops=True, detail=detail, remedy=refused.remedy)
    if "tools" in body and status in (400, 404, 422) and any(word in words for word in TOOL_WORDS):
        message = f"The endpoint does not take tools for this model ({status}), and an agent needs one."
        return CallError("no_tools", message, stops=True, detail=detail)
    kind, message = _lasting(status, settings.model)
    return CallError(kind, message, stops=True, detail=detail)


def _lasting(status: int, model: str) -> tuple[str, str]:
    """(kind, sentence) for a status that every other call would see too."""
    if 300 <= status < 400:
        return (
            "redirect",
            f"The endpoint sends calls elsewhere ({status}), which are not followed.",
        )
    return {
        401: ("unauthorised", "The endpoint does not accept the key (401)."),
        402: ("payment", "The endpoint wants to be paid first (402)."),
        403: ("forbidden", "The key may not use this model or endpoint (403)."),
        404: ("not_found", f"The endpoint does not know the model {model!r} or the address (404)."),
    }.get(status, ("bad_request", f"The endpoint does not accept the request ({status})."))


def _passing(error: Refusal, status: int, words: str, detail: str) -> CallError:
    """Statuses that later calls may not see."""
    if status == 429 and any(word in words for word in QUOTA_WORDS):
        return CallError("quota", "The account's quota at the endpoint is used up (429).", stops=True, detail=detail)
    seconds = retry_after_seconds(error.headers, time.time())
    kind, message = "server", f"The endpoint failed ({status})."
    if status == 429:
        kind, message = "rate_limited", "The endpoint was asked too often (429)."
    return CallError(kind, message, retryable=True, retry_after=seconds, detail=detail)


def _detail(error: Refusal) -> str:
    """The endpoint's own words, with its code; what is no JSON as it is."""
    try:
        body: Any = json.loads(error.text)
    except (ValueError, RecursionError):
        body = error.text
    return error_words(body)


def retry_after_seconds(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds from `Retry-After` (seconds or a date) or `retry-after-ms`; None where absent or unreadable."""
    try:
        if "retry-after-ms" in headers:
            return max(0.0, float(headers["retry-after-ms"]) / 1000)
        given = headers.get("retry-after", "").strip()
        if not given:
            return None
        if given.replace(".", "", 1).isdigit():
            return float(given)
        return max(0.0, parsedate_to_datetime(given).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return None


def connection_fault(error: Exception, base_url: str, key: str) -> CallError:
    """A call that met no endpoint, or lost it."""
    causes = list(_causes(error))
    said = " ".join(str(causes[1] if len(causes) > 1 else error).split())[:MAX_WORDS]
    message = f"No answer from {base_url}: {_connection_words(causes)}."
    return CallError("connection", message, retryable=True, detail=redact(said, key))


def broken_off_fault() -> CallError:
    """A stream that ended in the middle of its answer, as a cut connection does."""
    return CallError("connection", "The stream ended before the answer did: no finish reason came.", retryable=True)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The fault and what led to it, the first cause last; also what a pool of connections cuts off (`from None`)."""
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__ or found.__context__


def _connection_words(causes: Sequence[BaseException]) -> str:
    """What happened, without anything that came over the connection."""
    for kind, words in CONNECTION_FAULTS:
        if any(isinstance(cause, kind) for cause in causes):
            return words
    names = {type(cause).__name__ for cause in causes}
    if "ProxyError" in names:
        return "the proxy refuses the call"
    if "ConnectError" in names:
        return "no connection comes about"
    if "RemoteProtocolError" in names and not any("without sending" in str(cause) for cause in causes):
        return "it broke off, or what came is not HTTP"
    return "it closed the connection"


def malformed_fault(what: str, text: str, key: str) -> CallError:
    """An answer that is not what the protocol says; `what` is it in words of our own."""
    start = redact(" ".join(text[:MAX_WORDS].split()), key)
    return CallError("malformed", f"The answer is {what}.", detail=start)
