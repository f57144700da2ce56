"""The messages of a conversation in the one form that is kept, whatever spelling they came in.

What a model said in an earlier turn has its content in `content`, its thoughts in `reasoning_content`, its calls of
tools in `tool_calls`, and the results of tools in messages of the role "tool". Where these fields do not tell all
(thoughts between two texts, signatures), `parts` has the order: places in the field of each part's kind.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from trajectories.core.completions.messages import Piece, read_message, words_of
from trajectories.core.completions.parts import GAP, build_completion, has_thoughts
from trajectories.core.completions.thoughts import Part, PartKind
from trajectories.core.records import JSON

ASSISTANT, TOOL = "assistant", "tool"
FIELDS = {PartKind.CONTENT: "content", PartKind.THINKING: "reasoning_content"}
KEPT = ("name", "tool_call_id")


def kept_turns(message: Mapping[str, Any]) -> list[dict[str, JSON]]:
    """A message in the form that is kept: several where results of tools came inside of it (Anthropic).

    What only an assistant says, thoughts and calls, is looked for in what an assistant said. One that is in this form
    already stays what it is.
    """
    role = str(message.get("role", ""))
    others: dict[str, JSON] = {name: message[name] for name in KEPT if message.get(name) is not None}
    pieces = read_message(message)
    if role == ASSISTANT:
        turn = assistant_turn(pieces) | others
        kept = message.get("parts")
        return [turn | {"parts": kept} if isinstance(kept, list) and kept and "parts" not in turn else turn]
    results = [_result_turn(piece.data["result"]) for piece in pieces if piece.kind is PartKind.TOOL_RESULT]
    texts = [piece.text for piece in pieces if piece.kind is PartKind.CONTENT]
    told: dict[str, JSON] = {"role": role, "content": "\n".join(texts)}
    return [*results, *([told | others] if texts or not results else [])]


def assistant_turn(pieces: Iterable[Piece], calls: Sequence[JSON] | None = None) -> dict[str, JSON]:
    """What an assistant said as one message; `calls` are its calls of tools where they were read already."""
    parts = build_completion(pieces).parts
    apart = has_thoughts(parts)
    texts: dict[PartKind, str] = {PartKind.CONTENT: "", PartKind.THINKING: ""}
    order: list[dict[str, JSON]] = []
    own: list[JSON] = []
    for part, goes_on, is_followed in _neighbours(parts):
        place: dict[str, JSON] = {"kind": part.kind.value}
        if part.kind in texts:
            said = part.text if not apart or goes_on else part.text.lstrip()
            said = said if not apart or is_followed else said.rstrip()
            gap = GAP if texts[part.kind] and said and not goes_on else ""
            start = len(texts[part.kind]) + len(gap)
            texts[part.kind] += gap + said
            place |= {"start": start, "end": start + len(said)}
        elif part.kind is PartKind.TOOL_CALL:
            place |= {"call": len(own)}
            own.append(chat_call(part.data["call"]))
        order.append(place | _besides(part))
    asked = own if calls is None else list(calls)
    turn: dict[str, JSON] = {"role": ASSISTANT, "content": texts[PartKind.CONTENT]}
    turn |= {FIELDS[PartKind.THINKING]: texts[PartKind.THINKING]} if texts[PartKind.THINKING] else {}
    turn |= {"tool_calls": asked} if asked else {}
    return turn if _is_plain(parts) else turn | {"parts": order}


def _neighbours(parts: Sequence[Part]) -> Iterator[tuple[Part, bool, bool]]:
    """Each part, with whether it goes on with the one before and whether the next goes on with it."""
    touch = [one.kind is two.kind and one.end == two.start and bool(one.text) for one, two in pairwise(parts)]
    yield from zip(parts, [False, *touch], [*touch, False], strict=False)


def _besides(part: Part) -> dict[str, JSON]:
    """What a part holds that no field of a message has."""
    held = {name: value for name, value in part.data.items() if name != "call"}
    return ({"source": part.source} if held and part.source else {}) | ({"data": held} if held else {})


def _is_plain(parts: Sequence[Part]) -> bool:
    """Whether the fields of a message tell all: thoughts, then content, then calls, and nothing that came with them."""
    kinds = [part.kind for part in parts]
    order = list(dict.fromkeys((PartKind.THINKING, PartKind.CONTENT, PartKind.TOOL_CALL)))
    counted = [kind for kind in kinds if kind in FIELDS]
    in_order = all(kind in order for kind in kinds) and kinds == sorted(kinds, key=order.index)
    return in_order and len(counted) == len(set(counted)) and not any(_besides(part) for part in parts)


def chat_call(call: Any) -> JSON:
    """A call of a tool in the form of Chat Completions, from that of any provider."""
    if not isinstance(call, Mapping) or isinstance(call.get("function"), Mapping):
        return call
    inner = next((call[name] for name in ("functionCall", "toolUse") if isinstance(call.get(name), Mapping)), call)
    key = next((inner[name] for name in ("call_id", "id", "toolUseId") if isinstance(inner.get(name), str)), "")
    given = next((inner[name] for name in ("arguments", "input", "args") if name in inner), None)
    given = {key: value for key, value in inner.items() if key not in ("type", "id")} if given is None else given
    name = inner.get("name") if isinstance(inner.get("name"), str) else str(inner.get("type") or "")
    arguments = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
    return {"id": key, "type": "function", "function": {"name": name, "arguments": arguments}}


def _result_turn(result: Any) -> dict[str, JSON]:
    """The result of a tool as a message of its own."""
    held = result if isinstance(result, Mapping) else {}
    wrappers = ("functionResponse", "toolResult")
    inner = next((held[name] for name in wrappers if isinstance(held.get(name), Mapping)), held)
    names = ("tool_use_id", "tool_call_id", "call_id", "toolUseId", "id", "name")
    key = next((inner[name] for name in names if isinstance(inner.get(name), str)), "")
    given = next((inner[name] for name in ("content", "output", "result", "response") if name in inner), "")
    text = words_of(given) or (json.dumps(given, ensure_ascii=False) if given else "")
    return {"role": TOOL, "tool_call_id": key, "content": text}
