"""Options that some models refuse: which one an endpoint's refusal names, and which setting of the sampler mends it.

Seen at OpenAI's reasoning models (no temperature, no max_tokens, the role developer: openlit/openlit#1068), and at
DeepSeek V4, which wants its thoughts back with every tool call where R1 refused them (anomalyco/opencode#25058).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from trajectories.adapters.chat_api.wire.settings import RESPONSES, ChatSettings
from trajectories.core.records import JSON

SHORT, LONG = "max_tokens", "max_completion_tokens"
THOUGHT_FIELDS = ("reasoning_content", "reasoning", "reasoning_details", "thinking", "thinking_blocks")
"""Where a message of Chat Completions has its thoughts, by provider."""

THOUGHT_WORDS = ("reasoning_content", "reasoning content", "reasoning_details", "thinking_blocks", "thinking block",
                 "thought_signature", "thought signature", "thinking mode", "thinking_mode")  # fmt: skip
PICTURE_WORDS = ("image", "picture", "vision", "multimodal", "multi-modal", "mmproj")
LIMITS = (SHORT, LONG, "max_output_tokens")
OPTIONS = ("temperature", "seed", "logprobs", "reasoning_effort", SHORT, LONG)
"""Names that mean the parameter wherever they stand."""

TOO_MUCH = ("too large", "too high", "at most", "maximum value", "exceeds", "less than or equal")
UNFIT = ("unsupported", "not support", "unrecognized", "unrecognised", "unknown", "not allowed", "not permitted",
         "unexpected", "forbidden", "instead")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Remedy:
    """A change of settings that lets a model take what it is sent.

    `found` says what was met, after "The endpoint"; `advice` names the setting as the form does.
    """

    change: Mapping[str, JSON]
    found: str
    advice: str


REMEDIES: Mapping[str, Remedy] = {
    "no_temperature": Remedy(
        {"sends_temperature": False}, "does not take the temperature", 'Switch off "Send a temperature"'
    ),
    "max_completion_tokens": Remedy(
        {"output_limit_field": LONG}, f"does not take {SHORT}", f'Choose {LONG} for "Limit sent as"'
    ),
    "max_tokens": Remedy({"output_limit_field": SHORT}, f"does not take {LONG}", f'Choose {SHORT} for "Limit sent as"'),
    "no_effort": Remedy(
        {"reasoning_effort": ""}, "does not take this reasoning effort", 'Choose another "Reasoning effort" or none'
    ),
    "developer": Remedy(
        {"system_role": "developer"}, "does not take the role system", 'Choose developer for "Role of instructions"'
    ),
    "system": Remedy(
        {"system_role": "system"}, "does not take the role developer", 'Choose system for "Role of instructions"'
    ),
    "no_seed": Remedy({"sends_seed": False}, "does not take a seed", 'Switch off "Send a seed"'),
    "no_logprobs": Remedy(
        {"logprobs": False}, "does not give log-probabilities", 'Switch off "Ask for log-probabilities"'
    ),
    "one_a_call": Remedy({"samples_per_call": 1}, "does not take n", 'Set "Samples a call" to 1'),
    "thoughts_same": Remedy(
        {"thoughts_back": "same"},
        "wants a model's thoughts back in the turns of an agent",
        'Choose "as they came" for "Thoughts in agent turns"',
    ),
    "thoughts_never": Remedy(
        {"thoughts_back": "never"},
        "does not take a model's thoughts back in this field",
        'Choose "never", or another field, for "Thoughts in agent turns"',
    ),
    "continues": Remedy(
        {"continues": "prefix"},
        "goes on with an unfinished message of the model's own",
        'Choose "as they are" for "Unfinished messages"',
    ),
    "continues_final": Remedy(
        {"continues": "final_message"},
        "goes on with an unfinished message of the model's own, by continue_final_message",
        'Choose "by continue_final_message" for "Unfinished messages"',
    ),
    "continues_never": Remedy(
        {"continues": "never"},
        "begins anew where it should go on with an unfinished message",
        'Choose "not gone on with" for "Unfinished messages"',
    ),
    "sees": Remedy({"sees_pictures": True}, "sees pictures", 'Switch on "Sees pictures"'),
    "blind": Remedy({"sees_pictures": False}, "does not take pictures", 'Switch off "Sees pictures"'),
}
"""Remedies by the word that names them."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal understood: the sentence for people, and the word of its remedy, "" where no setting is one."""

    message: str
    remedy: str = ""


