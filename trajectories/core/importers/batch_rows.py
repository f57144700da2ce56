"""Answers as the batch services of providers hand them out: the body inside a line, its request, and what failed.

Known lines, each with its error in place of the answer where the call failed:

- OpenAI, Azure, Mistral, Groq, Together, vLLM: {"custom_id", "response": {"status_code", "body"}, "error"}; Fireworks
  without the "body" around it
- Anthropic: {"custom_id", "result": {"type": "succeeded", "message"}}, or errored, canceled, expired
- Gemini: {"key", "response"} or {"key", "error"}; inline, {"metadata": {"key"}, "response"}
- Vertex AI: {"request", "response", "status"}, where a status that is no empty text is the error
- Bedrock: {"recordId", "modelInput", "modelOutput"}, or "error" with "errorCode" and "errorMessage"
- an answer as it came, with nothing around it
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trajectories.core.completions.bodies import BodyKind, kind_of_body
from trajectories.core.completions.gemini import field_of
from trajectories.core.completions.hidden_errors import error_words
from trajectories.core.completions.messages import object_in
from trajectories.core.completions.replies import list_of, text_of
from trajectories.core.problems import ProblemError, describe
from trajectories.core.records import JSON

Row = Mapping[str, JSON]
IDS = ("custom_id", "key", "recordId", "record_id")
"""How the line of a batch says which request it answers."""

ENCLOSING = frozenset(("result", "modelOutput", "modelInput"))
"""Where else than under `response` a line has its answer."""

WRAPPED = ("output", "text", "content", "completion", "answer")
"""Where an object under `response` may have its text: `output` of promptfoo, `text` of many scripts."""

BARE_NUMBER = r"[-_.][a-z]?[0-9]{1,6}"
"""A regular expression: what may be the number of a sample at the end of an id, and may belong to a name."""

NO_ANSWER = "found a failed call, expected an answer"
MOST_SAID = 300
"""Characters of a failure's own words that a fault repeats."""
ROLES = {"model": "assistant"}


@dataclass(frozen=True, slots=True)
class Enclosed:
    """An answer, of the kind it is, and the request that brought it, empty where the line has none. `path` is where
    the answer is in the line; `custom_id` is what whoever asked called the request, "" where the line does not say."""

    body: Row
    kind: BodyKind
    request: Row
    path: str
    custom_id: str


def open_row(row: Row) -> Enclosed | None:
    """The answer inside a row; None for one that is not of these shapes.

    Raises ProblemError with the error's own words where the call failed.
    """
    if isinstance(row.get("response"), str) and ENCLOSING.isdisjoint(row):
        return None  # a text is no answer of a provider
    if is_chunk(row) or is_example(row) or wrapped_text(row) is not None or has_embeddings(row):
        return None
    custom_id = _custom_id(row)
    found = _inside(row, custom_id)
    if found is None:
        listed = row.get("choices")
        asks = isinstance(listed, list) and bool(listed) and all(isinstance(one, str) for one in listed)
        is_other = isinstance(row.get("response"), str) or asks or ("messages" in row and "choices" not in row)
        kind = None if is_other else kind_of_body(row)
        return None if kind is None else _enclosed(row, row, kind, "", custom_id)
    path, body = found
    kind = kind_of_body(body)
    if kind is None:
        said = error_words(body) if isinstance(body, Mapping) else ""
        raise _failed(path, said, f"{NO_ANSWER}: {describe(body)} is none of the shapes that are read")
    return _enclosed(row, body, kind, path, custom_id)


def is_chunk(row: Row) -> bool:
    """Whether a row is one chunk of an answer that was streamed."""
    kind, named = row.get("type"), row.get("object")
    if isinstance(kind, str) and kind.startswith(("response.", "content_block_", "message_start", "message_delta")):
        return True
    return isinstance(named, str) and named.endswith(".chunk")


def is_example(row: Row) -> bool:
    """Whether a row is an example of an ARC task: a grid and the grid that comes of it."""
    return _is_grid(row.get("input")) and _is_grid(row.get("output"))


def _is_grid(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(line, list) for line in value)


def wrapped_text(row: Row) -> tuple[str, str] | None:
    """Where an object under `response` has an answer as text, and the text; None where it is no such object."""
    inner = row.get("response")
    if not isinstance(inner, Mapping) or kind_of_body(inner) is not None:
        return None
    name = next((name for name in WRAPPED if isinstance(inner.get(name), str)), "")
    return (f"response.{name}", inner[name]) if name else None


def has_embeddings(row: Row) -> bool:
    """Whether a row, or the answer in it, is of embeddings."""
    inner = row.get("response")
    body = inner.get("body", inner) if isinstance(inner, Mapping) else row
    listed = body.get("data") if isinstance(body, Mapping) else None
    first = next(iter(listed), None) if isinstance(listed, list) else body
    return isinstance(first, Mapping) and (
        first.get("object") == "embedding" or isinstance(first.get("embedding"), list)
    )


def _inside(row: Row, custom_id: str) -> tuple[str, Any] | None:
    """Where the answer is, and what stands there; None where the row encloses none. Raises ProblemError."""
    if isinstance(result := row.get("result"), Mapping) and "type" in result:
        return _of_anthropic(result)
    if "modelOutput" in row or ("modelInput" in row and "error" in row):
        _check(row.get("error"), "error")
        return "modelOutput", row.get("modelOutput")
    response = row.get("response")
    if isinstance(response, Mapping) or (custom_id and not isinstance(response, str) and _says_of_a_call(row)):
        _check(row.get("error"), "error")
        if isinstance(row.get("status"), str) and row["status"] and not response:
            raise _failed("status", error_words(row["status"]))
        return _of_response(response)
    return None


