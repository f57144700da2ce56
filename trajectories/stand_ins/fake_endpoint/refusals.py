"""Refusing what a model does not take, in the words of the endpoints that were seen to do so."""

from collections.abc import Callable, Mapping
from typing import Any

from trajectories.stand_ins.fake_endpoint.pictures import pictures_in

THOUGHTS = ("reasoning_content", "reasoning", "reasoning_details")


def refusal_of(body: Mapping[str, Any], takes: tuple[str, ...]) -> str:
    """Why a request is not taken, by words of behaviour.TAKES; empty where it is."""
    if not {"pictures", "blind"} & set(takes) and any(pictures_in(message) for message in _said(body)):
        return "Invalid content type. image_url is only supported by certain models."
    return next((words for word in takes if word in CHECKS and (words := CHECKS[word](body))), "")


def _temperature_1(body: Mapping[str, Any]) -> str:
    given = body.get("temperature", 1)
    words = f"'temperature' does not support {given} with this model. Only the default (1) value is supported."
    return "" if given == 1 else f"Unsupported value: {words}"


def _parameter(name: str, instead: str = "") -> Callable[[Mapping[str, Any]], str]:
    """Refuses one parameter."""
    advice = f" Use '{instead}' instead." if instead else ""
    words = f"Unsupported parameter: '{name}' is not supported with this model.{advice}"
    return lambda body: words if body.get(name) not in (None, False) else ""


def _effort(body: Mapping[str, Any]) -> str:
    return _parameter("reasoning_effort")(body) or _parameter("reasoning")(body)


def _logprobs(body: Mapping[str, Any]) -> str:
    asked = body.get("logprobs") or "message.output_text.logprobs" in body.get("include", ())
    return "Unsupported parameter: 'logprobs' is not supported with reasoning models." if asked else ""


def _role(name: str) -> Callable[[Mapping[str, Any]], str]:
    """Refuses messages of one role."""
    words = f"Unsupported value: 'messages[0].role' does not support '{name}' with this model."
    return lambda body: words if any(message.get("role") == name for message in _said(body)) else ""


def _wants_thoughts(body: Mapping[str, Any]) -> str:
    """As DeepSeek V4: each message that calls a tool has its thoughts; with Responses, each call follows an item of
    reasoning."""
    said = _said(body)
    bare = any(message.get("tool_calls") and not _thoughts_in(message) for message in said)
    called = any(item.get("type") == "function_call" for item in said)
    bare = bare or (called and not any(item.get("type") == "reasoning" for item in said))
    return "The reasoning_content in the thinking mode must be passed back to the API." if bare else ""


def _refuses_thoughts(body: Mapping[str, Any]) -> str:
    """As DeepSeek R1."""
    named = next((name for message in _said(body) for name in _thoughts_in(message)), "")
    named = named or next(("reasoning item" for item in _said(body) if item.get("type") == "reasoning"), "")
    return f"The {named} of earlier turns must not be part of the input messages." if named else ""


def _thoughts_in(message: Mapping[str, Any]) -> list[str]:
    return [name for name in THOUGHTS if message.get(name)]


def _said(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [message for message in body.get("messages") or body.get("input") or () if isinstance(message, dict)]


CHECKS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "temperature_1": _temperature_1,
    "no_temperature": _parameter("temperature"),
    "long_limit": _parameter("max_tokens", "max_completion_tokens"),
    "short_limit": _parameter("max_completion_tokens", "max_tokens"),
    "no_effort": _effort,
    "developer": _role("system"),
    "system": _role("developer"),
    "thoughts_back": _wants_thoughts,
    "no_thoughts_back": _refuses_thoughts,
    "no_seed": _parameter("seed"),
    "no_logprobs": _logprobs,
}