def name_refusal(words: str, status: int, body: Mapping[str, Any], settings: ChatSettings) -> Refused | None:
    """What a refusal in the endpoint's lower-case `words` is about, of what was sent; None where they name nothing."""
    if (extra := _extra_named(words, settings)) is not None:
        message = f"The endpoint does not take the extra parameter {extra!r} ({status}). Take it out of the sampler."
        return Refused(message)
    if any(_names(words, name) for name in LIMITS) and any(word in words for word in TOO_MUCH):
        return Refused(f'The endpoint gives fewer tokens an answer than asked for ({status}). Lower "Output".')
    remedy = _thoughts(words, body) or _option(words, body)
    if not remedy:
        return None
    known = REMEDIES[remedy]
    advice = f"{known.advice} in the sampler's settings, then begin again with the new version."
    return Refused(f"The endpoint {known.found} ({status}). {advice}", remedy)


def ignored_temperature(settings: ChatSettings) -> str:
    """Why the temperatures of a plan are not what the model draws with; empty where they are sent."""
    extra = settings.extra_body
    if extra.get("temperature") is not None:
        return f"Every call is sent the temperature {extra['temperature']} of the sampler's extra parameters."
    if "temperature" in extra:
        return "Temperatures are not sent: the sampler's extra parameters remove them."
    return "" if settings.sends_temperature else "Temperatures are not sent: the sampler's switch for them is off."


def _extra_named(words: str, settings: ChatSettings) -> str | None:
    """The extra parameter that the words name as one: in quotes, or after "argument supplied:" and the like. A
    name such as "provider" or "user" stands in many a sentence that is about something else."""
    for name in (name for name, value in settings.extra_body.items() if value is not None):
        plain = re.escape(name.lower())
        if re.search(rf"[`'\"]{plain}[`'\".\[]|(?:supplied|parameters?|arguments?|fields?): {plain}\b", words):
            return name
        if name in OPTIONS and _names(words, name):
            return name
    return None


def _names(words: str, name: str) -> bool:
    """Whether the words have the name as a whole."""
    return re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", words) is not None


def _thoughts(words: str, body: Mapping[str, Any]) -> str:
    """Whether thoughts are wanted, or those sent refused, in a conversation that has called a tool."""
    messages = _messages(body)
    if not any(item.get("tool_calls") or item.get("type") == "function_call" for item in messages):
        return ""
    sent = [name for item in messages for name in THOUGHT_FIELDS if item.get(name) is not None]
    sent += ["reasoning item" for item in messages if item.get("type") == "reasoning"]
    named = any(word in words for word in THOUGHT_WORDS)
    if sent:
        return "thoughts_never" if named or any(_names(words, name) for name in sent) else ""
    return "thoughts_same" if named else ""


def _option(words: str, body: Mapping[str, Any]) -> str:
    """The remedy for the option that the words name, of those sent."""
    roles = {item.get("role") for item in _messages(body)}
    effort = "reasoning_effort" in body or "reasoning" in body
    unfit = any(word in words for word in UNFIT)
    found = (
        ("no_temperature", "temperature" in body and _names(words, "temperature")),
        ("max_completion_tokens", SHORT in body and unfit and any(_names(words, name) for name in (SHORT, LONG))),
        ("max_tokens", LONG in body and unfit and _names(words, LONG)),
        ("no_effort", effort and re.search(r"reasoning[_. ]effort|'reasoning'|thinking", words) is not None),
        ("developer", "system" in roles and "role" in words and "system" in words),
        ("system", "developer" in roles and "role" in words),
        ("no_seed", "seed" in body and _names(words, "seed")),
        ("blind", any(word in words for word in PICTURE_WORDS) and _has_pictures(body)),
        ("no_logprobs", bool(body.get("logprobs") or body.get("include")) and "logprobs" in words),
    )
    return next((remedy for remedy, named in found if named), "")


def _has_pictures(body: Mapping[str, Any]) -> bool:
    """Whether a picture is among what was said."""
    contents = [item.get("content") for item in _messages(body)]
    parts = [part for content in contents if isinstance(content, list) for part in content]
    return any(isinstance(part, Mapping) and part.get("type") in ("image_url", "input_image") for part in parts)


def _messages(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What was said, in the form of either API."""
    return [item for item in body.get("messages") or body.get("input") or () if isinstance(item, Mapping)]


def apply_remedies(parameters: Mapping[str, Any], remedies: Iterable[str]) -> dict[str, Any]:
    """The parameters of a sampler changed by the remedies named."""
    changed = dict(parameters)
    for word in remedies:
        changed |= REMEDIES[word].change
    return changed


def effort_field(settings: ChatSettings) -> dict[str, JSON]:
    """The reasoning effort in the form of the API; nothing where it is not set."""
    if not settings.reasoning_effort:
        return {}
    if settings.api == RESPONSES:
        return {"reasoning": {"effort": settings.reasoning_effort}}
    return {"reasoning_effort": settings.reasoning_effort}