def _says_of_a_call(row: Row) -> bool:
    return any(name in row for name in ("response", "error")) and kind_of_body(row) is None


def _of_anthropic(result: Row) -> tuple[str, Any]:
    name = "message" if "message" in result else "response"
    if result["type"] != "succeeded" or not result.get(name):
        said = error_words(result.get("error"))
        kind = text_of(result["type"])[:40]
        raise _failed("result", said or (f"{kind}, without a message" if kind == "succeeded" else kind or "no answer"))
    message = result[name]
    if name == "message" and isinstance(message, Mapping) and "type" not in message:
        message = {"type": "message", **message}  # what else stands here
    return f"result.{name}", message


def _of_response(response: Any) -> tuple[str, Any]:
    if not isinstance(response, Mapping):
        raise _failed("response", "")
    if "body" not in response:
        return "response", response
    body, status = object_in(response["body"]), response.get("status_code")
    if isinstance(status, int) and status >= 400:
        raise _failed("response.body", error_words(body) or f"status {str(status)[:20]}")
    return "response.body", body


def _check(error: Any, path: str) -> None:
    if error:
        raise _failed(path, error_words(error))


def _failed(path: str, said: str, silent: str = f"{NO_ANSWER}; it does not say why") -> ProblemError:
    return ProblemError(path, f"{NO_ANSWER}; it says: {said[:MOST_SAID]}" if said else silent)


def failed_call(path: str, said: str) -> ProblemError:
    """The fault of an answer that is an error, in the words that it has."""
    return _failed(path, said)


def _custom_id(row: Row) -> str:
    metadata = row.get("metadata")
    places = [row, metadata] if isinstance(metadata, Mapping) else [row]
    found = (place[name] for place in places for name in IDS if isinstance(place.get(name), str | int))
    return next((str(each) for each in found if each != "" and not isinstance(each, bool)), "")


def _enclosed(row: Row, body: Row, kind: BodyKind, path: str, custom_id: str) -> Enclosed:
    names = (name for name in ("request", "modelInput", "params") if isinstance(row.get(name), Mapping))
    request = next((row[name] for name in names), row)
    request = request["body"] if isinstance(request.get("body"), Mapping) else request
    return Enclosed(body, kind, request, path, custom_id)


def request_messages(request: Row) -> JSON:
    """The messages of a request to any of the APIs, as Chat Completions has them; an empty list where there are none.

    They are not checked: whatever stands where a message should be is left for its reader to refuse.
    """
    system = request.get("system") or request.get("instructions") or field_of(request, "systemInstruction")
    system = system.get("parts") if isinstance(system, Mapping) else system
    first = [{"role": "system", "content": system}] if system else []
    if "messages" in request:
        messages = request["messages"]
        return [*first, *messages] if isinstance(messages, list) else messages
    if isinstance(contents := request.get("contents"), str | list):
        turns = [{"parts": [{"text": contents}]}] if isinstance(contents, str) else contents
        return [*first, *(_turn(turn) for turn in turns)]
    asked = request.get("input")
    if isinstance(asked, str):
        return [*first, {"role": "user", "content": asked}]
    return [*first, *(item for item in list_of(asked) if isinstance(item, Mapping) and "role" in item)] if asked else []


def _turn(turn: Any) -> Any:
    """One of Gemini's contents as a message."""
    if not isinstance(turn, Mapping):
        return turn
    role = turn.get("role") or "user"
    return {"role": ROLES.get(role, role) if isinstance(role, str) else role, "content": turn.get("parts")}


def request_option(request: Row, body: Row, *names: str) -> JSON:
    """An option of a request under the first of its names that is there, also where Gemini has it; else what the answer
    repeats of it; None where nobody says."""
    config = field_of(request, "generationConfig")
    places = [request, config if isinstance(config, Mapping) else {}, body]
    return next((place[name] for place in places for name in names if place.get(name) is not None), None)


_COUNTED = re.compile(
    r"(?P<name>.+?)(?:"
    r"(?:[#:@|/~]+|__|--)[-_ ]?(?:[a-z]{1,12}[-_= ]?)?\d{1,6}"
    r"|[-_. ](?:samples?|attempt|rollout|try|trial|run|seed|rep|repeat|epoch|gen|generation|completion|choice)"
    r"[-_.:= ]?\d{1,6}"
    r"|\s?[\[(]\d{1,6}[\])]"
    r")",
    re.IGNORECASE,
)
_BARE_NUMBER = re.compile(rf"(?P<name>.+){BARE_NUMBER}")
_IN_A_SET = re.compile(r"[/:|#@]+")


def names_in_id(custom_id: str) -> tuple[str, ...]:
    """The names that the id of a request may stand for, the likeliest first: itself, what stands before the number of a
    sample, and the last part of either where it has a set or a folder in front.

    `p-1#3`, `p-1:3`, `p-1/3`, `p-1__3`, `p-1-sample-3`, `p-1_run3` and `p-1[3]` say that a number counts samples;
    `p-1-3` may be a name, and is the third sample of `p-1` only where there is no such problem.
    """
    if not custom_id:
        return ()
    found = _COUNTED.fullmatch(custom_id)
    names = [custom_id, *([found["name"]] if found else ()), *names_before_number(custom_id)]
    names += [_IN_A_SET.split(name)[-1] for name in names[: 2 if found else 1]]
    return tuple(dict.fromkeys(name for name in names if (name and not name.isdigit()) or name == custom_id))


def names_before_number(custom_id: str) -> tuple[str, ...]:
    """The name before a bare number at the end of an id; none where the id says itself what it counts."""
    if _COUNTED.fullmatch(custom_id):
        return ()
    found = _BARE_NUMBER.fullmatch(custom_id)
    return (found["name"],) if found else ()
